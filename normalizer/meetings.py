"""Bare names that meet: two villages of one district, two districts of one regency. Each may be many things; together they are hardly there by chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from normalizer.mentions import Mention
from normalizer.register import DISTRICT, REGENCY

# A name that is found in more regencies than this meets others everywhere.
_MOST_REGENCIES = {DISTRICT: 30, REGENCY: 4}
# Of names that meet one is found in no more than this, or it may be chance.
_RARE = 3
# What a meeting says that is hardly chance, beside what each name says.
_HARDLY_CHANCE = 1.0


def meetings(mentions: Sequence[Mention]) -> dict[str, dict[int, float]]:
    """Codes of districts and regencies where at least two bare names meet: the numbers of those mentions, and what each says for it."""
    telling = {number: mention for number, mention in enumerate(mentions) if mention.telling}
    met: dict[str, dict[int, float]] = {}
    for level in (DISTRICT, REGENCY) if len(telling) > 1 else ():
        inside: dict[str, dict[int, float]] = {}
        for number, mention in telling.items():
            for code in _meant(mention, level):
                group = inside.setdefault(code[:level], {})
                group[number] = max(mention.weights[code], group.get(number, 0))
        closer = [set(numbers) for numbers in met.values()]
        met |= {code: numbers for code, numbers in inside.items() if len(numbers) > 1 and not any(each >= set(numbers) for each in closer)}
    return met


def worth(numbers: Mapping[int, float], mentions: Sequence[Mention]) -> float:
    """What it says that these met."""
    return _HARDLY_CHANCE if any(_regencies(mentions[number]) <= _RARE for number in numbers) else 0.0


def _meant(mention: Mention, level: int) -> list[str]:
    """Codes by which a name may meet others inside a place of that level; none if it is a name of too many."""
    if _regencies(mention) > _MOST_REGENCIES[level]:
        return []
    below = [code for code in mention.weights if len(code) > REGENCY]
    # A name that is a district's is meant as that, between regencies.
    highest = min(map(len, below), default=0)
    return below if level == DISTRICT else [code for code in below if len(code) == highest]


def _regencies(mention: Mention) -> int:
    return len({code[:REGENCY] for code in mention.weights if len(code) > REGENCY})
