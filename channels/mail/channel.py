"""Mail as a channel: other servers bring it (SMTP), or it is fetched (IMAP), or both; one reader reads it, and a relay takes the answers."""

from __future__ import annotations

import asyncio
import json
import pkgutil
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from channels.contract import (
    About,
    Arrival,
    Box,
    Checked,
    DeliveryUpdate,
    Door,
    Fetched,
    FetchFailed,
    Ignored,
    Inlet,
    Kept,
    Known,
    Limit,
    Notice,
    Receipt,
    SendFailed,
)
from channels.mail import reading, tokens
from channels.mail.letter import letter
from channels.mail.listener import Listener
from channels.mail.mailbox import Mailbox
from channels.mail.outside import Outside
from channels.mail.relay import Relay
from channels.mail.settings import MailSettings
from channels.unhurried import Unhurried
from normalizer import Report

_NOBODY_COMES = Checked(ok=True, sentence="")


class Mail:
    """One address, under one name."""

    def __init__(self, name: str, settings: MailSettings, about: About) -> None:
        """Opens nothing."""
        self.name = name
        self._settings = settings
        self._about = about
        self._domain = settings.address.rpartition("@")[2]
        self.listener = Listener(name, settings, about) if settings.smtp else None
        smtp = settings.smtp
        visit = Outside(smtp.outside, self._domain, encrypts=smtp.certificate is not None) if smtp and smtp.outside else None
        self._outside = Unhurried(visit.ask, about.clock) if visit else None
        self.mailbox = Mailbox(name, settings, about) if settings.imap else None
        self._relay = Relay(settings.relay, self._domain) if settings.relay else None
        # Loaded only where it is wanted: what asks the DNS takes memory.
        self._signatures: Told | None = pkgutil.resolve_name("channels.mail.signatures:Signatures")(name, settings) if settings.check_dkim else None
        self._meta = {"own": json.dumps([settings.address, *settings.also])} | ({"authserv_id": settings.authserv_id} if settings.authserv_id else {})

    @property
    def reaches(self) -> frozenset[str]:
        """Mail, where a relay takes it."""
        return frozenset({"email"}) if self._relay else frozenset()

    def routes(self, inlet: Inlet) -> Iterable[Door]:
        """None."""
        return ()

    def box(self, inlet: Inlet) -> Box | None:
        """None."""

    def trial(self) -> Callable[[str], Awaitable[str]] | None:
        """At our own port, where other mail servers come."""
        return self.listener.trial if self.listener and self.listener.is_open_to_all else None

    async def run(self, inlet: Inlet) -> None:
        """Both ways in, side by side. The mailbox looks after itself; what the listener raises (its port is taken) starts both again."""
        ours = _Ours(inlet, self._told)
        async with asyncio.TaskGroup() as ways:
            if self.listener:
                ways.create_task(self.listener.run(ours), name=f"{self.name} smtp")
            if self.mailbox:
                ways.create_task(self.mailbox.run(ours), name=f"{self.name} imap")

    def missed(self, since: datetime, known: Known) -> AsyncGenerator[Arrival, None] | None:
        """What lies in the mailbox; None: other servers come to us, and keep for days what they could not bring."""
        return self._missed(self.mailbox, since, known) if self.mailbox else None

    async def _missed(self, mailbox: Mailbox, since: datetime, known: Known) -> AsyncGenerator[Arrival, None]:
        async with aclosing(mailbox.missed(since, known)) as found:
            async for arrival in found:
                yield await self._told(arrival)

    async def _told(self, arrival: Arrival) -> Arrival:
        """With which addresses are ours and whose word on its sender is believed: the reader knows no configuration.

        The signatures are looked at here, for a reader has no network. Neither wire id nor fingerprint knows of it: the same mail again is the same, whatever
        the DNS says the second time.
        """
        told = await self._signatures.told(arrival) if self._signatures else {}
        return replace(arrival, meta={**arrival.meta, **self._meta, **told})

    def fingerprint(self, arrival: Arrival) -> str:
        """The bytes."""
        return reading.fingerprint(arrival)

    def read(self, arrival: Arrival) -> Report | DeliveryUpdate | Ignored:
        """Bytes to meaning."""
        return reading.read(arrival)

    async def fetch(self, reference: str) -> Fetched:
        """Its files came with it."""
        raise FetchFailed("a mail refers to no files", permanent=True)

    async def send(self, notice: Notice) -> str:
        """The full form, in its thread; the Message-ID, which is the same at each attempt."""
        if self._relay is None or notice.to.kind != "email":
            raise SendFailed("No relay is configured for this.", permanent=True)
        message_id = tokens.message_id(notice.token, notice.id, self._domain)
        reply_to = tokens.plus_address(self._settings.address, notice.token)
        await self._relay.send(letter(notice, self._settings, message_id, reply_to, self._about.name, self._about.clock()), notice.to.value)
        return message_id

    def limits(self) -> Iterable[Limit]:
        """Of the door for other servers, and of what is fetched."""
        fetched = (self.mailbox.size,) if self.mailbox else ()
        return (*(self.listener.limits() if self.listener else ()), *fetched)

    async def check(self) -> Checked:
        """What the relay says."""
        return await self._relay.check() if self._relay else Checked(ok=True, sentence="Nobody is answered by mail.")

    async def check_in(self) -> Checked:
        """What the mailbox says; by SMTP others come to us: how that looks to them, where it is wanted."""
        asked = [await self.mailbox.check() if self.mailbox else None, await self._outside.answer() if self._outside else None]
        told = [one for one in asked if one is not None]
        worst = next((one for one in told if not one.ok), next(iter(told), _NOBODY_COMES))
        return replace(worst, ends={**worst.ends, **self._ends()})

    def _ends(self) -> dict[str, datetime]:
        shown = self.listener.certificate if self.listener else None
        return {"certificate": until} if shown and (until := shown.ends_at) else {}

    def hold(self, since: datetime | None) -> bool:
        """The mailbox keeps what is not fetched; other servers are let in all the same."""
        if self.mailbox:
            self.mailbox.hold.begin(since)
        return self.mailbox is not None and self.listener is None

    async def close(self) -> None:
        """Give back connections and threads."""
        if self._signatures:
            self._signatures.close()
        if self._relay:
            await self._relay.close()


class Told(Protocol):
    """What is told of a mail beside its bytes by somebody who may have to ask others."""

    async def told(self, arrival: Arrival) -> dict[str, str]:
        """For its meta. Never raises, and takes a bounded time."""

    def close(self) -> None:
        """Give back what it holds."""


class _Ours:
    """The inlet, told beside each mail what the channel knows of it."""

    def __init__(self, inlet: Inlet, told: Callable[[Arrival], Awaitable[Arrival]]) -> None:
        self._inlet = inlet
        self._told = told

    async def receive(self, arrival: Arrival) -> Receipt:
        return await self._inlet.receive(await self._told(arrival))

    async def keep(self, chunks: AsyncIterator[bytes]) -> Kept:
        return await self._inlet.keep(chunks)

    async def holds(self, digest: str) -> bool:
        return await self._inlet.holds(digest)

    def sign(self, *words: str) -> str:
        return self._inlet.sign(*words)
