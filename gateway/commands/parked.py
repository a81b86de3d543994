"""Reports that could not be read: see them, and read one again after the mend."""

from __future__ import annotations

import asyncio
from typing import Annotated, NoReturn

import typer

from gateway import learner, tracking
from gateway.assembly import reading
from gateway.commands.console import AsJson, ConfigPath, configured, fail, say_json, work
from gateway.config import Config
from gateway.harmless import harmless
from gateway.replay import Replayed
from gateway.replay import replay as read_again
from gateway.store import lookup, outgoing
from gateway.store.lookup import Kept
from gateway.store.outgoing import Parked

parked = typer.Typer(help="Reports that could not be read and notices that could not be sent: list, show, retry.", no_args_is_help=True)
What = Annotated[str, typer.Argument(help="A tracking number, or the wire's own id.")]


@parked.command("list")
def list_(config: ConfigPath = None, as_json: AsJson = False) -> None:  # noqa: FBT002  # an option
    """What is parked, oldest first. Example: ./run parked list"""
    settled = configured(config)
    found, unsent = [_line(one) for one in work(_parked(settled), asyncio.run)], work(_unsent(settled), asyncio.run)
    if as_json:
        say_json({"reports": found, "notices": unsent})
        return
    for one in found:
        typer.echo(f"{one['received_at']:%Y-%m-%d %H:%M} UTC  {one['number']}  {one['channel']}  cannot be read: {one['reason']}")
    for notice in unsent:
        typer.echo(f"{notice.made_at:%Y-%m-%d %H:%M} UTC  {notice.number}  {notice.channel}  {notice.kind} not sent: {notice.reason}")
    typer.echo(
        f"{len(found) + len(unsent)} parked." + (" After the mend: ./run parked retry NUMBER, or ./run replay for all reports." if found or unsent else "")
    )


@parked.command()
def show(what: What, config: ConfigPath = None) -> None:
    """The bytes as they came: this is what a citizen wrote, so mind who is looking. Example: ./run parked show 7K2M-9QXF-4T1Z"""
    for one in _asked(work(_parked(configured(config)), asyncio.run), what):
        say_json(_line(one))
        typer.echo(harmless(one.entry.arrival.raw.decode("utf-8", "backslashreplace")))


@parked.command()
def retry(what: What, config: ConfigPath = None) -> None:
    """Read one again, or send its notice again. Example: ./run parked retry 7K2M-9QXF-4T1Z"""
    settled = configured(config)
    if sent_again := work(_send_again(settled, tracking.parse(what) or what), asyncio.run):
        typer.echo(f"{sent_again} put back into the outbox.")
        return
    tell(work(retry_kept(settled, what), asyncio.run))


async def _parked(config: Config) -> list[Kept]:
    async with reading(config) as desk:
        await desk.store.migrate()
        async with desk.store.transaction() as tx:
            return await lookup.parked(tx, 1000)


async def _unsent(config: Config) -> list[Parked]:
    async with reading(config) as desk, desk.store.transaction() as tx:
        return await outgoing.parked(tx)


async def _send_again(config: Config, number: str) -> int:
    """How many notices of this number go out again."""
    async with reading(config) as desk:
        await desk.store.migrate()
        async with desk.store.transaction() as tx:
            mine = [one for one in await outgoing.parked(tx) if one.number == number]
            for one in mine:
                await outgoing.requeue(tx, one.notice, desk.clock.now())
    return len(mine)


async def retry_kept(config: Config, what: str | None) -> list[Replayed]:
    """Read what is parked again: one by its number or id, or (None) all."""
    async with reading(config) as desk:
        await desk.store.migrate()
        await learner.load(desk.store, desk.office.learned)
        async with desk.store.transaction() as tx:
            found = await lookup.parked(tx, 1000)
        return await read_again(desk.store, desk.reader, desk.office, found if what is None else _asked(found, what), desk.clock.now())


def _asked(found: list[Kept], what: str) -> list[Kept]:
    key = tracking.parse(what) or what
    asked = [one for one in found if key in (one.entry.number, one.entry.arrival.wire_id)]
    if not asked:
        fail(f"{key} is not parked.")
    return asked


def _line(kept: Kept) -> dict[str, object]:
    arrival = kept.entry.arrival
    return {"number": kept.entry.number, "channel": arrival.channel, "wire_id": arrival.wire_id, "received_at": arrival.received_at, "reason": kept.reason}


def tell(replayed: list[Replayed]) -> NoReturn:
    """A line each, and the end."""
    for one in replayed:
        typer.echo(f"{one.kept.entry.number}: {one.outcome} ({one.reason})")
    still = sum(one.outcome == "still unreadable" for one in replayed)
    typer.echo(f"{len(replayed) - still} read, {still} still cannot be read.")
    raise typer.Exit(1 if still else 0)
