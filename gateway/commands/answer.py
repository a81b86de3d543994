"""`./run answer`: an officer's words, into the citizen's own channel."""

from __future__ import annotations

import asyncio
import getpass
from typing import Annotated

import typer

from gateway import speaking
from gateway.assembly import reading
from gateway.case import ArchiveReason
from gateway.commands.console import ConfigPath, configured, fail, work
from gateway.config import Config
from gateway.speaking import NoSuchCase, NothingSaid, Spoken

Number = Annotated[str, typer.Argument(help="The report's number.")]
Text = Annotated[str, typer.Argument(help="What the citizen shall read, in one pair of quotes.")]
Close = Annotated[bool, typer.Option("--close", help="It is done: the report is closed, and whoever wrote it may rate it or say that it is not.")]
Archive = Annotated[
    ArchiveReason | None,
    typer.Option("--archive", help="Nobody works on it, for this reason: whoever wrote it is told where to go instead, and that an answer appeals."),
]
By = Annotated[str, typer.Option("--by", help="Who says it, for the history. Without it: the name that you are signed in with.")]


def answer(number: Number, text: Text, config: ConfigPath = None, by: By = "", close: Close = False, archive: Archive = None) -> None:  # noqa: FBT002  # an option
    """Say something to whoever reported, in their own channel. Example: ./run answer 7K2M-9QXF-4T1Z 'The road is repaired on Monday.'"""
    if close and archive:
        fail("A report is either done (--close) or archived (--archive). Leave one of them away.", 2)
    settled = configured(config)
    try:
        spoken = work(_say(settled, number, text, by or myself(), close=close, archive=archive), asyncio.run)
    except NoSuchCase:
        fail("There is no report of this number. Check it: ./run trace NUMBER")
    except NothingSaid:
        fail("Nothing was said. Write it in quotes behind the number.", 2)
    if spoken.channel:
        typer.echo(f"On its way to whoever reported {spoken.number}, by {spoken.channel}. A gateway that runs sends it in a moment.")
    else:
        typer.echo(f"Nobody can be written to: it is read on the page of {spoken.number}.")


def myself() -> str:
    """The name that whoever types is signed in with."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "operator"


async def _say(config: Config, number: str, text: str, by: str, *, close: bool, archive: ArchiveReason | None) -> Spoken:
    async with reading(config) as desk:
        await desk.store.migrate()
        async with desk.store.transaction() as tx:
            return await speaking.speak(tx, desk.office, speaking.known(number), text, by, config.public_urls, desk.clock.now(), close=close, archive=archive)
