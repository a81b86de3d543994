"""A loopback Twilio: the parts of API v2010 that the gateway uses and the phone network behind it, with the documented answers and any fault on demand.

It knows nothing of our own code: it signs, answers and pages from Twilio's published pages, so that both sides cannot share a mistake.
"""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from hmac import compare_digest
from typing import TypeVar

import aiohttp
from aiohttp import web

from gateway.demo import twilio_account
from gateway.demo import twilio_resources as resources
from gateway.demo.faults import Drop, Fault, Garbage, Hang, Slow, Status, Timeout, TooMany
from gateway.demo.twilio_account import Line
from gateway.demo.twilio_network import Answer, Network, Texted
from gateway.demo.twilio_wire import API_VERSION, Media, Message
from gateway.server import Site

__all__ = ["Answer", "Drop", "Fault", "Garbage", "Hang", "Line", "Message", "Slow", "Status", "Texted", "Timeout", "TooMany", "Twilio"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Kept = TypeVar("Kept", Message, Media)

_NUMBER = re.compile(r"(whatsapp:)?\+[1-9]\d{6,14}")
_LONGEST_BODY = 1600


class Twilio(Network):
    """One account and its phones. Everything public may be set at any time; it holds from the next call on."""

    def __init__(self, account_sid: str, auth_token: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(account_sid, auth_token, clock)
        self.account_status = "active"
        # Taken from the front, one for each REST call.
        self.faults: list[Fault] = []
        # Goes wrong at each REST call that takes none of those, until it is taken away; None: nothing.
        self.weather: Fault | None = None
        # REST calls so far, the failed ones too.
        self.calls = 0
        # The callbacks come before the create call is answered.
        self.early = False
        # Numbers that cannot be sent to, with Twilio's code: 21211 no such number, 21610 unsubscribed.
        self.refuses: dict[str, int] = {}
        # The account's numbers, and where each one's messages are brought.
        self.numbers: dict[str, Line] = {}
        # Origin that media are redirected to, as to Twilio's CDN; "" = this server, None = no redirect.
        self.media_redirect: str | None = None
        self._since = clock()
        self._closing = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
        """Answer on loopback until the block ends; the base URL. Callbacks on their way end with it."""
        self._closing.clear()
        runner = self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        async with aiohttp.ClientSession() as self._session:
            try:
                await Site(runner, host, port).start()
                self.base_url = f"http://{host}:{runner.addresses[0][1]}"
                yield self.base_url
            finally:
                await self._end(runner)

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

    async def _end(self, runner: web.AppRunner) -> None:
        self._closing.set()
        await runner.cleanup()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._gate])
        root = f"/{API_VERSION}/Accounts/{{account}}"
        app.add_routes(
            [
                web.get(f"{root}.json", self._account),
                web.post(f"{root}/Messages.json", self._create),
                web.get(f"{root}/Messages.json", self._list),
                web.get(f"{root}/Messages/{{message}}.json", self._fetch),
                web.get(f"{root}/Messages/{{message}}/Media.json", self._list_media),
                web.get(f"{root}/Messages/{{message}}/Media/{{media}}.json", self._fetch_media),
                web.get(f"{root}/Messages/{{message}}/Media/{{media}}", self._download),
                web.get(f"{root}/IncomingPhoneNumbers.json", self._list_numbers),
                web.get(f"{root}/SMS/ShortCodes.json", self._list_short_codes),
                web.get(f"{root}/Notifications.json", self._list_notifications),
                web.get("/cdn/{media}", self._cdn),
            ]
        )
        return app

    @web.middleware
    async def _gate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Whatever goes wrong, goes wrong before a door is reached; then who asks, then whose account it is."""
        if request.path.startswith("/cdn/"):
            return await handler(request)
        self.calls += 1
        fault = self.faults.pop(0) if self.faults else self.weather
        if fault is not None:
            return await self._fail(fault, request, handler)
        return await self._admitted(request, handler)

    async def _admitted(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self._authentic(request.headers.get("Authorization", "")):
            return _error(20003, 401, {"WWW-Authenticate": 'Basic realm="Twilio API"'})
        if request.match_info.get("account") != self.account_sid:
            return _error(20404, 404)
        return await handler(request)

    def _authentic(self, header: str) -> bool:
        return compare_digest(header.encode(), aiohttp.encode_basic_auth(self.account_sid, self.auth_token).encode())

    async def _fail(self, fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
        match fault:
            case Status(code):
                return _error(20500, code)
            case TooMany(seconds):
                return _error(20429, 429, {} if seconds is None else {"Retry-After": str(seconds)})
            case Garbage():
                return web.Response(status=201, text="<html><body>It works!</body></html>", content_type="text/html")
            case Hang():
                return await self._begin_and_stop(request)
            case Slow(seconds):
                answer = await self._admitted(request, handler)
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self._closing.wait()
                return answer
            case Timeout(accepted):
                if accepted:
                    await self._admitted(request, handler)
                await self._closing.wait()
            case Drop():
                await self._admitted(request, handler)
        return _cut(request)

    async def _begin_and_stop(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(status=201, headers={"Content-Type": "application/json", "Content-Length": "1000"})
        await answer.prepare(request)
        await self._closing.wait()
        _cut(request)
        return answer

    async def _create(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        if code := self._wrong(form):
            return _error(code, 400)
        message = Message(
            sid="SM" + uuid.uuid4().hex,
            from_=form.get("From", ""),
            to=form["To"],
            body=form["Body"],
            direction="outbound-api",
            status="queued",
            accepted_at=self._clock(),
            messaging_service_sid=form.get("MessagingServiceSid"),
            status_callback=form.get("StatusCallback"),
        )
        async with self._changed:
            self._messages[message.sid] = message
            self._changed.notify_all()
        await self._set_off(message)
        return web.json_response(resources.message(message, self.account_sid), status=201)

    async def _set_off(self, message: Message) -> None:
        if self.early:
            await self._deliver(message)
            return
        task = asyncio.create_task(self._deliver(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _wrong(self, form: Mapping[str, str]) -> int | None:
        """Twilio's code for what is wrong with a message; None: nothing."""
        to = form.get("To", "")
        checks = (
            (not to, 21604),
            (not (form.get("From") or form.get("MessagingServiceSid")), 21603),
            (not form.get("Body"), 21602),
            (not _NUMBER.fullmatch(to), 21211),
            (len(form.get("Body", "")) > _LONGEST_BODY, 21617),
        )
        return next((code for wrong, code in checks if wrong), self.refuses.get(to))

    async def _account(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response(resources.account(self.account_sid, self.auth_token, self.account_status, self._since))

    async def _list(self, request: web.Request) -> web.StreamResponse:
        newest_first = reversed(self._messages.values())
        shown = [resources.message(message, self.account_sid) for message in newest_first if resources.wanted(message, request.query)]
        return web.json_response(resources.page("messages", shown, request.path, request.query))

    async def _list_numbers(self, request: web.Request) -> web.StreamResponse:
        asked = request.query.get("PhoneNumber", "")
        there = {number: line for number, line in self.numbers.items() if not twilio_account.is_short(number) and asked in number}
        shown = [twilio_account.incoming_number(number, line, self.account_sid, self._since) for number, line in there.items()]
        return web.json_response(resources.page("incoming_phone_numbers", shown, request.path, request.query))

    async def _list_short_codes(self, request: web.Request) -> web.StreamResponse:
        asked = request.query.get("ShortCode", "")
        there = {number: line for number, line in self.numbers.items() if twilio_account.is_short(number) and asked in number}
        shown = [twilio_account.short_code(number, line, self.account_sid, self._since) for number, line in there.items()]
        return web.json_response(resources.page("short_codes", shown, request.path, request.query))

    async def _list_notifications(self, request: web.Request) -> web.StreamResponse:
        newest_first = reversed(self.notifications)
        shown = [twilio_account.notification(one, self.account_sid) for one in newest_first if twilio_account.wanted(one, request.query)]
        return web.json_response(resources.page("notifications", shown, request.path, request.query))

    async def _fetch(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(resources.message(self._message(request), self.account_sid))

    async def _list_media(self, request: web.Request) -> web.StreamResponse:
        message = self._message(request)
        shown = [resources.media(file, message, self.account_sid) for file in message.media]
        return web.json_response(resources.page("media_list", shown, request.path, request.query))

    async def _fetch_media(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(resources.media(self._file(request), self._message(request), self.account_sid))

    async def _download(self, request: web.Request) -> web.StreamResponse:
        file = self._file(request)
        if self.media_redirect is None:
            return _content(file)
        return web.Response(status=307, headers={"Location": f"{self.media_redirect or self.base_url}/cdn/{file.sid}"})

    async def _cdn(self, request: web.Request) -> web.StreamResponse:
        return _content(self._file(request))

    def _message(self, request: web.Request) -> Message:
        return _found(self._messages, request.match_info["message"])

    def _file(self, request: web.Request) -> Media:
        return _found(self._media, request.match_info["media"])


def _found(kept: Mapping[str, Kept], sid: str) -> Kept:
    if sid not in kept:
        raise web.HTTPNotFound(text=json.dumps(resources.error(20404, 404)), content_type="application/json")
    return kept[sid]


def _content(file: Media) -> web.Response:
    return web.Response(body=file.content, content_type=file.type)


def _error(code: int, status: int, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response(resources.error(code, status), status=status, headers=headers)


def _cut(request: web.Request) -> web.Response:
    """Close the connection under the answer, which then goes nowhere."""
    if request.transport is not None:
        request.transport.close()
    return web.Response(status=504)
