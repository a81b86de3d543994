"""What a report is about: the categories whose words it has, the likeliest first; none where too little says so (a person's triage)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain
from math import exp

from normalizer.kind import placed, told
from normalizer.phrases import Hit, lexicon
from normalizer.schema import Finding
from normalizer.view import Word, rows

# How many are kept.
_MOST = 3
# What is said again counts a little; what stands in a title, or names an agency, is what the report is about.
_AGAIN, _TITLE, _FURTHER = 0.15, 1.6, 0.6
# "pohon di depan puskesmas": no health service.
_BESIDE = frozenset(
    {
        *("di", "depan", "dekat", "samping", "belakang", "sebelah", "sekitar", "seberang", "arah", "menuju", "parkiran"),
        *("near", "behind", "beside", "opposite"),
    }
)
_LANDMARK, _REACH = 0.5, 1
# Turns weights into the chance to be right: fitted on one half of the complaints in the corpus, held against the other (docs/routing.md).
_TEMPERATURE, _NOTHING = 2.6, 3.0
# Even where the words are plain, one in ten of those who sorted those complaints chose another house.
_AGREED = 0.9
# With less it is a guess that helps nobody.
_LEAST = 0.12


@cache
def category_codes() -> frozenset[str]:
    """All that a report may be told to be about."""
    return frozenset(row.strip("[]") for row in rows("categories.txt") if row.startswith("["))


def categories(title: Sequence[Word], text: Sequence[Word]) -> tuple[Finding, ...]:
    """At most three, with their score (0..1, the chance that a person would choose the same), the words that decided and where they stand in the text."""
    words = lexicon("categories.txt")
    in_title, in_text = words.find(title), words.find(text)
    weights: dict[str, dict[str, float]] = {}
    for hit, factor in chain(((hit, _TITLE) for hit in in_title), ((hit, _told_as(text, hit)) for hit in in_text)):
        if hit.weight:
            phrases = weights.setdefault(hit.heading, {})
            before = phrases.get(hit.phrase, 0.0)
            phrases[hit.phrase] = max(before, hit.weight * factor) + (_AGAIN * hit.weight if before else 0.0)
    chances = _chances({code: _together(phrases.values()) for code, phrases in weights.items()})
    ranked = sorted(chances, key=lambda code: (-chances[code], code))[:_MOST]
    return tuple(_finding(code, chances[code], weights[code], in_text) for code in ranked if chances[ranked[0]] >= _LEAST)


def _told_as(words: Sequence[Word], hit: Hit) -> float:
    """What stands after "in front of" says where it is, seldom what it is about."""
    before = [word.word for word in words[max(0, hit.position - _REACH) : hit.position]]
    return _LANDMARK if _BESIDE.intersection(before) else 1.0


def _together(weights: Iterable[float]) -> float:
    """Each further word adds less: ten hints are no proof."""
    return sum(weight * _FURTHER**place for place, weight in enumerate(sorted(weights, reverse=True)))


def _chances(scores: dict[str, float]) -> dict[str, float]:
    """A share for each, and one for none of them."""
    top = max(scores.values(), default=0.0)
    powers = {code: exp((score - top) / _TEMPERATURE) for code, score in scores.items()}
    total = sum(powers.values()) + exp((_NOTHING - top) / _TEMPERATURE)
    return {code: power / total for code, power in powers.items()}


def _finding(code: str, chance: float, phrases: dict[str, float], hits: Sequence[Hit]) -> Finding:
    return Finding(code, round(_AGREED * chance, 3), told(phrases), placed(code, hits))
