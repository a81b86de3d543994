"""A person's pause, for whatever goes and fetches: it waits, but never so long that what waits there would be lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta


class Hold:
    """Of one loop that fetches."""

    def __init__(self, clock: Callable[[], datetime], longest: timedelta | None = None) -> None:
        """`longest`: after this long it fetches all the same, because nobody keeps it for us much longer; None: it is kept."""
        self._clock = clock
        self._longest = longest
        self._since: datetime | None = None
        self._ended = asyncio.Event()
        self._ended.set()

    def begin(self, since: datetime | None) -> None:
        """It was paused then; None: it goes on."""
        self._since = since
        if since is None:
            self._ended.set()
        else:
            self._ended.clear()

    async def over(self) -> None:
        """Return at once where nobody paused, else when somebody says so or it has been too long."""
        if self._since is None:
            return
        seconds = None if self._longest is None else (self._since + self._longest - self._clock()).total_seconds()
        if seconds is None or seconds > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._ended.wait()
