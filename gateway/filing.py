"""From what was read to what the store keeps, in one transaction: arrival, case, events, message, notices (law 7).

A batch is filed turn by turn: of each writer one message in each, so that the second is understood by what the first one did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from channels import MESSAGE, DeliveryUpdate
from gateway import admission, answering, copies
from gateway import rows as make
from gateway.admission import Wanted, sender_of
from gateway.allowance import Allowance
from gateway.context import Message, Read, contexts, turns
from gateway.conversation import NOBODY, Context, Decision, Understood, decide
from gateway.copies import Known, content_key
from gateway.joining import join
from gateway.journal_file import Entry
from gateway.office import Office
from gateway.opening import acknowledged, numbers_of, opening
from gateway.reading import Broke
from gateway.store import filing as store
from gateway.store import outgoing, people
from gateway.store.engine import Transaction
from gateway.store.filing import Rows
from gateway.store.people import Person
from gateway.store.writing import Row
from normalizer import Address


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
    known = await copies.known_of(tx, batch)
    filed, rows = Filed(), Rows()
    news = [(entry, read) for entry, read in batch if not copies.is_repeat(entry, known, rows, journal, now)]
    news, filed.canaries = copies.without_canaries(news, office.key, rows, journal, now)
    news, twins, late = await copies.without_copies(tx, news, rows, journal, now)
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
        rows.notices += told
    await people.remember(tx, spent, senders)
    first = await store.said_elsewhere(tx, {key for _, key in twins})
    rows.arrivals += [copies.copy(entry, journal, first[key].case, now) for entry, key in twins]
    await store.write(tx, rows)
    filed.add(rows)
    return filed


async def _late(tx: Transaction, late: Mapping[UUID, tuple[Entry, Read]], office: Office, met: Mapping[Address, people.Person]) -> list[Wanted]:
    """The acknowledgement of a case that was opened by a copy which nobody could be answered for (a list's, a stranger's who passed it on)."""
    wanted: list[Wanted] = []
    for case_id in sorted(late.keys() - await store.acknowledged(tx, late)):
        entry, read = late[case_id]
        sender, case = sender_of(entry, read, office), await store.case(tx, case_id)
        if sender and case.correspondent == met[sender].id:
            wanted += acknowledged(case, entry, read, office, sender, None, met[sender])
    return wanted


@dataclass(slots=True)
class _Turn:
    """At most one message of each writer."""

    tx: Transaction
    office: Office
    journal: str
    now: datetime
    # Everybody who wrote; what they want of us may change with a turn.
    met: dict[Address, Person]
    known: Known
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

    async def _open(self, new: Sequence[tuple[Entry, Read]], decided: Mapping[int, Decision], wanted: Sequence[Wanted]) -> None:
        """New cases, all at once; what they lack is asked for by the acknowledgement, if there is one that goes out."""
        numbers = await numbers_of(self.tx, self.office.key, [entry for entry, _ in new], self.known)
        made = [opening(self.office, self.met, entry, read, decided[entry.seq], numbers[entry.seq], self.now) for entry, read in new]
        self.rows.notices += await self._admitted([*wanted, *(one for case in made for one in case.wanted)])
        unsaid = {row["case"] for row in self.rows.notices if row["state"] == "withheld"}
        for case in made:
            case.write(self.rows, self.office, self.journal, self.now, unasked=case.case.id in unsaid)
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
        return make.arrival(entry, self.journal, self.now, content_key(read)) | {"outcome": outcome, "reason": reason, "case": case}

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
