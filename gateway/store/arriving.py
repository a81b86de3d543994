"""How much came when: what a channel's habits are learned from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from gateway.store.engine import Transaction
from gateway.store.tables import arrivals

# What is nobody's message: a repeat, what a provider says of ours, our own trial.
_NOBODYS = ("duplicate", "delivery", "canary")


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of one channel in which something came."""

    channel: str
    # Its beginning, UTC.
    at: datetime
    count: int
    last_at: datetime


async def hours(tx: Transaction, since: datetime) -> list[Hour]:
    """By channel and hour, what people wrote since then. Reads nothing but an index."""
    a = arrivals.c
    # As both stores keep a time, its first 13 characters are the day and the hour.
    utc = a.received_at if tx.sqlite else sa.func.timezone("UTC", a.received_at)
    hour = (sa.func.substr(utc, 1, 13) if tx.sqlite else sa.func.to_char(utc, "YYYY-MM-DD HH24")).label("hour")
    last = sa.func.max(a.received_at, type_=a.received_at.type).label("last")
    statement = (
        sa.select(a.channel, hour, sa.func.count(), last)
        .where(a.received_at >= since, a.outcome.not_in(_NOBODYS))
        .group_by(a.channel, sa.literal_column("hour"))
    )
    return [Hour(channel, datetime.strptime(at, "%Y-%m-%d %H").replace(tzinfo=UTC), count, last_at) for channel, at, count, last_at in await tx.all(statement)]
