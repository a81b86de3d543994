"""What a journal and the store know of each other (law 6): they meet whenever one was away, and whatever is handed over brings the journal's count."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from gateway.clock import Clock
from gateway.journal import Journal
from gateway.store import journals
from gateway.store.engine import Store, StoreRefuses, Transaction
from gateway.tracking import fingerprint

# How often an idle node tells the store what its journal has accepted.
_REPORT_EVERY = timedelta(seconds=60)


class JournalMixup(StoreRefuses):
    """The store holds other content under this journal's row: two nodes with one journal's id."""


class Accounts:
    """Of one journal, with one store."""

    def __init__(self, journal: Journal, store: Store, key: bytes, agencies: Sequence[dict[str, object]], clock: Clock) -> None:
        """`key`: the deployment's. `agencies`: as the directory lists them."""
        self._journal = journal
        self._store = store
        self._key = key
        self._agencies = agencies
        self._clock = clock
        # They have met in this process.
        self._met = False
        self._reported_at = clock.now() - _REPORT_EVERY

    @property
    def due(self) -> bool:
        """The store has not heard from us for a while."""
        # Either way: a clock that was ahead must not keep us silent until it is so late again.
        return abs(self._clock.now() - self._reported_at) >= _REPORT_EVERY

    async def report(self, tx: Transaction, handed_over: int) -> None:
        """What the journal has accepted, in the transaction that hands so many over."""
        counts = self._journal.counts
        pending = counts.accepted - counts.removed - handed_over
        now = self._clock.now()
        await journals.report(tx, self._journal.id, accepted=counts.accepted, pending=pending, highest_seq=counts.highest_seq, now=now)
        self._reported_at = now

    async def close(self, tx: Transaction) -> None:
        """The journal is empty, and nobody will write to it again."""
        counts, now = self._journal.counts, self._clock.now()
        await journals.report(tx, self._journal.id, accepted=counts.accepted, pending=0, highest_seq=counts.highest_seq, now=now)
        await journals.retire(tx, self._journal.id, now)

    async def meet(self) -> None:
        """Before anything is filed, and again whenever the store was away: it may have come back as another. Raises StoreRefuses."""
        await self._store.migrate()
        async with self._store.transaction() as tx:
            await journals.agree(tx, fingerprint(self._key))
            await journals.list_agencies(tx, self._agencies)
            restored = not self._met and await journals.highest_seq(tx, self._journal.id) > self._journal.began_at
            if restored:
                # An older copy of the file: under its old id it would claim rows that are others' now.
                await journals.move(tx, self._journal.id, await self._unstored(tx))
                await journals.retire(tx, self._journal.id, self._clock.now())
        if restored:
            await self._journal.renew()
        self._met = True
        await self.settle()

    async def _unstored(self, tx: Transaction) -> int:
        """How many came with the file and are not in the store under its id."""
        began_with = await self._journal.seqs(self._journal.began_at)
        stored = await journals.stored_seqs(tx, self._journal.id, min(began_with), self._journal.began_at) if began_with else {}
        return len(began_with - stored.keys())

    async def settle(self) -> None:
        """Take out of the journal what a crash left there after the store had it. Raises JournalMixup."""
        entries = await self._journal.take(0, 1)
        if not entries:
            return
        async with self._store.transaction() as tx:
            there = await journals.stored_seqs(tx, self._journal.id, entries[0].seq, self._journal.counts.highest_seq)
        mine = await self._journal.held(there)
        for seq, what in mine.items():
            if there[seq] != what:
                raise JournalMixup(
                    f"Row {seq} of journal {self._journal.id} is another's in the store: two nodes use copies of one journal file. "
                    "Stop one of them, and give it a new data folder after `drain`."
                )
        if mine:
            await self._journal.remove(mine)
