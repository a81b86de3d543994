"""Decisions by people, the weights that were learned from them, and what each night found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from gateway.case import RECEIVED
from gateway.store.engine import Transaction
from gateway.store.tables import cases, complaint_versions, labels, nights, weights
from gateway.store.writing import Row
from gateway.weights import Weights

_L, _W, _N, _V = labels.c, weights.c, nights.c, complaint_versions.c
SHADOW, CHAMPION, RETIRED = "shadow", "champion", "retired"
# Labels that are learned from at the most: the latest.
MOST = 10_000


@dataclass(frozen=True, slots=True)
class Label:
    """What a person decided last of a case."""

    case: UUID
    agency: str
    at: datetime
    # As it was understood when it was opened, as rows.understood() takes it.
    complaint: dict[str, Any]


async def keep(tx: Transaction, row: Row) -> None:
    """A decision."""
    await tx.run(labels.insert(), row)


async def decided(tx: Transaction, behind: tuple[datetime, UUID] | None, limit: int) -> list[Label]:
    """The latest decision of each case, the newest first, `behind` (older than) one."""
    last = sa.select(sa.func.max(_L.version).label("version"), _L.case).group_by(_L.case).subquery()
    # What a person corrected or answered later was not there when it was to be suggested.
    first = sa.select(sa.func.min(_V.version)).where(_V.case == _L.case).correlate(labels).scalar_subquery()
    statement = (
        sa.select(_L.case, _L.agency, _L.at, _V.complaint)
        .join(last, sa.and_(last.c.case == _L.case, last.c.version == _L.version))
        .join(complaint_versions, sa.and_(_V.case == _L.case, _V.version == first))
        .join(cases, cases.c.id == _L.case)
        .where(cases.c.status != RECEIVED)
        .order_by(_L.at.desc(), _L.case.desc())
        .limit(limit)
    )
    if behind:
        statement = statement.where(sa.or_(_L.at < behind[0], sa.and_(_L.at == behind[0], _L.case < behind[1])))
    return [Label(*row) for row in await tx.all(statement)]


async def in_force(tx: Transaction) -> dict[str, Weights]:
    """The champion and the shadow, by these words; neither need be there."""
    rows = await tx.all(sa.select(_W.state, _W.version, _W.until, _W.labels, _W.table).where(_W.state.in_((SHADOW, CHAMPION))).order_by(_W.version))
    return {state: Weights(*rest) for state, *rest in rows}


async def versions_in_force(tx: Transaction) -> dict[str, int]:
    """Which they are, without the weights themselves."""
    return {row.state: row.version for row in await tx.all(sa.select(_W.state, _W.version).where(_W.state.in_((SHADOW, CHAMPION))))}


async def next_version(tx: Transaction) -> int:
    """Counts up, whatever became of those before."""
    return int((await tx.all(sa.select(sa.func.coalesce(sa.func.max(_W.version), 0))))[0][0]) + 1


async def settle(tx: Transaction, champion: Weights | None, shadow: Weights | None, now: datetime) -> None:
    """These hold from now on; what held before and is none of them is retired. A new one is written."""
    there = {version for (version,) in await tx.all(sa.select(_W.version))}
    states = {one.version: (one, state) for one, state in ((champion, CHAMPION), (shadow, SHADOW)) if one}
    await tx.run(weights.update().where(_W.state != RETIRED, _W.version.not_in(list(states))).values(state=RETIRED, changed_at=now))
    for version, (one, state) in states.items():
        if version in there:
            await tx.run(weights.update().where(_W.version == version, _W.state != state).values(state=state, changed_at=now))
        else:
            times = {"made_at": now, "changed_at": now}
            row = {"version": version, "state": state, "until": one.until, "labels": one.labels, "table": one.table}
            await tx.run(weights.insert(), row | times)


async def note(tx: Transaction, at: datetime, day: str, champion: int, found: dict[str, object]) -> None:
    """What a night found."""
    await tx.run(nights.insert(), {"at": at, "day": day, "champion": champion, "found": found})


async def last_night(tx: Transaction) -> dict[str, Any] | None:
    """The latest: its day, the champion that it left, and what it found."""
    rows = await tx.all(sa.select(nights).order_by(_N.at.desc()).limit(1))
    return dict(rows[0]._mapping) if rows else None  # noqa: SLF001  # its public name for a row as a mapping
