"""`./run bench`: the numbers, as ratios where a machine's speed does not matter; medians of turns that take each other's places."""

from __future__ import annotations

import asyncio
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from gateway.bench import accepting, mailing, watching, whole_way
from gateway.bench.growth import growth
from gateway.bench.processes import SQLITE
from gateway.bench.understanding import understanding
from gateway.commands.console import AsJson, fail, say_json

# As everybody measures it; the others only in the long run.
_CONNECTIONS = 16
_OTHERS = (1, 64, 256)
# How long the steady load lasts.
_QUICK_SECONDS, _LONG_SECONDS = 4.0, 15.0
Quick = Annotated[bool, typer.Option("--quick", help="The main numbers, in about a minute.")]
Postgres = Annotated[str | None, typer.Option("--postgresql", metavar="URL", help="An empty database, to measure growth there, too (postgresql+asyncpg://…).")]


def bench(quick: Quick = False, as_json: AsJson = False, postgresql: Postgres = None) -> None:  # noqa: FBT002  # options
    """Measure accepting, the way to the acknowledgement, understanding, and memory, as ratios in one run. Example: ./run bench --quick"""
    if sys.platform != "linux":
        fail("The bench reads /proc: it runs on Linux.")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        found = asyncio.run(_quick(Path(folder)) if quick else _long(Path(folder), postgresql))
    found = {"machine": _machine(), **found, **understanding(_tell), "seconds": round(time.monotonic() - began, 1)}
    if as_json:
        say_json(found)
        return
    for name, value in found.items():
        typer.echo(f"{name:28} {value:>12.2f}" if isinstance(value, float) else f"{name:28} {value:>12}")


def _tell(words: str) -> None:
    typer.secho(words, err=True, dim=True)


async def _quick(folder: Path) -> dict[str, object]:
    found = await accepting.webhooks(folder / "accepting", _CONNECTIONS, 3, _tell, each=False)
    found |= await whole_way.burst(folder / "burst", 10_000, _tell)
    found |= await whole_way.loaded(folder / "loaded", _number(found, "e2e_per_s") / 2, _QUICK_SECONDS, _tell)
    found |= await mailing.mail(folder / "mail", 3, 500, _tell)
    return found | {"e2e_vs_bare": _number(found, "e2e_per_s") / _number(found, "bare_per_s")}


async def _long(folder: Path, postgresql: str | None) -> dict[str, object]:
    found = await accepting.webhooks(folder / "accepting", _CONNECTIONS, 5, _tell)
    for connections in _OTHERS:
        some = await accepting.webhooks(folder / f"accepting-{connections}", connections, 5, _tell)
        found |= {f"{name}_{connections}": value for name, value in some.items() if name.startswith(("accept", "bare_per", "journal"))}
    found |= await accepting.forms(folder / "forms", _CONNECTIONS, 5, _tell)
    for connections in (_CONNECTIONS, *_OTHERS):
        some = await whole_way.running(folder / f"running-{connections}", connections, 3, _tell)
        found |= {f"{name}_{connections}": value for name, value in some.items()}
    found |= await whole_way.away(folder / "away", _tell)
    found |= await watching.pages(folder / "watching", _CONNECTIONS, 5, _tell)
    found |= await whole_way.burst(folder / "burst", 100_000, _tell)
    found |= await whole_way.loaded(folder / "loaded", _number(found, "e2e_per_s") / 2, _LONG_SECONDS, _tell)
    found |= await mailing.mail(folder / "mail", 5, 5_000, _tell)
    found |= await growth(folder / "growth", SQLITE, _tell)
    found["growth_1e6"] = found["growth_1e6_sqlite"]
    if postgresql:
        found |= await growth(folder / "growth-postgresql", postgresql, _tell)
    return found | {"e2e_vs_bare": _number(found, "e2e_per_s") / _number(found, "bare_per_s")}


def _number(found: dict[str, object], name: str) -> float:
    return float(str(found[name]))


def _machine() -> str:
    processor = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    return f"{os.cpu_count()} x {platform.machine()} ({processor}), Python {platform.python_version()}, load {os.getloadavg()[0]:.1f} before"
