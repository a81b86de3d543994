"""What the names in a text may mean, ranked and scored, and which of it is told as the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from normalizer.register import REGENCY, Register, dotted
from normalizer.schema import Candidate, Place

# Another place with nearly as much for it makes the answer ambiguous.
NEARLY = 0.85
_MOST = 3
# So many of the best are scored; what comes behind them is none of the three.
_MOST_SCORED = 12
# What is certain enough to be told beside the best: a bare regency, a district or a village behind its cue; a bare one of these is often a market or a street.
_ALSO, _ALSO_SMALLER = 0.78, 0.84
# Where none is chosen, the least of those that are told, also in proportion to the first.
_LIKELY, _AS_LIKELY = 0.25, 0.6
_REGENCY_DOTTED = 5
# How fast what has less falls behind: half as much is one chance in seventeen.
_DECIDES = 4


class Support(NamedTuple):
    """What speaks for a place."""

    weight: float
    # Numbers of the mentions that do, and the code that each names: the place or what it lies in.
    mentions: dict[int, str]

    def rivals(self, other: str, its: Support) -> bool:
        """Whether a name that speaks for it may mean another place instead, and not what holds both."""
        return any(number in its.mentions and not other.startswith(code) for number, code in self.mentions.items())


def candidates_of(ranked: Sequence[tuple[str, Support]], register: Register) -> tuple[Candidate, ...]:
    """At most three, none in another; the first of `ranked` (codes without dots) stays it, the others by their scores."""
    chosen: list[str] = []
    for code, _ in ranked:
        if len(chosen) == _MOST_SCORED:
            break
        if not any(related(code, other) for other in chosen):
            chosen.append(code)
    supported = dict(ranked)
    scored = [(code, _score(code, supported[code], ranked)) for code in chosen]
    first, *others = scored
    return tuple(Candidate(dotted(code), register.name(code) or "", score) for code, score in [first, *sorted(others, key=lambda one: -one[1])][:_MOST])


def related(one: str, other: str) -> bool:
    """Whether one lies in the other."""
    return one.startswith(other) or other.startswith(one)


def named(place: Place) -> list[str]:
    """Official codes, the likeliest first: the place, and what is named beside it for certain ("from Semarang to Kendal").

    Where regencies cannot be told apart: the few that are likely; where they are many, the code that holds them all, if any does.

    >>> named(Place(None, "32", "text", ambiguous=True, candidates=(Candidate("32.71", "Kota Bogor", 0.42), Candidate("32.01", "Kabupaten Bogor", 0.38))))
    ['32.71', '32.01']
    """
    sure = [place.code] if place.code else []
    if place.ambiguous:
        first = place.candidates[0].score if place.candidates else 0
        likely = [one.code for one in place.candidates if one.score >= max(_LIKELY, first * _AS_LIKELY)]
        # The channel's own regency is believed before a name in passing; a province only says what likely ones have in common.
        return list(dict.fromkeys([*(code for code in sure if len(code) >= _REGENCY_DOTTED or not likely), *likely]))
    beside = [one.code for one in place.candidates if one.score >= (_ALSO_SMALLER if len(one.code) > _REGENCY_DOTTED else _ALSO)]
    # A province says no more beside it.
    return sure + [code for code in beside if len(code) >= _REGENCY_DOTTED and not any(code[:_REGENCY_DOTTED] == own[:_REGENCY_DOTTED] for own in sure)]


def _score(code: str, support: Support, ranked: Sequence[tuple[str, Support]]) -> float:
    """Near 1 if much is said for it and the same words mean nothing else; a half at most where they mean another place as well, little where they mean many."""
    rivals: dict[str, float] = {}
    for other, its in ranked:
        if not related(code, other) and support.rivals(other, its):
            # Of another regency only the best counts: it may come with districts and villages of its own.
            group = other if other[:REGENCY] == code[:REGENCY] else other[:REGENCY]
            rivals[group] = max(rivals.get(group, 0), its.weight)
    own = support.weight**_DECIDES
    share = own / (own + sum(weight**_DECIDES for weight in rivals.values()))
    return max(0.01, round(support.weight / (support.weight + 0.5) * share, 2))
