"""The way in by being called: the door where Telegram brings updates, and the address that Telegram is told.

Source: Telegram Bot API, "setWebhook" and "Making requests when getting updates" (a method may be called by the answer to an update).
"""

from __future__ import annotations

import asyncio
import hmac
import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import structlog
from aiohttp import web

from channels.contract import About, Checked, Inlet, SendFailed
from channels.hook import Hook
from channels.telegram.api import Api
from channels.telegram.arrivals import Arrivals, pressed
from channels.telegram.settings import TelegramSettings

_log = structlog.get_logger(__name__)

PATH = "update"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  # its name
_LONGEST_PAUSE = 60.0
# What Telegram last met at our door, is told for so long while something waits there.
_RECENT = timedelta(minutes=5)
# Who asks how it goes just after the start, waits so long for Telegram to be told. Seconds.
_FIRST_SECONDS = 5.0


class Webhook:
    """One bot's."""

    def __init__(self, settings: TelegramSettings, api: Api, arrivals: Arrivals, about: About, name: str) -> None:
        """For the channel of that name; opens nothing."""
        self._name = name
        self._settings = settings
        self._api = api
        self._arrivals = arrivals
        self._clock = about.clock
        base = settings.public_url or next(iter(about.public_urls), "")
        self.url = f"{base.rstrip('/')}/in/{name}/{PATH}"
        self.hook = Hook(name, settings.max_body_bytes, settings.accept_seconds)
        # Telegram has no address of ours: say it (again).
        self._unset = asyncio.Event()
        self._runs = False
        # It was told once, or could not be.
        self._known = asyncio.Event()
        self._trouble: SendFailed | None = None

    async def take(self, inlet: Inlet, request: web.Request) -> web.Response:
        """One update; answered once the journal has it."""
        return await self.hook.answer(self._judged(inlet, request))

    async def _judged(self, inlet: Inlet, request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get(SECRET_HEADER, "").encode(errors="surrogateescape"), self._secret(inlet).encode()):
            return web.Response(status=403, text="This request does not come from the provider.\n")
        raw = await self.hook.read(request)
        await inlet.receive(self._arrivals.of(raw))
        query = pressed(raw)
        # A button stops turning by the answer itself: no request of our own that could fail or be forgotten.
        return web.json_response({"method": "answerCallbackQuery", "callback_query_id": query}) if query else web.Response()

    async def run(self, inlet: Inlet) -> None:
        """Tell Telegram where we are, and again when nobody has told it any more. Until cancelled."""
        self._runs, attempts = True, 0
        try:
            while True:
                # Before we tell: who finds out meanwhile that it was forgotten again, is heard.
                self._unset.clear()
                try:
                    self._arrivals.bot_name = (await self._api.me()).username or self._arrivals.bot_name
                    await self._api.set_webhook(self.url, self._secret(inlet))
                except SendFailed as failed:
                    self._broke(failed)
                    pause = min(_LONGEST_PAUSE, self._settings.retry_seconds * 2.0 ** min(attempts, 10)) * random.uniform(0.5, 1.5)  # noqa: S311  # not a secret
                    attempts += 1
                    await asyncio.sleep(failed.retry_after.total_seconds() if failed.retry_after else pause)
                    continue
                self._trouble, attempts = None, 0
                self._known.set()
                await self._unset.wait()
        finally:
            self._runs = False

    async def check(self) -> Checked:
        """What Telegram says of its way to us."""
        if self._runs:
            with suppress(TimeoutError):
                async with asyncio.timeout(_FIRST_SECONDS):
                    await self._known.wait()
        if self._trouble is not None:
            return Checked(ok=False, sentence=self._trouble.reason, kind=self._trouble.kind or "provider")
        try:
            said = await self._api.webhook()
        except SendFailed as failed:
            return Checked(ok=False, sentence=failed.reason, kind=failed.kind or "provider")
        if not said.url:
            self._unset.set()
            return Checked(
                ok=not self._runs, sentence="Telegram does not know our address; it is told when the gateway starts, and again by itself.", kind="elsewhere"
            )
        if said.url != self.url:
            return Checked(
                ok=False,
                sentence="Telegram brings this bot's messages to another address. Restart the gateway to bring them here, or give each a bot of its own.",
                kind="elsewhere",
            )
        waiting = said.pending_update_count
        if waiting and said.last_error_date and said.last_error_message and self._clock() - _utc(said.last_error_date) < _RECENT:
            return Checked(
                ok=False,
                sentence=f"Telegram cannot bring us messages ({_shown(said.last_error_message)}). Waiting there: {waiting}.",
                kind="provider",
                waiting=waiting,
            )
        return Checked(ok=True, sentence=f"Telegram brings messages to us; waiting there: {waiting}.", waiting=waiting)

    def _secret(self, inlet: Inlet) -> str:
        """The same on every node, and nobody has to think of one. Letters, digits, - and _, as Telegram wants it."""
        return inlet.sign("telegram webhook", self._name)

    def _broke(self, failed: SendFailed) -> None:
        if self._trouble is None or self._trouble.kind != failed.kind:
            _log.warning("telegram out of reach", channel=self._name, kind=failed.kind, sentence=failed.reason)
        self._trouble = failed
        self._known.set()


def _shown(message: str) -> str:
    """Telegram's own words about our door: for one line of an operator's."""
    return "".join(character if character.isprintable() else " " for character in message)[:200].rstrip(".")


def _utc(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)
