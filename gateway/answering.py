"""What is done and said for a word (asked.py). For whoever reported it; and for a stranger never more than they may know (law 10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from gateway import asked as words
from gateway import case as cases
from gateway import notices, questions, rerouting, routing
from gateway import rows as make
from gateway.admission import Wanted, always
from gateway.asked import Asked
from gateway.case import Case, Event
from gateway.context import Message, lately_ended
from gateway.conversation import Context, Decision
from gateway.notices import Texts
from gateway.office import Office
from gateway.store import filing as store
from gateway.store import people
from gateway.store.engine import Transaction
from gateway.store.filing import Rows
from gateway.store.people import Person
from gateway.words import Words

# Words that change a report: only by who wrote it.
_CHANGES = frozenset({words.ANONYMOUS, words.CONFIDENTIAL, words.WITHDRAW, words.REOPEN, words.RATE, words.CLASSIFY})
# Of these, those that do no harm if it was somebody else: they only hide.
_HIDES = frozenset({words.ANONYMOUS, words.CONFIDENTIAL})


@dataclass(frozen=True, slots=True)
class Told:
    """What was done."""

    # To whoever wrote, if they can be answered; empty: the page shows it.
    wanted: list[Wanted]
    # The person, where a word changed what they want of us.
    person: Person | None = None


async def answer(tx: Transaction, office: Office, message: Message, decision: Decision, context: Context, person: Person | None, now: datetime) -> Told:
    """Do it, and say so. Raises Clash."""
    asked = decision.asked
    assert asked is not None  # noqa: S101  # what a word asks is part of its decision
    again = asked.what == words.START and context.vouched and person is not None and person.stopped
    if asked.what in {words.STOP, words.START, words.LANGUAGE} and person and (context.vouched or asked.what == words.LANGUAGE):
        person = await _chosen(tx, person, asked, now)
    case = _case_of(decision, context)
    said = _Said(office, message, context, asked, await _language(tx, message, asked, case, context, person))
    if again:
        return Told(said.heard_again(), person)
    if asked.what in _CHANGES and case and context.is_own(case.id) and (context.vouched or asked.what in _HIDES):
        case = await _changed(tx, office, case, asked, now)
        return Told(said.own(case, _done(asked, case)), person)
    if asked.what == words.REPORT and context.vouched:
        for spoken_of in (one for one in context.own if one.question or one.said_at):
            await _set_aside(tx, spoken_of, now)
    return Told(said.of(case), person)


def _case_of(decision: Decision, context: Context) -> Case | None:
    those = (*context.own, *filter(None, (context.case, context.numbered)))
    return next((case for case in those if case.id == decision.case), None)


async def _language(tx: Transaction, message: Message, asked: Asked, case: Case | None, context: Context, person: Person | None) -> str | None:
    """The one that they chose, that the word itself is of, else that of their report: STATUS is the same word in all of them.

    None: nothing tells, and the deployment's first is taken. So it is with STOP and START, which people write on every phone of the world.
    """
    if told := (person.language if person else None) or asked.language:
        return told
    theirs = case if case and context.is_own(case.id) else next(iter(context.own), None)
    reported = (await store.latest_complaint(tx, theirs.id)).get("language") if theirs else None
    return reported or (None if asked.what in {words.STOP, words.START} else message.read.complaint.language)


async def _chosen(tx: Transaction, person: Person, asked: Asked, now: datetime) -> Person:
    if asked.what == words.LANGUAGE:
        if asked.value:
            await people.choose(tx, person.id, language=asked.value)
        return person.choosing(language=asked.value or person.language)
    stopped = asked.what == words.STOP
    await people.choose(tx, person.id, stopped_at=now if stopped else None)
    return person.choosing(stopped=stopped)


# What it does


async def _changed(tx: Transaction, office: Office, which: Case, asked: Asked, now: datetime) -> Case:
    case = await store.case(tx, which.id)
    rows = Rows()
    events: tuple[Event, ...]
    if asked.what == words.CLASSIFY:
        complaint = questions.classified(make.understood(await store.latest_complaint(tx, case.id)), asked.value)
        rows.complaint_versions.append(make.complaint(case, await store.complaint_versions_of(tx, case.id) + 1, complaint, now))
        following = questions.first_question(office, complaint, now) if case.question else None
        changed, event = cases.classify(case, following=following, reason="rule:word:classify", at=now)
        changed, event, also = await rerouting.rerouted(tx, office.desk, changed, event, complaint, now)
        events = (event, *also)
    elif asked.what == words.REOPEN and lately_ended(office, case, now) and case.status == cases.ARCHIVED:
        complaint = make.understood(await store.latest_complaint(tx, case.id))
        changed, event = cases.appeal(case, routing.appeals_to(complaint, office.desk), at=now)
        events = (event,)
    else:
        made = _MAKES[asked.what](case, asked, now)
        if made is None:
            return case
        changed, event = made
        events = (event,)
    await store.change(tx, changed, case.version)
    rows.events += [make.event(event) for event in events]
    await store.write(tx, rows)
    return changed


def _hide(case: Case, asked: Asked, now: datetime) -> tuple[Case, Event]:
    return cases.hide(case, anonymous=asked.what == words.ANONYMOUS, confidential=asked.what == words.CONFIDENTIAL, reason=f"rule:word:{asked.what}", at=now)


def _withdraw(case: Case, _asked: Asked, now: datetime) -> tuple[Case, Event] | None:
    return None if case.ended else cases.withdraw(case, reason="rule:word:withdraw", at=now)


def _reopen(case: Case, _asked: Asked, now: datetime) -> tuple[Case, Event] | None:
    return cases.reopen(case, reason="rule:word:reopen", at=now) if case.status in {cases.CLOSED, cases.WITHDRAWN} else None


def _rate(case: Case, asked: Asked, now: datetime) -> tuple[Case, Event]:
    return cases.rate(case, int(asked.value), reason="rule:word:rate", at=now)


# None: it is so already, or cannot be.
_MAKES: Mapping[str, Callable[[Case, Asked, datetime], tuple[Case, Event] | None]] = {
    words.ANONYMOUS: _hide,
    words.CONFIDENTIAL: _hide,
    words.WITHDRAW: _withdraw,
    words.REOPEN: _reopen,
    words.RATE: _rate,
}


async def _set_aside(tx: Transaction, which: Case, now: datetime) -> None:
    case = await store.case(tx, which.id)
    changed, event = cases.set_aside(case, reason="rule:word:report", at=now)
    await store.change(tx, changed, case.version)
    await store.write(tx, Rows(events=[make.event(event)]))


# What is said


def _done(asked: Asked, case: Case) -> Callable[[Words], Texts]:
    match asked.what:
        case words.ANONYMOUS | words.CONFIDENTIAL:
            return lambda said: notices.hidden(said, case.number, asked.what)
        case words.RATE:
            return lambda said: notices.rated(said, case.number, int(asked.value))
        case words.CLASSIFY:
            return lambda said: notices.classified(said, case.number, asked.value, case.question)
        case _:
            return lambda said: notices.moved(said, case.number, case.status)


@dataclass(frozen=True, slots=True)
class _Said:
    office: Office
    message: Message
    context: Context
    asked: Asked
    language: str | None

    def own(self, case: Case, texts: Callable[[Words], Texts]) -> list[Wanted]:
        return self._wanted(case, texts(self._words()))

    def heard_again(self) -> list[Wanted]:
        """For whoever had stopped us: we told them to write this word."""
        return self._wanted(None, notices.started(self._words()))

    def of(self, case: Case | None) -> list[Wanted]:
        """For a word that changed nothing on a report."""
        said, asked = self._words(), self.asked
        match asked.what:
            case words.HELP:
                return self._wanted(None, notices.help_text(said, self.office.emergency))
            case words.REPORT:
                return self._wanted(None, notices.how_to_report(said))
            case words.STOP | words.START if self.context.vouched:
                return self._wanted(None, notices.stopped(said, stopped=asked.what == words.STOP, emergency=self.office.emergency))
            case words.LANGUAGE:
                return self._wanted(None, notices.language(said, chosen=bool(asked.value)))
        if asked.what in {words.STOP, words.START}:
            return self._wanted(None, notices.not_proved(said))
        return self._report(case, said)

    def _report(self, case: Case | None, said: Words) -> list[Wanted]:
        own = case is not None and self.context.is_own(case.id)
        if case is None or (not own and (case.confidential or self.asked.what in _CHANGES)):
            if case is None and self.asked.what == words.WITHDRAW and not self.asked.number and any(not one.ended for one in self.context.own):
                return self._wanted(None, notices.which_one(said))
            # The same for a number that is none and for one that is hidden: whoever guesses learns nothing.
            return self._wanted(None, notices.not_found(said, by_number=bool(self.asked.number)))
        if own and self.asked.what in _CHANGES:
            return self._wanted(None, notices.not_proved(said))
        zone = ZoneInfo(self.office.settings[self.message.entry.arrival.channel].zone)
        day = case.opened_at.astimezone(zone).date() if own else None
        return self._wanted(case if own else None, notices.standing(said, case.number, case.status, day, case.question if own else ""))

    def _words(self) -> Words:
        return self.office.words_for(self.language)

    def _wanted(self, case: Case | None, texts: Texts) -> list[Wanted]:
        to, report = self.message.sender, self.message.read.report
        if to is None:
            return []
        thread = tuple(filter(None, (report.message_id, *report.references)))
        which: tuple[UUID | None, str] = (case.id, case.number) if case else (None, "")
        kind = notices.ANSWER if case else notices.ADVICE
        return [Wanted(kind, which[0], self.message.entry.arrival.channel, to, which[1], always(texts), thread=thread)]
