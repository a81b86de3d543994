"""Our own lists of everyday words, one a language (data/*.txt), and those that several share."""

from __future__ import annotations

from functools import cache
from importlib import resources

# Indonesian is the language that the others are mixed with.
LANGUAGES = ("id", "jv", "su", "en")


def languages_of(word: str) -> tuple[str, ...]:
    """The languages whose list has this word, in small letters.

    >>> languages_of("jalan"), languages_of("santoso")
    (('id',), ())
    """
    return _lexicon().get(word, ())


def is_everyday(word: str) -> bool:
    """Whether a word (small letters) is one that any report may hold.

    >>> is_everyday("lampu"), is_everyday("penajam")
    (True, False)
    """
    return bool(languages_of(word))


def everyday() -> frozenset[str]:
    """All of them."""
    return frozenset(_lexicon())


@cache
def loans() -> frozenset[str]:
    """Indonesian words that local languages use as their own: the nouns of the state, the street and the home."""
    return _listed("loans")


@cache
def own_words(tag: str) -> frozenset[str]:
    """The list of a language without the loans."""
    return _listed(tag) - loans()


@cache
def _lexicon() -> dict[str, tuple[str, ...]]:
    lexicon: dict[str, tuple[str, ...]] = {}
    for tag in LANGUAGES:
        for word in _listed(tag):
            lexicon[word] = (*lexicon.get(word, ()), tag)
    for word in loans():
        lexicon.setdefault(word, ("id",))
    return lexicon


def _listed(name: str) -> frozenset[str]:
    rows = resources.files("normalizer").joinpath("data", f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for row in rows if not row.startswith("#") for word in row.split())
