"""Open pages are told what changed, by server-sent events (HTML, section 9.2): drawn once a language, sent to each, and nobody is asked anything for it."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

from aiohttp import web

from channels import Limit
from channels.pages import Look, Pages
from gateway.desk.access import Access
from gateway.desk.board import Board
from gateway.desk.watch import Watch

# All together: each is a connection that stays.
_MOST = 100
# A browser that lost us comes again after this.
_RETRY_MS = 5000


class Live:
    """Of one node."""

    def __init__(self, watch: Watch, board: Board, pages: Pages, access: Access) -> None:
        self._watch = watch
        self._board = board
        self._pages = pages
        self._access = access
        self._limit = Limit("open_pages", _MOST, 0)

    def limit(self) -> Limit:
        """Of pages that are open."""
        return self._limit

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Until the browser goes, its session ends, or we stop. Not through Access.page: that a page is open is no use of it."""
        if self._access.session(request) is None:
            return web.Response(status=401, text="Sign in.\n")
        open_pages = self._limit.used or 0
        if open_pages >= _MOST:
            self._limit.rejected += 1
            return web.Response(status=503, text="Too many pages are open.\n", headers={"Retry-After": "30"})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._limit.used = open_pages + 1
        try:
            await response.prepare(request)
            with suppress(ConnectionError):
                await self._tell(request, response)
        finally:
            self._limit.used = (self._limit.used or 1) - 1
        return response

    async def _tell(self, request: web.Request, response: web.StreamResponse) -> None:
        look, seen = self._pages.look(request), _seen(request)
        await response.write(f"retry: {_RETRY_MS}\nevent: well\ndata:\n\n".encode())
        while not self._watch.ended:
            if self._access.session(request) is None:
                await response.write(b"event: ended\ndata:\n\n")
                return
            told = self._watch.picture
            seen = await self._tell_since(look, seen, response)
            await self._watch.newer(told)

    async def _tell_since(self, look: Look, seen: int, response: web.StreamResponse) -> int:
        parts = self._board.since(look, seen)
        version = self._board.version
        if parts:
            await response.write(f"event: parts\nid: {version}\ndata: {json.dumps(parts)}\n\n".encode())
        else:
            # So that whoever is gone is noticed, and proxies keep the line.
            await response.write(b":\n\n")
        # A slow browser misses pictures, never what is on the last one.
        await asyncio.sleep(0)
        return version


def _seen(request: web.Request) -> int:
    """The version of the page, or of what was last told after it; nonsense: none."""
    said = request.headers.get("Last-Event-ID") or request.query.get("seen", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 20 else 0  # noqa: PLR2004  # digits of 64 bits
