"""What a search for missed messages asks the store: what is here, and until when a channel is known to be whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import sqlalchemy as sa

from gateway.store.engine import Transaction
from gateway.store.tables import arrivals, deployment
from gateway.store.writing import Row, upsert


async def ids(tx: Transaction, channel: str, numbers: Mapping[str, str]) -> set[str]:
    """Which of these deliveries are here, whatever became of them; `numbers`: the door's number of each (an index that duplicates are in, too) to its id."""
    a = arrivals.c
    statement = sa.select(a.wire_id).where(a.number.in_(list(numbers)), a.channel == channel, a.wire_id.in_(list(numbers.values()))).distinct()
    return {wire_id for (wire_id,) in await tx.all(statement)}


async def fingerprints(tx: Transaction, channel: str, wanted: Iterable[str]) -> set[str]:
    """Which of these are here, under whatever id."""
    a = arrivals.c
    # Written out, for the partial index to be of use; it has all of a channel's, and no bytes.
    first = a.outcome != sa.literal("duplicate", literal_execute=True)
    return {found for (found,) in await tx.all(sa.select(a.fingerprint).where(a.channel == channel, a.fingerprint.in_(list(wanted)), first).distinct())}


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
