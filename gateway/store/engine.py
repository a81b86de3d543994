"""The store's door: connections, transactions, migrations, and the one place where SQLAlchemy's errors become ours."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from gateway.cancelled import CallCancelled, only_ours
from gateway.store import migrating, sqlite

# All nodes of a deployment queue for this while one of them migrates (pg_advisory_xact_lock takes any number).
_MIGRATION_LOCK = 7_204_118_902
# How long one statement may take, in seconds, before the store counts as away.
_STATEMENT_SECONDS = 30
# How long a writer of this process waits for those before it. Seconds.
_TURN_SECONDS = 10
_POSTGRESQL: dict[str, object] = {
    "pool_pre_ping": True,
    "pool_timeout": 10,
    "connect_args": {"timeout": 5, "command_timeout": _STATEMENT_SECONDS, "server_settings": {"application_name": "no-wrong-door"}},
}


class StoreAway(Exception):
    """Connection, lock, disk, time-out: nothing about the data is wrong; try again."""


class StoreRefuses(Exception):
    """A store that must not be used by this node: a sentence for the operator. Trying again does not help."""


class Clash(Exception):
    """Another node was faster with the same row: read again, then write."""


class Unstorable(Exception):
    """The store will never take this value: a fault of one row."""


class Transaction:
    """An open transaction; the functions of `gateway.store` take it. Not to be kept beyond its block."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.sqlite = connection.dialect.name == "sqlite"

    async def all(self, statement: sa.Executable, rows: object = None) -> list[sa.Row[*tuple[Any, ...]]]:
        """What it returns."""
        return list((await self.connection.execute(statement, rows)).all())  # type: ignore[call-overload]

    async def run(self, statement: sa.Executable, rows: object = None) -> int:
        """Execute (many if rows is a list); how many rows it touched. An empty list is nothing to do."""
        if rows == []:
            return 0
        return (await self.connection.execute(statement, rows)).rowcount  # type: ignore[call-overload, no-any-return]


class Store:
    """SQLite or PostgreSQL behind a pool. Making it connects to nothing: the store may be away at a cold start (law 3)."""

    def __init__(self, url: str) -> None:
        self.sqlite = url.startswith("sqlite")
        self._engine = _engine(url, **(sqlite.WRITER if self.sqlite else _POSTGRESQL))
        # SQLite's writer keeps what it read of the file, and whoever else writes makes it forget all of that: it is always the same connection.
        self._lookers = _engine(url, **sqlite.LOOKERS) if self.sqlite else self._engine
        # SQLite has one writer. Whoever finds it busy sleeps there, up to 100 ms at a time, and is not served in turn; here they queue.
        self._turn = asyncio.Lock()
        self._errors = _library_errors(self._engine.dialect)
        if self.sqlite:
            sqlite.prepare(self._engine, writes=True)
            sqlite.prepare(self._lookers, writes=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """All or nothing. Raises StoreAway, Clash, Unstorable."""
        with _translated(self._errors):
            async with self._alone() if self.sqlite else nullcontext(), self._engine.begin() as connection:
                yield Transaction(connection)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        async with asyncio.timeout(_TURN_SECONDS):
            await self._turn.acquire()
        try:
            yield
        finally:
            self._turn.release()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Transaction]:
        """To look only: on SQLite nobody who writes is waited for. Raises StoreAway."""
        with _translated(self._errors):
            async with self._lookers.connect() as connection:
                looking = await connection.execution_options(**{sqlite.LOOKING: True})
                async with looking.begin():
                    yield Transaction(looking)

    async def migrate(self) -> None:
        """Bring the tables to this version, once, under a lock. Raises StoreAway, StoreRefuses (a newer store)."""
        with _translated(self._errors):
            async with self._engine.begin() as connection:
                if not self.sqlite:
                    await connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
                newer = await connection.run_sync(migrating.migrate)
        if newer:
            raise StoreRefuses(f"The store was made by a newer gateway (version {newer}). Install that gateway again; nothing was changed.")

    async def close(self) -> None:
        """Give the connections back."""
        await self._engine.dispose()
        await self._lookers.dispose()


def _engine(url: str, **options: Any) -> AsyncEngine:  # noqa: ANN401  # create_async_engine's own
    engine = create_async_engine(url, hide_parameters=True, **options)
    # Many rows are one statement. One by one, the thread that speaks to SQLite waits for the interpreter's lock after each row (measured).
    engine.sync_engine.dialect.use_insertmanyvalues_wo_returning = True
    return engine


def _library_errors(dialect: sa.Dialect) -> tuple[type[Exception], ...]:
    """What the libraries below raise; the driver's own too: SQLAlchemy lets pass what breaks before a connection is ready (asyncpg's InterfaceError, seen)."""
    driver: Any = getattr(dialect.dbapi, "asyncpg", None)
    raw = (driver.PostgresError, driver.InterfaceError, driver.InternalClientError) if driver else ()
    return (sa.exc.SQLAlchemyError, OSError, sqlite3.Error, TimeoutError, asyncio.InvalidStateError, CallCancelled, *raw)


@contextmanager
def _translated(errors: tuple[type[Exception], ...]) -> Iterator[None]:
    """The one map from the library's errors to ours. Our messages carry no values: they may be personal."""
    try:
        with only_ours():
            yield
    except (UnicodeError, OverflowError) as error:
        raise Unstorable(type(error).__name__) from error
    except errors as error:
        raise _ours(error) from error


def _ours(error: Exception) -> Exception:
    # SQLSTATE classes (PostgreSQL, appendix A): 22 the value, 23 a constraint, 40 a deadlock or a serialisation failure.
    state = str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")[:2]
    if isinstance(error, sa.exc.IntegrityError) or state in {"23", "40"}:
        return Clash(_cause(error))
    values = (sa.exc.DataError, ValueError, TypeError)
    if state == "22" or isinstance(error, values) or isinstance(getattr(getattr(error, "orig", None), "__cause__", None), ValueError):
        return Unstorable(_cause(error))
    if isinstance(error, sa.exc.StatementError) and not isinstance(error, sa.exc.DBAPIError):
        return Unstorable(_cause(error))
    return StoreAway(f"The store does not answer as it should ({_cause(error)}).")


def _cause(error: BaseException) -> str:
    original = getattr(error, "orig", None) or error
    return type(getattr(original, "__cause__", None) or original).__name__
