"""Time as the core sees it: handed in, so that a test can move it, and always UTC."""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the core asks of time."""

    def now(self) -> datetime:
        """UTC."""

    def counted(self) -> float:
        """Seconds that only count on, whoever sets the clock: by two of them it is known how long something took."""

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""

    def timeout(self, seconds: float) -> AbstractAsyncContextManager[object]:
        """Cancel the block and raise TimeoutError when it takes longer."""


class SystemClock:
    """The machine's own."""

    def now(self) -> datetime:
        """UTC."""
        return datetime.now(UTC)

    def counted(self) -> float:
        """Seconds that only count on, whoever sets the clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        await asyncio.sleep(seconds)

    def timeout(self, seconds: float) -> AbstractAsyncContextManager[object]:
        """Cancel the block and raise TimeoutError when it takes longer."""
        return asyncio.timeout(seconds)


class Bell:
    """Wakes one loop that waits for work. A bell saves a poll; it never carries the work, so losing a ring loses nothing."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """There may be something to do."""
        self._rung.set()

    async def wait(self, seconds: float, since: float | None = None) -> None:
        """Until somebody rings, or that long; from `since` on (Clock.counted), so that what fell due while somebody looked waits no longer for that."""
        left = seconds if since is None else seconds - (self._clock.counted() - since)
        if left > 0:
            try:
                async with self._clock.timeout(left):
                    await self._rung.wait()
            except TimeoutError:
                pass
        self._rung.clear()
