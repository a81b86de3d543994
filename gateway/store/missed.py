"""What a search for missed messages asks the store: what is here, and until when a channel is known to be whole."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import sqlalchemy as sa

from gateway.store.engine import Transaction
from gateway.store.tables import arrivals, deployment
from gateway.store.writing import Row, upsert


async def ids(tx: Transaction, channel: str, wire_ids: Iterable[str]) -> set[str]:
    """Which of these deliveries are here, whatever became of them."""
    return await _among(tx, channel, arrivals.c.wire_id, wire_ids)


async def fingerprints(tx: Transaction, channel: str, wanted: Iterable[str]) -> set[str]:
    """Which of these are here, under whatever id."""
    return await _among(tx, channel, arrivals.c.fingerprint, wanted)


async def _among(tx: Transaction, channel: str, column: sa.ColumnElement[str], values: Iterable[str]) -> set[str]:
    statement = sa.select(column).where(arrivals.c.channel == channel, column.in_(list(values))).distinct()
    return {value for (value,) in await tx.all(statement)}


async def whole_until(tx: Transaction, channel: str) -> datetime | None:
    """What was sent to us before is here, as far as the other side's list tells; None: nobody has looked since the channel is there."""
    rows = await tx.all(sa.select(deployment.c.value).where(deployment.c.name == _name(channel)))
    return datetime.fromisoformat(rows[0][0]) if rows else None


async def is_whole(tx: Transaction, channel: str, until: datetime) -> None:
    """Write it down. One mark for all nodes, in the store: brought back from a backup, it says what time must be looked through again."""
    row: Row = {"name": _name(channel), "value": until.astimezone(UTC).isoformat()}
    await upsert(tx, deployment, [row], keys=("name",), replace=("value",))


def _name(channel: str) -> str:
    return f"whole until: {channel}"
