"""A provider that calls us: its body within limits, and one place where whatever goes wrong on our side is temporary (law 1)."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable
from datetime import timedelta

import structlog
from aiohttp import web

from channels.contract import Limit, Refused

_log = structlog.get_logger(__name__)
_LATER = timedelta(seconds=30)


class _TooLarge(Exception):
    """More than a body may have."""


class Hook:
    """One channel's, for all its doors."""

    def __init__(self, name: str, max_bytes: int, seconds: float) -> None:
        """`seconds`: what accepting may take, with all the body."""
        self._name = name
        self.body = Limit("max_body_bytes", max_bytes)
        self.in_time = Limit("accept_seconds", seconds)

    async def answer(self, judged: Awaitable[web.Response]) -> web.Response:
        """What the request is answered with: as it is judged, in time."""
        try:
            async with asyncio.timeout(self.in_time.allowed):
                return await judged
        except _TooLarge:
            self.body.rejected += 1
            return web.Response(status=413, text="This request is too large.\n")
        except TimeoutError:
            self.in_time.rejected += 1
            _log.error("not accepted", channel=self._name, error="TimeoutError")
            return _later(_LATER)
        except Refused as refused:
            return _later(refused.retry_after)
        except web.RequestPayloadError:
            return web.Response(status=400, text="This request could not be read.\n")
        except Exception as error:  # noqa: BLE001  # law 1: any fault of ours is temporary; its words may be a citizen's
            _log.error("not accepted", channel=self._name, error=type(error).__name__)
            return _later(_LATER)

    async def read(self, request: web.Request) -> bytes:
        """All of it, for who judges; answer() says it if there is more than that."""
        # A few compressed octets may be many.
        if request.content_length is not None and request.content_length <= self.body.allowed and "Content-Encoding" not in request.headers:
            return await request.read()
        raw = bytearray()
        async for chunk in request.content.iter_any():
            raw += chunk
            if len(raw) > self.body.allowed:
                raise _TooLarge
        return bytes(raw)


def _later(after: timedelta) -> web.Response:
    return web.Response(status=503, text="Not now. Please send it again later.\n", headers={"Retry-After": str(math.ceil(after.total_seconds()))})
