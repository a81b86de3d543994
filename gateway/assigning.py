"""A person decides whose a report is: its owner moves, with an event, and the decision is kept to learn from (laws 8 and 9). Nobody else is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway import case as cases
from gateway import rows as make
from gateway.speaking import NoSuchCase
from gateway.store import filing as store
from gateway.store import learned, lookup
from gateway.store.engine import Transaction
from gateway.store.filing import Rows


@dataclass(frozen=True, slots=True)
class Assigned:
    """What became of it."""

    number: str
    before: str
    after: str


async def assign(tx: Transaction, number: str, agency: str, by: str, now: datetime) -> Assigned:
    """Move it to `agency`, which exists; the same owner once more is a decision, too. `by`: who decided. Raises NoSuchCase, Clash."""
    found = await lookup.case_of(tx, number)
    if found is None:
        raise NoSuchCase
    case = await store.case(tx, found)
    suggested = [event.data[cases.SUGGESTION] for event in await lookup.case_events(tx, case.id) if event.data.get(cases.SUGGESTION)]
    changed, event = cases.assign(case, agency, by=by, at=now)
    await store.change(tx, changed, case.version)
    await store.write(tx, Rows(events=[make.event(event)]))
    label = {"case": case.id, "version": event.version, "agency": agency, "by": by, "at": now, "suggestion": suggested[-1] if suggested else {}}
    await learned.keep(tx, label)
    return Assigned(case.number, case.owner, agency)
