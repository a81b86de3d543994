"""What befalls the nodes: each fault is a block that breaks something when it is entered and mends it when it is left; several may overlap."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from gateway.torture import disks
from gateway.torture.nodes import Node
from gateway.torture.stores import TorturedStore
from gateway.torture.town import FarEndFault

# How long one lasts, a few of them long enough for every time-out of ours, but no longer than a part of the run. Seconds.
_LASTS, _LASTS_LONG = (0.3, 9.0), (9.0, 45.0)
_LONG_ONES, _LONGEST_PART = 0.1, 0.25
# How long after it began the next one begins; now and then they have time to recover. Seconds.
_GAP, _CALM = (0.3, 5.0), (5.0, 15.0)
_CALMS = 0.25
# How wrong a clock may be, either way, in seconds. Less than the day after which files are swept: their times are the machine's, which nobody puts.
_WRONG = (20, 45, 90, 600, 3600, 6 * 3600, 11 * 3600)
# No file may be longer than this; 0: no byte can be written.
_LONGEST_FILE = (0, 4096, 256 * 1024)


@dataclass(slots=True)
class Scene:
    """All that can be broken."""

    nodes: Sequence[Node]
    store: TorturedStore
    chance: random.Random
    # The node whose disk is a small one; None: there is none.
    on_small_disk: Node | None = None
    # What can befall the far ends of the ways in, by name.
    far_ends: dict[str, FarEndFault] = field(default_factory=dict)
    # How often what befell them.
    befell: Counter[str] = field(default_factory=Counter)


Fault = Callable[[Scene], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def _killed(scene: Scene) -> AsyncIterator[None]:
    node = scene.chance.choice(scene.nodes)
    await node.kill()
    try:
        yield
    finally:
        await node.start()


@asynccontextmanager
async def _killed_and_back(scene: Scene) -> AsyncIterator[None]:
    """At once, and perhaps again while it starts."""
    node = scene.chance.choice(scene.nodes)
    for _ in range(scene.chance.randint(1, 3)):
        await node.kill()
        await node.start()
        await asyncio.sleep(scene.chance.uniform(0.0, 1.5))
    yield


@asynccontextmanager
async def _stopped(scene: Scene) -> AsyncIterator[None]:
    node = scene.chance.choice(scene.nodes)
    node.stop()
    try:
        yield
    finally:
        node.go_on()


@asynccontextmanager
async def _store_away(scene: Scene) -> AsyncIterator[None]:
    async with scene.store.away():
        yield


@asynccontextmanager
async def _disk_full(scene: Scene) -> AsyncIterator[None]:
    node = scene.on_small_disk
    if node is None:
        raise AssertionError("no disk to fill")
    # To the last byte, or so that it should refuse well before.
    with node.cramped():
        await asyncio.to_thread(disks.fill, node.data, scene.chance.choice((0, disks.MIN_FREE_BYTES // 2)))
        try:
            yield
        finally:
            disks.empty(node.data)


@asynccontextmanager
async def _files_may_not_grow(scene: Scene) -> AsyncIterator[None]:
    node = scene.chance.choice(scene.nodes)
    with node.cramped():
        node.limit_files(scene.chance.choice(_LONGEST_FILE))
        try:
            yield
        finally:
            node.limit_files(None)


@asynccontextmanager
async def _clock_wrong(scene: Scene) -> AsyncIterator[None]:
    node = scene.chance.choice(scene.nodes)
    node.put_clock(scene.chance.choice(_WRONG) * scene.chance.choice((-1, 1)))
    try:
        yield
    finally:
        node.put_clock(0)


FAULTS: dict[str, Fault] = {
    "kill -9": _killed,
    "kill -9 at the start": _killed_and_back,
    "SIGSTOP": _stopped,
    "store away": _store_away,
    "disk full": _disk_full,
    "files may not grow": _files_may_not_grow,
    "clock wrong": _clock_wrong,
}


def possible(scene: Scene) -> dict[str, Fault]:
    """All but what this machine does not allow, and what can befall the far ends."""
    ours = {name: fault for name, fault in FAULTS.items() if name != "disk full" or scene.on_small_disk}
    return ours | {name: partial(_at_the_far_end, fault) for name, fault in scene.far_ends.items()}


def _at_the_far_end(fault: FarEndFault, scene: Scene) -> AbstractAsyncContextManager[None]:
    return fault(scene.chance)


async def befall(scene: Scene, seconds: float) -> None:
    """One after the other in an order that is drawn anew each round, some overlapping; returns when all are mended."""
    until = time.monotonic() + seconds
    going: dict[str, asyncio.Task[None]] = {}
    faults = possible(scene)
    async with asyncio.TaskGroup() as tasks:
        while True:
            for name in scene.chance.sample(list(faults), len(faults)):
                if time.monotonic() > until:
                    return
                # The same thing cannot break twice.
                if name not in going or going[name].done():
                    lasts = scene.chance.uniform(*(_LASTS_LONG if scene.chance.random() < _LONG_ONES else _LASTS))
                    most = min(seconds * _LONGEST_PART, until - time.monotonic())
                    going[name] = tasks.create_task(_one(scene, name, faults[name], max(0.1, min(lasts, most))), name=name)
                gap = scene.chance.uniform(*(_CALM if scene.chance.random() < _CALMS else _GAP))
                await asyncio.sleep(max(0.1, min(gap, until - time.monotonic())))


async def _one(scene: Scene, name: str, fault: Fault, seconds: float) -> None:
    scene.befell[name] += 1
    async with fault(scene):
        await asyncio.sleep(seconds)
