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
    # What people call a region, its town or what everybody knows there, and what the register is asked for; the last of these alone.
    spoken: dict[str, str]
    sights: frozenset[str]
    # Parts of names as they are shortened, and what each may be short for: "tj" for tanjung.
    short: dict[str, tuple[str, ...]]
    # Cue words, also in one word with a preposition ("didesa"), with the level of the name behind them.
    cues: dict[str, int]
    city_cues: frozenset[str]
    # What English says behind a name, with its level; of these what says that it is a city.
    behind: dict[str, int]
    city_behind: frozenset[str]
    # What stands for a region only behind its cue word, and its code.
    behind_cue: dict[str, str]
    # Codes of cities that are meant before the regency of their name.
    cities_first: frozenset[str]
    city_hints: frozenset[str]
    regency_hints: frozenset[str]
    titles: frozenset[str]
    locatives: frozenset[str]
    there: frozenset[str]
    sides: frozenset[str]
    glued: frozenset[str]
    called_after: frozenset[str]
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
    cues = {glued + word: level for glued in ("di", "ke") for word, level in cues.items()} | cues
    lists["city_cues"] |= {word for word in cues if word[2:] in lists["city_cues"] and word[:2] in {"di", "ke"}}
    behind = {word: level for name, level in levels.items() for word in lists[name.replace("cues", "behind")]}
    named = {name: frozenset(words) for name, words in lists.items() if name in Vocabulary.__dataclass_fields__}
    sights = _with_titles(_pairs("sights.txt"))
    short = {part: tuple(full.split()) for part, full in _pairs("short.txt").items()}
    spoken = sights | _pairs("seats.txt") | _pairs("spoken.txt")
    return Vocabulary(
        _words("ordinary.txt"), _words("no_name.txt"), spoken, frozenset(sights), short, cues, behind=behind, behind_cue=_pairs("behind_cue.txt"), **named
    )


def _with_titles(sights: dict[str, str]) -> dict[str, str]:
    """A hospital is called after a doctor, who has a title or none: "RSUD dr. Soetomo"."""
    hospitals = {name.removeprefix("rs"): region for name, region in sights.items() if name.startswith("rs")}
    return sights | {f"rs{title}{name}": region for name, region in hospitals.items() for title in ("dr", "prof", "profdr", "drr")}


def _pairs(file: str) -> dict[str, str]:
    pairs = (row.partition(" ") for row in _rows(file))
    return {name: meant for name, _, meant in pairs}


def _words(name: str) -> frozenset[str]:
    return frozenset(word for row in _rows(name) for word in row.split())


def _rows(name: str) -> list[str]:
    rows = resources.files("normalizer").joinpath("data", "places", name).read_text(encoding="utf-8").splitlines()
    return [row for row in rows if row and not row.startswith("#")]
