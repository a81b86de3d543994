"""Rows that are due, claimed with a lease and worked off by a few tasks: the loop under the outbox and under everything that has a time.

A worker that dies lets its leases run out, and another takes the rows. One loop a channel: what hangs in one is no other's. What became of the rows is
written by one task, all that gathered in one transaction, and is held in memory while the store is away: it happened, and must not happen twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import structlog

from gateway.clock import Bell, Clock
from gateway.reading import where
from gateway.store.engine import Clash, Store, StoreAway, Transaction

_log = structlog.get_logger(__name__)
_Row = TypeVar("_Row")

# Writes down what became of one row.
Outcome = Callable[[Transaction], Awaitable[None]]

# Look by ourselves this often: retries fall due without a bell. Seconds.
LOOK_SECONDS = 2.0
_RETRY_SECONDS = 1.0


class ClaimLoop(Generic[_Row]):
    """Claims up to `at_once` rows and works on them side by side."""

    def __init__(
        self,
        name: str,
        store: Store,
        clock: Clock,
        *,
        claim: Callable[[Transaction, int], Awaitable[Sequence[_Row]]],
        work: Callable[[_Row], Awaitable[Outcome]],
        at_once: int,
    ) -> None:
        """`claim(tx, n)` returns at most n rows that nobody else has; `work(row)` does it and returns how to write down what became of it."""
        self._name = name
        self._store = store
        self._clock = clock
        self._claim = claim
        self._work = work
        self._at_once = at_once
        self._bell = Bell(clock)
        self._written = Bell(clock)
        # Rows that are being worked on.
        self.busy = 0
        self._outcomes: list[Outcome] = []
        # The store did not take the outcomes: their leases may run out, and what was done must not be claimed and done again.
        self._unwritten = False
        self._stopping = False
        # The last claim took as many as it could: there may be more at once.
        self._more = False
        # Until this node and the store have agreed.
        self._paused = True

    def pause(self, *, paused: bool) -> None:
        """Claim nothing while this node must not work with the store."""
        self._paused = paused
        self._bell.ring()

    def ring(self) -> None:
        """There may be something due."""
        self._bell.ring()

    async def run(self) -> None:
        """Until stopped or cancelled; what is being worked on when it is cancelled is given up to its lease."""
        # Nothing is, whatever ended us the last time: a task that was cancelled before its first step never counts itself out.
        self.busy = 0
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(self._write(), name=f"{self._name} writer")
            while not self._stopping or self.busy or self._outcomes:
                looked_at = self._clock.counted()
                rows = await self._claimed()
                for row in rows:
                    self.busy += 1
                    tasks.create_task(self._one(row), name=self._name)
                if not rows:
                    await self._bell.wait(LOOK_SECONDS, looked_at)
            writer.cancel()

    def stop(self) -> None:
        """Claim nothing more; run() returns when what is on its way has ended and is written."""
        self._stopping = True
        self._bell.ring()

    async def _claimed(self) -> Sequence[_Row]:
        free = self._at_once - self.busy
        # In handfuls: a claim is a transaction.
        if self._stopping or self._paused or self._unwritten or free < (self._at_once + 1) // 2:
            return ()
        try:
            async with self._store.transaction() as tx:
                rows = await self._claim(tx, free)
        except (StoreAway, Clash):
            # Intake says so, once; here it only means: nothing to do yet.
            return ()
        self._more = len(rows) == free
        return rows

    async def _one(self, row: _Row) -> None:
        try:
            self._outcomes.append(await self._work(row))
        except Exception as error:  # noqa: BLE001  # a fault of ours with one row must not end the channel's loop; its lease brings it back
            _log.error("failed", loop=self._name, error=where(error))
        finally:
            self.busy -= 1
            self._written.ring()
            if self._more or self._stopping:
                self._bell.ring()

    async def _write(self) -> None:
        alone = False
        while True:
            if not self._outcomes:
                await self._written.wait(LOOK_SECONDS)
                continue
            # What spoils a transaction is found by writing one at a time: nobody is to get a notice twice for another's sake.
            outcomes = self._outcomes[:1] if alone else list(self._outcomes)
            try:
                async with self._store.transaction() as tx:
                    for outcome in outcomes:
                        await outcome(tx)
            except StoreAway:
                self._unwritten = True
                await self._clock.sleep(_RETRY_SECONDS)
                continue
            except Exception as error:  # noqa: BLE001  # a fault of ours with one of them must not end the channel's loop; its lease brings it back
                if not alone:
                    alone = True
                    continue
                _log.error("could not write what became of it", loop=self._name, error=where(error))
            del self._outcomes[: len(outcomes)]
            self._unwritten = False
            alone = alone and bool(self._outcomes)
            self._bell.ring()
