"""A person pauses a channel: on every node nothing is sent by it (the outbox's claim looks by itself), nothing is fetched for it, and no door is shut."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from channels import Channel
from gateway.clock import Clock
from gateway.store import desk, pauses
from gateway.store.engine import Store, StoreAway, Transaction
from gateway.store.pauses import Pause

# A look may take so long. Seconds.
_LOOK_SECONDS = 10.0
_LONGEST_REASON = 200


class Pausing:
    """Of one node: it learns of pauses at each heartbeat, and holds what fetches."""

    def __init__(self, store: Store, channels: Mapping[str, Channel], clock: Clock, heartbeat_seconds: float) -> None:
        self._store = store
        self._channels = channels
        self._clock = clock
        self._seconds = heartbeat_seconds
        # As of the last look; while the store is away, what was known before.
        self.paused: dict[str, Pause] = {}
        # Of these, channels by which nothing comes in meanwhile.
        self.held: set[str] = set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(self._seconds)

    async def look(self) -> None:
        """What the store says now."""
        try:
            async with asyncio.timeout(_LOOK_SECONDS), self._store.snapshot() as tx:
                found = await pauses.paused(tx)
        except (StoreAway, TimeoutError):
            # Or without tables, before the first start has made them.
            return
        self.paused.clear()
        self.paused.update({name: pause for name, pause in found.items() if name in self._channels})
        self.held.clear()
        for name, channel in self._channels.items():
            pause = self.paused.get(name)
            if channel.hold(pause.at if pause else None) and pause:
                self.held.add(name)


def may_be(channel: Channel) -> bool:
    """Whether there is anything to pause: it sends, or it fetches and has no door beside that."""
    return bool(channel.reaches) or channel.hold(None)


def line(text: str) -> str:
    r"""What a person gives as a reason: one line, of what a terminal only shows.

    >>> line("new\n number\x1b[2J")
    'new number[2J'
    """
    return "".join(symbol for symbol in " ".join(text.split()) if symbol.isprintable())[:_LONGEST_REASON]


async def pause(tx: Transaction, channel: str, what: Pause, source: str = "") -> bool:
    """Whether it was not paused before; then it is written down who did it. Raises Clash."""
    done = await pauses.pause(tx, channel, what)
    if done:
        await desk.note(tx, what.at, what.by, "pause", channel, what.why, source)
    return done


async def resume(tx: Transaction, channel: str, by: Pause, source: str = "") -> bool:
    """Whether it was paused; `by`: who resumes it, when, and why."""
    done = await pauses.resume(tx, channel)
    if done:
        await desk.note(tx, by.at, by.by, "resume", channel, by.why, source)
    return done
