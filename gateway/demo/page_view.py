"""How the demo's pages say what they all say: times, durations, what became of what was sent. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.demo.page_words import LANGUAGES


@dataclass(frozen=True, slots=True)
class News:
    """What became of what was sent last."""

    words: str
    # The acknowledgement is there.
    arrived: bool


def clock(at: datetime, zone: ZoneInfo, lang: str) -> str:
    """09.14, as that language writes it."""
    return at.astimezone(zone).strftime(f"%H{LANGUAGES[lang]['clock']}%M")


def seconds(duration: timedelta, lang: str) -> str:
    """With one decimal.

    >>> seconds(timedelta(milliseconds=1234), "id")
    '1,2'
    """
    return f"{duration.total_seconds():.1f}".replace(".", LANGUAGES[lang]["decimal"])
