"""Whose a thing is by what the text says of it (a road by its class, a school by its kind), and whether any public service can settle it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from normalizer.kind import placed, told
from normalizer.phrases import lexicon
from normalizer.schema import Finding
from normalizer.view import Word

LEVELS = ("national", "province", "regency", "village")


def level_of(category: str, title: Sequence[Word], text: Sequence[Word]) -> Finding | None:
    """The level of government for this category. None: nothing says so, or two levels are named alike."""
    if category not in _levelled():
        return None
    return _best("levels.txt", title, text, f"{category} ")


def beyond_of(title: Sequence[Word], text: Sequence[Word]) -> Finding | None:
    """Why it may lie beyond every public service. A suspicion for a person to look at, never a refusal."""
    return _best("scope.txt", title, text, "")


@cache
def _levelled() -> frozenset[str]:
    """The categories for which a text can say the level."""
    return frozenset(heading.partition(" ")[0] for heading in lexicon("levels.txt").headings)


def _best(name: str, title: Sequence[Word], text: Sequence[Word], beginning: str) -> Finding | None:
    """The heading under which most is said, among those that begin so."""
    words = lexicon(name)
    in_title, in_text = words.find(title), words.find(text)
    said: dict[str, dict[str, float]] = {}
    for hit in (*in_title, *in_text):
        if hit.heading.startswith(beginning):
            said.setdefault(hit.heading, {})[hit.phrase] = hit.weight
    total = sorted(((sum(phrases.values()), heading) for heading, phrases in said.items()), reverse=True)
    if not total or (len(total) > 1 and total[0][0] == total[1][0]):
        return None
    weight, heading = total[0]
    share = weight / (sum(each for each, _ in total) + 1)
    return Finding(heading.removeprefix(beginning), round(share, 3), told(said[heading]), placed(heading, in_text))
