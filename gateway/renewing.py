"""Reads again what was kept, by a newer normaliser: new versions of the complaints, never over the old, and nothing that a person decided is touched.

A case at a time, each in a transaction of its own, so that the gateway goes on beside it; whoever breaks it off begins where it ended, because what was
read by this normaliser is not read again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from gateway import case as cases
from gateway import renewal, routing
from gateway import rows as make
from gateway.conversation import Understood
from gateway.office import Office
from gateway.reader import Outcome, Reader, read_alone
from gateway.reading import Broke
from gateway.renewal import Renewed
from gateway.store import filing as store
from gateway.store import lookup, renewals, standing
from gateway.store.engine import Store, Transaction
from gateway.store.filing import Rows
from gateway.store.renewals import Old
from normalizer import NORMALISER, Complaint

# Cases in one question to the store.
_AT_ONCE = 100
# Numbers that are shown as examples.
_SHOWN = 3


@dataclass(slots=True)
class Found:
    """What came of it; numbers and names of fields only, no words of anybody."""

    write: bool
    # The normalisers that had read them, each with how many.
    before: dict[str, int] = field(default_factory=dict)
    # Understood otherwise, and the same.
    changed: int = 0
    same: int = 0
    # Per field: of how many cases it changes, and the numbers of a few.
    fields: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    # Left as they are: number and why.
    left: list[tuple[str, str]] = field(default_factory=list)


async def renew(db: Store, reader: Reader, office: Office, now: datetime, *, write: bool, since: datetime | None = None, number: str | None = None) -> Found:
    """All of them, or those opened `since` then, or the one that `number` leads to. Without `write` the differences only."""
    found, behind = Found(write), None
    while True:
        async with db.snapshot() as tx:
            batch = await renewals.old(tx, NORMALISER, behind, since, number, _AT_ONCE)
        for old in batch:
            await _one(db, reader, office, old, found, now)
        if len(batch) < _AT_ONCE:
            return found
        behind = batch[-1].case


async def _one(db: Store, reader: Reader, office: Office, old: Old, found: Found, now: datetime) -> None:
    if _newer(old.normaliser):
        found.left.append((old.number, f"it was read by a newer normaliser ({old.normaliser})"))
        return
    fresh = await _read(db, reader, old.case)
    if isinstance(fresh, str):
        found.left.append((old.number, fresh))
        return
    async with db.transaction() if found.write else db.snapshot() as tx:
        outcome = await _renewed(tx, office, old.case, fresh, now, write=found.write)
    if outcome is None:
        found.left.append((old.number, "it was amended meanwhile: run it again"))
        return
    found.before[old.normaliser] = found.before.get(old.normaliser, 0) + 1
    found.changed += bool(outcome.changed)
    found.same += not outcome.changed
    for name in outcome.changed:
        found.fields[name] = found.fields.get(name, 0) + 1
        found.examples[name] = [*found.examples.get(name, []), old.number][:_SHOWN]


def _newer(normaliser: str) -> bool:
    """Another node may be ahead: it must not be read back."""
    return normaliser.isdecimal() and NORMALISER.isdecimal() and int(normaliser) > int(NORMALISER)


async def _read(db: Store, reader: Reader, case: UUID) -> Complaint | str:
    """Its arrival, read anew; or why not."""
    async with db.snapshot() as tx:
        versions = [make.understood(row) for row in await renewals.versions(tx, case)]
        if "unread" in versions[-1].remarks:
            return "nobody could read it"
        there = await renewals.arrivals_at(tx, case, versions[-1].received_at)
        kept = await lookup.by_key(tx, *there[0]) if there else None
    if kept is None:
        return "what arrived is not kept any more"
    read: Outcome = await read_alone(reader, kept.entry.arrival)
    if isinstance(read, Broke):
        return f"it cannot be read: {read.reason}"
    if not isinstance(read, Understood):
        return "it would be no report now"
    return read.complaint


async def _renewed(tx: Transaction, office: Office, which: UUID, fresh: Complaint, now: datetime, *, write: bool) -> Renewed | None:
    """None: it rests on something else by now."""
    case = await store.case(tx, which) if write else (await standing.by_id(tx, [which]))[which]
    versions = [make.understood(row) for row in await renewals.versions(tx, which)]
    if versions[-1].received_at != fresh.received_at:
        return None
    outcome = renewal.renewed(versions, fresh, case.question)
    if write:
        rows = Rows(complaint_versions=[make.complaint(case, len(versions) + 1, outcome.complaint, now)])
        if outcome.changed:
            suggestion = routing.owner_of(outcome.complaint, office.desk).suggestion
            changed, event = cases.renew(case, outcome.complaint, reason=f"rule:normaliser:{NORMALISER}", at=now, suggestion=suggestion)
            rows.events.append(make.event(event))
            await store.change(tx, changed, case.version)
        await store.write(tx, rows)
    return outcome
