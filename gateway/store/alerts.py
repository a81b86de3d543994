"""Troubles that were told: uniqueness decides which of several nodes tells one, and when it is over for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from gateway.store.engine import Transaction
from gateway.store.tables import alerts
from gateway.store.writing import upsert

_KEYS = ("part", "direction", "node")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Of which operators were told."""

    part: str
    direction: str
    # "": all nodes share the part.
    node: str
    # As it was told.
    state: str
    told_at: datetime
    # When a node last found it so.
    seen_at: datetime


async def begin(tx: Transaction, trouble: Trouble) -> bool:
    """Whether it is ours to tell: no other node has."""
    insert = (sqlite.insert(alerts) if tx.sqlite else postgresql.insert(alerts)).values(asdict(trouble))
    return bool(await tx.all(insert.on_conflict_do_nothing(index_elements=_KEYS).returning(alerts.c.part)))


async def worsen(tx: Transaction, trouble: Trouble) -> bool:
    """The same, for a trouble that was told as less bad."""
    update = alerts.update().values(state=trouble.state, seen_at=trouble.seen_at).where(alerts.c.state != trouble.state)
    return bool(await tx.run(update.where(*_its(trouble))))


async def hold(tx: Transaction, troubles: Sequence[Trouble]) -> None:
    """They last; also such as could not be written down when they were told."""
    await upsert(tx, alerts, [asdict(one) for one in troubles], keys=_KEYS, replace=("seen_at",))


async def end(tx: Transaction, trouble: Trouble, not_seen_since: datetime) -> bool:
    """Whether it is ours to tell that it is over: it was told, no other node has ended it, and none has found it so since then."""
    return bool(await tx.run(alerts.delete().where(*_its(trouble), alerts.c.seen_at <= not_seen_since)))


async def drop(tx: Transaction, trouble: Trouble) -> None:
    """Nothing is to be told of it any more."""
    await tx.run(alerts.delete().where(*_its(trouble)))


async def standing(tx: Transaction, node: str) -> list[Trouble]:
    """Those that are shared, and those of this node."""
    a = alerts.c
    columns = (a.part, a.direction, a.node, a.state, a.told_at, a.seen_at)
    return [Trouble(*row) for row in await tx.all(sa.select(*columns).where(a.node.in_(["", node])))]


def _its(trouble: Trouble) -> tuple[sa.ColumnElement[bool], ...]:
    a = alerts.c
    return a.part == trouble.part, a.direction == trouble.direction, a.node == trouble.node
