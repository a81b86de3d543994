"""The phone network behind the loopback Twilio: what phones send reaches the gateway as signed webhooks, and reports follow what the gateway sends."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import aiohttp

from gateway.demo import twilio_overrides
from gateway.demo.twilio_account import Notification
from gateway.demo.twilio_overrides import Override
from gateway.demo.twilio_wire import Algorithm, Media, Message, incoming_params, media_sid, signed_headers, status_params

# How far a message has come; a late word never takes it back.
_ORDER = ("queued", "sending", "sent", "delivered", "undelivered", "failed", "read")
# https://www.twilio.com/docs/api/errors: "HTTP error response code" and "HTTP connection failure".
_REFUSED_CODE, _UNREACHABLE_CODE = "11217", "11205"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a door of the gateway said to a webhook."""

    url: str
    # None: there was no answer.
    status: int | None
    body: str = ""
    headers: Mapping[str, str] | None = None
    # Why there was no answer, as in twilio_overrides: "ct" | "rt"; empty: there was one.
    silence: str = ""

    @property
    def failure(self) -> str:
        """As in twilio_overrides; empty: none."""
        return "" if self.accepted else self.silence or f"{(self.status or 0) // 100}xx"

    @property
    def accepted(self) -> bool:
        """Twilio is content and tries no other URL."""
        return self.status is not None and self.status < 400  # noqa: PLR2004  # RFC 9110, 15.5: from here on it is an error


@dataclass(frozen=True, slots=True)
class Texted:
    """What a phone sent, and what the doors said to it."""

    message: Message
    # In the order of trying, the last one decides.
    answers: tuple[Answer, ...]

    @property
    def arrived(self) -> bool:
        """A door took it."""
        return any(answer.accepted for answer in self.answers)


class Network:
    """The phones and the doors that they reach. Everything public may be set at any time; it holds from the next message on."""

    def __init__(self, account_sid: str, auth_token: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.account_sid = account_sid
        self.auth_token = auth_token
        # The callbacks that follow an accepted message, in this order; a status may stand twice.
        self.delivery: tuple[str, ...] = ("sent", "delivered")
        # Goes with the statuses undelivered and failed: "Unreachable destination handset".
        self.delivery_error = 30003
        # Public origin to the one that is really there ("https://lapor.example" to "http://127.0.0.1:8080"): signatures are over the public one.
        self.hosts: dict[str, str] = {}
        # How long a webhook may take: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
        self.webhook_seconds = 15.0
        # What phones sent, and what the gateway said to our callbacks.
        self.texted: list[Texted] = []
        self.called_back: list[Answer] = []
        # What went wrong at doors, as the account's owner reads it.
        self.notifications: list[Notification] = []
        self.base_url = ""
        self._clock = clock
        self._messages: dict[str, Message] = {}
        self._media: dict[str, Media] = {}
        self._changed = asyncio.Condition()
        self._session: aiohttp.ClientSession | None = None

    @property
    def sent(self) -> tuple[Message, ...]:
        """What the gateway sent and we accepted, oldest first."""
        return tuple(message for message in self._messages.values() if message.direction == "outbound-api")

    async def until_sent(self, count: int) -> Message:
        """Wait for that many accepted messages; the last of them."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.sent) >= count)
        return self.sent[count - 1]

    async def until_called_back(self, count: int) -> Answer:
        """Wait until that many status callbacks were answered (or were not); the last answer."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.called_back) >= count)
        return self.called_back[count - 1]

    async def text(
        self,
        webhook_urls: str | Sequence[str],
        *,
        from_: str,
        to: str,
        body: str,
        media: Sequence[tuple[str, str, bytes]] = (),
        sid: str | None = None,
        algorithm: Algorithm = "sha1",
        token: str | None = None,
        profile: str = "Warga",
        extra: Mapping[str, str] | None = None,
    ) -> tuple[Answer, ...]:
        """A phone sends a message: post it to the first URL, and to the next one when that fails. What each door said."""
        message = self._compose(from_, to, body, media, sid)
        answers: list[Answer] = []
        failure: dict[str, str] = {}
        for address in [webhook_urls] if isinstance(webhook_urls, str) else webhook_urls:
            override = twilio_overrides.read(address)
            url = override.url
            params = incoming_params(message, self.account_sid, self.base_url, profile) | dict(extra or {}) | failure
            answers += await self._insist(override, params, signed_headers(token or self.auth_token, url, params, algorithm))
            if answers[-1].accepted:
                break
            failure = {"ErrorCode": _UNREACHABLE_CODE if answers[-1].status is None else _REFUSED_CODE, "ErrorUrl": url}
            self.notifications.append(Notification(failure["ErrorCode"], url, self._clock(), "NO" + uuid.uuid4().hex))
        self.texted.append(Texted(message, tuple(answers)))
        return tuple(answers)

    def incoming(
        self,
        url: str,
        *,
        from_: str,
        to: str,
        body: str,
        media: Sequence[tuple[str, str, bytes]] = (),
        sid: str | None = None,
        algorithm: Algorithm = "sha1",
        token: str | None = None,
        profile: str = "Warga",
        extra: Mapping[str, str] | None = None,
    ) -> tuple[dict[str, str], dict[str, str]]:
        """The form fields and the headers of one delivery, for a test that posts by itself."""
        message = self._compose(from_, to, body, media, sid)
        params = incoming_params(message, self.account_sid, self.base_url, profile) | dict(extra or {})
        return params, signed_headers(token or self.auth_token, url, params, algorithm)

    def status(self, url: str, message: Message, status: str, algorithm: Algorithm = "sha1") -> tuple[dict[str, str], dict[str, str]]:
        """The form fields and the headers of one status callback, for a test that posts by itself."""
        params = status_params(message, status, self.account_sid, self._clock())
        return params, signed_headers(self.auth_token, url, params, algorithm)

    def _compose(self, from_: str, to: str, body: str, media: Sequence[tuple[str, str, bytes]], sid: str | None) -> Message:
        sid = sid or ("MM" if media else "SM") + uuid.uuid4().hex
        files = tuple(Media(media_sid(sid, position), *file) for position, file in enumerate(media))
        self._media |= {file.sid: file for file in files}
        message = Message(sid, from_, to, body, "inbound", "received", self._clock(), files)
        # A repeated delivery is no second message.
        self._messages.setdefault(sid, message)
        return message

    async def _insist(self, override: Override, params: Mapping[str, str], headers: Mapping[str, str]) -> list[Answer]:
        """At one address, as often as it says, at once: nothing is waited for in between, and all together take no longer than one may."""
        end = time.monotonic() + self.webhook_seconds
        answers = [await self._post(override.url, params, headers, self.webhook_seconds)]
        while answers[-1].failure in override.after and len(answers) <= override.retries and (left := end - time.monotonic()) > 0:
            answers.append(await self._post(override.url, params, headers, left))
        return answers

    async def _post(self, url: str, params: Mapping[str, str], headers: Mapping[str, str], seconds: float) -> Answer:
        if self._session is None:
            raise RuntimeError("this Twilio is not serving")
        limit = aiohttp.ClientTimeout(total=seconds)
        try:
            async with self._session.post(self._really(url), data=params, headers=headers, timeout=limit, allow_redirects=False) as answer:
                return Answer(url, answer.status, await answer.text(errors="replace"), dict(answer.headers))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            return Answer(url, None, silence="ct")
        except (aiohttp.ClientError, TimeoutError):
            return Answer(url, None, silence="rt")

    def _really(self, url: str) -> str:
        for public, real in self.hosts.items():
            if url.startswith(public):
                return real + url.removeprefix(public)
        return url

    async def _deliver(self, message: Message) -> None:
        for status in self.delivery:
            await self._report(message, status)

    async def _report(self, message: Message, status: str) -> None:
        reported = replace(message, error_code=self.delivery_error if status in {"undelivered", "failed"} else None)
        kept = self._messages[message.sid]
        if _ORDER.index(status) > _ORDER.index(kept.status):
            self._messages[message.sid] = replace(reported, status=status)
        if message.status_callback is None:
            return
        params, headers = self.status(message.status_callback, reported, status)
        answer = await self._post(message.status_callback, params, headers, self.webhook_seconds)
        async with self._changed:
            self.called_back.append(answer)
            self._changed.notify_all()
