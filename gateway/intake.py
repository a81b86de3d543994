"""From the journal to the store: read, normalise, decide, file. What cannot be read is parked and holds up nobody; while the store is away it waits.

Two lanes read. The fast one takes the journal in order, in batches. A report that raised, hung or killed its process, is very large, or brings files that
find no room, goes on in the slow one, alone and with a process of its own, and so does what its sender writes meanwhile: order is kept per correspondent.
A third files what they have read, in the order in which they bring it, while the next is being read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import structlog

from channels import Refused
from gateway.accounts import Accounts
from gateway.clock import Bell, Clock
from gateway.context import Read
from gateway.filing import Filed, file
from gateway.journal import Journal
from gateway.journal_file import Entry
from gateway.office import Office
from gateway.reader import Reader, ReaderAway, read_alone
from gateway.reading import Broke, NoRoom, where
from gateway.stages import Stages
from gateway.store.engine import Clash, Store, StoreAway, StoreRefuses, Unstorable
from gateway.suspects import Suspects
from gateway.tally import Tally, writer

_log = structlog.get_logger(__name__)
_Result = TypeVar("_Result")
# What was read, in the journal's order.
_Batch = Sequence[tuple[Entry, Read]]

# Failures before a report is parked (DESIGN.md, "Whose fault").
TRIES = 3
# Larger than this, in bytes, a report is read in the slow lane.
LARGE = 1024 * 1024
# And one that brings more files than these: each waits for the disk, and a thousand small ones would hold up everybody for seconds.
MANY_FILES = 20
# What is taken from the journal at once: a flood of large mails must not fill the memory. One report may be larger. Bytes.
BATCH_BYTES = 16 * 1024 * 1024
# A bell may be lost with its process; look by ourselves this often. Seconds.
_LOOK_SECONDS = 5.0
# The reader of what is large or suspect goes when there was none of that for so long: it holds 26 MB, like the one of all else.
_SLOW_RESTS_SECONDS = 300.0
# Another node may win the race for the same rows this often before they are tried one by one.
_CLASHES = 5


class Intake:
    """One a node. `run` ends only when it is cancelled; nothing accepted is lost by that."""

    def __init__(
        self,
        journal: Journal,
        store: Store,
        office: Office,
        readers: tuple[Reader, Reader],
        clock: Clock,
        *,
        agencies: Sequence[dict[str, object]],
        batch_rows: int = 200,
        retry_seconds: float = 1.0,
        stages: Stages,
    ) -> None:
        """`readers`: for the fast and the slow lane. `retry_seconds`: pause while the store is away."""
        self._journal = journal
        self._store = store
        self._office = office
        self._fast, self._slow = readers
        self._clock = clock
        self._accounts = Accounts(journal, store, office.key, agencies, clock)
        self._batch_rows = batch_rows
        self._retry_seconds = retry_seconds
        self._bell = Bell(clock)
        self._suspects = Suspects(Bell(clock))
        # From the lanes that read to the one that files.
        self._read_so_far: asyncio.Queue[_Batch] = asyncio.Queue(1)
        self._prepared = False
        # A command is waiting for the end: what no time can mend is told to it.
        self._draining = False
        self._handing_over = asyncio.Lock()
        # Why nothing moves at the moment; None: all is well.
        self.trouble: str | None = None
        # Told what was stored, and when this node must not work with this store (why) or may (None).
        self.on_filed: Callable[[Filed], None] = lambda _: None
        self.on_refused: Callable[[StoreRefuses | None], None] = lambda _: None
        self.tally = Tally(stages)

    @property
    def too_late(self) -> int:
        """How often a report took longer to be read than it may."""
        return self._fast.too_late + self._slow.too_late

    def ring(self) -> None:
        """Something was accepted."""
        self._bell.ring()

    async def run(self) -> None:
        """Until cancelled. Whatever an earlier run had read and not filed is in the journal still, and read again."""
        self._suspects = Suspects(Bell(self._clock))
        self._read_so_far = asyncio.Queue(1)
        self.trouble = None
        try:
            async with asyncio.TaskGroup() as lanes:
                lanes.create_task(self._fast_lane(), name="intake")
                lanes.create_task(self._slow_lane(), name="intake-slow")
                lanes.create_task(self._filing_lane(), name="intake-filing")
        finally:
            await self.close()

    async def close(self) -> None:
        """End the processes that read; who goes on starts them again."""
        await self._fast.kill()
        await self._slow.kill()

    async def drain(self) -> None:
        """Until the journal is empty, and then retire it: a dead node's file. Raises StoreRefuses."""
        self._draining = True
        await self._insist(self._prepare)
        after = 0
        while entries := await self._next(after):
            after = entries[-1].seq
            await self._batch(entries)
            while (suspect := self._suspects.head()) is not None:
                await self._alone(suspect)
        async with self._store.transaction() as tx:
            await self._accounts.close(tx)

    async def _fast_lane(self) -> None:
        after = 0
        await self._insist(self._prepare)
        while True:
            entries = await self._next(after)
            if entries:
                await self._batch(entries)
                after = entries[-1].seq
            else:
                await self._bell.wait(_LOOK_SECONDS)
                await self._insist(self._report_if_due)

    async def _slow_lane(self) -> None:
        worked = self._clock.counted()
        while True:
            suspect = self._suspects.head()
            if suspect is not None:
                await self._alone(suspect)
                worked = self._clock.counted()
                continue
            await self._suspects.bell.wait(_LOOK_SECONDS)
            if self._clock.counted() - worked > _SLOW_RESTS_SECONDS:
                await self._slow.kill()

    async def _filing_lane(self) -> None:
        while True:
            await self._hand_over(await self._read_so_far.get())

    async def _pass_on(self, batch: _Batch) -> None:
        """Filed behind all that was passed on before it."""
        if self._draining:
            await self._hand_over(batch)
        else:
            await self._read_so_far.put(batch)

    async def _next(self, after: int) -> Sequence[Entry]:
        return await self._insist(partial(self._journal.take, after, self._batch_rows, BATCH_BYTES))

    async def _batch(self, entries: Sequence[Entry]) -> None:
        """Hand over what can be read now; leave the rest to the slow lane."""
        ready = [entry for entry in entries if not self._suspects.keep_if(entry, entry.tries > 0 or len(entry.arrival.raw) > LARGE)]
        while ready:
            outcomes = await self._insist(partial(self._fast.read, [entry.arrival for entry in ready]))
            good: list[tuple[Entry, Read]] = []
            for entry, outcome in zip(ready, outcomes, strict=False):
                # What waits for room on the disk waits where it holds up nobody who needs none.
                if not self._suspects.keep_if(entry, isinstance(outcome, Broke | NoRoom), writer(outcome)) and not isinstance(outcome, NoRoom):
                    good.append((entry, outcome))
            rest = ready[len(outcomes) :]
            ready = [entry for entry in rest if not self._suspects.keep_if(entry, suspicious=False)]
            await self._pass_on(good)

    async def _alone(self, suspect: Entry) -> None:
        """Once more, alone; the third failure parks."""
        entries = await self._insist(partial(self._journal.take, suspect.seq - 1, 1))
        if [entry.seq for entry in entries] != [suspect.seq]:
            # A crash had come between commit and removal: the store has it.
            self._suspects.done(suspect)
            return
        [entry] = entries
        outcome: Read = Broke("did not end")
        if entry.tries < TRIES:
            outcome = await self._insist(partial(self._try, entry))
            entry = replace(entry, tries=entry.tries + 1)
        if isinstance(outcome, Broke) and entry.tries < TRIES:
            self._suspects.again(suspect)
            return
        await self._pass_on([(entry, outcome)])
        self._suspects.done(suspect)

    async def _try(self, entry: Entry) -> Read:
        """Read it alone. The try is written before, as it may take us with it; one that found no room for its files, or no process, is taken back."""
        await self._journal.tried(entry.seq)
        try:
            return await read_alone(self._slow, entry.arrival)
        except ReaderAway:
            await self._journal.tried(entry.seq, back=True)
            raise

    async def _hand_over(self, batch: _Batch) -> None:
        """Into the store, and only then out of the journal. Ends when that is done, however long the store is away."""
        if not batch:
            return
        async with self._handing_over:
            await self._store_batch(batch)
            await self._insist(partial(self._journal.remove, [entry.seq for entry, _ in batch]))

    async def _store_batch(self, batch: _Batch, *, alone: bool = False) -> None:
        for _ in range(_CLASHES):
            try:
                filed = await self._insist(partial(self._file, batch))
            except Clash:
                # Another node was faster with some of it, or a crash came between commit and removal: look again.
                await self._insist(self._accounts.settle)
                left = set(await self._journal.held([entry.seq for entry, _ in batch]))
                batch = [(entry, read) for entry, read in batch if entry.seq in left]
                if not batch:
                    return
            except Unstorable as error:
                await self._one_by_one(batch, f"cannot be stored ({error})", alone=alone)
                return
            except Exception as error:  # noqa: BLE001  # a fault of ours that one report brings out must not stop the others
                await self._one_by_one(batch, f"cannot be filed ({where(error)})", alone=alone)
                return
            else:
                self.tally.count(batch, filed, self._clock.now())
                self.on_filed(filed)
                return
        await self._one_by_one(batch, "clashes with other rows again and again", alone=alone)

    async def _one_by_one(self, batch: _Batch, reason: str, *, alone: bool) -> None:
        """One bad row harms nobody else: each once more, alone, and the bad one is parked."""
        if not alone:
            for one in batch:
                await self._store_batch([one], alone=True)
                # At once: what the journal says of itself in the next transaction must be true.
                await self._insist(partial(self._journal.remove, [one[0].seq]))
            return
        [(entry, read)] = batch
        if isinstance(read, Broke):
            # Not even as bytes: this is not the report's fault. Wait, loudly, rather than lose it.
            self._say(f"Row {entry.seq} of the journal cannot be stored ({reason}).")
            await self._clock.sleep(self._retry_seconds)
        await self._store_batch([(entry, Broke(reason))], alone=True)

    async def _file(self, batch: _Batch) -> Filed:
        async with self._store.transaction() as tx:
            filed = await file(tx, self._office, self._journal.id, batch, self._clock.now())
            await self._accounts.report(tx, len(batch))
        return filed

    async def _report_if_due(self) -> None:
        if self._accounts.due:
            async with self._handing_over, self._store.transaction() as tx:
                await self._accounts.report(tx, 0)

    async def _prepare(self) -> None:
        """Before anything is filed, and again whenever the store was away."""
        await self._accounts.meet()
        self._prepared = True
        self.on_refused(None)

    async def _insist(self, work: Callable[[], Awaitable[_Result]]) -> _Result:
        """Do it, however long the store (or our disk) is away. Nothing is parked for that. Raises Clash and Unstorable only."""
        stuck = False
        while True:
            try:
                if not self._prepared and work != self._prepare:
                    await self._prepare()
                result = await work()
            except (StoreAway, ReaderAway, Refused) as error:
                self._prepared = self._prepared and not isinstance(error, StoreAway)
                self._say(str(error))
                if isinstance(error, StoreAway):
                    await self._journal.relieve()
            except StoreRefuses as error:
                self._prepared = False
                self.on_refused(error)
                self._say(str(error))
                if self._draining:
                    raise
            else:
                # Another lane's trouble is its own to end.
                if stuck and self.trouble is not None:
                    _log.info("intake goes on", after=self.trouble)
                    self.trouble = None
                return result
            stuck = True
            await self._clock.sleep(self._retry_seconds)

    def _say(self, trouble: str) -> None:
        # Once when it breaks, once when it mends.
        if trouble != self.trouble:
            _log.error("intake waits", why=trouble)
            self.trouble = trouble
