"""From what was read to what the store keeps, in one transaction: arrival, case, events, message, notices (law 7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from uuid import UUID

from channels import MESSAGE, DeliveryUpdate, Ignored
from gateway import admission, answering, notices, routing, tracking
from gateway import case as cases
from gateway import rows as make
from gateway.admission import Wanted
from gateway.conversation import Decision, Understood, decide
from gateway.ids import new_id
from gateway.joining import belongings, join
from gateway.journal_file import Entry
from gateway.office import Office
from gateway.reading import Broke
from gateway.store import filing as store
from gateway.store import outgoing, people
from gateway.store.engine import Transaction
from gateway.store.filing import Rows, Said
from gateway.store.writing import Row
from normalizer import Address, Setting, unread

Read = Understood | DeliveryUpdate | Ignored | Broke


@dataclass(slots=True)
class Filed:
    """What became of a batch, for counters and bells."""

    rows: Rows = field(default_factory=Rows)
    updates: list[DeliveryUpdate] = field(default_factory=list)
    # Notices over a cap, by the reason.
    withheld: Counter[str] = field(default_factory=Counter)


async def file(tx: Transaction, office: Office, journal: str, batch: Sequence[tuple[Entry, Read]], now: datetime) -> Filed:
    """File a batch. Raises what the store raises; then nothing was filed."""
    known = await _known(tx, batch)
    filed = Filed()
    news = [(entry, read) for entry, read in batch if not _repeat(entry, known, filed, journal, now)]
    news, twins, late = await _without_copies(tx, news, filed, journal, now)
    joining = await belongings(tx, office.key, news)
    alone = [(entry, read) for entry, read in news if entry.seq not in joining]
    opening = [(entry, read) for entry, read in alone if opens(entry, read)]
    senders = {sender for entry, read in (*alone, *late.values()) if (sender := sender_of(entry, read, office))}
    typed = {entry.seq: contact for entry, read in opening if (contact := admission.typed_contact(entry, read, office))}
    met = await people.meet(tx, admission.counted(senders | set(typed.values())), now)
    numbers = await _numbers(tx, office.key, [entry for entry, _ in opening], known)
    wanted = await _late(tx, late, office, met)
    for entry, read in alone:
        arrival, sender = make.arrival(entry, journal, now, _content_key(read)), sender_of(entry, read, office)
        filed.rows.arrivals.append(arrival)
        if entry.seq in numbers:
            case = _case(filed.rows, arrival, entry, read, office, numbers[entry.seq], met[sender].id if sender else None, now)
            wanted += acknowledged(case, entry, read, office, sender, typed.get(entry.seq))
        else:
            _settled(filed, arrival, entry, read, met[sender].id if sender else None, now)
    await store.write(tx, filed.rows)
    # Only now: what is asked for may have come in the same batch.
    wanted += await answering.answers(tx, office, [(entry, read, sender_of(entry, read, office)) for entry, read in alone], met, now)
    filed.rows.notices, allowances = await admission.admit(tx, office, wanted, met, now)
    filed.withheld = Counter(str(row["reason"]) for row in filed.rows.notices if row["state"] == "withheld")
    await store.write(tx, Rows(notices=filed.rows.notices))
    await people.remember(tx, allowances, senders)
    # Only now: the case that it belongs to may have come in the same batch.
    for entry, read in news:
        if entry.seq in joining and isinstance(read, Understood):
            filed.rows.due += await join(tx, journal, entry, read, joining[entry.seq], now)
    first = await store.said_elsewhere(tx, {key for _, key in twins})
    await store.write(tx, Rows(arrivals=[_copy(entry, journal, first[key].case, now) for entry, key in twins]))
    for arrival, said in zip([row for row in filed.rows.arrivals if row["outcome"] == "delivery"], filed.updates, strict=True):
        if not await outgoing.update(tx, said, now):
            await store.remark(tx, arrival, "not one of our notices" if said.to is None else "nobody whom we know")
    return filed


_Known = dict[tuple[str, str], list[Said]]


async def _known(tx: Transaction, batch: Sequence[tuple[Entry, Read]]) -> _Known:
    ids: dict[str, set[str]] = {}
    for entry, _ in batch:
        ids.setdefault(entry.arrival.channel, set()).add(entry.arrival.wire_id)
    return {(channel, wire_id): found for channel, wire_ids in ids.items() for wire_id, found in (await store.said(tx, channel, wire_ids)).items()}


def _repeat(entry: Entry, known: _Known, filed: Filed, journal: str, now: datetime) -> bool:
    """Law 5: the same id and the same words again. A row that points at the first (by the same key), without its bytes."""
    for said in known.get((entry.arrival.channel, entry.arrival.wire_id), []):
        if said.fingerprint == entry.fingerprint:
            repeat = {"outcome": "duplicate", "reason": "the same delivery again", "case": said.case, "raw": None}
            filed.rows.arrivals.append(make.arrival(entry, journal, now) | repeat)
            return True
    return False


def _content_key(read: Read) -> str | None:
    return read.report.content_key if isinstance(read, Understood) else None


async def _without_copies(
    tx: Transaction, news: Sequence[tuple[Entry, Read]], filed: Filed, journal: str, now: datetime
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
            filed.rows.arrivals.append(_copy(entry, journal, first.case, now))
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
            wanted += acknowledged(case, entry, read, office, sender, None)
    return wanted


def _copy(entry: Entry, journal: str, case: UUID | None, now: datetime) -> Row:
    """Points at the first one's case, without its bytes."""
    return make.arrival(entry, journal, now) | {"outcome": "duplicate", "reason": "the same words by another way", "case": case, "raw": None}


def opens(entry: Entry, read: Read) -> bool:
    """Law 2: what a person wrote becomes a numbered case even if it cannot be read."""
    if isinstance(read, Understood):
        return decide(read).kind == "new_case"
    return isinstance(read, Broke) and entry.arrival.kind == MESSAGE


def sender_of(entry: Entry, read: Read, office: Office) -> Address | None:
    """Who wrote: whom the wire vouches for, else (mail) whom the report names; nobody if this channel cannot reach them, or if somebody else wrote that."""
    asks = isinstance(read, Understood) and decide(read).kind == "word"
    if not (opens(entry, read) or asks) or (isinstance(read, Understood) and read.report.automatic == "forged"):
        return None
    named = read.complaint.sender if isinstance(read, Understood) else None
    sender = entry.arrival.reply_to or named
    return sender if sender and sender.kind in office.reaches.get(entry.arrival.channel, frozenset()) else None


def acknowledged(case: cases.Case, entry: Entry, read: Read, office: Office, sender: Address | None, typed: Address | None) -> list[Wanted]:
    """The acknowledgement of a new case: to whoever wrote, else to the contact that was given; none to machines."""
    to = sender or typed
    report = read.report if isinstance(read, Understood) else None
    if to is None or (report and report.automatic):
        return []
    channel = entry.arrival.channel if sender else office.carriers[to.kind]
    cut = "mail_cut" in report.remarks if report else False
    words = office.words_for(read.complaint.language if isinstance(read, Understood) else None)
    say = partial(notices.acknowledgement, words, case.number, office.verification_working_days, cut)
    thread = tuple(filter(None, (report.message_id, *report.references))) if report else ()
    return [Wanted(notices.ACKNOWLEDGEMENT, case.id, channel, to, case.number, say, typed=sender is None, thread=thread)]


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


def _settled(filed: Filed, arrival: Row, entry: Entry, read: Read, person: UUID | None, now: datetime) -> None:
    """What opens no case: a word to us, a delivery report, something to ignore, or something that is not a person's message and cannot be read."""
    if isinstance(read, Broke):
        arrival |= {"outcome": "parked", "reason": read.reason}
        return
    decision = decide(read)
    arrival |= {"outcome": decision.kind, "reason": decision.reason}
    if isinstance(read, DeliveryUpdate):
        filed.updates.append(read)
    if isinstance(read, Understood) and decision.kind == "word":
        make.message(filed.rows, str(arrival["journal"]), entry, read, decision, None, person, now)


def _case(rows: Rows, arrival: Row, entry: Entry, read: Read, office: Office, number: _Number, person: UUID | None, now: datetime) -> cases.Case:
    """A report becomes a case with an owner; what could not be read becomes one too, with everything hidden (laws 2, 8 and 10)."""
    setting = office.settings.get(entry.arrival.channel, Setting())
    if isinstance(read, Understood):
        complaint, decision, status, outcome = read.complaint, decide(read), cases.AWAITING_VERIFICATION, "case"
    else:
        reason = read.reason if isinstance(read, Broke) else ""
        complaint, decision = unread(entry.arrival.reply_to, entry.arrival.received_at, setting), Decision("unread", reason)
        status, outcome = cases.RECEIVED, "parked"
    case, event = cases.open_case(
        complaint,
        case_id=new_id(),
        number=number.number,
        channel=entry.arrival.channel,
        owner=routing.owner_of(complaint, office.coordinator),
        rules=routing.RULES,
        correspondent=person,
        status=status,
        at=now,
    )
    rows.events.append(make.event(event))
    if number.counter:
        # Whoever reads the door's number to us finds a stranger's case: the coordinator must know that this one is there.
        case, event = cases.remark(case, "number_taken", reason=f"the door's number {entry.number} is another case's", at=now)
        rows.events.append(make.event(event))
    arrival |= {"outcome": outcome, "reason": decision.reason, "case": case.id}
    rows.cases.append(make.case(case))
    rows.case_numbers.append({"number": case.number, "case": case.id})
    rows.links.append({"digest": tracking.link_digest(tracking.link(office.key, entry.arrival.channel, number.wire_id)), "case": case.id})
    rows.complaint_versions.append(make.complaint(case, 1, complaint, now))
    if isinstance(read, Understood):
        make.message(rows, str(arrival["journal"]), entry, read, decision, case.id, person, now)
    return case
