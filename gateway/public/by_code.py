"""The report's own page for whoever has its contact: ask for a code by the number, type the code. Every answer is the same whatever the number is (law 10)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import parse_qsl, quote

from aiohttp import web

from channels import About, Limit, caller
from channels.pages import PRIVATE_PATH, TRACK_PATH, Look, Pages
from gateway import passcode
from gateway.codes import Codes
from gateway.public.guesses import Guesses
from gateway.store.engine import StoreAway

# Where a code is asked for and typed, and where it is sent to.
CODE_PATH = f"{TRACK_PATH}/kode"
_OPEN_PATH = f"{CODE_PATH}/buka"
# Holds what ties a code to the browser that asked.
_COOKIE = "kode"
_HELD = re.compile(r"[A-Za-z0-9_-]{22}")
# Codes that one household may ask for in ten minutes, and all together: each is a row in the store, also for a number that is none.
_PER_ADDRESS, _IN_ALL = 5, 3000
_RETRY_SECONDS = 30
_MOST_LETTERS = 40


class ByCode:
    """For the public listener."""

    def __init__(self, about: About, codes: Codes, guesses: Guesses, pages: Pages, form_path: str) -> None:
        """`guesses`: wrong codes are counted there, with wrong numbers. `form_path`: where reports are written; empty: nowhere."""
        self._about = about
        self._codes = codes
        self._guesses = guesses
        self._asked = Guesses("codes_in_ten_minutes", _PER_ADDRESS, _IN_ALL)
        self._pages = pages
        self._form_path = form_path
        self._hosts = caller.hosts(about.public_urls)
        self._secure = next(iter(about.public_urls), "").startswith("https:")

    def limit(self) -> Limit:
        """Of asking."""
        return self._asked.limit(self._about.clock())

    def add_to(self, app: web.Application) -> None:
        """Its doors."""
        app.router.add_get(CODE_PATH, self._show)
        app.router.add_post(CODE_PATH, self._ask)
        app.router.add_post(_OPEN_PATH, self._open)

    async def _show(self, request: web.Request) -> web.StreamResponse:
        number = _short(request.query.get("nomor", ""))
        return self._page(self._pages.look(request), number) if number else _elsewhere(TRACK_PATH, self._pages.look(request))

    async def _ask(self, request: web.Request) -> web.StreamResponse:
        look, number = self._pages.look(request), _short((await _fields(request)).get("nomor", ""))
        if not number:
            return _elsewhere(TRACK_PATH, look)
        if caller.from_elsewhere(request, self._hosts):
            # The person shall see it, and press it.
            return self._track(look, number, 403, "not_ours")
        address, now = caller.address(request), self._about.clock()
        if not self._asked.may(address, now):
            return self._track(look, number, 429, "crowded_codes", self._asked.wait_seconds())
        self._asked.missed(address, now)
        # The one that it has already: the code that was sent before stays good, also when no more is sent.
        held = request.cookies.get(_COOKIE, "")
        browser = held if _HELD.fullmatch(held) else secrets.token_urlsafe(16)
        try:
            await self._codes.ask(number, browser)
        except StoreAway:
            return self._track(look, number, 503, "away", _RETRY_SECONDS)
        # 303: whoever comes back from the SMS, or reloads, asks for no second one.
        answer = _elsewhere(CODE_PATH, look, nomor=number)
        seconds = int(passcode.LIVES.total_seconds())
        answer.set_cookie(_COOKIE, browser, path=TRACK_PATH, max_age=seconds, httponly=True, samesite="Strict", secure=self._secure)
        return answer

    async def _open(self, request: web.Request) -> web.StreamResponse:
        look, fields = self._pages.look(request), await _fields(request)
        number, digits = _short(fields.get("nomor", "")), passcode.typed(fields.get("kode", ""))
        if caller.from_elsewhere(request, self._hosts):
            return self._page(look, number, 403, "not_ours")
        if digits is None:
            # No try is lost for it, and it is known without looking.
            return self._page(look, number, 422, "digits")
        address, now = caller.address(request), self._about.clock()
        if not self._guesses.may(address, now):
            return self._page(look, number, 429, "crowded", self._guesses.wait_seconds())
        try:
            link = await self._codes.enter(request.cookies.get(_COOKIE, ""), digits)
        except StoreAway:
            return self._page(look, number, 503, "away", _RETRY_SECONDS)
        if link is None:
            self._guesses.missed(address, now)
            return self._page(look, number, 422, "wrong")
        # From now on as the browser that reported.
        answer = _elsewhere(f"{PRIVATE_PATH}/{link}", look)
        answer.set_cookie("laporan", link, path="/", httponly=True, samesite="Lax", secure=self._secure)
        answer.del_cookie(_COOKIE, path=TRACK_PATH)
        return answer

    def _page(self, look: Look, number: str, status: int = 200, why: str = "", retry_after: int = 0) -> web.Response:
        minutes, most = int(passcode.LIVES.total_seconds()) // 60, passcode.CAPS[timedelta(hours=1)]
        shown = {"asked": number, "why": why, "minutes": minutes, "tries": passcode.TRIES, "most": most}
        return self._pages.answer("code.html", look, shown, status, _later(retry_after))

    def _track(self, look: Look, number: str, status: int, why: str, retry_after: int = 0) -> web.Response:
        return self._pages.answer("track.html", look, {"why": why, "asked": number, "form_path": self._form_path}, status, _later(retry_after))


def _later(retry_after: int) -> Mapping[str, str]:
    return {"Retry-After": str(retry_after)} if retry_after else {}


def _elsewhere(path: str, look: Look, **query: str) -> web.Response:
    more = "".join(f"&{name}={quote(value, safe='')}" for name, value in query.items())
    return web.Response(status=303, headers={"Location": f"{path}?bahasa={look.words.language}{more}", "Cache-Control": "no-store"})


def _short(number: str) -> str:
    """As it is shown again."""
    return number.strip()[:_MOST_LETTERS]


async def _fields(request: web.Request) -> dict[str, str]:
    """Of a small form; whatever is none has none."""
    try:
        return dict(parse_qsl((await request.read()).decode("utf-8", "replace"), max_num_fields=20))
    except ValueError:
        return {}
