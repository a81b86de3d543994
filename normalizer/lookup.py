"""Names at a place in a text: the register's, those that everybody says ("Jabar"), and a deployment's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from normalizer.register import LEVELS, MOST_CHARACTERS, REGENCY, START, Register, key_of
from normalizer.vocabulary import vocabulary
from normalizer.words import Word

# More have few names, and people do not write one word as six.
MOST_WORDS = 5
# Of a name of which several parts are shortened.
_MOST_READINGS = 6
# A text with more short forms is no report.
_MOST_SHORT = 200


@dataclass(frozen=True, slots=True)
class _Names:
    """Names that the register does not have: what everybody says ("Jabar"), and a deployment's aliases."""

    # To what the register is asked for, or to a code.
    official: dict[str, str]
    # Of those that are codes.
    aliases: dict[str, str]
    # Two letters that each of those begins with.
    alias_starts: tuple[str, ...]
    # What the longer of all begin with, as in Register.starts.
    starts: frozenset[str]


class Lookup:
    """Of one text."""

    def __init__(self, words: Sequence[Word], register: Register, aliases: tuple[tuple[str, str], ...]) -> None:
        self._words = words
        self._register = register
        self._names = _names(aliases)
        # What was looked up already: a text says the same words again and again.
        self._found: dict[str, list[str]] = {}
        short = vocabulary().short
        shortened = islice((at for at, word in enumerate(words) if word.key in short), _MOST_SHORT)
        # Where a name may begin that is shortened.
        self._near_short = {at - back for at in shortened for back in range(MOST_WORDS)}

    def alias(self, at: int) -> tuple[str, int] | None:
        """The code that a deployment's own name beginning here stands for, and the word behind it."""
        if not self._words[at].key.startswith(self._names.alias_starts):
            return None
        key = ""
        for after in range(at, min(at + MOST_WORDS, len(self._words))):
            key += self._words[after].key
            if code := self._names.aliases.get(key):
                return code, after + 1
        return None

    def hits(self, at: int) -> list[tuple[int, list[str]]]:
        """Every name that begins with this word: the word behind it, and the codes; the shortest first."""
        if at in self._near_short:
            return self._hits_in_short(at)
        found = []
        key, checked = "", False
        for after in range(at, min(at + MOST_WORDS, len(self._words))):
            word = self._words[after]
            if after > at and not word.runs_on:
                break
            key += word.key
            if len(key) > START and not checked:
                if not self._may_begin(key):
                    break
                checked = True
            if codes := self.named(key):
                found.append((after + 1, codes))
        return found

    def _hits_in_short(self, at: int) -> list[tuple[int, list[str]]]:
        """As hits, where parts of the name may be shortened: "Tj Priok". What is written comes before what it may be short for."""
        found = []
        keys = [""]
        for after in range(at, min(at + MOST_WORDS, len(self._words))):
            word = self._words[after]
            if after > at and not word.runs_on:
                break
            parts = (word.key, *vocabulary().short.get(word.key, ()))
            keys = [key + part for key in keys for part in parts][:_MOST_READINGS]
            keys = [key for key in keys if len(key) <= START or self._may_begin(key)]
            # A single short form is too little to be a name.
            if codes := next(filter(None, map(self.named, keys if after > at else keys[:1])), []):
                found.append((after + 1, codes))
        return found

    def _may_begin(self, key: str) -> bool:
        return len(key) <= MOST_CHARACTERS and (self._register.may_begin(key) or key[:START] in self._names.starts)

    def named(self, key: str) -> list[str]:
        """Codes of all places of that name, the highest level first."""
        codes = self._found.get(key)
        if codes is None:
            codes = self._found[key] = self._codes(key)
        return codes

    def _codes(self, key: str) -> list[str]:
        """A spoken name may be a village's own as well: "desa Purwokerto"."""
        spoken = self._names.official.get(key)
        if not spoken:
            return self._register.find(key)
        meant = [spoken] if spoken.isdecimal() else [code for code in self._register.find(spoken) if len(code) <= REGENCY]
        return [*meant, *(code for code in self._register.find(key) if code not in meant)]


@lru_cache(maxsize=64)
def _names(aliases: tuple[tuple[str, str], ...]) -> _Names:
    """What is no code of the register is left out."""
    codes = ((key_of(alias), code.replace(".", "")) for alias, code in aliases)
    own = {key: code for key, code in codes if key and code.isdecimal() and len(code) in LEVELS}
    official = vocabulary().spoken | own
    return _Names(official, own, tuple({key[:2] for key in own}), frozenset(key[:START] for key in official if len(key) > START))
