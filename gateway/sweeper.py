"""Takes away files that nobody refers to: uploads that were broken off, photos that were removed from a form before it was sent.

Only in this node's own folder, only after a day, and only while the store answers: what is not known to be forgotten stays.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from gateway.blobs import Blobs
from gateway.clock import Clock
from gateway.journal import Journal
from gateway.store import dues
from gateway.store.engine import Store, StoreAway

_log = structlog.get_logger(__name__)
_EVERY_SECONDS = 3600
_AGE = timedelta(hours=24)
# At a time; the next hour takes the next.
_BATCH = 500


class Sweeper:
    """One a node."""

    def __init__(self, blobs: Blobs, journal: Journal, store: Store, clock: Clock) -> None:
        self._blobs = blobs
        self._journal = journal
        self._store = store
        self._clock = clock
        # For health: since the start.
        self.swept = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.sweep()
            await self._clock.sleep(_EVERY_SECONDS)

    async def sweep(self) -> None:
        """Once."""
        before = self._clock.now() - _AGE
        old = await asyncio.to_thread(self._blobs.older_than, before, _BATCH)
        if not old:
            return
        try:
            async with self._store.snapshot() as tx:
                referred = await dues.referred(tx, old)
        except StoreAway:
            return
        # A report that waits for the store refers to its files, too.
        referred |= await self._journal.mentioned(old - referred)
        for digest in old - referred:
            self.swept += self._blobs.remove(digest, before)
        if old - referred:
            _log.info("files that nobody referred to were removed", count=len(old - referred))
