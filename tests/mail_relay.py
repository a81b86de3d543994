"""A mail server that takes what it is given, or answers what a test tells it to, word for word."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

# Instead of an answer.
DROP, HANG, GARBAGE = "(drops the connection)", "(says nothing)", "here be dragons"
_DEFAULTS = {
    "GREETING": "220 relay.example ESMTP",
    "EHLO": "250-relay.example\r\n250-AUTH PLAIN\r\n250 STARTTLS",
    "DATA": "354 go on",
    "AUTH": "235 welcome",
    "QUIT": "221 bye",
    "STARTTLS": "220 go on",
}


@dataclass
class RelayPeer:
    """What it heard, and what it is to say. The end of a mail is answered as "CONTENT"."""

    # By command: the next answers; after those, the usual.
    answers: dict[str, list[str]] = field(default_factory=dict)
    # The same for ever.
    always: dict[str, str] = field(default_factory=dict)
    context: ssl.SSLContext | None = None
    commands: list[str] = field(default_factory=list)
    # Each mail as it came, with its dots.
    mails: list[bytes] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def answer(self, command: str) -> str:
        """To this, now."""
        told = self.answers.get(command)
        return told.pop(0) if told else self.always.get(command) or _DEFAULTS.get(command, "250 ok")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        self.open += 1
        self.writers.append(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            await self._talk(reader, writer)
        self.open -= 1
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._say(writer, "GREETING")
        while line := await reader.readline():
            self.commands.append(line.decode().strip())
            command = line.decode().split()[0].upper()
            said = await self._say(writer, command)
            if command == "DATA" and said.startswith("354"):
                self.mails.append((await reader.readuntil(b"\r\n.\r\n"))[:-3])
                await self._say(writer, "CONTENT")
            elif command == "STARTTLS" and said.startswith("220"):
                assert self.context is not None
                await writer.start_tls(self.context)
            elif command == "QUIT":
                return

    async def _say(self, writer: asyncio.StreamWriter, command: str) -> str:
        said = self.answer(command)
        if said == DROP:
            raise ConnectionAbortedError
        if said == HANG:
            await asyncio.Event().wait()
        writer.write(said.encode() + b"\r\n")
        await writer.drain()
        return said

    def hang_up(self) -> None:
        """On everybody, without a word."""
        for writer in self.writers:
            writer.close()


@asynccontextmanager
async def relay_peer(peer: RelayPeer, *, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Its port. `context`: TLS from the first octet on."""
    tasks: set[asyncio.Task[None]] = set()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(peer.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(begin, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in peer.writers:
            writer.close()
