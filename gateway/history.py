"""Writes down how everything was: at each heartbeat what has changed, and how long what has not has lasted.

While the store is away it is kept in memory, and written when the store is back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from gateway.clock import Clock
from gateway.health import Board, Change, Key
from gateway.ids import new_id
from gateway.store import states
from gateway.store.engine import Clash, Store, StoreAway, Unstorable
from gateway.store.states import Stretch

_log = structlog.get_logger(__name__)
# Stretches that wait for the store; the oldest are forgotten first. A day of two channels that flap at each heartbeat.
MOST_WAITING = 10_000
_FORGET_EVERY = timedelta(hours=1)
# A store that hangs is one that is away. Seconds.
_PATIENCE_SECONDS = 10.0
# Who was away no longer than that, and finds everything as it was, believes that it was so all the time.
_RESTART = timedelta(minutes=15)


class History:
    """Of one node."""

    def __init__(self, board: Board, store: Store, clock: Clock, node: Callable[[], str], heartbeat_seconds: float, keep: timedelta) -> None:
        """`node`: how this node is called in the store. `keep`: how long anything stands there."""
        self._board = board
        self._store = store
        self._clock = clock
        self._node = node
        self._seconds = heartbeat_seconds
        self._keep = keep
        # What lasts, and what has ended and is not yet in the store as it ended.
        self._open: dict[Key, Stretch] = {}
        self._ended: dict[object, Stretch] = {}
        # How each was before this node was started; None: nobody has looked that up yet.
        self._before: dict[Key, Stretch] | None = None
        self._forgot_at: datetime | None = None
        # Until this node and the store have agreed.
        self.paused = True

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.beat()
            await self._clock.sleep(self._seconds)

    async def beat(self) -> None:
        """One heartbeat."""
        now = self._clock.now()
        for change in self._board.changes(now, self._clock.counted()):
            self._turn(change)
        # A clock that was set back makes nothing end before it began.
        self._open = {key: replace(one, until=max(one.at, now)) for key, one in self._open.items()}
        if self.paused:
            return
        written = [*self._ended.values(), *self._open.values()]
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS), self._store.transaction() as tx:
                if self._before is None:
                    self._before = {(one.part, one.direction): one for one in await states.of_node(tx, self._node(), now - _RESTART)}
                await states.write(tx, written)
                if self._forgot_at is None or abs(now - self._forgot_at) >= _FORGET_EVERY:
                    await states.forget(tx, now - self._keep)
                    self._forgot_at = now
        except (StoreAway, Clash, Unstorable, TimeoutError):
            # The board says so.
            return
        for one in written:
            self._ended.pop(one.id, None)
        for key, one in self._open.items():
            self._carry_on(key, one)

    def _carry_on(self, key: Key, now: Stretch) -> None:
        """A trouble that is there again after a restart lasts since it began, not since the restart."""
        if self._before and now.kind != "not_looked" and (before := self._before.pop(key, None)) and (before.state, before.kind) == (now.state, now.kind):
            self._board.began(key, (now.state, now.kind), before.at)

    def _turn(self, change: Change) -> None:
        key = (change.part, change.direction)
        if before := self._open.get(key):
            self._ended[before.id] = replace(before, until=max(before.at, change.at))
            if len(self._ended) > MOST_WAITING:
                del self._ended[next(iter(self._ended))]
        what = change.finding
        self._open[key] = Stretch(new_id(), self._node(), *key, change.at, change.at, what.state, what.kind, what.sentence)
