"""Where something happened, from a citizen's words to official codes: what the names in the text say together, the channel's own region before them.

A wrong regency is worse than none: where two are as likely, both are told, and the code is what they have in common.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from normalizer.candidates import NEARLY, Support, candidates_of, related
from normalizer.meetings import meetings, worth
from normalizer.mentions import Mention, city_hint, mentions_of
from normalizer.register import LEVELS, PROVINCE, REGENCY, VILLAGE, Register, dotted, is_city, register
from normalizer.schema import Candidate
from normalizer.typos import with_typos
from normalizer.words import Word

# What the channel's region says for the places inside it; a province says less.
_REGION, _PROVINCE_REGION = 1.0, 0.5
# What "Pak Walikota" says for a city where a regency has the same name.
_HINT = 1.0
# To lead away from the channel's own region it takes more than a village's name.
_FIRM = 2.5


@dataclass(frozen=True, slots=True)
class Resolved:
    """What the names in a text come to."""

    # Kemendagri's code with dots; None: no place is named, or too many are.
    code: str | None
    # 0..1
    score: float
    # Regencies are meant that cannot be told apart; candidates has them.
    ambiguous: bool
    # The best first, at most three.
    candidates: tuple[Candidate, ...]
    # All names that were found, also those that speak for none of them.
    mentions: tuple[Mention, ...]


NOWHERE = Resolved(None, 0.0, ambiguous=False, candidates=(), mentions=())


def resolve(words: Sequence[Word], region: str | None, aliases: tuple[tuple[str, str], ...]) -> Resolved:
    """Codes for the names among the words. `region` is the code of where the text most likely comes from, `aliases` are a deployment's own names."""
    official = register()
    mentions = mentions_of(words, official, aliases)
    if not mentions:
        return NOWHERE
    home = (region or "").replace(".", "")
    home = home if len(home) in LEVELS else ""
    with_typos(mentions, home, official)
    # Where both are named as what they are, nobody's title says which is meant.
    hint = 0 if sum(mention.level == REGENCY and bool(mention.weights) for mention in mentions) > 1 else city_hint(words)
    ranked = _ranked(_support(mentions, home, hint))
    return _decided(ranked, mentions, home, official) if ranked else replace(NOWHERE, mentions=tuple(mentions))


def _support(mentions: Sequence[Mention], home: str, hint: int) -> dict[str, Support]:
    """For each place that can be meant: what all mentions say for it or for what it lies in, each counted once."""
    said: dict[str, dict[int, float]] = {}
    for number, mention in enumerate(mentions):
        for code, weight in mention.weights.items():
            said.setdefault(code, {})[number] = weight
    met = meetings(mentions)
    # Where a name of the place itself is there, that says it: "Jamika, Bojongloa Kaler" is the village and not only the district.
    said |= {code: numbers for code, numbers in met.items() if code not in said}
    supported = {}
    for code in said:
        counted: dict[int, float] = {}
        names: dict[int, str] = {}
        meeting = 0.0
        stands = bool(home) and code.startswith(home)
        for level in LEVELS[: LEVELS.index(len(code)) + 1]:
            holder = code[:level]
            if holder in met:
                stands, meeting = True, max(meeting, worth(met[holder], mentions))
            for number, weight in said.get(holder, {}).items():
                counted[number] = max(weight, counted.get(number, 0))
                names[number] = holder
                stands = stands or level <= mentions[number].alone
        if stands or _together(counted, mentions, code):
            supported[code] = Support(sum(counted.values()) + meeting + _bonus(code, home, hint), names)
    return supported


def _together(counted: Mapping[int, float], mentions: Sequence[Mention], code: str) -> bool:
    """Mentions that say little alone say enough together if one has a cue: "desa Makmur kec. Jaya"."""
    return len(counted) > 1 and any(mentions[number].level for number in counted)


def _bonus(code: str, home: str, hint: int) -> float:
    bonus = 0.0
    if home and code.startswith(home):
        bonus += _PROVINCE_REGION if len(home) == PROVINCE else _REGION
    if hint and len(code) >= REGENCY and is_city(code[:REGENCY]) == (hint > 0):
        bonus += _HINT
    return bonus


def _ranked(supported: Mapping[str, Support]) -> list[tuple[str, Support]]:
    """The best first; of a place and what lies in it the larger one if the smaller has no more for it; then the one that is named first."""
    return sorted(supported.items(), key=lambda item: (-item[1].weight, len(item[0])))


def _decided(ranked: Sequence[tuple[str, Support]], mentions: Sequence[Mention], home: str, official: Register) -> Resolved:
    likely = [(code, support) for code, support in ranked if not home or related(code, home) or _leads_away(code, mentions)]
    (best, most), *others = likely or ranked
    nearly = (code for code, support in others if support.weight >= most.weight * NEARLY and not related(code, best))
    shared = _common([best, *nearly])
    candidates = candidates_of([(best, most), *(other for other in ranked if other[0] != best)], official)
    ambiguous = not likely or (len(shared) < REGENCY and len(best) > PROVINCE)
    if not likely:
        shared = ""
    elif home.startswith(shared) and not ambiguous:
        # "Kaltim" on the channel of a regency there says nothing new.
        shared = home
    return Resolved(dotted(shared) or None, candidates[0].score, ambiguous, candidates, tuple(mentions))


def _leads_away(code: str, mentions: Sequence[Mention]) -> bool:
    """Whether more than a single village, a bare district or a city in passing speaks for a place that is not at home."""
    speaking = [max(weights) for mention in mentions if (weights := [weight for other, weight in mention.weights.items() if code.startswith(other)])]
    return sum(speaking) >= _FIRM and (len(code) < VILLAGE or len(speaking) > 1)


def _common(codes: Sequence[str]) -> str:
    """The smallest place that holds all; empty: only the country does."""
    for level in reversed(LEVELS):
        start = codes[0][:level]
        if len(start) == level and all(code.startswith(start) for code in codes):
            return start
    return ""
