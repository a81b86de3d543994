"""Telegram is away for an hour: the other channels do not notice, and afterwards everything comes and goes that waited."""

from __future__ import annotations

import asyncio
import os

import pytest

from gateway.demo.bot_api import BotApi
from gateway.demo.faults import Fault, Status, Timeout
from gateway.node import Gateway
from tests.manual_clock import ManualClock
from tests.postbox import PROVIDERS, letter
from tests.telegram_channel import BUDI, NAME, SITI, TOKEN
from tests.world import Deployment, receive_all

_CHANNELS = """
[channels.post]
kind = "postbox"
[channels.tg]
kind = "telegram"
token = {{ env = "TOKEN" }}
api_base = "{api}"
retry_seconds = 0.05
timeout_seconds = 0.5
poll_seconds = 1
chat_seconds = 0
"""


async def five_minutes(deployment: Deployment, gateway: Gateway, clock: ManualClock, turn: int) -> None:
    """Somebody writes an SMS, and is answered while time stands still."""
    await receive_all(gateway, [letter(f"lampu padam {turn}", f"SM{turn}", at=clock.now(), sender=f"+6281234567{turn:03d}")])
    await PROVIDERS["post"].until(lambda: len(PROVIDERS["post"].sent) == turn + 1)
    await deployment.until("notices", lambda rows: sum((row["channel"], row["state"]) == ("post", "sent") for row in rows) == turn + 1)
    clock.advance(minutes=5)


async def states(gateway: Gateway) -> dict[tuple[str, str], str]:
    """What health says."""
    for name in ("tg", "post"):
        await gateway.monitor.look_at(name)
    board = gateway.monitor.board.look(gateway.clock.counted())
    return {key: condition.finding.state for key, condition in board.items() if key[0] in {"tg", "post"}}


@pytest.mark.parametrize("weather", [None, Status(502), Timeout()], ids=["nobody listens", "502", "no answer"])
async def test_an_hour_without_telegram_is_noticed_by_nobody_else_and_made_up_for(
    on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch, weather: Fault | None
) -> None:
    monkeypatch.setitem(os.environ, "TOKEN", TOKEN)
    clock, api = ManualClock(), BotApi(TOKEN, NAME)
    async with api.serve() as url, on_sqlite.node(clock=clock, channels=_CHANNELS.format(api=url)) as gateway:
        # An answer is on its way when it begins.
        api.faults_of["sendmessage"] = [Status(500)]
        await api.write(SITI, "Jalan rusak di depan pasar")
        await on_sqlite.until("notices", lambda rows: rows[0]["attempts"] == 1)
        if weather is None:
            async with api.refusing():
                await _the_hour(on_sqlite, gateway, clock, api)
        else:
            api.weather = weather
            await _the_hour(on_sqlite, gateway, clock, api)
            api.weather = None
        # It is back: what was written meanwhile comes, and all are answered, once.
        await api.until(lambda: not api.waiting)
        await on_sqlite.until("notices", lambda rows: len(rows) == 2 + len(PROVIDERS["post"].sent))
        async with asyncio.timeout(60):
            while not (api.sent(SITI) and api.sent(BUDI)):
                # The pauses after failures are long; and what is on its way has all the time that it needs.
                if not gateway.outboxes["tg"].loop.busy:
                    clock.advance(minutes=1)
                await asyncio.sleep(0.02)
        await on_sqlite.until("notices", lambda rows: {row["state"] for row in rows} == {"sent"})
        assert (await states(gateway))["tg", "out"] == "ok"
    assert (len(api.sent(SITI)), len(api.sent(BUDI))) == (1, 1)


async def _the_hour(deployment: Deployment, gateway: Gateway, clock: ManualClock, api: BotApi) -> None:
    await api.write(BUDI, "Lampu mati di Babulu")
    for turn in range(12):
        await five_minutes(deployment, gateway, clock, turn)
    # It never was given up, and nobody else is worse for it.
    found = await states(gateway)
    assert (found["post", "in"], found["post", "out"]) == ("ok", "ok")
    assert found["tg", "in"] == found["tg", "out"] == "down"
    assert api.sent(SITI) == []
