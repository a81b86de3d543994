"""What is said to a word (asked.py): how a report stands, and how to speak with us. To whoever asks, and never more than they may know (law 10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from gateway import notices, threads
from gateway.admission import Wanted
from gateway.asked import HELP, Asked
from gateway.conversation import Understood, decide
from gateway.journal_file import Entry
from gateway.office import Office
from gateway.store import standing as store
from gateway.store.engine import Transaction
from gateway.store.people import Person
from gateway.store.standing import Standing
from normalizer import Address


async def answers(tx: Transaction, office: Office, news: Sequence[tuple[Entry, object, Address | None]], met: Mapping[Address, Person]) -> list[Wanted]:
    """One for each word, to its sender; `met`: all who asked."""
    asking = [
        (entry, read, sender, _in_its_thread(office, read, asked))
        for entry, read, sender in news
        if sender and isinstance(read, Understood) and (asked := decide(read).asked)
    ]
    if not asking:
        return []
    numbered = await store.by_number(tx, {asked.number for *_, asked in asking if asked.number})
    last = await store.last_of(tx, {met[sender].id for _, _, sender, asked in asking if not asked.number and asked.what != HELP})
    return [_answer(office, entry, read, sender, asked, _meant(asked, met[sender].id, numbered, last), met[sender].id) for entry, read, sender, asked in asking]


def _in_its_thread(office: Office, read: Understood, asked: Asked) -> Asked:
    """A word in answer to one of our mails is about that mail's report."""
    signed = (number for token in read.report.tokens if (number := threads.number_of(office.key, token)))
    return asked if asked.number or asked.what == HELP else replace(asked, number=next(signed, ""))


def _meant(asked: Asked, person: UUID, numbered: Mapping[str, Standing], last: Mapping[UUID, Standing]) -> Standing | None:
    return numbered.get(asked.number) if asked.number else last.get(person)


def _answer(office: Office, entry: Entry, read: Understood, sender: Address, asked: Asked, meant: Standing | None, person: UUID) -> Wanted:
    words, channel = office.words_for(asked.language or read.complaint.language), entry.arrival.channel
    own = meant is not None and meant.correspondent == person
    if asked.what == HELP:
        texts = notices.help_text(words, office.emergency)
    elif meant is None or (meant.confidential and not own):
        # The same for a number that is none and for one that is hidden: whoever guesses learns nothing.
        texts = notices.not_found(words, by_number=bool(asked.number))
    else:
        zone = ZoneInfo(office.settings[channel].zone)
        texts = notices.standing(words, meant.number, meant.status, meant.opened_at.astimezone(zone).date() if own else None)
    thread = tuple(filter(None, (read.report.message_id, *read.report.references)))
    mine = (meant.case, meant.number) if meant and own else (None, "")
    return Wanted(notices.ANSWER, mine[0], channel, sender, mine[1], partial(_always, texts), thread=thread)


def _always(texts: notices.Texts, _withheld: int) -> notices.Texts:
    return texts
