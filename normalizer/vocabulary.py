"""The words that descriptions of places are made of, from data/places (each file says what is in it). Read once, when the first text is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

from normalizer.register import DISTRICT, PROVINCE, REGENCY, VILLAGE


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Each field is a list of lists.txt, or a file."""

    # Everyday words that are also names, and what follows a street or a market and is no name of it.
    ordinary: frozenset[str]
    no_name: frozenset[str]
    # What people call a region, and what the register is asked for.
    spoken: dict[str, str]
    # Cue words, with the level of the name behind them.
    cues: dict[str, int]
    city_cues: frozenset[str]
    city_hints: frozenset[str]
    regency_hints: frozenset[str]
    titles: frozenset[str]
    locatives: frozenset[str]
    there: frozenset[str]
    insured: frozenset[str]
    small: frozenset[str]
    begins_names: frozenset[str]
    streets: frozenset[str]
    kinds_of_road: frozenset[str]
    landmarks: frozenset[str]
    everywhere: frozenset[str]
    near: frozenset[str]
    between: frozenset[str]
    mine: frozenset[str]
    offices: frozenset[str]
    kinds: frozenset[str]
    numbers: frozenset[str]
    households: frozenset[str]


@cache
def vocabulary() -> Vocabulary:
    """All of it."""
    lists: dict[str, set[str]] = {}
    for row in _rows("lists.txt"):
        name, _, words = row.partition(": ")
        lists.setdefault(name, set()).update(words.split())
    levels = {"province_cues": PROVINCE, "regency_cues": REGENCY, "city_cues": REGENCY, "district_cues": DISTRICT, "village_cues": VILLAGE}
    cues = {word: level for name, level in levels.items() for word in lists[name]}
    named = {name: frozenset(words) for name, words in lists.items() if name in Vocabulary.__dataclass_fields__}
    return Vocabulary(_words("ordinary.txt"), _words("no_name.txt"), _spoken(), cues, **named)


def _spoken() -> dict[str, str]:
    pairs = (row.partition(" ") for row in _rows("spoken.txt"))
    return {name: official for name, _, official in pairs}


def _words(name: str) -> frozenset[str]:
    return frozenset(word for row in _rows(name) for word in row.split())


def _rows(name: str) -> list[str]:
    rows = resources.files("normalizer").joinpath("data", "places", name).read_text(encoding="utf-8").splitlines()
    return [row for row in rows if row and not row.startswith("#")]
