"""Regions in one word with something else: "dibandung", "@pemkotsby", "#infoSemarang", "bandungkab.go.id"."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from normalizer.register import PROVINCE, REGENCY, is_city
from normalizer.vocabulary import vocabulary

_SHORTEST = 6
# Behind "di" and "ke" a shorter name is a part of an everyday word.
_SHORTEST_NAME = 5
_SHORTEST_ABBREVIATION = 3
# As officials end the names of their pages: bandungkab.go.id.
_ENDS = {"kota": "pemkot", "kab": "pemkab", "prov": "pemprov"}
_ENDINGS = tuple(_ENDS)


def region_in(key: str, named: Callable[[str], list[str]]) -> list[str]:
    """Codes of provinces and regencies that a word (small letters, no name itself) names with what is glued to it. `named` gives the codes of a name.

    >>> names = {"bandung": ["3204", "3273"], "sby": ["3578"]}
    >>> [region_in(word, lambda name: names.get(name, [])) for word in ("dibandung", "pemkotsby", "bandungkab", "dikabbandung", "bandungan")]
    [['3204', '3273'], ['3578'], ['3204'], [], []]
    """
    if len(key) < _SHORTEST or not (key.startswith(_beginnings()) or key.endswith(_ENDINGS)):
        return []
    for kind, name in _split(key):
        if codes := [code for code in named(name) if len(code) <= REGENCY and _is(kind, code)]:
            return codes
    return []


@cache
def _beginnings() -> tuple[str, ...]:
    """One look at all of them tells most words."""
    return tuple(vocabulary().glued)


def _split(key: str) -> Iterator[tuple[str, str]]:
    """What is glued, and the rest."""
    for kind in vocabulary().glued:
        shortest = _SHORTEST_NAME if kind in {"di", "ke"} else _SHORTEST_ABBREVIATION
        if key.startswith(kind) and len(key) >= len(kind) + shortest:
            yield kind, key[len(kind) :]
    for end, kind in _ENDS.items():
        if key.endswith(end) and len(key) >= len(end) + _SHORTEST_NAME:
            yield kind, key.removesuffix(end)


def _is(kind: str, code: str) -> bool:
    """Whether that kind of office is one of such a place; most are of several."""
    if kind in vocabulary().city_hints:
        return len(code) == REGENCY and is_city(code)
    if kind in vocabulary().regency_hints:
        return len(code) == REGENCY and not is_city(code)
    return kind != "pemprov" or len(code) == PROVINCE
