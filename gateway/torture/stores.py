"""The stores under torture: where they lie, how they go away and come back, and what stands in them, by plain SQL and nothing of ours."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path
from typing import Any, Protocol

# Name to "module:function", resolved when it is asked for: PostgreSQL comes with the packages of development.
STORES = {"sqlite": "gateway.torture.stores:sqlite", "postgresql": "gateway.torture.postgresql:postgresql"}

# A node that is stopped in the middle of a write keeps SQLite's lock for as long as it is stopped. Seconds.
_TURN_SECONDS = 120
_AGAIN_SECONDS = 0.2


class TorturedStore(Protocol):
    """One store of one run."""

    @property
    def url(self) -> str:
        """As a node's configuration has it."""

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that share it."""

    def away(self) -> AbstractAsyncContextManager[None]:
        """Nobody can work with it until the block ends."""

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a question in SQL that both stores understand brings. Raises OSError while it is away."""


class Sqlite:
    """A file of the one node; away means that somebody else holds its lock."""

    url = "sqlite+aiosqlite:///store.db"
    nodes = ("a",)

    def __init__(self, file: Path) -> None:
        self._file = file

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Locked, as soon as that is possible: on a full disk it is not."""
        while (other := await asyncio.to_thread(self._locked)) is None:  # noqa: ASYNC110  # a disk has no bell
            await asyncio.sleep(_AGAIN_SECONDS)
        with closing(other):
            yield

    def _locked(self) -> sqlite3.Connection | None:
        other = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False, timeout=_TURN_SECONDS)
        try:
            other.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            other.close()
            return None
        return other

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Whoever looks waits for nobody."""
        return await asyncio.to_thread(self._rows, sql)

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        try:
            with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)) as db:
                return db.execute(sql).fetchall()
        except sqlite3.Error as error:
            raise OSError(str(error)) from error


@asynccontextmanager
async def sqlite(folder: Path) -> AsyncIterator[Sqlite]:
    """In the node's own folder for data, which is `folder`/a/data."""
    yield Sqlite(folder / "a" / "data" / "store.db")
