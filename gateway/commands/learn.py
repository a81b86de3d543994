"""`./run learn`: what the night does, now and with a report."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from gateway import learner
from gateway.assembly import reading
from gateway.commands.console import AsJson, ConfigPath, configured, fail, say_json, work
from gateway.config import Config
from gateway.learning import FEWEST, JUDGED, Night, Verdict
from gateway.measuring import wilson
from gateway.store import leases
from gateway.weights import Weights

Look = Annotated[bool, typer.Option("--look", help="Only look: nothing is written.")]
_LENGTH = timedelta(minutes=30)
_OUTCOMES = {
    "too_few": f"Too few decisions to learn from: {FEWEST} are needed.",
    "promoted": "The weights that were in shadow are better beyond their interval: they are in use from now on.",
    "waits": "The weights in shadow are not yet known to be better, and go on in shadow.",
    "fitted": "New weights stand in shadow.",
    "no_better": "New weights were no better on the latest decisions, and were thrown away.",
}


def learn(config: ConfigPath = None, look: Look = False, as_json: AsJson = False) -> None:  # noqa: FBT002  # options
    """Learn from what people decided (./run assign), as each night does by itself, and tell what was found. Example: ./run learn --look"""
    settled = configured(config)
    found = work(_learn(settled, write=not look), asyncio.run)
    if found is None:
        fail("There is no directory of agencies, so nothing is suggested (routing.directory).", 2)
    if as_json:
        say_json(learner.told(found))
    else:
        typer.echo("\n".join(_told(found)))


async def _learn(config: Config, *, write: bool) -> Night | None:
    holder = f"learn/{os.getpid()}"
    async with reading(config) as desk:
        await desk.store.migrate()
        now = desk.clock.now()
        if write:
            async with desk.store.transaction() as tx:
                if not await leases.take(tx, learner.LEASE, holder, now, _LENGTH):
                    fail("A node is learning at this moment. Look again in some minutes.", 2)
        try:
            return await learner.learn(desk.store, desk.office, now, ZoneInfo(config.zone), write=write)
        finally:
            async with desk.store.transaction() as tx:
                await leases.give_back(tx, learner.LEASE, holder)


def _told(found: Night) -> list[str]:
    lines = [f"decisions    {found.labels}", f"in use       {_which(found.champion)}"]
    if found.shadow:
        lines.append(f"in shadow    {_which(found.shadow)}")
    if found.verdict:
        lines.append(f"shadow       since it was fitted: {_compared(found.verdict)}")
    elif found.outcome == "waits":
        lines.append(f"shadow       fewer than {JUDGED} decisions since it was fitted")
    if found.trial:
        lines.append(f"new weights  on the latest decisions, fitted without them: {_compared(found.trial)}")
    if found.sure is None:
        lines.append("by itself    too few decisions to know from which score on 95 % are right")
    elif found.sure.score is None:
        lines.append("by itself    no score is right 95 times in 100")
    else:
        low, high = wilson(found.sure.right, found.sure.taken)
        of = f"{found.sure.right} of {found.sure.taken} right ({low:.3f}-{high:.3f})"
        lines.append(f"by itself    from {found.sure.score:.3f} on: {of}, {found.sure.taken / found.sure.of:.0%} of all")
    return [*lines, _OUTCOMES[found.outcome]]


def _which(weights: Weights | None) -> str:
    return f"weights {weights.version}, of {weights.labels} decisions, {len(weights.table)} words" if weights else "the lexicon alone"


def _compared(verdict: Verdict) -> str:
    low, high = wilson(verdict.won, verdict.won + verdict.lost)
    only = f"right alone {verdict.won} times, wrong alone {verdict.lost} times ({low:.3f}-{high:.3f})"
    return f"{verdict.challenger} right instead of {verdict.champion} of {verdict.of}; {only}"
