"""What a report is about: the categories whose words it has, the likeliest first; none where too little says so (a person's triage)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain
from math import exp

from normalizer.houses import agreed, also, families
from normalizer.kind import told
from normalizer.phrases import Hit, lexicon
from normalizer.schema import Finding
from normalizer.view import Word, rows

# How many are kept.
_MOST = 3
# What is said again counts a little; what stands in a title, or names an agency, is what the report is about.
_AGAIN, _TITLE, _FURTHER = 0.15, 1.6, 0.6
# So does how a text begins: words.
_FIRST, _BEGINNING = 1.3, 8
# From which share of the first's chance on a second category of a house is told.
_NEARLY = 0.5
# "pohon di depan puskesmas": no health service.
_BESIDE = frozenset(
    {
        *("di", "depan", "dekat", "samping", "belakang", "sebelah", "sekitar", "seberang", "arah", "menuju", "parkiran"),
        *("near", "behind", "beside", "opposite"),
    }
)
_LANDMARK, _REACH = 0.35, 1
# Turns weights into the chance to be right: fitted on one half of the complaints in the corpus, held against the other (docs/routing.md).
_TEMPERATURE, _NOTHING = 1.6, 2.0
# With less the first is a guess that helps nobody. The others may be as weak as they are: the score says so.
_LEAST, _WEAKEST = 0.12, 0.001
# What must be heard however much else is said: a strong word of it is told among the three, with this score at least; a hint ("anak", "uang") is none.
_GRAVE = frozenset({"corruption_extortion", "women_child"})
_STRONG, _HINT, _SUSPICION = 5.0, 2.0, 0.05


@cache
def category_codes() -> frozenset[str]:
    """All that a report may be told to be about."""
    return frozenset(row.strip("[]") for row in rows("categories.txt") if row.startswith("["))


def categories(title: Sequence[Word], text: Sequence[Word]) -> tuple[Finding, ...]:
    """At most three, with their score (0..1, the chance that a person would choose the same), the words that decided and where they stand in the text."""
    words = lexicon("categories.txt")
    in_title, in_text = words.find(title), words.find(text)
    suspicions = {code: max(hit.weight for hit in hits) for code in _GRAVE if (hits := [hit for hit in (*in_title, *in_text) if hit.heading == code])}
    said = _said(in_title, in_text, text)
    weights = _lent({code: phrases for code, phrases in said.items() if suspicions.get(code, _STRONG) > _HINT})
    grave = [code for code, weight in suspicions.items() if weight >= _STRONG]
    chances = _heard(grave, _chances({code: _together(phrases.values()) for code, phrases in weights.items()}))
    ranked = _of_several_houses(sorted(chances, key=lambda code: (-chances[code], code)), chances, grave)
    return tuple(_finding(code, chances[code], weights[code], in_text) for code in ranked if chances[ranked[0]] >= _LEAST)


def _said(in_title: Iterable[Hit], in_text: Iterable[Hit], text: Sequence[Word]) -> dict[str, dict[str, float]]:
    """Each category that has words there, and what each phrase weighs for it."""
    said: dict[str, dict[str, float]] = {}
    for hit, factor in chain(((hit, _TITLE) for hit in in_title), ((hit, _told_as(text, hit)) for hit in in_text)):
        if hit.weight:
            phrases = said.setdefault(hit.heading, {})
            before = phrases.get(hit.phrase, 0.0)
            phrases[hit.phrase] = max(before, hit.weight * factor) + (_AGAIN * hit.weight if before else 0.0)
    return said


def _lent(said: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """With what is known of towns where another house sees to it."""
    weights = {code: dict(phrases) for code, phrases in said.items()}
    for code, phrases in said.items():
        for other, share in also().get(code, ()):
            borrowed = weights.setdefault(other, {})
            for phrase, weight in phrases.items():
                borrowed[phrase] = max(borrowed.get(phrase, 0.0), share * weight)
    return weights


def _of_several_houses(ranked: Sequence[str], chances: dict[str, float], grave: Sequence[str]) -> list[str]:
    """Three guesses at one house are one guess: a second category of a house is told only where it is nearly as likely, or grave."""
    kept: list[str] = []
    for code in ranked:
        again = any(families()[code] == families()[other] for other in kept)
        if not again or code in grave or chances[code] >= _NEARLY * chances[kept[0]]:
            kept.append(code)
    told_anyway = [code for code in kept[_MOST:] if code in grave]
    return [*kept[: _MOST - len(told_anyway)], *told_anyway]


def _told_as(words: Sequence[Word], hit: Hit) -> float:
    """What is said first is what it is about; what stands after "in front of" says where it is, seldom more."""
    before = [word.word for word in words[max(0, hit.position - _REACH) : hit.position]]
    beside = _LANDMARK if _BESIDE.intersection(before) else 1.0
    return beside * (_FIRST if hit.position < _BEGINNING else 1.0)


def _together(weights: Iterable[float]) -> float:
    """Each further word adds less: ten hints are no proof."""
    return sum(weight * _FURTHER**place for place, weight in enumerate(sorted(weights, reverse=True)))


def _chances(scores: dict[str, float]) -> dict[str, float]:
    """A share for each, and one for none of them; less where another house is often chosen though the words are plain."""
    top = max(scores.values(), default=0.0)
    powers = {code: exp((score - top) / _TEMPERATURE) for code, score in scores.items()}
    total = sum(powers.values()) + exp((_NOTHING - top) / _TEMPERATURE)
    return {code: agreed()[code] * power / total for code, power in powers.items()}


def _heard(grave: Sequence[str], chances: dict[str, float]) -> dict[str, float]:
    """What is grave has a chance that can be seen, at the others' cost."""
    owed = sum(max(_SUSPICION - chances[code], 0.0) for code in grave)
    return {code: max(chance, _SUSPICION) if code in grave else chance * (1 - owed) for code, chance in chances.items()}


def _finding(code: str, chance: float, phrases: dict[str, float], hits: Sequence[Hit]) -> Finding:
    return Finding(code, max(round(chance, 3), _WEAKEST), told(phrases), tuple(dict.fromkeys((hit.start, hit.end) for hit in hits if hit.phrase in phrases)))
