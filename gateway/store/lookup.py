"""Questions that operators ask: what became of this delivery, what is parked, who owns this case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from channels import Arrival
from gateway.case import Event
from gateway.journal_file import Entry
from gateway.store.engine import Transaction
from gateway.store.tables import (
    arrivals,
    attachments,
    case_numbers,
    cases,
    codes,
    complaint_versions,
    events,
    message_cases,
    messages,
    notices,
)
from gateway.store.writing import Row
from normalizer import Address


@dataclass(frozen=True, slots=True)
class Kept:
    """An arrival in the store, with its bytes, so that it can be read again."""

    journal: str
    entry: Entry
    outcome: str
    reason: str
    case: UUID | None
    stored_at: datetime


async def by_number(tx: Transaction, number: str) -> list[Kept]:
    """Arrivals that were answered with this number, or that lie on the case that it leads to."""
    a = arrivals.c
    case = sa.select(case_numbers.c.case).where(case_numbers.c.number == number).scalar_subquery()
    return await _kept(tx, sa.or_(a.number == number, a.case == case))


async def by_wire_id(tx: Transaction, wire_id: str) -> list[Kept]:
    """Arrivals that a wire named so."""
    return await _kept(tx, arrivals.c.wire_id == wire_id)


async def by_key(tx: Transaction, journal: str, seq: int) -> Kept | None:
    """The one that this journal handed over under this number."""
    return next(iter(await _kept(tx, sa.and_(arrivals.c.journal == journal, arrivals.c.seq == seq))), None)


async def parked(tx: Transaction, limit: int) -> list[Kept]:
    """What could not be read and waits for a person, oldest first."""
    return await _kept(tx, arrivals.c.outcome == "parked", limit)


async def parked_by_channel(tx: Transaction) -> dict[str, int]:
    """How many of them there are; a channel without any is not there."""
    statement = sa.select(arrivals.c.channel, sa.func.count()).where(arrivals.c.outcome == "parked").group_by(arrivals.c.channel)
    return {str(channel): int(count) for channel, count in await tx.all(statement)}


async def case_of(tx: Transaction, number: str) -> UUID | None:
    """Where a number leads."""
    rows = await tx.all(sa.select(case_numbers.c.case).where(case_numbers.c.number == number))
    return rows[0][0] if rows else None


async def case_events(tx: Transaction, case: UUID) -> list[Event]:
    """The history; case.rebuild() makes the case of it."""
    e = events.c
    columns = (e.case, e.version, e.kind, e.actor, e.reason, e.data, e.at)
    return [Event(*row) for row in await tx.all(sa.select(*columns).where(e.case == case).order_by(e.version))]


async def case_page(tx: Transaction, case: UUID) -> dict[str, list[Row]]:
    """All that hangs on a case, a list a table; for `trace` and for tests."""
    of_case = {
        "cases": sa.select(cases).where(cases.c.id == case),
        "numbers": sa.select(case_numbers.c.number).where(case_numbers.c.case == case),
        "complaints": sa.select(complaint_versions).where(complaint_versions.c.case == case).order_by(complaint_versions.c.version),
        "messages": sa.select(messages).join(message_cases).where(message_cases.c.case == case).order_by(messages.c.at),
        "attachments": sa.select(attachments)
        .join(message_cases, message_cases.c.message == attachments.c.message)
        .where(message_cases.c.case == case)
        .order_by(attachments.c.message, attachments.c.position),
        "notices": sa.select(notices).where(notices.c.case == case).order_by(notices.c.id),
    }
    return {name: [dict(row._mapping) for row in await tx.all(statement)] for name, statement in of_case.items()}  # noqa: SLF001  # its public name for a row as a mapping


async def codes_for(tx: Transaction, number: str) -> list[Row]:
    """Who asked for a code by this number, and what became of it; what led to no message is soon forgotten."""
    rows = await tx.all(sa.select(codes).where(codes.c.number == number).order_by(codes.c.asked_at))
    return [dict(row._mapping) for row in rows]  # noqa: SLF001  # its public name for a row as a mapping


async def _kept(tx: Transaction, where: sa.ColumnElement[bool], limit: int = 1000) -> list[Kept]:
    a = arrivals.c
    columns = (a.journal, a.seq, a.channel, a.kind, a.wire_id, a.raw, a.received_at, a.reply_kind, a.reply_value, a.meta, a.fingerprint, a.number)
    statement = sa.select(*columns, a.outcome, a.reason, a.case, a.stored_at).where(where).order_by(a.stored_at, a.seq).limit(limit)
    return [_as_kept(row) for row in await tx.all(statement)]


def _as_kept(row: sa.Row[*tuple[Any, ...]]) -> Kept:
    reply = Address(row.reply_kind, row.reply_value) if row.reply_kind else None
    arrival = Arrival(row.channel, row.kind, row.wire_id, row.raw or b"", row.received_at, reply, row.meta)
    return Kept(row.journal, Entry(row.seq, arrival, row.fingerprint, row.number), row.outcome, row.reason, row.case, row.stored_at)
