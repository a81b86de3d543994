"""Who may sign in to the operators' pages, who is signed in, and what they did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gateway.ids import new_id
from gateway.store.engine import Transaction
from gateway.store.tables import audit, people, sessions


@dataclass(frozen=True, slots=True)
class Session:
    """Of somebody who is signed in."""

    # Of its token.
    digest: str
    person: str
    made_at: datetime
    used_at: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """An operator; the password's hash stays in the store."""

    name: str
    made_at: datetime
    changed_at: datetime


async def add(tx: Transaction, name: str, password: str, now: datetime) -> None:
    """A new one; `password` is its hash. Raises Clash: the name is taken."""
    await tx.run(people.insert().values(name=name, password=password, made_at=now, changed_at=now))


async def change(tx: Transaction, name: str, password: str, now: datetime) -> bool:
    """Another password (its hash), and whoever is signed in with the old one is not any more. Whether there is such a person."""
    there = await tx.run(people.update().where(people.c.name == name).values(password=password, changed_at=now)) == 1
    await tx.run(sessions.delete().where(sessions.c.person == name))
    return there


async def remove(tx: Transaction, name: str) -> bool:
    """Whether there was such a person."""
    await tx.run(sessions.delete().where(sessions.c.person == name))
    return await tx.run(people.delete().where(people.c.name == name)) == 1


async def everybody(tx: Transaction) -> list[Person]:
    """By name."""
    return [Person(*row) for row in await tx.all(sa.select(people.c.name, people.c.made_at, people.c.changed_at).order_by(people.c.name))]


async def password_of(tx: Transaction, name: str) -> str | None:
    """The hash; None: there is no such person."""
    rows = await tx.all(sa.select(people.c.password).where(people.c.name == name))
    return str(rows[0].password) if rows else None


async def sign_in(tx: Transaction, session: Session, password: str) -> bool:
    """Keep the session, if the password that was shown (its hash) is that person's still: it may have been changed while it was checked."""
    # FOR UPDATE: a change that commits meanwhile waits for this one, and then ends this session, too.
    mine = sa.select(people.c.name).where(people.c.name == session.person, people.c.password == password).with_for_update()
    if not await tx.all(mine):
        return False
    await tx.run(sessions.insert().values(digest=session.digest, person=session.person, made_at=session.made_at, used_at=session.used_at))
    return True


async def sign_out(tx: Transaction, digest: str) -> None:
    """That session is over."""
    await tx.run(sessions.delete().where(sessions.c.digest == digest))


async def signed_in(tx: Transaction) -> list[Session]:
    """All of them; which are too old, is for whoever asks to say."""
    s = sessions.c
    return [Session(*row) for row in await tx.all(sa.select(s.digest, s.person, s.made_at, s.used_at))]


async def session_of(tx: Transaction, digest: str) -> Session | None:
    """One of them, as it is now."""
    s = sessions.c
    rows = await tx.all(sa.select(s.digest, s.person, s.made_at, s.used_at).where(s.digest == digest))
    return Session(*rows[0]) if rows else None


async def used(tx: Transaction, when: Mapping[str, datetime]) -> None:
    """Pages were asked for under these digests. Never earlier than what another node wrote."""
    s = sessions.c
    for digest, at in when.items():
        await tx.run(sessions.update().where(s.digest == digest, s.used_at < at).values(used_at=at))


async def forget(tx: Transaction, made_before: datetime, used_before: datetime) -> None:
    """Sessions that are over by themselves."""
    await tx.run(sessions.delete().where(sa.or_(sessions.c.made_at < made_before, sessions.c.used_at < used_before)))


async def note(tx: Transaction, at: datetime, who: str, what: str, about: str = "", why: str = "", source: str = "") -> None:
    """A row of what operators did; as in the table."""
    await tx.run(audit.insert().values(id=new_id(), at=at, who=who, what=what, about=about, why=why, source=source))
