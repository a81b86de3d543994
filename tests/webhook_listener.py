"""A chat room on loopback: takes what is posted to it, or answers what a test tells it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from gateway import server


@dataclass
class Room:
    """What was posted."""

    posts: list[dict[str, Any]] = field(default_factory=list)
    # One a call; then it is well.
    statuses: list[int] = field(default_factory=list)
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        """As a chat room does."""
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            self.posts.append(await request.json())
        return web.Response(status=status, text="ok")


@asynccontextmanager
async def room() -> AsyncIterator[Room]:
    """Open."""
    it, app = Room(), web.Application()
    app.router.add_post("/hook", it.take)
    runner, port = await server.listen(app, "127.0.0.1", 0)
    it.url = f"http://127.0.0.1:{port}/hook"
    try:
        yield it
    finally:
        await runner.cleanup()
