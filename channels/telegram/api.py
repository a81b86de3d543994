"""How python-telegram-bot reaches the network: over one aiohttp session with time-outs, and only to send and to ask.

The library's own client logs addresses, and a bot's token is part of each: nothing here ever does. What goes wrong is raised as SendFailed right here,
where it is still known whether the request may have left. Updates are asked for as bytes, because the journal keeps what Telegram wrote.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Mapping
from typing import TypeVar

import aiohttp
from pydantic import SecretStr
from telegram import Bot, File, ReplyParameters, User, WebhookInfo
from telegram.error import TelegramError
from telegram.request import BaseRequest, RequestData

from channels.contract import SendFailed
from channels.telegram.failures import failure, garbage
from channels.telegram.keyboard import Keyboard
from channels.telegram.updates import WANTED

# What the library raises when a success is not Telegram's: no JSON, or JSON of something else.
_NOT_TELEGRAM = (TelegramError, ValueError, TypeError, AttributeError, KeyError, RecursionError, OverflowError, OSError)
# A hundred updates of the largest kind are a few megabytes; more is not Telegram's.
_MAX_ANSWER_BYTES = 32 * 1024 * 1024
# The connection is made or refused in this part of the time, so that a time-out later than that means: it may have been sent.
_CONNECTING = 0.5
_Answer = TypeVar("_Answer")


class Api:
    """One bot. Each method raises SendFailed, whatever the network or the other side does."""

    def __init__(self, token: SecretStr, api_base: str, timeout_seconds: float) -> None:
        """Opens nothing."""
        self._wire = Wire(timeout_seconds)
        # At DEBUG the library says which token it has, and what it sends to whom.
        # It also repeats an answer that it could not read, and a citizen's words may stand in that; our own error says that there was one.
        logging.getLogger("telegram").setLevel(logging.CRITICAL)
        self._bot = Bot(token.get_secret_value(), f"{api_base}/bot", f"{api_base}/file/bot", self._wire, self._wire)

    async def me(self) -> User:
        """Who the bot is."""
        return await _told(self._bot.get_me())

    async def send(self, chat: int, text: str, answers: int | None, keyboard: Keyboard | None) -> int:
        """One message of plain text, answering one if that is still there; its id in the chat."""
        reply = ReplyParameters(answers, allow_sending_without_reply=True) if answers is not None else None
        message = await _told(self._bot.send_message(chat, text, reply_parameters=reply, reply_markup=keyboard))
        if not isinstance(message.message_id, int):
            raise garbage()
        return message.message_id

    async def pressed(self, query: str) -> None:
        """The button has been heard: it stops turning on the person's screen."""
        await _told(self._bot.answer_callback_query(query))

    async def webhook(self) -> WebhookInfo:
        """Where updates are brought, and how that goes."""
        return await _told(self._bot.get_webhook_info())

    async def set_webhook(self, url: str, secret: str) -> None:
        """Bring them there, with that in a header; what waits is kept."""
        await _told(self._bot.set_webhook(url, secret_token=secret, allowed_updates=WANTED, drop_pending_updates=False))

    async def delete_webhook(self) -> None:
        """Bring them nowhere; what waits is kept."""
        await _told(self._bot.delete_webhook(drop_pending_updates=False))

    async def updates(self, offset: int | None, seconds: float) -> bytes:
        """What waits from there on, as Telegram wrote it; everything before it is forgotten there. Waits so long if there is nothing."""
        asked = {"timeout": int(seconds), "allowed_updates": WANTED} | ({} if offset is None else {"offset": offset})
        return await self._wire.ask(f"{self._bot.base_url}/getUpdates", {name: json.dumps(value) for name, value in asked.items()}, longer=seconds)

    async def file(self, file_id: str) -> File:
        """Where a file lies."""
        return await _told(self._bot.get_file(file_id))

    @property
    def files(self) -> str:
        """Where all files lie; the token is in it."""
        return f"{self._bot.base_file_url}/"

    async def close(self) -> None:
        """Give back connections."""
        await self._wire.shutdown()


class _Carried(TelegramError):
    """A failure of ours on its way through the library, which lets its own kind pass."""

    def __init__(self, failed: SendFailed) -> None:
        super().__init__(failed.reason)
        self.failed = failed


async def _told(call: Awaitable[_Answer]) -> _Answer:
    try:
        return await call
    except _Carried as carried:
        # Without what it came from: addresses stand in there.
        raise carried.failed from None
    except _NOT_TELEGRAM:
        raise garbage() from None


class Wire(BaseRequest):
    """One session, opened with the first request. It never repeats a request by itself: that could be a second message."""

    def __init__(self, timeout_seconds: float) -> None:
        self._seconds = timeout_seconds
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        """As the library wants to know."""
        return self._seconds

    async def initialize(self) -> None:
        """The first request does."""

    async def shutdown(self) -> None:
        """Give back the connections."""
        if self._session is not None:
            await self._session.close()

    async def do_request(  # the library's signature
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = None,
        write_timeout: object = None,
        connect_timeout: object = None,
        pool_timeout: object = None,
    ) -> tuple[int, bytes]:
        """Raise what the library lets pass for anything but a success."""
        try:
            return 200, await self.ask(url, request_data.json_parameters if request_data else {})
        except SendFailed as failed:
            raise _Carried(failed) from None

    async def ask(self, url: str, form: Mapping[str, str], longer: float = 0) -> bytes:
        """The answer to a form; it may take so much longer. Raises SendFailed for anything but a success."""
        limit = aiohttp.ClientTimeout(total=self._seconds + longer, connect=self._seconds * _CONNECTING)
        try:
            async with self._open().post(url, data=dict(form), timeout=limit, allow_redirects=False) as answer:
                content = await _content(answer)
        except aiohttp.ClientConnectorDNSError:
            raise SendFailed("The name of Telegram's server is not known.", channel_wide=True, kind="unreachable") from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            raise SendFailed("Telegram could not be reached.", channel_wide=True, kind="unreachable") from None
        except TimeoutError:
            raise SendFailed("Telegram did not answer in time.", maybe_sent=True, channel_wide=True, kind="timeout") from None
        except (aiohttp.ClientError, OSError):
            raise SendFailed("The connection to Telegram broke off.", maybe_sent=True, channel_wide=True, kind="unreachable") from None
        if answer.status != 200:  # noqa: PLR2004  # the only success that the Bot API has
            raise failure(answer.status, content)
        return content

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self._session


async def _content(answer: aiohttp.ClientResponse) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for chunk in answer.content.iter_chunked(65536):
        pieces.append(chunk)
        size += len(chunk)
        if size > _MAX_ANSWER_BYTES:
            raise garbage()
    return b"".join(pieces)
