"""PostgreSQL's own copy of the store (pg_dump), of a moment at which nothing moved from any journal into it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import sqlalchemy as sa

from gateway.store.engine import Store


class NoDump(Exception):
    """pg_dump did not do it: a sentence for the operator."""


async def snapshot(address: str, looking: AsyncExitStack, meanwhile: Callable[[], None]) -> str:
    """Its name for pg_dump; good until `looking` ends. `meanwhile` is called while nothing can be handed over. Raises StoreAway."""
    store = Store(address)
    looking.push_async_callback(store.close)
    async with store.transaction() as lock:
        # Each handing over writes there, in its one transaction; who only reads is not kept waiting (PostgreSQL, "Explicit Locking").
        await lock.run(sa.text("LOCK TABLE journals IN SHARE MODE"))
        look = await looking.enter_async_context(store.snapshot())
        await look.run(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        name = str((await look.all(sa.text("SELECT pg_export_snapshot()")))[0][0])
        meanwhile()
    return name


async def write(address: str, name: str, file: Path) -> None:
    """In pg_dump's own format. Raises NoDump with what pg_dump said."""
    command = ("pg_dump", "--format=custom", "--no-password", f"--snapshot={name}", f"--file={file}")
    try:
        dumping = await asyncio.create_subprocess_exec(*command, env=surroundings(address), stderr=asyncio.subprocess.PIPE)
    except FileNotFoundError as error:
        raise NoDump("pg_dump is not installed. Install postgresql-client, or copy the store by your own means and say --without-store.") from error
    _, said = await dumping.communicate()
    if dumping.returncode:
        lines = said.decode(errors="replace").strip().splitlines() or ["it did not say why"]
        raise NoDump(f"pg_dump failed: {lines[0].removeprefix('pg_dump: ').removeprefix('error: ')}")


def surroundings(address: str) -> dict[str, str]:
    """The address as libpq reads it from the environment, where no list of processes shows the password.

    >>> found = surroundings("postgresql+asyncpg://gateway:rahasia@db:5433/lapor?ssl=require")
    >>> [found[name] for name in ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSSLMODE")]
    ['db', '5433', 'gateway', 'rahasia', 'lapor', 'require']
    """
    url = sa.make_url(address)
    # asyncpg's names in the address; a socket's folder stands there as the host.
    said = {
        "PGHOST": url.host or url.query.get("host"),
        "PGPORT": url.port or url.query.get("port"),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        "PGSSLMODE": url.query.get("ssl"),
    }
    return {**os.environ, **{name: str(value) for name, value in said.items() if value}}
