"""What a report is, where nobody declared it: a complaint, a wish or a question. None where the words pull both ways: then it is treated like a complaint."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from normalizer.phrases import Hit, lexicon
from normalizer.schema import Finding
from normalizer.view import Word

KINDS = ("complaint", "aspiration", "information_request")

# How much of all that was said must speak for the winner, and how much must have been said.
_CLEARLY, _ENOUGH = 0.5, 3.0
# A title says in three words what it is; a question mark asks, but many a complaint does too.
_TITLE, _QUESTION = 1.5, 2.0


def kind_of(title: Sequence[Word], text: Sequence[Word], *, asks: bool) -> Finding | None:
    """`asks`: there is a question mark in it. The score is the winner's share of all that speaks for any of them."""
    words = lexicon("kinds.txt")
    in_title, in_text = words.find(title), words.find(text)
    said: dict[str, dict[str, float]] = {kind: {} for kind in KINDS}
    for hits, factor in ((in_title, _TITLE), (in_text, 1.0)):
        for hit in hits:
            said[hit.heading][hit.phrase] = max(said[hit.heading].get(hit.phrase, 0.0), hit.weight * factor)
    if asks:
        said["information_request"]["?"] = _QUESTION
    total = {kind: sum(phrases.values()) for kind, phrases in said.items()}
    best = max(KINDS, key=total.__getitem__)
    everything = sum(total.values())
    if total[best] < _ENOUGH or total[best] <= _CLEARLY * everything:
        return None
    return Finding(best, round(total[best] / (everything + 1), 3), told(said[best]), placed(best, in_text))


def told(phrases: dict[str, float]) -> str:
    """The words that decided, the weightiest first."""
    return ", ".join(sorted(phrases, key=lambda phrase: (-phrases[phrase], phrase))[:5])


def placed(heading: str, hits: Iterable[Hit]) -> tuple[tuple[int, int], ...]:
    """Where a text has them."""
    return tuple((hit.start, hit.end) for hit in hits if hit.heading == heading)
