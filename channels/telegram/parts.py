"""A long text in messages: cut where a paragraph, a sentence or a word ends. Pure.

Source: Telegram Bot API, "sendMessage": 1-4096 characters, counted in UTF-16 as everywhere there ("MessageEntity").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

LONGEST = 4096
# Where one may cut, the best first: after a paragraph, a line, a sentence, a word.
# And how much of what it may be a part is at least, or a worse place is taken: one line of its own is no message.
_ENDS = ((re.compile(r"\n\s*\n"), 0.5), (re.compile(r"\n"), 0.5), (re.compile(r"[.!?…]+[\"')\]]*\s+"), 0.5), (re.compile(r"\s+"), 0.0))


def parts(text: str, longest: int = LONGEST) -> list[str]:
    """All of it, but for the space where it is cut; no part is empty.

    >>> parts("Laporan diterima. Petugas datang besok.", 25)
    ['Laporan diterima.', 'Petugas datang besok.']
    """
    return [part for part in _cut(text.strip(), longest) if part]


def units(text: str) -> int:
    """How long Telegram says that it is.

    >>> units("a🕳")
    3
    """
    return len(text) + sum(character > "\uffff" for character in text)


def _cut(text: str, longest: int) -> Iterator[str]:
    while units(text) > longest:
        room = _room(text, longest)
        end, begin = next((found for ends, least in _ENDS if (found := _last(ends, text, room, room * least))), (room, room))
        yield text[:end].rstrip()
        text = text[begin:].lstrip()
    yield text


def _room(text: str, longest: int) -> int:
    """So many characters fit."""
    used = 0
    for place, character in enumerate(text):
        used += 1 + (character > "\uffff")
        if used > longest:
            return place
    return len(text)


def _last(ends: re.Pattern[str], text: str, room: int, least: float) -> tuple[int, int] | None:
    """The last such place: where a part ends and where the next one begins."""
    found = None
    for place in ends.finditer(text, 0, room + 1):
        stop = place.start() + len(place.group().rstrip())
        if stop <= room:
            found = (stop, place.end())
    return found if found and found[0] >= least else None
