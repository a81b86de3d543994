"""A clock that stands still until a test moves it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta


class ManualClock:
    """Implements gateway.clock.Clock."""

    def __init__(self, start: datetime = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)) -> None:
        self._now = start
        self._counted = 0.0
        self._order = itertools.count()
        self._running: set[asyncio.Timeout] = set()
        self._alarms: list[tuple[datetime, int, asyncio.Future[None] | asyncio.Timeout]] = []

    def now(self) -> datetime:
        """UTC."""
        return self._now

    def counted(self) -> float:
        """Seconds that only count on."""
        return self._counted

    async def sleep(self, seconds: float) -> None:
        """Until the clock was moved that far."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._at(seconds, done)
        await done

    def timeout(self, seconds: float) -> AbstractAsyncContextManager[object]:
        """As asyncio.timeout, by this clock."""
        return self._timeout(seconds)

    @asynccontextmanager
    async def _timeout(self, seconds: float) -> AsyncIterator[None]:
        async with asyncio.timeout(None) as limit:
            self._at(seconds, limit)
            self._running.add(limit)
            try:
                yield
            finally:
                self._running.discard(limit)

    def _at(self, seconds: float, what: asyncio.Future[None] | asyncio.Timeout) -> None:
        heapq.heappush(self._alarms, (self._now + timedelta(seconds=seconds), next(self._order), what))

    def advance(self, **how_long: float) -> None:
        """Move it on (as timedelta's arguments), and wake whoever waited for that."""
        self._counted += timedelta(**how_long).total_seconds()
        self._now += timedelta(**how_long)
        while self._alarms and self._alarms[0][0] <= self._now:
            _, _, what = heapq.heappop(self._alarms)
            if isinstance(what, asyncio.Future):
                if not what.done():
                    what.set_result(None)
            elif not what.expired() and what in self._running:
                what.reschedule(asyncio.get_running_loop().time())

    def advance_to_next(self) -> None:
        """To the moment for which somebody waits first, if anybody does."""
        if self._alarms:
            self.advance(seconds=max(timedelta(), self._alarms[0][0] - self._now).total_seconds())

    def jump(self, **how_far: float) -> None:
        """Somebody sets it: as much has not gone by, and whoever sleeps sleeps on."""
        self._now += timedelta(**how_far)
        self._alarms = [(at + timedelta(**how_far), order, what) for at, order, what in self._alarms]
