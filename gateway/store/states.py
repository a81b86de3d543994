"""The history of states: what each node saw of each channel and part, and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from gateway.store.engine import Transaction
from gateway.store.tables import channel_states
from gateway.store.writing import upsert


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which a part was the same, as one node saw it."""

    id: UUID
    node: str
    part: str
    # "in" | "out" | ""
    direction: str
    at: datetime
    # Up to when it was seen so; later than that it is not known, unless another stretch says it.
    until: datetime
    state: str
    kind: str
    sentence: str


async def write(tx: Transaction, stretches: Sequence[Stretch]) -> None:
    """Add those that are new; of those that are there, only the end moves on. Writing the same twice changes nothing."""
    await upsert(tx, channel_states, [asdict(one) for one in stretches], keys=("id",), replace=("until",))


async def since(tx: Transaction, when: datetime) -> list[Stretch]:
    """All that lasted until then or later, in the order in which they began."""
    return await _those(tx, channel_states.c.until >= when)


async def of_node(tx: Transaction, node: str, when: datetime) -> list[Stretch]:
    """The same, as one node saw them."""
    return await _those(tx, channel_states.c.until >= when, channel_states.c.node == node)


async def _those(tx: Transaction, *which: sa.ColumnElement[bool]) -> list[Stretch]:
    s = channel_states.c
    columns = (s.id, s.node, s.part, s.direction, s.at, s.until, s.state, s.kind, s.sentence)
    return [Stretch(*row) for row in await tx.all(sa.select(*columns).where(*which).order_by(s.at, s.id))]


async def forget(tx: Transaction, before: datetime) -> int:
    """Those that ended before; how many."""
    return await tx.run(channel_states.delete().where(channel_states.c.until < before))
