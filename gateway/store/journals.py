"""The books that prove that nothing was lost (law 6), and what all nodes must agree on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gateway.store.engine import StoreRefuses, Transaction
from gateway.store.tables import agencies, arrivals, deployment, journals
from gateway.store.writing import upsert


@dataclass(frozen=True, slots=True)
class Book:
    """What one journal last said of itself, and what the store holds of it."""

    journal: str
    accepted: int
    # Accepted and not handed over yet, at that moment.
    pending: int
    highest_seq: int
    reported_at: datetime
    retired_at: datetime | None
    # Rows of it in the store.
    rows: int


class WrongKey(StoreRefuses):
    """The deployment key of this node is not the store's: it would give out numbers that lead nowhere."""


async def agree(tx: Transaction, key_fingerprint: str) -> None:
    """One deployment key for all nodes: the first one writes it down. Raises WrongKey for another."""
    await upsert(tx, deployment, [{"name": "key", "value": key_fingerprint}], keys=("name",))
    there = (await tx.all(sa.select(deployment.c.value).where(deployment.c.name == "key")))[0][0]
    if there != key_fingerprint:
        raise WrongKey(
            f"This node has another deployment key (fingerprint {key_fingerprint}) than the store was begun with ({there}). "
            "It takes nothing in and answers nobody until the right key is in its configuration."
        )


async def list_agencies(tx: Transaction, rows: Iterable[dict[str, object]]) -> None:
    """The directory as configured; an agency that left it stays, its cases are its own."""
    await upsert(tx, agencies, sorted(rows, key=lambda row: str(row["code"])), keys=("code",), replace=("name", "coordinator"))


async def report(tx: Transaction, journal: str, *, accepted: int, pending: int, highest_seq: int, now: datetime) -> None:
    """What this journal says of itself; in the same transaction as what it hands over."""
    row = {"id": journal, "accepted": accepted, "pending": pending, "highest_seq": highest_seq, "reported_at": now, "retired_at": None}
    await upsert(tx, journals, [row], keys=("id",), replace=("accepted", "pending", "highest_seq", "reported_at", "retired_at"))


async def retire(tx: Transaction, journal: str, now: datetime) -> None:
    """It will say nothing more: drained, or replaced after a restore."""
    await tx.run(journals.update().where(journals.c.id == journal).values(retired_at=now))


async def move(tx: Transaction, journal: str, count: int) -> None:
    """So many of those that had not been handed over are counted under another name from now on; not again if that was done before a crash."""
    open_book = (journals.c.id == journal) & journals.c.retired_at.is_(None)
    await tx.run(journals.update().where(open_book).values(accepted=journals.c.accepted - count, pending=journals.c.pending - count))


async def highest_seq(tx: Transaction, journal: str) -> int:
    """The highest that the store has seen of this journal, in either of its places."""
    said = sa.select(sa.func.coalesce(sa.func.max(journals.c.highest_seq), 0)).where(journals.c.id == journal)
    held = sa.select(sa.func.coalesce(sa.func.max(arrivals.c.seq), 0)).where(arrivals.c.journal == journal)
    return max(int((await tx.all(said))[0][0]), int((await tx.all(held))[0][0]))


async def books(tx: Transaction) -> list[Book]:
    """Every journal that ever handed something over."""
    held = sa.select(arrivals.c.journal, sa.func.count().label("rows")).group_by(arrivals.c.journal).subquery()
    statement = sa.select(
        journals.c.id,
        journals.c.accepted,
        journals.c.pending,
        journals.c.highest_seq,
        journals.c.reported_at,
        journals.c.retired_at,
        sa.func.coalesce(held.c.rows, 0),
    ).select_from(journals.outerjoin(held, held.c.journal == journals.c.id))
    return [Book(*row) for row in await tx.all(statement.order_by(journals.c.reported_at))]


async def stored_seqs(tx: Transaction, journal: str, first: int, last: int) -> dict[int, tuple[str, str, str]]:
    """Rows of this journal in the store between two seqs: seq to (channel, wire id, fingerprint)."""
    a = arrivals.c
    statement = sa.select(a.seq, a.channel, a.wire_id, a.fingerprint).where(a.journal == journal, a.seq >= first, a.seq <= last)
    return {seq: (channel, wire_id, fingerprint) for seq, channel, wire_id, fingerprint in await tx.all(statement)}


async def count(tx: Transaction, journal: str, up_to: int) -> int:
    """How many rows of this journal the store holds, up to a seq."""
    statement = sa.select(sa.func.count()).select_from(arrivals).where(arrivals.c.journal == journal, arrivals.c.seq <= up_to)
    return int((await tx.all(statement))[0][0])
