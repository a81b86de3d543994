"""Words going back to people, in the forms that wires need. Pure: the outbox sends them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from channels import Choice
from channels.gsm7 import fits_one_segment, plain
from gateway.words import Words

# Letters that one SMS holds at the most.
_SMS = 160

ACKNOWLEDGEMENT, ANSWER, SPOKEN = "acknowledgement", "answer", "spoken"


@dataclass(frozen=True, slots=True)
class Texts:
    """The forms of one notice; a channel's send() chooses."""

    # One GSM-7 segment.
    short: str
    full: str
    subject: str
    # Answers to pick, where a wire has buttons.
    choices: tuple[Choice, ...] = ()


def acknowledgement(words: Words, number: str, working_days: int, cut: bool = False, more: int = 0) -> Texts:  # noqa: FBT001, FBT002  # what is known last is filled in last
    """We have it, this is its number, this comes next.

    `more`: how many other reports of this person were numbered and not told of (the cap an hour). `cut`: what was sent was too large to be kept whole.
    """
    values = {"number": number, "days": working_days}
    short = words.many("acknowledgement.short.more", more, **values) if more else words("acknowledgement.short", **values)
    full = words("acknowledgement.full", **values) + ("\n\n" + words("acknowledgement.cut") if cut else "")
    return Texts(short, full, words("acknowledgement.subject", number=number))


def standing(words: Words, number: str, status: str, reported_on: date | None) -> Texts:
    """How a report stands; with its day (in the deployment's zone) for whoever reported it."""
    said = words(f"status.{status}")
    short = words("standing.own", number=number, status=said, day=f"{reported_on:%d-%m-%Y}") if reported_on else words("standing", number=number, status=said)
    return Texts(short, short, words("standing.subject", number=number))


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
    said = words("help") + (" " + words("help.emergency", emergency=emergency) if emergency else "")
    return Texts(said, said, words("help.subject"))


def spoken(words: Words, number: str, said: str, page: str) -> Texts:
    """An officer's words; what does not fit an SMS is read on the report's `page`."""
    subject = words("spoken.subject", number=number)
    full = words("spoken.full", number=number, said=said, page=page)
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


def pointer(words: Words, number: str, page: str) -> Texts:
    """There are words for whoever has the report's page; nobody else is told which."""
    said = words("spoken.pointer", number=number, page=page)
    return Texts(said, said, words("spoken.subject", number=number))
