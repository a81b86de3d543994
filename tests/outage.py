"""An outage of our own: citizens write to a number while nobody answers its webhook, and Twilio's list is all that knows of it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import pytest

from gateway.clock import Clock
from gateway.demo.twilio import Twilio
from gateway.node import Gateway
from gateway.store import missed
from gateway.store.engine import Store
from tests.ports import free_port
from tests.sms_channel import ACCOUNT
from tests.world import KEY, Deployment

PRIMARY, NUMBER, TOKEN = "https://lapor.example", "1708", "rahasia-akun"
DOOR = f"{PRIMARY}/in/sms/message"
_CHANNEL = """
[channels.sms]
kind = "twilio-sms"
account_sid = "{account}"
auth_tokens = [{{ env = "TOKEN" }}]
public_urls = ["{primary}"]
from_numbers = {{ sms = "{number}" }}
api_base = "{api}"
"""


@asynccontextmanager
async def account(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> AsyncIterator[Twilio]:
    """A Twilio whose clock is ours."""
    monkeypatch.setitem(os.environ, "TOKEN", TOKEN)
    monkeypatch.setitem(os.environ, "KEY", KEY)
    twilio = Twilio(ACCOUNT, TOKEN, clock.now)
    async with twilio.serve():
        yield twilio


@asynccontextmanager
async def answering(deployment: Deployment, twilio: Twilio, clock: Clock, node: str = "a") -> AsyncIterator[Gateway]:
    """A gateway that Twilio reaches; when it has ended, nobody answers there."""
    # Whoever stands still by a test's clock does not look again for tables that are being made.
    await _in_store(deployment, Store.migrate)
    async with deployment.node(node, clock, channels=channels(twilio)) as gateway:
        twilio.hosts[PRIMARY] = f"http://127.0.0.1:{gateway.port}"
        yield gateway
    nobody_answers(twilio)


def channels(twilio: Twilio) -> str:
    """Of its configuration."""
    return _CHANNEL.format(account=ACCOUNT, primary=PRIMARY, number=NUMBER, api=twilio.base_url)


def nobody_answers(twilio: Twilio) -> None:
    """At our door."""
    twilio.hosts[PRIMARY] = f"http://127.0.0.1:{free_port()}"


async def write(twilio: Twilio, first: int, count: int, door: str = DOOR) -> None:
    """So many citizens, each one message, which no door takes."""
    for i in range(first, first + count):
        await twilio.text(door, from_=f"+62812{i:08d}", to=NUMBER, body=f"Lapor jalan rusak nomor {i}", sid=f"SM{i:032x}")
        assert not twilio.texted[-1].arrived


async def known_whole(deployment: Deployment, until: datetime, channel: str = "sms") -> None:
    """As if a gateway had last asked then."""

    async def write_down(store: Store) -> None:
        await store.migrate()
        async with store.transaction() as tx:
            await missed.is_whole(tx, channel, until)

    await _in_store(deployment, write_down)


async def _in_store(deployment: Deployment, work: Callable[[Store], Awaitable[None]]) -> None:
    store = Store(deployment.store_url())
    try:
        await work(store)
    finally:
        await store.close()


async def whole_until(deployment: Deployment) -> list[datetime]:
    """When each channel's list was asked for last, and all that was missing is here."""
    return [datetime.fromisoformat(row["value"]) for row in await deployment.rows("deployment") if row["name"].startswith("whole")]


async def marked(deployment: Deployment, since: datetime) -> None:
    """Until a gateway has asked, or begun, not before then."""
    await deployment.until("deployment", lambda rows: any(datetime.fromisoformat(row["value"]) >= since for row in rows if row["name"].startswith("whole")))
