"""What a report costs while the store is small, and when it holds a million cases: all its rows doubled again and again, then real reports on top."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from channels import MESSAGE, Arrival
from gateway.assembly import assembled
from gateway.bench import deliveries
from gateway.bench.accepting import Tell
from gateway.bench.whole import configured
from gateway.node import Gateway
from gateway.store import tables
from gateway.store.engine import Store
from normalizer import Address

SMALL, LARGE = 10_000, 1_000_000
# Reports that are measured on top.
MEASURED = 3_000
_AT_ONCE = 500
# All that an SMS leaves in the store.
_TABLES = ("correspondents", "addresses", "cases", "case_numbers", "links", "complaint_versions", "events", "arrivals", "messages", "message_cases", "notices")
# Beside the ids: what must differ from row to row.
_TEXTS = frozenset({"number", "digest", "wire_id", "value", "to_value"})


async def growth(folder: Path, store: str, tell: Tell, *, small: int = SMALL, large: int = LARGE, measured: int = MEASURED) -> dict[str, object]:
    """Microseconds a report, from the journal to the store, with so many cases in it."""
    async with assembled(configured(folder, store)) as gateway:
        name = "sqlite" if gateway.store.sqlite else "postgresql"
        await _file(gateway, 0, small)
        few = await _file(gateway, small, measured)
        tell(f"{name}: {few:.0f} us a report with {small} cases")
        cases, k = small + measured, 0
        while cases < large:
            await _double(gateway.store, k)
            cases, k = cases * 2, k + 1
            tell(f"{name}: {cases} cases")
        many = await _file(gateway, small + measured, measured)
        tell(f"{name}: {many:.0f} us a report with {cases} cases")
    return {f"report_us_1e4_{name}": few, f"report_us_1e6_{name}": many, f"growth_1e6_{name}": many / few}


async def _file(gateway: Gateway, first: int, count: int) -> float:
    """Microseconds that each of these takes from the journal to the store; the doors are not measured here."""
    make = deliveries.webhooks()
    for start in range(first, first + count, _AT_ONCE):
        await asyncio.gather(*(_accept(gateway, make, i) for i in range(start, min(start + _AT_ONCE, first + count))))
    began = time.perf_counter()
    await gateway.intake.drain()
    return (time.perf_counter() - began) * 1e6 / count


async def _accept(gateway: Gateway, make: deliveries.Make, i: int) -> None:
    raw = make(i).partition(b"\r\n\r\n")[2]
    await gateway.inlets["sms"].receive(Arrival("sms", MESSAGE, f"SM{i:032x}", raw, datetime.now(UTC), Address("sms", f"+62812{i:08d}"), {}))


async def _double(store: Store, k: int) -> None:
    """Everything once more; what the k-th doubling makes differs from all before in the k-th place of its ids."""
    async with store.transaction() as tx:
        for name in _TABLES:
            table: sa.Table = getattr(tables, name)
            columns = ", ".join(f'"{column.name}"' for column in table.columns)
            others = ", ".join(_other(column, k, sqlite=store.sqlite) for column in table.columns)
            await tx.run(sa.text(f"INSERT INTO {name} ({columns}) SELECT {others} FROM {name}"))  # noqa: S608  # names of our own tables
    async with store.transaction() as tx:
        # As the databases do by themselves after a while.
        await tx.run(sa.text("ANALYZE"))


def _other(column: sa.Column[object], k: int, *, sqlite: bool) -> str:
    name = f'"{column.name}"'
    if isinstance(column.type, sa.Uuid):
        text = name if sqlite else f"replace({name}::text, '-', '')"
        other = f"CASE substr({text}, {k + 1}, 1) WHEN 'f' THEN '0' ELSE 'f' END"
        whole = f"substr({text}, 1, {k}) || {other} || substr({text}, {k + 2})"
        return whole if sqlite else f"({whole})::uuid"
    if column.name in _TEXTS:
        return f"'{chr(ord('a') + k)}' || {name}"
    if column.name == "seq":
        return f"{name} + {10**7 * 2**k}"
    return name
