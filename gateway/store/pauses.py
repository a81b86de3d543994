"""Channels that a person has paused: the same for every node."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gateway.store.engine import Transaction
from gateway.store.tables import pauses


@dataclass(frozen=True, slots=True)
class Pause:
    """Of one channel."""

    by: str
    at: datetime
    # Empty: nothing was said.
    why: str


async def pause(tx: Transaction, part: str, what: Pause) -> bool:
    """From now on nothing is sent by it. Whether it is new: who paused first stays the one who did. Raises Clash: two at the same moment."""
    if await tx.all(sa.select(pauses.c.part).where(pauses.c.part == part)):
        return False
    await tx.run(pauses.insert().values(part=part, by=what.by, at=what.at, why=what.why))
    return True


async def resume(tx: Transaction, part: str) -> bool:
    """Whether it was paused."""
    return await tx.run(pauses.delete().where(pauses.c.part == part)) == 1


async def paused(tx: Transaction) -> dict[str, Pause]:
    """By channel."""
    p = pauses.c
    return {part: Pause(*rest) for part, *rest in await tx.all(sa.select(p.part, p.by, p.at, p.why))}
