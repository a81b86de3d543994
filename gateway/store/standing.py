"""How cases stand, for whoever asks by a word."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from gateway.store.engine import Transaction
from gateway.store.tables import case_numbers, cases

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
