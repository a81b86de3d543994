"""How like two complaints of different people are, and why: what they say, how far apart, how long apart. Pure; a suggestion to a person, never a decision."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache

from gateway.essence import Essence, common, skeleton
from normalizer import Location

# What a word of many reports counts, beside 1 for one that says which.
_COMMON = 0.35
_MARK = 0.6
# A word that is written alike, and not the same.
_NEARLY = 0.85
_TYPO_LETTERS = 5
# How much two must share before they count as alike: little where the place agrees, much where nothing says where.
_ENOUGH_HERE, _ENOUGH, _ENOUGH_ANYWHERE = 0.35, 0.45, 2.5
# And how much of a place: "at the market" is no name, "at the market of Waru" is.
_NAMED = 0.9
# Metres: one place; another one. Between them each doubling counts the same.
_HERE_M, _ELSEWHERE_M = 75.0, 3000.0
_MAX_ACCURACY_M = 300.0
_EARTH_M = 6_371_000.0
# Factors of the place.
_SAME_PLACE, _SAME_VILLAGE, _SAME_DISTRICT, _UNKNOWN, _OTHER_WORDS, _OTHER_NUMBER, _NEIGHBOURS, _FAR = 1.0, 0.85, 0.75, 0.7, 0.45, 0.25, 0.3, 0.1
# Parts of an official code: 64 . 09 . 01 . 2020, from province to village.
_DISTRICT, _VILLAGE = 3, 4
# What is left of it at the far end of the window; and where two dates of the incident itself are a week apart.
_LATE, _OTHER_DAY = 0.6, 0.4
_WEEK_DAYS = 7
_CATEGORY = 0.25
# Words that are shown.
_SHOWN = 6
DEFAULT_WINDOW = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Rarity:
    """How much a word tells, from 1 (nobody else has it) down to 0: by folded word, as this store knows it."""

    of: Mapping[str, float] = field(default_factory=dict)
    # For a word that is not in it.
    otherwise: float = 1.0

    def __call__(self, word: str) -> float:
        """The weight of a word."""
        return (_COMMON if common(word) else 1.0) * self.of.get(word, self.otherwise)


@dataclass(frozen=True, slots=True)
class Likeness:
    """0 (nothing in common, or the same person's) to 1, and its parts: the score is the root of what, times place, times time."""

    score: float
    what: float = 0.0
    place: float = 0.0
    time: float = 0.0
    # The words that decided, as written, the weightiest first.
    words: tuple[str, ...] = ()
    # Metres between two positions; None: not both have one.
    metres: float | None = None
    # Days between them: of the incidents, where both said a date, else of the reports.
    days: float = 0.0


NOTHING = Likeness(0.0)


def likeness(one: Essence, other: Essence, rarity: Rarity = Rarity(), window: timedelta = DEFAULT_WINDOW) -> Likeness:
    """The same whichever comes first. NOTHING for two of the same person (those are threaded, not suggested), and for who only asks: nothing happened there."""
    if one.who & other.who or one.question or other.question:
        return NOTHING
    pairs = _matched(one, other)
    marks = one.marks & other.marks
    where_words = one.where | other.where
    metres = _metres(one.location, other.location)
    place = _place(one, other, pairs, rarity, metres)
    of_what = {pair: weight for pair, weight in pairs.items() if not (pair[0] in where_words or pair[1] in where_words)}
    what = _what(one, other, of_what, rarity, _enough(place, measured=metres is not None))
    days, time = _time(one, other, window)
    told = sorted(((weight * rarity(pair[0]), _spelled(one, other, pair)) for pair, weight in pairs.items()), key=lambda said: (-said[0], said[1]))
    words = (*sorted(f"{cue} {number}" for cue, number in marks if number.isdigit()), *(word for _, word in told))
    return Likeness(round(math.sqrt(what) * place * time, 4), what, place, time, words[:_SHOWN], metres, days)


# A word of the one and a word of the other, and how surely they are the same.
_Pairs = Mapping[tuple[str, str], float]


def _matched(one: Essence, other: Essence) -> _Pairs:
    pairs: dict[tuple[str, str], float] = {(word, word): 1.0 for word in one.words.keys() & other.words.keys()}
    left, right = ({word: "" for word in essence.words if (word, word) not in pairs} for essence in (one, other))
    # "girimukti" and "giri mukti".
    for words, essence, turned in ((left, other, False), (right, one, True)):
        for word in [word for word in words if word in essence.joined]:
            parts = essence.joined[word]
            pairs |= {((part, word) if turned else (word, part)): 0.5 for part in parts}
    taken = {word for pair in pairs for word in pair}
    spelled = {sign: word for word in sorted(right.keys() - taken) if not common(word) for sign in _signs(word)}
    for word in sorted(left.keys() - taken):
        found = next((spelled[sign] for sign in _signs(word) if sign in spelled), None)
        if found and found not in taken:
            pairs[word, found] = _NEARLY
            taken.add(found)
    return pairs


@lru_cache(maxsize=20_000)
def _signs(word: str) -> tuple[str, ...]:
    """What it shares with a word that is a typo away: its consonants, or itself without one letter."""
    bones = skeleton(word)
    signs = {f"={bones}"} if bones else set()
    if len(word) >= _TYPO_LETTERS:
        signs |= {word, *(word[:i] + word[i + 1 :] for i in range(1, len(word)))}
    return tuple(sorted(signs))


def _enough(place: float, *, measured: bool) -> float:
    if place < _SAME_DISTRICT:
        return _ENOUGH_ANYWHERE
    return _ENOUGH_HERE if measured else _ENOUGH


def _what(one: Essence, other: Essence, pairs: _Pairs, rarity: Rarity, enough: float) -> float:
    """How much of what they say happened is the same, 0..1."""
    where = one.where | other.where
    mine, theirs = (_sum(essence.words.keys() - where, rarity) for essence in (one, other))
    shared = sum(weight * min(rarity(a), rarity(b)) for (a, b), weight in sorted(pairs.items()))
    if not shared:
        return 0.0
    # Who tells it at length has not told another thing: half counts what the shorter one has in common.
    alike = shared / (mine + theirs) + shared / min(mine, theirs) / 2
    alike *= min(1.0, shared / enough)
    if one.category and other.category:
        alike = alike + (1 - alike) * _CATEGORY if one.category == other.category else alike * (1 - _CATEGORY)
    return min(1.0, alike)


def _place(one: Essence, other: Essence, pairs: _Pairs, rarity: Rarity, metres: float | None) -> float:
    """Coordinates if both have them, else the official code where it tells them apart, else the words that say where, else how deep the code agrees."""
    if metres is not None:
        near = 1 - max(0.0, math.log(max(metres, 1.0) / _HERE_M)) / math.log(_ELSEWHERE_M / _HERE_M)
        return _FAR + (_SAME_PLACE - _FAR) * max(0.0, min(1.0, near))
    agree, differ = _depth(one.code, other.code)
    if differ:
        return _NEIGHBOURS if agree >= _DISTRICT else _FAR
    if _contradict(one, other, pairs):
        return _OTHER_NUMBER
    deep = _SAME_VILLAGE if agree >= _VILLAGE else _SAME_DISTRICT if agree == _DISTRICT else _UNKNOWN
    said = _said_where(one, other, pairs, rarity)
    return deep if said is None else _OTHER_WORDS + (_SAME_PLACE - _OTHER_WORDS) * said


def _contradict(one: Essence, other: Essence, pairs: _Pairs) -> bool:
    """Whether they name two posts, schools, villages of a kind, and none that is the same (or a spelling of the same)."""
    spelled = {word for pair in pairs for word in pair}
    for kind in {kind for kind, _ in one.marks} & {kind for kind, _ in other.marks}:
        mine, theirs = ({name for other_kind, name in essence.marks if other_kind == kind} for essence in (one, other))
        if not mine & theirs and not (mine | theirs) & spelled:
            return True
    return False


def _said_where(one: Essence, other: Essence, pairs: _Pairs, rarity: Rarity) -> float | None:
    """How much of the shorter description of the place the other has too, 0..1; None: one of them has none, and nothing of it is shared."""
    shared = sum(weight * min(rarity(a), rarity(b)) for (a, b), weight in sorted(pairs.items()) if a in one.where or b in other.where)
    numbers = [sum(number.isdigit() for _, number in marks) for marks in (one.marks & other.marks, one.marks, other.marks)]
    shared += _MARK * numbers[0]
    mine, theirs = (_sum(essence.where, rarity) + _MARK * count for essence, count in zip((one, other), numbers[1:], strict=True))
    described = [weight for weight in (mine, theirs) if weight]
    if not described or (len(described) == 1 and not shared):
        return None
    return min(1.0, shared / min(described)) * min(1.0, shared / _NAMED)


def _sum(words: Iterable[str], rarity: Rarity) -> float:
    # In one order: sums of fractions depend on it, and a likeness must not.
    return sum(rarity(word) for word in sorted(words))


def _depth(one: str | None, other: str | None) -> tuple[int, bool]:
    """How many parts of two codes agree; whether they part after that.

    >>> _depth("64.09.01.2020", "64.09"), _depth("64.09.01", "64.09.02"), _depth(None, "64.09")
    ((2, False), (2, True), (0, False))
    """
    mine, theirs = (one or "").split("."), (other or "").split(".")
    if not (one and other):
        return 0, False
    agree = next((i for i, (a, b) in enumerate(zip(mine, theirs, strict=False)) if a != b), min(len(mine), len(theirs)))
    return agree, agree < min(len(mine), len(theirs))


def _metres(one: Location | None, other: Location | None) -> float | None:
    """Along the ground, less what the wires say that they may be wrong by."""
    if one is None or other is None:
        return None
    a, b = math.radians(one.latitude), math.radians(other.latitude)
    across = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(math.radians(other.longitude - one.longitude) / 2) ** 2
    metres = 2 * _EARTH_M * math.asin(math.sqrt(min(1.0, across)))
    return max(0.0, metres - min(_MAX_ACCURACY_M, (one.accuracy_m or 0.0) + (other.accuracy_m or 0.0)))


def _time(one: Essence, other: Essence, window: timedelta) -> tuple[float, float]:
    """Days apart, and the factor."""
    if one.day and other.day:
        days = float(abs((one.day - other.day).days))
        return days, 1 - (1 - _OTHER_DAY) * min(1.0, days / _WEEK_DAYS)
    days = abs(one.at - other.at) / timedelta(days=1)
    part = days / (window / timedelta(days=1))
    return days, 1 - (1 - _LATE) * part if part <= 1 else 0.0


def _spelled(one: Essence, other: Essence, pair: tuple[str, str]) -> str:
    """As one of them wrote it: the longer spelling."""
    return max((one.words[pair[0]], other.words[pair[1]]), key=lambda word: (len(word), word))
