"""How much of a time a channel could be used, from the history of its states. Pure.

Available is ok or degraded: what comes is taken, what goes out goes out, perhaps late. What nobody saw (the gateway was off, nobody looked) and what a
person paused count for neither side.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from gateway.health import DEGRADED, DOWN, OK, PAUSED

_NONE = timedelta()


class Lasting(Protocol):
    """A stretch of one channel's history."""

    @property
    def at(self) -> datetime:
        """When it began."""

    @property
    def until(self) -> datetime:
        """When it was last seen so."""

    @property
    def state(self) -> str:
        """As in health."""


@dataclass(frozen=True, slots=True)
class Availability:
    """Of one channel, in one direction."""

    available: timedelta = _NONE
    down: timedelta = _NONE
    paused: timedelta = _NONE
    # Not known.
    unknown: timedelta = _NONE

    @property
    def share(self) -> float | None:
        """From 0 to 1, of the time in which it is known; None: of no moment it is.

        >>> Availability(available=timedelta(hours=23), down=timedelta(hours=1), unknown=timedelta(hours=9)).share
        0.9583333333333334
        """
        known = self.available + self.down
        return self.available / known if known else None


def availability(stretches: Iterable[Lasting], begin: datetime, end: datetime) -> Availability:
    """Of one node's stretches of one channel and direction, in the order in which they began; what they say twice counts as it was said last."""
    sums = dict.fromkeys((OK, DEGRADED, DOWN, PAUSED), _NONE)
    ordered = sorted(stretches, key=lambda one: one.at)
    counted = begin
    for position, one in enumerate(ordered):
        # The next one's beginning ends it, also where a clock that was set made the two overlap.
        last = min(one.until, end, *(later.at for later in ordered[position + 1 : position + 2]))
        first = max(one.at, counted)
        if last > first:
            if one.state in sums:
                sums[one.state] += last - first
            counted = last
    known = sum(sums.values(), _NONE)
    return Availability(sums[OK] + sums[DEGRADED], sums[DOWN], sums[PAUSED], max(end - begin, _NONE) - known)
