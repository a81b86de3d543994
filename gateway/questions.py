"""What a complainant is asked, and what an answer adds to the complaint. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from gateway.case import AWAITING_INFORMATION, LIFE, Case, Question, urgent
from gateway.office import Office
from normalizer import Complaint, Incident, Place
from normalizer.dates import answer_date
from normalizer.manners import ABUSE, OF_THE_WORDS
from normalizer.missing import missing
from normalizer.spans import moved, respanned
from normalizer.text import MAX_TEXT, cut, first_sentence, has_letters, line

# Said instead of an answer.
_UNKNOWN = "rule:answers_our_question:unknown"
_SEPARATOR = "\n\n"


def first_question(office: Office, complaint: Complaint, now: datetime) -> Question | None:
    """What is asked first; None: nothing is missing, or nobody is asked anything here.

    Danger to life waits for no answer: whoever comes to help must know where, and nobody asks since when.
    """
    if not office.questions.give_up_after_working_days:
        return None
    at_once = urgent(complaint) == LIFE
    item = next((item for item in complaint.missing if not (at_once and item == "when")), None)
    if item is None:
        return None
    return Question(item, next_time(office, now, len(office.questions.remind_after_working_days) if at_once else 0), awaited=not at_once)


def next_time(office: Office, asked_at: datetime, reminders: int) -> datetime:
    """When to ask once more after so many reminders, or else to give up."""
    days = (*office.questions.remind_after_working_days, office.questions.give_up_after_working_days)
    return office.calendar.morning(office.calendar.due(asked_at, days[min(reminders, len(days) - 1)]).on)


def is_last(office: Office, case: Case) -> bool:
    """There are no more reminders, or nobody waits for the answer: the next time, the question is dropped."""
    return case.status != AWAITING_INFORMATION or case.reminders >= len(office.questions.remind_after_working_days)


def answered(before: Complaint, said: Complaint, question: str, reason: str, zone: str) -> Complaint:
    """How the complaint is understood with this answer to "what" | "where" | "when"; whatever else is in it is taken, too. `zone`: where "yesterday" is meant.

    What the complainant does not know is asked no more, and remarked.
    """
    if reason == _UNKNOWN:
        left = tuple(item for item in before.missing if item != question)
        return replace(before, missing=left, remarks=(*before.remarks, f"{question}_unknown"))
    if question == "where" and said.incident and not _says_where(said):
        # Asked where, they say when: that is taken, and where is asked again.
        question = "when"
    after = before
    if question == "what" or "what" in before.missing:
        after = _told(after, said)
    if question == "where" or _says_where(said):
        after = replace(after, place=_place(after.place, said, asked=question == "where"))
    if question == "when" or (said.incident and after.incident is None):
        after = replace(after, incident=_incident(said, zone) if question == "when" else said.incident)
    return respanned(replace(after, missing=_still_missing(after, before, question)))


def corrected(before: Complaint, said: Complaint) -> Complaint:
    """With a correction: its words stand below the others, and the place or day that it names is the one that counts."""
    after = replace(before, text=cut(f"{before.text}{_SEPARATOR}{said.text}" if before.text else said.text, MAX_TEXT))
    if _says_where(said):
        after = replace(after, place=_place(before.place, said, asked=False))
    if said.incident:
        after = replace(after, incident=said.incident)
    return respanned(replace(after, missing=_still_missing(after, before, "")))


def retold(before: Complaint, said: Complaint) -> Complaint:
    """Told anew; the place and day that were answered stay, unless the new words say others."""
    unknown = tuple(remark for remark in before.remarks if remark.endswith("_unknown"))
    place = said.place if _says_where(said) or before.place is None or before.place.how != "answer" else before.place
    incident = said.incident or (before.incident if before.incident and before.incident.how == "answer" else None)
    after = replace(said, place=place, incident=incident, remarks=(*said.remarks, *(one for one in unknown if one not in said.remarks)))
    return respanned(replace(after, missing=_still_missing(after, before, "")))


def classified(before: Complaint, kind: str) -> Complaint:
    """Of the kind that its complainant says; what that kind does not need is missing no more."""
    after = replace(before, kind=kind, kind_found=None)
    return replace(after, missing=_still_missing(after, before, ""))


def _still_missing(after: Complaint, before: Complaint, question: str) -> tuple[str, ...]:
    needed = missing(after.kind, f"{after.title}{after.text}", after.place, after.incident, after.remarks)
    given_up = {item for item in ("what", "where", "when") if f"{item}_unknown" in before.remarks}
    return tuple(item for item in needed if item != question and item not in given_up)


def _told(before: Complaint, said: Complaint) -> Complaint:
    begins = len(before.text) + len(_SEPARATOR) if has_letters(before.text) else 0
    if not begins or ABUSE in before.remarks:
        # What it is about is said only now; who and which door, the first message said.
        said = moved(said, begins)
        remarks = (*(one for one in before.remarks if one != ABUSE), *(one for one in said.remarks if one in OF_THE_WORDS and one not in before.remarks))
        before = replace(before, category=said.category, categories=said.categories, urgency=said.urgency, level=said.level, beyond=said.beyond)
        before = replace(before, language_found=said.language_found, subjects=said.subjects, dates=(*before.dates, *said.dates), remarks=remarks)
        if before.kind is None:
            before = replace(before, kind=said.kind, kind_found=said.kind_found)
    text = f"{before.text}{_SEPARATOR}{said.text}" if begins else said.text
    return replace(before, text=cut(text, MAX_TEXT), title=first_sentence(said.text) or before.title, language=before.language or said.language)


def _says_where(said: Complaint) -> bool:
    return said.place is not None and (said.place.location is not None or (said.place.text is not None and said.place.how != "channel"))


def _place(before: Place | None, said: Complaint, *, asked: bool) -> Place:
    """The words that answer are the place; whatever region they name counts more than the channel's own, and narrows the one that was named before."""
    found = said.place
    text = (line(said.text) if asked else None) or (found.text if found else None) or (before.text if before else None)
    location = (found.location if found else None) or (before.location if before else None)
    base = _named(before, found) or before or found or Place(None, None, "answer")
    how = "position" if not text and location else "answer" if asked else base.how
    # The words stand in another message than the complaint's.
    return replace(base, text=text, location=location, how=how, span=None)


def _named(before: Place | None, found: Place | None) -> Place | None:
    """The region that words name, which may be one of several of that name; None: they name none, or only what holds the one before."""
    if found is None or (found.score is None and not found.keyword):
        return None
    home = before.code if before else None
    if found.ambiguous and home:
        within = next((one for one in found.candidates if one.code.startswith(home)), None)
        return replace(found, code=within.code, score=within.score, ambiguous=False) if within else None
    return None if home and found.code and home.startswith(found.code) else found


def _incident(said: Complaint, zone: str) -> Incident:
    """The whole answer is kept, so that nothing that was said is lost; its day, if one was understood."""
    words = line(said.text) or ""
    if found := answer_date(said.text, said.received_at, zone):
        return Incident(words, found.date, "answer", found.precision, score=found.score)
    return replace(said.incident, text=words, how="answer") if said.incident else Incident(words, None, "answer")
