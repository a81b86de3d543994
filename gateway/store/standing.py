"""How cases stand, for whoever asks by a word; and where their citizens are reached."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from gateway import tracking
from gateway.store.engine import Transaction
from gateway.store.tables import arrivals, case_numbers, cases, links, notices

_COLUMNS = (cases.c.id, cases.c.number, cases.c.status, cases.c.confidential, cases.c.correspondent, cases.c.opened_at)


@dataclass(frozen=True, slots=True)
class Standing:
    """A case, as it is now."""

    case: UUID
    number: str
    status: str
    confidential: bool
    correspondent: UUID | None
    opened_at: datetime


async def by_number(tx: Transaction, numbers: Collection[str]) -> dict[str, Standing]:
    """Where these numbers lead."""
    if not numbers:
        return {}
    join = case_numbers.join(cases, cases.c.id == case_numbers.c.case)
    rows = await tx.all(sa.select(case_numbers.c.number.label("asked"), *_COLUMNS).select_from(join).where(case_numbers.c.number.in_(sorted(numbers))))
    return {asked: Standing(*rest) for asked, *rest in rows}


async def last_of(tx: Transaction, people: Collection[UUID]) -> dict[UUID, Standing]:
    """What each of these reported last."""
    found: dict[UUID, Standing] = {}
    for person in sorted(people):
        # By its id, which tells the time: two of one batch were opened in the same moment.
        for row in await tx.all(sa.select(*_COLUMNS).where(cases.c.correspondent == person).order_by(cases.c.id.desc()).limit(1)):
            found[person] = Standing(*row)
    return found


@dataclass(frozen=True, slots=True)
class Reached:
    """Where a report's citizen was written to first."""

    channel: str
    kind: str
    value: str
    # Ids of the messages in that thread, nearest first.
    thread: list[str]


async def reached(tx: Transaction, case: UUID) -> Reached | None:
    """By the acknowledgement, also by one that was withheld; None: nobody can be written to."""
    n = notices.c
    statement = sa.select(n.channel, n.to_kind, n.to_value, n.thread).where(n.case == case, n.kind == "acknowledgement")
    rows = await tx.all(statement)
    return Reached(*rows[0]) if rows else None


async def link_of(tx: Transaction, key: bytes, case: UUID) -> str | None:
    """The private link of a case, made anew from what opened it; None: it was opened by other words."""
    a = arrivals.c
    opened = await tx.all(sa.select(a.channel, a.wire_id, a.fingerprint).where(a.case == case, a.outcome == "case").order_by(a.stored_at).limit(1))
    mine = {row.digest for row in await tx.all(sa.select(links.c.digest).where(links.c.case == case))}
    candidates = (tracking.link(key, channel, made_of) for channel, wire_id, said in opened for made_of in (wire_id, f"{wire_id}#{said}"))
    return next((link for link in candidates if tracking.link_digest(link) in mine), None)
