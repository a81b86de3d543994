"""A message that is only a word to us: STATUS, BANTUAN, ANONIM, RAHASIA. Pure.

It is one only if nothing else is in it. "Bantuan sosial belum cair" and "cek jalan rusak" are reports, and a report is never taken for a word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from gateway import tracking

STATUS, HELP, ANONYMOUS, CONFIDENTIAL = "status", "help", "anonymous", "confidential"

# What citizens write (DOMAIN.md, "Messages"), in capitals or not.
_NAMES = {
    "status": STATUS,
    "cek": STATUS,
    "lacak": STATUS,
    "check": STATUS,
    "track": STATUS,
    "bantuan": HELP,
    "help": HELP,
    "start": HELP,
    "anonim": ANONYMOUS,
    "anonimkan": ANONYMOUS,
    "anonymous": ANONYMOUS,
    "rahasia": CONFIDENTIAL,
    "rahasiakan": CONFIDENTIAL,
    "confidential": CONFIDENTIAL,
}
_ENGLISH = frozenset({"check", "track", "help", "anonymous", "confidential"})
# What says nothing beside such a word.
_FILLERS = frozenset(
    {"laporan", "lapor", "pengaduan", "aduan", "tiket", "nomor", "nomer", "no", "saya", "sy", "aku", "ku", "dong", "donk", "ya", "pak", "bu", "min"}
    | {"apa", "bagaimana", "gimana", "the", "my", "of", "report", "number", "case", "please", "pls"}
)
# Beside the other words they are polite; "mohon bantuan" is a cry for help, and that is a report.
_PLEAS = frozenset({"mohon", "tolong"})
_POLITE = _FILLERS | _PLEAS
# Longer than any such message.
_LONGEST, _MOST_WORDS = 80, 10
# Shorter words have too many neighbours to forgive a letter ("cek": "cuk").
_FORGIVEN_FROM = 5
_BY_SIZE = {size: [name for name in _NAMES if len(name) == size] for size in range(_FORGIVEN_FROM, 20)}
_TOKEN = re.compile(r"[^\W_]+")
# Twelve symbols, of which a person may lose or double one; without A, E and U, so that it is no word, or with a figure in it.
_LIKE_A_NUMBER = re.compile(r"(?i)(?=.*\d)[0-9a-z]{10,14}|[0-9b-df-hj-np-tv-z]{11,13}")
# A part of one: it has a figure, or none of the letters that numbers do without (A, E, U), but for what people mistype.
_MAY_BE_OF_A_NUMBER = re.compile(r"(?=.*\d)[0-9a-z]{1,14}|[b-df-hj-np-tv-zio]{1,13}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked."""

    # STATUS | HELP | ANONYMOUS | CONFIDENTIAL
    what: str
    # As we write it, if it is one; "?": something like a number that is none; empty: of whatever the sender last reported.
    number: str = ""
    # BCP 47, where the word itself tells; empty: it does not.
    language: str = ""


@lru_cache(maxsize=512)
def asked_of(text: str) -> Asked | None:
    """The word that a cleaned message consists of; None: it says something of its own.

    >>> asked_of("Cek no. laporan saya")
    Asked(what='status', number='', language='')
    >>> asked_of("/status@LaporBot 1111-2222-3333")
    Asked(what='status', number='?', language='')
    >>> asked_of("Bantuan sosial belum cair") is None
    True
    """
    tokens = _tokens(text)
    names = [_named(token) for token in tokens]
    what = next((name for name in names if name), None)
    polite = _FILLERS if what == HELP else _POLITE
    rest = "".join(token for token, name in zip(tokens, names, strict=True) if not name and token not in polite)
    number = tracking.parse(rest)
    if what is None:
        # A number alone is the shortest way to ask; one of figures only may be a telephone's.
        return Asked(STATUS, number) if number and len(rest) == len("".join(tokens)) and not rest.isdigit() else None
    language = "en" if _ENGLISH.intersection(tokens) else ""
    if not rest:
        return Asked(what, language=language)
    if number or _LIKE_A_NUMBER.fullmatch(rest):
        return Asked(what, number or "?", language) if what != HELP else None
    return None


def _tokens(text: str) -> list[str]:
    """Its words; none if one of them is a report's. Most end here, at their first: they are looked at thousands of times a second."""
    if len(text) > _LONGEST:
        return []
    tokens: list[str] = []
    # A bot that is called by its name in a group.
    for found in _TOKEN.finditer(re.sub(r"\A\s*/(\w+)@\w+", r"\1", text)):
        token = found[0].lower()
        if len(tokens) == _MOST_WORDS or not (token in _POLITE or _MAY_BE_OF_A_NUMBER.fullmatch(token) or _named(token)):
            return []
        tokens.append(token)
    return tokens


def _named(token: str) -> str | None:
    exact = _NAMES.get(token)
    if exact or len(token) < _FORGIVEN_FROM:
        return exact
    near = (name for size in range(len(token) - 1, len(token) + 2) for name in _BY_SIZE.get(size, ()))
    return next((_NAMES[name] for name in near if _one_slip(token, name)), None)


def _one_slip(written: str, meant: str) -> bool:
    """One letter doubled, lost, strange, or two that changed places."""
    if written == meant:
        return True
    if len(written) == len(meant):
        differ = [i for i, (a, b) in enumerate(zip(written, meant, strict=True)) if a != b]
        swapped = len(differ) == 2 and differ[1] == differ[0] + 1 and written[differ[0]] == meant[differ[1]] and written[differ[1]] == meant[differ[0]]  # noqa: PLR2004  # two letters
        return len(differ) == 1 or swapped
    short, long = sorted((written, meant), key=len)
    return len(long) == len(short) + 1 and any(long[:i] + long[i + 1 :] == short for i in range(len(long)))
