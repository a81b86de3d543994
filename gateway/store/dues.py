"""Rows with a time: files to fetch now, clocks and reminders later. Claimed with a lease like notices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from gateway.store.engine import Transaction
from gateway.store.tables import attachments, blobs, due
from gateway.store.writing import upsert


@dataclass(frozen=True, slots=True)
class Fetch:
    """A file to get: attachment `position` of a message."""

    id: UUID
    message: UUID
    position: int
    # What the channel's fetch() takes.
    reference: str
    attempts: int


async def claim_fetches(tx: Transaction, channel: str, worker: str, now: datetime, until: datetime, limit: int) -> list[Fetch]:
    """The next that are due and nobody's."""
    d = due.c
    free = sa.or_(d.leased_until.is_(None), d.leased_until <= now)
    ready = sa.select(d.id).where(d.kind == "fetch", d.channel == channel, d.state == "waiting", d.due_at <= now, free).order_by(d.due_at).limit(limit)
    statement = (
        due.update()
        .where(d.id.in_(ready.with_for_update(skip_locked=True).scalar_subquery()))
        .values(leased_by=worker, leased_until=until)
        .returning(d.id, d.data, d.attempts)
    )
    return [Fetch(id_, UUID(data["message"]), data["position"], data["reference"], attempts) for id_, data, attempts in await tx.all(statement)]


async def kept(tx: Transaction, fetch: Fetch, digest: str, size: int, type_: str) -> None:
    """It is here."""
    await upsert(tx, blobs, [{"digest": digest, "size": size, "place": "folder"}], keys=("digest",))
    await tx.run(_attachment(fetch).values(blob=digest, type=type_, state="kept", reason=""))
    await _end(tx, fetch, "done", "")


async def lost(tx: Transaction, fetch: Fetch, reason: str) -> None:
    """It never will be; the case says why."""
    await tx.run(_attachment(fetch).values(state="lost", reason=reason))
    await _end(tx, fetch, "parked", reason)


async def again(tx: Transaction, fetch: Fetch, due_at: datetime, reason: str) -> None:
    """Later."""
    values = {"due_at": due_at, "reason": reason, "attempts": due.c.attempts + 1, "leased_by": None, "leased_until": None}
    await tx.run(due.update().where(due.c.id == fetch.id).values(**values))


async def _end(tx: Transaction, fetch: Fetch, state: str, reason: str) -> None:
    values = {"state": state, "reason": reason, "attempts": due.c.attempts + 1, "leased_by": None, "leased_until": None}
    await tx.run(due.update().where(due.c.id == fetch.id).values(**values))


def _attachment(fetch: Fetch) -> sa.Update:
    return attachments.update().where(attachments.c.message == fetch.message, attachments.c.position == fetch.position)
