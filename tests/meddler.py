"""Somebody on the way between a mailbox and its real server, who plays what no real server can be made to: a dead line, a broken-off mail, nonsense."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Line = bytes


@dataclass
class Meddler:
    """Line by line, also within a mail. What is not told otherwise passes."""

    target: int
    port: int = 0
    # Off for what has no lines: TLS.
    by_line: bool = True
    # What to answer in the server's place to a line of the client; None: it passes. HANG UP: that, and the end of the connection.
    answer: Callable[[Line], Line | None] = lambda _: None
    # What becomes of a line of the server.
    change: Callable[[Line], Line] = lambda line: line
    # After how many of the server's lines the n-th connection (from 1) ends; 0: it does not.
    cut_after: Callable[[int], int] = lambda _: 0
    # While not set, nothing passes, and nobody is told.
    alive: asyncio.Event = field(default_factory=asyncio.Event)
    connections: int = 0
    # All that the client said.
    heard: list[Line] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.alive.set()

    def said(self, *words: bytes) -> int:
        """In how many of the client's lines all of these stand."""
        return sum(all(word in line for word in words) for line in self.heard)

    async def between(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        number = self.connections
        server, to_server = await asyncio.open_connection("127.0.0.1", self.target, limit=2**26)
        ways = [asyncio.ensure_future(self._up(client, to_server, to_client)), asyncio.ensure_future(self._down(server, to_client, self.cut_after(number)))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            to_server.close()
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _some(self, side: asyncio.StreamReader) -> Line:
        return await (side.readline() if self.by_line else side.read(65536))

    async def _up(self, client: asyncio.StreamReader, to_server: asyncio.StreamWriter, to_client: asyncio.StreamWriter) -> None:
        while line := await self._some(client):
            self.heard.append(line)
            await self.alive.wait()
            instead = self.answer(line)
            if instead is None:
                to_server.write(line)
                continue
            to_client.write(instead.removesuffix(HANG_UP))
            await to_client.drain()
            if instead.endswith(HANG_UP):
                return

    async def _down(self, server: asyncio.StreamReader, to_client: asyncio.StreamWriter, cut_after: int) -> None:
        lines = 0
        while line := await self._some(server):
            await self.alive.wait()
            to_client.write(self.change(line))
            await to_client.drain()
            lines += 1
            if lines == cut_after:
                return


HANG_UP = b"<hang up>"


@asynccontextmanager
async def meddler(target: int) -> AsyncIterator[Meddler]:
    """Before the server at that port."""
    somebody = Meddler(target)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with suppress(ConnectionError, asyncio.CancelledError):
                await somebody.between(client, to_client)
        finally:
            to_client.close()
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    somebody.port = server.sockets[0].getsockname()[1]
    try:
        yield somebody
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def tag(line: Line) -> bytes:
    """Of a client's command."""
    return line.split(b" ")[0]
