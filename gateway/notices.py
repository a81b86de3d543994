"""Words going back to people, in the forms that wires need. Pure: the outbox sends them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from channels import Choice
from channels.gsm7 import fits_one_segment, plain
from gateway.case import ArchiveReason
from gateway.words import Words
from normalizer import Complaint

# Letters that one SMS holds at the most.
_SMS = 160
# From this rating on nobody is asked what was wrong.
_CONTENT = 3

ACKNOWLEDGEMENT, SPOKEN = "acknowledgement", "spoken"
# In a dialogue about a report of whoever hears it: what is missing, once more, what was understood, where words went, what a word did.
QUESTION, REMINDER, UNDERSTOOD, ADDED, ANSWER = "question", "reminder", "understood", "added", "answer"
DIALOGUE = frozenset({QUESTION, REMINDER, UNDERSTOOD, ADDED, ANSWER})
# About no report of theirs.
ADVICE = "advice"
# Proves to a page that a contact is theirs.
CODE = "code"


@dataclass(frozen=True, slots=True)
class Texts:
    """The forms of one notice; a channel's send() chooses."""

    # One GSM-7 segment.
    short: str
    full: str
    subject: str
    # Answers to pick, where a wire has buttons.
    choices: tuple[Choice, ...] = ()


def acknowledgement(
    words: Words,
    number: str,
    working_days: int,
    question: str,
    cut: bool = False,  # noqa: FBT001, FBT002  # what is known last is filled in last
    more: int = 0,
    *,
    emergency: str = "",
    door: str = "",
) -> Texts:
    """We have it, this is its number, this comes next: what we still must know ("what" | "where" | "when"), or who reads it until when.

    `more`: how many other reports of this person were numbered and not told of (the cap an hour). `cut`: what was sent was too large to be kept whole.
    `emergency`: life is in danger, so that the number to call comes before everything else; empty: it is not, or nobody is named. `door`: code of where to go
    instead, if it looks as if no public service can settle it.
    """
    values = {"number": number, "days": working_days}
    short = _alarm(words, number, question, more, emergency) if emergency else _received(words, values, question, door, more)
    # In danger nobody waits for the answer, as the longer words say.
    full_question = words(f"question.{question}" if emergency else f"question.{question}.full") if question else ""
    asked = f"\n\n{full_question}" + ("" if emergency else " " + words("question.clock")) if question else ""
    first = words("help.emergency", emergency=emergency) + "\n\n" if emergency else ""
    elsewhere = "\n\n" + words("door", door=words(f"door.{door}.full")) if door else ""
    full = first + words("acknowledgement.full", **values) + elsewhere + asked + ("\n\n" + words("acknowledgement.cut") if cut else "")
    return Texts(short, full, words("acknowledgement.subject", number=number), _choices(words, question or "begun"))


def _received(words: Words, values: dict[str, object], question: str, door: str, more: int) -> str:
    """In one SMS; the door only where there is room for it."""
    if more:
        return words.many("acknowledgement.short.more", more, **values)
    if question:
        short = words("acknowledgement.question", number=values["number"], question=words(f"question.{question}"))
    else:
        short = words("acknowledgement.short", **values)
    if not door:
        return short
    elsewhere = words("door.short", door=words(f"door.{door}"))
    received = short if question else words("acknowledgement.brief", **values)
    both = f"{received} {elsewhere}"
    return both if fits_one_segment(both) else short


def _alarm(words: Words, number: str, question: str, more: int, emergency: str) -> str:
    """Whom to call, in one SMS; then what fits: that we have it, and what whoever comes to help must know."""
    call = words("help.emergency", emergency=emergency)
    received = words.many("acknowledgement.urgent.more", more, number=number) if more else words("acknowledgement.urgent", number=number)
    asked = f"{call} " + words("acknowledgement.question", number=number, question=words(f"question.{question}")) if question and not more else ""
    return asked if asked and fits_one_segment(asked) else f"{call} {received}"


def alarmed(words: Words, number: str, emergency: str, texts: Texts) -> Texts:
    """The same, after whom to call: that life is in danger is said only now."""
    call = words("help.emergency", emergency=emergency)
    short = f"{call} {texts.short}"
    if not fits_one_segment(short):
        short = f"{call} {words('acknowledgement.urgent', number=number)}"
    return Texts(short, f"{call}\n\n{texts.full}", texts.subject, texts.choices)


def question(words: Words, number: str, item: str) -> Texts:
    """Thank you, and the next thing that we must know."""
    short = words("question.next", number=number, question=words(f"question.{item}"))
    full = words("question.thanks", number=number) + "\n\n" + words(f"question.{item}.full")
    return Texts(short, full, words("question.subject", number=number), _choices(words, item))


def reminder(words: Words, number: str, item: str) -> Texts:
    """We still must know it, or go on without."""
    short = words("reminder", number=number, question=words(f"question.{item}"))
    full = words("reminder.full", number=number) + "\n\n" + words(f"question.{item}.full") + " " + words("question.clock")
    return Texts(short, full, words("question.subject", number=number), _choices(words, item))


def waits(words: Words, number: str, page: str) -> Texts:
    """The same to a contact that was typed: what we ask is told to nobody but who has the report's page."""
    said = words("reminder.pointer", number=number, page=page)
    return Texts(said, said, words("question.subject", number=number))


def gone_on(words: Words, number: str) -> Texts:
    """Nobody waits for the answer any more; a person reads it as it is."""
    said = words("reminder.over", number=number)
    return Texts(said, said, words("question.subject", number=number))


def _but_for(place: str, when: str) -> str:
    """Where it is, without when: a short answer ("depan pasar sejak kemarin") is kept whole as the place, and says both.

    >>> _but_for("depan pasar, sejak kemarin", "sejak kemarin"), _but_for("kemarin", "kemarin")
    ('depan pasar', 'kemarin')
    """
    left = " ".join(place.replace(when, " ").split()) if when else place
    return left.strip(" ,.;") or place


def understood(words: Words, number: str, complaint: Complaint, until: date) -> Texts:
    """What we understood, and by when somebody has read it."""
    when = complaint.incident.text if complaint.incident else ""
    where = _but_for(complaint.place.text, when) if complaint.place and complaint.place.text else None
    if where is None and complaint.place and complaint.place.location:
        where = words("understood.pin")
    parts = {
        "what": complaint.title,
        "where": where or words("understood.unknown"),
        "when": when or words("understood.unknown"),
    }
    day = f"{until:%d-%m-%Y}"
    lines = "\n".join(words(f"understood.{item}", said=said) for item, said in parts.items())
    full = words("understood.full", number=number, lines=lines, day=day)
    told = "; ".join(plain(" ".join(said.split())) for said in parts.values())
    short = words("understood", number=number, said=told, day=day)
    while not fits_one_segment(short):
        # The longest of them loses its last word, so that each of them is still told.
        longest = max(parts, key=lambda item: len(parts[item]))
        parts[longest] = parts[longest].rpartition(" ")[0] or parts[longest][: len(parts[longest]) // 2]
        short = words("understood", number=number, said="; ".join(plain(" ".join(said.split())) for said in parts.values()), day=day)
    return Texts(short, full, words("question.subject", number=number), _choices(words, "begun"))


def added(words: Words, number: str, *, repeated: bool) -> Texts:
    """Where the words went that did not name their report."""
    said = words("joined.again" if repeated else "joined", number=number)
    return Texts(said, said, words("standing.subject", number=number))


def rated(words: Words, number: str, rating: int) -> Texts:
    """Thank you; who is not content may say that it is not done."""
    said = words("rated" if rating >= _CONTENT else "rated.low", number=number)
    return Texts(said, said, words("standing.subject", number=number))


def classified(words: Words, number: str, kind: str, item: str) -> Texts:
    """It is of that kind now; what is asked next."""
    said = words("classified", number=number, kind=words(f"kind.{kind}"))
    full = said + ("\n\n" + words(f"question.{item}.full") if item else "")
    return Texts(words("question.next", number=number, question=words(f"question.{item}")) if item else said, full, words("standing.subject", number=number))


def moved(words: Words, number: str, status: str) -> Texts:
    """It stands so now, because its complainant said so."""
    own = f"moved.{status}"
    said = words(own, number=number) if status in {"withdrawn", "reopened"} else words("standing", number=number, status=words(f"status.{status}"))
    return Texts(said, said, words("standing.subject", number=number))


def which_one(words: Words) -> Texts:
    """Several could be meant."""
    said = words("which_one")
    return Texts(said, said, words("standing.subject.unknown"))


def not_proved(words: Words) -> Texts:
    """Anybody could have written that: it takes an answer to one of our mails, or the report's page."""
    said = words("not_proved")
    return Texts(said, said, words("standing.subject.unknown"))


def how_to_report(words: Words) -> Texts:
    """Somebody is about to report."""
    said = words("how_to_report")
    return Texts(said, said, words("help.subject"))


def stopped(words: Words, *, stopped: bool, emergency: str) -> Texts:
    """They hear from us only when they write; or again."""
    if not stopped:
        return help_text(words, emergency)
    said = words("stopped")
    return Texts(said, said, words("help.subject"))


def started(words: Words) -> Texts:
    """Who had stopped us hears from us again."""
    said = words("started")
    return Texts(said, said, words("help.subject"))


def language(words: Words, *, chosen: bool) -> Texts:
    """We speak that language from now on, or which there are."""
    said = words("language.chosen" if chosen else "language.which")
    return Texts(said, said, words("help.subject"), () if chosen else (Choice("Bahasa Indonesia", "ID"), Choice("English", "EN")))


def _choices(words: Words, about: str) -> tuple[Choice, ...]:
    """What may be picked instead of typed."""
    match about:
        case "where":
            return (Choice(words("choice.place"), place=True), Choice(words("choice.unknown"), words("choice.unknown")))
        case "when":
            today, yesterday, unknown = words("choice.today"), words("choice.yesterday"), words("choice.unknown")
            return (Choice(today, today), Choice(yesterday, yesterday), Choice(unknown, unknown))
        case "begun":
            return (Choice(words("choice.anonymous"), "ANONIM"), Choice(words("choice.confidential"), "RAHASIA"))
        case _:
            return ()


def standing(words: Words, number: str, status: str, reported_on: date | None, item: str = "") -> Texts:
    """How a report stands; with its day (in the deployment's zone) for whoever reported it, and what we still wait to hear of them (`item`)."""
    stands, subject = words(f"status.{status}"), words("standing.subject", number=number)
    said = (
        words("standing.own", number=number, status=stands, day=f"{reported_on:%d-%m-%Y}") if reported_on else words("standing", number=number, status=stands)
    )
    if not item:
        return Texts(said, said, subject)
    asked = f"{said} {words(f'question.{item}')}"
    full = f"{said}\n\n{words(f'question.{item}.full')} {words('question.clock')}"
    return Texts(asked if fits_one_segment(asked) else said, full, subject, _choices(words, item))


def hidden(words: Words, number: str, what: str) -> Texts:
    """The report is hidden now; `what`: "anonymous" | "confidential"."""
    said = words(f"hidden.{what}", number=number)
    return Texts(said, said, words("standing.subject", number=number))


def not_found(words: Words, *, by_number: bool) -> Texts:
    """There is no such report, or none that this person may know of."""
    said = words("standing.unknown" if by_number else "standing.none")
    return Texts(said, said, words("standing.subject.unknown"))


def help_text(words: Words, emergency: str) -> Texts:
    """How to speak with us; whom to call instead when life is in danger."""
    call = words("help.emergency", emergency=emergency) if emergency else ""
    short, full = (separator.join(filter(None, (words(said), call))) for said, separator in (("help", " "), ("help.full", "\n\n")))
    return Texts(short, full, words("help.subject"))


def spoken(words: Words, number: str, said: str, page: str, *, closed: bool = False) -> Texts:
    """An officer's words; what does not fit an SMS is read on the report's `page`. `closed`: they end it, and it may be rated."""
    subject = words("spoken.subject", number=number)
    full = words("spoken.full", number=number, said=said, page=page) + ("\n\n" + words("closed.full") if closed else "")
    if closed:
        return Texts(_ending(words, number, said, page), full, subject, tuple(Choice(words(f"choice.{n}"), str(n)) for n in range(5, 0, -1)))
    line = plain(" ".join(said.split()))
    short = words("spoken.short", number=number, said=line)
    line = line[:_SMS]
    while not fits_one_segment(short):
        # Word by word, so that none is cut in two.
        line = line.rpartition(" ")[0]
        if not line:
            return Texts(words("spoken.pointer", number=number, page=page), full, subject)
        short = words("spoken.short.more", number=number, said=line, page=page)
    return Texts(short, full, subject)


def _ending(words: Words, number: str, said: str, page: str) -> str:
    """As much of it as fits beside how to rate it."""
    line = plain(" ".join(said.split()))[:_SMS]
    short = words("closed", number=number, said=line)
    while not fits_one_segment(short):
        line = line.rpartition(" ")[0]
        short = words("closed.more", number=number, said=line) if line else words("closed.pointer", number=number)
        if not line:
            break
    return short


def split(words: Words, first: str, second: str, page: str) -> Texts:
    """What they reported is about two things, and the second has a number of its own; `page`: where that one is read."""
    values = {"first": first, "number": second, "page": page}
    return Texts(words("split", **values), words("split.full", **values), words("acknowledgement.subject", number=second))


def archived(words: Words, number: str, reason: ArchiveReason, said: str, page: str, *, door: str = "") -> Texts:
    """An officer archived it: why, where to go instead, and that an answer appeals. `door`: code of a door that its words pointed at; empty: none."""
    why = words(f"archive.{reason}")
    elsewhere = [words(f"door.{door}.full")] if door else []
    appeal = words("archived.appeal")
    full = "\n\n".join([words("archived.full", number=number, why=why), *elsewhere, said, appeal, words("archived.page", page=page)])
    line = plain(" ".join(said.split()))[:_SMS]
    short = words("archived", number=number, why=f"{why} {line}")
    while line and not fits_one_segment(short):
        line = line.rpartition(" ")[0]
        short = words("archived", number=number, why=f"{why} {line}..." if line else why)
    return Texts(short, full, words("spoken.subject", number=number), (Choice(words("choice.appeal"), "BUKA"),))


def appealed(words: Words, number: str) -> Texts:
    """A person looks at it once more."""
    said = words("appealed", number=number)
    return Texts(said, said, words("standing.subject", number=number))


def pointer(words: Words, number: str, page: str) -> Texts:
    """There are words for whoever has the report's page; nobody else is told which."""
    said = words("spoken.pointer", number=number, page=page)
    return Texts(said, said, words("spoken.subject", number=number))


def code(words: Words, number: str, digits: str, until: datetime) -> Texts:
    """The code that opens the page of the report; `until`: in the zone of whoever reads it."""
    values = {"number": number, "digits": digits, "until": f"{until:%H.%M} {until.tzname()}"}
    return Texts(words("code.short", **values), words("code.full", **values), words("code.subject", number=number))
