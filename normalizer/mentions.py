"""Names of the register in a text: which places each could mean, and how much it says for them.

A cue word ("desa", "kec.", "Pemkot") sets the level. Without one a name counts for the highest level that has it, a regency's for much, a village's for little.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from normalizer.handles import region_in
from normalizer.lexicon import is_everyday
from normalizer.lookup import MOST_WORDS, Lookup
from normalizer.register import DISTRICT, MOST_CHARACTERS, PROVINCE, REGENCY, VILLAGE, Register, is_city
from normalizer.vocabulary import vocabulary
from normalizer.words import Word, is_ordinary

# What a mention says for a place: after a cue word of its level, after one of another level, and without any.
_CUED = {PROVINCE: 2.5, REGENCY: 3.0, DISTRICT: 3.0, VILLAGE: 2.0}
_OTHER_LEVEL = 1.5
_BARE = {PROVINCE: 1.5, REGENCY: 2.0, DISTRICT: 1.0, VILLAGE: 0.7}
_ALIAS = 2.5
# "Di Surabaya" says more than "Surabaya".
_PLACED = 0.5
# Each time that a name comes again it says a little more, up to this many times.
_AGAIN, _MOST_TIMES = 0.3, 3
_MOST_LOOKED_AT = 6
# An everyday word behind a cue ("desa data") is hardly a name.
_DOUBTFUL = 1.0
# Of a city and a regency of one name the bare name says less for the regency: who means that says "kab". Much less where most people live in the city, or
# the regency's towns are known by names of their own (cities_first); else both are told, the city first.
_REGENCY_LESS, _REGENCY_HARDLY_LESS = 0.6, 0.1
# A name with a wrong letter says a little less.
TYPO = 0.8

_SHORTEST_ALONE = 5
_SHORTEST_UNIQUE_VILLAGE = 7
_SHORTEST_TELLING = 6
# A text with more names than this is a list.
_MOST_MENTIONS = 24


@dataclass(slots=True)
class Mention:
    """One name in the text."""

    # From the cue word on, in characters of the text.
    begin: int
    end: int
    # Level of the cue word; 0: none.
    level: int
    # Codes of the places that it could mean, each with what it says for it.
    weights: dict[str, float]
    # Down to this level it may name a place all by itself, not only beside another mention; 0: not at all.
    alone: int
    # The words behind a cue as one key, the longest first, with where they end: for a name with a typo.
    spellings: list[tuple[str, int]] = field(default_factory=list)
    # Whether the register has the name at the level of the cue.
    exact: bool = True
    # No everyday word and no regency, and long enough that two such names of one district are hardly there by chance.
    telling: bool = False
    # How often the text has it.
    times: int = 1


def mentions_of(words: Sequence[Word], register: Register, aliases: tuple[tuple[str, str], ...]) -> list[Mention]:
    """In the order of the text, not overlapping, the same words only once. `aliases` are names and dotted codes."""
    return _Search(words, Lookup(words, register, aliases)).all()


def city_hint(words: Sequence[Word]) -> int:
    """More than 0: a city is spoken of ("Pak Walikota"); less: a regency."""
    wali = any(one.key == "wali" and other.key == "kota" for one, other in pairwise(words))
    return wali + sum((word.key in vocabulary().city_hints) - (word.key in vocabulary().regency_hints) for word in words)


class _Search:
    """One pass over the words."""

    def __init__(self, words: Sequence[Word], lookup: Lookup) -> None:
        self._words = words
        self._lookup = lookup
        self._known = vocabulary()
        # How often each bare name came.
        self._times: Counter[str] = Counter()

    def all(self) -> list[Mention]:
        found: dict[tuple[int, str], Mention] = {}
        at = 0
        while at < len(self._words) and len(found) < _MOST_MENTIONS:
            mention, after = self._at(at)
            if mention:
                name = "".join(word.key for word in self._words[at:after])
                first = found.setdefault((mention.level, name), mention)
                if first is not mention:
                    _again(first, mention)
            at = after
        return list(found.values())

    def _at(self, at: int) -> tuple[Mention | None, int]:
        """The mention that begins here, and the word to go on with."""
        key = self._words[at].key
        if alias := self._lookup.alias(at):
            # Before any word of it is taken for something else: "Pak Wali Rahmad".
            code, after = alias
            insured = at > 0 and self._words[at - 1].key in self._known.insured
            return None if insured else Mention(self._words[at].begin, self._end(after), 0, {code: _ALIAS}, VILLAGE), after
        if key in self._known.streets:
            return self._behind_street(at)
        if level := self._known.cues.get(key):
            return self._cued(at, level)
        if key in self._known.titles:
            following = self._words[at + 1].key if at + 1 < len(self._words) else ""
            return None, at + 1 if following in self._known.cues or following in self._known.titles else at + 2
        if key in self._known.small:
            return None, at + 1
        return self._bare(at)

    def _behind_street(self, at: int) -> tuple[Mention | None, int]:
        """Jalan Surabaya runs anywhere; "jalan desa Girimukti" is in Girimukti."""
        after = at + 1
        if after < len(self._words) and self._words[after].key == "raya":
            after += 1
        if after >= len(self._words) or self._words[after].key in self._known.small:
            return None, after
        if level := self._known.cues.get(self._words[after].key):
            mention, end = self._cued(after, level)
            return (mention, end) if mention and mention.exact and mention.level else (None, after + 1)
        if is_ordinary(self._words[after].key) and not self._words[after].capital:
            return None, after
        hits = self._lookup.hits(after)
        if hits and after > at + 1 and len(hits[-1][1][0]) >= DISTRICT:
            # Jalan Raya Bogor runs through Jakarta; one that is called after a village runs there.
            return self._bare(after)
        return None, hits[-1][0] if hits else after + 1

    def _cued(self, at: int, level: int) -> tuple[Mention | None, int]:
        begin = self._words[at].begin
        city = level == REGENCY and self._words[at].key in self._known.city_cues
        hits = self._lookup.hits(at + 1) if self._runs_on(at + 1) else []
        own = [(after, codes) for after, found in hits if (codes := [code for code in found if _fits(code, level, city=city)])]
        whole = [(after, found) for after, found in self._lookup.hits(at) if after > at + 1]
        if own:
            after, codes = own[-1]
            weights = dict.fromkeys(codes, self._worth(at + 1, after, level))
            if whole and whole[-1][0] >= after:
                # "Kampung Baru" may be Kampung Baru or the village Baru.
                after = whole[-1][0]
                weights |= {code: _CUED[level] for code in whole[-1][1] if len(code) == level}
            alone = VILLAGE if self._certain(at + 1, after, level) else 0
            return Mention(begin, self._end(after), level, weights, alone, self._spellings(at + 1, begun=True)), after
        if level == REGENCY and self._runs_on(at + 1) and (code := self._known.behind_cue.get(self._words[at + 1].key)) and _fits(code, level, city=city):
            return Mention(begin, self._end(at + 2), level, {code: _CUED[level]}, VILLAGE), at + 2
        if whole and not (level == REGENCY and hits and len(hits[-1][1][0]) <= REGENCY):
            return self._bare(at)
        # "Kota Kendal" is the town of that regency, although a district is called so.
        return self._misfit(at, level, hits[-1] if hits else None)

    def _misfit(self, at: int, level: int, hit: tuple[int, list[str]] | None) -> tuple[Mention | None, int]:
        """A cue whose name the register has only at another level, or not at all."""
        begin, spellings = self._words[at].begin, self._spellings(at + 1) if self._runs_on(at + 1) else []
        if not spellings:
            return None, at + 1
        if hit:
            after, codes = hit
            city = level == REGENCY and self._words[at].key in self._known.city_cues
            weights = _at_another_level(level, codes, city=city)
            alone = VILLAGE if len(weights) == 1 and level != VILLAGE and not self._all_ordinary(at + 1, after) else 0
            return Mention(begin, self._end(after), level, weights, alone, spellings, exact=False), after
        return Mention(begin, spellings[-1][1], level, {}, 0, spellings, exact=False), at + 2

    def _bare(self, at: int) -> tuple[Mention | None, int]:
        word = self._words[at]
        placed = at > 0 and self._words[at - 1].key in self._known.there
        # "Di tanjung tengah" may be a village, "air bersih" is none.
        hits = [(after, codes) for after, codes in self._lookup.hits(at) if not self._all_ordinary(at, after) or (placed and after > at + 1)]
        if not hits and not is_ordinary(word.key) and (codes := region_in(word.key, self._lookup.named)):
            hits = [(at + 1, codes)]
        if not hits:
            return self._ordinary_city(at)
        after, codes = hits[-1]
        if found := self._cued_behind(at, after, codes):
            return found, after + 1
        name = "".join(spoken.key for spoken in self._words[at:after])
        self._times[name] += 1
        if self._times[name] > _MOST_LOOKED_AT:
            return None, after
        less = _less_for_the_regency(codes)
        weights = {code: _BARE[len(code)] + (_PLACED if placed and len(code) == REGENCY else 0) - less.get(code, 0) for code in codes}
        telling = len(name) >= _SHORTEST_TELLING and len(codes[0]) > REGENCY and not self._all_ordinary(at, after)
        return Mention(word.begin, self._end(after), 0, weights, self._stands_alone(at, after, codes), telling=telling), after

    def _cued_behind(self, at: int, after: int, codes: Sequence[str]) -> Mention | None:
        """As English has it: "Babulu district", "Samarinda city"."""
        level = self._known.behind.get(self._words[after].key) if self._runs_on(after) else None
        own = [code for code in codes if level and _fits(code, level, city=self._words[after].key in self._known.city_behind)]
        return Mention(self._words[at].begin, self._end(after + 1), level, dict.fromkeys(own, _CUED[level]), VILLAGE) if level and own else None

    def _ordinary_city(self, at: int) -> tuple[Mention | None, int]:
        """Batu, Metro, Palu: a city only where a capital letter and a preposition say so."""
        word = self._words[at]
        if word.capital and at and self._words[at - 1].key in self._known.locatives and not self._words[at - 1].capital:
            codes = [code for code in self._lookup.named(word.key) if len(code) == REGENCY]
            if codes:
                return Mention(word.begin, word.end, 0, dict.fromkeys(codes, _BARE[REGENCY]), REGENCY), at + 1
        return None, at + 1

    def _stands_alone(self, at: int, after: int, codes: Sequence[str]) -> int:
        highest = len(codes[0])
        if self._all_ordinary(at, after):
            return 0
        if highest <= REGENCY:
            return REGENCY
        letters = sum(len(word.key) for word in self._words[at:after])
        placed = self._introduced(at) or after - at > 1
        if highest == DISTRICT:
            in_one_regency = len({code[:REGENCY] for code in codes if len(code) == DISTRICT}) == 1
            return DISTRICT if in_one_regency and letters >= _SHORTEST_ALONE and placed and not self._divided(at, after, codes[0]) else 0
        return VILLAGE if len(codes) == 1 and letters >= _SHORTEST_UNIQUE_VILLAGE and placed and not self._divided(at, after, codes[0]) else 0

    def _divided(self, at: int, after: int, code: str) -> bool:
        """Whether villages of another regency share the name: "Tlogosari" is a district, and in Semarang what Tlogosari Kulon and Wetan are together."""
        name = "".join(word.key for word in self._words[at:after])
        parts = (part for side in self._known.sides for part in self._lookup.named(name + side))
        return any(part[:REGENCY] != code[:REGENCY] for part in parts)

    def _introduced(self, at: int) -> bool:
        """Behind "di", or behind an office, a school or a market, which are called after where they are: "SMPN 1 Baureno"."""
        before = at - 1
        if before > 0 and self._words[before].key.isdecimal() and self._words[before].runs_on:
            before -= 1
        if before < 0 or not self._words[at].runs_on:
            return False
        key = self._words[before].key
        return key in self._known.called_after if before < at - 1 else key in self._known.locatives or key in self._known.called_after

    def _worth(self, at: int, after: int, level: int) -> float:
        return _CUED[level] if self._certain(at, after, level) or self._words[at].capital else _DOUBTFUL

    def _certain(self, at: int, after: int, level: int) -> bool:
        """One everyday word behind "desa" or "kec." needs another mention; "kota Batu" and "desa Api Api" do not."""
        return level <= REGENCY or after - at > 1 or not self._all_ordinary(at, after)

    def _all_ordinary(self, at: int, after: int) -> bool:
        words = self._words[at:after]
        return all(is_ordinary(word.key) for word in words) and "".join(word.key for word in words) not in self._known.sights

    def _spellings(self, at: int, *, begun: bool = False) -> list[tuple[str, int]]:
        """The words behind a cue, up to the next cue or the end of a name; none if a name hardly begins so. `begun`: a shorter one does."""
        found: list[tuple[str, int]] = []
        key = ""
        for after in range(at, min(at + MOST_WORDS - 1, len(self._words))):
            word = self._words[after]
            if after == at and not begun and is_everyday(word.key) and word.key not in self._known.begins_names:
                break
            if after > at and (not word.runs_on or word.key in self._known.cues):
                break
            key += word.key
            if len(key) > MOST_CHARACTERS:
                break
            found.append((key, word.end))
        return found[::-1]

    def _runs_on(self, at: int) -> bool:
        return at < len(self._words) and self._words[at].runs_on

    def _end(self, after: int) -> int:
        return self._words[after - 1].end


def _again(first: Mention, other: Mention) -> None:
    """A name that comes twice says what it says where it says most: "Ngaliyan macet. Mohon ke daerah Ngaliyan"."""
    if first.times > _MOST_LOOKED_AT:
        return
    more = _AGAIN if first.times < _MOST_TIMES else 0
    first.times += 1
    first.weights = {code: max(weight, other.weights.get(code, 0)) + more for code, weight in first.weights.items()}
    first.alone = max(first.alone, other.alone)


def _less_for_the_regency(codes: Sequence[str]) -> dict[str, float]:
    """For each regency among the codes that has a city of its name beside it."""
    cities = [code for code in codes if len(code) == REGENCY and is_city(code)]
    less = _REGENCY_LESS if any(city in vocabulary().cities_first for city in cities) else _REGENCY_HARDLY_LESS
    return {code: less for code in codes if cities and len(code) == REGENCY and not is_city(code)}


def _fits(code: str, level: int, *, city: bool) -> bool:
    return len(code) == level and (level != REGENCY or is_city(code) == city)


def _at_another_level(level: int, codes: Sequence[str], *, city: bool) -> dict[str, float]:
    """What "kota Bojonegoro" (a regency's town), "kab. Surabaya" (a mistake), "kab. Cikarang" (a district) or "desa Penajam" (a district) say."""
    if level == REGENCY:
        regencies = [code for code in codes if len(code) <= REGENCY]
        codes = regencies or [code[:REGENCY] for code in codes if len(code) == DISTRICT]
    whole = _CUED[REGENCY] if city else _BARE[REGENCY]
    return {code: (whole if len(code) == level == REGENCY else min(_OTHER_LEVEL, _BARE[len(code)] + 0.5)) for code in codes}
