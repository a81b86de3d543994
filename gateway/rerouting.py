"""Whose a case is, once more, when its complainant said more of it: where, of what kind, what happened (laws 8 and 9)."""

from __future__ import annotations

from datetime import datetime

from gateway import case as cases
from gateway import routing
from gateway.case import Case, Event
from gateway.routing import Desk
from gateway.store import lookup
from gateway.store.engine import Transaction
from normalizer import Complaint


async def rerouted(tx: Transaction, desk: Desk, case: Case, event: Event, complaint: Complaint, now: datetime) -> tuple[Case, Event, tuple[Event, ...]]:
    """The case, `event` with what is suggested since, and the event by which the owner changed, if it did. An owner that a person set stays."""
    event = cases.suggesting(event, routing.owner_of(complaint, desk).suggestion)
    owner = routing.follows(complaint, desk, case.owner)
    if owner is None or case.ended or not cases.owned_by_rule([*await lookup.case_events(tx, case.id), event]):
        return case, event, ()
    moved, routed = cases.route(case, owner, rules=routing.RULES, at=now)
    return moved, event, (routed,)
