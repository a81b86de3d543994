"""Rows with a time: files to fetch now, clocks and reminders later. Claimed with a lease like notices."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from gateway.ids import new_id
from gateway.store.engine import Transaction
from gateway.store.tables import arrivals, attachments, blobs, due
from gateway.store.writing import Row, upsert
from normalizer import Location

# What can be shown once it was re-encoded.
PICTURES = frozenset({"image/jpeg", "image/png", "image/webp"})
# A picture made from attachment n stands at n + this: originals are counted from 0, and no message has so many.
_DERIVED = 1000
# Photos that are waiting, of which a node looks for its own; and how long one may wait for whoever has it.
_LOOKED_AT = 100
_FORSAKEN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Fetch:
    """A file to get: attachment `position` of a message."""

    id: UUID
    message: UUID
    position: int
    # What the channel's fetch() takes.
    reference: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo to re-encode: attachment `position` of a message."""

    id: UUID
    message: UUID
    position: int
    # Of the original.
    digest: str
    attempts: int


async def referred(tx: Transaction, digests: Iterable[str]) -> set[str]:
    """Which of these files a message has, or a report that waits to be read."""
    wanted = set(digests)
    found = {row.digest for row in await tx.all(sa.select(blobs.c.digest).where(blobs.c.digest.in_(list(wanted))))}
    # What could not be read yet has no message; its bytes name its files.
    for (raw,) in await tx.all(sa.select(arrivals.c.raw).where(arrivals.c.outcome == "parked")) if wanted - found else ():
        found |= {digest for digest in wanted - found if raw and digest.encode() in raw}
    return found


async def overdue(tx: Transaction, since: datetime) -> int:
    """How many could have been worked on since then, and wait."""
    [(count,)] = await tx.all(sa.select(sa.func.count()).where(due.c.state == "waiting", due.c.due_at < since))
    return int(count)


def row(kind: str, channel: str, data: Row, at: datetime) -> Row:
    """Something to do at that time."""
    empty = {"attempts": 0, "state": "waiting", "reason": "", "leased_by": None, "leased_until": None}
    return {"id": new_id(), "kind": kind, "channel": channel, "data": data, "due_at": at, **empty}


def photo_row(channel: str, message: UUID, position: int, digest: str, at: datetime) -> Row:
    """A photo to re-encode."""
    return row("picture", channel, {"message": str(message), "position": position, "digest": digest}, at)


async def claim_fetches(tx: Transaction, channel: str, worker: str, now: datetime, until: datetime, limit: int) -> list[Fetch]:
    """The next that are due and nobody's."""
    rows = await _claim(tx, (due.c.kind == "fetch", due.c.channel == channel), worker, now, until, limit)
    return [Fetch(id_, UUID(data["message"]), data["position"], data["reference"], attempts) for id_, data, attempts in rows]


async def claim_photos(tx: Transaction, worker: str, now: datetime, until: datetime, limit: int, here: Callable[[str], bool]) -> list[Photo]:
    """The same for photos, whichever channel they came by, whose files are `here` (by digest): another node's are on its own disk, and its own to draw.

    What nobody had for a day is anybody's, so that it is written down why it is not shown.
    """
    d = due.c
    photos = (d.kind == "picture", d.state == "waiting", d.due_at <= now)
    # Any of them, not the oldest: those may all be another's.
    some = await tx.all(sa.select(d.id, d.data, d.due_at).where(*photos).order_by(sa.func.random()).limit(_LOOKED_AT))
    mine = [id_ for id_, data, due_at in some if due_at < now - _FORSAKEN or here(data["digest"])]
    rows = await _claim(tx, (d.id.in_(mine),), worker, now, until, limit) if mine else []
    return [Photo(id_, UUID(data["message"]), data["position"], data["digest"], attempts) for id_, data, attempts in rows]


async def _claim(
    tx: Transaction, which: tuple[sa.ColumnElement[bool], ...], worker: str, now: datetime, until: datetime, limit: int
) -> list[sa.Row[*tuple[Any, ...]]]:
    d = due.c
    free = sa.or_(d.leased_until.is_(None), d.leased_until <= now)
    ready = sa.select(d.id).where(*which, d.state == "waiting", d.due_at <= now, free).order_by(d.due_at).limit(limit)
    statement = (
        due.update()
        .where(d.id.in_(ready.with_for_update(skip_locked=True).scalar_subquery()))
        .values(leased_by=worker, leased_until=until)
        .returning(d.id, d.data, d.attempts)
    )
    return await tx.all(statement)


async def kept(tx: Transaction, fetch: Fetch, digest: str, size: int, type_: str, channel: str, now: datetime) -> None:
    """It is here; if it is a photo, it can be made fit to be shown."""
    await upsert(tx, blobs, [{"digest": digest, "size": size, "place": "folder"}], keys=("digest",))
    await tx.run(_attachment(fetch).values(blob=digest, type=type_, state="kept", reason=""))
    if type_ in PICTURES:
        await tx.run(due.insert(), [photo_row(channel, fetch.message, fetch.position, digest, now)])
    await _end(tx, fetch, "done", "")


async def made(tx: Transaction, photo: Photo, digest: str, size: int, type_: str, position: Location | None) -> None:
    """There is a picture that may be shown; the original knows where it was taken."""
    await upsert(tx, blobs, [{"digest": digest, "size": size, "place": "folder"}], keys=("digest",))
    a = attachments.c
    original = (await tx.all(sa.select(a.name).where(a.message == photo.message, a.position == photo.position)))[0]
    derived: Row = {"message": photo.message, "position": photo.position + _DERIVED, "name": original.name, "type": type_, "blob": digest, "reference": None}
    derived |= {"state": "kept", "reason": "", "derived_from": photo.position, "latitude": None, "longitude": None}
    await upsert(tx, attachments, [derived], keys=("message", "position"))
    if position:
        await tx.run(_attachment(photo).values(latitude=position.latitude, longitude=position.longitude))
    await _end(tx, photo, "done", "")


async def unfit(tx: Transaction, photo: Photo, reason: str) -> None:
    """It is no picture, whatever it says; it stays as it came and is not shown."""
    await tx.run(_attachment(photo).values(reason=reason))
    await _end(tx, photo, "done", reason)


async def lost(tx: Transaction, fetch: Fetch, reason: str) -> None:
    """It never will be; the case says why."""
    await tx.run(_attachment(fetch).values(state="lost", reason=reason))
    await _end(tx, fetch, "parked", reason)


async def again(tx: Transaction, fetch: Fetch | Photo, due_at: datetime, reason: str) -> None:
    """Later."""
    values = {"due_at": due_at, "reason": reason, "attempts": due.c.attempts + 1, "leased_by": None, "leased_until": None}
    await tx.run(due.update().where(due.c.id == fetch.id).values(**values))


async def _end(tx: Transaction, fetch: Fetch | Photo, state: str, reason: str) -> None:
    values = {"state": state, "reason": reason, "attempts": due.c.attempts + 1, "leased_by": None, "leased_until": None}
    await tx.run(due.update().where(due.c.id == fetch.id).values(**values))


def _attachment(fetch: Fetch | Photo) -> sa.Update:
    return attachments.update().where(attachments.c.message == fetch.message, attachments.c.position == fetch.position)
