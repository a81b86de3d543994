"""What is known of whoever wrote, for decide(): how a message proves that it belongs to a case, and what its writer reported before (law 10)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from channels import DeliveryUpdate, Ignored
from gateway import threads, tracking
from gateway.asked import asked_of
from gateway.case import ARCHIVED, CLOSED, Case
from gateway.conversation import CLAIM, EDIT, REPLY, SECRET, THREAD, Context, Understood
from gateway.journal_file import Entry
from gateway.office import Office
from gateway.reading import Broke
from gateway.store import filing, standing
from gateway.store.engine import Transaction
from gateway.store.people import Person
from normalizer import Address
from normalizer.text import clean

# What an arrival was read as.
Read = Understood | DeliveryUpdate | Ignored | Broke
_Read = TypeVar("_Read")
# Remarks of a door that could not tell for sure who wrote.
_UNCLEAR = frozenset({"several_senders", "sender_unclear", "sender_not_named"})
_WORD = re.compile(r"\w+")
# Nobody says more in one breath that would be the same by chance; fewer letters than this are said again and again.
_GIST_LETTERS = 8


@dataclass(frozen=True, slots=True)
class Message:
    """One of a turn, and who wrote it as far as the wire tells."""

    entry: Entry
    read: Understood
    sender: Address | None


@dataclass(frozen=True, slots=True)
class _Belonging:
    by: str
    case: UUID


async def contexts(tx: Transaction, office: Office, turn: Sequence[Message], met: Mapping[Address, Person], now: datetime) -> dict[int, Context]:
    """By seq. `met`: all senders of the turn."""
    belonging = await _secret(tx, office.key, turn)
    belonging = await _threaded(tx, office.key, turn, met) | await _chatted(tx, turn) | belonging
    own = await standing.newest_of(tx, {met[one.sender].id for one in turn if one.sender and met[one.sender].known})
    named = {one.entry.seq: number for one in turn if (number := _asked_number(office, one.read))}
    numbered = await standing.by_number(tx, set(named.values()))
    theirs = await standing.by_id(tx, {one.case for one in belonging.values()} - {case.id for those in own.values() for case in those})
    cases = theirs | {case.id: case for those in own.values() for case in those}
    gists = {one.entry.seq: made for one in turn if _vouched(one) and one.sender and met[one.sender].known and (made := gist(met[one.sender].id, one.read))}
    said = await standing.said_before(tx, set(gists.values()))
    found = {}
    for one in turn:
        seq, mine = one.entry.seq, own.get(met[one.sender].id, ()) if one.sender else ()
        belongs = belonging.get(seq)
        case = cases[belongs.case] if belongs else None
        again = next((one.id for one in mine if one.id == said.get(gists.get(seq, "")) and not one.ended), None)
        vouched = _vouched(one) or (belongs is not None and belongs.by in {SECRET, THREAD, REPLY})
        by = belongs.by if belongs else ""
        looked_at = {*mine, *((case,) if case else ())}
        lately = frozenset(one.id for one in looked_at if lately_ended(office, one, now))
        found[seq] = Context(now, by, case, mine, vouched, numbered.get(named.get(seq, "")), again, lately)
    return found


def gist(person: UUID, read: Understood) -> str | None:
    """The same for the same words of the same person, however they are spelt; None: too little to tell."""
    said = "".join(_WORD.findall(read.complaint.text.casefold()))
    return hashlib.sha256(f"{person}\0{said}".encode()).hexdigest()[:24] if len(said) >= _GIST_LETTERS else None


def _vouched(one: Message) -> bool:
    return one.entry.arrival.reply_to is not None and one.sender is not None


def lately_ended(office: Office, case: Case, now: datetime) -> bool:
    """Whether a person closed or archived it so lately that its complainant may have it opened again."""
    if case.status not in {CLOSED, ARCHIVED} or case.closed_at is None:
        return False
    return office.calendar.day(now) <= office.calendar.due(case.closed_at, office.reopen_within_working_days).on


def _asked_number(office: Office, read: Understood) -> str:
    """The number that a word names; in a mail, that of our mail which it answers."""
    asked = asked_of(clean(read.report.reply) if read.report.reply else read.complaint.text or read.complaint.title)
    if asked is None:
        return ""
    signed = (number for token in read.report.tokens if (number := threads.number_of(office.key, token)))
    return asked.number or next(signed, "")


async def _secret(tx: Transaction, key: bytes, turn: Sequence[Message]) -> dict[int, _Belonging]:
    """By a private link that they carry, or that their own key makes."""
    carried = {one.entry.seq: tracking.link_digest(link) for one in turn if (link := link_of(key, one.entry, one.read))}
    there = await filing.linked(tx, set(carried.values()))
    return {seq: _Belonging(SECRET, there[digest]) for seq, digest in carried.items() if digest in there}


def link_of(key: bytes, entry: Entry, read: Understood) -> str | None:
    """The private link that a report carries, or that its own key makes."""
    return read.report.link or (tracking.link(key, entry.arrival.channel, entry.arrival.wire_id) if read.report.keyed else None)


async def _threaded(tx: Transaction, key: bytes, turn: Sequence[Message], met: Mapping[Address, Person]) -> dict[int, _Belonging]:
    """By a token of ours that came back: proved if the complainant wrote; else, and by a number in a subject, no more than a claim."""
    named = {one.entry.seq: _named(key, one.read) for one in turn}
    known = await filing.cases_of(tx, {number for signed, written in named.values() for number in (*signed, *written)})
    found = {}
    for one in turn:
        signed, written = named[one.entry.seq]
        writer = met[one.sender].id if one.sender else None
        proved = [known[number] for number in signed if number in known and writer is not None and known[number].correspondent == writer]
        claimed = [known[number] for number in (*signed, *written) if number in known]
        if proved and not _is_in_doubt(one.read):
            found[one.entry.seq] = _Belonging(THREAD, proved[0].case)
        elif claimed:
            found[one.entry.seq] = _Belonging(CLAIM, claimed[0].case)
    return found


async def _chatted(tx: Transaction, turn: Sequence[Message]) -> dict[int, _Belonging]:
    """What answers one of our messages in a chat, or changes an earlier one there. Whose chat it is, the wire vouches for."""
    chats = {one.entry.seq: (one.entry.arrival, one.read.report) for one in turn if one.entry.arrival.reply_to}
    told = await filing.told(tx, {name for _, report in chats.values() for name in report.references})
    first = await filing.opened_by(tx, {report.message_id for _, report in chats.values() if report.message_id and "edited" in report.remarks})
    found = {}
    for seq, (arrival, report) in chats.items():
        ours = (told[name] for name in report.references if name in told)
        case = next((one.case for one in ours if (one.channel, one.to) == (arrival.channel, arrival.reply_to)), None)
        if "edited" in report.remarks and report.message_id in first:
            found[seq] = _Belonging(EDIT if first[report.message_id].opens else REPLY, first[report.message_id].case)
        elif case:
            found[seq] = _Belonging(REPLY, case)
    return found


def _is_in_doubt(read: Understood) -> bool:
    """Whether it may be somebody else who wrote it than it seems."""
    return read.report.automatic == "forged" or not _UNCLEAR.isdisjoint(read.report.remarks)


def _named(key: bytes, read: Understood) -> tuple[list[str], list[str]]:
    """The numbers that it names: signed by us, and merely written."""
    signed = [number for token in read.report.tokens if (number := threads.number_of(key, token))]
    # Only where a wire carries tokens: by SMS and form a number in the words is for whoever reads them.
    written = tracking.numbers_in(read.report.subject or "") if read.report.message_id else []
    return signed, written


def turns(messages: Collection[tuple[Entry, _Read]], key: bytes) -> list[list[tuple[Entry, _Read]]]:
    """At most one message of a writer in each, in their order: the second is understood by what the first one did."""
    made: list[list[tuple[Entry, _Read]]] = []
    said: dict[str, int] = {}
    for entry, read in messages:
        who = _writer(key, entry, read)
        which = said.get(who, 0) if who else 0
        if who:
            said[who] = which + 1
        if which == len(made):
            made.append([])
        made[which].append((entry, read))
    return made


def _writer(key: bytes, entry: Entry, read: object) -> str:
    """Names whoever shares a conversation with others of the same name; empty: nobody does."""
    if isinstance(read, Understood) and (link := link_of(key, entry, read)):
        return link
    sender = entry.arrival.reply_to or (read.complaint.sender if isinstance(read, Understood) else None)
    return f"{sender.kind}:{sender.value}" if sender else ""
