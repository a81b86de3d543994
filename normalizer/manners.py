"""How something is said: a chain letter passed on, mere abuse. Remarks for an operator, never a reason to refuse (law 11)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from normalizer.phrases import Lexicon, phrases_of
from normalizer.subjects import SEVERAL, tells_of_a_fault
from normalizer.view import Word, view

CHAIN_LETTER, ABUSE = "chain_letter", "abuse"
# All remarks that are read out of the words; others are a door's, or of the report's length and sender.
OF_THE_WORDS = frozenset({CHAIN_LETTER, ABUSE, SEVERAL})
# Of a text of mere abuse at least one word in so many is a term of abuse.
_SHARE, _HALF = 5, 2
# The weight of a term that may stand for a thing: a dog.
_DOUBTFUL = 1


def manners(text: str, words: Sequence[Word], *, about_something: bool) -> tuple[str, ...]:
    """Codes. Whoever swears and says what is amiss has said it, and only that counts. Linear.

    `words`: of the text, as searched. `about_something`: a category was found.
    """
    # The whole words: "sebarkan" asks for something, "sebar" does not.
    hits = _lexicon().find(view(text))
    chain = (CHAIN_LETTER,) if any(hit.heading == CHAIN_LETTER for hit in hits) else ()
    terms = [hit.weight for hit in hits if hit.heading == ABUSE]
    return (*chain, ABUSE) if _is_mere_abuse(terms, words, about_something=about_something) else chain


def _is_mere_abuse(terms: Sequence[float], words: Sequence[Word], *, about_something: bool) -> bool:
    if not terms or tells_of_a_fault(words):
        return False
    meant = max(terms) > _DOUBTFUL or len(terms) == len(words)
    # "Polisi bajingan" names somebody, and nothing that they did.
    return meant and len(terms) * (_HALF if about_something else _SHARE) >= len(words)


@cache
def _lexicon() -> Lexicon:
    return Lexicon(phrases_of("manners.txt"))
