"""Which cases wait to be compared, by which words they are found, and what was found. Nothing here is written by intake."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from gateway.case import ENDED, RECEIVED
from gateway.store.engine import Transaction
from gateway.store.tables import cases, complaint_versions, likeness_cases, likeness_keys, suggestions
from gateway.store.writing import Row, upsert

_C, _K, _S, _V = cases.c, likeness_keys.c, suggestions.c, complaint_versions.c
_UNCOMPARED = sa.and_(_C.compared < _C.version, _C.status != RECEIVED)


@dataclass(frozen=True, slots=True)
class Matter:
    """A case, as far as it is compared."""

    case: UUID
    version: int
    open: bool
    correspondent: UUID | None
    opened_at: datetime
    # The latest, as rows.understood() takes it.
    complaint: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Suggested:
    """Another case that may be the same."""

    number: str
    score: float
    reasons: dict[str, Any]
    # Whether what either of the two says is hidden (law 10), as of now.
    confidential: bool


async def waiting(tx: Transaction, since: datetime) -> int:
    """How many cases that were opened since then wait to be compared."""
    return int((await tx.all(sa.select(sa.func.count()).select_from(cases).where(_UNCOMPARED, _C.opened_at >= since)))[0][0])


async def uncompared(tx: Transaction, since: datetime, limit: int) -> list[UUID]:
    """The first of them. A report that could not be read yet is none: it says nothing so far."""
    return [case for (case,) in await tx.all(sa.select(_C.id).where(_UNCOMPARED, _C.opened_at >= since).order_by(_C.opened_at).limit(limit))]


async def matters(tx: Transaction, which: Collection[UUID]) -> dict[UUID, Matter]:
    """These cases as they are now."""
    found = await tx.all(_MATTERS, {"which": list(which)}) if which else ()
    return {row[0]: Matter(row[0], row[1], row[2] not in ENDED, *row[3:]) for row in found}


_LATEST = sa.select(sa.func.max(_V.version)).where(_V.case == _C.id).correlate(cases).scalar_subquery()
_MATTERS = (
    sa.select(_C.id, _C.version, _C.status, _C.correspondent, _C.opened_at, _V.complaint)
    .join_from(cases, complaint_versions, sa.and_(_V.case == _C.id, _V.version == _LATEST))
    .where(_C.id.in_(sa.bindparam("which", expanding=True)))
)


async def publish(tx: Transaction, keys: Mapping[UUID, Iterable[int]], opened: Mapping[UUID, datetime]) -> None:
    """Let these cases be found by these keys and no others; one without keys is not found any more."""
    was = {case: (day, set(old)) for case, day, old in await tx.all(sa.select(likeness_cases).where(likeness_cases.c.case.in_(list(keys))))}
    now = {case: (day_of(opened[case]), set(new)) for case, new in keys.items()}
    # Sorted, so that two who write at once wait for each other in one order.
    gone = sorted(_rows(was) - _rows(now))
    await tx.run(_TAKE_AWAY, [{"k": key, "d": day, "c": case} for key, day, case in gone])
    await upsert(tx, likeness_keys, [{"key": key, "day": day, "case": case} for key, day, case in sorted(_rows(now) - _rows(was))], keys=("key", "day", "case"))
    found: list[Row] = [{"case": case, "day": day, "keys": sorted(new)} for case, (day, new) in sorted(now.items()) if new]
    await upsert(tx, likeness_cases, found, keys=("case",), replace=("day", "keys"))
    await tx.run(likeness_cases.delete().where(likeness_cases.c.case.in_([case for case, (_, new) in now.items() if not new])))


def _rows(of: Mapping[UUID, tuple[int, set[int]]]) -> set[tuple[int, int, UUID]]:
    return {(key, day, case) for case, (day, keys) in of.items() for key in keys}


_TAKE_AWAY = likeness_keys.delete().where(_K.key == sa.bindparam("k"), _K.day == sa.bindparam("d"), _K.case == sa.bindparam("c"))


async def forget(tx: Transaction, before: datetime, limit: int) -> int:
    """Let cases that were opened before then not be found any more, so many at a time; how many there were."""
    statement = sa.select(likeness_cases.c.case).where(likeness_cases.c.day < day_of(before)).limit(limit)
    old = [case for (case,) in await tx.all(statement)]
    if old:
        await publish(tx, dict.fromkeys(old, ()), dict.fromkeys(old, before))
    return len(old)


async def how_many(tx: Transaction, keys: Sequence[int], days: tuple[int, int], most: int) -> dict[int, int]:
    """How many cases of these days (the first and the last) have each key; nobody counts further than `most`."""
    if not keys:
        return {}
    [counts] = await tx.all(_counting(len(keys)), _asked(keys, days, most))
    return dict(zip(keys, counts, strict=True))


async def sharing(tx: Transaction, keys: Mapping[int, tuple[float, int]], days: tuple[int, int], each: int, most: int) -> list[UUID]:
    """The cases of these days that share the most, the first first: `keys` says how much each key weighs, and for how many keys it stands.

    Whoever shares a single key is left out. Of each key only the latest `each` cases are looked at.
    """
    if not keys:
        return []
    weights = {f"w{i}": weight for i, (weight, _) in enumerate(keys.values())} | {f"n{i}": count for i, (_, count) in enumerate(keys.values())}
    return [case for (case,) in await tx.all(_finding(len(keys)), {**_asked([*keys], days, each), **weights, "limit": most})]


def _asked(keys: Sequence[int], days: tuple[int, int], most: int) -> dict[str, int]:
    return {"since": days[0], "until": days[1], "most": most} | {f"k{i}": key for i, key in enumerate(keys)}


# Written out, a part for each key: one trip asks for all, and each part stops at once where there are many. Built by SQLAlchemy, sixty parts take longer
# than their answers.


@cache
def _counting(count: int) -> sa.Executable:
    each = (f"(SELECT count(*) FROM (SELECT 1 FROM likeness_keys WHERE {_which(i)} LIMIT :most) AS n{i})" for i in range(count))  # noqa: S608  # our own names
    return sa.text(f"SELECT {', '.join(each)}")


@cache
def _finding(count: int) -> sa.Executable:
    latest = 'ORDER BY day DESC, "case" DESC LIMIT :most'
    sizes = "CAST(:w{0} AS FLOAT) AS weight, CAST(:n{0} AS INTEGER) AS keys"
    each = (f'SELECT * FROM (SELECT "case", {sizes.format(i)} FROM likeness_keys WHERE {_which(i)} {latest}) AS n{i}' for i in range(count))  # noqa: S608  # as above
    found = f'SELECT "case" FROM ({" UNION ALL ".join(each)}) AS found GROUP BY "case" HAVING sum(keys) > 1'  # noqa: S608  # as above
    return sa.text(f'{found} ORDER BY sum(weight) DESC, "case" LIMIT :limit').columns(sa.column("case", sa.Uuid))


def _which(i: int) -> str:
    return f'"key" = :k{i} AND day BETWEEN :since AND :until'


def day_of(time: datetime) -> int:
    """Days since 1970, UTC."""
    return (time.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(days=1)


async def partners(tx: Transaction, of: Collection[UUID]) -> dict[UUID, dict[UUID, tuple[float, dict[str, Any]]]]:
    """The cases that each of these was found to be like: score and reasons."""
    found: dict[UUID, dict[UUID, tuple[float, dict[str, Any]]]] = {case: {} for case in of}
    for statement in (_LATER, _EARLIER) if of else ():
        for case, other, score, reasons in await tx.all(statement, {"of": list(of)}):
            found[case][other] = (score, reasons)
    return found


_LATER = sa.select(_S.first, _S.second, _S.score, _S.reasons).where(_S.first.in_(sa.bindparam("of", expanding=True)))
_EARLIER = sa.select(_S.second, _S.first, _S.score, _S.reasons).where(_S.second.in_(sa.bindparam("of", expanding=True)))


async def suggest(tx: Transaction, likes: Mapping[UUID, Mapping[UUID, tuple[float, Row]]], now: datetime) -> None:
    """What each of these cases is like, instead of whatever was said before."""
    pairs: dict[tuple[UUID, UUID], Row] = {}
    for case, others in likes.items():
        for other, (score, reasons) in others.items():
            first, second = sorted((case, other))
            pairs[first, second] = {"first": first, "second": second, "score": score, "reasons": reasons, "made_at": now}
    before = {tuple(sorted((case, other))) for case, others in (await partners(tx, likes)).items() for other in others}
    await tx.run(_TAKE_BACK, [{"one": first, "two": second} for first, second in sorted(before - pairs.keys())])
    await upsert(tx, suggestions, [pairs[pair] for pair in sorted(pairs)], keys=("first", "second"), replace=("score", "reasons", "made_at"))


_TAKE_BACK = suggestions.delete().where(_S.first == sa.bindparam("one"), _S.second == sa.bindparam("two"))


async def compared(tx: Transaction, versions: Mapping[UUID, int]) -> None:
    """These were compared as they were in this version; who changed meanwhile waits again.

    What somebody else is changing right now is left for the next time: nobody waits for this, and it waits for nobody.
    """
    free = sa.select(_C.id).where(_C.id.in_(list(versions))).order_by(_C.id).with_for_update(skip_locked=True)
    mine = [case for (case,) in await tx.all(free)]
    await tx.run(_COMPARED, [{"which": case, "seen": versions[case]} for case in mine])


_COMPARED = cases.update().where(_C.id == sa.bindparam("which")).values(compared=sa.bindparam("seen"))


async def suggested(tx: Transaction, case: UUID) -> list[Suggested]:
    """What a case may be the same as, the likest first. For operators: nobody else is to hear of another's case."""
    found = (await partners(tx, [case]))[case]
    rows = await tx.all(sa.select(_C.id, _C.number, _C.confidential).where(_C.id.in_([case, *found])))
    own = any(hidden for id_, _, hidden in rows if id_ == case)
    told = [Suggested(number, *found[id_], confidential=hidden or own) for id_, number, hidden in rows if id_ in found]
    return sorted(told, key=lambda one: (-one.score, one.number))
