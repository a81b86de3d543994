"""Which agencies a complaint speaks of by name, and whether it speaks to them or about them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.directory import WORD, Directory
from normalizer import Complaint

# Characters that are looked through: who is meant is said early.
_SEARCHED = 5_000
# What stands before a name by which somebody is asked for help: "Yth. Kepala Dinas …", "mohon Inspektorat …".
_ADDRESSING = re.compile(r"\b(?:yth|kepada|kpd|mohon|mhn|minta|tolong|tlg|lapor|laporkan|dear|please)\b[\s.,:]*(?:\w+[\s.,:]+){0,2}$")
_BEFORE = 60


@dataclass(frozen=True, slots=True)
class Named:
    """Codes of agencies of the directory."""

    # Spoken of or to.
    mentioned: frozenset[str]
    # Spoken of, so that they may be who it is about. A form's field for the agency names that one.
    accused: frozenset[str]


def named(complaint: Complaint, directory: Directory) -> Named:
    """By name or by what people call it."""
    text = f"{complaint.title}\n{complaint.text}"[:_SEARCHED].lower()
    of_field = {code for _, code in _spoken((complaint.agency or "").lower(), directory)}
    of_text = list(_spoken(text, directory))
    accused = {code for start, code in of_text if not _ADDRESSING.search(text[max(0, start - _BEFORE) : start])}
    return Named(frozenset(of_field | {code for _, code in of_text}), frozenset(of_field | accused))


def _spoken(text: str, directory: Directory) -> Iterator[tuple[int, str]]:
    """Where a name begins, and whose it is; the longest at each place. Linear."""
    longest, codes = directory.names
    words = list(WORD.finditer(text))
    for position, first in enumerate(words):
        for length in range(min(longest.get(first.group(), 0), len(words) - position), 0, -1):
            if code := codes.get(tuple(word.group() for word in words[position : position + length])):
                yield first.start(), code
                break
