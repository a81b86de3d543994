"""SQLite behind SQLAlchemy's asyncio: how it is opened, and one trip to its thread for each statement.

The driver goes to its thread four times for a statement (cursor, execute, fetch, close), and each trip costs both threads more than SQLite needs for
the statement itself: a report of twenty statements took 17 ms of an idle machine (measured).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Self

import aiosqlite
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import await_only

from gateway.private_file import make_private

# Marks a connection that will not write.
LOOKING = "looking"
# How long SQLite itself waits for another process. Seconds.
_BUSY_SECONDS = 5.0
_ITER_CHUNK = 64
# For turning a new file to its log.
_TRIES = 100


class _Cursor(aiosqlite.Cursor):
    """Begins, runs, reads and ends in one trip; what it read is here then."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        super().__init__(connection, None)  # type: ignore[arg-type]  # made on the thread, with the statement
        self._rows: list[Any] = []

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> Self:
        await self._execute(self._run, sql, parameters or ())  # type: ignore[no-untyped-call]  # aiosqlite
        return self

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> Self:
        await self._execute(self._run_many, sql, parameters)  # type: ignore[no-untyped-call]  # aiosqlite
        return self

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        self._rows = []

    # On the thread.

    def _run(self, sql: str, parameters: Iterable[Any]) -> None:
        self._cursor = self._conn._conn.cursor()  # noqa: SLF001  # what aiosqlite's own cursor() does
        self._cursor.execute(sql, parameters)  # type: ignore[arg-type]  # a sequence, by SQLAlchemy
        self._rows = self._cursor.fetchall()

    def _run_many(self, sql: str, parameters: Iterable[Iterable[Any]]) -> None:
        self._cursor = self._conn._conn.cursor()  # noqa: SLF001  # as above
        self._cursor.executemany(sql, parameters)  # type: ignore[arg-type]  # as above


class _Connection(aiosqlite.Connection):
    def cursor(self) -> Any:  # noqa: ANN401  # it needs no trip
        return _Cursor(self)


def connect(database: str, **options: Any) -> Awaitable[aiosqlite.Connection]:  # noqa: ANN401  # sqlite3.connect's own
    """For SQLAlchemy's `async_creator_fn`."""
    connection = _Connection(partial(sqlite3.connect, database, **options), _ITER_CHUNK)
    # A process that ends does not wait for it.
    connection._thread.daemon = True  # noqa: SLF001  # as SQLAlchemy does with its own
    return connection


_OPTIONS: dict[str, object] = {
    "connect_args": {"timeout": _BUSY_SECONDS, "async_creator_fn": connect},
    # Every transaction ends in its block, and one that was cancelled takes its connection with it: a rollback behind each would be one trip more.
    "pool_reset_on_return": None,
}
# One connection, as there is one writer at a time. Any of five, each found its pages out of date by what the others had written, threw them away and read
# them again: five caches, each in the heap of its own thread, held 120 MB after 20,000 reports, half of it free (measured).
WRITER: dict[str, object] = {**_OPTIONS, "pool_size": 1, "max_overflow": 0}
WRITER_CACHE_KIB = 32 * 1024
# As few as are needed at once. What they keep is out of date with the next commit, and the file's pages are in the system's memory anyway.
LOOKERS: dict[str, object] = {**_OPTIONS, "pool_use_lifo": True}
LOOKER_CACHE_KIB = 2 * 1024


def prepare(engine: AsyncEngine, *, writes: bool) -> None:
    """How each connection to it begins, and each transaction."""
    sa.event.listen(engine.sync_engine, "do_connect", _make_private)
    sa.event.listen(engine.sync_engine, "connect", partial(_set_up, writes=writes))
    sa.event.listen(engine.sync_engine, "begin", _begin_immediate)
    sa.event.listen(engine.sync_engine, "invalidate", _roll_back)


def _make_private(_dialect: object, _record: object, arguments: Sequence[object], _options: object) -> None:
    # What citizens wrote is for nobody else on this machine.
    with suppress(OSError):
        make_private(Path(str(arguments[0])))


def _set_up(connection: sa.engine.interfaces.DBAPIConnection, _record: object, *, writes: bool) -> None:
    # The driver's own BEGIN comes too late (at the first write) and loses updates without an error (97 of 150: LIBRARIES.md 1.6).
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("synchronous = FULL", "foreign_keys = ON", "busy_timeout = 5000", f"cache_size = -{WRITER_CACHE_KIB if writes else LOOKER_CACHE_KIB}"):
        cursor.execute(f"PRAGMA {pragma}")
    if writes:
        _turn_to_log(cursor)
    cursor.close()


def _turn_to_log(cursor: Any) -> None:  # noqa: ANN401  # the driver's
    """Stands in the file from then on. SQLite waits for nobody here: whoever reads a new file at this moment, or turns it too, is an error at once."""
    for _ in range(_TRIES):
        with suppress(sqlite3.OperationalError):
            cursor.execute("PRAGMA journal_mode = WAL")
            if cursor.fetchone() == ("wal",):
                return
        await_only(asyncio.sleep(_BUSY_SECONDS / _TRIES))
    raise sqlite3.OperationalError("the store cannot be turned to its log")


def _begin_immediate(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get(LOOKING) else "BEGIN IMMEDIATE")


def _roll_back(connection: sa.engine.interfaces.DBAPIConnection, _record: object, _error: BaseException | None) -> None:
    # Cancelled between a query and its rows: closed like that, SQLite keeps the store locked until the garbage collector finds the cursor (5 to 20 s, seen).
    with suppress(Exception):
        connection.rollback()
