"""What intake asks before it files, and the one write of all that it filed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from gateway.case import Case
from gateway.notices import ACKNOWLEDGEMENT
from gateway.store import tables
from gateway.store.engine import Clash, Transaction
from gateway.store.tables import (
    addresses,
    arrivals,
    budgets,
    case_numbers,
    cases,
    complaint_versions,
    links,
    message_cases,
    messages,
    notices,
)
from gateway.store.writing import Row, upsert
from normalizer import Address
from normalizer.address import identity


@dataclass(frozen=True, slots=True)
class Said:
    """A delivery that the store has already (never a duplicate row)."""

    fingerprint: str
    case: UUID | None


@dataclass(slots=True)
class Rows:
    """All that one intake transaction adds, a list a table."""

    cases: list[Row] = field(default_factory=list)
    case_numbers: list[Row] = field(default_factory=list)
    links: list[Row] = field(default_factory=list)
    complaint_versions: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    arrivals: list[Row] = field(default_factory=list)
    messages: list[Row] = field(default_factory=list)
    message_cases: list[Row] = field(default_factory=list)
    # Files that lie in the folder by now.
    blobs: list[Row] = field(default_factory=list)
    attachments: list[Row] = field(default_factory=list)
    notices: list[Row] = field(default_factory=list)
    due: list[Row] = field(default_factory=list)


# Parents before children: foreign keys are on.
_ORDER = ("cases", "case_numbers", "links", "complaint_versions", "events", "arrivals", "messages", "message_cases", "attachments", "notices", "due")
# Made once: building a statement takes longer than running it (measured).
_INSERTS: dict[str, sa.Insert] = {name: getattr(tables, name).insert() for name in _ORDER}
_A = arrivals.c
_SAID = sa.select(_A.wire_id, _A.fingerprint, _A.case).where(
    _A.channel == sa.bindparam("on"), _A.wire_id.in_(sa.bindparam("ids", expanding=True)), _A.outcome != "duplicate"
)
_TAKEN = sa.select(case_numbers.c.number).where(case_numbers.c.number.in_(sa.bindparam("numbers", expanding=True)))


async def write(tx: Transaction, rows: Rows) -> None:
    """Insert it all. Raises Clash if another node was faster with one of them, Unstorable for a value that no store takes."""
    # The same photo twice is one file.
    await upsert(tx, tables.blobs, list({row["digest"]: row for row in rows.blobs}.values()), keys=("digest",))
    for name, insert in _INSERTS.items():
        await tx.run(insert, getattr(rows, name))


async def said(tx: Transaction, channel: str, wire_ids: Iterable[str]) -> dict[str, list[Said]]:
    """What the store has under these ids of a channel, by id."""
    found: dict[str, list[Said]] = {}
    for wire_id, fingerprint, case in await tx.all(_SAID, {"on": channel, "ids": list(wire_ids)}):
        found.setdefault(wire_id, []).append(Said(fingerprint, case))
    return found


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The same words, brought before."""

    case: UUID | None
    # Whether they opened that case.
    opened: bool


async def said_elsewhere(tx: Transaction, keys: Iterable[str]) -> dict[str, Elsewhere]:
    """What the store has under these content keys, whatever wire brought it, by key."""
    wanted, a = list(keys), arrivals.c
    if not wanted:
        return {}
    rows = await tx.all(sa.select(a.content_key, a.case, a.outcome).where(a.content_key.in_(wanted), a.outcome != "duplicate"))
    return {key: Elsewhere(case, outcome == "case") for key, case, outcome in rows}


async def acknowledged(tx: Transaction, which: Iterable[UUID]) -> set[UUID]:
    """Those of these cases that have an acknowledgement, sent or not."""
    wanted, n = list(which), notices.c
    if not wanted:
        return set()
    return {case for (case,) in await tx.all(sa.select(n.case).where(n.case.in_(wanted), n.kind == ACKNOWLEDGEMENT))}


@dataclass(frozen=True, slots=True)
class Whose:
    """A case, and who reported it."""

    case: UUID
    correspondent: UUID | None


async def cases_of(tx: Transaction, numbers: Iterable[str]) -> dict[str, Whose]:
    """Where these numbers lead."""
    wanted = list(numbers)
    if not wanted:
        return {}
    join = case_numbers.join(cases, cases.c.id == case_numbers.c.case)
    statement = sa.select(case_numbers.c.number, cases.c.id, cases.c.correspondent).select_from(join).where(case_numbers.c.number.in_(wanted))
    return {number: Whose(case, correspondent) for number, case, correspondent in await tx.all(statement)}


@dataclass(frozen=True, slots=True)
class Told:
    """One of our messages about a case."""

    case: UUID
    channel: str
    to: Address


async def told(tx: Transaction, names: Iterable[str]) -> dict[str, Told]:
    """Which of these are our messages about a case, by what the provider calls them."""
    wanted, n = sorted(set(names)), notices.c
    if not wanted:
        return {}
    statement = sa.select(n.provider_id, n.case, n.channel, n.to_kind, n.to_value).where(n.provider_id.in_(wanted), n.case.is_not(None))
    return {name: Told(case, channel, Address(kind, value)) for name, case, channel, kind, value in await tx.all(statement)}


@dataclass(frozen=True, slots=True)
class Earlier:
    """A message that is there."""

    case: UUID
    # It opened its case; else it was added to one.
    opens: bool


async def opened_by(tx: Transaction, names: Iterable[str]) -> dict[str, Earlier]:
    """The cases of these messages, by what their wire calls them."""
    wanted, m = sorted(set(names)), messages.c
    if not wanted:
        return {}
    statement = sa.select(m.wire_name, message_cases.c.case, m.decision).join(message_cases).where(m.wire_name.in_(wanted))
    # The first of them last, which is the one that stays: also where a person made two cases of what one message opened.
    statement = statement.order_by(m.at.desc(), m.id.desc(), message_cases.c.case.desc())
    return {name: Earlier(case, decision == "new_case") for name, case, decision in await tx.all(statement)}


async def correspondents_of(tx: Transaction, who: Iterable[Address]) -> dict[Address, UUID]:
    """Those whom we know."""
    a, known_as = addresses.c, {address: identity(address) for address in who}
    statement = sa.select(a.kind, a.value, a.correspondent).where(a.value.in_([known.value for known in known_as.values()]))
    found = {Address(kind, value): correspondent for kind, value, correspondent in await tx.all(statement)}
    return {address: found[known] for address, known in known_as.items() if known in found}


async def taken(tx: Transaction, numbers: Iterable[str]) -> set[str]:
    """Which of these numbers lead somewhere already."""
    return {number for (number,) in await tx.all(_TAKEN, {"numbers": list(numbers)})}


async def linked(tx: Transaction, digests: Iterable[str]) -> dict[str, UUID]:
    """The cases that these private links open, by the link's digest."""
    wanted = list(digests)
    if not wanted:
        return {}
    return {row.digest: row.case for row in await tx.all(sa.select(links.c.digest, links.c.case).where(links.c.digest.in_(wanted)))}


def _spent(insert: sqlite.Insert | postgresql.Insert) -> sa.Executable:
    # Changed to what it is: that locks the row and returns it, whether it was there or not.
    return insert.on_conflict_do_update(index_elements=["channel", "hour"], set_={"used": budgets.c.used}).returning(budgets.c.used)


_SPENT_SQLITE, _SPENT_POSTGRESQL = _spent(sqlite.insert(budgets)), _spent(postgresql.insert(budgets))
_SPEND = budgets.update().where(budgets.c.channel == sa.bindparam("which"), budgets.c.hour == sa.bindparam("at")).values(used=sa.bindparam("now_used"))


async def spent(tx: Transaction, channel: str, now: datetime) -> int:
    """How many notices this channel has been given in this hour; the row is ours until the transaction ends."""
    used = int((await tx.all(_SPENT_SQLITE if tx.sqlite else _SPENT_POSTGRESQL, {"channel": channel, "hour": _hour(now), "used": 0}))[0][0])
    if used == 0:
        # Once an hour: what is older than a week is forgotten.
        await tx.run(budgets.delete().where(budgets.c.channel == channel, budgets.c.hour < now - timedelta(days=8)))
    return used


async def spent_since(tx: Transaction, purse: str, since: datetime) -> int:
    """How many in all in the hours since then, this one included."""
    statement = sa.select(sa.func.coalesce(sa.func.sum(budgets.c.used), 0)).where(budgets.c.channel == purse, budgets.c.hour > since)
    return int((await tx.all(statement))[0][0])


async def spend(tx: Transaction, channel: str, used: int, now: datetime) -> None:
    """So many in all in this hour."""
    await tx.run(_SPEND, {"which": channel, "at": _hour(now), "now_used": used})


def _hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)


async def remark(tx: Transaction, arrival: Row, reason: str) -> None:
    """Why an arrival changed nothing."""
    mine = (arrivals.c.journal == arrival["journal"], arrivals.c.seq == arrival["seq"])
    await tx.run(arrivals.update().where(*mine).values(reason=reason))


async def case(tx: Transaction, case: UUID) -> Case:
    """As it is now; not to be read from its events each time, as a long correspondence has many."""
    columns = [cases.c[name] for name in Case.__dataclass_fields__]
    return Case(*(await tx.all(sa.select(*columns).where(cases.c.id == case).with_for_update()))[0])


async def change(tx: Transaction, case: Case, from_version: int) -> None:
    """The case as it is now. Raises Clash if somebody else changed it since it was read."""
    values = {name: getattr(case, name) for name in Case.__dataclass_fields__ if name != "id"}
    if await tx.run(cases.update().where(cases.c.id == case.id, cases.c.version == from_version).values(**values)) != 1:
        raise Clash("the case was changed meanwhile")


async def complaint_versions_of(tx: Transaction, case: UUID) -> int:
    """How often its complaint was made."""
    statement = sa.select(sa.func.count()).select_from(complaint_versions).where(complaint_versions.c.case == case)
    return int((await tx.all(statement))[0][0])


async def latest_complaint(tx: Transaction, case: UUID) -> dict[str, Any]:
    """As it is understood now."""
    v = complaint_versions.c
    rows = await tx.all(sa.select(v.complaint).where(v.case == case).order_by(v.version.desc()).limit(1))
    found: dict[str, Any] = rows[0][0]
    return found


async def settle(tx: Transaction, journal: str, seq: int, outcome: str, reason: str, **more: object) -> None:
    """A parked arrival has found its end; `more`: what else of it is known now. Raises Clash if it is not parked any more."""
    mine = (arrivals.c.journal == journal, arrivals.c.seq == seq, arrivals.c.outcome == "parked")
    if await tx.run(arrivals.update().where(*mine).values(outcome=outcome, reason=reason, **more)) != 1:
        raise Clash("somebody else replayed it meanwhile")


async def renumber(tx: Transaction, case: UUID, to: UUID) -> None:
    """The numbers and private links that led to one case lead to another from now on."""
    for table in (case_numbers, links):
        await tx.run(table.update().where(table.c.case == case).values(case=to))
