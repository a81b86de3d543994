"""The Telegram wire: one bot, asked for its messages or called with them; answers go out as plain text."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterable
from datetime import datetime, timedelta
from functools import partial

from channels.contract import About, Arrival, Box, Checked, DeliveryUpdate, Door, Fetched, FetchFailed, Ignored, Inlet, Known, Limit, Notice, SendFailed
from channels.telegram import reading
from channels.telegram.api import Api
from channels.telegram.arrivals import Arrivals
from channels.telegram.failures import NotTaken, TooFast
from channels.telegram.files import Files
from channels.telegram.keyboard import Keyboard, Keyboards
from channels.telegram.pacing import Pace
from channels.telegram.parts import parts
from channels.telegram.polling import Poller
from channels.telegram.reading import message_name
from channels.telegram.settings import TelegramSettings
from channels.telegram.webhook import PATH, Webhook
from normalizer import Report

_CHAT = re.compile(r"[1-9][0-9]{0,15}")
_MESSAGE = re.compile(r"telegram:(-?[0-9]{1,16}):([0-9]{1,16})")
# Told to slow down, and not for how long.
_PAUSE = timedelta(seconds=5)
# So many notices whose sending broke off in the middle are remembered.
_HALF_SENT = 1000


class Telegram:
    """One bot, under one name."""

    reaches = frozenset({"telegram"})

    def __init__(self, name: str, settings: TelegramSettings, about: About) -> None:
        """Opens nothing."""
        self.name = name
        self._settings = settings
        self._api = Api(settings.token, settings.api_base, settings.timeout_seconds)
        arrivals = Arrivals(name, settings.token.get_secret_value(), about.doors.get("telegram", "").removeprefix("@"), about.clock)
        self.poller = Poller(settings, self._api, arrivals, about, name) if settings.receive == "polling" else None
        self.webhook = Webhook(settings, self._api, arrivals, about, name) if settings.receive == "webhook" else None
        self._files = Files(self._api, settings.max_file_bytes, settings.file_seconds)
        self.pace = Pace(settings.messages_per_second, settings.chat_seconds)
        self._keyboards = Keyboards()
        # Of a notice in several messages that broke off: those that are there. Forgotten with this process; then they come twice.
        self._half_sent: OrderedDict[str, list[int]] = OrderedDict()

    # The way in

    def routes(self, inlet: Inlet) -> Iterable[Door]:
        """Where Telegram calls us, if it does."""
        return [Door("POST", PATH, partial(self.webhook.take, inlet), self._settings.max_body_bytes)] if self.webhook else []

    def box(self, inlet: Inlet) -> Box | None:
        """None."""

    async def run(self, inlet: Inlet) -> None:
        """Ask for messages, or say where we are called."""
        if self.poller:
            await self.poller.run(inlet)
        if self.webhook:
            await self.webhook.run(inlet)

    def fingerprint(self, arrival: Arrival) -> str:
        """The update, however it is written."""
        return reading.fingerprint(arrival)

    def read(self, arrival: Arrival) -> Report | DeliveryUpdate | Ignored:
        """Bytes to meaning."""
        return reading.read(arrival)

    async def fetch(self, reference: str) -> Fetched:
        """A photo, a voice message, a document."""
        if not reference.isascii():
            raise FetchFailed("not the name of a file", permanent=True)
        return await self._files.fetch(reference)

    # The way back

    async def send(self, notice: Notice) -> str:
        """The full form, in as many messages as it takes; the name of the last, which has the buttons and is the one that a person answers."""
        if notice.to.kind != "telegram" or not _CHAT.fullmatch(notice.to.value):
            raise SendFailed("This is no chat with a person on Telegram.", permanent=True)
        chat = int(notice.to.value)
        sent, texts = self._half_sent.pop(notice.id, []), parts(notice.full)
        try:
            for text in texts[len(sent) :]:
                is_last = len(sent) + 1 == len(texts)
                keyboard = self._keyboards.below(chat, notice.choices) if is_last else None
                sent.append(await self._say(chat, text, None if sent else _answered(notice, chat), keyboard))
        except TooFast as failed:
            raise self._judged(failed, chat) from None
        finally:
            self._remember(notice.id, sent, len(texts))
        return message_name(chat, sent[-1])

    async def _say(self, chat: int, text: str, answers: int | None, keyboard: Keyboard | None) -> int:
        await self.pace.turn(chat)
        try:
            message = await self._api.send(chat, text, answers, keyboard)
        except NotTaken:
            if keyboard is None:
                raise
            # The words tell the same to whoever has no buttons.
            await self.pace.turn(chat)
            return await self._api.send(chat, text, answers, None)
        self._keyboards.hung(chat, keyboard)
        return message

    def _remember(self, notice: str, sent: list[int], all_: int) -> None:
        if 0 < len(sent) < all_:
            self._half_sent[notice] = sent
        if len(self._half_sent) > _HALF_SENT:
            self._half_sent.popitem(last=False)

    def _judged(self, failed: TooFast, chat: int) -> SendFailed:
        """Telegram does not say whether it is one chat that goes too fast, or all."""
        pause = failed.retry_after or _PAUSE
        everybody = self.pace.slowed(chat, pause.total_seconds())
        return SendFailed(failed.reason, retry_after=pause, channel_wide=everybody, kind=failed.kind)

    def limits(self) -> Iterable[Limit]:
        """Of its door, and of the files that it fetches."""
        files = (self._files.downloads.size, self._files.downloads.in_time)
        return (self.webhook.hook.body, self.webhook.hook.in_time, *files) if self.webhook else files

    async def check(self) -> Checked:
        """Ask Telegram who we are."""
        try:
            bot = await self._api.me()
        except SendFailed as failed:
            return Checked(ok=False, sentence=failed.reason, kind=failed.kind or "provider")
        return Checked(ok=True, sentence=f"Telegram says that the bot is @{bot.username}.")

    async def check_in(self) -> Checked:
        """How asking goes, or what Telegram says of its way to us."""
        way = self.poller or self.webhook
        return await way.check() if way else Checked(ok=True, sentence="")

    def missed(self, since: datetime, known: Known) -> AsyncGenerator[Arrival, None] | None:
        """None: Telegram brings by itself what it could not bring, for 24 hours, and shows it to nobody before."""

    def hold(self, since: datetime | None) -> bool:
        """Telegram keeps messages for a while; where it calls us, it is answered all the same."""
        if self.poller:
            self.poller.hold.begin(since)
        return self.poller is not None

    async def close(self) -> None:
        """Give back connections."""
        await self._api.close()
        await self._files.close()


def _answered(notice: Notice, chat: int) -> int | None:
    """The message of that chat that is answered."""
    for name in notice.thread:
        found = _MESSAGE.fullmatch(name)
        if found and int(found[1]) == chat:
            return int(found[2])
    return None
