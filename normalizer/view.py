"""A text as it is searched: small letters, repeated ones once, abbreviations written out. Only a view: each word knows where it stands in the citizen's own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import cache, lru_cache
from importlib import resources
from itertools import groupby
from typing import NamedTuple

# Letters and digits apart: "ibu2", "3kg", "2hari".
_WORD = re.compile(r"[^\W\d_]+|\d+")
# Only where there is something to say: "pppk" and "www" are what they are.
_MANY = re.compile(r"([^\W\d_])\1{2,}")
_VOWEL = re.compile("[aiueo]")
_VOWELS = str.maketrans("", "", "aiueo")
# A word has this many consonants at least before its vowels are guessed: "mtr" may be metres, motor, materi.
_FEWEST_CONSONANTS = 4
# Characters.
_LONGEST = 30


class Word(NamedTuple):
    """A word of the view; several of them stand at the same place where an abbreviation was written out."""

    word: str
    # In the text that was given: characters from its beginning.
    start: int
    end: int


def view(text: str) -> list[Word]:
    """Linear. A text of any script; what is no abbreviation stays as it is.

    >>> [word.word for word in view("Jln RUSAKKK, sdh 2thn blm dprbaiki")]
    ['jalan', 'rusak', 'sudah', '2', 'tahun', 'belum', 'diperbaiki']
    >>> view("RS penuh")[1], view("RS penuh")[2]
    (Word(word='sakit', start=0, end=2), Word(word='penuh', start=3, end=8))
    """
    return [Word(part, *found.span()) for found in _WORD.finditer(text) for part in _said(found.group())]


def _said(written: str) -> tuple[str, ...]:
    # What is longer is no word of any list, and must not fill the memory of those that are.
    return _written_out(written) if len(written) <= _LONGEST else (written[:_LONGEST].lower(),)


@lru_cache(maxsize=16_384)
def _written_out(written: str) -> tuple[str, ...]:
    """What one word says: mostly itself. Kept, because a language has few words and says them often."""
    word = _plain(written)
    return abbreviations().get(word, (word,))


def spelled(phrase: str) -> tuple[str, ...]:
    """A phrase of a list, as the view would have it."""
    return tuple(word.word for word in view(phrase))


def roots(word: str) -> Iterator[str]:
    """What it may be without the commonest endings and beginnings of Indonesian, the least changed first. Most are no words: a list says which is.

    >>> "selokan" in roots("selokannya"), "bakar" in roots("membakar"), "padam" in roots("pemadaman"), "sapu" in roots("menyapu")
    (True, True, True, True)
    """
    plain = word.removesuffix("nya").removesuffix("lah").removesuffix("kah")
    for body in dict.fromkeys((word, plain, *(plain.removesuffix(ending) for ending in ("an", "kan", "i")))):
        if len(body) < _SHORTEST_ROOT:
            continue
        if body != word:
            yield body
        for beginning, letters in _BEGINNINGS:
            if body.startswith(beginning):
                yield from (letter + rest for letter in letters if len(rest := body[len(beginning) :]) + len(letter) >= _SHORTEST_ROOT)


_SHORTEST_ROOT = 4
# Each with the letters that it may have swallowed: pemadaman is from padam, membakar from bakar, menyapu from sapu.
_BEGINNINGS = (
    *(("meny", ("s",)), ("peny", ("s",)), ("meng", ("", "k")), ("peng", ("", "k"))),
    *(("mem", ("", "p")), ("pem", ("", "p")), ("men", ("", "t")), ("pen", ("", "t"))),
    *((beginning, ("",)) for beginning in ("memper", "diper", "pember", "ber", "ter", "di", "ke", "se", "me", "pe")),
)


@cache
def abbreviations() -> dict[str, tuple[str, ...]]:
    """What each short form says, word by word, from data/abbreviations.txt (read once)."""
    known = {}
    for row in rows("abbreviations.txt"):
        full, _, short = row.partition(":")
        known.update(dict.fromkeys(short.split(), tuple(full.split())))
    return known


def rows(name: str) -> list[str]:
    """The lines of one of our lists, without its comments."""
    lines = resources.files("normalizer").joinpath("data", name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


class Vowels:
    """Puts the vowels back into "smph" and "lmpu", where one word of a list alone can be meant."""

    def __init__(self, words: Collection[str], others: Collection[str]) -> None:
        """`words`: those that are wanted; `others`: everyday words that it may be as well, in which case nothing is guessed."""
        self._known = frozenset(words) | frozenset(others)
        long = sorted(word for word in self._known if len(word) > _FEWEST_CONSONANTS)
        self._by_consonants = {key: tuple(group) for key, group in groupby(sorted(long, key=_consonants), _consonants)}

    def restored(self, word: str) -> str:
        """The word that was meant, or what was given.

        >>> vowels = Vowels({"sampah", "jembatan"}, {"sempat"})
        >>> vowels.restored("smph"), vowels.restored("jmbatan"), vowels.restored("smpt")
        ('sampah', 'jembatan', 'sempat')
        """
        consonants = _consonants(word)
        if word in self._known or len(consonants) < _FEWEST_CONSONANTS or len(consonants) < len(word) - len(consonants):
            return word
        fitting = [full for full in self._by_consonants.get(consonants, ()) if full[0] == word[0] and _shortens(word, full)]
        return fitting[0] if len(fitting) == 1 else word


def _consonants(word: str) -> str:
    return word.translate(_VOWELS)


def _shortens(short: str, full: str) -> bool:
    """Whether letters of `full`, in their order, make `short`."""
    letters = iter(full)
    return all(letter in letters for letter in short)


def _plain(word: str) -> str:
    if not word.isascii():
        # "é" of a telephone's keyboard and the wide letters of a chain letter are plain ones here.
        word = "".join(letter for letter in unicodedata.normalize("NFKD", word) if not unicodedata.combining(letter))
    word = word.lower()
    return _MANY.sub(r"\1", word) if _VOWEL.search(word) else word
