"""How much room a text takes in SMS: septets of the GSM 7-bit alphabet, or UCS-2 where that alphabet does not reach.

Source: 3GPP TS 23.038, 6.2.1 (default alphabet and its extension table), and 23.040, 9.2.3.24.1 (concatenation).
"""

from __future__ import annotations

import unicodedata

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"  # the standard's own letters
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Sent as an escape and a letter: two septets that must stay together.
_EXTENSION = "\f^{}\\[~]|€"
_SEPTETS = dict.fromkeys(_BASIC, 1) | dict.fromkeys(_EXTENSION, 2)

# What one SMS holds alone, and as a part of a longer one (the rest is the header that joins them). Septets; UTF-16 units.
_GSM7_ALONE, _GSM7_PART = 160, 153
_UCS2_ALONE, _UCS2_PART = 70, 67


def septets(text: str) -> int | None:
    """What the text takes in the GSM alphabet; None: it has a character that is not in it.

    >>> septets("Laporan"), septets("[5€]"), septets("“Laporan”")
    (7, 7, None)
    """
    sizes = [_SEPTETS.get(character, 0) for character in text]
    return None if 0 in sizes else sum(sizes)


def fits_one_segment(text: str) -> bool:
    """One SMS in the GSM alphabet: what a notice's short form must be."""
    taken = septets(text)
    return taken is not None and taken <= _GSM7_ALONE


def segments(text: str) -> int:
    """How many SMS are charged for it.

    >>> segments("a" * 160), segments("a" * 161), segments("“" * 71)
    (1, 2, 2)
    """
    if septets(text) is not None:
        return _parts([_SEPTETS[character] for character in text], _GSM7_ALONE, _GSM7_PART)
    return _parts([2 if character > "\uffff" else 1 for character in text], _UCS2_ALONE, _UCS2_PART)


def _parts(sizes: list[int], alone: int, part: int) -> int:
    if sum(sizes) <= alone:
        return 1
    parts, room = 1, part
    for size in sizes:
        # An escape and its letter, or two surrogates, are never cut: what does not fit whole goes to the next part.
        if size > room:
            parts, room = parts + 1, part
        room -= size
    return parts


# Quotation marks, dashes, an ellipsis, a bullet, a space that does not break.
_PLAIN = str.maketrans(
    {0x201C: '"', 0x201D: '"', 0x201E: '"', 0x2018: "'", 0x2019: "'", 0x2013: "-", 0x2014: "-", 0x2026: "...", 0x2022: "-", 0xA0: " ", 0x09: " "}
)


def plain(text: str) -> str:
    r"""The same in letters of that alphabet: typographic signs by plain ones, letters without what stands on them, the rest by a question mark.

    >>> plain("\u201cCafé\u201d \u2013 terima kasih\u2026 \u0103 \u4e2d")
    '"Café" - terima kasih... a ?'
    """
    return "".join(letter if letter in _SEPTETS else _nearest(letter) for letter in text.translate(_PLAIN))


def _nearest(letter: str) -> str:
    base = "".join(part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))
    return base if base and all(part in _SEPTETS for part in base) else "?"
