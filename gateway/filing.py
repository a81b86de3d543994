"""From what was read to what the store keeps, in one transaction: arrival, case, events, message, notices (law 7).

A batch is filed turn by turn: of each writer one message in each, so that the second is understood by what the first one did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from channels import MESSAGE, DeliveryUpdate, Ignored
from gateway import admission, answering, canary, notices, questions, routing, tracking
from gateway import case as cases
from gateway import rows as make
from gateway.admission import Wanted
from gateway.allowance import Allowance
from gateway.context import Message, contexts, turns
from gateway.conversation import MACHINES, NOBODY, Context, Decision, Understood, decide
from gateway.ids import new_id
from gateway.joining import join
from gateway.journal_file import Entry
from gateway.office import Office
from gateway.reading import Broke
from gateway.store import filing as store
from gateway.store import outgoing, people
from gateway.store.engine import Transaction
from gateway.store.filing import Rows, Said
from gateway.store.people import Person
from gateway.store.writing import Row
from normalizer import Address, Complaint, Setting, unread

Read = Understood | DeliveryUpdate | Ignored | Broke


@dataclass(slots=True)
class Filed:
    """What became of a batch, for counters and bells."""

    rows: Rows = field(default_factory=Rows)
    updates: list[DeliveryUpdate] = field(default_factory=list)
    # Notices over a cap, by the reason.
    withheld: Counter[str] = field(default_factory=Counter)
    # Marks of our own trial reports.
    canaries: list[str] = field(default_factory=list)

    def add(self, rows: Rows) -> None:
        """What a turn wrote."""
        self.rows.notices += rows.notices
        self.rows.due += rows.due
        self.withheld += Counter(str(row["reason"]) for row in rows.notices if row["state"] == "withheld")


async def file(tx: Transaction, office: Office, journal: str, batch: Sequence[tuple[Entry, Read]], now: datetime) -> Filed:
    """File a batch. Raises what the store raises; then nothing was filed."""
    known = await _known(tx, batch)
    filed, copies = Filed(), Rows()
    news = [(entry, read) for entry, read in batch if not _repeat(entry, known, copies, journal, now)]
    news, filed.canaries = _without_canaries(news, office.key, copies, journal, now)
    news, twins, late = await _without_copies(tx, news, copies, journal, now)
    senders = {sender for entry, read in (*news, *late.values()) if (sender := sender_of(entry, read, office))}
    typed = {contact for entry, read in news if (contact := admission.typed_contact(entry, read, office))}
    met = await people.meet(tx, admission.counted(senders | typed), now)
    spent: dict[Address, Allowance] = {}
    wanted = await _late(tx, late, office, met)
    for turn in turns(news, office.key):
        one = _Turn(tx, office, journal, now, met, known)
        await one.file(turn, wanted)
        filed.add(one.rows)
        filed.updates += one.updates
        spent |= one.spent
        wanted = []
    if wanted:
        told, spent = await admission.admit(tx, office, wanted, met, now)
        copies.notices += told
    await people.remember(tx, spent, senders)
    first = await store.said_elsewhere(tx, {key for _, key in twins})
    copies.arrivals += [_copy(entry, journal, first[key].case, now) for entry, key in twins]
    await store.write(tx, copies)
    filed.add(copies)
    return filed


_Known = dict[tuple[str, str], list[Said]]


async def _known(tx: Transaction, batch: Sequence[tuple[Entry, Read]]) -> _Known:
    ids: dict[str, set[str]] = {}
    for entry, _ in batch:
        ids.setdefault(entry.arrival.channel, set()).add(entry.arrival.wire_id)
    return {(channel, wire_id): found for channel, wire_ids in ids.items() for wire_id, found in (await store.said(tx, channel, wire_ids)).items()}


def _repeat(entry: Entry, known: _Known, rows: Rows, journal: str, now: datetime) -> bool:
    """Law 5: the same id and the same words again. A row that points at the first (by the same key), without its bytes."""
    for said in known.get((entry.arrival.channel, entry.arrival.wire_id), []):
        if said.fingerprint == entry.fingerprint:
            repeat = {"outcome": "duplicate", "reason": "the same delivery again", "case": said.case, "raw": None}
            rows.arrivals.append(make.arrival(entry, journal, now) | repeat)
            return True
    return False


def _without_canaries(news: Sequence[tuple[Entry, Read]], key: bytes, rows: Rows, journal: str, now: datetime) -> tuple[list[tuple[Entry, Read]], list[str]]:
    """Our own trial reports came all the way, and go no further: a row each, and nothing else."""
    left, marks = [], []
    for entry, read in news:
        if isinstance(read, Understood) and canary.is_trial(key, entry.arrival.channel, read.report):
            rows.arrivals.append(make.arrival(entry, journal, now) | {"outcome": "canary", "reason": "a trial of our own"})
            marks.append(read.report.text.strip())
        else:
            left.append((entry, read))
    return left, marks


def _content_key(read: Read) -> str | None:
    return read.report.content_key if isinstance(read, Understood) else None


async def _without_copies(
    tx: Transaction, news: Sequence[tuple[Entry, Read]], rows: Rows, journal: str, now: datetime
) -> tuple[list[tuple[Entry, Read]], list[tuple[Entry, str]], dict[UUID, tuple[Entry, Read]]]:
    """The same mail by another way (SMTP and IMAP, a mailbox that was moved) is a row and no second case.

    Given back: what is left, twins of what is left, and what may be answered, by the case that a copy of it has opened before.
    """
    there = await store.said_elsewhere(tx, {key for _, read in news if (key := _content_key(read))})
    left: list[tuple[Entry, Read]] = []
    twins: list[tuple[Entry, str]] = []
    late: dict[UUID, tuple[Entry, Read]] = {}
    seen: dict[str, int] = {}
    for entry, read in news:
        key = _content_key(read)
        if key in there:
            first = there[key]
            rows.arrivals.append(_copy(entry, journal, first.case, now))
            if first.case and first.opened and _may_be_answered(read):
                late.setdefault(first.case, (entry, read))
        elif key in seen:
            other, said = left[seen[key]]
            if _may_be_answered(read) and not _may_be_answered(said):
                # A list's copy must not stand for the one that was sent to us.
                left[seen[key]] = (entry, read)
                twins.append((other, key))
            else:
                twins.append((entry, key))
        else:
            if key:
                seen[key] = len(left)
            left.append((entry, read))
    return left, twins, late


def _may_be_answered(read: Read) -> bool:
    return isinstance(read, Understood) and not read.report.automatic


async def _late(tx: Transaction, late: Mapping[UUID, tuple[Entry, Read]], office: Office, met: Mapping[Address, people.Person]) -> list[Wanted]:
    """The acknowledgement of a case that was opened by a copy which nobody could be answered for (a list's, a stranger's who passed it on)."""
    wanted: list[Wanted] = []
    for case_id in sorted(late.keys() - await store.acknowledged(tx, late)):
        entry, read = late[case_id]
        sender, case = sender_of(entry, read, office), await store.case(tx, case_id)
        if sender and case.correspondent == met[sender].id:
            wanted += acknowledged(case, entry, read, office, sender, None, met[sender])
    return wanted


def _copy(entry: Entry, journal: str, case: UUID | None, now: datetime) -> Row:
    """Points at the first one's case, without its bytes."""
    return make.arrival(entry, journal, now) | {"outcome": "duplicate", "reason": "the same words by another way", "case": case, "raw": None}


def sender_of(entry: Entry, read: Read, office: Office) -> Address | None:
    """Who wrote: whom the wire vouches for, else (mail) whom the report names; nobody if this channel cannot reach them, or if somebody else wrote that."""
    if not isinstance(read, Understood):
        named = None if isinstance(read, DeliveryUpdate | Ignored) or entry.arrival.kind != MESSAGE else entry.arrival.reply_to
    elif read.report.automatic == "forged" or read.report.automatic in MACHINES:
        named = None
    else:
        named = entry.arrival.reply_to or read.complaint.sender
    return named if named and named.kind in office.reaches.get(entry.arrival.channel, frozenset()) else None


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


@dataclass(slots=True)
class _Turn:
    """At most one message of each writer."""

    tx: Transaction
    office: Office
    journal: str
    now: datetime
    # Everybody who wrote; what they want of us may change with a turn.
    met: dict[Address, Person]
    known: _Known
    rows: Rows = field(default_factory=Rows)
    updates: list[DeliveryUpdate] = field(default_factory=list)
    spent: dict[Address, Allowance] = field(default_factory=dict)

    async def file(self, turn: Sequence[tuple[Entry, Read]], wanted: Sequence[Wanted]) -> None:
        """`wanted`: what else is to be said now."""
        messages = {entry.seq: Message(entry, read, sender_of(entry, read, self.office)) for entry, read in turn if isinstance(read, Understood)}
        known = await contexts(self.tx, self.office, list(messages.values()), self.met, self.now)
        decided = {entry.seq: _decided(entry, read, known.get(entry.seq, NOBODY)) for entry, read in turn}
        await self._open([(entry, read) for entry, read in turn if decided[entry.seq].kind in _OPENS], decided, wanted)
        rest = [(entry, read, decided[entry.seq]) for entry, read in turn if decided[entry.seq].kind not in _OPENS]
        await store.write(self.tx, Rows(arrivals=[await self._arrival(*one, known.get(one[0].seq, NOBODY)) for one in rest]))
        heard: list[Wanted] = []
        for entry, _, decision in rest:
            if message := messages.get(entry.seq):
                heard += await self._settle(message, decision, known[entry.seq])
        later = Rows(notices=await self._admitted(heard))
        await store.write(self.tx, later)
        self.rows.notices += later.notices
        self.known.update({(entry.arrival.channel, entry.arrival.wire_id): [] for entry, _ in turn})
        self._have_written(turn)

    async def _open(self, opening: Sequence[tuple[Entry, Read]], decided: Mapping[int, Decision], wanted: Sequence[Wanted]) -> None:
        """New cases, all at once; what they lack is asked for by the acknowledgement, if there is one that goes out."""
        numbers = await _numbers(self.tx, self.office.key, [entry for entry, _ in opening], self.known)
        made = [_opened(self, entry, read, decided[entry.seq], numbers[entry.seq]) for entry, read in opening]
        self.rows.notices += await self._admitted([*wanted, *(one for new in made for one in new.wanted)])
        unsaid = {row["case"] for row in self.rows.notices if row["state"] == "withheld"}
        for new in made:
            new.write(self, unasked=new.case.id in unsaid)
        await store.write(self.tx, self.rows)

    async def _arrival(self, entry: Entry, read: Read, decision: Decision, context: Context) -> Row:
        """What opens no case: words on one, a word to us, a delivery report, something to ignore, or nobody's message that cannot be read."""
        outcome, reason = _OUTCOMES.get(decision.kind, "message"), decision.reason
        if isinstance(read, DeliveryUpdate):
            self.updates.append(read)
            if not await outgoing.update(self.tx, read, self.now):
                reason = "not one of our notices" if read.to is None else "nobody whom we know"
        # So that `trace` of a report shows its complainant's words to us, too; a stranger's are nothing of that report's.
        case = decision.case if outcome == "message" or (outcome == "word" and context.is_own(decision.case)) else None
        return make.arrival(entry, self.journal, self.now, _content_key(read)) | {"outcome": outcome, "reason": reason, "case": case}

    async def _settle(self, message: Message, decision: Decision, context: Context) -> list[Wanted]:
        person = self.met[message.sender] if message.sender else None
        if decision.kind not in _OUTCOMES:
            return await join(self.tx, self.office, self.rows, self.journal, message, decision, person, self.now)
        if decision.kind == "ignored":
            return []
        rows = Rows()
        make.message(rows, self.journal, message, decision, decision.case if decision.kind == "noise" else None, person.id if person else None, self.now)
        await store.write(self.tx, rows)
        if decision.kind != "word":
            return []
        told = await answering.answer(self.tx, self.office, message, decision, context, person, self.now)
        if message.sender and told.person:
            self.met[message.sender] = told.person
        return told.wanted

    async def _admitted(self, wanted: Sequence[Wanted]) -> list[Row]:
        if not wanted:
            return []
        rows, touched = await admission.admit(self.tx, self.office, wanted, self.met, self.now)
        self.spent |= touched
        self.met |= {box: replace(self.met[box], allowance=allowance) for box, allowance in touched.items()}
        return rows

    def _have_written(self, turn: Iterable[tuple[Entry, Read]]) -> None:
        for sender in {sender_of(entry, read, self.office) for entry, read in turn} - {None}:
            assert sender is not None  # noqa: S101  # just taken out
            self.met[sender] = replace(self.met[sender], known=True)


_OPENS = frozenset({"new_case", "unread"})
_OUTCOMES = {"delivery": "delivery", "ignored": "ignored", "parked": "parked", "word": "word", "noise": "word"}


def _decided(entry: Entry, read: Read, context: Context) -> Decision:
    """Law 2: what a person wrote becomes a numbered case even if it cannot be read."""
    if isinstance(read, Broke):
        return Decision("unread" if entry.arrival.kind == MESSAGE else "parked", read.reason)
    return decide(read, context)


@dataclass(frozen=True, slots=True)
class _Number:
    number: str
    # What it was made of: the wire's id, or `id#fingerprint`.
    wire_id: str
    # How many numbers were a stranger's already.
    counter: int


async def _numbers(tx: Transaction, key: bytes, opening: Sequence[Entry], known: _Known) -> dict[int, _Number]:
    """Law 4: the number of the door; for other words under a known id, that of `id#fingerprint`; for a stranger's number, the next one."""
    chosen: dict[int, _Number] = {}
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
                chosen[entry.seq] = _Number(number, wire_id, counter)
                gone.add(number)
        counter += 1
    return chosen


def _number(key: bytes, entry: Entry, wire_id: str, counter: int) -> str:
    if counter == 0 and wire_id == entry.arrival.wire_id:
        # What it was answered with, even if the key was changed since.
        return entry.number
    return tracking.number(key, entry.arrival.channel, wire_id, counter)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A case that is about to be written."""

    entry: Entry
    read: Read
    decision: Decision
    number: _Number
    complaint: Complaint
    case: cases.Case
    event: cases.Event
    wanted: list[Wanted]
    sender: Address | None

    def write(self, turn: _Turn, *, unasked: bool) -> None:
        """Beside the turn's other rows. `unasked`: its acknowledgement does not go out, and nobody waits for an answer to a question that nobody heard."""
        case, event, now = self.case, self.event, turn.now
        if unasked and case.question:
            case, event = _case(turn, self.entry, self.decision, self.complaint, self.number, case.id, case.correspondent, None)
        turn.rows.events.append(make.event(event))
        if self.number.counter:
            # Whoever reads the door's number to us finds a stranger's case: the coordinator must know that this one is there.
            case, taken = cases.remark(case, "number_taken", reason=f"the door's number {self.entry.number} is another case's", at=now)
            turn.rows.events.append(make.event(taken))
        outcome = {"outcome": "parked" if self.decision.kind == "unread" else "case", "reason": self.decision.reason, "case": case.id}
        turn.rows.arrivals.append(make.arrival(self.entry, turn.journal, now, _content_key(self.read)) | outcome)
        turn.rows.cases.append(make.case(case))
        turn.rows.case_numbers.append({"number": case.number, "case": case.id})
        link = tracking.link(turn.office.key, self.entry.arrival.channel, self.number.wire_id)
        turn.rows.links.append({"digest": tracking.link_digest(link), "case": case.id})
        turn.rows.complaint_versions.append(make.complaint(case, 1, self.complaint, now))
        if isinstance(self.read, Understood):
            message = Message(self.entry, self.read, self.sender)
            make.message(turn.rows, turn.journal, message, self.decision, case.id, case.correspondent, now)


def _opened(turn: _Turn, entry: Entry, read: Read, decision: Decision, number: _Number) -> _Opened:
    """A report becomes a case with an owner; what could not be read becomes one too, with everything hidden (laws 2, 8 and 10)."""
    office, sender = turn.office, sender_of(entry, read, turn.office)
    person, setting = turn.met[sender] if sender else None, office.settings.get(entry.arrival.channel, Setting())
    complaint = read.complaint if isinstance(read, Understood) else unread(entry.arrival.reply_to, entry.arrival.received_at, setting)
    question = questions.first_question(office, complaint, turn.now) if isinstance(read, Understood) and _can_be_asked(read, sender) else None
    case, event = _case(turn, entry, decision, complaint, number, new_id(), person.id if person else None, question)
    typed = admission.typed_contact(entry, read, office)
    return _Opened(entry, read, decision, number, complaint, case, event, acknowledged(case, entry, read, office, sender, typed, person), sender)


def _can_be_asked(read: Understood, sender: Address | None) -> bool:
    """Whoever wrote can be written to, or has the report's page."""
    return not read.report.automatic and (sender is not None or (read.report.keyed and read.report.sender is None))


def _case(
    turn: _Turn,
    entry: Entry,
    decision: Decision,
    complaint: Complaint,
    number: _Number,
    case_id: UUID,
    person: UUID | None,
    question: cases.Question | None,
) -> tuple[cases.Case, cases.Event]:
    return cases.open_case(
        complaint,
        case_id=case_id,
        number=number.number,
        channel=entry.arrival.channel,
        owner=routing.owner_of(complaint, turn.office.desk),
        rules=routing.RULES,
        correspondent=person,
        status=cases.RECEIVED if decision.kind == "unread" else cases.AWAITING_VERIFICATION,
        at=turn.now,
        question=question,
    )
