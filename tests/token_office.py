"""Who gives out tokens, and tells a mail server which are good: the provider's side of OAuth, on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from gateway import server
from tests.dovecot import ACCOUNT

CLIENT, SECRET, PERMISSION = "lapor", "rahasia warga sandi", "token of the account izin"


@dataclass
class TokenOffice:
    """Each token is another one; it is good until it is said to be not."""

    port: int = 0
    lasts: float = 3600
    given: list[str] = field(default_factory=list)
    good: set[str] = field(default_factory=set)
    # What was asked for, and by which permission.
    asked: list[dict[str, str]] = field(default_factory=list)
    # What is said instead of giving one: status and words.
    instead: tuple[int, Any] | None = None
    # The permission that comes with each token.
    next_permission: str = ""
    # What else is said with each token.
    more: dict[str, object] = field(default_factory=dict)

    @property
    def token_url(self) -> str:
        """Where tokens are given out."""
        return f"http://127.0.0.1:{self.port}/token"

    @property
    def introspection(self) -> str:
        """Where a mail server asks whether one is good."""
        return f"http://127.0.0.1:{self.port}/introspect?token="

    async def give(self, request: web.Request) -> web.Response:
        """RFC 6749, sections 4.4 and 6."""
        self.asked.append({key: str(value) for key, value in (await request.post()).items()})
        if self.instead:
            status, words = self.instead
            return web.json_response(words, status=status) if not isinstance(words, str) else web.Response(text=words, status=status)
        token = f"token of the account {len(self.given)}".replace(" ", "-")
        self.given.append(token)
        self.good.add(token)
        more = {"refresh_token": self.next_permission} if self.next_permission else {}
        return web.json_response({"access_token": token, "token_type": "Bearer", "expires_in": self.lasts, **more, **self.more})

    async def introspect(self, request: web.Request) -> web.Response:
        """RFC 7662, as Dovecot asks."""
        good = request.query.get("token") in self.good
        return web.json_response({"active": "true", "username": ACCOUNT} if good else {"active": "false"})


@asynccontextmanager
async def token_office() -> AsyncIterator[TokenOffice]:
    """Open, at a port of its own."""
    office, application = TokenOffice(), web.Application()
    application.router.add_post("/token", office.give)
    application.router.add_get("/introspect", office.introspect)
    runner, office.port = await server.listen(application, "127.0.0.1", 0)
    try:
        yield office
    finally:
        await runner.cleanup()
