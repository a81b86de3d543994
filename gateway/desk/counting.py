"""What the store knows of the last 24 hours, for the picture. Past hours are remembered: a look counts this hour, the last one, and one older one in turn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.desk.picture import HOURS, LISTED, Took, took
from gateway.store import outgoing, traffic
from gateway.store.engine import Store
from gateway.store.outgoing import Parked
from gateway.store.traffic import Unread

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Counted:
    """By channel; what has nothing is not in it."""

    at: datetime
    # The beginning of each hour, oldest first, with how many came.
    came: dict[str, tuple[int, ...]] = field(default_factory=dict)
    went: dict[str, int] = field(default_factory=dict)
    stored: dict[str, Took] = field(default_factory=dict)
    answered: dict[str, Took] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()
    unsent: tuple[Parked, ...] = ()


class Counting:
    """Of one process."""

    def __init__(self, store: Store, channels: Collection[str]) -> None:
        self._store = store
        self._channels = channels
        # By the beginning of an hour: what came and what went, by channel.
        self._hours: dict[datetime, tuple[dict[str, int], dict[str, int]]] = {}
        self._turn = 0

    async def look(self, now: datetime) -> Counted:
        """Once for everybody. Raises StoreAway."""
        last = now.replace(minute=0, second=0, microsecond=0)
        hours = [last - n * _HOUR for n in reversed(range(HOURS))]
        async with self._store.snapshot() as tx:
            for hour in self._to_count(hours):
                came = {name: await traffic.came(tx, name, hour, hour + _HOUR) for name in self._channels}
                self._hours[hour] = (came, await traffic.went(tx, hour, hour + _HOUR))
            since = now - HOURS * _HOUR
            stored = {name: took(await traffic.stored_after(tx, name, since)) for name in self._channels}
            answered = await traffic.answered_after(tx, since)
            unread, unsent = await traffic.unread(tx, LISTED), await outgoing.parked(tx, LISTED)
        self._hours = {hour: self._hours[hour] for hour in hours}
        counts = list(self._hours.values())
        names = {name for came, went in counts for name in (*came, *went)}
        return Counted(
            now,
            {name: tuple(came.get(name, 0) for came, _ in counts) for name in names},
            {name: sum(went.get(name, 0) for _, went in counts) for name in names},
            {name: each for name, each in stored.items() if each},
            _by_channel(answered),
            tuple(unread),
            tuple(unsent),
        )

    def _to_count(self, hours: list[datetime]) -> Iterator[datetime]:
        # What waited in a journal is stored hours later than it came.
        self._turn = (self._turn + 1) % HOURS
        yield from (hour for place, hour in enumerate(hours) if hour not in self._hours or place >= HOURS - 2 or place == self._turn)


def _by_channel(seconds: list[tuple[str, float]]) -> dict[str, Took]:
    by: dict[str, list[float]] = defaultdict(list)
    for channel, each in seconds:
        by[channel].append(each)
    return {channel: found for channel, some in by.items() if (found := took(some))}
