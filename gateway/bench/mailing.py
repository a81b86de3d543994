"""How fast mail is taken in, beside a Postfix that queues and discards it, in turns; and how fast it is acknowledged. With Postfix's own smtp-source."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from gateway.bench import known
from gateway.bench.accepting import Tell
from gateway.bench.postfix import can_run, postfix
from gateway.bench.processes import SQLITE, variant
from gateway.bench.whole_way import until_stored
from gateway.demo.post_office import PostOffice
from gateway.store.engine import Store

# As many connections and octets as the goal was measured with.
_SOURCE = ("smtp-source", "-s", "20", "-l", "2000", "-f", "warga@contoh.example", "-t", known.MAILBOX)


async def mail(folder: Path, turns: int, mails: int, tell: Tell) -> dict[str, object]:
    """Mails a second that are durable here, over those that are in Postfix's queue; and those that are acknowledged."""
    if not can_run():
        tell("mail is not measured: that needs root, and the package postfix")
        return {}
    ours: dict[bool, list[float]] = {False: [], True: []}
    theirs: dict[bool, list[float]] = {False: [], True: []}
    with postfix(default_transport="discard", relay_transport="discard") as other:
        async with variant("smtp", folder / "smtp") as door:
            for turn in range(turns):
                for reused in (False, True):
                    ours[reused].append(await _per_second(door.port, mails, reused=reused))
                    theirs[reused].append(await _per_second(other.port, mails, reused=reused))
                    tell(f"smtp, turn {turn}, {'reused' if reused else 'fresh '} connections: {ours[reused][-1]:6.0f}/s, Postfix {theirs[reused][-1]:6.0f}/s")
    return {
        "smtp_per_s": statistics.median(ours[False]),
        "smtp_vs_postfix": _ratio(ours[False], theirs[False]),
        "smtp_reused_vs_postfix": _ratio(ours[True], theirs[True]),
        "mail_e2e_per_s": await _acknowledged(folder / "mail", 2 * mails, tell),
    }


async def _acknowledged(folder: Path, mails: int, tell: Tell) -> float:
    async with PostOffice().serve() as relay, variant("mail", folder, relay) as gateway:
        store = Store(f"{SQLITE.removesuffix('store.db')}{folder / 'data' / 'store.db'}")
        try:
            await until_stored(store, 0)
            began = time.monotonic()
            await _per_second(gateway.port, mails, reused=True)
            await until_stored(store, mails)
            seconds = time.monotonic() - began
        finally:
            await store.close()
    tell(f"{mails} mails: acknowledgements stored after {seconds:.1f} s")
    return mails / seconds


async def _per_second(port: int, mails: int, *, reused: bool) -> float:
    began = time.monotonic()
    source = await asyncio.create_subprocess_exec(*_SOURCE, "-m", str(mails), *(["-d"] if reused else []), f"127.0.0.1:{port}")
    if await source.wait():
        raise AssertionError("smtp-source was refused")
    return mails / (time.monotonic() - began)


def _ratio(some: Sequence[float], others: Sequence[float]) -> float:
    return statistics.median(some) / statistics.median(others)
