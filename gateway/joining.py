"""What words for a case that is there change on it, and what their writer hears (law 9)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from gateway import case as cases
from gateway import notices, questions, rerouting, routing
from gateway import rows as make
from gateway.admission import Wanted, always
from gateway.case import Case, Event
from gateway.context import Message
from gateway.conversation import Decision
from gateway.office import Office
from gateway.store import filing as store
from gateway.store import lookup
from gateway.store.engine import Transaction
from gateway.store.filing import Rows
from gateway.store.people import Person
from normalizer import Complaint, Location, Setting

# Nobody answers a machine, nor who only says that a report is theirs.
_UNREPORTED = frozenset({"unverified", "automatic"})
# What whoever wrote it knows already: they answered one of our messages, or see the page.
_KNOWN_WHERE = frozenset({"rule:signed_thread", "rule:answers_our_message", "rule:private_link", "rule:album", "rule:edited", "rule:own_key"})


@dataclass(frozen=True, slots=True)
class Joined:
    """What came of it."""

    case: Case
    event: Event
    # How the complaint is understood now; None: as before.
    complaint: Complaint | None = None
    # What followed from it: somebody else takes charge.
    also: tuple[Event, ...] = ()


async def join(
    tx: Transaction, office: Office, rows: Rows, journal: str, message: Message, decision: Decision, person: Person | None, now: datetime
) -> list[Wanted]:
    """Words and files for the case of `decision`; rows besides go into `rows` and are written with them. Raises Clash."""
    assert decision.case is not None  # noqa: S101  # whoever decided that it joins knew the case
    case = await store.case(tx, decision.case)
    before = make.understood(await store.latest_complaint(tx, case.id))
    joined = _alarming(_joined(office, case, before, message.read.complaint, decision, now), message.read.complaint, decision)
    if joined.complaint:
        joined = await _routed(tx, office, joined, joined.complaint, now)
    mine = Rows(events=[make.event(event) for event in (joined.event, *joined.also)])
    if joined.complaint:
        version = await store.complaint_versions_of(tx, case.id) + 1
        mine.complaint_versions.append(make.complaint(joined.case, version, joined.complaint, now))
    writer = None if decision.kind == "unverified" else case.correspondent
    make.message(mine, journal, message, decision, case.id, writer, now)
    await store.change(tx, joined.case, case.version)
    await store.write(tx, mine)
    rows.due += mine.due
    alarming = bool(office.emergency) and joined.case.urgent == cases.LIFE > case.urgent
    heard = await _heard(tx, office, joined, joined.complaint or before, message, decision, person, alarming=alarming)
    return [_alarmed(one, office, joined.case, person) for one in heard] if alarming else heard


def _alarming(joined: Joined, said: Complaint, decision: Decision) -> Joined:
    """Who adds that life is in danger is seen first, too, whatever else the words were; nobody else's word makes a report urgent."""
    how = cases.urgent(said)
    if how <= joined.case.urgent or decision.kind in _UNREPORTED:
        return joined
    event = replace(joined.event, data={**joined.event.data, "urgent": how})
    return replace(joined, case=replace(joined.case, urgent=how), event=event)


def _alarmed(one: Wanted, office: Office, case: Case, person: Person | None) -> Wanted:
    words = office.words_for(person.language if person else None)
    return replace(one, say=lambda withheld: notices.alarmed(words, case.number, office.emergency, one.say(withheld)))


async def _routed(tx: Transaction, office: Office, joined: Joined, complaint: Complaint, now: datetime) -> Joined:
    """What is suggested, now that more is known, is kept with its reasons; where suggestions are applied, the owner follows."""
    case, event, also = await rerouting.rerouted(tx, office.desk, joined.case, joined.event, complaint, now)
    return replace(joined, case=case, event=event, also=also)


def _joined(  # noqa: PLR0911  # a table of rules, read from top to bottom
    office: Office, case: Case, before: Complaint, said: Complaint, decision: Decision, now: datetime
) -> Joined:
    reason = decision.reason
    if decision.kind in _UNREPORTED:
        return Joined(*cases.remark(case, decision.kind, reason=reason, at=now))
    if decision.kind == "appeal":
        return Joined(*cases.appeal(case, routing.appeals_to(before, office.desk), at=now))
    if decision.kind == "amendment":
        return _amended(case, before, said, reason, now)
    if reason == "rule:album" and said.text and not before.text:
        # The caption of a chat's album may stand under any of its photos.
        return Joined(*cases.amend(case, said, reason=reason, at=now), said)
    if decision.kind == "answer" and case.question:
        zone = office.settings.get(case.channel, Setting()).zone
        return _supplied(office, case, questions.answered(before, said, case.question, reason, zone), reason, now)
    if decision.kind == "correction":
        return _corrected(office, case, questions.corrected(before, said), reason, now)
    if where := _position(said):
        return _placed(office, case, before, where, said, reason, now)
    return Joined(*cases.remark(case, "repeated" if decision.kind == "repeat" else "added", reason=reason, at=now))


def _amended(case: Case, before: Complaint, said: Complaint, reason: str, now: datetime) -> Joined:
    if case.status == cases.RECEIVED:
        return Joined(*cases.amend(case, said, reason=reason, at=now), said)
    if said.received_at >= before.received_at:
        # What was answered since stays, where the new words say nothing of it.
        said = questions.retold(before, said)
        return Joined(*cases.amend(case, said, reason=reason, at=now), said)
    # Older than what is understood already: kept as words, and only what it hides is taken from it.
    return Joined(*cases.amend(case, replace(said, title=case.title), reason="rule:older_words", at=now))


def _supplied(office: Office, case: Case, complaint: Complaint, reason: str, now: datetime) -> Joined:
    following = questions.first_question(office, complaint, now)
    return Joined(*cases.supply(case, complaint, following=following, reason=reason, at=now), complaint)


def _corrected(office: Office, case: Case, complaint: Complaint, reason: str, now: datetime) -> Joined:
    """A correction may answer what was asked, too."""
    if case.question and case.question not in complaint.missing:
        return _supplied(office, case, complaint, reason, now)
    return Joined(*cases.remark(case, "corrected", reason=reason, at=now), complaint)


def _placed(office: Office, case: Case, before: Complaint, where: Location, said: Complaint, reason: str, now: datetime) -> Joined:
    place = replace(before.place, location=where) if before.place else said.place
    complaint = replace(before, place=place, missing=tuple(item for item in before.missing if item != "where"))
    if case.question == "where":
        return _supplied(office, case, complaint, reason, now)
    return Joined(*cases.place(case, reason=reason, at=now), complaint)


def _position(said: Complaint) -> Location | None:
    return said.place.location if said.place else None


# What goes back


async def _heard(
    tx: Transaction, office: Office, joined: Joined, complaint: Complaint, message: Message, decision: Decision, person: Person | None, *, alarming: bool
) -> list[Wanted]:
    """To whoever wrote, if it is the complainant: the next question, what was understood, or where the words went. `alarming`: they must hear something."""
    case, sender = joined.case, message.sender
    if sender is None or person is None or person.id != case.correspondent or decision.kind in _UNREPORTED:
        return []
    words = office.words_for(person.language or complaint.language)
    if joined.event.kind == "supplied" and case.question:
        kind, say = notices.QUESTION, notices.question(words, case.number, case.question)
    elif not case.question and (joined.event.kind == "supplied" or (joined.event.kind == "corrected" and not complaint.missing)):
        stops = cases.stops((cases.awaited(event.data), event.at) for event in await lookup.case_events(tx, case.id))
        until = office.calendar.due(case.opened_at, office.verification_working_days, stops).on
        kind, say = notices.UNDERSTOOD, notices.understood(words, case.number, complaint, until)
    elif joined.event.kind == "appealed":
        kind, say = notices.ADDED, notices.appealed(words, case.number)
    elif decision.reason in _KNOWN_WHERE and not alarming:
        return []
    else:
        kind, say = notices.ADDED, notices.added(words, case.number, repeated=decision.kind == "repeat")
    report = message.read.report
    thread = tuple(filter(None, (report.message_id, *report.references)))
    return [Wanted(kind, case.id, message.entry.arrival.channel, sender, case.number, always(say), thread=thread)]
