"""What an alert says: how each part is, since when, what to do, and where to look. Pure; in English, as all that operators are told of the machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from channels.gsm7 import fits_one_segment, septets
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
class Words:
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

    def words(self, told: Sequence[Told]) -> Words:
        """On one thing or several."""
        subject = f"{self.name}: {self._subject(told)}"
        parts = [f"{headline(one)}, since {one.since.astimezone(self.zone):%d %b %H:%M %Z}. {one.finding.sentence}" for one in told]
        full = "\n\n".join([*parts, *([self.page] if self.page else [])])
        return Words(short(f"{subject}. {' '.join(one.finding.sentence for one in told if not one.over)}".rstrip()), f"{self.name}\n\n{full}", subject)

    def _subject(self, told: Sequence[Told]) -> str:
        return ", ".join(map(headline, told))


def headline(one: Told) -> str:
    """In a few words.

    >>> headline(Told(("sms", "out"), Finding("down", "auth", ""), datetime(2026, 1, 1), over=False))
    'sms out is down'
    >>> headline(Told(("store", ""), Finding("ok", "", ""), datetime(2026, 1, 1), over=True))
    'store is well again'
    """
    return f"{' '.join(filter(None, one.key))} is {'well again' if one.over else one.finding.state}"


def short(text: str) -> str:
    """As much of it as one SMS holds.

    >>> short("Lapor PPU: sms out is down. “Twilio”")
    'Lapor PPU: sms out is down. ?Twilio?'
    >>> len(short("down " * 40))
    158
    """
    plain = "".join(character if septets(character) is not None else "?" for character in text)
    words = plain.split()
    said = " ".join(words)
    while not fits_one_segment(said) and words:
        words.pop()
        said = " ".join(words) + _CUT
    return said
