"""The SMS and WhatsApp wire by Twilio: two doors in, the REST API out.

Sources: Twilio docs, "Messaging webhooks", "Track the message status of outbound messages", "Message resource".
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncGenerator, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from channels.contract import MESSAGE, STATUS, About, Arrival, Box, Checked, DeliveryUpdate, Door, Fetched, Ignored, Inlet, Known, Limit, Notice, SendFailed
from channels.hook import Hook
from channels.sms import form, reading
from channels.sms.failures import garbage
from channels.sms.history import History, sent_at
from channels.sms.http import NOT_TWILIO, RestClient, Wire
from channels.sms.media import Media
from channels.sms.number import Number
from channels.sms.settings import TwilioSmsSettings
from channels.sms.signature import signed_url
from channels.unhurried import Unhurried
from normalizer import Address, Report
from normalizer.address import canonical

# Nothing is answered by TwiML: the acknowledgement goes by the outbox (law 7).
_TAKEN = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
# A refusal is told for so long: few write at night, and who operates this looks in the morning.
_TOLD = timedelta(hours=24)
# Twilio docs, "What is a String Identifier (SID)?".
_E164 = re.compile(r"\+[1-9][0-9]{7,14}")
_SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}")


class TwilioSms:
    """One Twilio account, under one name."""

    def __init__(self, name: str, settings: TwilioSmsSettings, about: About) -> None:
        """The signature must hold for one of the public addresses. Opens nothing."""
        self.name = name
        self._settings = settings
        self._setting = about.setting
        self._bases = tuple(f"{url.rstrip('/')}/in/{name}" for url in settings.public_urls or about.public_urls)
        self._senders: dict[str, str] = {str(kind): number for kind, number in settings.from_numbers.items()}
        self._clock = about.clock
        # When somebody last spoke in our account's name and could not sign for it, and nobody could since; None: all is well.
        self._unsigned_at: datetime | None = None
        self._tokens = tuple(token.get_secret_value() for token in settings.auth_tokens)
        account = (settings.account_sid, self._tokens[0])
        self._hook = Hook(name, settings.max_body_bytes, settings.accept_seconds)
        self._wire = Wire(settings.timeout_seconds)
        self._rest = RestClient(*account, settings.api_base, self._wire)
        self._history = History(self._rest, settings.account_sid, settings.written_to, settings.messaging_service_sid)
        self._media = Media(settings.api_base, account, settings.max_media_bytes, settings.media_seconds)
        sender = settings.from_numbers.get("sms")
        doors = [f"{base}/{MESSAGE}" for base in self._bases]
        self._number = Number(self._rest, sender, doors, about.clock) if sender and doors and settings.check_number else None
        self._told_of_number = Unhurried(self._number.ask, about.clock) if self._number else None

    @property
    def reaches(self) -> frozenset[str]:
        """The kinds that a sender is configured for."""
        return frozenset(self._senders) | ({"sms"} if self._settings.messaging_service_sid else set())

    # The way in

    def routes(self, inlet: Inlet) -> Iterable[Door]:
        """Messages from citizens, and what became of ours."""
        return [Door("POST", kind, partial(self._take, inlet, kind), self._settings.max_body_bytes) for kind in (MESSAGE, STATUS)]

    def box(self, inlet: Inlet) -> Box | None:
        """None."""

    async def run(self, inlet: Inlet) -> None:
        """Twilio comes to us."""
        if self._number:
            self._number.opened_at = self._clock()

    async def _take(self, inlet: Inlet, kind: str, request: web.Request) -> web.Response:
        return await self._hook.answer(self._judge(inlet, kind, request))

    async def _judge(self, inlet: Inlet, kind: str, request: web.Request) -> web.Response:
        raw = await self._hook.read(request)
        url = self._called(kind, request, raw)
        if url is None:
            # Whoever only tries doors does not know our account; Twilio does.
            if form.fields(raw).get("AccountSid") == self._settings.account_sid:
                self._unsigned_at = self._clock()
            return web.Response(status=403, text="This request is not signed by the provider for this address.\n")
        said = form.fields(raw)
        if said.get("AccountSid") != self._settings.account_sid:
            return web.Response(status=403, text="This request is for another account.\n")
        self._unsigned_at = None
        await inlet.receive(self._arrival(kind, raw, said, url, request.query.get("notice")))
        if self._number and kind == MESSAGE:
            self._number.came_at = self._clock()
        return web.Response(text=_TAKEN, content_type="text/xml")

    def _called(self, kind: str, request: web.Request, raw: bytes) -> str | None:
        """The public address that was called, as it was signed; its host is never taken from the request."""
        _, mark, query = request.raw_path.partition("?")
        urls = (f"{base}/{kind}{mark}{query}" for base in self._bases)
        return signed_url((token.encode() for token in self._tokens), urls, raw, request.headers)

    def _arrival(self, kind: str, raw: bytes, said: Mapping[str, str], url: str, notice: str | None) -> Arrival:
        # Never met: a signed message without an id. Its bytes are its name, so that a repetition is still one.
        sid = reading.message_sid(said) or hashlib.sha256(raw).hexdigest()
        if kind == STATUS:
            meta = {"url": url} | ({"notice": notice} if notice else {})
            return Arrival(self.name, kind, f"{sid}:{reading.status(said)}", raw, self._clock(), meta=meta)
        return Arrival(self.name, kind, sid, raw, self._clock(), reply_to=self._reply_to(said), meta={"url": url})

    def _reply_to(self, said: Mapping[str, str]) -> Address | None:
        """A person whom we can answer: not a short code, not a company's name."""
        sender = reading.address(said.get("From", ""))
        if not sender or sender.kind not in self.reaches:
            return None
        # Twilio writes E.164, which needs no reading.
        return sender if _E164.fullmatch(sender.value) else canonical(sender, self._setting.country)

    async def missed(self, since: datetime, known: Known) -> AsyncGenerator[Arrival, None]:
        """What Twilio's own list has and we have not: its id decides, however a webhook would have written the rest."""
        found = [self._listed(message) for message in await self._history.incoming(since)]
        here = await known.ids({arrival.wire_id for arrival in found})
        for arrival in found:
            if arrival.wire_id not in here:
                yield arrival

    def _listed(self, message: Mapping[str, Any]) -> Arrival:
        raw, sent = json.dumps(message).encode(), sent_at(message)
        meta = {"via": reading.LISTED} | ({"sent_at": sent.isoformat()} if sent else {})
        said = reading.listed(raw)
        sid = reading.message_sid(said) or hashlib.sha256(raw).hexdigest()
        return Arrival(self.name, MESSAGE, sid, raw, self._clock(), reply_to=self._reply_to(said), meta=meta)

    def fingerprint(self, arrival: Arrival) -> str:
        """What was said."""
        return reading.fingerprint(arrival)

    def read(self, arrival: Arrival) -> Report | DeliveryUpdate | Ignored:
        """Bytes to meaning."""
        return reading.read(arrival)

    async def fetch(self, reference: str) -> Fetched:
        """A file of an MMS or a WhatsApp message."""
        return await self._media.fetch(reference)

    # The way back

    async def send(self, notice: Notice) -> str:
        """The short form, by REST; Twilio's id of it."""
        if notice.to.kind not in self.reaches:
            raise SendFailed(f"No sender is configured for {notice.to.kind}.", permanent=True)
        try:
            message = await self._rest.messages.create_async(
                to=_written(notice.to), body=notice.short, **self._sender(notice.to.kind), **self._callback(notice)
            )
        except NOT_TWILIO as error:
            raise garbage() from error
        if not isinstance(message.sid, str) or not _SID.fullmatch(message.sid):
            raise garbage()
        return message.sid

    def _sender(self, kind: str) -> dict[str, str]:
        number = self._senders.get(kind)
        return {"from_": _written(Address(kind, number))} if number else {"messaging_service_sid": self._settings.messaging_service_sid or ""}

    def _callback(self, notice: Notice) -> dict[str, str]:
        return {"status_callback": f"{self._bases[0]}/{STATUS}?{urlencode({'notice': notice.id})}"} if self._bases else {}

    def limits(self) -> Iterable[Limit]:
        """Of its doors, and of the files that it fetches."""
        return (self._hook.body, self._hook.in_time, self._media.downloads.size, self._media.downloads.in_time)

    async def check(self) -> Checked:
        """Ask Twilio for the account; the notices' own errors are in health."""
        try:
            account = await self._rest.api.accounts(self._settings.account_sid).fetch_async()
        except SendFailed as failed:
            return Checked(ok=False, sentence=failed.reason, kind=failed.kind or "provider")
        except NOT_TWILIO:
            return Checked(ok=False, sentence=garbage().reason, kind="provider")
        active = account.status == "active"
        if not active:
            return Checked(ok=False, sentence="Twilio says that the account is not active.", kind="provider")
        return Checked(ok=True, sentence="Twilio says that the account is active.")

    async def check_in(self) -> Checked:
        """Whom we turn away, as Twilio keeps that to its own log; then what Twilio says of our number."""
        if self._unsigned_at is not None and self._clock() - self._unsigned_at <= _TOLD:
            return Checked(ok=False, sentence="What comes in the name of our Twilio account is refused, because its signature does not hold.", kind="refused")
        told = await self._told_of_number.answer() if self._told_of_number else None
        return told or Checked(ok=True, sentence="")

    def hold(self, since: datetime | None) -> bool:
        """Others come to us."""
        return False

    async def close(self) -> None:
        """Give back connections."""
        await self._wire.close()
        await self._media.close()


def _written(address: Address) -> str:
    return address.value if address.kind == "sms" else f"{address.kind}:{address.value}"
