"""What came and went lately, and how long it took: for the operators' page. Each of these reads an index from its newest end, and never more than a little."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from gateway.store.engine import Transaction
from gateway.store.tables import arrivals, notices

# So many of the newest tell how long it takes, of each channel.
_NEWEST = 200
# What people wrote: no repeats, no delivery reports, no trial reports of our own.
_WRITTEN = ("case", "message", "word", "parked")


async def came(tx: Transaction, channel: str, since: datetime, until: datetime) -> int:
    """Messages that were received in that time and filed. The index knows it without the rows."""
    a = arrivals.c
    mine = (a.channel == channel, a.received_at >= since, a.received_at < until, a.outcome.in_(_WRITTEN))
    return int((await tx.all(sa.select(sa.func.count()).select_from(arrivals).where(*mine)))[0][0])


async def went(tx: Transaction, since: datetime, until: datetime) -> dict[str, int]:
    """Notices that providers took in that time, by channel."""
    n = notices.c
    return dict(tuple(row) for row in await tx.all(sa.select(n.channel, sa.func.count()).where(n.sent_at >= since, n.sent_at < until).group_by(n.channel)))


async def stored_after(tx: Transaction, channel: str, since: datetime) -> list[float]:
    """Of the newest reports: seconds from received to stored."""
    a = arrivals.c
    mine = (a.channel == channel, a.received_at >= since, a.outcome.in_(_WRITTEN))
    rows = await tx.all(sa.select(a.received_at, a.stored_at).where(*mine).order_by(a.received_at.desc()).limit(_NEWEST))
    return [max(0.0, (row.stored_at - row.received_at).total_seconds()) for row in rows]


async def answered_after(tx: Transaction, since: datetime) -> list[tuple[str, float]]:
    """Of the newest acknowledgements: channel, and seconds from stored (they are made in that transaction) until the provider took them."""
    n = notices.c
    mine = (n.sent_at >= since, n.kind == "acknowledgement")
    rows = await tx.all(sa.select(n.channel, n.made_at, n.sent_at).where(*mine).order_by(n.sent_at.desc()).limit(2 * _NEWEST))
    return [(row.channel, max(0.0, (row.sent_at - row.made_at).total_seconds())) for row in rows]


@dataclass(frozen=True, slots=True)
class Unread:
    """A report that could not be read, without what it says."""

    journal: str
    seq: int
    number: str
    channel: str
    received_at: datetime
    reason: str
    case: UUID | None


async def unread(tx: Transaction, limit: int) -> list[Unread]:
    """What is parked, oldest first."""
    a = arrivals.c
    columns = (a.journal, a.seq, a.number, a.channel, a.received_at, a.reason, a.case)
    return [Unread(*row) for row in await tx.all(sa.select(*columns).where(a.outcome == "parked").order_by(a.stored_at, a.seq).limit(limit))]
