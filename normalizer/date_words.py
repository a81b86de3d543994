"""The words with which people say when, and what each can mean: every word, number and mark becomes one character that stands for its meanings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

_TOKEN = re.compile(r"[^\W\d_]+(?:(?<=\b[sS])[./][dD](?!\w)|(?<=\b[jJ][uU][mM])['\u2019][aA][tT])?|[0-9]+|\n|[^\w\s]")
_STRETCHED = re.compile(r"(.)\1{2,}")
# Characters. No word of the list is longer.
_LONGEST_WORD = 12
_PUNCTUATION = {"/": "slash", "-": "dash", "\u2013": "dash", ".": "dot", ",": "comma", ":": "colon", "&": "and"}
_YEARS = range(1900, 2100)
_MOST_DAYS, _MOST_MONTHS, _MOST_COUNTED = 31, 12, 366
_DIGITS_OF_A_YEAR = 4

Meanings = frozenset[str]

_OTHER: Meanings = frozenset({"other"})
_ONLY_DIGITS: Meanings = frozenset({"digits"})
_MARKS = {mark: frozenset({meaning}) for mark, meaning in _PUNCTUATION.items()}


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a number or a mark, and what it can mean: "unit.week", "weekday.6", "dayno"."""

    word: str
    start: int
    end: int
    meanings: Meanings

    def value(self, meaning: str) -> int | None:
        """The number behind a meaning ("month" of month.3 is 3; of a number itself its own); None: it does not mean that."""
        for mine in self.meanings:
            name, _, value = mine.partition(".")
            if name == meaning:
                return int(value or self.word) if (value or self.word).isdigit() else None
        return None

    def means(self, meaning: str) -> bool:
        """Whether it can mean that: "unit", or more exactly "unit.week"."""
        return _can_mean(self.meanings, meaning)


# Few sets of meanings, asked the same few things again and again.
@lru_cache(maxsize=4096)
def _can_mean(meanings: Meanings, meaning: str) -> bool:
    return any(mine == meaning or mine.startswith(f"{meaning}.") for mine in meanings)


def scan(text: str) -> tuple[str, list[tuple[int, int]]]:
    """One character for each word, number and mark, and where it stands."""
    other, only_digits = _code(_OTHER), _code(_ONLY_DIGITS)
    found = list(_TOKEN.finditer(text))
    words, spans = [one[0] for one in found], [one.span() for one in found]
    codes = [_code_of(word) if len(word) <= _LONGEST_WORD else only_digits if word.isdigit() else other for word in words]
    for place in range(1, len(words)):
        # "A3", "RT5": a name, not a number; "sdh3bln" is one.
        if spans[place - 1][1] == spans[place][0] and codes[place - 1] == other and words[place].isdigit():
            codes[place] = only_digits
    return "".join(codes), spans


@lru_cache(maxsize=8192)
def _code_of(word: str) -> str:
    """Of a word as it is written; also of one with letters held ("kemariiin")."""
    if word.isascii() and word.isdigit():
        return _code(_figures(word))
    known = _spellings()
    return known.get(word.lower()) or known.get(_STRETCHED.sub(r"\1", word.lower())) or _code(_OTHER)


def _figures(digits: str) -> Meanings:
    """What a number in figures can be."""
    value = int(digits) if len(digits) <= _DIGITS_OF_A_YEAR else -1
    short, pair = len(digits) < _DIGITS_OF_A_YEAR, len(digits) <= len("31")
    can_be = {
        "digits": True,
        "number": short and value <= _MOST_COUNTED,
        "dayno": pair and 1 <= value <= _MOST_DAYS,
        "monthno": pair and 1 <= value <= _MOST_MONTHS,
        "yearno": len(digits) == len("26"),
        "year": len(digits) == _DIGITS_OF_A_YEAR and value in _YEARS,
    }
    return frozenset(meaning for meaning, can in can_be.items() if can)


@cache
def _words() -> dict[str, Meanings]:
    """Each spelling and all that it can mean, from data/dates.txt (read once)."""
    words: dict[str, set[str]] = {}
    for row in resources.files("normalizer").joinpath("data", "dates.txt").read_text(encoding="utf-8").splitlines():
        meaning, colon, spellings = row.partition(":")
        if colon and not row.startswith("#"):
            for spelling in spellings.split():
                words.setdefault(spelling, set()).add(meaning)
    return {spelling: frozenset(meanings) for spelling, meanings in words.items()}


@cache
def _codes() -> dict[Meanings, str]:
    """One character for each set of meanings that a token can have."""
    # What figures can be depends on how many they are and on their value, up to what is counted; longer ones are a year or nothing.
    numerals = {_figures(f"{value:0{width}}") for value in range(_MOST_COUNTED + 2) for width in range(1, _DIGITS_OF_A_YEAR + 2)} | {_figures("1900")}
    all_of_them = {*_words().values(), *_MARKS.values(), *numerals, _OTHER, _ONLY_DIGITS}
    return {meanings: chr(0x4E00 + place) for place, meanings in enumerate(sorted(all_of_them, key=sorted))}


def _code(meanings: Meanings) -> str:
    return _codes()[meanings]


@cache
def meanings() -> dict[str, Meanings]:
    """What each character stands for."""
    return {code: meanings for meanings, code in _codes().items()}


@cache
def _spellings() -> dict[str, str]:
    """Each word and mark, and its code."""
    return {spelling: _code(meanings) for spelling, meanings in (_words() | _MARKS).items()}


@cache
def letters(meaning: str) -> str:
    """A set, for a regular expression, of all characters that can mean it; raises LookupError if no word does."""
    codes = "".join(code for meanings, code in _codes().items() if any(one == meaning or one.startswith(f"{meaning}.") for one in meanings))
    if not codes:
        raise LookupError(f"No word means {meaning!r}.")
    return f"[{codes}]"


def other() -> str:
    """The character of what means nothing here."""
    return _code(_OTHER)
