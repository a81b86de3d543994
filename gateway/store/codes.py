"""Codes: who asks for one, what became of it, and how often digits were typed. Every question here is one statement, whatever the answer is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from gateway import tracking
from gateway.store import standing
from gateway.store.engine import Transaction
from gateway.store.tables import codes, links
from gateway.store.writing import upsert

_C = codes.c
# Those that led to a message.
_TOLD = _C.state.in_(("sent", "used"))
# Of one browser at the same time.
_MOST_OPEN = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody waits for a code."""

    id: UUID
    asker: str
    # As it was typed, XXXX-XXXX-XXXX; "-": it can be none.
    number: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Tried:
    """Digits may be compared with this notice's; None: nothing went out."""

    id: UUID
    notice: UUID | None
    case: UUID | None


async def ask(tx: Transaction, asked: Asked) -> None:
    """Write it down, to be looked at a moment later."""
    empty = {"state": "asked", "reason": "", "case": None, "notice": None, "tries": 0}
    await tx.run(codes.insert(), [asdict(asked) | empty])


async def next_asked(tx: Transaction) -> Asked | None:
    """The first that nobody else looks at; ours until the transaction ends."""
    first = sa.select(_C.id, _C.asker, _C.number, _C.asked_at).where(_C.state == "asked").order_by(_C.asked_at).limit(1)
    rows = await tx.all(first.with_for_update(skip_locked=True))
    return Asked(*rows[0]) if rows else None


async def sent(tx: Transaction, asked: Asked, case: UUID, notice: UUID) -> None:
    """It goes out with this notice."""
    await tx.run(codes.update().where(_C.id == asked.id).values(state="sent", case=case, notice=notice))


async def not_sent(tx: Transaction, asked: Asked, reason: str) -> None:
    """Nothing goes out."""
    await tx.run(codes.update().where(_C.id == asked.id).values(state="not_sent", reason=reason))


async def over(tx: Transaction, case: UUID, now: datetime, caps: Mapping[timedelta, int]) -> bool:
    """Whether a case has had its codes, by any of these caps. The case is locked by the caller."""
    longest = max(caps)
    times = [at for (at,) in await tx.all(sa.select(_C.asked_at).where(_C.case == case, _C.asked_at > now - longest, _TOLD))]
    return any(sum(at > now - span for at in times) >= most for span, most in caps.items())


async def tried(tx: Transaction, asker: str, since: datetime, most: int) -> list[Tried]:
    """What this browser asked for lately, each tried once more.

    Counted before anything is compared, so that neither a restart nor another node gives a try back.
    """
    open_ = (_C.asker == asker, _C.asked_at > since, _C.tries < most, _C.state != "used")
    newest = sa.select(_C.id).where(*open_).order_by(_C.asked_at.desc()).limit(_MOST_OPEN)
    statement = codes.update().where(_C.id.in_(newest.scalar_subquery()), *open_).values(tries=_C.tries + 1)
    return [Tried(*row) for row in await tx.all(statement.returning(_C.id, _C.notice, _C.case))]


async def use(tx: Transaction, used: Tried) -> None:
    """It opened its page; it opens nothing any more."""
    await tx.run(codes.update().where(_C.id == used.id).values(state="used"))


async def link(tx: Transaction, key: bytes, case: UUID) -> str:
    """The private link of a case; where what opened it does not tell, one more of its own."""
    known = await standing.link_of(tx, key, case)
    if known is None:
        known = tracking.link(key, "", str(case))
        await upsert(tx, links, [{"digest": tracking.link_digest(known), "case": case}], keys=("digest",), replace=("case",))
    return known


async def forget(tx: Transaction, now: datetime, counted: timedelta, lives: timedelta) -> None:
    """What says nothing any more: what led to no message, and what no cap counts."""
    await tx.run(codes.delete().where(sa.or_(_C.asked_at < now - counted, sa.and_(_C.asked_at < now - lives, _C.state == "not_sent"))))
