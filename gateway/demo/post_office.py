"""The mail server of everybody else, on loopback: takes what a gateway sends, and brings it what citizens write. For the demo and the tests.

It is aiosmtpd and aiosmtplib, which speak RFC 5321; nothing here is a protocol of ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from weakref import WeakSet

import aiosmtplib
from aiosmtpd.smtp import SMTP, Envelope, Session

from channels import closing

_HOST = "127.0.0.1"
# Between two attempts to reach a door that nobody opens. Seconds.
_PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Delivered:
    """A mail that came from a gateway."""

    # Of the envelope; empty: the null sender.
    sender: str
    to: str
    raw: bytes
    at: datetime

    @property
    def mail(self) -> Message:
        """Its head and body."""
        return message_from_bytes(self.raw)

    @property
    def text(self) -> str:
        """Its words."""
        body = self.mail.get_payload(decode=True)
        return body.decode() if isinstance(body, bytes) else ""


@dataclass(frozen=True, slots=True)
class Posted:
    """A mail of a citizen, and what the gateway's door said to it."""

    sender: str
    to: str
    raw: bytes
    at: datetime
    # Empty: nobody was there.
    answer: str

    @property
    def arrived(self) -> bool:
        """It is the gateway's now."""
        return self.answer.startswith("2")


@dataclass(slots=True)
class PostOffice:
    """All mailboxes but ours."""

    delivered: list[Delivered] = field(default_factory=list)
    # What citizens sent.
    posted: list[Posted] = field(default_factory=list)
    # What is answered to a mail for an address; absent: it is taken.
    answers: dict[str, str] = field(default_factory=dict)
    # Told of each mail that came.
    on_delivered: Callable[[Delivered], None] = lambda _: None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    # How long it tries to reach a door that nobody opens: less than the days of a real one.
    patience_seconds: float = 5
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncIterator[str]:
        """Open; its host:port, for a gateway's relay. Port 0: any free one."""
        visits: WeakSet[SMTP] = WeakSet()

        def visit() -> SMTP:
            visits.add(smtp := SMTP(self, hostname="relay.example", ident="relay", enable_SMTPUTF8=True))
            return smtp

        server = await asyncio.get_running_loop().create_server(visit, _HOST, port)
        try:
            yield f"{_HOST}:{server.sockets[0].getsockname()[1]}"
        finally:
            await closing.close(server)
            # A gateway keeps its connection for the next mail.
            for one in tuple(visits):
                if one.transport is not None:
                    one.transport.close()

    async def handle_RCPT(self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]) -> str:  # noqa: N802  # the library's hook
        """Whether there is such a mailbox."""
        envelope.rcpt_tos.append(address)
        return self.answers.get(address, "250 ok")

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  # the library's hook
        """It came."""
        content = envelope.content or b""
        for to in envelope.rcpt_tos:
            mail = Delivered((envelope.mail_from or "").strip("<>"), to, content if isinstance(content, bytes) else content.encode(), self.clock())
            self.delivered.append(mail)
            self.on_delivered(mail)
        self._more.set()
        return "250 taken"

    async def until(self, count: int, seconds: float = 60) -> list[Delivered]:
        """So many came."""
        async with asyncio.timeout(seconds):
            while len(self.delivered) < count:
                self._more.clear()
                await self._more.wait()
        return self.delivered

    async def post(self, port: int, raw: bytes, *, sender: str, to: str) -> Posted:
        """Bring a citizen's mail to the gateway's door, and remember it."""
        at = self.clock()
        posted = Posted(sender, to, raw, at, await self._answer(port, raw, sender, to))
        self.posted.append(posted)
        return posted

    async def _answer(self, port: int, raw: bytes, sender: str, to: str) -> str:
        loop = asyncio.get_running_loop()
        end = loop.time() + self.patience_seconds
        while True:
            try:
                return await bring(port, raw, sender=sender, to=to)
            except aiosmtplib.SMTPConnectError:
                if loop.time() >= end:
                    return ""
                await asyncio.sleep(_PAUSE_SECONDS)
            except (aiosmtplib.SMTPException, OSError):
                return ""


async def bring(port: int, raw: bytes, *, sender: str, to: str) -> str:
    """Hand a citizen's mail over to a gateway's door, as their mail server would; what it answered."""
    client = aiosmtplib.SMTP(hostname=_HOST, port=port, start_tls=False, local_hostname="mx.warga.example")
    await client.connect()
    try:
        await client.ehlo()
        await client.mail(sender)
        await client.rcpt(to)
        answer = await client.data(raw)
    except aiosmtplib.SMTPResponseException as refused:
        return f"{refused.code} {refused.message}"
    finally:
        client.close()
    return f"{answer.code} {answer.message}"
