"""What an alert says, in the language of who looks after it all: how each part is, since when, what to do, and where to look. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date

from channels import Words
from channels.gsm7 import fits_one_segment, septets
from gateway import finding_words
from gateway.health import Finding, Key

_CUT = "..."


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that operators are told."""

    key: Key
    # As it is now.
    finding: Finding
    since: datetime
    # It was told before, and is well again.
    over: bool


@dataclass(frozen=True, slots=True)
class Message:
    """In the forms that wires need."""

    # One SMS.
    short: str
    full: str
    subject: str


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What all alerts of a deployment have in common."""

    # What the service is called.
    name: str
    # Where operators look; empty: nowhere.
    page: str
    # In which times are told.
    zone: ZoneInfo
    # The operators' language.
    words: Words

    def message(self, told: Sequence[Told]) -> Message:
        """On one thing or several."""
        subject = f"{self.name}: {', '.join(map(self._headline, told))}"
        full = "\n\n".join([self.name, *map(self._paragraph, told), *([self.page] if self.page else [])])
        return Message(short(f"{subject}. {' '.join(self._said(one) for one in told if not one.over)}".rstrip()), full, subject)

    def _headline(self, one: Told) -> str:
        name, direction = one.key
        part = f"{name} {self.words(f'desk.history.{direction}')}" if direction else finding_words.part(self.words, name)
        return self.words("alert.over" if one.over else f"alert.{one.finding.state}", part=part)

    def _paragraph(self, one: Told) -> str:
        since = one.since.astimezone(self.zone)
        moment = f"{format_date(since.date(), 'd MMM', locale=self.words.language)} {since:%H:%M %Z}"
        said = self.words("alert.line", headline=self._headline(one), moment=moment, said=self._said(one))
        # The monitor's own sentence has the details, for whoever is asked for help.
        return said if one.over or self._said(one) == one.finding.sentence else f"{said}\n[{one.finding.sentence}]"

    def _said(self, one: Told) -> str:
        """How it is and what to do; the monitor speaks English itself."""
        if self.words.language == "en":
            return one.finding.sentence
        state, kind = one.finding.state, one.finding.kind
        return f"{finding_words.sentence(self.words, one.key, state, kind)} {finding_words.todo(self.words, state, kind)}"


def short(text: str) -> str:
    """As much of it as one SMS holds.

    >>> short("Lapor PPU: sms out is down. “Twilio”")
    'Lapor PPU: sms out is down. ?Twilio?'
    >>> len(short("down " * 40))
    157
    """
    plain = "".join(character if septets(character) is not None else "?" for character in text)
    words = plain.split()
    said = " ".join(words)
    while not fits_one_segment(said) and words:
        words.pop()
        said = " ".join(words) + _CUT
    return said
