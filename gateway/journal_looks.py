"""What is in the journal, read by a thread and a connection of its own: whoever looks keeps nobody from writing."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeVar, TypeVarTuple

from channels import Refused
from gateway.journal_file import SELECT, Entry, decode

_TAKE = f"{SELECT} WHERE seq > ? ORDER BY seq LIMIT ?"
_HELD = "SELECT seq, channel, wire_id, fingerprint FROM arrivals WHERE seq = ?"
_Args = TypeVarTuple("_Args")
_Result = TypeVar("_Result")


class JournalLooks:
    """Of one journal. Each look raises Refused when the file cannot be read."""

    def __init__(self, path: Path) -> None:
        """The file is there; nothing is opened before somebody looks."""
        self._path = path
        self._thread = ThreadPoolExecutor(1, "journal-read")
        self._opened: sqlite3.Connection | None = None

    async def take(self, after: int, limit: int, most_bytes: int) -> list[Entry]:
        """The next rows behind `after`, in order; none behind the one with which they have so many bytes."""
        return await self._look(self._take, after, limit, most_bytes)

    async def held(self, seqs: list[int]) -> dict[int, tuple[str, str, str]]:
        """Which of these are still here: seq to (channel, wire id, fingerprint)."""
        return await self._look(self._held, seqs)

    async def oldest(self) -> datetime | None:
        """When the first that is still here was received; None: nothing waits."""
        return await self._look(self._oldest)

    async def seqs(self, up_to: int) -> set[int]:
        """What is still here, up to a seq."""
        return await self._look(self._seqs, up_to)

    async def among(self, channel: str, column: Literal["wire_id", "fingerprint"], values: set[str]) -> set[str]:
        """Which of these the channel's rows that are still here have."""
        return await self._look(self._among, channel, column, values)

    async def mentioned(self, digests: set[str]) -> set[str]:
        """Which of these files an arrival that is still here refers to."""
        return await self._look(self._mentioned, digests)

    async def close(self) -> None:
        """Give the file back."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    async def _look(self, work: Callable[[*_Args], _Result], *args: *_Args) -> _Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)
        except sqlite3.Error as error:
            raise Refused(f"The journal cannot be read ({type(error).__name__}). Check the disk of {self._path.parent}.") from error

    # From here on: the reading thread.

    def _take(self, after: int, limit: int, most_bytes: int) -> list[Entry]:
        entries: list[Entry] = []
        with closing(self._db().execute(_TAKE, (after, limit))) as rows:
            for row in rows:
                entries.append(decode(row))
                most_bytes -= len(entries[-1].arrival.raw)
                if most_bytes <= 0:
                    break
        return entries

    def _held(self, seqs: list[int]) -> dict[int, tuple[str, str, str]]:
        found = (self._db().execute(_HELD, (seq,)).fetchone() for seq in seqs)
        return {row[0]: (row[1], row[2], row[3]) for row in found if row}

    def _oldest(self) -> datetime | None:
        row = self._db().execute("SELECT received_at FROM arrivals ORDER BY seq LIMIT 1").fetchone()
        return datetime.fromisoformat(row[0]) if row else None

    def _seqs(self, up_to: int) -> set[int]:
        return {seq for (seq,) in self._db().execute("SELECT seq FROM arrivals WHERE seq <= ?", (up_to,))}

    def _among(self, channel: str, column: str, values: set[str]) -> set[str]:
        # The column is one of the two above, never a stranger's word.
        statement = f"SELECT {column} FROM arrivals WHERE channel = ? AND {column} IN (SELECT value FROM json_each(?))"  # noqa: S608
        return {value for (value,) in self._db().execute(statement, (channel, json.dumps(list(values))))}

    def _mentioned(self, digests: set[str]) -> set[str]:
        found: set[str] = set()
        if digests:
            for (raw,) in self._db().execute("SELECT raw FROM arrivals"):
                found |= {digest for digest in digests if digest.encode() in raw}
        return found

    def _db(self) -> sqlite3.Connection:
        if self._opened is None:
            self._opened = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        return self._opened

    def _close(self) -> None:
        if self._opened is not None:
            self._opened.close()
