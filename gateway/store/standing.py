"""How cases stand, for whoever asks by a word; and where their citizens are reached."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa

from gateway import tracking
from gateway.case import Case
from gateway.store.engine import Transaction
from gateway.store.tables import arrivals, case_numbers, cases, links, message_cases, messages, notices

_Thing = TypeVar("_Thing")

_COLUMNS = [cases.c[name] for name in Case.__dataclass_fields__]
# How many of somebody's reports are looked at when they write again.
NEWEST = 5
# People in one question to the store, which is made once.
_AT_ONCE = 16


def _newest(i: int) -> sa.Select[Any]:
    mine = sa.select(*_COLUMNS).where(cases.c.correspondent == sa.bindparam(f"p{i}", type_=sa.Uuid)).order_by(cases.c.id.desc()).limit(NEWEST)
    return sa.select(mine.subquery())


_NEWEST = sa.union_all(*(_newest(i) for i in range(_AT_ONCE)))
_SAID = (
    sa.select(messages.c.gist, message_cases.c.case)
    .join(message_cases)
    .where(messages.c.gist.in_(sa.bindparam("gists", expanding=True)))
    .order_by(
        # Of a report that a person split, the first stays.
        message_cases.c.case.desc()
    )
)


async def by_number(tx: Transaction, numbers: Collection[str]) -> dict[str, Case]:
    """Where these numbers lead."""
    if not numbers:
        return {}
    join = case_numbers.join(cases, cases.c.id == case_numbers.c.case)
    rows = await tx.all(sa.select(case_numbers.c.number, *_COLUMNS).select_from(join).where(case_numbers.c.number.in_(sorted(numbers))))
    return {asked: Case(*rest) for asked, *rest in rows}


async def by_id(tx: Transaction, which: Collection[UUID]) -> dict[UUID, Case]:
    """These cases."""
    if not which:
        return {}
    return {row.id: Case(*row) for row in await tx.all(sa.select(*_COLUMNS).where(cases.c.id.in_(sorted(which))))}


async def newest_of(tx: Transaction, people: Collection[UUID]) -> dict[UUID, tuple[Case, ...]]:
    """What each of these reported last, the newest first."""
    found: dict[UUID, tuple[Case, ...]] = {}
    for those in batched(sorted(people), _AT_ONCE):
        asked = {f"p{i}": those[i] if i < len(those) else None for i in range(_AT_ONCE)}
        # By its id, which tells the time: two of one batch were opened in the same moment.
        for case in sorted((Case(*row) for row in await tx.all(_NEWEST, asked)), key=lambda case: case.id, reverse=True):
            if case.correspondent:
                found[case.correspondent] = (*found.get(case.correspondent, ()), case)
    return found


async def said_before(tx: Transaction, gists: Collection[str]) -> dict[str, UUID]:
    """The cases on which these words were said by the same people, by gist."""
    return {row.gist: row.case for row in await tx.all(_SAID, {"gists": sorted(gists)})} if gists else {}


async def to_be_reminded(tx: Transaction, now: datetime, most: int) -> list[Case]:
    """Whose question is due to be asked again or given up, and nobody else is at; theirs until the transaction ends."""
    due = sa.select(*_COLUMNS).where(cases.c.remind_at <= now).order_by(cases.c.remind_at).limit(most).with_for_update(skip_locked=True)
    return [Case(*row) for row in await tx.all(due)]


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
    candidates = [tracking.link(key, channel, made_of) for channel, wire_id, said in opened for made_of in (wire_id, f"{wire_id}#{said}")]
    # One that a person split off was opened by no arrival.
    numbers = await tx.all(sa.select(case_numbers.c.number).where(case_numbers.c.case == case))
    candidates += [tracking.link(key, tracking.NO_CHANNEL, number) for (number,) in numbers]
    return next((link for link in candidates if tracking.link_digest(link) in mine), None)


def batched(those: Iterable[_Thing], most: int) -> Iterator[tuple[_Thing, ...]]:
    """So many at a time (itertools has it from Python 3.12 on)."""
    left = iter(those)
    while batch := tuple(islice(left, most)):
        yield batch
