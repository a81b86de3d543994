"""`./run assign`: a person decides whose a report is."""

from __future__ import annotations

import asyncio
import difflib
from typing import Annotated

import typer

from gateway import assigning, speaking
from gateway.assembly import owners_of, reading
from gateway.assigning import Assigned
from gateway.commands.answer import By, Number, myself
from gateway.commands.console import ConfigPath, configured, fail, work
from gateway.config import Config
from gateway.speaking import NoSuchCase
from gateway.store.engine import Clash

Agency = Annotated[str, typer.Argument(help="Its code in your directory; the coordinator's is one, too.")]


def assign(number: Number, agency: Agency, config: ConfigPath = None, by: By = "") -> None:
    """Give a report to an agency, or say that it is right where it is. Nobody is told; suggestions learn from it. Example: ./run assign 7K2M-9QXF-4T1Z dpupr"""
    settled = configured(config)
    codes = sorted(str(owner["code"]) for owner in owners_of(settled))
    if agency not in codes:
        close = difflib.get_close_matches(agency, codes, 1)
        fail(f"No agency has the code {agency}.{f' Did you mean {close[0]}?' if close else ''}", 2)
    try:
        done = work(_assign(settled, number, agency, by or myself()), asyncio.run)
    except NoSuchCase:
        fail("There is no report of this number. Check it: ./run trace NUMBER")
    except Clash:
        fail("It was changed meanwhile, or the gateway does not know that agency yet (restart it after a change of the directory). Try again.")
    typer.echo(f"{done.number} stays with {done.after}." if done.before == done.after else f"{done.number} went from {done.before} to {done.after}.")


async def _assign(config: Config, number: str, agency: str, by: str) -> Assigned:
    async with reading(config) as desk:
        await desk.store.migrate()
        async with desk.store.transaction() as tx:
            return await assigning.assign(tx, speaking.known(number), agency, by, desk.clock.now())
