"""A complaint that we have taken charge of. Pure: a change is a new value and the event that made it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from normalizer import Complaint

# Statuses of DOMAIN.md that exist so far.
RECEIVED = "received"
AWAITING_VERIFICATION = "awaiting_verification"
ARCHIVED = "archived"

MACHINE = "gateway"


@dataclass(frozen=True, slots=True)
class Owner:
    """Who is responsible, and why (laws 8 and 9)."""

    # Code of an agency of the directory.
    agency: str
    # The rule that decided: "rule:coordinator", later a rule of routing or "person:<name>".
    reason: str


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a case. The events of a case, in order, are the case."""

    case: UUID
    # The case's version after it; the first is 1.
    version: int
    kind: str
    # MACHINE, or the name of a person.
    actor: str
    # Why, as a code or a person's sentence.
    reason: str
    data: dict[str, object]
    at: datetime


@dataclass(frozen=True, slots=True)
class Case:
    """Exactly one owner at every moment; never without a number."""

    id: UUID
    number: str
    owner: str
    status: str
    version: int
    # Hides who; what is not known yet counts as set (law 10).
    anonymous: bool
    # Hides what.
    confidential: bool
    channel: str
    correspondent: UUID | None
    title: str
    opened_at: datetime
    changed_at: datetime
    # Version of the rules that chose the owner.
    rules: str


def open_case(
    complaint: Complaint,
    *,
    case_id: UUID,
    number: str,
    channel: str,
    owner: Owner,
    rules: str,
    correspondent: UUID | None,
    status: str,
    at: datetime,
) -> tuple[Case, Event]:
    """Take charge. `status` is RECEIVED for what could not be read yet, else AWAITING_VERIFICATION."""
    data: dict[str, object] = {
        "number": number,
        "owner": owner.agency,
        "status": status,
        "anonymous": complaint.anonymous,
        "confidential": complaint.confidential,
        "channel": channel,
        "correspondent": str(correspondent) if correspondent else None,
        "title": complaint.title,
        "rules": rules,
    }
    event = Event(case_id, 1, "opened", MACHINE, owner.reason, data, at)
    return rebuild([event]), event


def fill(case: Case, complaint: Complaint, *, correspondent: UUID | None, reason: str, at: datetime) -> tuple[Case, Event]:
    """What was kept unread has been read after all: number and owner stay, the complaint comes in.

    Only now is it known what the reporter asked for, so only now may the switches that were closed by default follow it; one that a person set stays.
    """
    data: dict[str, object] = {
        "status": AWAITING_VERIFICATION if case.status == RECEIVED else case.status,
        "anonymous": complaint.anonymous,
        "confidential": complaint.confidential,
        "correspondent": str(correspondent) if correspondent else None,
        "title": complaint.title,
    }
    return _after(case, "filled", reason, data, at)


def amend(case: Case, complaint: Complaint, *, reason: str, at: datetime) -> tuple[Case, Event]:
    """The reporter said it anew. Amendments may come in any order, so a switch that hides is only ever closed by one; opening takes a person."""
    data: dict[str, object] = {
        "status": AWAITING_VERIFICATION if case.status == RECEIVED else case.status,
        "anonymous": complaint.anonymous or (case.anonymous and case.status != RECEIVED),
        "confidential": complaint.confidential or (case.confidential and case.status != RECEIVED),
        "title": complaint.title,
    }
    return _after(case, "amended", reason, data, at)


def place(case: Case, *, reason: str, at: datetime) -> tuple[Case, Event]:
    """The reporter said where it happened."""
    return _after(case, "placed", reason, {}, at)


def hide(case: Case, *, anonymous: bool = False, confidential: bool = False, reason: str, at: datetime) -> tuple[Case, Event]:
    """The reporter wants to be hidden, or what was reported. It is only ever closed by a word; opening takes a person."""
    data: dict[str, object] = {"anonymous": case.anonymous or anonymous, "confidential": case.confidential or confidential}
    return _after(case, "hidden", reason, data, at)


def archive(case: Case, *, reason: str, at: datetime) -> tuple[Case, Event]:
    """Closed without work, with the reason."""
    return _after(case, "archived", reason, {"status": ARCHIVED}, at)


def remark(case: Case, kind: str, *, reason: str, at: datetime, actor: str = MACHINE) -> tuple[Case, Event]:
    """Something that its owner should know; nothing else changes."""
    return _after(case, kind, reason, {}, at, actor)


def rebuild(events: Sequence[Event]) -> Case:
    """The case that these events, in order, make."""
    first = events[0]
    nothing = Case(
        first.case,
        "",
        "",
        "",
        0,
        anonymous=True,
        confidential=True,
        channel="",
        correspondent=None,
        title="",
        opened_at=first.at,
        changed_at=first.at,
        rules="",
    )
    case = _with(nothing, first)
    for event in events[1:]:
        case = _with(case, event)
    return case


def _after(case: Case, kind: str, reason: str, data: dict[str, object], at: datetime, actor: str = MACHINE) -> tuple[Case, Event]:
    event = Event(case.id, case.version + 1, kind, actor, reason, data, at)
    return _with(case, event), event


def _with(case: Case, event: Event) -> Case:
    data = dict(event.data)
    if "correspondent" in data:
        data["correspondent"] = UUID(str(data["correspondent"])) if data["correspondent"] else None
    return replace(case, version=event.version, changed_at=event.at, **data)  # type: ignore[arg-type]
