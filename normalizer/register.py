"""The official register of places in memory: 91,599 names and codes in a few flat arrays, about 3 MB, found by a hash of the name without its spaces.

The file is made by tools/places.py, which also says what is in it. Nothing is loaded before the first text is read.
"""

from __future__ import annotations

import re
import sys
import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import accumulate

# Digits of a code without its dots: 64, 6409, 640901, 6409012020.
PROVINCE, REGENCY, DISTRICT, VILLAGE = 2, 4, 6, 10
LEVELS = (PROVINCE, REGENCY, DISTRICT, VILLAGE)

# Every code takes as much room as the longest, with spaces behind it: they sort before any digit.
_WIDTH = VILLAGE
# Regencies count from 01, cities from 71 (Kepmendagri on codes of regions).
_FIRST_CITY = "71"
# No text's key is longer (MOST_CHARACTERS), and no name's.
MOST_CHARACTERS = 50
# What is mixed into a key's CRC-32 for its length, by the golden ratio: without it four names of the register would share two hashes.
_MIXED = tuple(length * 0x9E3779B1 & 0xFFFFFFFF for length in range(MOST_CHARACTERS + 1))
# Letters that a name's beginning is known by, and the bits that say so.
START = 7
_STARTS_MASK = (1 << 20) - 1
_NO_LETTER = re.compile(r"[^a-z0-9]+")
_KIND = re.compile(r"^(?:(?:kabupaten|kota)(?: administrasi)?|daerah istimewa|daerah khusus ibukota) ")
# As village registers shorten a name, and as people write it out.
_WRITTEN_OUT = (("mns. ", "meunasah "), ("kp. ", "kampung "))
# A part of "Pulo Lon / Pulo Dayah" is a name of its own, of "Lalai I/II" it is not.
_SHORTEST_PART = 5


def key_of(name: str) -> str:
    """A name as it is looked up: people write one word or two, with a hyphen or without.

    >>> key_of("Lawe-Lawe"), key_of("Giri Mukti"), key_of("Pasi Kuala Ba'u")
    ('lawelawe', 'girimukti', 'pasikualabau')
    """
    return _NO_LETTER.sub("", name.lower())


def keys_of(name: str) -> set[str]:
    """All keys that a register's name is found by.

    >>> sorted(keys_of("Kota Administrasi Jakarta Barat")), sorted(keys_of("Mns. Mesjid"))
    (['jakartabarat', 'kotaadministrasijakartabarat'], ['meunasahmesjid', 'mnsmesjid'])
    """
    low = name.lower()
    spellings = {low, _KIND.sub("", low)}
    for short, long in _WRITTEN_OUT:
        if short in low:
            spellings.add(low.replace(short, long))
    if "/" in low or "(" in low:
        spellings.update(part for part in re.split(r"[/()]", low) if len(key_of(part)) >= _SHORTEST_PART)
    return {key_of(spelling) for spelling in spellings} - {""}


def is_city(code: str) -> bool:
    """Whether a regency's code (four digits) is a city's."""
    return code[2:] >= _FIRST_CITY


def dotted(code: str) -> str:
    """As the ministry writes it.

    >>> dotted("6409012020"), dotted("6409"), dotted("64")
    ('64.09.01.2020', '64.09', '64')
    """
    return ".".join(filter(None, (code[:2], code[2:4], code[4:6], code[6:])))


@dataclass(frozen=True, slots=True)
class Register:
    """A row is a number; rows stand by level, provinces first, and within a level by code, so that all places inside another are neighbours."""

    # _WIDTH bytes a row.
    codes: bytes
    # The names one behind the other, and where each begins; one beginning more than rows.
    names: bytes
    begins: array[int]
    # The hash of every key, sorted, and beside each the row that has the key.
    hashes: array[int]
    rows: array[int]
    # A bit for the hash of what each longer name begins with: tells for most words of a text at once that no name begins so.
    starts: bytes
    # The row that each level begins with, and the end.
    firsts: tuple[int, ...]

    def find(self, key: str) -> list[str]:
        """Codes (digits only) of all places of that name, highest level first. At most MOST_CHARACTERS are looked for."""
        if len(key) > MOST_CHARACTERS:
            return []
        wanted = zlib.crc32(key.encode()) ^ _MIXED[len(key)]
        begin = bisect_left(self.hashes, wanted)
        # No two of the register's names share a hash (see packed), so one row speaks for all; a word that is no name may still have a name's hash.
        if begin == len(self.hashes) or self.hashes[begin] != wanted or key not in keys_of(self._name(self.rows[begin])):
            return []
        return [self._code(row) for row in self.rows[begin : bisect_right(self.hashes, wanted, begin)]]

    def may_begin(self, key: str) -> bool:
        """Whether a name that is longer than START may begin with these letters, of which there are at least as many. A no is certain."""
        bit = zlib.crc32(key[:START].encode()) & _STARTS_MASK
        return bool(self.starts[bit >> 3] & 1 << (bit & 7))

    def name(self, code: str) -> str | None:
        """As the register writes it; None: there is no such code."""
        rows = self._within(code, len(code)) if len(code) in LEVELS else ()
        return self._name(rows[0]) if rows else None

    def inside(self, code: str, level: int) -> list[tuple[str, str]]:
        """Name and code of every place of a level in another (in the whole country: "")."""
        return [(self._name(row), self._code(row)) for row in self._within(code, level)]

    def _within(self, code: str, level: int) -> range:
        begin, end = self.firsts[LEVELS.index(level)], self.firsts[LEVELS.index(level) + 1]
        prefix, length = code.encode(), len(code)
        rows = range(begin, end)

        def start_of(row: int) -> bytes:
            return self.codes[row * _WIDTH : row * _WIDTH + length]

        return rows[bisect_left(rows, prefix, key=start_of) : bisect_right(rows, prefix, key=start_of)]

    def _name(self, row: int) -> str:
        return self.names[self.begins[row] : self.begins[row + 1]].decode()

    def _code(self, row: int) -> str:
        return self.codes[row * _WIDTH : (row + 1) * _WIDTH].decode().rstrip()


def packed(places: list[tuple[str, str]]) -> bytes:
    """The file's content, from (code without dots, name) of every place. Raises ValueError if two names have one hash: then _hash must change."""
    places = sorted(places, key=lambda place: (len(place[0]), place[0]))
    names = [name.encode() for _, name in places]
    keys = {key: zlib.crc32(key.encode()) ^ _MIXED[len(key)] for _, name in places for key in keys_of(name)}
    if len(set(keys.values())) < len(keys):
        raise ValueError("two names of the register have one hash")
    keyed = sorted((keys[key], row) for row, (_, name) in enumerate(places) for key in keys_of(name))
    sections = (
        "".join(code.ljust(_WIDTH) for code, _ in places).encode(),
        bytes(map(len, names)),
        b"".join(names),
        _little(array("I", (hashed for hashed, _ in keyed))).tobytes(),
        _little(array("I", (row for _, row in keyed))).tobytes(),
        _starts(keys),
    )
    return zlib.compress(b"".join(len(section).to_bytes(4, "little") + section for section in sections), 9)


def unpacked(content: bytes) -> Register:
    """What such a file holds."""
    plain = zlib.decompress(content)
    sections, at = [], 0
    while at < len(plain):
        size = int.from_bytes(plain[at : at + 4], "little")
        sections.append(plain[at + 4 : at + 4 + size])
        at += 4 + size
    codes, lengths, names, hashes, rows, starts = sections
    begins = array("I", accumulate(lengths, initial=0))
    return Register(codes, names, begins, _numbers(hashes), _numbers(rows), starts, _firsts(codes))


@cache
def register() -> Register:
    """The register, loaded once a process."""
    return unpacked(resources.files("normalizer").joinpath("data", "places", "register.bin").read_bytes())


def region_name(code: str) -> str | None:
    """The name of the place with this code, with dots or without; None: there is no such code.

    >>> region_name("64.09"), region_name("99.99.99")
    ('Kabupaten Penajam Paser Utara', None)
    """
    return register().name(code.replace(".", ""))


def _starts(keys: Iterable[str]) -> bytes:
    bits = bytearray((_STARTS_MASK + 1) // 8)
    for key in keys:
        if len(key) > START:
            bit = zlib.crc32(key[:START].encode()) & _STARTS_MASK
            bits[bit >> 3] |= 1 << (bit & 7)
    return bytes(bits)


def _firsts(codes: bytes) -> tuple[int, ...]:
    rows = range(len(codes) // _WIDTH)
    return tuple(bisect_left(rows, level, key=lambda row: len(codes[row * _WIDTH : (row + 1) * _WIDTH].rstrip())) for level in (*LEVELS, _WIDTH + 1))


def _numbers(section: bytes) -> array[int]:
    numbers = array("I")
    numbers.frombytes(section)
    return _little(numbers)


def _little(numbers: array[int]) -> array[int]:
    """The file is the same on every machine."""
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
