"""Which language a word that no list holds looks like: by the threes of letters that the words of the lists are made of."""

from __future__ import annotations

import math
from collections import Counter
from functools import cache

from normalizer.lexicon import LANGUAGES, own_words

# Added to each count, so that a three never seen is unlikely and not impossible; so many threes there may be.
_UNSEEN, _THREES = 0.3, 3_000
# Threes overlap, so each is worth less than one observation. On our tables 0.3 to 0.5 did alike.
_DEPENDENCE = 0.3


def likeness(word: str) -> dict[str, float]:
    """For each language a share, together 1; much the same for all of them if the word could be of any.

    >>> shares = likeness("throughout")
    >>> max(shares, key=shares.get)
    'en'
    """
    logs = {tag: _DEPENDENCE * sum(_log_share(tag, three) for three in _threes(word)) for tag in LANGUAGES}
    most = max(logs.values())
    weights = {tag: math.exp(log - most) for tag, log in logs.items()}
    return {tag: weight / sum(weights.values()) for tag, weight in weights.items()}


def _threes(word: str) -> list[str]:
    padded = f"^{word}$"
    return [padded[at : at + 3] for at in range(len(padded) - 2)]


def _log_share(tag: str, three: str) -> float:
    counts, total = _counts(tag)
    return math.log((counts[three] + _UNSEEN) / (total + _UNSEEN * _THREES))


@cache
def _counts(tag: str) -> tuple[Counter[str], int]:
    counts = Counter(three for word in own_words(tag) for three in _threes(word))
    return counts, counts.total()
