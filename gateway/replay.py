"""Read again what could not be read: case and number stay, the complaint comes in, and nobody is acknowledged twice (law 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway import admission, filing
from gateway import case as cases
from gateway import rows as make
from gateway.case import Case, Event
from gateway.conversation import Understood, decide
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
    # "filled" | "archived" | "delivery" | "ignored" | "still unreadable"
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
        rows = Rows()
        if isinstance(read, Understood):
            changed, event = await _fill(tx, rows, case, kept, read, office, now)
        else:
            changed, event = cases.archive(case, reason=decision.reason, at=now)
        rows.events.append(make.event(event))
        await store.change(tx, changed, case.version)
        await store.write(tx, rows)
        await store.settle(tx, kept.journal, kept.entry.seq, "case" if isinstance(read, Understood) else decision.kind, decision.reason)
    return Replayed(kept, event.kind, decision.reason)


async def _fill(tx: Transaction, rows: Rows, case: Case, kept: Kept, read: Understood, office: Office, now: datetime) -> tuple[Case, Event]:
    """The complaint comes in, as a new version; the unread one stays."""
    decision = decide(read)
    sender = filing.sender_of(kept.entry, read, office)
    met = await people.meet(tx, admission.counted({sender} if sender else set()), now)
    person = met[sender].id if sender else case.correspondent
    if case.status == cases.RECEIVED:
        changed, event = cases.fill(case, read.complaint, correspondent=person, reason=decision.reason, at=now)
        if case.correspondent is None and person is not None:
            # By mail nobody could be answered before this was read.
            await _acknowledge(tx, rows, changed, kept, read, office, met, now)
        version = await store.complaint_versions_of(tx, case.id) + 1
        rows.complaint_versions.append(make.complaint(case, version, read.complaint, now))
    else:
        # An amendment came while it waited, and is newer: these are words on the case.
        changed, event = cases.remark(case, "added", reason="rule:older_words", at=now)
    make.message(rows, kept.journal, kept.entry, read, decision, case.id, person, now)
    return changed, event


async def _acknowledge(
    tx: Transaction, rows: Rows, case: Case, kept: Kept, read: Understood, office: Office, met: Mapping[Address, people.Person], now: datetime
) -> None:
    sender = filing.sender_of(kept.entry, read, office)
    told, allowances = await admission.admit(tx, office, filing.acknowledged(case, kept.entry, read, office, sender, None), met, now)
    rows.notices += told
    await people.remember(tx, allowances, {sender} if sender else set())
