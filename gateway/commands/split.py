"""`./run split`: a person makes two reports of one that is about two things."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer

from gateway import rows as make
from gateway import speaking, splitting
from gateway.assembly import reading
from gateway.commands.answer import By, Number, myself
from gateway.commands.console import ConfigPath, configured, fail, work
from gateway.config import Config
from gateway.speaking import NoSuchCase
from gateway.splitting import Ended, NothingToSplit, NotItsWords, Split
from gateway.store import filing as store
from gateway.store import lookup
from gateway.store.engine import Clash

Words = Annotated[
    str, typer.Option("--words", help="What is split off, as it stands in the report, in one pair of quotes. Without it: the second thing that we found.")
]
Look = Annotated[bool, typer.Option("--look", help="Only show what we think it is about.")]


def split(number: Number, words: Words = "", config: ConfigPath = None, by: By = "", look: Look = False) -> None:  # noqa: FBT002  # an option
    """Make two reports of one that is about two things: each has its number, owner and history, and whoever reported is told.

    Example: ./run split 7K2M-9QXF-4T1Z
    """
    settled = configured(config)
    try:
        if look:
            typer.echo("\n".join(work(_look(settled, number), asyncio.run)))
            return
        done = work(_split(settled, number, words, by or myself()), asyncio.run)
    except NoSuchCase:
        fail("There is no report of this number. Check it: ./run trace NUMBER")
    except NothingToSplit:
        fail("It seems to be about one thing. If it is not, say which words are split off: ./run split NUMBER --words 'and the lamp is out'", 2)
    except NotItsWords:
        fail("These words do not stand in it, or are all that it says. Copy a part of it, letter by letter.", 2)
    except Ended:
        fail("Nobody works on it any more. Whoever reported can take it up again, then it can be split.")
    except Clash:
        fail("It was changed meanwhile. Try again.")
    typer.echo(f"{done.first} stays with {done.first_owner}; {done.second} begins with {done.second_owner}.")
    typer.echo(f"Whoever reported is told by {done.channel}." if done.channel else f"Nobody can be written to: it is read on the page of {done.first}.")


async def _split(config: Config, number: str, words: str, by: str) -> Split:
    async with reading(config) as desk:
        await desk.store.migrate()
        async with desk.store.transaction() as tx:
            return await splitting.split(tx, desk.office, speaking.known(number), words, by, config.public_urls, desk.clock.now())


async def _look(config: Config, number: str) -> list[str]:
    """A line a subject; of what is confidential no words."""
    async with reading(config) as desk:
        await desk.store.migrate()
        async with desk.store.transaction() as tx:
            found = await lookup.case_of(tx, speaking.known(number))
            if found is None:
                raise NoSuchCase
            case = await store.case(tx, found)
            complaint = make.understood(await store.latest_complaint(tx, found))
    if not complaint.subjects:
        raise NothingToSplit
    # ASCII only: what strangers wrote obeys no terminal.
    said = ("" if case.confidential else f"  {json.dumps(complaint.text[slice(*one.span)])}" for one in complaint.subjects)
    return [f"{one.category.code} ({one.category.score}){words}" for one, words in zip(complaint.subjects, said, strict=True)]
