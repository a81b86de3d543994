"""Telegram keeps no list to be asked: `reconcile` tells how many messages wait there, and has our address told anew if Telegram has none."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.clock import SystemClock
from gateway.demo.bot_api import BotApi
from gateway.node import Gateway
from tests.telegram_channel import NAME, SITI, TOKEN
from tests.world import Deployment

_CHANNEL = """
[channels.tg]
kind = "telegram"
token = {{ env = "BOT" }}
api_base = "{api}"
receive = "{receive}"
public_url = "https://lapor.example"
chat_seconds = 0
"""


@pytest.fixture
async def api(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[BotApi]:
    monkeypatch.setitem(os.environ, "BOT", TOKEN)
    bot = BotApi(TOKEN, NAME, SystemClock().now)
    async with bot.serve():
        yield bot


@asynccontextmanager
async def speaking(deployment: Deployment, api: BotApi, receive: str) -> AsyncIterator[Gateway]:
    async with deployment.node(channels=_CHANNEL.format(api=api.base_url, receive=receive)) as gateway:
        api.hosts["https://lapor.example"] = f"http://127.0.0.1:{gateway.port}"
        yield gateway


async def test_an_address_that_telegram_has_forgotten_is_told_again_and_what_waits_there_is_counted(on_sqlite: Deployment, api: BotApi) -> None:
    # With no heartbeat that would find it out by itself.
    async with on_sqlite.parts(channels=_CHANNEL.format(api=api.base_url, receive="webhook")) as gateway:
        running = asyncio.create_task(gateway.channels["tg"].run(gateway.inlets["tg"]))
        try:
            await api.until(lambda: api.hook is not None)
            api.hook = None
            await api.write(SITI, "Jalan rusak di Sotek")
            found = await gateway.missed.ask("tg")
            assert not found.ok
            assert "it is told when the gateway starts, and again by itself" in found.sentence
            await api.until(lambda: api.hook is not None)
            found = await gateway.missed.ask("tg")
            # Whether it has tried to bring it by now or not.
            assert "aiting there: 1. It keeps no list" in found.sentence
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_where_we_ask_telegram_all_the_time_it_says_how_that_goes(on_sqlite: Deployment, api: BotApi) -> None:
    await api.write(SITI, "Jalan rusak di Sotek")
    async with speaking(on_sqlite, api, "polling") as gateway:
        await on_sqlite.until("cases", lambda rows: len(rows) == 1)
        found = await gateway.missed.ask("tg")
        assert found.ok
        assert found.sentence.startswith("Telegram answers.")
        assert "for 24 hours" in found.sentence
