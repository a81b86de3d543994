"""The whole way: from the webhook to the acknowledgement that the store has, and what a gateway holds of memory meanwhile."""

from __future__ import annotations

import asyncio
import bisect
import sqlite3
import statistics
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from gateway.bench import accepting, deliveries, known
from gateway.bench.accepting import Tell
from gateway.bench.processes import SQLITE, Turn, Variant, load, variant
from gateway.demo.twilio import Twilio
from gateway.store.engine import Store, StoreAway
from gateway.store.tables import notices

_IDLE_REPORTS = 50
# A second; slow enough for each to be alone.
_IDLE_RATE = 25
# How often the store is looked into. Seconds.
_LOOK_SECONDS = 0.002


@dataclass(frozen=True, slots=True)
class Place:
    """A gateway that runs, with a provider on loopback that takes everything, and a look at its store."""

    gateway: Variant
    store: Store
    folder: Path

    @property
    def file(self) -> Path:
        """Where deliveries for the client lie."""
        return self.folder / "deliveries"


@asynccontextmanager
async def a_gateway(folder: Path, store: str = SQLITE) -> AsyncIterator[Place]:
    """Until the block ends."""
    twilio = Twilio(known.ACCOUNT, known.TOKEN)
    twilio.delivery = ()
    async with twilio.serve() as api, variant("serve", folder, api, store) as gateway:
        looking = Store(store if store != SQLITE else f"sqlite+aiosqlite:///{folder / 'data' / 'store.db'}")
        try:
            await until_stored(looking, 0)
            yield Place(gateway, looking, folder)
        finally:
            await looking.close()


async def burst(folder: Path, reports: int, tell: Tell) -> dict[str, object]:
    """As many as it takes, as fast as it takes them; memory before and after."""
    async with a_gateway(folder) as place:
        idle = await _idle(place, tell)
        memory = place.gateway.pss_mib()
        deliveries.write(place.file, 10**6, reports)
        cpu, began = place.gateway.cpu_seconds(), time.monotonic()
        accepted = await load(place.gateway, 64, 600, place.file)
        await until_stored(place.store, _IDLE_REPORTS + accepted.count)
        seconds = time.monotonic() - began
        cpu_us = (place.gateway.cpu_seconds() - cpu) * 1e6 / accepted.count
        tell(f"{accepted.count} reports: accepted at {accepted.per_second:.0f}/s, stored after {seconds:.1f} s")
        return {
            **idle,
            "e2e_per_s": accepted.count / seconds,
            "cpu_us_per_report": cpu_us,
            "rss_idle_mb": memory,
            "rss_loaded_mb": place.gateway.pss_mib(),
            "reports": accepted.count,
        }


async def loaded(folder: Path, per_second: float, seconds: float, tell: Tell) -> dict[str, object]:
    """A fresh gateway that is given half of what it can do, for so long: from received to the acknowledgement stored."""
    async with a_gateway(folder) as place:
        # What it does at its start is not part of it.
        deliveries.write(place.file, 0, _IDLE_REPORTS)
        await load(place.gateway, 4, 30, place.file)
        await until_stored(place.store, _IDLE_REPORTS)
        deliveries.write(place.file, 10**8, int(per_second * seconds))
        async with _watched(place) as seen:
            steady = await load(place.gateway, 16, seconds * 2, place.file, per_second=per_second)
            await until_stored(place.store, _IDLE_REPORTS + steady.count)
        took = sorted(_latencies(place, seen, _IDLE_REPORTS))
    p99 = took[int(len(took) * 0.99) - 1]
    tell(f"at {steady.per_second:.0f}/s: acknowledged after {statistics.median(took):.0f} ms, p99 {p99:.0f} ms")
    return {"loaded_per_s": steady.per_second, "ack_p50_ms": statistics.median(took), "ack_p99_ms": p99}


async def running(folder: Path, connections: int, turns: int, tell: Tell) -> dict[str, object]:
    """What the door takes while intake works."""
    async with a_gateway(folder) as place:
        return await accepting.beside(folder, place.gateway, connections, turns, tell)


async def away(folder: Path, tell: Tell) -> dict[str, object]:
    """What the door takes while the store is there and while it is locked away, in turns."""
    there: list[Turn] = []
    gone: list[Turn] = []
    async with a_gateway(folder) as place:
        await _idle(place, tell)
        for turn in range(6):
            deliveries.write(place.file, 10**9 + turn * 20_000, 20_000)
            if turn % 2:
                with closing(sqlite3.connect(folder / "data" / "store.db", isolation_level=None, timeout=30)) as db:
                    db.execute("BEGIN EXCLUSIVE")
                    gone.append(await load(place.gateway, 16, accepting.TURN_SECONDS, place.file))
            else:
                there.append(await load(place.gateway, 16, accepting.TURN_SECONDS, place.file))
    normal, stopped = (statistics.median(turn.per_second for turn in some) for some in (there, gone))
    tell(f"store there: {normal:.0f}/s; locked away: {stopped:.0f}/s")
    return {"store_stopped_vs_normal": stopped / normal, "store_stopped_refused": sum(turn.refused for turn in gone)}


async def _idle(place: Place, tell: Tell) -> dict[str, object]:
    deliveries.write(place.file, 0, _IDLE_REPORTS)
    async with _watched(place) as seen:
        await load(place.gateway, 1, 30, place.file, per_second=_IDLE_RATE)
        await until_stored(place.store, _IDLE_REPORTS)
    median = statistics.median(_latencies(place, seen, 0))
    tell(f"idle: {median:.1f} ms from received to the acknowledgement stored")
    return {"ack_idle_p50_ms": median}


async def until_stored(store: Store, count: int) -> None:
    """So many acknowledgements."""
    while True:
        # At the start there are no tables yet.
        with suppress(StoreAway):
            async with store.snapshot() as tx:
                if (await tx.all(sa.select(sa.func.count()).select_from(notices)))[0][0] >= count:
                    return
        await asyncio.sleep(0.1)


# When how many acknowledgements were first seen in the store: (seconds since 1970, rowid of the last).
_Seen = list[tuple[float, int]]


@asynccontextmanager
async def _watched(place: Place) -> AsyncIterator[_Seen]:
    """Look into the store again and again, as somebody else: only what was committed is seen."""
    seen: _Seen = []
    ended = threading.Event()

    def watch() -> None:
        with closing(sqlite3.connect(f"file:{place.folder / 'data' / 'store.db'}?mode=ro", uri=True, isolation_level=None)) as db:
            while not ended.wait(_LOOK_SECONDS):
                last = db.execute("SELECT max(rowid) FROM notices").fetchone()[0]
                if last is not None and (not seen or last > seen[-1][1]):
                    seen.append((time.time(), last))

    watching = asyncio.create_task(asyncio.to_thread(watch))
    try:
        yield seen
        # The last ones, too.
        await asyncio.sleep(10 * _LOOK_SECONDS)
    finally:
        ended.set()
        await watching


def _latencies(place: Place, seen: _Seen, after: int) -> list[float]:
    """Milliseconds from received until the acknowledgement was committed, of all behind the first `after`; as exact as we looked often."""
    statement = """SELECT notices.rowid, arrivals.received_at FROM notices JOIN arrivals ON arrivals."case" = notices."case" WHERE notices.rowid > ?"""
    with closing(sqlite3.connect(f"file:{place.folder / 'data' / 'store.db'}?mode=ro", uri=True)) as db:
        rows = db.execute(statement, (after,)).fetchall()
    ends = [last for _, last in seen]
    return [(seen[bisect.bisect_left(ends, rowid)][0] - datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()) * 1000 for rowid, at in rows]
