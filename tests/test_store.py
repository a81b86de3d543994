"""The store: nothing is lost between two who write at once, every time is UTC, and whatever goes wrong comes out as one of ours."""

from __future__ import annotations

import asyncio
import sqlite3
import struct
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

from gateway.store import journals, steps
from gateway.store.engine import Clash, Store, StoreAway, StoreRefuses, Unstorable
from gateway.store.sqlite import LOOKER_CACHE_KIB, WRITER_CACHE_KIB
from gateway.store.tables import agencies, budgets, metadata, people
from tests.postbox import letter
from tests.world import Deployment, receive_all

NOON_IN_MAKASSAR = datetime(2026, 11, 24, 12, tzinfo=timezone(timedelta(hours=8)))


async def made(deployment: Deployment) -> Store:
    """An open store with its tables."""
    deployment.config()
    store = Store(deployment.store_url())
    await store.migrate()
    return store


async def test_who_looks_at_the_moment_of_the_first_start_is_in_nobodys_way(tmp_path: Path) -> None:
    for first in range(20):
        url = f"sqlite+aiosqlite:///{tmp_path / f'{first}.db'}"
        stores = [Store(url) for _ in range(4)]

        async def looks(store: Store) -> None:
            async with store.snapshot() as tx:
                assert await tx.all(sa.select(sa.literal(1))) == [(1,)]

        await asyncio.gather(stores[0].migrate(), *(looks(store) for store in stores * 2))
        for store in stores:
            await store.close()


async def test_a_first_start_waits_for_who_reads_the_new_file(tmp_path: Path) -> None:
    store = Store(f"sqlite+aiosqlite:///{tmp_path / 'new.db'}")
    async with store.snapshot() as tx:
        await tx.all(sa.text("SELECT count(*) FROM sqlite_master"))
        starting = asyncio.create_task(store.migrate())
        await asyncio.wait([starting], timeout=0.2)
    await starting
    await store.close()
    with closing(sqlite3.connect(tmp_path / "new.db")) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_ten_who_count_at_once_lose_nothing(deployment: Deployment) -> None:
    store = await made(deployment)
    hour = datetime(2026, 11, 24, 5, tzinfo=UTC)
    async with store.transaction() as tx:
        await tx.run(budgets.insert(), [{"channel": "sms", "hour": hour, "used": 0}])

    async def count() -> None:
        for _ in range(15):
            async with store.transaction() as tx:
                [(used,)] = await tx.all(sa.select(budgets.c.used).with_for_update())
                await tx.run(budgets.update().values(used=used + 1))

    await asyncio.gather(*(count() for _ in range(10)))
    assert [row["used"] for row in await deployment.rows("budgets")] == [150]
    await store.close()


async def test_every_time_comes_back_as_utc_and_one_without_a_zone_is_not_taken(deployment: Deployment) -> None:
    store = await made(deployment)
    async with store.transaction() as tx:
        await journals.report(tx, "j", accepted=1, pending=0, highest_seq=1, now=NOON_IN_MAKASSAR)
    [book] = await deployment.rows("journals")
    assert (book["reported_at"], book["reported_at"].tzinfo) == (NOON_IN_MAKASSAR, UTC)
    with pytest.raises(Unstorable):
        async with store.transaction() as tx:
            await journals.report(tx, "j", accepted=1, pending=0, highest_seq=1, now=datetime(2026, 11, 24))  # noqa: DTZ001  # that is the point
    await store.close()


async def test_a_newer_store_is_left_alone_with_a_sentence(deployment: Deployment) -> None:
    store = await made(deployment)
    async with store.transaction() as tx:
        await tx.run(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreRefuses, match="newer gateway"):
        await store.migrate()
    await store.close()


async def test_two_nodes_that_start_at_once_make_the_tables_once(deployment: Deployment) -> None:
    deployment.config()
    stores = [Store(deployment.store_url()) for _ in range(4)]
    await asyncio.gather(*(store.migrate() for store in stores))
    for store in stores:
        await store.close()
    assert await deployment.rows("cases") == []


async def test_the_migrations_make_what_the_tables_say(deployment: Deployment) -> None:
    await (await made(deployment)).close()
    engine = create_async_engine(deployment.store_url())
    async with engine.connect() as connection:
        differences = await connection.run_sync(lambda sync: compare_metadata(MigrationContext.configure(sync), metadata))
    await engine.dispose()
    assert differences == []


def _said(connection: sa.Connection) -> dict[str, object]:
    """All that a database says of its tables, as it says it."""
    seen = sa.inspect(connection)
    indexes = (
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        if connection.dialect.name == "sqlite"
        else "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
    )
    tables = {
        name: (
            {column["name"]: {**column, "type": str(column["type"])} for column in seen.get_columns(name)},
            seen.get_pk_constraint(name),
            sorted(map(str, seen.get_foreign_keys(name))),
            sorted(map(str, seen.get_unique_constraints(name))),
            sorted(map(str, seen.get_check_constraints(name))),
            seen.get_table_options(name),
        )
        for name in seen.get_table_names()
    }
    version = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalars().all()
    return {**tables, "version": version, "indexes": dict(connection.execute(sa.text(indexes)).all())}


def test_a_start_loads_nothing_of_the_steps(on_sqlite: Deployment) -> None:
    # In a process of its own: here, they were gone.
    script = "import asyncio, sys; from gateway.store.engine import Store; asyncio.run(Store(sys.argv[1]).migrate()); print('alembic' in sys.modules)"
    for _start in ("first", "second"):
        ran = subprocess.run([sys.executable, "-c", script, f"sqlite+aiosqlite:///{on_sqlite.folder}/new.db"], capture_output=True, text=True, check=True)
        assert ran.stdout.strip() == "False"


def _forget(connection: sa.Connection) -> None:
    metadata.drop_all(connection)
    connection.execute(sa.text("DROP TABLE alembic_version"))


async def test_the_steps_from_the_first_version_lead_to_what_a_first_start_makes(deployment: Deployment) -> None:
    await (await made(deployment)).close()
    engine = create_async_engine(deployment.store_url())
    async with engine.begin() as connection:
        first_start = await connection.run_sync(_said)
        await connection.run_sync(_forget)
        await connection.run_sync(steps.go)
        assert await connection.run_sync(_said) == first_start
    await engine.dispose()


async def test_a_store_of_an_older_gateway_is_brought_here_with_what_is_in_it(deployment: Deployment) -> None:
    store = await made(deployment)
    async with store.transaction() as tx:
        await tx.connection.run_sync(_forget)
        await tx.connection.run_sync(steps.go, "0011")
        await tx.run(agencies.insert(), [{"code": "pu", "name": "Dinas PU", "coordinator": False}])
    await store.migrate()
    async with store.snapshot() as tx:
        assert await tx.all(sa.select(people)) == []
        assert [row.code for row in await tx.all(sa.select(agencies))] == ["pu"]
    await store.close()


async def test_whoever_writes_to_sqlite_has_all_that_was_read_of_it_and_whoever_looks_keeps_little(on_sqlite: Deployment) -> None:
    store = await made(on_sqlite)
    kept, connections = "PRAGMA cache_size", set()

    async def write() -> int:
        async with store.transaction() as tx:
            connections.add((await tx.connection.get_raw_connection()).driver_connection)
            return int((await tx.all(sa.text(kept)))[0][0])

    async def look() -> int:
        async with store.snapshot() as tx:
            return int((await tx.all(sa.text(kept)))[0][0])

    found = await asyncio.gather(*(do() for do in (write, look) * 5))
    await store.close()
    assert set(found[::2]) == {-WRITER_CACHE_KIB}
    assert set(found[1::2]) == {-LOOKER_CACHE_KIB}
    # By another connection each would have made the pages of all others out of date.
    assert len(connections) == 1


async def test_what_goes_wrong_comes_out_as_ours_and_tells_no_value(deployment: Deployment) -> None:
    store = await made(deployment)
    row = {"code": "rahasia", "name": "rahasia", "coordinator": False}
    async with store.transaction() as tx:
        await tx.run(agencies.insert(), [row])
    with pytest.raises(Clash) as clash:
        async with store.transaction() as tx:
            await tx.run(agencies.insert(), [row])
    with pytest.raises(Unstorable) as unstorable:
        async with store.transaction() as tx:
            await tx.run(agencies.insert(), [row | {"code": "rahasia \ud800"}])
    with pytest.raises(StoreAway) as away:
        async with store.transaction() as tx:
            await tx.run(sa.text("SELECT * FROM rahasia"))
    assert not [error for error in (clash, unstorable, away) if "rahasia" in str(error.value)]
    await store.close()


def said(kind: bytes, body: bytes) -> bytes:
    """A message of a PostgreSQL (its documentation, "Message Formats")."""
    return kind + struct.pack("!I", len(body) + 4) + body


WELCOME = (
    said(b"R", struct.pack("!I", 0))
    + said(b"S", b"server_version\x0018.0\0")
    + said(b"S", b"client_encoding\0UTF8\0")
    + said(b"K", bytes(8))
    + said(b"Z", b"I")
)


async def test_a_postgresql_that_goes_while_several_meet_it_for_the_first_time_is_away_for_each(tmp_path: Path) -> None:
    # Who comes second waits until the first has asked all that the library asks of a new server; its own connection breaks meanwhile.
    first, second = asyncio.Event(), asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(struct.unpack("!I", await reader.readexactly(4))[0] - 4)
        writer.write(WELCOME)
        if not first.is_set():
            # Its question comes, and gets no answer.
            await reader.readexactly(1)
            first.set()
            await second.wait()
        else:
            writer.write_eof()
            await reader.read()
            second.set()
        writer.close()

    store = Store(f"postgresql+asyncpg://postgres@/postgres?host={tmp_path}")

    async def look() -> None:
        async with store.snapshot():
            raise AssertionError

    async with asyncio.timeout(60), await asyncio.start_unix_server(handler, tmp_path / ".s.PGSQL.5432"):
        looking = asyncio.create_task(look())
        await first.wait()
        ends = await asyncio.gather(looking, look(), return_exceptions=True)
        await store.close()
    assert [type(end) for end in ends] == [StoreAway, StoreAway]


async def test_what_citizens_wrote_is_for_nobody_else_on_the_machine(on_sqlite: Deployment) -> None:
    async with on_sqlite.node() as gateway:
        await receive_all(gateway, [letter("jalan rusak", "SM1", at=gateway.clock.now())])
        await on_sqlite.until("cases", lambda rows: len(rows) == 1)
        photo = await gateway.inlets["post"].keep(once(b"a photo"))
        data = gateway.config.data_dir
        files = [file for file in data.rglob("*") if file.suffix != ".reserve"]
        assert {"store.db", "store.db-wal", "journal.db", "journal.db-wal", "blobs", photo.digest} <= {file.name for file in files}
        assert [file.name for file in files if file.stat().st_mode & 0o077] == []


async def once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def test_what_a_running_gateway_writes_is_there_for_everybody_also_after_a_command_has_looked(tmp_path: Path) -> None:
    # Whoever closes a file loses all locks that the process has on it (POSIX); SQLite then takes the next one who leaves for the last, and its log is gone.
    address = f"sqlite+aiosqlite:///{tmp_path}/store.db"
    store = Store(address)
    await store.migrate()
    # Two connections of one pool, the second made while the first is held.
    async with store.snapshot() as tx, store.snapshot() as other:
        assert await tx.all(sa.select(agencies)) == await other.all(sa.select(agencies)) == []
    for code in ("satu", "dua"):
        await asyncio.to_thread(_agencies, tmp_path / "store.db")
        async with store.transaction() as tx:
            await tx.run(agencies.insert(), [{"code": code, "name": code, "coordinator": False}])
    seen = await asyncio.to_thread(_agencies, tmp_path / "store.db")
    await store.close()
    assert seen == 2


def _agencies(store: Path) -> int:
    """How many another process counts."""
    look = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); print(db.execute('SELECT count(*) FROM agencies').fetchone()[0]); db.close()"
    return int(subprocess.run([sys.executable, "-c", look, store], check=True, capture_output=True).stdout)
