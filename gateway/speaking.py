"""An officer's words to the citizen, in the citizen's own channel: on the case, on its page, and by the one way back (law 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from channels.pages import PRIVATE_PATH, TRACK_PATH
from gateway import case as cases
from gateway import notices, routing, tracking
from gateway import rows as make
from gateway.admission import Wanted, notice
from gateway.case import ArchiveReason
from gateway.ids import new_id
from gateway.office import Office
from gateway.store import filing as store
from gateway.store import lookup, people, standing
from gateway.store.engine import Transaction
from gateway.store.filing import Rows
from gateway.store.standing import Reached
from gateway.store.writing import Row
from normalizer import Address, Complaint
from normalizer.text import clean


class NoSuchCase(Exception):
    """No report has this number."""


class NothingSaid(Exception):
    """There is nothing in it that could be read."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What became of it."""

    number: str
    # The channel that it goes out by; empty: nobody can be written to, and it is read on the report's page.
    channel: str


async def speak(
    tx: Transaction,
    office: Office,
    number: str,
    text: str,
    by: str,
    public_urls: Sequence[str],
    now: datetime,
    *,
    close: bool = False,
    archive: ArchiveReason | None = None,
) -> Spoken:
    """Say it. `by`: who says it, for the history. `close`: with it the report is done; `archive`: the reason for which nobody works on it.

    Raises NoSuchCase, NothingSaid, Clash (it was changed meanwhile).
    """
    said = clean(text)
    if not said:
        raise NothingSaid
    found = await lookup.case_of(tx, number)
    if found is None:
        raise NoSuchCase
    case = await store.case(tx, found)
    changed, event = cases.remark(case, "answered", reason="person", at=now, actor=by)
    rows = Rows(events=[make.event(event)])
    if close:
        changed, event = cases.close(changed, reason="person", at=now, actor=by)
        rows.events.append(make.event(event))
    if archive:
        changed, event = cases.archive(changed, reason=archive, at=now, actor=by)
        rows.events.append(make.event(event))
    message = {"id": new_id(), "journal": None, "seq": None, "correspondent": None, "direction": "out", "text": said, "shown": None}
    message |= {"wire_name": None, "gist": None}
    rows.messages.append(message | {"decision": "spoken", "reason": f"person:{by}", "at": now})
    rows.message_cases.append({"message": message["id"], "case": case.id})
    reached = await standing.reached(tx, case.id)
    if reached is not None:
        rows.notices.append(await _notice(tx, office, changed, said, archive, reached, public_urls, now))
    await store.change(tx, changed, case.version)
    await store.write(tx, rows)
    return Spoken(case.number, reached.channel if reached else "")


async def _notice(
    tx: Transaction, office: Office, case: cases.Case, said: str, archive: ArchiveReason | None, to: Reached, public_urls: Sequence[str], now: datetime
) -> Row:
    complaint = make.understood(await store.latest_complaint(tx, case.id))
    language, stopped = await people.chosen(tx, case.correspondent) if case.correspondent else (None, False)
    words = office.words_for(language or complaint.language)
    base = public_urls[0].rstrip("/") if public_urls else ""
    if case.correspondent is None:
        # A contact that was typed into a form may be a stranger's: only whoever has the report's page may read what is said (law 10).
        texts = notices.pointer(words, case.number, base + TRACK_PATH)
    else:
        link = await standing.link_of(tx, office.key, case.id)
        page = f"{base}{PRIVATE_PATH}/{link}" if link else base + TRACK_PATH
        if archive:
            texts = notices.archived(words, case.number, archive, said, page, door=_door(complaint, archive))
        else:
            texts = notices.spoken(words, case.number, said, page, closed=case.status == cases.CLOSED)
    one = Wanted(notices.SPOKEN, case.id, to.channel, Address(to.kind, to.value), case.number, lambda _: texts, thread=tuple(to.thread))
    return notice(office, one, texts, "stopped" if stopped else "", now)


def _door(complaint: Complaint, reason: ArchiveReason) -> str:
    """Which door is told by its name: the one that the words point at, where the reason itself names none."""
    return routing.door_of(complaint) if reason is ArchiveReason.OUT_OF_SCOPE else ""


def known(number: str) -> str:
    """As we write it. Raises NoSuchCase for what cannot be one."""
    parsed = tracking.parse(number)
    if parsed is None:
        raise NoSuchCase
    return parsed
