"""What is done and said for a word (asked.py). For whoever reported it; and for a stranger never more than they may know (law 10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from gateway import case as cases
from gateway import notices, threads
from gateway import rows as make
from gateway.admission import Wanted
from gateway.asked import ANONYMOUS, CONFIDENTIAL, HELP, Asked
from gateway.conversation import Understood, decide
from gateway.journal_file import Entry
from gateway.office import Office
from gateway.store import filing as filed
from gateway.store import standing as store
from gateway.store.engine import Transaction
from gateway.store.filing import Rows
from gateway.store.people import Person
from gateway.store.standing import Standing
from normalizer import Address

# Words that change something.
_HIDES = frozenset({ANONYMOUS, CONFIDENTIAL})


async def answers(
    tx: Transaction, office: Office, news: Sequence[tuple[Entry, object, Address | None]], met: Mapping[Address, Person], now: datetime
) -> list[Wanted]:
    """One for each word, to its sender, after what it asks for was done; `met`: all who asked. Raises Clash."""
    asking = [
        (entry, read, sender, _in_its_thread(office, read, asked))
        for entry, read, sender in news
        if sender and isinstance(read, Understood) and (asked := decide(read).asked)
    ]
    if not asking:
        return []
    numbered = await store.by_number(tx, {asked.number for *_, asked in asking if asked.number})
    last = await store.last_of(tx, {met[sender].id for _, _, sender, asked in asking if not asked.number and asked.what != HELP})
    wanted = []
    for entry, read, sender, asked in asking:
        meant, person = numbered.get(asked.number) if asked.number else last.get(met[sender].id), met[sender].id
        if asked.what in _HIDES and meant and meant.correspondent == person:
            await _hide(tx, meant.case, asked.what, now)
        wanted.append(_answer(office, entry, read, sender, asked, meant, person))
    return wanted


async def _hide(tx: Transaction, which: UUID, what: str, now: datetime) -> None:
    case = await filed.case(tx, which)
    changed, event = cases.hide(case, anonymous=what == ANONYMOUS, confidential=what == CONFIDENTIAL, reason=f"rule:word:{what}", at=now)
    await filed.change(tx, changed, case.version)
    await filed.write(tx, Rows(events=[make.event(event)]))


def _in_its_thread(office: Office, read: Understood, asked: Asked) -> Asked:
    """A word in answer to one of our mails is about that mail's report."""
    signed = (number for token in read.report.tokens if (number := threads.number_of(office.key, token)))
    return asked if asked.number or asked.what == HELP else replace(asked, number=next(signed, ""))


def _answer(office: Office, entry: Entry, read: Understood, sender: Address, asked: Asked, meant: Standing | None, person: UUID) -> Wanted:
    words, channel = office.words_for(asked.language or read.complaint.language), entry.arrival.channel
    own = meant is not None and meant.correspondent == person
    if asked.what == HELP:
        texts = notices.help_text(words, office.emergency)
    elif meant is None or (not own and (meant.confidential or asked.what in _HIDES)):
        # The same for a number that is none and for one that is hidden: whoever guesses learns nothing.
        texts = notices.not_found(words, by_number=bool(asked.number))
    elif asked.what in _HIDES:
        texts = notices.hidden(words, meant.number, asked.what)
    else:
        zone = ZoneInfo(office.settings[channel].zone)
        texts = notices.standing(words, meant.number, meant.status, meant.opened_at.astimezone(zone).date() if own else None)
    thread = tuple(filter(None, (read.report.message_id, *read.report.references)))
    mine = (meant.case, meant.number) if meant and own else (None, "")
    return Wanted(notices.ANSWER, mine[0], channel, sender, mine[1], partial(_always, texts), thread=thread)


def _always(texts: notices.Texts, _withheld: int) -> notices.Texts:
    return texts
