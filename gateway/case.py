"""A complaint that we have taken charge of. Pure: a change is a new value and the event that made it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from gateway.deadlines import Stops
from gateway.sensitive import confidential
from normalizer import Complaint

# Statuses of DOMAIN.md that exist so far.
RECEIVED = "received"
AWAITING_INFORMATION = "awaiting_information"
AWAITING_VERIFICATION = "awaiting_verification"
CLOSED = "closed"
REOPENED = "reopened"
WITHDRAWN = "withdrawn"
ARCHIVED = "archived"
# Nobody works on it any more.
ENDED = frozenset({CLOSED, WITHDRAWN, ARCHIVED})

MACHINE = "gateway"
# Events that are the complainant's words.
_SAID = frozenset({"opened", "supplied", "added", "repeated", "corrected", "amended", "placed", "classified", "appealed"})

# How soon it must be seen to, by what the normaliser says (Complaint.urgency): the more, the sooner.
LIFE = 2
_URGENT = {"danger": 1, "life": LIFE}
# Events by which the machine chose an owner.
_CHOSEN = frozenset({"opened", "routed"})

# Under this name an event keeps what the machine suggests; it changes nothing of the case.
SUGGESTION = "suggestion"


class ArchiveReason(StrEnum):
    """Why a person may archive one (DOMAIN.md, "Statuses"); each has a sentence for its complainant in every language."""

    TOO_GENERAL = "too_general"
    NOT_PUBLIC_SERVICE = "not_public_service"
    NOT_UNDERSTOOD = "not_understood"
    PRIVATE_DISPUTE = "private_dispute"
    IN_COURT = "in_court"
    SPAM = "spam"
    ABUSE = "abuse"
    OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True, slots=True)
class Owner:
    """Who is responsible, and why (laws 8 and 9)."""

    # Code of an agency of the directory.
    agency: str
    # The rule that decided: "rule:coordinator", another rule of routing, later "person:<name>".
    reason: str
    # What the machine would have chosen, and why (routing.Suggestion.kept). Empty: it was not asked.
    suggestion: Mapping[str, object] = field(default_factory=dict)


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
    # What it is about, from the deployment's list; empty: nobody could say.
    category: str = ""
    # What the complainant was asked and has not answered: "what" | "where" | "when"; empty: nothing. While it is awaited (the status says so), the
    # deadlines' clock stands.
    question: str = ""
    asked_at: datetime | None = None
    # When to ask once more, or to give up; None: there is nothing to wait for.
    remind_at: datetime | None = None
    reminders: int = 0
    # When its complainant last said something on it; None: they began another since, or never did.
    said_at: datetime | None = None
    # 1..5, by the complainant, after it was closed; None: not rated.
    rating: int | None = None
    # When a person closed or archived it; None: it is open, or a machine found that it needed no case.
    closed_at: datetime | None = None
    # 2: life in danger, 1: somebody may come to harm soon, 0: nothing says so. What is urgent is seen to first.
    urgent: int = 0

    @property
    def ended(self) -> bool:
        """Nobody works on it any more."""
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class Question:
    """What the complainant is asked, and when to ask once more."""

    item: str
    remind_at: datetime
    # Nothing goes on before it is answered, and the deadlines' clock stands.
    awaited: bool = True


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
    question: Question | None = None,
) -> tuple[Case, Event]:
    """Take charge. `status` is RECEIVED for what could not be read yet, else AWAITING_VERIFICATION; with a question it waits for the complainant first."""
    data: dict[str, object] = {
        "number": number,
        "owner": owner.agency,
        "status": status,
        "anonymous": complaint.anonymous,
        "confidential": confidential(complaint),
        "channel": channel,
        "correspondent": str(correspondent) if correspondent else None,
        "title": complaint.title,
        "rules": rules,
        "category": _category(complaint),
        "urgent": urgent(complaint),
    }
    if question:
        data |= _asking(question)
    if owner.suggestion:
        data[SUGGESTION] = owner.suggestion
    event = Event(case_id, 1, "opened", MACHINE, owner.reason, data, at)
    return rebuild([event]), event


def fill(
    case: Case, complaint: Complaint, *, correspondent: UUID | None, reason: str, at: datetime, suggestion: Mapping[str, object] | None = None
) -> tuple[Case, Event]:
    """What was kept unread has been read after all: number and owner stay, the complaint comes in.

    Only now is it known what the reporter asked for, so only now may the switches that were closed by default follow it; what is sensitive stays closed.
    """
    data: dict[str, object] = {
        "status": AWAITING_VERIFICATION if case.status == RECEIVED else case.status,
        "anonymous": complaint.anonymous,
        "confidential": confidential(complaint),
        "correspondent": str(correspondent) if correspondent else None,
        "title": complaint.title,
        "urgent": urgent(complaint),
    }
    if suggestion:
        data[SUGGESTION] = suggestion
    return _after(case, "filled", reason, data, at)


def amend(case: Case, complaint: Complaint, *, reason: str, at: datetime) -> tuple[Case, Event]:
    """The reporter said it anew. Amendments may come in any order, so a switch that hides is only ever closed by one; opening takes a person."""
    data: dict[str, object] = {
        "status": AWAITING_VERIFICATION if case.status == RECEIVED else case.status,
        "anonymous": complaint.anonymous or (case.anonymous and case.status != RECEIVED),
        "confidential": confidential(complaint) or (case.confidential and case.status != RECEIVED),
        "title": complaint.title,
        "urgent": max(case.urgent, urgent(complaint)),
    }
    return _after(case, "amended", reason, data, at)


def renew(case: Case, complaint: Complaint, *, reason: str, at: datetime, suggestion: Mapping[str, object] | None = None) -> tuple[Case, Event]:
    """A newer normaliser understands it otherwise. Its owner and what waits for an answer stay; what turns out to be sensitive is closed, nothing is opened."""
    data: dict[str, object] = {
        "title": complaint.title,
        "category": _category(complaint),
        "urgent": max(case.urgent, urgent(complaint)),
        "confidential": case.confidential or confidential(complaint),
    }
    if suggestion:
        data[SUGGESTION] = suggestion
    return _after(case, "renewed", reason, data, at)


def assign(case: Case, agency: str, *, by: str, at: datetime) -> tuple[Case, Event]:
    """A person decides whose it is; nothing else changes."""
    return _after(case, "assigned", "person", {"owner": agency}, at, by)


def split(case: Case, complaint: Complaint, *, into: str, by: str, at: datetime) -> tuple[Case, Event]:
    """A person gave one of its subjects to a report of its own, whose number is `into`; `complaint`: what this one is about now."""
    return _after(case, "split", f"into {into}", {"category": _category(complaint)}, at, by)


def place(case: Case, *, reason: str, at: datetime) -> tuple[Case, Event]:
    """The reporter said where it happened."""
    return _after(case, "placed", reason, {}, at)


def supply(case: Case, complaint: Complaint, *, following: Question | None, reason: str, at: datetime) -> tuple[Case, Event]:
    """The complainant answered our question; the next one is `following`, or there is none left and it goes on to be verified."""
    understood = {"title": complaint.title, "category": _category(complaint) or case.category, "urgent": max(case.urgent, urgent(complaint))}
    data = understood | _asked_next(case, following)
    return _after(case, "supplied", reason, data, at)


def remind(case: Case, again_at: datetime, *, reason: str, at: datetime) -> tuple[Case, Event]:
    """The complainant was asked once more; after `again_at` again, or no more."""
    return _after(case, "reminded", reason, {"remind_at": again_at.isoformat(), "reminders": case.reminders + 1}, at)


def give_up(case: Case, *, reason: str, at: datetime) -> tuple[Case, Event]:
    """The question stays unanswered: a person takes it as it is."""
    return _after(case, "unanswered", reason, _asked_no_more(case), at)


def classify(case: Case, *, following: Question | None, reason: str, at: datetime) -> tuple[Case, Event]:
    """The complainant said of what kind it is, and what its kind does not need is not asked."""
    return _after(case, "classified", reason, _asked_next(case, following), at)


def set_aside(case: Case, *, reason: str, at: datetime) -> tuple[Case, Event]:
    """The complainant begins another one: what they say next is not about this."""
    return _after(case, "set_aside", reason, _asked_no_more(case), at)


def withdraw(case: Case, *, reason: str, at: datetime) -> tuple[Case, Event]:
    """The complainant takes it back."""
    return _after(case, "withdrawn", reason, _asked_no_more(case) | {"status": WITHDRAWN}, at)


def close(case: Case, *, reason: str, at: datetime, actor: str) -> tuple[Case, Event]:
    """It is done; the complainant may rate it, or say that it is not."""
    return _after(case, "closed", reason, _asked_no_more(case) | {"status": CLOSED}, at, actor)


def rate(case: Case, rating: int, *, reason: str, at: datetime) -> tuple[Case, Event]:
    """What the complainant thinks of it, 1..5; the last word counts."""
    return _after(case, "rated", reason, {"rating": rating}, at)


def reopen(case: Case, *, reason: str, at: datetime) -> tuple[Case, Event]:
    """The complainant says that it is not done, or takes it up again."""
    return _after(case, "reopened", reason, {"status": REOPENED}, at)


def hide(case: Case, *, anonymous: bool = False, confidential: bool = False, reason: str, at: datetime) -> tuple[Case, Event]:
    """The reporter wants to be hidden, or what was reported. It is only ever closed by a word; opening takes a person."""
    data: dict[str, object] = {"anonymous": case.anonymous or anonymous, "confidential": case.confidential or confidential}
    return _after(case, "hidden", reason, data, at)


def archive(case: Case, *, reason: str, at: datetime, actor: str = MACHINE) -> tuple[Case, Event]:
    """Closed without work, with the reason. By a person it is an ArchiveReason, and open to an appeal; by the machine it needed no case."""
    return _after(case, "archived", reason, _asked_no_more(case) | {"status": ARCHIVED}, at, actor)


def appeal(case: Case, owner: Owner, *, at: datetime) -> tuple[Case, Event]:
    """Its complainant does not accept that it was archived: it is open again, before `owner`."""
    return _after(case, "appealed", owner.reason, {"status": REOPENED, "owner": owner.agency}, at)


def route(case: Case, owner: Owner, *, rules: str, at: datetime) -> tuple[Case, Event]:
    """Somebody else takes charge, by the machine's rules."""
    return _after(case, "routed", owner.reason, {"owner": owner.agency, "rules": rules}, at)


def suggesting(event: Event, suggestion: Mapping[str, object]) -> Event:
    """With what the machine suggests since; as it was, if it was not asked."""
    return replace(event, data={**event.data, SUGGESTION: suggestion}) if suggestion else event


def owned_by_rule(events: Iterable[Event]) -> bool:
    """Whether its owner is still the one that the machine chose: no person, and no appeal, set another."""
    set_by = [event for event in events if "owner" in event.data]
    return set_by[-1].kind in _CHOSEN and set_by[-1].actor == MACHINE


def urgent(complaint: Complaint) -> int:
    """How soon it must be seen to, as Case.urgent."""
    return _URGENT[complaint.urgency.code] if complaint.urgency else 0


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


def _category(complaint: Complaint) -> str:
    return complaint.category.code if complaint.category else ""


def awaited(data: Mapping[str, object]) -> object:
    """For stops(): what is awaited after an event with these data ("": nothing; None: it says nothing of that)."""
    if "question" not in data:
        return None
    return data["question"] if data.get("status") == AWAITING_INFORMATION else ""


def stops(asked: Iterable[tuple[object, datetime]]) -> Stops:
    """When the deadlines' clock stood, because the complainant was asked something; the last span may still be open.

    `asked`: of each event in order, what is awaited after it (awaited()), and its time.
    """
    found: list[tuple[datetime, datetime | None]] = []
    for question, at in asked:
        if question is None:
            continue
        if found and found[-1][1] is None:
            found[-1] = (found[-1][0], at)
        if question:
            # Asked the next thing in the same moment, it did not run in between.
            since = found.pop()[0] if found and found[-1][1] == at else at
            found.append((since, None))
    return tuple(found)


def _asking(question: Question, case: Case | None = None) -> dict[str, object]:
    again = case is not None and case.question == question.item
    # Asked once more what is asked already, its time runs on: nobody holds up a report by never answering.
    remind_at, reminders = (case.remind_at, case.reminders) if case and again else (question.remind_at, 0)
    when = remind_at.isoformat() if remind_at else None
    asked: dict[str, object] = {"question": question.item, "remind_at": when, "reminders": reminders}
    return asked | {"status": AWAITING_INFORMATION} if question.awaited else asked


def _asked_next(case: Case, following: Question | None) -> dict[str, object]:
    return _asked_no_more(case) | (_asking(following, case) if following else {})


def _asked_no_more(case: Case) -> dict[str, object]:
    status = AWAITING_VERIFICATION if case.status == AWAITING_INFORMATION else case.status
    return {"question": "", "remind_at": None, "reminders": 0, "status": status}


def _after(case: Case, kind: str, reason: str, data: dict[str, object], at: datetime, actor: str = MACHINE) -> tuple[Case, Event]:
    event = Event(case.id, case.version + 1, kind, actor, reason, data, at)
    return _with(case, event), event


def _with(case: Case, event: Event) -> Case:
    data = {name: value for name, value in event.data.items() if name != SUGGESTION}
    if "correspondent" in data:
        data["correspondent"] = UUID(str(data["correspondent"])) if data["correspondent"] else None
    if "remind_at" in data:
        data["remind_at"] = datetime.fromisoformat(str(data["remind_at"])) if data["remind_at"] else None
    if "question" in data:
        again = data["question"] == case.question and case.asked_at is not None
        data["asked_at"] = (case.asked_at if again else event.at) if data["question"] else None
    if event.kind in _SAID or event.kind == "set_aside":
        data["said_at"] = event.at if event.kind in _SAID else None
    if "status" in data and data["status"] != case.status:
        # What a machine archives was noise, or is another case: nobody appeals against that.
        by_person = data["status"] == ARCHIVED and event.actor != MACHINE
        data["closed_at"] = event.at if by_person or data["status"] == CLOSED else None
    return replace(case, version=event.version, changed_at=event.at, **data)  # type: ignore[arg-type]
