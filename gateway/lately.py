"""How it went lately, of each channel: how long things took, how much comes in a minute, what became of what was sent. Kept in memory, since the start."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

# Of the last so many.
_MANY = 1000
# As of the last so many heartbeats: five minutes, with the usual ones.
_HEARTBEATS = 10
_MINUTE = 60
_SHARES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
# What a provider says in the end (channels.DeliveryUpdate.status); before that, nothing is known.
# "read" follows "delivered" of the same message, and is not counted twice.
ARRIVED, LOST = frozenset({"delivered"}), frozenset({"undelivered", "failed"})


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    """The nearest that was really seen, for each share; of nothing: nothing.

    >>> quantiles(range(1, 101))
    {'p50': 50, 'p95': 95, 'p99': 99}
    """
    ordered = sorted(seconds)
    return {name: ordered[max(0, math.ceil(share * len(ordered)) - 1)] for name, share in _SHARES.items()} if ordered else {}


def _last() -> deque[float]:
    return deque(maxlen=_MANY)


@dataclass(slots=True)
class Lately:
    """Of one channel."""

    # Seconds from a delivery's coming to its being in the store, and from there to the provider's taking the acknowledgement.
    stored: deque[float] = field(default_factory=_last)
    acknowledged: deque[float] = field(default_factory=_last)
    # What the provider said of what was sent, by its word.
    reports: Counter[str] = field(default_factory=Counter)
    # At each heartbeat: the seconds that only count on, and what was accepted until then.
    _accepted: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=_HEARTBEATS + 1))

    def looked(self, counted: float, accepted: int) -> None:
        """A heartbeat."""
        self._accepted.append((counted, accepted))

    @property
    def arrivals_per_minute(self) -> float | None:
        """Over the last heartbeats. None: there were not two yet."""
        if len(self._accepted) < 2 or self._accepted[-1][0] <= self._accepted[0][0]:  # noqa: PLR2004  # a beginning and an end
            return None
        (began, before), (ended, after) = self._accepted[0], self._accepted[-1]
        return (after - before) * _MINUTE / (ended - began)

    @property
    def delivered_share(self) -> float | None:
        """Of what the provider has told the end of, what arrived. None: it has told nothing."""
        arrived, lost = (sum(self.reports[status] for status in statuses) for statuses in (ARRIVED, LOST))
        return arrived / (arrived + lost) if arrived + lost else None
