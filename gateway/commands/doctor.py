"""What this machine and this deployment look like from here: for a person who asks for help, and for whoever helps."""

from __future__ import annotations

import asyncio
import platform
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from importlib import metadata

import sqlalchemy as sa
import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.commands.console import AsJson, ConfigPath, configured, say_json
from gateway.commands.regions import not_a_region, unknown_regions
from gateway.config import Config
from gateway.journal_file import VERSION
from gateway.operators import token_file
from gateway.store.engine import Store, StoreAway

_GIB = 1024**3
# More than this between two clocks makes deadlines and orders of messages wrong. Seconds.
_SKEW_SECONDS = 5.0
Fact = tuple[str, str, bool]


def doctor(config: ConfigPath = None, as_json: AsJson = False) -> None:  # noqa: FBT002  # an option
    """Print versions, paths, free space, clocks, and what is not configured; no secrets. Example: ./run doctor"""
    settled = configured(config)
    facts = [*_machine(), *_places(settled), *_journal(settled), *asyncio.run(_store(settled)), *_not_configured(settled)]
    if as_json:
        say_json({name: {"said": said, "ok": ok} for name, said, ok in facts})
    else:
        for name, said, ok in facts:
            typer.secho(f"{'✓' if ok else '!'} {name}: {said}", fg=None if ok else "yellow")
    raise typer.Exit(0 if all(ok for _, _, ok in facts) else 1)


def _machine() -> Iterator[Fact]:
    yield "version", metadata.version("no-wrong-door") if _installed() else "from a checkout", True
    yield "python", f"{platform.python_version()} on {platform.system()} {platform.release()}", True
    yield "sqlite", sqlite3.sqlite_version, True


def _installed() -> bool:
    return any(one.metadata["Name"] == "no-wrong-door" for one in metadata.distributions())


def _places(config: Config) -> Iterator[Fact]:
    there = config.data_dir.is_dir()
    yield "data", f"{config.data_dir}{'' if there else ' is not there yet; it is made at the first start'}", True
    if there:
        free, least = shutil.disk_usage(config.data_dir).free, config.journal.min_free_bytes
        said = f"{free / _GIB:.1f} GiB; accepting stops below {least / _GIB:.2f} GiB"
        yield "free space", said, free > 2 * least
    yield _key(config)
    token = token_file(config)
    yield "operators' token", "in the configuration" if config.health.token else f"{token} (made at the first start)", True


def _key(config: Config) -> Fact:
    key, begun = config.data_dir / "deployment.key", (config.data_dir / "journal.db").exists()
    if config.deployment_key:
        return "deployment key", "in the configuration", True
    if key.exists():
        return "deployment key", f"{key} (keep it with every backup)", True
    if begun:
        return "deployment key", f"{key} is gone. Bring it back from the backup (docs/backup.md): without it no number is known again", False
    return "deployment key", f"{key} is not there yet; it is made at the first start", True


def _journal(config: Config) -> Iterator[Fact]:
    file = config.data_dir / "journal.db"
    if not file.exists():
        yield "journal", f"{file} is not there yet; it is made at the first start", True
        return
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5.0)) as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            name, accepted, removed = db.execute("SELECT id, accepted, removed FROM journal").fetchone()
    except sqlite3.Error as error:
        yield "journal", f"{file} cannot be read ({type(error).__name__})", False
        return
    yield "journal", f"{name}, version {version} of {VERSION}; {accepted} accepted, {accepted - removed} wait for the store", version <= VERSION


async def _store(config: Config) -> list[Fact]:
    if config.store.sqlite and not config.data_dir.is_dir():
        return [("store", "is made at the first start", True)]
    store = Store(config.store.address(config.data_dir))
    try:
        async with store.snapshot() as tx:
            version = await _store_version(tx.connection)
            facts: list[Fact] = [("store", version, True)]
            if not store.sqlite:
                there = (await tx.all(sa.select(sa.func.now())))[0][0]
                skew = (datetime.now(UTC) - there).total_seconds()
                facts.append(("clock", f"{skew:+.1f} seconds from the store's", abs(skew) < _SKEW_SECONDS))
            return facts
    except StoreAway as away:
        return [("store", f"{away} Reports are accepted all the same.", False)]
    finally:
        await store.close()


async def _store_version(connection: AsyncConnection) -> str:
    if not await connection.run_sync(lambda sync: sa.inspect(sync).has_table("alembic_version")):
        return "answers; its tables are made at the first start"
    version = (await connection.execute(sa.text("SELECT version_num FROM alembic_version"))).scalar()
    return f"answers; version {version}"


def _not_configured(config: Config) -> Iterator[Fact]:
    if not config.channels:
        yield "channels", "none: nobody can write. gateway.example.toml shows one of each kind", False
    if not config.agencies and not config.routing.directory:
        yield "agencies", "none: one coordinator owns everything", True
    if not config.site.place:
        yield "site.place", "empty: the pages do not say whose service it is", True
    if not config.alerts.to:
        yield "alerts.to", "nobody: no one is told when a channel fails (docs/health.md)", True
    for name, code in unknown_regions(config).items():
        yield name, not_a_region(code), False
    if config.region is None and not config.keywords:
        yield "region", "none: reports without a place belong nowhere", True
