"""What the door takes while operators have pages open, beside what it takes while nobody looks, in turns."""

from __future__ import annotations

import secrets
import statistics
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from gateway.bench import accepting, deliveries
from gateway.bench.accepting import Tell
from gateway.bench.processes import Turn, load
from gateway.bench.whole import OPERATORS_PORT
from gateway.bench.whole_way import a_gateway
from gateway.desk.passwords import hashed
from gateway.store import desk
from gateway.store.engine import Store

_PAGES = 20
# More than a turn uses up.
_DELIVERIES = 20_000


async def pages(folder: Path, connections: int, turns: int, tell: Tell, *, each: int = _DELIVERIES) -> dict[str, object]:
    """Twenty open pages, each told of every change. `each`: deliveries of a turn, at the most."""
    alone: list[Turn] = []
    watched: list[Turn] = []
    async with a_gateway(folder) as place:
        base = f"http://127.0.0.1:{(folder / OPERATORS_PORT).read_text()}"
        for turn in range(2 * turns):
            deliveries.write(place.file, 10**9 + turn * each, each)
            async with AsyncExitStack() as stack:
                if turn % 2:
                    await stack.enter_async_context(_open(base, place.store))
                (watched if turn % 2 else alone).append(await load(place.gateway, connections, accepting.TURN_SECONDS, place.file))
    nobody, twenty = (statistics.median(turn.per_second for turn in some) for some in (alone, watched))
    tell(f"nobody looks: {nobody:.0f}/s; {_PAGES} pages open: {twenty:.0f}/s")
    return {"pages_open_vs_none": twenty / nobody, "pages_open_refused": sum(turn.refused for turn in watched)}


@asynccontextmanager
async def _open(base: str, store: Store) -> AsyncIterator[None]:
    """Somebody signs in and opens them; what a turn has to tell fits into their connections."""
    name, password = f"o{secrets.token_hex(4)}", secrets.token_urlsafe(16)
    async with store.transaction() as tx:
        await desk.add(tx, name, hashed(password), datetime.now(UTC))
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), connector=aiohttp.TCPConnector(limit=0)))
        signed_in = await session.post(f"{base}/login", data={"nama": name, "sandi": password}, headers={"Sec-Fetch-Site": "same-origin"})
        signed_in.raise_for_status()
        for _ in range(_PAGES):
            page = await stack.enter_async_context(session.get(f"{base}/channels"))
            await page.read()
            stream = await stack.enter_async_context(session.get(f"{base}/channels/events"))
            stream.raise_for_status()
            # The first words are there: it is open.
            await stream.content.readline()
        yield
