"""`./run replay`: what could not be read, after the mend; or everything that is kept, by a newer normaliser."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from gateway import learner, tracking
from gateway.assembly import reading
from gateway.commands.console import AsJson, ConfigPath, configured, fail, say_json, work
from gateway.commands.parked import retry_kept, tell
from gateway.config import Config
from gateway.renewing import Found, renew
from normalizer import NORMALISER

Normaliser = Annotated[bool, typer.Option("--normaliser", help="Instead: all reports that an older normaliser has read. Shows what would change.")]
Since = Annotated[datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], help="Only reports from this day on.")]
Number = Annotated[str | None, typer.Option("--number", help="Only this report.")]
Write = Annotated[bool, typer.Option("--write", help="Keep what was read, as new versions beside the old.")]


def replay(  # each option says itself what it is
    config: ConfigPath = None,
    normaliser: Normaliser = False,  # noqa: FBT002  # an option
    since: Since = None,
    number: Number = None,
    write: Write = False,  # noqa: FBT002  # an option
    as_json: AsJson = False,  # noqa: FBT002  # an option
) -> None:
    """Read all that is parked again: numbers stay, nobody is acknowledged twice. Or (--normaliser) see what a newer normaliser would change.

    Example: ./run replay --normaliser --since 2026-01-01
    """
    settled = configured(config)
    if not normaliser:
        if since or number or write:
            fail("--since, --number and --write belong to --normaliser. One report that could not be read: ./run parked retry NUMBER", 2)
        tell(work(retry_kept(settled, None), asyncio.run))
    if number and tracking.parse(number) is None:
        fail("That is no number. It has twelve symbols and never the letters A, E, I, L, O, U or Y.", 2)
    found = work(_renew(settled, since, number, write=write), asyncio.run)
    if as_json:
        say_json(found)
    else:
        typer.echo("\n".join(_told(found)))


async def _renew(config: Config, since: datetime | None, number: str | None, *, write: bool) -> Found:
    async with reading(config) as desk:
        await desk.store.migrate()
        await learner.load(desk.store, desk.office.learned)
        begins = since.replace(tzinfo=ZoneInfo(config.zone)).astimezone(UTC) if since else None
        which = tracking.parse(number) if number else None
        return await renew(desk.store, desk.reader, desk.office, desk.clock.now(), write=write, since=begins, number=which)


def _told(found: Found) -> list[str]:
    """For people: numbers and names of fields, no words of anybody."""
    total = found.changed + found.same
    before = ", ".join(f"{many} by {normaliser}" for normaliser, many in sorted(found.before.items()))
    lines = [
        f"{total} reports were read by an older normaliser than {NORMALISER}{f' ({before})' if before else ''}; {found.changed} are understood otherwise now."
    ]
    lines += [f"  {name:<20} {many:>6}   {', '.join(found.examples[name])}" for name, many in sorted(found.fields.items(), key=lambda one: (-one[1], one[0]))]
    lines += [f"left as it is: {number}: {why}" for number, why in found.left]
    if total:
        lines.append("Written as new versions." if found.write else "Nothing was written; the same with --write keeps it as new versions, beside the old.")
    return lines
