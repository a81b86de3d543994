"""An operator at the desk: with a name in the store, and a program that does what a browser does, down to the headers that tell where a press came from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from gateway.clock import Clock
from gateway.desk.passwords import hashed
from gateway.node import Gateway
from gateway.store import desk
from gateway.store.engine import Store
from tests.world import Deployment

NAME, PASSWORD = "budi", "empat kata yang tak tertebak"
# What would run in a browser, were it not shown as words.
SCRIPT = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>"
# What a browser says of a press on a page of ours.
OURS = {"Sec-Fetch-Site": "same-origin"}
# So that a look is soon over.
QUICK = "[health]\nheartbeat_seconds = 0.1\n"
POST = '[channels.post]\nkind = "postbox"\n'


async def employ(store: Store, clock: Clock, name: str = NAME, password: str = PASSWORD) -> None:
    """As `./run user add`."""
    kept = await asyncio.to_thread(hashed, password)
    async with store.transaction() as tx:
        await desk.add(tx, name, kept, clock.now())


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    text: str
    headers: Any

    @property
    def leads_to(self) -> str:
        """Where a browser goes next."""
        where: str = self.headers.get("Location", "")
        return where


@dataclass(frozen=True, slots=True)
class Operator:
    """At one node."""

    session: aiohttp.ClientSession
    gateway: Gateway

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.gateway.operators_port}"

    async def get(self, path: str, **headers: str) -> Answer:
        async with self.session.get(self.base + path, headers=headers, allow_redirects=False) as answer:
            return Answer(answer.status, await answer.text(), answer.headers)

    async def post(self, path: str, headers: dict[str, str] | None = None, **fields: str) -> Answer:
        async with self.session.post(self.base + path, data=fields, headers=OURS if headers is None else headers, allow_redirects=False) as answer:
            return Answer(answer.status, await answer.text(), answer.headers)

    async def sign_in(self, name: str = NAME, password: str = PASSWORD, headers: dict[str, str] | None = None) -> Answer:
        return await self.post("/login", headers, nama=name, sandi=password)

    async def until(self, path: str, right: Callable[[Answer], bool]) -> Answer:
        """As a person who presses "reload" until it is so."""
        async with asyncio.timeout(60):
            while not right(answer := await self.get(path)):  # noqa: ASYNC110  # another's page has no bell for us
                await asyncio.sleep(0.02)
            return answer

    @property
    def token(self) -> str:
        """What the browser keeps."""
        return next((cookie.value for cookie in self.session.cookie_jar if cookie.key == "sesi"), "")


@asynccontextmanager
async def at_the_desk(deployment: Deployment, *, signed_in: bool = True, channels: str = POST + QUICK, **options: Any) -> AsyncIterator[Operator]:  # noqa: ANN401  # as node()
    """A node, and Budi before it."""
    async with deployment.node(channels=channels, **options) as gateway, somebody(gateway) as budi:
        await gateway.store.migrate()
        await employ(gateway.store, gateway.clock)
        if signed_in:
            assert (await budi.sign_in()).leads_to == "/channels"
        yield budi


@asynccontextmanager
async def somebody(gateway: Gateway) -> AsyncIterator[Operator]:
    """A browser of their own; addresses of digits have cookies, too."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield Operator(session, gateway)
