"""Which case a report belongs to, by what it carries, and what it changes there. What proves it is a secret of ours, and for a mail also who wrote (law 10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from gateway import case as cases
from gateway import rows as make
from gateway import threads, tracking
from gateway.conversation import CLAIM, EDIT, REPLY, SECRET, THREAD, Decision, Understood, decide
from gateway.journal_file import Entry
from gateway.store import filing as store
from gateway.store.engine import Transaction
from gateway.store.filing import Rows
from gateway.store.writing import Row
from normalizer import Complaint, Location

# Remarks of a door that could not tell for sure who wrote.
_UNCLEAR = frozenset({"several_senders", "sender_unclear", "sender_not_named"})


@dataclass(frozen=True, slots=True)
class Belonging:
    """A report belongs to a case."""

    # SECRET | THREAD | REPLY | EDIT | CLAIM
    by: str
    # How the case is found: by the digest of its private link (it may be opened in the same batch), or known already.
    digest: str = ""
    case: UUID | None = None


async def belongings(tx: Transaction, key: bytes, news: Sequence[tuple[Entry, object]]) -> dict[int, Belonging]:
    """By seq. The first of several under a new key opens the case. A word to us belongs to none, also in a thread."""
    news = [(entry, read) for entry, read in news if not (isinstance(read, Understood) and decide(read).kind == "word")]
    carried = {entry.seq: tracking.link_digest(link) for entry, read in news if (link := _link_of(key, entry, read))}
    there = set(await store.linked(tx, set(carried.values())))
    threaded = await _threaded(tx, key, news) | await _chatted(tx, news)
    found = {}
    for entry, read in news:
        digest = carried.get(entry.seq)
        if digest in there:
            found[entry.seq] = Belonging(SECRET, digest=digest)
        elif entry.seq in threaded:
            found[entry.seq] = threaded[entry.seq]
        elif isinstance(read, Understood):
            there.add(tracking.link_digest(tracking.link(key, entry.arrival.channel, entry.arrival.wire_id)))
    return found


async def join(tx: Transaction, journal: str, entry: Entry, read: Understood, belonging: Belonging, now: datetime) -> list[Row]:
    """Words and files for a case that is there; what is to be done about them."""
    case_id, decision = await case_of(tx, belonging), decide(read, by=belonging.by)
    arrival = make.arrival(entry, journal, now, read.report.content_key)
    rows = Rows(arrivals=[arrival | {"outcome": "message", "reason": decision.reason, "case": case_id}])
    await add(tx, rows, journal, entry, read, belonging, case_id, now)
    return rows.due


async def case_of(tx: Transaction, belonging: Belonging) -> UUID:
    """Which case it is."""
    return belonging.case or (await store.linked(tx, [belonging.digest]))[belonging.digest]


async def add(tx: Transaction, rows: Rows, journal: str, entry: Entry, read: Understood, belonging: Belonging, case_id: UUID, now: datetime) -> None:
    """The words and files, and what they change, beside what stands in `rows` already."""
    case, decision = await store.case(tx, case_id), decide(read, by=belonging.by)
    changed, event, complaint = await _taken_in(tx, case, read.complaint, decision, now)
    if complaint:
        rows.complaint_versions.append(make.complaint(case, await store.complaint_versions_of(tx, case_id) + 1, complaint, now))
    rows.events.append(make.event(event))
    person = None if belonging.by == CLAIM else case.correspondent
    make.message(rows, journal, entry, read, decision, case_id, person, now)
    await store.change(tx, changed, case.version)
    await store.write(tx, rows)


def _link_of(key: bytes, entry: Entry, read: object) -> str | None:
    """The private link that a report carries, or that its own key makes."""
    if not isinstance(read, Understood):
        return None
    return read.report.link or (tracking.link(key, entry.arrival.channel, entry.arrival.wire_id) if read.report.keyed else None)


async def _threaded(tx: Transaction, key: bytes, news: Sequence[tuple[Entry, object]]) -> dict[int, Belonging]:
    """By a token of ours that came back: proved if the complainant wrote; else, and by a number in a subject, no more than a claim."""
    named = {entry.seq: _named(key, read) for entry, read in news if isinstance(read, Understood)}
    numbers = {number for signed, written in named.values() for number in (*signed, *written)}
    known = await store.cases_of(tx, numbers)
    senders = {read.complaint.sender for _, read in news if isinstance(read, Understood) and read.complaint.sender}
    people = await store.correspondents_of(tx, senders) if known else {}
    found = {}
    for entry, read in news:
        if not isinstance(read, Understood):
            continue
        signed, written = named[entry.seq]
        writer = people.get(read.complaint.sender) if read.complaint.sender else None
        proved = [known[number] for number in signed if number in known and writer is not None and known[number].correspondent == writer]
        claimed = [known[number] for number in (*signed, *written) if number in known]
        if proved and not _is_in_doubt(read):
            found[entry.seq] = Belonging(THREAD, case=proved[0].case)
        elif claimed:
            found[entry.seq] = Belonging(CLAIM, case=claimed[0].case)
    return found


async def _chatted(tx: Transaction, news: Sequence[tuple[Entry, object]]) -> dict[int, Belonging]:
    """What answers one of our messages in a chat, or changes an earlier one there. Whose chat it is, the wire vouches for."""
    chats = {entry.seq: (entry.arrival, read.report) for entry, read in news if isinstance(read, Understood) and entry.arrival.reply_to}
    told = await store.told(tx, {name for _, report in chats.values() for name in report.references})
    first = await store.opened_by(tx, {report.message_id for _, report in chats.values() if report.message_id and "edited" in report.remarks})
    found = {}
    for seq, (arrival, report) in chats.items():
        ours = (told[name] for name in report.references if name in told)
        case = next((one.case for one in ours if (one.channel, one.to) == (arrival.channel, arrival.reply_to)), None)
        if "edited" in report.remarks and report.message_id in first:
            found[seq] = Belonging(EDIT if first[report.message_id].opens else REPLY, case=first[report.message_id].case)
        elif case:
            found[seq] = Belonging(REPLY, case=case)
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


async def _taken_in(tx: Transaction, case: cases.Case, said: Complaint, decision: Decision, now: datetime) -> tuple[cases.Case, cases.Event, Complaint | None]:
    """What words for a case change: the case, the event, and how the complaint is understood now (None: as before)."""
    if decision.kind in {"unverified", "automatic"}:
        return *cases.remark(case, decision.kind, reason=decision.reason, at=now), None
    before = make.understood(await store.latest_complaint(tx, case.id))
    unread_so_far = case.status == cases.RECEIVED
    if decision.reason == "rule:album" and said.text and not before.text:
        # The caption of a chat's album may stand under any of its photos.
        return *cases.amend(case, said, reason=decision.reason, at=now), said
    if decision.kind == "amendment" and (unread_so_far or said.received_at >= before.received_at):
        return *cases.amend(case, said, reason=decision.reason, at=now), said
    if decision.kind == "amendment":
        # Older than what is understood already: kept as words, and only what it hides is taken from it.
        return *cases.amend(case, replace(said, title=case.title), reason="rule:older_words", at=now), None
    if where := _given_place(said):
        place = replace(before.place, location=where) if before.place else said.place
        missing = tuple(question for question in before.missing if question != "where")
        return *cases.place(case, reason=decision.reason, at=now), replace(before, place=place, missing=missing)
    return *cases.remark(case, "added", reason=decision.reason, at=now), None


def _given_place(complaint: Complaint) -> Location | None:
    return complaint.place.location if complaint.place else None
