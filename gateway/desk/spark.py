"""The last 24 hours as bars: geometry for a picture that the server draws. Pure."""

from __future__ import annotations

from collections.abc import Sequence

# Of the picture's own units.
WIDTH, HEIGHT = 240, 56
_GAP, _TOP = 1, 6


def bars(hours: Sequence[int]) -> list[str]:
    """A path for each hour in which something came; the last one is the hour that is not over.

    >>> bars([0, 2, 4])
    ['', 'M81 56v-25h78v25z', 'M161 56v-50h78v50z']
    """
    most, step = max(hours, default=0), WIDTH / max(1, len(hours))
    return [_bar(place * step, step, count / most * (HEIGHT - _TOP)) if count else "" for place, count in enumerate(hours)]


def _bar(left: float, step: float, height: float) -> str:
    wide, high = step - 2 * _GAP, max(1.0, height)
    return f"M{left + _GAP:g} {HEIGHT}v-{high:.3g}h{wide:g}v{high:.3g}z"
