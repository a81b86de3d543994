"""A report becomes a case with a number, an owner, and an acknowledgement that may ask for what is missing (laws 2, 4, 8 and 10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from gateway import admission, notices, questions, routing, tracking
from gateway import case as cases
from gateway import rows as make
from gateway.admission import Wanted, sender_of
from gateway.context import Message, Read
from gateway.conversation import Decision, Understood
from gateway.copies import Known, content_key
from gateway.ids import new_id
from gateway.journal_file import Entry
from gateway.office import Office
from gateway.store import filing as store
from gateway.store.engine import Transaction
from gateway.store.filing import Rows
from gateway.store.people import Person
from normalizer import Address, Complaint, Setting, unread


@dataclass(frozen=True, slots=True)
class Number:
    """A case's."""

    number: str
    # What it was made of: the wire's id, or `id#fingerprint`.
    wire_id: str
    # How many numbers were a stranger's already.
    counter: int


async def numbers_of(tx: Transaction, key: bytes, opening: Sequence[Entry], known: Known) -> dict[int, Number]:
    """Law 4: the number of the door; for other words under a known id, that of `id#fingerprint`; for a stranger's number, the next one."""
    chosen: dict[int, Number] = {}
    seen = dict.fromkeys(known, True)
    left: list[tuple[Entry, str]] = []
    for entry in opening:
        which = (entry.arrival.channel, entry.arrival.wire_id)
        left.append((entry, f"{entry.arrival.wire_id}#{entry.fingerprint}" if seen.get(which) else entry.arrival.wire_id))
        seen[which] = True
    counter = 0
    while left:
        numbers = [(entry, wire_id, _number(key, entry, wire_id, counter)) for entry, wire_id in left]
        gone = await store.taken(tx, [number for _, _, number in numbers]) | {one.number for one in chosen.values()}
        left = []
        for entry, wire_id, number in numbers:
            if number in gone:
                left.append((entry, wire_id))
            else:
                chosen[entry.seq] = Number(number, wire_id, counter)
                gone.add(number)
        counter += 1
    return chosen


def _number(key: bytes, entry: Entry, wire_id: str, counter: int) -> str:
    if counter == 0 and wire_id == entry.arrival.wire_id:
        # What it was answered with, even if the key was changed since.
        return entry.number
    return tracking.number(key, entry.arrival.channel, wire_id, counter)


@dataclass(frozen=True, slots=True)
class Opening:
    """A case that is about to be written."""

    entry: Entry
    read: Read
    decision: Decision
    number: Number
    sender: Address | None
    complaint: Complaint
    case: cases.Case
    event: cases.Event
    wanted: list[Wanted]

    def write(self, rows: Rows, office: Office, journal: str, now: datetime, *, unasked: bool) -> None:
        """Beside the turn's other rows. `unasked`: its acknowledgement does not go out, and nobody waits for an answer to a question that nobody heard."""
        case, event = self.case, self.event
        if unasked and case.question:
            case, event = _case(office, self.entry, self.decision, self.complaint, self.number, case.id, case.correspondent, None, now)
        rows.events.append(make.event(event))
        if self.number.counter:
            # Whoever reads the door's number to us finds a stranger's case: the coordinator must know that this one is there.
            case, taken = cases.remark(case, "number_taken", reason=f"the door's number {self.entry.number} is another case's", at=now)
            rows.events.append(make.event(taken))
        outcome = {"outcome": "parked" if self.decision.kind == "unread" else "case", "reason": self.decision.reason, "case": case.id}
        rows.arrivals.append(make.arrival(self.entry, journal, now, content_key(self.read)) | outcome)
        rows.cases.append(make.case(case))
        rows.case_numbers.append({"number": case.number, "case": case.id})
        link = tracking.link(office.key, self.entry.arrival.channel, self.number.wire_id)
        rows.links.append({"digest": tracking.link_digest(link), "case": case.id})
        rows.complaint_versions.append(make.complaint(case, 1, self.complaint, now))
        if isinstance(self.read, Understood):
            message = Message(self.entry, self.read, self.sender)
            make.message(rows, journal, message, self.decision, case.id, case.correspondent, now)


def opening(office: Office, met: Mapping[Address, Person], entry: Entry, read: Read, decision: Decision, number: Number, now: datetime) -> Opening:
    """A report becomes a case with an owner; what could not be read becomes one too, with everything hidden."""
    sender = sender_of(entry, read, office)
    person, setting = met[sender] if sender else None, office.settings.get(entry.arrival.channel, Setting())
    complaint = read.complaint if isinstance(read, Understood) else unread(entry.arrival.reply_to, entry.arrival.received_at, setting)
    question = questions.first_question(office, complaint, now) if isinstance(read, Understood) and _can_be_asked(read, sender) else None
    case, event = _case(office, entry, decision, complaint, number, new_id(), person.id if person else None, question, now)
    wanted = acknowledged(case, entry, read, office, sender, admission.typed_contact(entry, read, office), person)
    return Opening(entry, read, decision, number, sender, complaint, case, event, wanted)


def _can_be_asked(read: Understood, sender: Address | None) -> bool:
    """Whoever wrote can be written to, or has the report's page."""
    return not read.report.automatic and (sender is not None or (read.report.keyed and read.report.sender is None))


def _case(
    office: Office,
    entry: Entry,
    decision: Decision,
    complaint: Complaint,
    number: Number,
    case_id: UUID,
    person: UUID | None,
    question: cases.Question | None,
    now: datetime,
) -> tuple[cases.Case, cases.Event]:
    return cases.open_case(
        complaint,
        case_id=case_id,
        number=number.number,
        channel=entry.arrival.channel,
        owner=routing.owner_of(complaint, office.desk),
        rules=routing.RULES,
        correspondent=person,
        status=cases.RECEIVED if decision.kind == "unread" else cases.AWAITING_VERIFICATION,
        at=now,
        question=question,
    )


def acknowledged(
    case: cases.Case, entry: Entry, read: Read, office: Office, sender: Address | None, typed: Address | None, person: Person | None
) -> list[Wanted]:
    """The acknowledgement of a new case: to whoever wrote, else to the contact that was given; none to machines."""
    to = sender or typed
    report = read.report if isinstance(read, Understood) else None
    if to is None or (report and report.automatic):
        return []
    channel = entry.arrival.channel if sender else office.carriers[to.kind]
    cut = "mail_cut" in report.remarks if report else False
    words = office.words_for((person.language if person else None) or (read.complaint.language if isinstance(read, Understood) else None))
    # Whoever has a contact that was typed may be a stranger: what is missing is asked on the report's page.
    question = case.question if sender else ""
    emergency = office.emergency if case.urgent == cases.LIFE else ""
    # Whoever can only be reached by a contact that was typed may be a stranger: what it is about is not theirs to know.
    door = routing.door_of(read.complaint) if sender and isinstance(read, Understood) else ""
    say = partial(notices.acknowledgement, words, case.number, office.verification_working_days, question, cut, emergency=emergency, door=door)
    thread = tuple(filter(None, (report.message_id, *report.references))) if report else ()
    # Whoever typed a contact may be a stranger: somebody who stopped us did not ask for this.
    written = sender is not None
    return [Wanted(notices.ACKNOWLEDGEMENT, case.id, channel, to, case.number, say, typed=not written, thread=thread, asked_for=written)]
