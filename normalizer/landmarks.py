"""Words that say where and stand in no register: "Jl. Provinsi km 9", "depan pasar Waru", "RT 05", "dekat SMPN 3", "simpang Silkar"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from normalizer.vocabulary import Vocabulary, vocabulary
from normalizer.words import Word, is_namelike, is_ordinary

_NUMBERED = re.compile(
    r"(?<![^\W_])(?:r[tw][ .:/]{0,2}(?:r?w[ .:]{0,2})?\d{1,3}(?:[ ,./-]{0,3}r?w?[ .:/]{0,2}\d{1,3})?|(?:km|kilometer|kilo)[ .:]{0,2}\d{1,4}(?:[.,]\d{1,3})?|"
    r"(?:blok|blk)[ .:]{0,2}[a-z]{0,2}[ .]?\d{0,3}(?![^\W_])|(?:no|nomor|nmr)[ .:]{0,2}\d{1,4}[a-z]?(?=\W|$))",
    re.IGNORECASE,
)
_DETAIL = re.compile(r"(?i)n")
_MOST_WORDS = 4
# Of all words. A title has many.
_MOST_CAPITALS = 0.8
HALF, FOUND = 1, 2


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text that says where, in characters of the text."""

    begin: int
    end: int
    # FOUND: somebody who goes there finds it. HALF: only together with a region ("depan pasar", "kec. Waru"). 0: it tells the region, or a detail ("no. 12").
    findable: int
    # Where the name behind "dekat" begins: if that is a region's, "dekat Penajam" finds nothing. None: it is not such a piece.
    name: int | None = None


def landmarks_of(text: str, words: Sequence[Word], *, asked: bool) -> list[Piece]:
    """In no order, may overlap. `asked`: the text answers "where is it?", so that a mere "di pasar" says it."""
    numbered = (found for found in _NUMBERED.finditer(text) if any(map(str.isdecimal, found[0])))
    pieces = [Piece(found.start(), found.end(), 0 if _DETAIL.match(found[0]) else FOUND) for found in numbered]
    reader = _Reader(words, vocabulary(), asked=asked)
    return pieces + [piece for at in range(len(words)) if (piece := reader.at(at))]


class _Reader:
    """Looks at what one word begins."""

    def __init__(self, words: Sequence[Word], known: Vocabulary, *, asked: bool) -> None:
        self._words = words
        self._known = known
        self._asked = asked
        self._capitals = _tells_capitals(words)

    def at(self, at: int) -> Piece | None:
        key = self._words[at].key
        if key in self._known.streets:
            return self._street(at)
        if key in self._known.near:
            return self._near(at)
        if key in self._known.landmarks:
            return self._landmark(at, at, unnamed=FOUND if self._asked and key not in self._known.everywhere else 0)
        return None

    def _street(self, at: int) -> Piece | None:
        """A street's name, however it is written; not "jalan rusak", not "jalan raya", and "jalan PPU" is about the roads of a region."""
        after = self._while(at + 1, self._known.kinds_of_road)
        kinds = self._words[at + 1 : after]
        full = self._words[at].key == "jalan"
        region = full and after < len(self._words) and self._words[after].acronym
        end = after if region else self._name(after)
        called_so = any((word.key != "raya" and not full) or (self._capitals and word.capital and self._words[at].capital) for word in kinds)
        return self._piece(at, end, FOUND) if end > after or called_so else None

    def _near(self, at: int) -> Piece | None:
        """As in "depan pasar Waru", "samping Indomaret"; not "di depan rumah saya"."""
        after = self._while(at + 1, self._known.between)
        key = self._key(after)
        if key in self._known.landmarks:
            return self._landmark(at, after, unnamed=0 if key in self._known.everywhere else FOUND if self._asked else HALF)
        if key in self._known.offices and self._key(after - 1) == "kantor":
            return self._piece(at, after + 1, FOUND)
        if self._capitals and key and self._words[after].capital and not is_ordinary(key):
            end = self._name(after)
            return replace(self._piece(at, end, FOUND), name=self._words[after].begin) if end > after else None
        return None

    def _landmark(self, begin: int, at: int, *, unnamed: int) -> Piece | None:
        """With a name it is found; `unnamed` says what it is worth without."""
        following = self._key(at + 1)
        if self._words[at].key == "rumah" and following != "sakit":
            # "Rumah pak RT" is known to everybody there, "rumah saya" to nobody here.
            return self._piece(begin, min(at + 3, len(self._words)), FOUND) if following in self._known.households else None
        after = self._while(at + 1, self._known.kinds | self._known.landmarks)
        if self._words[at].key == "kantor" and self._key(after) in self._known.offices:
            after += 1
        end = self._name(after)
        if end > after or any(word.key in self._known.numbers for word in self._words[at + 1 : after]):
            return self._piece(begin, end, FOUND)
        return self._piece(begin, end, unnamed) if unnamed and self._key(end) not in self._known.mine else None

    def _name(self, at: int) -> int:
        """The word behind a name that begins here; `at` itself if none does."""
        after = at
        while after < min(len(self._words), at + _MOST_WORDS) and self._words[after].runs_on and self._goes_on(self._words[after], first=after == at):
            after += 1
        return after

    def _goes_on(self, word: Word, *, first: bool) -> bool:
        if word.key in self._known.mine or word.key in self._known.near or word.key in self._known.streets:
            return False
        if word.key.isdecimal():
            return True
        if self._capitals and word.capital:
            return is_namelike(word.key) or not is_ordinary(word.key) or (word.key in self._known.landmarks and not first)
        # "Jl. Melati lampu mati": where names have capitals, what has none is no part of one.
        return is_namelike(word.key) and (first or not self._capitals)

    def _while(self, at: int, keys: frozenset[str]) -> int:
        after = at
        while after < min(len(self._words), at + _MOST_WORDS) and self._words[after].runs_on and self._words[after].key in keys:
            after += 1
        return after

    def _key(self, at: int) -> str:
        return self._words[at].key if at < len(self._words) else ""

    def _piece(self, begin: int, after: int, findable: int) -> Piece:
        return Piece(self._words[begin].begin, self._words[after - 1].end, findable)


def _tells_capitals(words: Sequence[Word]) -> bool:
    """Whether a capital letter means something here: not in a text that has none, or hardly anything else."""
    return 0 < sum(word.capital for word in words) < len(words) * _MOST_CAPITALS
