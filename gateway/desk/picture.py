"""How everything is, as one value that all open pages share: whoever looks at it asks nobody."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.health import DEGRADED, DOWN, OK, PAUSED, UNKNOWN, Condition
from gateway.store.outgoing import Parked, Waiting
from gateway.store.pauses import Pause
from gateway.store.states import Stretch
from gateway.store.traffic import Unread

# Hours of the sparkline.
HOURS = 24
# So many reports, and messages, that wait for a person are listed.
LISTED = 100
# The first speaks for a channel.
_WORST_FIRST = (DOWN, UNKNOWN, DEGRADED, PAUSED, OK)
_P50, _P95 = 0.50, 0.95


@dataclass(frozen=True, slots=True)
class Way:
    """What the monitor says of one part, in or out."""

    name: str
    # "in" | "out" | "": a part of the house has none.
    direction: str
    state: str
    # For which the pages have words; "": all is well.
    kind: str
    # The monitor's own, English, with what differs in it.
    sentence: str
    since: datetime
    # When something last came or went; None: not since the start.
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds, of the newest few hundred of the last 24 hours."""

    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class Card:
    """A channel."""

    name: str
    # How it is drawn (channels.kinds.Kind.shape).
    shape: str
    # In, and out if it has a way out.
    ways: tuple[Way, ...]
    # Messages that came in each of the last 24 hours, this one last.
    hours: tuple[int, ...]
    # In these hours.
    came: int
    went: int
    # From received to stored, from stored to acknowledged; None: nothing did.
    stored: Took | None
    answered: Took | None
    # What is due and not sent; None: not known, or it has no way out.
    waiting: Waiting | None
    # Who paused it; None: nobody.
    pause: Pause | None
    # Reports of it that could not be read.
    unread: int
    # Share of the last 30 days in which it could be used, by its worse way; None: not known.
    usable: float | None = None
    # Seconds that the last trial report of ours took; None: none has come back.
    trial: float | None = None
    # Whether there is anything to pause.
    may_pause: bool = True

    @property
    def worst(self) -> Way:
        """That speaks for it."""
        return min(self.ways, key=lambda way: _WORST_FIRST.index(way.state))


@dataclass(frozen=True, slots=True)
class Picture:
    """Of one node, at one moment."""

    at: datetime
    cards: tuple[Card, ...]
    house: tuple[Way, ...]
    # What waits for a person, oldest first, not more than LISTED of each.
    unread: tuple[Unread, ...]
    unsent: tuple[Parked, ...]
    # What was not well in the last 24 hours, newest first.
    past: tuple[Stretch, ...]
    # Accepted and not yet in the store, and since when the first of them waits.
    depth: int
    oldest: datetime | None
    # Figures of the store are as of then; None: it has not answered since the start.
    counted_at: datetime | None

    @property
    def waits(self) -> str:
        """How much waits for a person; with a plus where not all of it is listed. Empty: nothing."""
        count = len(self.unread) + len(self.unsent)
        return f"{count}+" if LISTED in {len(self.unread), len(self.unsent)} else str(count or "")


def ways(found: Mapping[tuple[str, str], Condition]) -> list[Way]:
    """What the board says, in its order."""
    said = []
    for (name, direction), condition in found.items():
        finding = condition.finding
        said.append(Way(name, direction, finding.state, finding.kind, finding.sentence, condition.since, finding.last_at))
    return said


def took(seconds: Iterable[float]) -> Took | None:
    """The middle one, and the one that 95 of 100 do not exceed.

    >>> took(range(1, 101)), took([])
    (Took(p50=50, p95=95), None)
    """
    ordered = sorted(seconds)
    return Took(_at(ordered, _P50), _at(ordered, _P95)) if ordered else None


def _at(ordered: Sequence[float], share: float) -> float:
    # The nearest rank: one that really took so long.
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
