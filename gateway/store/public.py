"""What citizens ask: how far is my report, and what was said on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from gateway.case import awaited
from gateway.notices import ACKNOWLEDGEMENT, QUESTION, REMINDER, UNDERSTOOD
from gateway.store.engine import Transaction
from gateway.store.tables import agencies, arrivals, attachments, blobs, case_numbers, cases, events, links, message_cases, messages, notices

# What is for operators only: messages that need not be the complainant's, and what we think of a report.
_NOT_SHOWN = ("unverified", "automatic", "renewed", "assigned")
# Of ours, what tells something; what a word was answered is on this page anyhow, and what an officer said is a message already.
_TELL = (ACKNOWLEDGEMENT, QUESTION, REMINDER, UNDERSTOOD)
# On one page: the newest messages, and of each so many letters.
_MOST_MESSAGES = 50
_MOST_LETTERS = 4000


@dataclass(frozen=True, slots=True)
class Progress:
    """One report, as far as its page may tell."""

    case: UUID
    number: str
    status: str
    # Name of the agency that has it.
    owner: str
    title: str
    anonymous: bool
    confidential: bool
    opened_at: datetime
    # What we wait to hear: "what" | "where" | "when"; empty: nothing.
    question: str
    closed_at: datetime | None
    # By its complainant, 1..5; None: not rated.
    rating: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to it, as its event's kind."""

    kind: str
    at: datetime
    # What is awaited after it, for stops().
    awaited: object = None


@dataclass(frozen=True, slots=True)
class File:
    """A file of a message, and the picture that was made of it to be shown."""

    name: str
    type: str
    state: str
    # Bytes; None: not here (yet).
    size: int | None
    # Of the picture that may be shown; None: there is none (yet).
    shown: str | None
    # Where the photo was taken, WGS 84 degrees.
    latitude: float | None
    longitude: float | None


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the conversation."""

    # Written by the citizen; else by us.
    by_citizen: bool
    text: str
    at: datetime
    # The channel that brought or sends it, and the kind of address at its other end; empty: not known.
    channel: str
    kind: str
    files: tuple[File, ...] = ()


_COLUMNS = (
    cases.c.id,
    cases.c.number,
    cases.c.status,
    agencies.c.name,
    cases.c.title,
    cases.c.anonymous,
    cases.c.confidential,
    cases.c.opened_at,
    cases.c.question,
    cases.c.closed_at,
    cases.c.rating,
)


async def by_number(tx: Transaction, number: str) -> Progress | None:
    """One question to the store, whatever the answer is."""
    join = case_numbers.join(cases, cases.c.id == case_numbers.c.case).join(agencies, agencies.c.code == cases.c.owner)
    rows = await tx.all(sa.select(*_COLUMNS).select_from(join).where(case_numbers.c.number == number))
    return Progress(*rows[0]) if rows else None


async def by_link(tx: Transaction, digest: str) -> Progress | None:
    """The same for the digest of a private link."""
    join = links.join(cases, cases.c.id == links.c.case).join(agencies, agencies.c.code == cases.c.owner)
    rows = await tx.all(sa.select(*_COLUMNS).select_from(join).where(links.c.digest == digest))
    return Progress(*rows[0]) if rows else None


async def steps(tx: Transaction, case: UUID) -> list[Step]:
    """The latest, in order."""
    newest = (
        sa.select(events.c.kind, events.c.at, events.c.data)
        .where(events.c.case == case, events.c.kind.not_in(_NOT_SHOWN))
        .order_by(events.c.version.desc())
        .limit(_MOST_MESSAGES)
    )
    return [Step(kind, at, awaited(data)) for kind, at, data in reversed(await tx.all(newest))]


async def conversation(tx: Transaction, case: UUID) -> list[Said]:
    """The latest that was said on it, in order; a page that never ends would serve nobody."""
    m, a, n = messages.c, attachments.c, notices.c
    text = sa.func.substr(sa.func.coalesce(m.shown, m.text), 1, _MOST_LETTERS).label("text")
    newest = (
        sa.select(m.id, m.direction, text, m.at, arrivals.c.channel, arrivals.c.reply_kind)
        .select_from(messages)
        .join(message_cases)
        .outerjoin(arrivals, sa.and_(arrivals.c.journal == m.journal, arrivals.c.seq == m.seq))
        .where(message_cases.c.case == case, m.decision.not_in(_NOT_SHOWN))
        .order_by(m.at.desc(), m.id.desc())
    )
    told = await tx.all(newest.limit(_MOST_MESSAGES))
    derived = attachments.alias("derived")
    join = attachments.outerjoin(blobs, blobs.c.digest == a.blob).outerjoin(
        derived, sa.and_(derived.c.message == a.message, derived.c.derived_from == a.position)
    )
    wanted = sa.select(a.message, a.name, a.type, a.state, blobs.c.size, derived.c.blob, a.latitude, a.longitude).select_from(join)
    which = (a.message.in_([row.id for row in told]), a.derived_from.is_(None))
    files: dict[UUID, list[File]] = {}
    for message, *file in await tx.all(wanted.where(*which).order_by(a.message, a.position)):
        files.setdefault(message, []).append(File(*file))
    sent = sa.select(n.short, n.sent_at, n.channel, n.to_kind).where(n.case == case, n.kind.in_(_TELL), n.sent_at.is_not(None)).order_by(n.sent_at.desc())
    ours = await tx.all(sent.limit(_MOST_MESSAGES))
    # An officer's words go where the citizen was written to first.
    way = (ours[-1].channel, ours[-1].to_kind) if ours else ("", "")
    said = [Said(row.direction == "in", row.text, row.at, *_way(row, way), tuple(files.get(row.id, ()))) for row in told]
    said += [Said(by_citizen=False, text=row.short, at=row.sent_at, channel=row.channel, kind=row.to_kind) for row in ours]
    return sorted(said, key=lambda one: one.at)


def _way(message: sa.Row[*tuple[Any, ...]], ours: tuple[str, str]) -> tuple[str, str]:
    return ours if message.direction == "out" else (message.channel or "", message.reply_kind or "")


async def shown_picture(tx: Transaction, case: UUID, digest: str) -> str | None:
    """Type of a picture of this case that may be shown; None: it has no such picture."""
    a = attachments.c
    join = attachments.join(message_cases, message_cases.c.message == a.message)
    statement = sa.select(a.type).select_from(join).where(message_cases.c.case == case, a.blob == digest, a.derived_from.is_not(None))
    rows = await tx.all(statement)
    return str(rows[0][0]) if rows else None
