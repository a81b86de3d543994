"""What a test hands to a mailbox in the gateway's place: it keeps what it is told, refuses when it is told to, and never forgets."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from channels import About, Arrival, Inlet, Kept, Receipt
from channels.mail.mailbox import Mailbox
from channels.mail.settings import MailSettings
from normalizer import Setting
from tests.dovecot import ACCOUNT, PASSWORD

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
ABOUT = About("Lapor Uji", Setting(), ("http://127.0.0.1:1",), lambda: NOW)


@dataclass
class Letterbox:
    """An Inlet."""

    key: str = "kunci"
    arrivals: list[Arrival] = field(default_factory=list)
    # What is raised instead of keeping it, if anything.
    refuse: Callable[[Arrival], Exception | None] = lambda _: None
    # Nothing is kept before.
    open: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.open.set()

    async def receive(self, arrival: Arrival) -> Receipt:
        """As the gateway's."""
        self.asked += 1
        self.changed.set()
        await self.open.wait()
        if error := self.refuse(arrival):
            raise error
        self.arrivals.append(arrival)
        self.changed.set()
        return Receipt("")

    async def keep(self, chunks: AsyncIterator[bytes]) -> Kept:
        """Mails are no files."""
        raise NotImplementedError

    async def holds(self, digest: str) -> bool:
        """Mails are no files."""
        raise NotImplementedError

    def sign(self, *words: str) -> str:
        """By its own key."""
        return hashlib.sha256("\0".join([self.key, *words]).encode()).hexdigest()[:22]

    @property
    def raws(self) -> list[bytes]:
        """In the order in which they came."""
        return [arrival.raw for arrival in self.arrivals]

    @property
    def ids(self) -> list[str]:
        """In the order in which they came."""
        return [arrival.wire_id for arrival in self.arrivals]

    async def until(self, enough: int) -> None:
        """So many different mails are here."""
        await until(lambda: len(set(self.ids)) >= enough)


async def until(ready: Callable[[], bool], seconds: float = 60) -> None:
    """Look again and again, like a person."""
    async with asyncio.timeout(seconds):
        while not ready():  # noqa: ASYNC110  # what it looks at stands on a server
            await asyncio.sleep(0.01)


async def until_it_says(box: Mailbox, words: str) -> None:
    """Health's words, once these are among them."""
    async with asyncio.timeout(60):
        while words not in (await box.check()).sentence:  # noqa: ASYNC110  # health has no bell
            await asyncio.sleep(0.01)


def mail(text: str, *, size: int = 0) -> bytes:
    """A citizen's, with lines as they travel."""
    head = f"From: warga@contoh.example\r\nTo: lapor@ppu.example\r\nSubject: {text}\r\nMessage-ID: <{text.replace(' ', '-')}@contoh.example>\r\n\r\n"
    return (head + f"{text}\r\n" + "0123456789abcde\r\n" * (size // 17)).encode()


def mails(count: int) -> list[bytes]:
    """Different ones."""
    return [mail(f"Jalan rusak {number}") for number in range(count)]


def mailbox(port: int, **imap: object) -> Mailbox:
    """At a server of a test. Nothing waits long, but for what the server tells by itself."""
    patience = {"tls": "none", "look_seconds": 0.05, "idle_seconds": 29, "timeout_seconds": 20, "retry_seconds": 0.01}
    account = {"server": f"127.0.0.1:{port}", "user": ACCOUNT} | ({} if "oauth" in imap else {"password": PASSWORD})
    return Mailbox("mail", MailSettings.model_validate({"address": "lapor@ppu.example", "imap": {**account, **patience, **imap}}), ABOUT)


@asynccontextmanager
async def attended(box: Mailbox, inlet: Inlet) -> AsyncIterator[Mailbox]:
    """A mailbox that somebody looks after."""
    task = asyncio.create_task(box.run(inlet))
    try:
        yield box
        assert not task.done() or task.result() is None
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def said_by(arrivals: Iterator[Arrival]) -> dict[str, bytes]:
    """The bytes by the wire id; one id has one mail."""
    found: dict[str, bytes] = {}
    for arrival in arrivals:
        assert found.setdefault(arrival.wire_id, arrival.raw) == arrival.raw
    return found
