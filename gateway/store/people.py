"""Who writes: correspondents and their addresses, locked in sorted order so that two nodes cannot wait for each other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from gateway.allowance import Allowance
from gateway.ids import new_id
from gateway.store.engine import Transaction
from gateway.store.tables import addresses, correspondents
from normalizer import Address
from normalizer.address import identity

# Made once: building a statement takes longer than running it (measured).
_A = addresses.c
_ITS = (_A.kind == sa.bindparam("k"), _A.value == sa.bindparam("v"))
_ALIVE = addresses.update().where(*_ITS).values(undeliverable_at=None)
_REMEMBER = addresses.update().where(*_ITS).values(recent=sa.bindparam("r"), unannounced=sa.bindparam("u"))
_THERE = (
    sa.select(_A.kind, _A.value, _A.correspondent, _A.recent, _A.unannounced, _A.undeliverable_at, correspondents.c.language, correspondents.c.stopped_at)
    .join(correspondents)
    .where(_A.kind == sa.bindparam("k"), _A.value.in_(sa.bindparam("values", expanding=True)))
    .order_by(_A.value)
    .with_for_update(of=addresses)
)
_NEW_PEOPLE, _NEW_ADDRESSES = correspondents.insert(), addresses.insert()


@dataclass(frozen=True, slots=True)
class Person:
    """A correspondent by one of their addresses, locked until the transaction ends."""

    id: UUID
    allowance: Allowance
    # What was sent there came back.
    undeliverable: bool = False
    # The language that they asked for; None: that of what they write.
    language: str | None = None
    # They want to hear from us only when they write.
    stopped: bool = False
    # They wrote before.
    known: bool = True

    def choosing(self, **chosen: Any) -> Person:  # noqa: ANN401  # as the fields
        """With what they want of us now."""
        return replace(self, **chosen)


async def meet(tx: Transaction, wanted: Iterable[Address], now: datetime) -> dict[Address, Person]:
    """The people at these addresses, however they are written; a new one is a new correspondent. Raises Clash if another node meets the same stranger now."""
    known_as = {address: identity(address) for address in wanted}
    people = await _known(tx, set(known_as.values()), now)
    return {address: people[known] for address, known in known_as.items()}


async def _known(tx: Transaction, wanted: Iterable[Address], now: datetime) -> dict[Address, Person]:
    order = sorted(wanted, key=lambda address: (address.kind, address.value))
    people: dict[Address, Person] = {}
    for kind in sorted({address.kind for address in order}):
        values = [address.value for address in order if address.kind == kind]
        for kind_, value, correspondent, recent, unannounced, undeliverable_at, *chosen in await tx.all(_THERE, {"k": kind, "values": values}):
            allowance = Allowance(tuple((datetime.fromisoformat(at), what) for at, what in recent), unannounced)
            language, stopped_at = chosen
            people[Address(kind_, value)] = Person(correspondent, allowance, undeliverable_at is not None, language, stopped_at is not None)
    strangers = [address for address in order if address not in people]
    met = {address: Person(new_id(), Allowance(), known=False) for address in strangers}
    await tx.run(_NEW_PEOPLE, [{"id": person.id, "language": None, "since": now, "stopped_at": None} for person in met.values()])
    rows: list[dict[str, object]] = [
        {"kind": a.kind, "value": a.value, "correspondent": person.id, "recent": [], "unannounced": 0, "undeliverable_at": None} for a, person in met.items()
    ]
    await tx.run(_NEW_ADDRESSES, rows)
    return people | met


async def remember(tx: Transaction, allowances: Mapping[Address, Allowance], senders: Collection[Address]) -> None:
    """What was sent and withheld, by mailbox, for the next hour and week. `senders`: who wrote now, so that their address is alive."""
    writers = {identity(sender) for sender in senders if sender.kind == "email"}
    await tx.run(_ALIVE, [{"k": one.kind, "v": one.value} for one in sorted(writers, key=lambda one: one.value)])
    await tx.run(
        _REMEMBER,
        [
            {"k": to.kind, "v": to.value, "r": [[at.isoformat(), kind] for at, kind in allowance.recent], "u": allowance.unannounced}
            for to, allowance in sorted(allowances.items(), key=lambda item: (item[0].kind, item[0].value))
        ],
    )


async def choose(tx: Transaction, person: UUID, **chosen: object) -> None:
    """What a person wants of us: `language`, `stopped_at`."""
    await tx.run(correspondents.update().where(correspondents.c.id == person).values(**chosen))


async def chosen(tx: Transaction, person: UUID) -> tuple[str | None, bool]:
    """The language that they chose, if any, and whether they want to hear from us only when they write."""
    c = correspondents.c
    [(language, stopped_at)] = await tx.all(sa.select(c.language, c.stopped_at).where(c.id == person))
    return language, stopped_at is not None
