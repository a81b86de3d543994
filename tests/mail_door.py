"""A listener of the mail channel on loopback with a real journal behind it, and whoever speaks to it octet by octet."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from channels import About, Arrival, Limit
from channels.mail.listener import Listener
from channels.mail.settings import MailSettings
from gateway.journal import Journal
from normalizer import Setting
from tests.world import an_inlet

OURS = "lapor@ppu.example"
CITIZEN = "warga@contoh.example"
NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
ABOUT = About("Lapor Uji", Setting(), ("https://lapor.ppu.example",), lambda: NOW)
# Nobody waits longer for one answer. Seconds.
PATIENCE = 30


def settings(**smtp: Any) -> MailSettings:  # noqa: ANN401  # fields of SmtpIn
    """Of one address with another that means the same."""
    return MailSettings.model_validate({"address": OURS, "also": ["aduan@kota.example"], "smtp": {"listen": "127.0.0.1:0"} | smtp})


def fingerprint(arrival: Arrival) -> str:
    """The bytes."""
    return hashlib.sha256(arrival.raw).hexdigest()


@dataclass(frozen=True, slots=True)
class MailDoor:
    """Open."""

    listener: Listener
    journal: Journal

    async def kept(self) -> list[Arrival]:
        """All that is on disk, in order."""
        return [entry.arrival for entry in await self.journal.take(0, 100_000)]

    def gauge(self, limit: str) -> Limit:
        """As it is now."""
        return next(one for one in self.listener.limits() if one.name == limit)

    async def until_alone(self) -> None:
        """Until nobody is connected any more."""
        async with asyncio.timeout(PATIENCE):
            while self.gauge("connections").used:  # noqa: ASYNC110  # a listener has no bell for its tests
                await asyncio.sleep(0.005)

    @asynccontextmanager
    async def client(self, *, proxied: bool = False) -> AsyncIterator[Client]:
        """Somebody who has connected, and has not heard the greeting yet."""
        port = self.listener.proxied_port if proxied else self.listener.port
        assert port is not None
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield Client(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


@dataclass(frozen=True, slots=True)
class Client:
    """Says what it is told to, and hears lines."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def say(self, *lines: str) -> None:
        """Each as a line."""
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode())

    async def hear(self) -> str:
        """The next line; empty: the other side has closed."""
        async with asyncio.timeout(PATIENCE):
            try:
                return (await self.reader.readline()).decode().removesuffix("\r\n")
            except ConnectionError:
                return ""

    async def answer(self, *lines: str) -> str:
        """What is answered to the last of these; a longer answer, its last line."""
        for line in lines:
            self.say(line)
            while (heard := await self.hear())[3:4] == "-":
                pass
        return heard

    async def greet(self) -> None:
        """Both say who they are."""
        assert (await self.hear()).startswith("220 ")
        assert (await self.answer("EHLO mx.contoh.example")).startswith("250 ")

    async def envelope(self, *, sender: str = CITIZEN, to: str = OURS) -> None:
        """Up to the mail itself."""
        assert (await self.answer(f"MAIL FROM:<{sender}>", f"RCPT TO:<{to}>", "DATA")).startswith("354 ")

    async def deliver(self, content: bytes) -> str:
        """One mail, as it stands on the wire but for the end; what is answered."""
        await self.envelope()
        self.writer.write(content + b".\r\n")
        return await self.hear()


@asynccontextmanager
async def mail_door(folder: Path, made: type[Listener] = Listener, **smtp: Any) -> AsyncIterator[MailDoor]:  # noqa: ANN401  # fields of SmtpIn
    """Open while the block runs."""
    journal = Journal(folder / "journal.db")
    listener = made("mail", settings(**smtp), ABOUT)
    try:
        async with listener.listening(an_inlet(journal, fingerprint)):
            yield MailDoor(listener, journal)
    finally:
        await journal.close()


def said(arrival: Arrival) -> Mapping[str, str]:
    """What the door knows beside the bytes."""
    return arrival.meta
