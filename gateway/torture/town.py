"""The load: citizens who write by all ways in at rates that rise and fall, and senders who try again until a node has said yes."""

from __future__ import annotations

import asyncio
import io
import itertools
import random
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

import aiohttp
from PIL import Image

from gateway.torture.ledger import Ledger
from gateway.torture.nodes import Node, Said

# Deliveries a second, all ways in together, when the tide is middling.
_PER_SECOND = 12.0
# How much more or less it may be, and for how long. Seconds.
_TIDES, _TIDE_SECONDS = (0.1, 0.5, 1.0, 1.0, 2.0, 4.0), (2.0, 10.0)
# Citizens at the same time, and what one of them writes.
_CITIZENS = 48
_MOST_REPORTS = 8
# How long senders wait for an answer: a phone in a hurry, a browser, a provider (Twilio: 15 s). Seconds.
PATIENCES = (1.5, 5.0, 15.0)
# Between a refusal and the next try. Seconds.
_PAUSE = (0.1, 2.0)
# Words that stand in every report, and must stand in no log.
MARK = "lapuk"
# As all acknowledgements of the catalogues say, and nothing else of ours.
_ACKNOWLEDGES = re.compile(r"kami terima|We have your report|We have received")
# How often somebody who reported before only adds to that.
FOLLOWS = 0.25
_WORDS = (
    "Jembatan lapuk di dekat pasar Waru, sepeda motor tidak bisa lewat",
    "Pagar sekolah lapuk dan hampir roboh di Desa Giri Mukti",
    "Tiang listrik lapuk di pinggir jalan poros Sotek, tolong diperiksa",
    "The wooden jetty is rotten (lapuk) and children play on it",
)


# Breaks it when it is entered and mends it when it is left.
FarEndFault = Callable[[random.Random], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Means:
    """What every way in is handed."""

    nodes: Sequence[Node]
    ledger: Ledger
    session: aiohttp.ClientSession
    # Something to do beside, or later, before the end.
    also: Callable[[Coroutine[None, None, None]], None]


class Wire(Protocol):
    """A way in under torture. What must be true of a delivery afterwards, it writes into the ledger with it; gateway/torture/verdict.py looks."""

    def block(self, node: Node) -> str:
        """Its block of this node's configuration, once its far end is there."""

    @property
    def secrets(self) -> Mapping[str, str]:
        """What that block takes from the environment."""

    @property
    def share(self) -> float:
        """How much of the load is its own, against the others'."""

    @property
    def faults(self) -> Mapping[str, FarEndFault]:
        """What can befall its far end, by name."""

    @property
    def unsaid(self) -> int:
        """How much its far end has yet to begin to say."""

    def open(self) -> AbstractAsyncContextManager[None]:
        """Its far end is there until the block ends."""

    async def deliver(self, who: int, turn: int, chance: random.Random) -> None:
        """The citizen's next report; returns when a node has said yes."""

    def heard(self) -> Counter[tuple[str, str]]:
        """What came back to people by it: (address, tracking number), and how often."""


class Town:
    """All who write."""

    def __init__(self, wires: Mapping[str, Wire], seed: int) -> None:
        self._wires = wires
        self._seed = seed
        self._chance = random.Random(f"{seed} tide")  # noqa: S311  # not a secret
        self._citizens = itertools.count()
        self._tide = 1.0
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Nobody begins another report."""
        self._closing.set()

    async def live(self) -> None:
        """Until it is closed and each report that was begun has been answered."""
        async with asyncio.TaskGroup() as people:
            people.create_task(self._tides())
            for place in range(_CITIZENS):
                people.create_task(self._house(place))

    async def _house(self, place: int) -> None:
        """One citizen after another; each writes several reports, one after the other."""
        chance = random.Random(f"{self._seed} house {place}")  # noqa: S311  # not a secret
        names, shares = list(self._wires), [wire.share for wire in self._wires.values()]
        while not self._closing.is_set():
            who, wire = next(self._citizens), self._wires[chance.choices(names, shares)[0]]
            for turn in range(chance.randint(1, _MOST_REPORTS)):
                await self._pause(chance.expovariate(_PER_SECOND * self._tide / _CITIZENS))
                if self._closing.is_set():
                    return
                await wire.deliver(who, turn, chance)

    async def _tides(self) -> None:
        while not self._closing.is_set():
            self._tide = self._chance.choice(_TIDES)
            await self._pause(self._chance.uniform(*_TIDE_SECONDS))

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return


@dataclass(frozen=True, slots=True)
class Manners:
    """How the doors of a protocol speak to senders with whom nothing is wrong."""

    yes: int
    # Not now.
    later: frozenset[int]
    # The header that says when to come again; empty: the protocol has none.
    when: str = ""


# RFC 9110, sections 15.3.1 and 15.6.4.
HTTP = Manners(200, frozenset({503}), "Retry-After")


async def insist(
    means: Means, chance: random.Random, attempt: Callable[[Node, int], Awaitable[Said | None]], name: str, manners: Manners = HTTP
) -> tuple[Node, Said]:
    """The same again, later and possibly at the other node, until one said yes: which, and what."""
    means.ledger.unanswered.append(name)
    for tries in itertools.count():
        node = chance.choice(means.nodes)
        said = await attempt(node, tries)
        _note(means.ledger, said, node, name, manners)
        if said is not None and said.status == manners.yes:
            means.ledger.unanswered.remove(name)
            return node, said
        await asyncio.sleep(chance.uniform(*_PAUSE))
    raise AssertionError


def _note(ledger: Ledger, said: Said | None, node: Node, name: str, manners: Manners) -> None:
    ledger.answers["nothing" if said is None else str(said.status)] += 1
    if said is None or said.status == manners.yes:
        return
    if said.status not in manners.later:
        ledger.strange.append(f"Node {node.name} answered {said.status} to {name}, with which nothing is wrong.")
    elif manners.when and not said.headers.get(manners.when, "").isdigit():
        ledger.strange.append(f"Node {node.name} answered 503 to {name} and did not say when to come again.")


def words(token: str, chance: random.Random) -> str:
    """A report; no two write the same. It says that it is one, so that nobody takes it for an answer to what was asked of an earlier one."""
    more = f" Sudah {chance.randint(2, 90)} hari." * chance.choice((0, 0, 1, 1, 3))
    return f"Lapor: {chance.choice(_WORDS)}. Laporan {token}.{more}"


def more_words(token: str) -> str:
    """About a report that was made before; or, if none has come so far, one of its own."""
    return f"Tambahan untuk laporan saya: {token}"


def acknowledges(text: str) -> bool:
    """Whether it tells somebody the number of a new report, and is not another word about one."""
    return _ACKNOWLEDGES.search(text) is not None


def photo(chance: random.Random) -> bytes:
    """One that nobody else has."""
    picture = Image.new("RGB", (chance.randint(16, 96), chance.randint(16, 96)), (chance.randrange(256), chance.randrange(256), chance.randrange(256)))
    new = io.BytesIO()
    picture.save(new, "JPEG", comment=f"{chance.getrandbits(128):032x} {time.time_ns()}")
    return new.getvalue()
