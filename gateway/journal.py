"""The one way in: an arrival is on disk before its wire is answered (laws 1 to 3). One SQLite file on this node, and nobody else is needed.

One thread writes. It commits whatever has gathered while the last commit was in flight, so a hundred waiting deliveries cost one fsync. It does not
wait for company: that cost more than it saved once a commit was a handful of statements (measured, with 4, 16 and 64 connections).
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from channels import Arrival, Refused
from gateway.journal_file import Counts, Entry, JournalUnusable, encode, highest_seq, lock, open_file
from gateway.journal_looks import JournalLooks
from gateway.reserve import Reserve

_APPEND = """INSERT INTO arrivals (channel, wire_id, fingerprint, number, kind, reply_kind, reply_value, meta, raw, received_at)
VALUES {} ON CONFLICT (channel, wire_id, fingerprint) DO NOTHING"""
_ROW = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
# Rows of one statement, each size prepared once. One by one, the writer would wait for the interpreter's lock after each row (measured).
_SIZES = (64, 16, 4, 1)
_APPENDS = {size: _APPEND.format(", ".join([_ROW] * size)) for size in _SIZES}
# What must still find room in the file at its own limit, for it to be said that it accepts. Bytes.
_ROOM = 64 * 1024


class JournalFull(Refused):
    """The file has reached its own limit; the disk has not."""


@dataclass(frozen=True, slots=True)
class _Append:
    row: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Remove:
    seqs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Tried:
    seq: int
    # 1, or -1: it was none after all.
    by: int


@dataclass(frozen=True, slots=True)
class _Probe:
    """A row in a table of its own: could an arrival be accepted now?"""

    at: str


@dataclass(frozen=True, slots=True)
class _Relieve:
    """Nothing to write; only make room."""


@dataclass(frozen=True, slots=True)
class _Renew:
    new_id: str


_Job = _Append | _Probe | _Remove | _Tried | _Relieve | _Renew
_Waiting = tuple[_Job, "asyncio.Future[None]"]


class Journal:
    """Open it once a process, for one event loop; a second process is refused by a lock beside the file."""

    def __init__(self, path: Path, *, min_free_bytes: int = 0, reserve_bytes: int = 0, max_bytes: int | None = None) -> None:
        """Open or make the file. Raises JournalUnusable.

        min_free_bytes: accepting stops while the disk has less. reserve_bytes: kept aside, so that handing over can go on when the disk is full.
        max_bytes: the file's own limit; None: the disk's.
        """
        self.path = path
        # For the disk's sake, and at the file's own limit.
        self.refused = self.refused_at_limit = 0
        self.max_bytes = max_bytes
        # What of the limit was taken when somebody last asked.
        self.used_bytes = 0
        self.on_append: Callable[[], None] = lambda: None
        self._min_free_bytes = min_free_bytes
        self._reserve = Reserve(path, reserve_bytes, min_free_bytes)
        self._lock = lock(path)
        try:
            self._db = self._opened(max_bytes)
        except sqlite3.Error as error:
            os.close(self._lock)
            raise JournalUnusable(f"The journal {path} cannot be opened: {error}. Check the disk and who owns the file.") from error
        except JournalUnusable:
            os.close(self._lock)
            raise
        self.id, self._accepted, self._removed = self._db.execute("SELECT id, accepted, removed FROM journal").fetchone()
        self.counts = self._look()
        # The highest seq when this process began: less than what the store has seen means that the file is an older copy.
        self.began_at = self.counts.highest_seq
        self._reserve.keep()
        # What this turn of the loop brought, and what the writer has not taken yet.
        self._gathered: list[_Waiting] = []
        self._waiting: list[_Waiting] = []
        self._wake = threading.Condition()
        self._closing = False
        self._looks = JournalLooks(path)
        self._writer = threading.Thread(target=self._write, name="journal-write", daemon=True)
        self._writer.start()

    def _opened(self, max_bytes: int | None) -> sqlite3.Connection:
        try:
            return open_file(self.path, max_bytes)
        except sqlite3.OperationalError:
            # On a full disk not even opening works; what was kept aside is for that, too.
            if not self._reserve.give_back():
                raise
            return open_file(self.path, max_bytes)

    async def append(self, arrival: Arrival, fingerprint: str, number: str) -> None:
        """Return when the arrival is on disk (or already was: the same delivery again). Raises Refused: full, or the disk is failing."""
        # Encoded here, one by one: what cannot be encoded spoils nobody else's batch.
        row = encode(arrival, fingerprint, number)
        try:
            await self._job(_Append(row))
        except JournalFull:
            self.refused_at_limit += 1
            raise
        except Refused:
            self.refused += 1
            raise
        self.on_append()

    async def take(self, after: int, limit: int, most_bytes: int = sys.maxsize) -> list[Entry]:
        """The next rows behind `after`, in order; none behind the one with which they have so many bytes."""
        return await self._looks.take(after, limit, most_bytes)

    async def held(self, seqs: Iterable[int]) -> dict[int, tuple[str, str, str]]:
        """Which of these are still here: seq to (channel, wire id, fingerprint)."""
        return await self._looks.held(list(seqs))

    async def oldest(self) -> datetime | None:
        """When the first that is still here was received; None: nothing waits. Raises Refused."""
        return await self._looks.oldest()

    async def ids(self, channel: str, wire_ids: Iterable[str]) -> set[str]:
        """Which of these deliveries are still here. Raises Refused."""
        return await self._looks.among(channel, "wire_id", set(wire_ids))

    async def fingerprints(self, channel: str, fingerprints: Iterable[str]) -> set[str]:
        """Which of these are still here. Raises Refused."""
        return await self._looks.among(channel, "fingerprint", set(fingerprints))

    async def seqs(self, up_to: int) -> set[int]:
        """What is still here, up to a seq."""
        return await self._looks.seqs(up_to)

    async def mentioned(self, digests: Iterable[str]) -> set[str]:
        """Which of these files an arrival that is still here refers to."""
        return await self._looks.mentioned(set(digests))

    async def remove(self, seqs: Iterable[int]) -> None:
        """These were handed over: the store has them."""
        await self._job(_Remove(tuple(seqs)))

    async def tried(self, seq: int, *, back: bool = False) -> None:
        """Reading this row alone begins now; `back`: what began was no try, for nothing was wrong with the row."""
        await self._job(_Tried(seq, -1 if back else 1))

    async def probe(self, now: datetime) -> None:
        """Return when a row was written as an arrival would be. Raises Refused as append() would."""
        await self._job(_Probe(now.isoformat()))

    async def relieve(self) -> None:
        """Give the reserve back if the disk is full: a store on the same disk needs room before anything can be handed over to it."""
        await self._job(_Relieve())

    async def renew(self) -> None:
        """Take a new id: this file is an older copy than what the store has seen of it. What is still in it counts as accepted anew."""
        new = secrets.token_hex(8)
        await self._job(_Renew(new))

    async def close(self) -> None:
        """Write what is waiting and give the file back."""
        self._closing = True
        self._hand_over()
        await asyncio.to_thread(self._writer.join)
        await self._looks.close()
        self._db.close()
        os.close(self._lock)

    async def _job(self, job: _Job) -> None:
        if self._closing:
            raise Refused("The gateway is stopping.")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        if not self._gathered:
            # At the end of this turn: waking a thread for each of twenty requests costs more than writing them.
            loop.call_soon(self._hand_over)
        self._gathered.append((job, done))
        await done

    def _hand_over(self) -> None:
        with self._wake:
            self._waiting += self._gathered
            self._gathered = []
            self._wake.notify()

    # From here on: the writing thread.

    def _write(self) -> None:
        while True:
            with self._wake:
                while not self._waiting and not self._closing:
                    self._wake.wait()
                batch, self._waiting = self._waiting, []
            if not batch:
                return
            try:
                told = self._commit_batch(batch)
            except Exception as error:  # noqa: BLE001  # this thread must go on: every delivery that will ever come waits for it
                told = [(waiting, self._refusal(error)) for waiting in batch]
            _answer(told)

    def _commit_batch(self, batch: list[_Waiting]) -> list[tuple[_Waiting, Exception | None]]:
        """Each job with what became of it; one commit if all goes well, one by one if not, so that nobody is refused for another's sake."""
        if any(isinstance(job[0], _Relieve) for job in batch) and self.free_bytes() < max(self._min_free_bytes, self._reserve.bytes):
            self._made_room()
        if self.free_bytes() < self._min_free_bytes:
            full = [job for job in batch if isinstance(job[0], _Append | _Probe)]
            rest = [job for job in batch if not isinstance(job[0], _Append | _Probe)]
            told: list[tuple[_Waiting, Exception | None]] = [(job, Refused("The disk is nearly full: the journal accepts nothing more.")) for job in full]
            return told + (self._commit_batch_now(rest) if rest else [])
        self._reserve.keep()
        return self._commit_batch_now(batch)

    def _commit_batch_now(self, batch: list[_Waiting]) -> list[tuple[_Waiting, Exception | None]]:
        try:
            self._commit([job for job, _ in batch])
        except Exception:  # noqa: BLE001  # whatever it is, this thread must go on: every delivery waits for it
            return [(waiting, self._commit_alone(waiting[0])) for waiting in batch]
        return [(waiting, None) for waiting in batch]

    def _commit_alone(self, job: _Job) -> Exception | None:
        try:
            self._commit([job])
        except Exception as error:  # noqa: BLE001  # as above
            if not isinstance(job, _Append | _Probe) and self._made_room():
                return self._commit_alone(job)
            return self._refusal(error)
        return None

    def _refusal(self, error: Exception) -> Refused:
        if self.max_bytes is not None and getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL and self.free_bytes() > _ROOM:
            return JournalFull("The journal has as many bytes as journal.max_bytes allows: it accepts nothing more.")
        return Refused(f"The journal cannot write ({type(error).__name__}). Check the disk of {self.path.parent}.")

    def _made_room(self) -> bool:
        """A DELETE needs space too: give back what was kept aside for it, and fold the write-ahead log. False: that was done before."""
        if not self._reserve.give_back():
            return False
        with suppress(sqlite3.Error):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return True

    def _commit(self, jobs: Sequence[_Job]) -> None:
        db = self._db
        accepted, removed, new_id = self._accepted, self._removed, self.id
        db.execute("BEGIN IMMEDIATE")
        try:
            before = db.total_changes
            self._insert([job.row for job in jobs if isinstance(job, _Append)])
            # Counted by what was inserted, not by seq: a refused duplicate burns a key too.
            accepted += db.total_changes - before
            for job in jobs:
                match job:
                    case _Remove(seqs):
                        before = db.total_changes
                        db.executemany("DELETE FROM arrivals WHERE seq = ?", [(seq,) for seq in seqs])
                        removed += db.total_changes - before
                    case _Probe(at):
                        db.execute("INSERT INTO probe (id, at) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at", (at,))
                        self._try_limit()
                    case _Tried(seq, by):
                        db.execute("UPDATE arrivals SET tries = max(0, tries + ?) WHERE seq = ?", (by, seq))
                    case _Renew(new):
                        new_id, accepted, removed = new, db.execute("SELECT count(*) FROM arrivals").fetchone()[0], 0
            db.execute("UPDATE journal SET id = ?, accepted = ?, removed = ?", (new_id, accepted, removed))
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        self._accepted, self._removed, self.id = accepted, removed, new_id
        self.counts = self._look()

    def _try_limit(self) -> None:
        """The probe's own row needs no new page, an arrival does."""
        if self.max_bytes is None:
            return
        db = self._db
        pages, free, size = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size"))
        self.used_bytes = (pages - free) * size
        db.execute("SAVEPOINT room")
        db.execute("INSERT INTO probe (id, at) VALUES (2, zeroblob(?))", (_ROOM,))
        db.execute("ROLLBACK TO room")
        db.execute("RELEASE room")

    def _insert(self, rows: list[tuple[object, ...]]) -> None:
        at = 0
        for size in _SIZES:
            while len(rows) - at >= size:
                self._db.execute(_APPENDS[size], [value for row in rows[at : at + size] for value in row])
                at += size

    def _look(self) -> Counts:
        return Counts(self._accepted, self._removed, highest_seq(self._db))

    def free_bytes(self) -> int:
        """On the journal's disk."""
        return self._reserve.free_bytes()


def _answer(told: list[tuple[_Waiting, Exception | None]]) -> None:
    """Tell who waits, in one call."""
    loop = told[0][0][1].get_loop()
    if not loop.is_closed():
        loop.call_soon_threadsafe(_resolve, told)


def _resolve(told: list[tuple[_Waiting, Exception | None]]) -> None:
    for (_, done), error in told:
        # Who waited may have gone away (a client that hung up); the row stands all the same.
        if done.cancelled():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
