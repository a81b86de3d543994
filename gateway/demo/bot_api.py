"""A loopback Bot API: the methods that the gateway uses, and the people behind it, with Telegram's own answers and any fault on demand.

It knows nothing of our own code: it answers from Telegram's published pages, so that both sides cannot share a mistake.
https://core.telegram.org/bots/api
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any

import aiohttp
from aiohttp import web

from gateway.demo import bot_chats, bot_keyboards
from gateway.demo import bot_resources as resources
from gateway.demo.bot_chats import Chats, Hook
from gateway.demo.bot_parameters import Fields, parameters
from gateway.demo.faults import Drop, Fault, Garbage, Hang, Slow, Status, Timeout, TooMany
from gateway.server import Site

__all__ = ["BotApi"]

_LONGEST_TEXT = 4096
_LARGEST_FILE = 20 * 1024 * 1024
_MOST_UPDATES = 100
_LONGEST_POLL = 50.0
_MAX_UPLOAD = 50 * 1024 * 1024

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Method = Callable[[Fields], Awaitable[web.StreamResponse]]


class BotApi(Chats):
    """One bot and everybody who writes to it."""

    def __init__(self, token: str, username: str = "LaporPPUbot", clock: Callable[[], datetime] = bot_chats.now) -> None:
        super().__init__(token, username, clock)
        # Taken from the front, one for each call.
        self.faults: list[Fault] = []
        # The same for the calls of one method.
        self.faults_of: dict[str, list[Fault]] = {}
        # Goes wrong at each call that takes none of those, until it is taken away.
        self.weather: Fault | None = None
        # Methods that were called, the failed calls too.
        self.calls: list[str] = []
        # Chats that are written to too fast, and for how many seconds.
        self.too_fast: dict[int, int] = {}
        self.base_url = ""
        # Who asks for updates at this moment.
        self._poll: asyncio.Future[None] | None = None
        self._closing = asyncio.Event()
        self._methods: dict[str, Method] = {
            "getme": self._get_me,
            "getupdates": self._get_updates,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
            "getwebhookinfo": self._get_webhook_info,
            "sendmessage": self._send_message,
            "sendphoto": self._send_photo,
            "answercallbackquery": self._answer_callback_query,
            "editmessagetext": self._edit_message_text,
            "getfile": self._get_file,
        }

    @asynccontextmanager
    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
        """Answer on loopback until the block ends; the base URL."""
        self._closing.clear()
        runner = self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        async with aiohttp.ClientSession() as self._session:
            bringing = asyncio.create_task(self._bring())
            try:
                await Site(runner, host, port).start()
                self.base_url = f"http://{host}:{runner.addresses[0][1]}"
                yield self.base_url
            finally:
                self._closing.set()
                bringing.cancel()
                await runner.cleanup()
                await asyncio.gather(bringing, return_exceptions=True)

    @asynccontextmanager
    async def refusing(self) -> AsyncIterator[None]:
        """Nobody listens at that address until the block ends, and who was connected is cut off."""
        host, port = self._runner.addresses[0]
        for site in list(self._runner.sites):
            await site.stop()
        assert self._runner.server is not None  # noqa: S101  # set up by serve()
        for connection in self._runner.server.connections:
            connection.force_close()
        try:
            yield
        finally:
            await Site(self._runner, host, port).start()

    def _application(self) -> web.Application:
        app = web.Application(client_max_size=_MAX_UPLOAD)
        app.router.add_route("*", "/bot{token}/{method}", self._call)
        app.router.add_get("/file/bot{token}/{path:.+}", self._download)
        return app

    async def _call(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"].lower()
        self.calls.append(name)
        own = self.faults_of.get(name)
        fault = own.pop(0) if own else self.faults.pop(0) if self.faults else self.weather
        return await (self._answer(request, name) if fault is None else self._fail(fault, request, name))

    async def _answer(self, request: web.Request, name: str) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            return _error(resources.UNAUTHORIZED)
        if name not in self._methods:
            return _error(resources.NOT_FOUND)
        return await self._methods[name](await parameters(request))

    async def _fail(self, fault: Fault, request: web.Request, name: str) -> web.StreamResponse:
        match fault:
            case Status(code):
                return _error((code, "Internal Server Error"))
            case TooMany(seconds):
                said = f"Too Many Requests: retry after {seconds}" if seconds is not None else "Too Many Requests"
                return web.json_response(resources.error(429, said, seconds), status=429)
            case Garbage():
                return web.Response(text="<html><body>It works!</body></html>", content_type="text/html")
            case Hang():
                answer = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "1000"})
                await answer.prepare(request)
                await self._closing.wait()
                return answer
            case Slow(seconds):
                late = await self._answer(request, name)
                await self._pause(seconds)
                return late
            case Timeout(accepted):
                if accepted:
                    await self._answer(request, name)
                await self._closing.wait()
            case Drop():
                await self._answer(request, name)
        if request.transport is not None:
            request.transport.close()
        return web.Response(status=504)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()

    # Methods

    async def _get_me(self, _: Fields) -> web.StreamResponse:
        return _result(resources.bot_itself(self.bot_id, self.username))

    async def _get_updates(self, fields: Fields) -> web.StreamResponse:
        if self.hook is not None:
            return _error(resources.HOOKED)
        if self._poll is not None and not self._poll.done():
            # The one who waits is told, and the new one waits instead.
            self._poll.set_result(None)
        mine = self._poll = asyncio.get_running_loop().create_future()
        if "allowed_updates" in fields:
            self.allowed = fields["allowed_updates"]
        if fields.get("offset"):
            await self._confirm(int(fields["offset"]))
        try:
            await self._wait_for_updates(mine, min(float(fields.get("timeout", 0)), _LONGEST_POLL))
            if mine.done():
                return _error(resources.OTHER_POLL)
        finally:
            mine.cancel()
        limit = min(int(fields.get("limit", _MOST_UPDATES)), _MOST_UPDATES)
        there = b",".join(update.raw for update in self._waiting[:limit])
        return web.Response(body=b'{"ok":true,"result":[' + there + b"]}", content_type="application/json")

    async def _wait_for_updates(self, mine: asyncio.Future[None], seconds: float) -> None:
        async def something() -> None:
            async with self._changed:
                await self._changed.wait_for(lambda: bool(self._waiting))

        if self._waiting or seconds <= 0:
            return
        tasks: list[asyncio.Future[Any]] = [asyncio.create_task(something()), asyncio.create_task(self._closing.wait())]
        try:
            await asyncio.wait([*tasks, mine], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _set_webhook(self, fields: Fields) -> web.StreamResponse:
        url = str(fields.get("url", ""))
        if not url:
            return await self._delete_webhook(fields)
        # Telegram wants https, and a loopback cannot have it.
        if not url.startswith(("https://", "http://127.0.0.1:")):
            return _error(resources.BAD_WEBHOOK)
        if "allowed_updates" in fields:
            self.allowed = fields["allowed_updates"]
        async with self._changed:
            self.hook = Hook(url, str(fields.get("secret_token", "")))
            self._waiting = [] if fields.get("drop_pending_updates") is True else self._waiting
            self._changed.notify_all()
        return _result(True, "Webhook was set")  # noqa: FBT003  # what the API says

    async def _delete_webhook(self, fields: Fields) -> web.StreamResponse:
        async with self._changed:
            self.hook = None
            self._waiting = [] if fields.get("drop_pending_updates") is True else self._waiting
            self._changed.notify_all()
        return _result(True, "Webhook was deleted")  # noqa: FBT003  # what the API says

    async def _get_webhook_info(self, _: Fields) -> web.StreamResponse:
        hook = self.hook
        return _result(resources.webhook(hook.url if hook else "", len(self._waiting), hook.failed if hook else None, self.allowed))

    async def _send_message(self, fields: Fields) -> web.StreamResponse:
        text = str(fields.get("text", ""))
        if not text.strip():
            return _error(resources.EMPTY)
        if len(text.encode("utf-16-le")) // 2 > _LONGEST_TEXT:
            return _error(resources.TOO_LONG)
        return await self._say(fields, {"text": text})

    async def _send_photo(self, fields: Fields) -> web.StreamResponse:
        sent = fields.get("photo")
        file = self.keep(sent, "jpg") if isinstance(sent, bytes) else self.files.get(str(sent))
        if file is None:
            return _error(resources.NO_FILE)
        return await self._say(fields, resources.photo(file) | ({"caption": fields["caption"]} if fields.get("caption") else {}))

    async def _say(self, fields: Fields, content: Fields) -> web.StreamResponse:
        chat = str(fields.get("chat_id", ""))
        number = int(chat) if chat.lstrip("-").isdigit() else 0
        if number in self.too_fast:
            seconds = self.too_fast[number]
            return web.json_response(resources.error(429, f"Too Many Requests: retry after {seconds}", seconds), status=429)
        if number in self.blocked:
            return _error(resources.BLOCKED)
        person = self.people.get(number)
        if person is None:
            return _error(resources.NO_CHAT)
        markup = fields.get("reply_markup") or {}
        if refused := bot_keyboards.refused(markup):
            return _error(refused)
        said = {**content, **bot_keyboards.below(markup)}
        if answered := fields.get("reply_parameters"):
            try:
                said["reply_to_message"] = self._without_reply(self.message(number, int(answered["message_id"])))
            except KeyError:
                if answered.get("allow_sending_without_reply") is not True:
                    return _error(resources.NO_REPLY)
        async with self._changed:
            message = self._new(number, resources.bot(self.bot_id, self.username), resources.private(person), said)
            self.markups[message["message_id"]] = markup
            self._changed.notify_all()
        return _result(message)

    async def _edit_message_text(self, fields: Fields) -> web.StreamResponse:
        try:
            message = self.message(int(fields["chat_id"]), int(fields["message_id"]))
        except (KeyError, ValueError):
            return _error(resources.NO_MESSAGE)
        message |= {"text": str(fields.get("text", "")), "edit_date": int(self._clock().timestamp())}
        return _result(message)

    async def _answer_callback_query(self, fields: Fields) -> web.StreamResponse:
        query = str(fields.get("callback_query_id", ""))
        if query not in self._presses:
            return _error(resources.OLD_QUERY)
        async with self._changed:
            self.heard.append(query)
            self._changed.notify_all()
        return _result(True)  # noqa: FBT003  # what the API says

    async def _get_file(self, fields: Fields) -> web.StreamResponse:
        file = self.files.get(str(fields.get("file_id", "")).removeprefix("kecil-"))
        if file is None:
            return _error(resources.NO_FILE)
        if len(file.content) > _LARGEST_FILE:
            return _error(resources.TOO_BIG)
        return _result(resources.file(file))

    async def _download(self, request: web.Request) -> web.StreamResponse:
        self.calls.append("download")
        file = next((file for file in self.files.values() if file.path == request.match_info["path"]), None)
        if request.match_info["token"] != self.token or file is None:
            return _error(resources.NOT_FOUND)
        return web.Response(body=file.content, content_type="application/octet-stream")


def _result(result: object, description: str = "") -> web.Response:
    return web.json_response({"ok": True, "result": result} | ({"description": description} if description else {}))


def _error(error: resources.Error) -> web.Response:
    return web.json_response(resources.error(*error), status=error[0])
