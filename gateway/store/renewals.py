"""Which complaints an older normaliser has read, and the arrival that each rests on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from gateway.case import RECEIVED
from gateway.store.engine import Transaction
from gateway.store.tables import arrivals, case_numbers, cases, complaint_versions

_C, _V, _A = cases.c, complaint_versions.c, arrivals.c
_LATEST = sa.select(sa.func.max(_V.version)).where(_V.case == _C.id).correlate(cases).scalar_subquery()


@dataclass(frozen=True, slots=True)
class Old:
    """A case whose complaint another normaliser has read."""

    case: UUID
    number: str
    # Of that normaliser.
    normaliser: str


async def old(tx: Transaction, normaliser: str, behind: UUID | None, since: datetime | None, number: str | None, limit: int) -> list[Old]:
    """The next of them in the order of their ids, `behind` one; nothing that could not be read yet. `since`: opened then or later. `number`: leads there."""
    said = _V.complaint["normaliser"].as_string()
    statement = (
        sa.select(_C.id, _C.number, said)
        .join_from(cases, complaint_versions, sa.and_(_V.case == _C.id, _V.version == _LATEST))
        .where(said != normaliser, _C.status != RECEIVED)
        .order_by(_C.id)
        .limit(limit)
    )
    if behind:
        statement = statement.where(_C.id > behind)
    if since:
        statement = statement.where(_C.opened_at >= since)
    if number:
        statement = statement.where(_C.id == sa.select(case_numbers.c.case).where(case_numbers.c.number == number).scalar_subquery())
    return [Old(*row) for row in await tx.all(statement)]


async def versions(tx: Transaction, case: UUID) -> list[dict[str, Any]]:
    """All of its complaint, in order, as rows.understood() takes them."""
    return [row[0] for row in await tx.all(sa.select(_V.complaint).where(_V.case == case).order_by(_V.version))]


async def arrivals_at(tx: Transaction, case: UUID, received_at: datetime) -> list[tuple[str, int]]:
    """Journal and seq of what arrived on it at that moment and still has its bytes; what opened it comes first."""
    statement = (
        sa.select(_A.journal, _A.seq)
        .where(_A.case == case, _A.received_at == received_at, _A.outcome.in_(("case", "message")), _A.raw.is_not(None))
        .order_by(_A.outcome, _A.seq)
    )
    return [(journal, seq) for journal, seq in await tx.all(statement)]
