"""An inlet that a test owns: it keeps what it was given, in memory, when the test lets it (the contract's seam)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from channels import Arrival, Kept, Receipt

Before = Callable[[Arrival], Awaitable[object]]


async def _nothing(_: Arrival) -> None:
    """At its best."""


@dataclass(slots=True)
class Shelf:
    """What was received, in order."""

    # Awaited with each arrival; what it raises, the channel hears.
    before: Before = _nothing
    kept: list[Arrival] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self, arrival: Arrival) -> Receipt:
        await self.before(arrival)
        self.kept.append(arrival)
        self.changed.set()
        return Receipt("0000-0000-0000")

    async def until(self, count: int) -> list[Arrival]:
        """Wait for so many."""
        async with asyncio.timeout(20):
            while len(self.kept) < count:
                self.changed.clear()
                await self.changed.wait()
        return self.kept

    async def keep(self, chunks: AsyncIterator[bytes]) -> Kept:
        raise NotImplementedError

    async def holds(self, digest: str) -> bool:
        raise NotImplementedError

    def sign(self, *words: str) -> str:
        return "-".join(word.replace(" ", "_") for word in words)
