"""How many SMS a text costs, counted as the networks do (3GPP TS 23.038, 6.2.1): the provider's figure, not the gateway's."""

from __future__ import annotations

from dataclasses import dataclass

_BASIC = frozenset("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")
# These take an escape and so two septets.
_EXTENSION = frozenset("^{}\\[~]|€\f")
# Beyond it UTF-16 takes a surrogate pair.
_LAST_OF_ONE_UNIT = "\uffff"


@dataclass(frozen=True, slots=True)
class Length:
    """What a text takes on the air."""

    segments: int
    # Septets (GSM-7) or UTF-16 units (UCS-2).
    units: int
    # How many units that many segments hold.
    room: int


def measure(text: str) -> Length:
    r"""The length of a text on the air; a part of a long one carries a header and holds less.

    >>> measure("Laporan diterima. [1]")
    Length(segments=1, units=23, room=160)
    >>> measure("terima kasih \u2019").room
    70
    """
    if set(text) <= _BASIC | _EXTENSION:
        return _in_segments([2 if sign in _EXTENSION else 1 for sign in text], 160, 153)
    return _in_segments([2 if sign > _LAST_OF_ONE_UNIT else 1 for sign in text], 70, 67)


def _in_segments(widths: list[int], alone: int, part: int) -> Length:
    units = sum(widths)
    if units <= alone:
        return Length(1, units, alone)
    segments, used = 1, 0
    for width in widths:
        # An escape or a surrogate pair is never cut in two.
        if used + width > part:
            segments, used = segments + 1, 0
        used += width
    return Length(segments, units, segments * part)
