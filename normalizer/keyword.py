"""The local keyword: the word that citizens put before an SMS to a shared number to say which region it is for (`PPU jalan rusak …`)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FIRST_WORD = re.compile(r"#?([\w-]{1,40})(?:\s*[:,]|(?=\s)|$)\s*")


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword that was found."""

    # Official code of the region.
    region: str
    # What was said after it; empty: nothing.
    rest: str


def take_keyword(text: str, keywords: tuple[tuple[str, str], ...]) -> Keyword | None:
    """The keyword that a cleaned text begins with, in any case, and what follows it.

    >>> take_keyword("#ppu: jalan rusak", (("PPU", "64.09"),))
    Keyword(region='64.09', rest='jalan rusak')
    >>> take_keyword("Jalan PPU rusak", (("PPU", "64.09"),)) is None
    True
    """
    first = _FIRST_WORD.match(text)
    region = dict(keywords).get(first[1].upper()) if first else None
    return Keyword(region, text[first.end() :]) if first and region else None
