"""Processes that are measured, and what /proc says of them (proc(5)). Linux only."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.bench import whole

_ROOT = Path(__file__).resolve().parent.parent.parent
_TICKS = os.sysconf("SC_CLK_TCK")
_MIB_IN_KIB = 1024
SQLITE = "sqlite+aiosqlite:///store.db"


@dataclass(frozen=True, slots=True)
class Variant:
    """One that serves."""

    name: str
    pid: int
    port: int
    folder: Path

    def cpu_seconds(self) -> float:
        """Of it and its children, since they began."""
        return sum(_cpu(pid) for pid in family(self.pid))

    def pss_mib(self) -> float:
        """What it and its children hold; what they share is counted once."""
        return sum(_pss_kib(pid) for pid in family(self.pid)) / _MIB_IN_KIB


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of load on one variant."""

    per_second: float
    p50_ms: float
    p99_ms: float
    count: int
    refused: int
    # CPU of the variant for one request.
    cpu_us: float


@asynccontextmanager
async def variant(name: str, folder: Path, api: str = "http://127.0.0.1:9", store: str = SQLITE) -> AsyncIterator[Variant]:
    """Until the block ends."""
    module = "gateway.bench.whole" if name in whole.NAMES else "gateway.bench.variants"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, name, str(folder), api, store), stdout=asyncio.subprocess.PIPE, env=_environment()
    )
    assert process.stdout is not None  # noqa: S101  # asked for above
    try:
        port = int(await process.stdout.readline())
        yield Variant(name, process.pid, port, folder)
    finally:
        process.kill()
        await process.wait()


async def load(target: Variant, connections: int, seconds: float, deliveries: Path, per_second: float = 0.0) -> Turn:
    """Ask it for so long, or until the deliveries are used up."""
    before = target.cpu_seconds()
    arguments = [str(target.port), str(connections), str(seconds), str(deliveries), *([str(per_second)] if per_second else [])]
    client = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway.bench.client", *arguments), stdout=asyncio.subprocess.PIPE, env=_environment()
    )
    said, _ = await client.communicate()
    done = json.loads(said)
    cpu = (target.cpu_seconds() - before) * 1e6 / max(1, done["count"])
    return Turn(done["per_second"], done["p50_ms"], done["p99_ms"], done["count"], done["refused"], cpu)


def family(pid: int) -> list[int]:
    """A process and all that it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        return [pid, *(grand for child in children.read_text().split() for grand in family(int(child)))]
    except OSError:
        return [pid]


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _pss_kib(pid: int) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(_ROOT)}
