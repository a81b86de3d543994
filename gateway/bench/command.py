"""`./run bench`: the numbers, as ratios where a machine's speed does not matter; medians of turns that take each other's places."""

from __future__ import annotations

import asyncio
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from gateway.bench import deliveries
from gateway.bench.processes import Turn, Variant, load, variant
from gateway.bench.variants import NAMES
from gateway.commands.console import AsJson, say_json
from gateway.demo.twilio import Twilio
from gateway.store.engine import Store
from gateway.store.outgoing import WAITING
from gateway.store.tables import arrivals, notices

_TURN_SECONDS = 2.0
# More than the fastest variant answers in one turn.
_PER_TURN = 25_000
Quick = Annotated[bool, typer.Option("--quick", help="The main numbers, in about a minute.")]


def bench(quick: Quick = False, as_json: AsJson = False) -> None:  # noqa: FBT002  # options
    """Measure accepting, the way to the acknowledgement, and memory, as ratios in one run. Example: ./run bench --quick"""
    tell = (lambda _: None) if as_json else _tell
    found = asyncio.run(_measure(tell, quick=quick))
    if as_json:
        say_json(found)
        return
    for name, value in found.items():
        typer.echo(f"{name:24} {value:>12.2f}" if isinstance(value, float) else f"{name:24} {value:>12}")


def _tell(words: str) -> None:
    typer.secho(words, err=True, dim=True)


async def _measure(tell: Callable[[str], None], *, quick: bool) -> dict[str, object]:
    found: dict[str, object] = {"machine": f"{os.cpu_count()} x {platform.machine()}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        for connections in (16,) if quick else (1, 16, 64, 256):
            found |= await _accepting(folder / f"c{connections}", connections, 3 if quick else 5, tell, suffix="" if connections == 16 else f"_{connections}")  # noqa: PLR2004  # the usual one
        found |= await _whole_way(folder / "e2e", 10_000 if quick else 100_000, tell)
    bare = found["bare_per_s"]
    assert isinstance(bare, float)  # noqa: S101  # _accepting() measured it
    found["e2e_vs_bare"] = float(str(found["e2e_per_s"])) / bare
    return found


async def _accepting(folder: Path, connections: int, turns: int, tell: Callable[[str], None], suffix: str) -> dict[str, object]:
    """The variants of the way in, intake paused."""
    took: dict[str, list[Turn]] = {name: [] for name in NAMES}
    async with AsyncExitStack() as stack:
        those = [await stack.enter_async_context(variant(name, folder / name)) for name in NAMES]
        for turn in range(turns + 1):
            file = folder / "deliveries"
            deliveries.write(file, turn * _PER_TURN, _PER_TURN)
            for one in those:
                done = await load(one, connections, _TURN_SECONDS if turn else 0.5, file)
                if done.refused:
                    raise AssertionError(f"{one.name} refused {done.refused}")
                # The first turn warms up.
                took[one.name] += [done] if turn else []
                tell(f"{connections:4} connections, turn {turn}: {one.name:8} {done.per_second:8.0f}/s  p99 {done.p99_ms:6.1f} ms  {done.cpu_us:6.0f} us CPU")
    rate = {name: statistics.median(turn.per_second for turn in some) for name, some in took.items()}
    cpu = {name: statistics.median(turn.cpu_us for turn in some) for name, some in took.items()}
    spread = max(max(turn.per_second for turn in some) / min(turn.per_second for turn in some) for some in took.values())
    return {
        f"bare_per_s{suffix}": rate["bare"],
        f"accept_per_s{suffix}": rate["journal"],
        f"accept_vs_bare{suffix}": rate["journal"] / rate["bare"],
        f"handler_vs_bare{suffix}": rate["handler"] / rate["bare"],
        f"each_vs_journal{suffix}": rate["each"] / rate["journal"],
        f"journal_cpu_vs_bare{suffix}": (cpu["journal"] - cpu["handler"]) / cpu["bare"],
        f"accept_p99_ms{suffix}": statistics.median(turn.p99_ms for turn in took["journal"]),
        f"spread{suffix}": spread,
    }


async def _whole_way(folder: Path, reports: int, tell: Callable[[str], None]) -> dict[str, object]:
    """A whole gateway on SQLite with a provider on loopback: idle, then as fast as it takes reports, then at half of that."""
    twilio = Twilio(deliveries.ACCOUNT, deliveries.TOKEN)
    twilio.delivery = ()
    async with twilio.serve() as api, variant("serve", folder, api) as gateway:
        store = Store(f"sqlite+aiosqlite:///{folder / 'data' / 'store.db'}")
        try:
            return await _all_of(gateway, store, folder / "deliveries", reports, tell)
        finally:
            await store.close()


async def _all_of(gateway: Variant, store: Store, file: Path, reports: int, tell: Callable[[str], None]) -> dict[str, object]:
    await asyncio.sleep(2)
    idle_mib = gateway.pss_mib()
    deliveries.write(file, 0, 50)
    await load(gateway, 1, 20, file, per_second=10)
    await _until_stored(store, 50)
    idle = [ms for ms in await _latencies(store, 0) if ms]
    tell(f"idle: {statistics.median(idle):.1f} ms from received to the acknowledgement stored")
    deliveries.write(file, 10**6, reports)
    cpu, began = gateway.cpu_seconds(), time.monotonic()
    accepted = await load(gateway, 64, 600, file)
    await _until_stored(store, 50 + accepted.count)
    seconds = time.monotonic() - began
    cpu_us = (gateway.cpu_seconds() - cpu) * 1e6 / accepted.count
    tell(f"{accepted.count} reports: accepted at {accepted.per_second:.0f}/s, stored after {seconds:.1f} s")
    per_s = accepted.count / seconds
    # The provider's part of it; what follows is measured when nothing is left over.
    await _until_sent(store)
    sent_per_s = accepted.count / (time.monotonic() - began)
    tell(f"all sent after {time.monotonic() - began:.1f} s")
    deliveries.write(file, 10**8, max(500, int(per_s * 5)))
    await load(gateway, 16, 5, file, per_second=per_s / 2)
    await _until_stored(store, 50 + accepted.count + 1)
    await asyncio.sleep(2)
    loaded = sorted(await _latencies(store, 50 + accepted.count))
    return {
        "e2e_per_s": per_s,
        "sent_per_s": sent_per_s,
        "ack_idle_p50_ms": statistics.median(idle),
        "ack_p99_ms": loaded[int(len(loaded) * 0.99) - 1] if loaded else float("nan"),
        "cpu_us_per_report": cpu_us,
        "rss_idle_mb": idle_mib,
        "rss_loaded_mb": gateway.pss_mib(),
        "reports": accepted.count,
    }


async def _until_stored(store: Store, count: int) -> None:
    while await _count(store) < count:  # noqa: ASYNC110  # another process has no bell for us
        await asyncio.sleep(0.2)


async def _until_sent(store: Store) -> None:
    waiting = sa.select(sa.func.count()).select_from(notices).where(notices.c.state.in_(WAITING))
    while True:
        async with store.snapshot() as tx:
            if not (await tx.all(waiting))[0][0]:
                return
        await asyncio.sleep(0.5)


async def _count(store: Store) -> int:
    async with store.snapshot() as tx:
        return int((await tx.all(sa.select(sa.func.count()).select_from(notices)))[0][0])


async def _latencies(store: Store, after: int) -> list[float]:
    """Milliseconds from received to the acknowledgement stored, of all behind the first `after`."""
    statement = sa.select(arrivals.c.received_at, notices.c.made_at).join(notices, notices.c.case == arrivals.c.case).order_by(arrivals.c.seq).offset(after)
    async with store.snapshot() as tx:
        rows: list[tuple[datetime, datetime]] = [(row.received_at, row.made_at) for row in await tx.all(statement)]
    return [(made - received).total_seconds() * 1000 for received, made in rows]


if sys.platform != "linux":
    raise SystemExit("The bench reads /proc: it runs on Linux.")
