"""Takes away files that nobody refers to: uploads that were broken off, photos that were removed from a form before it was sent.

Only in this node's own folder, only after a day, and only while the store answers: what is not known to be forgotten stays.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from channels import Refused
from gateway.blobs import Blobs
from gateway.clock import Clock
from gateway.journal import Journal
from gateway.store import dues
from gateway.store.engine import Store, StoreAway

_log = structlog.get_logger(__name__)
_EVERY_SECONDS = 3600
_AGE = timedelta(hours=24)
# At a time, and how long others may work in between.
_BATCH = 500
_PAUSE_SECONDS = 1.0


class Sweeper:
    """One a node."""

    def __init__(self, blobs: Blobs, journal: Journal, store: Store, clock: Clock) -> None:
        self._blobs = blobs
        self._journal = journal
        self._store = store
        self._clock = clock
        self._behind = ""
        # For health: since the start.
        self.swept = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.sweep()
            await self._clock.sleep(_PAUSE_SECONDS if self._behind else _EVERY_SECONDS)

    async def sweep(self) -> None:
        """A batch; the next one goes on behind it, and begins anew at the end."""
        before = self._clock.now() - _AGE
        batch = await asyncio.to_thread(self._blobs.older_than, before, self._behind, _BATCH)
        self._behind = batch[-1] if len(batch) == _BATCH else ""
        if not batch:
            return
        try:
            # In the order in which a report moves: what leaves the journal meanwhile is in the store by the time that is asked.
            referred = await self._journal.mentioned(batch)
            async with self._store.snapshot() as tx:
                referred |= await dues.referred(tx, set(batch) - referred)
        except (StoreAway, Refused):
            self._behind = ""
            return
        forgotten = [digest for digest in batch if digest not in referred]
        for digest in forgotten:
            self.swept += self._blobs.remove(digest, before)
        if forgotten:
            _log.info("files that nobody referred to were removed", count=len(forgotten))
