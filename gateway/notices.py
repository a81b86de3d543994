"""Words going back to people, in the forms that wires need. Pure: the outbox sends them."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.words import Words

ACKNOWLEDGEMENT = "acknowledgement"


@dataclass(frozen=True, slots=True)
class Texts:
    """The forms of one notice; a channel's send() chooses."""

    # One GSM-7 segment.
    short: str
    full: str
    subject: str


def acknowledgement(words: Words, number: str, *, more: int, working_days: int, cut: bool = False) -> Texts:
    """We have it, this is its number, this comes next.

    `more`: how many other reports of this person were numbered and not told of (the cap an hour). `cut`: what was sent was too large to be kept whole.
    """
    values = {"number": number, "days": working_days}
    short = words.many("acknowledgement.short.more", more, **values) if more else words("acknowledgement.short", **values)
    full = words("acknowledgement.full", **values) + ("\n\n" + words("acknowledgement.cut") if cut else "")
    return Texts(short, full, words("acknowledgement.subject", number=number))
