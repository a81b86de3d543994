"""A question to the other side that need not be put at each heartbeat: while all is well, what was answered holds for a minute."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from channels.contract import Checked

# With heartbeats of 30 seconds, whatever changes there is known within 90: an operator shall know within two minutes.
PACE = timedelta(seconds=60)


class Unhurried:
    """What went wrong is asked again each time, so that it is well again as soon as it is mended."""

    def __init__(self, ask: Callable[[], Awaitable[Checked | None]], clock: Callable[[], datetime]) -> None:
        """`ask`: None means that nothing could be learned, and what was known before stays so."""
        self._ask = ask
        self._clock = clock
        self._asked_at: datetime | None = None
        self._answer: Checked | None = None

    async def answer(self) -> Checked | None:
        """The latest; None: nothing was ever learned. Raises what the question raises."""
        now = self._clock()
        # Either way: a clock that is set back must not silence us until it is so late again.
        if self._asked_at is None or abs(now - self._asked_at) >= PACE or not (self._answer and self._answer.ok):
            self._answer = await self._ask() or self._answer
            self._asked_at = now
        return self._answer
