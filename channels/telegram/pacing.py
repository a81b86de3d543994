"""How fast we write: one message a second to a chat, thirty a second in all, and as slowly as Telegram says.

Source: Telegram, "Bots FAQ: My bot is hitting limits, how do I avoid this?".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from channels.contract import SendFailed

# A message that would have to wait longer goes back to the outbox, and its place to somebody else. Well below what the outbox lets a send take, and as long as
# it takes to answer one person as often as the channel sends at once: whoever goes back is overtaken. Seconds.
LONGEST_WAIT = 20.0
# So many chats are remembered before those that may be written to are forgotten.
_MANY = 1000
# Much less than lies between two messages: what a clock that counts in fractions is wrong by.
_NOTHING = 1e-6


def _counted() -> float:
    return asyncio.get_running_loop().time()


class Pace:
    """Of one bot. A place is taken when somebody begins to wait for it, so nobody overtakes anybody in the same chat, and a busy chat holds up no other."""

    def __init__(
        self,
        per_second: float,
        chat_seconds: float,
        counted: Callable[[], float] = _counted,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`counted`: a clock that only counts, in seconds; `sleep`: waits by it."""
        self._between = 1 / per_second
        self._chat_seconds = chat_seconds
        self._counted = counted
        self._sleep = sleep
        # When messages go, of those that went lately or wait.
        self._taken: list[float] = []
        # When the next message may go: to anybody, to a chat.
        self._next = 0.0
        self._next_to: dict[int, float] = {}
        # Chats that Telegram has told us to leave alone, and until when.
        self._slowed: dict[int, float] = {}

    async def turn(self, chat: int) -> None:
        """Return when a message may go there. Raises SendFailed: not so soon."""
        now = self._counted()
        at = self._free(now, max(now, self._next, self._next_to.get(chat, 0.0)))
        if at - now > LONGEST_WAIT:
            raise SendFailed("Telegram wants us to write more slowly.", retry_after=timedelta(seconds=at - now), kind="provider")
        self._taken.append(at)
        self._next_to[chat] = at + self._chat_seconds
        if len(self._next_to) > _MANY:
            self._next_to = {one: free for one, free in self._next_to.items() if free > now}
        if at > now:
            await self._sleep(at - now)

    def _free(self, now: float, at: float) -> float:
        """The first moment from then on that is far enough from all that are taken."""
        self._taken = sorted(taken for taken in self._taken if taken > now - self._between)
        for taken in self._taken:
            if abs(taken - at) < self._between - _NOTHING:
                at = taken + self._between
        return at

    def slowed(self, chat: int, seconds: float) -> bool:
        """Telegram said: not so fast. Whether it means all chats: it has just said so of another one as well."""
        now = self._counted()
        self._slowed = {one: until for one, until in self._slowed.items() if until > now} | {chat: now + seconds}
        self._next_to[chat] = max(self._next_to.get(chat, 0.0), now + seconds)
        everybody = len(self._slowed) > 1
        if everybody:
            self._next = max(self._next, now + seconds)
        return everybody
