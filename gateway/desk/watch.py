"""Looks once for everybody: the picture that all pages show, and who is signed in. Twenty open pages ask the store nothing, and none costs nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress

from channels.kinds import KINDS
from gateway import pausing
from gateway.desk.counting import Counted, Counting
from gateway.desk.past import Looking, Past
from gateway.desk.picture import HOURS, Card, Picture, Way, ways
from gateway.desk.sessions import Sessions
from gateway.node import Gateway
from gateway.store.engine import Clash, StoreAway

# Between two looks, at the most. Seconds.
LOOK_SECONDS = 5.0
# A look may take so long. Seconds.
_PATIENCE_SECONDS = 10.0
# So long after a page was asked for, another may be; then the store is asked no more for what they show.
_ASLEEP_SECONDS = 300.0
# Whoever is the first waits for its figures no longer; how the channels are is known all the same. Seconds.
_WAKING_SECONDS = 2.0


class Watch:
    """Of one node."""

    def __init__(self, gateway: Gateway, sessions: Sessions) -> None:
        self._gateway = gateway
        self._sessions = sessions
        self._counting = Counting(gateway.store, gateway.channels)
        self._looking = Looking(gateway.store, gateway.journal.id, gateway.channels)
        self._counted: Counted | None = None
        self._past = Past()
        self._shapes = {name: KINDS[channel.kind].shape for name, channel in gateway.config.channels.items()}
        # Before anything is paused: to ask a channel is to let it go on.
        self._may_pause = {name for name, channel in gateway.channels.items() if pausing.may_be(channel)}
        self._seconds = min(LOOK_SECONDS, gateway.config.health.heartbeat_seconds)
        # Who waits for the next picture; a new one each time.
        self._next = asyncio.Event()
        # Pages that are open, and when one was last asked for (Clock.counted).
        self._open_pages = 0
        self._asked_at = float("-inf")
        self._waking, self._turn = asyncio.Lock(), asyncio.Lock()
        self.picture = self._painted()
        # No more are coming.
        self.ended = False

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await self._gateway.clock.sleep(self._seconds)

    async def wake(self) -> None:
        """Somebody asks for a page: its picture is not from when the last one looked."""
        async with self._waking:
            asleep, self._asked_at = self._asleep, self._gateway.clock.counted()
            if asleep:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_WAKING_SECONDS):
                        await self.look()

    @property
    def _asleep(self) -> bool:
        return not self._open_pages and self._gateway.clock.counted() - self._asked_at > _ASLEEP_SECONDS

    async def look(self) -> None:
        """A new picture, and whoever waits for it has it. While the store is away, its figures are the last ones."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._sessions.look()
                if not self._asleep:
                    # What is remembered of past hours is one look's at a time.
                    async with self._turn:
                        now = self._gateway.clock.now()
                        self._counted, self._past = await self._counting.look(now), await self._looking.look(now)
        except (StoreAway, Clash, TimeoutError):
            # The board says so.
            pass
        self.picture = self._painted()
        self._ring()

    async def newer(self, than: Picture) -> None:
        """Until there is a newer picture, or no more are coming."""
        if self.picture is not than or self.ended:
            return
        self._open_pages += 1
        try:
            await self._next.wait()
        finally:
            self._open_pages -= 1

    def end(self) -> None:
        """Whoever waits shall go home."""
        self.ended = True
        self._ring()

    def _ring(self) -> None:
        self._next.set()
        self._next = asyncio.Event()

    def _painted(self) -> Picture:
        gateway, counted = self._gateway, self._counted
        found = ways(gateway.monitor.board.look(gateway.clock.counted()))
        channels = [way for way in found if way.name in gateway.channels]
        by_name: dict[str, tuple[Way, ...]] = {name: tuple(way for way in channels if way.name == name) for name in gateway.channels}
        unread = Counter(one.channel for one in counted.unread) if counted else Counter[str]()
        cards = tuple(self._card(name, some, unread, counted or Counted(gateway.clock.now())) for name, some in by_name.items())
        counts = gateway.journal.counts
        return Picture(
            gateway.clock.now(),
            cards,
            tuple(way for way in found if way.name not in gateway.channels),
            counted.unread if counted else (),
            counted.unsent if counted else (),
            self._past.stretches,
            counts.accepted - counts.removed,
            gateway.monitor.oldest_in_journal,
            counted.at if counted else None,
        )

    def _card(self, name: str, some: tuple[Way, ...], unread: Mapping[str, int], counted: Counted) -> Card:
        hours = counted.came.get(name, (0,) * HOURS)
        return Card(
            name,
            self._shapes[name],
            some,
            hours,
            sum(hours),
            counted.went.get(name, 0),
            counted.stored.get(name),
            counted.answered.get(name),
            self._gateway.monitor.waiting.get(name),
            self._gateway.pausing.paused.get(name),
            unread.get(name, 0),
            self._past.usable.get(name),
            trials.seconds if (trials := self._gateway.canaries.trials.get(name)) else None,
            name in self._may_pause,
        )
