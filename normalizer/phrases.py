"""Lists of words and phrases with their weight, and where a text has them. Each list is a file in data/, read once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from normalizer.lexicon import loans, own_words
from normalizer.view import Vowels, Word, roots, rows, spelled, view

# Every list that is searched for: their words are what a shortened or inflected word may be.
LISTS = ("categories.txt", "kinds.txt", "urgency.txt", "levels.txt", "scope.txt")


class Hit(NamedTuple):
    """A phrase that was found."""

    # Under which heading of the list it stands.
    heading: str
    weight: float
    phrase: str
    # The first of its words, counted in the view.
    position: int
    # In the text: characters.
    start: int
    end: int


class Lexicon:
    """Phrases by their words."""

    def __init__(self, phrases: Iterable[tuple[str, float, str]]) -> None:
        """`phrases`: heading, weight, phrase. One may stand under several headings."""
        self._senses: dict[str, dict[str, float]] = {}
        self._longest: dict[str, int] = {}
        for heading, weight, phrase in phrases:
            words = spelled(phrase)
            key = " ".join(words)
            senses = self._senses.setdefault(key, {})
            # Two spellings may be one phrase in the view.
            senses[heading] = max(weight, senses.get(heading, 0.0))
            self._longest[words[0]] = max(self._longest.get(words[0], 0), len(words))

    @property
    def words(self) -> frozenset[str]:
        """All words of all phrases."""
        return frozenset(word for phrase in self._senses for word in phrase.split())

    @property
    def headings(self) -> frozenset[str]:
        """All headings."""
        return frozenset(heading for senses in self._senses.values() for heading in senses)

    def find(self, words: Sequence[Word]) -> list[Hit]:
        """The longest phrase at each place, from the left; none begins within another. Linear."""
        hits: list[Hit] = []
        said = [word.word for word in words]
        position = 0
        while position < len(said):
            longest = self._longest.get(said[position])
            phrase, length = self._phrase_at(said, position, longest) if longest else ("", 1)
            if phrase:
                place = (position, words[position].start, words[position + length - 1].end)
                hits.extend(Hit(heading, weight, phrase, *place) for heading, weight in self._senses[phrase].items())
            position += length
        return hits

    def _phrase_at(self, said: Sequence[str], position: int, longest: int) -> tuple[str, int]:
        """The phrase and how many words it has; ("", 1): none begins here."""
        for length in range(min(longest, len(said) - position), 0, -1):
            phrase = " ".join(said[position : position + length])
            if phrase in self._senses:
                return phrase, length
        return "", 1


def searched(text: str) -> list[Word]:
    """The view of a text, with words as our lists have them: vowels put back, endings and beginnings gone where only that is known.

    >>> [word.word for word in searched("smph d dpn psr, pipanya bocor")][0::4]
    ['sampah', 'pipa']
    """
    return [Word(_known(word.word), word.start, word.end) for word in view(text)]


@cache
def lexicon(name: str) -> Lexicon:
    """A list of data/: headings in brackets, then lines of a weight and phrases between commas."""
    return Lexicon(phrases_of(name))


def phrases_of(name: str) -> Iterable[tuple[str, float, str]]:
    """Heading, weight and phrase of each in a list of data/, for a lexicon whose words stand for themselves alone."""
    heading = ""
    for row in rows(name):
        if row.startswith("["):
            heading = row.strip("[]")
        else:
            weight, _, phrases = row.partition(" ")
            yield from ((heading, float(weight), phrase) for phrase in phrases.split(","))


def is_listed(word: str) -> bool:
    """Whether a word (small letters) is one that our lists search for."""
    return _known(word) in _vocabulary()[0]


@lru_cache(maxsize=16_384)
def _known(word: str) -> str:
    vocabulary, vowels = _vocabulary()
    if word in vocabulary:
        return word
    restored = vowels.restored(word)
    if restored in vocabulary:
        return restored
    return next((root for root in roots(word) if root in vocabulary), word)


@cache
def _vocabulary() -> tuple[frozenset[str], Vowels]:
    """Words of our lists; and, to be sure that nothing else is meant, the everyday words that tell the language."""
    wanted = frozenset().union(*(lexicon(name).words for name in LISTS))
    return wanted, Vowels(wanted, own_words("id") | loans())
