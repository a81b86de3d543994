"""Where the writer lives, down to the house: only behind words that say so, as the place of what is complained of must never be hidden."""

from __future__ import annotations

import re
from collections.abc import Iterator

from normalizer.vocabulary import vocabulary

_ME = r"(?:saya|sy|sya|aku|kami|pelapor)"
# Between a name in a form and the address below it: "Alamat: …" alone is as often where it happened.
_FIELDS = r"[^\n:]{2,60}[\n,;][ ]?(?:(?:hp|wa|no[ .]?hp|telp|nik)[ ]?[:=][^\n:]{2,30}[\n,;][ ]?)?"
_CUE = re.compile(
    r"(?=[abdikmnprs])(?<![^\W_])(?:(?:alamat|almt|almat|domisili)(?:[ ](?:rumah|tinggal|lengkap|ktp|domisili)){0,2}"
    rf"[ ]{_ME}|alamatku|alamat[ ](?:rumah|tinggal|domisili)"
    rf"|{_ME}(?:[ ][^\W\d_]{{2,15}}){{0,2}}[ ](?:tinggal|bertempat[ ]tinggal|domisili|berdomisili|beralamat|alamat)|rumah(?:ku|[ ]{_ME})[ ](?:ber)?alamat"
    rf"|nama(?:[ ](?:saya|lengkap|pelapor))?[ ]?[:=]{_FIELDS}alamat(?=[ ]?[:=])"
    r"|my[ ]address|i[ ]live)(?![^\W_])(?:[ ](?:adalah|yaitu|is|ada))?[ :=,.-]{1,4}(?:(?:di|at|in|on)[ ])?",
    re.IGNORECASE,
)
_NUMBER = r"(?:no|nomor|nomer|nmr)[ .:]{0,3}[0-9]{1,4}(?![0-9])[ ]?(?:[a-z](?![^\W_]))?(?:/[0-9]{1,3})?"
_NEIGHBOURS = r"r[tw][ .:/]{0,2}(?:r?w[ .:]{0,2})?[0-9]{1,3}(?:[ ]?/[ ]?[0-9]{1,3})?"
_BLOCK = r"(?:blok|blk)[ .:]{0,2}[a-z]{1,2}[ .-]?[0-9]{0,3}(?:/[0-9]{1,3})?(?![^\W_])"
_STREET = r"(?:jalan|jl|jln|gang|gg|lorong|lrg|perumahan|perum|komplek|kompleks|komp|griya)(?![^\W_])[.]?"
# Also "A." and "Jend.".
_WORD = r"[^\W_][^\W_'-]{0,29}[.]?"
_ALL_NEIGHBOURS = rf"(?:{_NEIGHBOURS}[ ,.]{{0,3}}){{0,2}}"
# Characters: "no 1" alone is nobody's address, and a part of many a number elsewhere.
_SHORTEST = 9
_ANY_HOUSE = re.compile(_NUMBER, re.IGNORECASE)
# A street of at most four words, then the house; or the house behind the neighbours' number.
_HOUSE = re.compile(
    rf"(?:(?P<village>(?:desa|ds|kelurahan|kel|dusun|dsn|kampung|kp)[. ]{{1,2}}{_WORD}(?:[ ]{_WORD})?[ ,]{{1,2}})?)"
    rf"(?P<house>(?:{_STREET}[ ]?(?P<name>{_WORD}(?:[ ]{_WORD}){{0,3}}?)[ ,.]{{1,3}}(?:{_BLOCK}[ ,.]{{0,3}})?{_ALL_NEIGHBOURS}|{_ALL_NEIGHBOURS})"
    rf"{_NUMBER}(?:[ ,.]{{0,3}}(?:{_NEIGHBOURS}|{_BLOCK}|(?:lantai|lt)[ .]?[0-9]{{1,2}})){{0,3}})",
    re.IGNORECASE,
)


def homes(text: str) -> Iterator[tuple[int, int]]:
    """Where each address begins and ends: from the street to the number of the house and the neighbours' (RT, RW), without village and district. Linear.

    >>> text = "Alamat saya Jl. Melati No. 12 RT 03 RW 05 desa Girimukti. Jalan Melati rusak"
    >>> [text[start:end] for start, end in homes(text)]
    ['Jl. Melati No. 12 RT 03 RW 05']
    """
    if not _ANY_HOUSE.search(text):
        return
    for cue in _CUE.finditer(text):
        house = _HOUSE.match(text, cue.end())
        # "Saya tinggal di jl mawar, di jl melati no 3 lampu mati" is another place.
        if house and len(house["house"]) >= _SHORTEST and not _elsewhere((house["name"] or "").lower().split()):
            yield house.span("house")


def _elsewhere(words: list[str]) -> bool:
    known = vocabulary()
    return any(word in known.small or word in known.near or word in known.streets for word in words)
