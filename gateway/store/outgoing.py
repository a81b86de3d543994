"""The outbox's rows: claimed with a lease, in order per case and recipient; a status never goes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from uuid import UUID

import sqlalchemy as sa

from channels import Choice, DeliveryUpdate, Notice
from gateway.store.engine import Transaction
from gateway.store.tables import addresses, budgets, cases, notices, pauses
from normalizer import Address
from normalizer.address import identity

# What is still to be sent.
WAITING = ("queued", "sending")
# How far a notice has come; a delivery report that says less than what is known changes nothing.
_RANK = {"queued": 0, "sending": 1, "parked": 1, "sent": 2, "undelivered": 3, "failed": 3, "delivered": 4, "read": 5}


def _claim() -> sa.Executable:
    n, earlier = notices.c, notices.alias("earlier")
    first = ~sa.exists().where(
        earlier.c.case == n.case, earlier.c.to_value == n.to_value, earlier.c.to_kind == n.to_kind, earlier.c.id < n.id, earlier.c.state.in_(WAITING)
    )
    now = sa.bindparam("now", type_=n.due_at.type)
    free = sa.or_(n.leased_until.is_(None), n.leased_until <= now)
    # What was due when it was made is due, whatever the clock said then: it may have been ahead, and nobody is to wait until it is so late again.
    in_time = sa.or_(n.due_at <= now, n.due_at == n.made_at)
    due = sa.select(n.id).where(n.channel == sa.bindparam("in_channel"), n.state.in_(WAITING), in_time, free, first)
    # Looked up here and not remembered: a pause holds on every node from the moment at which it stands in the store.
    paused = sa.exists().where(pauses.c.part == sa.bindparam("in_channel"))
    due = due.where(~paused)
    return (
        notices.update()
        .where(n.id.in_(due.order_by(n.due_at, n.id).limit(sa.bindparam("most")).with_for_update(skip_locked=True).scalar_subquery()))
        .values(
            state="sending",
            leased_by=sa.bindparam("by"),
            leased_until=sa.bindparam("until"),
            maybe_sent=sa.or_(n.maybe_sent, n.state == "sending"),
            attempts=sa.case((n.state == "sending", n.attempts + 1), else_=n.attempts),
        )
        .returning(n.id, n.to_kind, n.to_value, n.short, n.full, n.subject, n.thread, n.token, n.choices, n.attempts, n.kind, n.made_at)
    )


# Made once: building such a statement takes longer than running it (measured).
_CLAIM = _claim()
_SENT = (
    notices.update()
    .where(notices.c.id == sa.bindparam("which"))
    .values(
        state=sa.case((notices.c.state.in_(WAITING), "sent"), else_=notices.c.state),
        provider_id=sa.bindparam("provider"),
        sent_at=sa.bindparam("now"),
        attempts=notices.c.attempts + 1,
        reason="",
        leased_by=None,
        leased_until=None,
    )
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A notice that this worker may send until its lease ends."""

    notice: Notice
    # How often it was tried before.
    attempts: int
    # As in the table.
    kind: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Failed:
    """A send of this worker that did not succeed."""

    notice: str
    worker: str
    reason: str
    # The provider may have it all the same.
    maybe_sent: bool


@dataclass(frozen=True, slots=True)
class Parked:
    """A notice that could not be sent for too long."""

    notice: str
    number: str | None
    channel: str
    kind: str
    reason: str
    made_at: datetime


async def claim(tx: Transaction, channel: str, worker: str, now: datetime, until: datetime, limit: int) -> list[Claimed]:
    """The next that are due. One that another worker held and did not finish comes back, marked: it may have been sent."""
    values = {"in_channel": channel, "by": worker, "now": now, "until": until, "most": limit}
    return [
        Claimed(Notice(str(id_), Address(kind, value), short, full, subject, tuple(thread), token, tuple(Choice(*one) for one in choices)), *rest)
        for id_, kind, value, short, full, subject, thread, token, choices, *rest in sorted(await tx.all(_CLAIM, values), key=itemgetter(0))
    ]


async def sent(tx: Transaction, *, notice: str, provider_id: str, now: datetime) -> None:
    """The provider took it. A delivery report may have come before; that one stays."""
    await tx.run(_SENT, {"which": UUID(notice), "provider": provider_id, "now": now})


@dataclass(frozen=True, slots=True)
class Waiting:
    """What has yet to go out by a channel."""

    count: int
    # When the first of them should have gone; None: nothing waits.
    oldest: datetime | None
    # Of the channel's budget for this hour.
    spent: int = 0


async def waiting(tx: Transaction, channel: str, now: datetime) -> Waiting:
    """What is due and not sent."""
    n = notices.c
    due = (n.channel == channel, n.state.in_(WAITING), n.due_at <= now)
    [(count, oldest)] = await tx.all(sa.select(sa.func.count().label("count"), sa.func.min(n.due_at).label("oldest")).where(*due))
    hour = now.replace(minute=0, second=0, microsecond=0)
    spent = await tx.all(sa.select(budgets.c.used).where(budgets.c.channel == channel, budgets.c.hour == hour))
    return Waiting(count, oldest, spent[0].used if spent else 0)


async def parked(tx: Transaction, limit: int | None = None) -> list[Parked]:
    """What was tried for as long as we try, oldest first: it waits for a person. `limit`: not more than that."""
    n = notices.c
    columns = (n.id, cases.c.number, n.channel, n.kind, n.reason, n.made_at)
    statement = sa.select(*columns).select_from(notices.outerjoin(cases, cases.c.id == n.case)).where(n.state == "parked").order_by(n.made_at).limit(limit)
    return [Parked(str(id_), *rest) for id_, *rest in await tx.all(statement)]


async def requeue(tx: Transaction, notice: str, now: datetime) -> None:
    """A person says: once more, from the beginning."""
    await tx.run(_its(notice).where(notices.c.state == "parked").values(state="queued", attempts=0, due_at=now, reason=""))


async def withhold(tx: Transaction, notice: str, reason: str) -> bool:
    """A person says: not any more. Whether it was parked still."""
    return await tx.run(_its(notice).where(notices.c.state == "parked").values(state="withheld", reason=reason)) == 1


async def again(tx: Transaction, *, failed: Failed, due_at: datetime) -> None:
    """It did not go; the same notice later."""
    await _keep(tx, failed, {"state": "queued", "due_at": due_at})


async def ended(tx: Transaction, *, failed: Failed, state: str) -> None:
    """No more tries: "failed" (it never can) or "parked" (it could not for too long)."""
    await _keep(tx, failed, {"state": state})


async def _keep(tx: Transaction, failed: Failed, values: dict[str, object]) -> None:
    # Only while it is still ours and unsent: a lease that ran out may be another's, a delivery report may have been faster.
    mine = _its(failed.notice).where(notices.c.leased_by == failed.worker, notices.c.state == "sending")
    maybe_sent = sa.or_(notices.c.maybe_sent, sa.literal(failed.maybe_sent))
    free = {"attempts": notices.c.attempts + 1, "leased_by": None, "leased_until": None}
    await tx.run(mine.values(reason=failed.reason, maybe_sent=maybe_sent, **free, **values))


async def update(tx: Transaction, said: DeliveryUpdate, now: datetime) -> bool:
    """What the provider says of one notice; False: not one of ours. Out of order, doubled or early: a status never goes back."""
    if said.to is not None:
        return await _reachable(tx, said.to, None if said.status == "unblocked" else now)
    # "sending" at the provider is "sent" with us: it has it, and we must not send again.
    state = "sent" if said.status == "sending" else said.status
    which = notices.c.id == _uuid(said.notice) if said.notice and _uuid(said.notice) else notices.c.provider_id == said.provider_id
    to = await tx.all(sa.select(notices.c.to_kind, notices.c.to_value).where(which))
    if not to:
        return False
    below = [name for name, rank in _RANK.items() if rank < _RANK.get(state, 0)]
    values = {"state": state, "reason": said.reason or "", "provider_id": said.provider_id, "leased_by": None, "leased_until": None}
    changed = await tx.run(notices.update().where(which, notices.c.state.in_(below)).values(**values))
    if changed and state == "undelivered" and to[0].to_kind == "email":
        # A telephone may be off for a day; a mailbox that sends mail back is not there.
        await _reachable(tx, Address(*to[0]), now)
    return True


async def _reachable(tx: Transaction, to: Address, dead_since: datetime | None) -> bool:
    there = identity(to)
    here = (addresses.c.kind == there.kind, addresses.c.value == there.value)
    return await tx.run(addresses.update().where(*here).values(undeliverable_at=dead_since)) > 0


def _its(notice: str) -> sa.Update:
    return notices.update().where(notices.c.id == UUID(notice))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
