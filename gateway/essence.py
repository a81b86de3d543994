"""What a complaint says, boiled down so that two can be held against each other: its words, one for all spellings, what happened apart from where.

Pure. Words are tolerant of case, marks, repeated letters, SMS spellings and endings, and common words that mean the same are one (likeness_words.txt).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache, lru_cache
from hashlib import blake2b
from importlib import resources
from itertools import pairwise

from normalizer import Complaint, Location
from normalizer.personal import masked, personal

# What happened is said early; a pasted page is not read to its end. Characters, and different words.
_MAX_TEXT = 3_000
_MAX_WORDS = 48
# A longer number is a telephone's or a person's, and none of our business.
_MAX_DIGITS = 4
_TOKEN = re.compile(r"[^\W\d_]+|\d+|[,;:!?\n.]")
_REPEATED = re.compile(r"(.)\1+")
_NNYA = re.compile(r"nnya$")
_BEFORE = re.compile(r"^(?:meng|meny|mem|men|me|peng|peny|pem|pen|ber|ter|nge|ng|di|ke|se)(?=\w{4})")
_BEHIND = re.compile(r"(?<=\w{4})(?:nya|lah|kah|kan|an|i)$")
_VOWELS = str.maketrans("", "", "aeiou")
# Fewer consonants are shared by chance.
_SKELETON = 3
# A passive written apart ("di perbaiki") is no place.
_NO_PLACE = re.compile(r"per\w+|\w+kan")
# How many words behind a cue are its name.
_NAME_WORDS = 2
# Degrees of a cell of the map, about 1.1 km: what is near lies in this one or in one beside it.
_CELLS_PER_DEGREE = 100
# Words of each sort that are put together in pairs.
_PAIRED = 4
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Essence:
    """One complaint, for likeness() and for the index. Words are folded; each has a spelling to show."""

    # Who reported it, as far as anything tells: two that share one of these are the same person's.
    who: frozenset[str]
    # Every word that says anything, in the order of the text: folded → as it was written.
    words: Mapping[str, str]
    # Those that say where.
    where: frozenset[str]
    # Numbered places: ("km", "9"), ("rt", "3"); and which village, town or lane was named: ("desa", "sesulu").
    marks: frozenset[tuple[str, str]]
    # Two neighbours written as one: "girimukti" → ("giri", "mukti").
    joined: Mapping[str, tuple[str, str]]
    location: Location | None
    # Official code of the region, as deep as it is known; None: not known.
    code: str | None
    category: str | None
    # It asks for something and tells of nothing that happened.
    question: bool
    # UTC, when it was received.
    at: datetime
    # When it happened, where a whole date was said.
    day: date | None


def essence(complaint: Complaint, who: Iterable[str] = ()) -> Essence:
    """Of a complaint, with whatever else is known to name its reporter."""
    place, incident, sender = complaint.place, complaint.incident, complaint.sender
    told = " ".join(complaint.text.split())[:40]
    # A title that was made of the text's beginning says nothing new, and would make neighbours of what are none.
    title = "" if told.startswith(complaint.title[:40]) else complaint.title
    words, where, marks = _read(f"{_unnamed(title)}\n{_unnamed(complaint.text)}", everywhere=False)
    named, _, more = _read(_unnamed(place.text or "") if place else "", everywhere=True)
    names = {f"{sender.kind}:{sender.value}"} if sender else set()
    if complaint.contact:
        names.add("contact:" + "".join(filter(str.isalnum, complaint.contact.casefold())))
    stated = incident.date if incident else None
    everything = dict(list({**named, **words}.items())[:_MAX_WORDS])
    return Essence(
        who=frozenset(who) | names,
        words=everything,
        where=frozenset(where | named.keys()) & everything.keys(),
        marks=marks | more,
        joined={one + other: (one, other) for one, other in (*pairwise(named), *pairwise(words)) if one in everything and other in everything},
        location=place.location if place else None,
        code=place.code if place else None,
        category=complaint.category.code if complaint.category else None,
        question=complaint.kind == "information_request",
        at=complaint.received_at,
        day=date.fromisoformat(stated) if stated and _DAY.fullmatch(stated) else None,
    )


def _unnamed(text: str) -> str:
    """Without who is named in it: the words that decide are shown on terminals, and whose report it is makes no two about the same thing."""
    read = text[:_MAX_TEXT]
    return masked(read, personal(read))


def keys(essence: Essence) -> dict[int, str]:
    """What it is found by in an index, 63 bits each, and the word that it stands for (empty: no single word). A missing vowel leads to the same."""
    found = {key_of(word): word for word in essence.words}
    found |= dict.fromkeys([_digest(f"{kind} {name}") for kind, name in essence.marks], "")
    # Where and what together are rare also where each is in a hundred reports. Of many words those with the smallest digests: others choose the same ones.
    where, what = sorted(map(key_of, essence.where))[:_PAIRED], sorted(key_of(word) for word in essence.words.keys() - essence.where)[:_PAIRED]
    found |= dict.fromkeys([_digest(f"{one} {other}") for one in where for other in what], "")
    return found | dict.fromkeys(cells(essence.location)[:1], "")


def cells(location: Location | None) -> list[int]:
    """The keys of its cell of the map, then of the eight around it."""
    if location is None:
        return []
    row, column = (int(degrees * _CELLS_PER_DEGREE // 1) for degrees in (location.latitude, location.longitude))
    around = sorted(((up, right) for up in (-1, 0, 1) for right in (-1, 0, 1)), key=lambda step: step != (0, 0))
    return [_digest(f"@{row + up},{column + right}") for up, right in around]


@lru_cache(maxsize=20_000)
def key_of(word: str) -> int:
    """Of a folded word."""
    return _digest(skeleton(word) or word)


def skeleton(word: str) -> str | None:
    """First letter and consonants; None if they are too few to tell words apart.

    >>> skeleton("penajam"), skeleton("penajm"), skeleton("waru")
    ('pnjm', 'pnjm', None)
    """
    bones = word[:1] + word[1:].translate(_VOWELS)
    return bones if len(bones) > _SKELETON or (len(bones) == _SKELETON and bones[0] not in "aeiou") else None


def common(word: str) -> bool:
    """Whether many reports have it, whatever the store knows."""
    return word in _lists().common or word in _lists().landmark


@lru_cache(maxsize=20_000)
def fold(written: str) -> str:
    """One spelling for all: without case and marks, letters once, endings off, words that mean the same as one.

    >>> [fold(word) for word in ("RUSAAAK", "Berlubang", "jln", "menumpuk", "Soekarno", "Pasar")]
    ['rusak', 'rusak', 'jalan', 'tumpuk', 'sukarno', 'pasar']
    """
    lists = _lists()
    bare = _bare(written)
    if known := lists.same.get(bare):
        return known
    if bare in lists.known:
        return bare
    # Written without some of its vowels, as in SMS: "brlubang".
    full = lists.bones.get(skeleton(bare) or "", "")
    if len(bare) < len(full):
        return lists.same.get(full, full)
    stem = _BEHIND.sub("", bare)
    # "ke-" and "-an" may be on it both; a name keeps what it loses, as it loses the same each time.
    for one in (stem, _BEFORE.sub("", bare), _BEFORE.sub("", stem)):
        if one != bare and (one in lists.same or one in lists.known):
            return lists.same.get(one, one)
    return _BEFORE.sub("", stem)


@lru_cache(maxsize=20_000)
def _bare(written: str) -> str:
    letters = written.lower()
    if not letters.isascii():
        letters = "".join(letter for letter in unicodedata.normalize("NFKD", written.casefold()) if not unicodedata.combining(letter))
    # "jembatannya" is "jembatan" and "nya", also once its letters stand alone.
    return _REPEATED.sub(r"\1", _NNYA.sub("n", letters)).replace("oe", "u")


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) >> 1


def _read(text: str, *, everywhere: bool) -> tuple[dict[str, str], set[str], frozenset[tuple[str, str]]]:
    """The words as folded → as written, those that say where (all of them, if that is what was asked), and the marks."""
    reading = _Reading(everywhere=everywhere)
    for found in _TOKEN.finditer(text):
        said = found.group()
        if said.isdigit():
            reading.number(said)
        elif said[0].isalpha():
            reading.word(said)
        elif said != ".":
            # A full stop may belong to "jl." or "no."; what follows a comma is not the street's name.
            reading.break_off()
    return reading.words, reading.where, frozenset(reading.marks)


@dataclass(slots=True)
class _Reading:
    """A text, so far as it was read."""

    everywhere: bool
    words: dict[str, str] = field(default_factory=dict)
    where: set[str] = field(default_factory=set)
    marks: set[tuple[str, str]] = field(default_factory=set)
    # How many of the next words may still be the name of a place.
    named: int = 0
    # What waits for its number: "km"; and what for its name: "desa".
    numbered: str = ""
    area: str = ""

    def number(self, digits: str) -> None:
        if self.numbered and len(digits) <= _MAX_DIGITS:
            self.marks.add((self.numbered, digits.lstrip("0") or "0"))
        self.numbered = self.area = ""

    def break_off(self) -> None:
        self.named, self.numbered, self.area = 0, "", ""

    def word(self, written: str) -> None:
        lists, bare = _lists(), _bare(written)
        folded = fold(written)
        self.numbered = folded if bare in lists.numbered else self.numbered if bare in _BETWEEN else ""
        if bare in lists.landmark:
            self._keep(folded, written, where=True)
            self.named, self.area = _NAME_WORDS, ""
        elif bare in lists.named:
            self.named = _NAME_WORDS
            self.area = folded if folded in _AREAS else ""
            if bare in lists.common:
                self._keep(folded, written, where=False)
        elif bare in lists.numbered or bare in lists.nothing or folded in lists.nothing or len(bare) == 1:
            self.named, self.area = (self.named if bare in lists.numbered else 0), ""
        else:
            self._name_or_not(written, bare, folded)

    def _name_or_not(self, written: str, bare: str, folded: str) -> None:
        a_name = self.named > 0 and not common(folded) and not _NO_PLACE.fullmatch(bare)
        self._keep(folded, written, where=a_name or self.everywhere)
        if a_name and self.area:
            self.marks.add((self.area, folded))
        self.named, self.area = (self.named - 1 if a_name else 0), ""

    def _keep(self, folded: str, written: str, *, where: bool) -> None:
        # The longer spelling is the one to show: "jalan", not "jl".
        if len(written) > len(self.words.get(folded, "")):
            self.words[folded] = written.lower()
        if where:
            self.where.add(folded)


# Between a school and its number: "SD Negeri 1", "SDN No. 1".
_BETWEEN = frozenset({"negeri", "n", "no", "nomor"})
# Two different ones are two places.
_AREAS = frozenset({"desa", "dusun", "kelurahan", "kecamatan", "kabupaten", "kota", "gang", "nagari", "distrik"})


@dataclass(frozen=True, slots=True)
class _Lists:
    nothing: frozenset[str]
    common: frozenset[str]
    numbered: frozenset[str]
    named: frozenset[str]
    landmark: frozenset[str]
    # Spelling → the word that stands for it.
    same: Mapping[str, str]
    # What must not be cut as if it had an ending.
    known: frozenset[str]
    # Consonants → the word that has them.
    bones: Mapping[str, str]


@cache
def _lists() -> _Lists:
    """likeness_words.txt, read once."""
    parts: dict[str, list[list[str]]] = {}
    for row in resources.files("gateway").joinpath("likeness_words.txt").read_text(encoding="utf-8").splitlines():
        if row.startswith("["):
            part = parts.setdefault(row.strip("[]"), [])
        elif row and not row.startswith("#"):
            part.append([_bare(word) for word in row.split()])
    flat = {name: frozenset(word for row in rows for word in row) for name, rows in parts.items()}
    same = {word: row[0] for name in ("spelled", "same") for row in parts[name] for word in row}
    known = flat["nothing"] | flat["common"] | flat["named"] | flat["landmark"] | flat["numbered"]
    common_ones = flat["common"] | frozenset(row[0] for row in parts["same"])
    # Of two with the same consonants neither: nobody could say which is meant.
    spelled = sorted(common_ones | same.keys() | flat["landmark"])
    many = Counter((bones, same.get(word, word)) for word in spelled if (bones := skeleton(word)))
    clear = Counter(bones for bones, _ in many)
    full = {bones: word for word in sorted(spelled, key=len) if (bones := skeleton(word)) and clear[bones] == 1}
    return _Lists(flat["nothing"], common_ones, flat["numbered"], flat["named"], flat["landmark"], same, known, full)
