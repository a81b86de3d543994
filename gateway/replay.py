"""Read again what could not be read: case and number stay, the complaint comes in, and nobody is acknowledged twice (law 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway import admission, opening, routing
from gateway import case as cases
from gateway import rows as make
from gateway.case import Case, Event
from gateway.context import Message, contexts
from gateway.conversation import CLAIM, Context, Decision, Understood, decide
from gateway.joining import join
from gateway.office import Office
from gateway.reader import Reader, read_alone
from gateway.reading import Broke
from gateway.store import filing as store
from gateway.store import lookup, people
from gateway.store.engine import Store, Transaction
from gateway.store.filing import Rows
from gateway.store.lookup import Kept
from normalizer import Address


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one."""

    kept: Kept
    # "filled" | "merged" | "archived" | "delivery" | "ignored" | "still unreadable"
    outcome: str
    reason: str


async def replay(db: Store, reader: Reader, office: Office, parked: Sequence[Kept], now: datetime) -> list[Replayed]:
    """Each on its own; one that still cannot be read stays parked."""
    return [await _one(db, reader, office, kept, now) for kept in parked]


async def _one(db: Store, reader: Reader, office: Office, kept: Kept, now: datetime) -> Replayed:
    read = await read_alone(reader, kept.entry.arrival)
    if isinstance(read, Broke):
        return Replayed(kept, "still unreadable", read.reason)
    decision = decide(read)
    async with db.transaction() as tx:
        if kept.case is None:
            await store.settle(tx, kept.journal, kept.entry.seq, decision.kind, decision.reason)
            return Replayed(kept, decision.kind, decision.reason)
        case = cases.rebuild(await lookup.case_events(tx, kept.case))
        if isinstance(read, Understood) and case.status == cases.RECEIVED:
            if await store.said_elsewhere(tx, filter(None, [read.report.content_key])):
                return await _archived(tx, case, kept, Decision("duplicate", "the same words by another way"), now)
            if context := await _elsewhere(tx, case, kept, read, office, now):
                return await _merged(tx, office, case, kept, read, context, now)
        if not isinstance(read, Understood) or decision.kind in {"ignored", "word"}:
            return await _archived(tx, case, kept, decision, now)
        rows = Rows()
        changed, event = await _fill(tx, rows, case, kept, read, office, now)
        rows.events.append(make.event(event))
        await store.change(tx, changed, case.version)
        await store.write(tx, rows)
        # Whatever way brings the same words later: it is known by them.
        await store.settle(tx, kept.journal, kept.entry.seq, "case", decision.reason, content_key=read.report.content_key)
    return Replayed(kept, event.kind, decision.reason)


async def _archived(tx: Transaction, case: Case, kept: Kept, decision: Decision, now: datetime) -> Replayed:
    """It needed no case after all."""
    changed, event = cases.archive(case, reason=decision.reason, at=now)
    await store.change(tx, changed, case.version)
    await store.write(tx, Rows(events=[make.event(event)]))
    await store.settle(tx, kept.journal, kept.entry.seq, decision.kind, decision.reason)
    return Replayed(kept, event.kind, decision.reason)


async def _elsewhere(tx: Transaction, case: Case, kept: Kept, read: Understood, office: Office, now: datetime) -> Context | None:
    """How it proves that it belongs to another case; by a key of its own, it is this one's, and so late nothing is inferred."""
    message = Message(kept.entry, read, admission.sender_of(kept.entry, read, office))
    met = await people.meet(tx, {message.sender} if message.sender else set(), now)
    found = (await contexts(tx, office, [message], met, now))[kept.entry.seq]
    return Context(now, found.by, found.case, vouched=found.vouched) if found.case and found.case.id != case.id else None


async def _merged(tx: Transaction, office: Office, case: Case, kept: Kept, read: Understood, context: Context, now: datetime) -> Replayed:
    """The words go where they belong, and the numbers of the case that was opened for them lead there, too."""
    decision = decide(read, context)
    assert context.case is not None  # noqa: S101  # that is what was asked
    # Nobody is told: whoever wrote heard of the case that was opened for it.
    await join(tx, office, Rows(), kept.journal, Message(kept.entry, read, None), replace(decision, case=context.case.id), None, now)
    if context.by != CLAIM:
        # Else whoever was told them would look into a stranger's case.
        await store.renumber(tx, case.id, context.case.id)
    changed, event = cases.archive(case, reason=decision.reason, at=now)
    await store.change(tx, changed, case.version)
    await store.write(tx, Rows(events=[make.event(event)]))
    await store.settle(tx, kept.journal, kept.entry.seq, "message", decision.reason, case=context.case.id, content_key=read.report.content_key)
    return Replayed(kept, "merged", decision.reason)


async def _fill(tx: Transaction, rows: Rows, case: Case, kept: Kept, read: Understood, office: Office, now: datetime) -> tuple[Case, Event]:
    """The complaint comes in, as a new version; the unread one stays."""
    decision = Decision("new_case", "rule:replayed")
    sender = admission.sender_of(kept.entry, read, office)
    met = await people.meet(tx, admission.counted({sender} if sender else set()), now)
    person = met[sender].id if sender else case.correspondent
    if case.status == cases.RECEIVED:
        suggestion = routing.owner_of(read.complaint, office.desk).suggestion
        changed, event = cases.fill(case, read.complaint, correspondent=person, reason=decision.reason, at=now, suggestion=suggestion)
        if case.correspondent is None and person is not None:
            # By mail nobody could be answered before this was read.
            await _acknowledge(tx, rows, changed, kept, read, office, met, now)
        version = await store.complaint_versions_of(tx, case.id) + 1
        rows.complaint_versions.append(make.complaint(case, version, read.complaint, now))
    else:
        # An amendment came while it waited, and is newer: these are words on the case.
        changed, event = cases.remark(case, "added", reason="rule:older_words", at=now)
    make.message(rows, kept.journal, Message(kept.entry, read, sender), decision, case.id, person, now)
    return changed, event


async def _acknowledge(
    tx: Transaction, rows: Rows, case: Case, kept: Kept, read: Understood, office: Office, met: Mapping[Address, people.Person], now: datetime
) -> None:
    sender = admission.sender_of(kept.entry, read, office)
    told, allowances = await admission.admit(tx, office, opening.acknowledged(case, kept.entry, read, office, sender, None, None), met, now)
    rows.notices += told
    await people.remember(tx, allowances, {sender} if sender else set())
