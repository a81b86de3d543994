"""A text as a row of words, for finding names in it: each with its place in the text, and whether a name may run on into it from the word before."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import islice

from normalizer.lexicon import everyday, is_everyday
from normalizer.vocabulary import vocabulary

_WORD = re.compile(r"[^\W_]+")
# What ends a name: most punctuation, a new line, a full stop behind a word too long to be an abbreviation (Mns., Kp.).
_END_OF_NAME = re.compile(r"[,;!?()@#\n|=*]")
_LONGEST_ABBREVIATION = 3
_LONGEST_ACRONYM = 4
# 10,000 characters of an ordinary text.
_MOST_WORDS = 1_500
# How words are built that are no names: berlubang, diperbaiki, tersumbat, lampunya.
_SHAPE = re.compile(r"(?:ber|ter|mem|men|meng|meny|diper|di)[a-z]{4,}|[a-z]{3,}nya|[a-z]{4,}(?:kan|lah)")


@dataclass(slots=True)
class Word:
    """One run of letters and digits."""

    # In small letters, NFKC.
    key: str
    # Where it stands in the text.
    begin: int
    end: int
    # A name may run on from the word before.
    runs_on: bool
    # It begins with a capital letter.
    capital: bool
    # It is a few capital letters: PPU, RSUD.
    acronym: bool


def words_of(text: str) -> list[Word]:
    """All of them, in order; of a text that is longer than any report, the first 1,500.

    >>> [word.key for word in words_of("Ds. Giri-Mukti, kec Penajam")]
    ['ds', 'giri', 'mukti', 'kec', 'penajam']
    """
    found = []
    before = -1
    last = ""
    for match in islice(_WORD.finditer(text), _MOST_WORDS):
        written, begin = match[0], match.start()
        key = written.lower() if written.isascii() else unicodedata.normalize("NFKC", written).lower()
        gap = text[before:begin] if before >= 0 else "\n"
        runs_on = gap == " " or not (_END_OF_NAME.search(gap) or (". " in gap and len(last) > _LONGEST_ABBREVIATION))
        found.append(Word(key, begin, match.end(), runs_on, written[0].isupper(), len(written) <= _LONGEST_ACRONYM and written.isupper()))
        before, last = match.end(), key
    return found


def is_ordinary(key: str) -> bool:
    """Whether a word is an everyday one, which names no place unless a cue word says so.

    >>> is_ordinary("makmur"), is_ordinary("girimukti")
    (True, False)
    """
    return key in _ordinary()


@cache
def _ordinary() -> frozenset[str]:
    return vocabulary().ordinary | vocabulary().no_name | everyday()


def is_namelike(key: str) -> bool:
    """Whether a word may be a part of a name that nobody has registered: a street's, a shop's.

    >>> is_namelike("melati"), is_namelike("berlubang"), is_namelike("rusak"), is_namelike("17")
    (True, False, False, True)
    """
    return not is_everyday(key) and not _SHAPE.fullmatch(key) and key not in vocabulary().no_name
