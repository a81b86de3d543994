"""Listens for silence: learns each channel's habits from the store, and says on the board when less comes than usual (gateway/silence.py)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

from gateway import silence
from gateway.clock import Clock
from gateway.deadlines import Calendar
from gateway.health import OK, Finding
from gateway.monitor import Monitor
from gateway.silence import Habit, Week
from gateway.store import arriving
from gateway.store.engine import Store, StoreAway

COMPONENT = "silence"
# What came before is read anew so often: another node may bring late what it accepted long ago.
_ALL_EVERY = timedelta(hours=6)
# And what came just now, at each look, from so long ago.
_LATELY = timedelta(hours=2)
_PATIENCE_SECONDS = 10.0


class Listener:
    """Of one node."""

    def __init__(self, monitor: Monitor, store: Store, clock: Clock, calendar: Calendar, channels: Iterable[str], heartbeat_seconds: float) -> None:
        """`channels`: those of which it is told."""
        self._monitor = monitor
        self._store = store
        self._clock = clock
        self._calendar = calendar
        self._week = Week(calendar)
        self._channels = list(channels)
        self._seconds = heartbeat_seconds
        # Before that nobody was here to be written to.
        self._began = clock.now()
        self._counts: dict[str, dict[datetime, int]] = {name: {} for name in self._channels}
        self._last: dict[str, datetime] = {}
        # By channel: up to when it was learned, and what.
        self._habits: dict[str, tuple[datetime, Habit | None]] = {}
        self._read_at: datetime | None = None
        # Until this node and the store have agreed.
        self.paused = True

    async def run(self) -> None:
        """Until cancelled; returns at once if no channel is listened to."""
        while self._channels:
            await self.look()
            await self._clock.sleep(self._seconds)

    async def look(self) -> None:
        """One heartbeat."""
        heard = not self.paused and await self._read()
        now = self._clock.now()
        for name in self._channels:
            self._monitor.say(name, "in", self._found(name, now) if heard else unheard(), COMPONENT)

    def _found(self, name: str, now: datetime) -> Finding:
        # What runs for a while and has a history goes by the last message; what was off goes by when it was started.
        since = max(self._began, self._last.get(name, self._began))
        return silence.find(self._habit(name, since), since, now, self._week, self._calendar)

    def _habit(self, name: str, since: datetime) -> Habit | None:
        # By whole hours: learning takes ten milliseconds.
        until = since.replace(minute=0, second=0, microsecond=0)
        known = self._habits.get(name)
        if known is None or known[0] != until:
            known = self._habits[name] = (until, silence.learn(self._counts[name], until, self._week))
        return known[1]

    async def _read(self) -> bool:
        """Whether the store could be asked."""
        now = self._clock.now()
        # Either way: a clock that was set back is no reason to wait until it is so late again.
        everything = self._read_at is None or abs(now - self._read_at) >= _ALL_EVERY
        since = now - silence.WEEKS - timedelta(days=1) if everything else now - _LATELY
        since = since.replace(minute=0, second=0, microsecond=0)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS), self._store.snapshot() as tx:
                hours = await arriving.hours(tx, since)
        except (StoreAway, TimeoutError):
            return False
        if everything:
            self._counts, self._read_at = {name: {} for name in self._channels}, now
            self._habits.clear()
        for hour in hours:
            if hour.channel in self._counts:
                self._counts[hour.channel][hour.at] = hour.count
                self._last[hour.channel] = max(hour.last_at, self._last.get(hour.channel, hour.last_at))
        return True


def unheard() -> Finding:
    """Nobody can say."""
    return Finding(OK, "", "Whether less comes than usual is not known while the store is away.")
