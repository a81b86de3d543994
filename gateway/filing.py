"""From what was read to what the store keeps, in one transaction: arrival, case, events, message, notices (law 7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import TypeAdapter

from channels import MESSAGE, DeliveryUpdate, Ignored
from gateway import case as cases
from gateway import notices, routing, tracking
from gateway.allowance import Allowance
from gateway.conversation import Decision, Understood, decide
from gateway.ids import new_id
from gateway.journal_file import Entry
from gateway.reading import Broke
from gateway.store import dues, outgoing, people
from gateway.store import filing as store
from gateway.store.engine import Transaction
from gateway.store.filing import Rows, Said
from gateway.store.writing import Row
from gateway.words import Words
from normalizer import NORMALISER, Address, Complaint, Location, Setting, unread
from normalizer.address import canonical, country_of

Read = Understood | DeliveryUpdate | Ignored | Broke
_COMPLAINT = TypeAdapter(Complaint)
# Remarks of a door on reports that nobody is written to for.
_ODD = frozenset({"honeypot", "flood"})
# Why a notice is withheld, by the cap that it is over.
CAPS = {
    "per_channel_per_hour": "the channel's budget for this hour is spent",
    "per_recipient_per_hour": "this address has had its notices for this hour",
    "typed_share": "the rest of this hour's budget is for those who wrote by this channel",
    "per_contact_per_day": "this number was typed often enough today",
}
# Of a channel's hourly budget, what typed contacts may use: they may be strangers, and those who wrote by the channel itself come first.
TYPED_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Office:
    """What of the deployment filing needs to know."""

    key: bytes
    coordinator: str
    words: Mapping[str, Words]
    # Used where the citizen's language is not known.
    language: str
    verification_working_days: int
    # Per channel: how it reads, and which kinds of address it can answer.
    settings: Mapping[str, Setting]
    reaches: Mapping[str, frozenset[str]]
    # Notices an hour: to one address, and by one channel in all.
    per_recipient_per_hour: int
    per_channel_per_hour: int
    # Which channel writes to a contact that somebody typed, by kind of address.
    carriers: Mapping[str, str] = field(default_factory=dict)
    # Countries (ISO 3166) whose numbers may be written to for that, and how often a day: the number may be a stranger's.
    contact_countries: frozenset[str] = frozenset()
    per_contact_per_day: int = 0


@dataclass(slots=True)
class Filed:
    """What became of a batch, for counters and bells."""

    rows: Rows = field(default_factory=Rows)
    updates: list[DeliveryUpdate] = field(default_factory=list)
    # Notices over a cap, by the cap's name.
    withheld: Counter[str] = field(default_factory=Counter)


async def file(tx: Transaction, office: Office, journal: str, batch: Sequence[tuple[Entry, Read]], now: datetime) -> Filed:
    """File a batch. Raises what the store raises; then nothing was filed."""
    known = await _known(tx, batch)
    filed = Filed()
    news = [(entry, read) for entry, read in batch if not _repeat(entry, known, filed, journal, now)]
    joining = await _joining(tx, office.key, news)
    opening = [(entry, read) for entry, read in news if entry.seq not in joining and _opens(entry, read)]
    senders = {sender for entry, read in opening if (sender := sender_of(entry, read, office))}
    typed = {entry.seq: contact for entry, read in opening if (contact := _typed_contact(entry, read, office))}
    met = await people.meet(tx, senders | set(typed.values()), now)
    numbers = await _numbers(tx, office.key, [entry for entry, _ in opening], known)
    wanted: list[_Wanted] = []
    for entry, read in news:
        if entry.seq in joining:
            continue
        arrival = _arrival(entry, journal, now)
        filed.rows.arrivals.append(arrival)
        if entry.seq in numbers:
            sender = sender_of(entry, read, office)
            person = met[sender].id if sender else None
            case, words = _case(filed.rows, arrival, entry, read, office, numbers[entry.seq], person, now)
            if to := sender or typed.get(entry.seq):
                channel = entry.arrival.channel if sender else office.carriers[to.kind]
                wanted.append(_Wanted(case.id, channel, to, case.number, words, typed=sender is None))
        else:
            _settled(filed, arrival, entry, read)
    allowances = await _admit(tx, office, filed, wanted, {to: person.allowance for to, person in met.items()}, now)
    await store.write(tx, filed.rows)
    await people.remember(tx, allowances)
    # Only now: the case that it belongs to may have come in the same batch.
    for entry, read in news:
        if entry.seq in joining:
            filed.rows.due += await _join(tx, journal, entry, read, joining[entry.seq], now)
    for arrival, said in zip([row for row in filed.rows.arrivals if row["outcome"] == "delivery"], filed.updates, strict=True):
        if not await outgoing.update(tx, said):
            await store.remark(tx, arrival, "not one of our notices")
    return filed


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An acknowledgement that the citizen should have, if the caps allow it."""

    case: UUID
    channel: str
    to: Address
    number: str
    words: Words
    # To a contact that somebody typed, who may be anybody.
    typed: bool = False


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
            filed.rows.arrivals.append(_arrival(entry, journal, now) | repeat)
            return True
    return False


def _opens(entry: Entry, read: Read) -> bool:
    """Law 2: what a person wrote becomes a numbered case even if it cannot be read."""
    return isinstance(read, Understood) or (isinstance(read, Broke) and entry.arrival.kind == MESSAGE)


def sender_of(entry: Entry, read: Read, office: Office) -> Address | None:
    """Whom to answer: whom the wire vouches for, else (mail) whom the report names; nobody if this channel cannot reach them."""
    if not _opens(entry, read):
        return None
    named = read.complaint.sender if isinstance(read, Understood) else None
    sender = entry.arrival.reply_to or named
    return sender if sender and sender.kind in office.reaches.get(entry.arrival.channel, frozenset()) else None


async def _joining(tx: Transaction, key: bytes, news: Sequence[tuple[Entry, Read]]) -> dict[int, str]:
    """Which of these belong to a case by a secret that they carry: seq to the link's digest. The first of several under a new key opens the case."""
    carried = {entry.seq: tracking.link_digest(link) for entry, read in news if (link := _link_of(key, entry, read))}
    there = set(await store.linked(tx, set(carried.values())))
    joining = {}
    for entry, read in news:
        digest = carried.get(entry.seq)
        if digest in there:
            joining[entry.seq] = digest
        elif _opens(entry, read):
            there.add(tracking.link_digest(tracking.link(key, entry.arrival.channel, entry.arrival.wire_id)))
    return joining


def _link_of(key: bytes, entry: Entry, read: Read) -> str | None:
    """The private link that a report carries, or that its own key makes."""
    if not isinstance(read, Understood):
        return None
    return read.report.link or (tracking.link(key, entry.arrival.channel, entry.arrival.wire_id) if read.report.keyed else None)


async def _join(tx: Transaction, journal: str, entry: Entry, read: Read, digest: str, now: datetime) -> list[Row]:
    """Words and files for a case that is there; what is to be done about them."""
    assert isinstance(read, Understood), entry.seq  # noqa: S101  # _joining() found the secret in it
    case_id = (await store.linked(tx, [digest]))[digest]
    case = await store.case(tx, case_id)
    decision = decide(read, known=True)
    rows = Rows(arrivals=[_arrival(entry, journal, now) | {"outcome": "message", "reason": decision.reason, "case": case_id}])
    changed, event, complaint = await _taken_in(tx, case, read.complaint, decision, now)
    if complaint:
        rows.complaint_versions.append(complaint_row(case, await store.complaint_versions_of(tx, case_id) + 1, complaint, now))
    rows.events.append(event_row(event))
    message(rows, journal, entry, read.complaint, decision, case_id, case.correspondent, now)
    await store.change(tx, changed, case.version)
    await store.write(tx, rows)
    return rows.due


async def _taken_in(tx: Transaction, case: cases.Case, said: Complaint, decision: Decision, now: datetime) -> tuple[cases.Case, cases.Event, Complaint | None]:
    """What words for a case change: the case, the event, and how the complaint is understood now (None: as before)."""
    before = _COMPLAINT.validate_python(await store.latest_complaint(tx, case.id))
    unread_so_far = case.status == cases.RECEIVED
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


def _typed_contact(entry: Entry, read: Read, office: Office) -> Address | None:
    """A telephone number in the contact field, if we may write to it; whose it is, nobody knows (law 10)."""
    if not isinstance(read, Understood) or not read.complaint.contact or "sms" not in office.carriers:
        return None
    if _ODD & set(read.complaint.remarks):
        # Whoever floods us shall not make us write to strangers.
        return None
    number = canonical(Address("sms", read.complaint.contact), office.settings.get(entry.arrival.channel, Setting()).country)
    return number if number and country_of(number) in office.contact_countries else None


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


def _arrival(entry: Entry, journal: str, now: datetime) -> Row:
    arrival, reply = entry.arrival, entry.arrival.reply_to
    return {
        "journal": journal,
        "seq": entry.seq,
        "channel": arrival.channel,
        "wire_id": arrival.wire_id,
        "fingerprint": entry.fingerprint,
        "number": entry.number,
        "kind": arrival.kind,
        "reply_kind": reply.kind if reply else None,
        "reply_value": reply.value if reply else None,
        "meta": dict(arrival.meta),
        "raw": arrival.raw,
        "received_at": arrival.received_at,
        "stored_at": now,
        "outcome": "",
        "reason": "",
        "case": None,
        "content_key": None,
    }


def _settled(filed: Filed, arrival: Row, entry: Entry, read: Read) -> None:
    """What opens no case: a delivery report, something to ignore, or something that is not a person's message and cannot be read."""
    if isinstance(read, Broke):
        arrival |= {"outcome": "parked", "reason": read.reason}
        return
    assert not isinstance(read, Understood), entry.seq  # noqa: S101  # _opens() took those
    decision = decide(read)
    arrival |= {"outcome": decision.kind, "reason": decision.reason}
    if isinstance(read, DeliveryUpdate):
        filed.updates.append(read)


def _case(rows: Rows, arrival: Row, entry: Entry, read: Read, office: Office, number: _Number, person: UUID | None, now: datetime) -> tuple[cases.Case, Words]:
    """A report becomes a case with an owner; what could not be read becomes one too, with everything hidden (laws 2, 8 and 10). And the citizen's language."""
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
    rows.events.append(event_row(event))
    if number.counter:
        # Whoever reads the door's number to us finds a stranger's case: the coordinator must know that this one is there.
        case, event = cases.remark(case, "number_taken", reason=f"the door's number {entry.number} is another case's", at=now)
        rows.events.append(event_row(event))
    arrival |= {"outcome": outcome, "reason": decision.reason, "case": case.id}
    rows.cases.append(case_row(case))
    rows.case_numbers.append({"number": case.number, "case": case.id})
    rows.links.append({"digest": tracking.link_digest(tracking.link(office.key, entry.arrival.channel, number.wire_id)), "case": case.id})
    rows.complaint_versions.append(complaint_row(case, 1, complaint, now))
    if isinstance(read, Understood):
        message(rows, str(arrival["journal"]), entry, complaint, decision, case.id, person, now)
    return case, office.words.get(complaint.language or "", office.words[office.language])


def message(rows: Rows, journal: str, entry: Entry, complaint: Complaint, decision: Decision, case: UUID, person: UUID | None, now: datetime) -> None:
    """The words on the case, and the files that must still be fetched."""
    message_id = new_id()
    rows.messages.append(
        {
            "id": message_id,
            "journal": journal,
            "seq": entry.seq,
            "correspondent": person,
            "direction": "in",
            "text": complaint.text,
            "decision": decision.kind,
            "reason": decision.reason,
            "at": entry.arrival.received_at,
        }
    )
    rows.message_cases.append({"message": message_id, "case": case})
    for position, attachment in enumerate(complaint.attachments):
        state = {"blob": attachment.digest, "reference": attachment.reference, "state": "kept" if attachment.digest else "wanted", "reason": ""}
        seen: Row = {"derived_from": None, "latitude": None, "longitude": None}
        rows.attachments.append({"message": message_id, "position": position, "name": attachment.name, "type": attachment.declared_type, **state, **seen})
        if attachment.digest:
            rows.blobs.append({"digest": attachment.digest, "size": attachment.size or 0, "place": "folder"})
            if attachment.declared_type in dues.PICTURES:
                rows.due.append(dues.photo_row(entry.arrival.channel, message_id, position, attachment.digest, now))
        elif attachment.reference:
            data = {"message": str(message_id), "position": position, "reference": attachment.reference}
            rows.due.append(dues.row("fetch", entry.arrival.channel, data, now))


async def _admit(
    tx: Transaction, office: Office, filed: Filed, wanted: Sequence[_Wanted], allowances: dict[Address, Allowance], now: datetime
) -> dict[Address, Allowance]:
    """Acknowledge within the caps: what is over them is kept as withheld, with the reason, and never sent later."""
    touched: dict[Address, Allowance] = {}
    today = await store.written_to(tx, {one.to.value for one in wanted if one.typed}, now - timedelta(days=1))
    for channel in sorted({one.channel for one in wanted}):
        used = await store.spent(tx, channel, now)
        for one in wanted:
            if one.channel != channel:
                continue
            allowance = touched.get(one.to, allowances[one.to])
            over = _over(office, allowance, used, now)
            if one.typed and not over and used >= office.per_channel_per_hour * TYPED_SHARE:
                over = "typed_share"
            if one.typed and not over:
                today[one.to.value] = today.get(one.to.value, 0) + 1
                over = "per_contact_per_day" if today[one.to.value] > office.per_contact_per_day else ""
            texts = notices.acknowledgement(one.words, one.number, more=allowance.unannounced, working_days=office.verification_working_days)
            filed.rows.notices.append(_notice(one, texts, over, now))
            filed.withheld[over] += bool(over)
            used += not over
            touched[one.to] = allowance.withheld(notices.ACKNOWLEDGEMENT) if over else allowance.spent(notices.ACKNOWLEDGEMENT, now)
        await store.spend(tx, channel, used, now)
    return touched


def _over(office: Office, allowance: Allowance, used: int, now: datetime) -> str:
    """Over which cap it is; empty: none, it may go out."""
    if used >= office.per_channel_per_hour:
        return "per_channel_per_hour"
    return "" if allowance.may(notices.ACKNOWLEDGEMENT, now, office.per_recipient_per_hour) else "per_recipient_per_hour"


def _notice(one: _Wanted, texts: notices.Texts, over: str, now: datetime) -> Row:
    empty: Row = {"thread": [], "provider_id": None, "attempts": 0, "maybe_sent": False, "leased_by": None, "leased_until": None, "sent_at": None}
    said = {"short": texts.short, "full": texts.full, "subject": texts.subject, "state": "withheld" if over else "queued", "reason": CAPS.get(over, "")}
    to = {"channel": one.channel, "to_kind": one.to.kind, "to_value": one.to.value}
    return {"id": new_id(), "case": one.case, "kind": notices.ACKNOWLEDGEMENT, **to, **said, **empty, "made_at": now, "due_at": now}


def case_row(case: cases.Case) -> Row:
    """As the table has it."""
    return {name: getattr(case, name) for name in cases.Case.__dataclass_fields__}


def event_row(event: cases.Event) -> Row:
    """As the table has it."""
    return {name: getattr(event, name) for name in cases.Event.__dataclass_fields__}


def complaint_row(case: cases.Case, version: int, complaint: Complaint, now: datetime) -> Row:
    """As the table has it."""
    return {"case": case.id, "version": version, "normaliser": NORMALISER, "complaint": _COMPLAINT.dump_python(complaint, mode="json"), "made_at": now}
