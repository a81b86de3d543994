"""Names with one wrong letter: looked for only behind a cue word, and only inside a place that is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from normalizer.mentions import TYPO, Mention
from normalizer.register import DISTRICT, PROVINCE, REGENCY, VILLAGE, Register, key_of, keys_of

# Letters. In shorter names one letter makes another name; a district's few villages are told apart even so.
_SHORTEST, _SHORTEST_IN_DISTRICT = 5, 3
# Longer, and few enough in the country to be looked for without a place that is known.
_SHORTEST_REGENCY = 6
_WORTH = {PROVINCE: 2.5, REGENCY: 3.0, DISTRICT: 3.0, VILLAGE: 2.0}
# A longer name with a wrong letter is meant rather than a shorter one that is a part of it: "sukamaju jya".
_LONGER_BY = 3
# What is left then for the shorter one.
_SHORTER = 0.3
_MOST_PLACES = 12


def with_typos(mentions: Sequence[Mention], region: str | None, register: Register) -> None:
    """Add to each mention behind a cue the places whose name is one edit away, if it is not understood as it is written."""
    for mention in mentions:
        if not mention.spellings:
            continue
        others = [other for other in mentions if other is not mention]
        known = _known(others, region, below=mention.level)
        if mention.exact and _understood(mention, known, others):
            continue
        found = _inside(mention, known, register) or _around(mention, others, register)
        if not found and not mention.weights and mention.level == REGENCY:
            found = _near(mention.spellings, register.inside("", REGENCY), _SHORTEST_REGENCY)
            mention.alone = REGENCY if len(found) == 1 else 0
        if found and found[0][1] > mention.end:
            # "Tadho iTmur" is Tadho Timur, not Tadho.
            mention.weights = {code: weight * _SHORTER for code, weight in mention.weights.items()}
        for code, end in found:
            mention.weights[code] = max(mention.weights.get(code, 0), _WORTH[mention.level] * TYPO)
            mention.end = max(mention.end, end)


def is_one_edit(one: str, other: str) -> bool:
    """Whether one letter more, less or other, or two neighbours in the wrong order, make the one of the other.

    >>> is_one_edit("penajm", "penajam"), is_one_edit("penajma", "penajam"), is_one_edit("waru", "baru"), is_one_edit("sepaku", "babulu")
    (True, True, True, False)
    """
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) > 1:
        return False
    same = 0
    while same < len(short) and short[same] == long[same]:
        same += 1
    if len(short) < len(long):
        return short[same:] == long[same + 1 :]
    rest, others = short[same:], long[same:]
    return rest[1:] == others[1:] or (rest[:2] == others[1::-1] and rest[2:] == others[2:])


def _known(others: Iterable[Mention], region: str | None, *, below: int) -> list[str]:
    """Places of a higher level that the text or the channel names, the smallest first."""
    named = {code for other in others for code in other.weights if len(code) < below and (other.level or len(code) <= REGENCY)}
    if region and PROVINCE < len(region) < below:
        named.add(region)
    return sorted(named, key=lambda code: (-len(code), code))[:_MOST_PLACES]


def _understood(mention: Mention, known: Sequence[str], others: Iterable[Mention]) -> bool:
    """Whether it lies in a place that is known, or another mention lies in it; and no word is left over that may belong to it."""
    codes = [code for code in mention.weights if len(code) == mention.level]
    around = any(inner.startswith(code) for other in others for inner in other.weights if len(inner) > mention.level for code in codes)
    if around or not known:
        # A district's name alone may still be the wrong one for the village beside it.
        return around or mention.level != DISTRICT
    rest = mention.level == VILLAGE and bool(mention.spellings) and mention.spellings[0][1] >= mention.end + _LONGER_BY
    return not rest and any(code.startswith(place) for code in codes for place in known)


def _inside(mention: Mention, known: Sequence[str], register: Register) -> list[tuple[str, int]]:
    for level in (DISTRICT, REGENCY, PROVINCE):
        places = [place for place in known if len(place) == level and not (mention.level == VILLAGE and level == PROVINCE)]
        names = [named for place in places for named in register.inside(place, mention.level)]
        if found := _near(mention.spellings, names, _SHORTEST_IN_DISTRICT if level == DISTRICT else _SHORTEST):
            return found
    return []


def _around(mention: Mention, others: Iterable[Mention], register: Register) -> list[tuple[str, int]]:
    """Of the places that hold what another mention may mean."""
    holding = {code[: mention.level] for other in others for code in other.weights if len(code) > mention.level}
    return _near(mention.spellings, [(register.name(code) or "", code) for code in sorted(holding)], _SHORTEST)


def _near(spellings: Sequence[tuple[str, int]], places: Sequence[tuple[str, str]], shortest: int) -> list[tuple[str, int]]:
    """Codes of the places with nearly such a name, and where the words end; for the longest spelling that has any."""
    keyed = [(min(keys_of(name), key=len) if len(code) == REGENCY else key_of(name), code) for name, code in places]
    for spelling, end in spellings:
        if len(spelling) >= shortest and (found := [code for key, code in keyed if abs(len(key) - len(spelling)) <= 1 and is_one_edit(spelling, key)]):
            return [(code, end) for code in found]
    return []
