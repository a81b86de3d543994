"""A gateway with every kind of channel, whoever is at its other ends, and an operator who looks; time goes by in heartbeats (docs/faults.md)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.demo.bot_api import BotApi
from gateway.demo.twilio import Line, Twilio
from gateway.demo.twilio_wire import signed_headers
from gateway.node import Gateway
from tests.certificates import pair
from tests.mail_relay import RelayPeer, relay_peer
from tests.manual_clock import ManualClock
from tests.postbox import letter
from tests.sms_channel import ACCOUNT
from tests.telegram_channel import NAME
from tests.telegram_channel import TOKEN as BOT
from tests.test_health import Operator
from tests.world import KEY, Deployment

# Seconds.
HEARTBEAT = 29.0
# An operator knows within this. Seconds.
PATIENCE = 120
_PUBLIC = "http://127.0.0.1:1"
DOOR = f"{_PUBLIC}/in/sms/message"
_CHANNELS = """
[channels.post]
kind = "postbox"
[channels.web]
kind = "web-form"
# Time goes by faster here than intake is: a trial report would seem to hang.
canary_minutes = 0
[channels.sms]
kind = "twilio-sms"
account_sid = "{account}"
auth_tokens = [{{ env = "KEY" }}]
from_numbers = {{ sms = "1708" }}
timeout_seconds = 0.5
api_base = "{twilio}"
[channels.tg]
kind = "telegram"
token = {{ env = "BOT" }}
receive = "webhook"
retry_seconds = 0.01
api_base = "{telegram}"
[channels.mail]
kind = "mail"
address = "lapor@ppu.example"
canary_minutes = 0
[channels.mail.smtp]
listen = "127.0.0.1:0"
certificate = "{certificate}"
private_key = "{key}"
[channels.mail.relay]
server = "localhost:{relay}"
tls = "none"
user = "lapor"
password = {{ env = "KEY" }}
[health]
heartbeat_seconds = {heartbeat}
token = {{ env = "KEY" }}
"""


class Heart(ManualClock):
    """Knows which of those that look after things are asleep until the next heartbeat, and since when."""

    def __init__(self, start: datetime | None) -> None:
        """None: today, as certificates are made that end soon."""
        super().__init__(start or datetime.now(UTC))
        self.asleep: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """As any clock."""
        task = asyncio.current_task()
        # As the monitor's loops are called; others keep the same time.
        if task is None or not task.get_name().startswith(("health ", "silence")):
            return await super().sleep(seconds)
        self.asleep.append(began := self.counted())
        try:
            return await super().sleep(seconds)
        finally:
            self.asleep.remove(began)


@dataclass
class Town:
    """A gateway, everybody at its other ends, and an operator."""

    gateway: Gateway
    clock: Heart
    operator: Operator
    folder: Path
    twilio: Twilio
    telegram: BotApi
    relay: RelayPeer
    # For tests, as pytest hands it out.
    patch: pytest.MonkeyPatch
    written: int = field(default=0)

    async def beat(self) -> dict[str, Any]:
        """A heartbeat later, when everything was looked at again."""
        await self._until_asleep(since=0)
        self.clock.advance(seconds=HEARTBEAT)
        await self._until_asleep(since=self.clock.counted())
        return await self.operator.parts()

    async def _until_asleep(self, since: float) -> None:
        async with asyncio.timeout(30):
            while sum(began >= since for began in self.clock.asleep) < len(self.gateway.monitor.loops()) + 1:  # noqa: ASYNC110  # a heartbeat rings no bell
                await asyncio.sleep(0.005)

    async def until(self, told: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """What is said once it is so, within two minutes by the clock on the wall."""
        for _ in range(int(PATIENCE / HEARTBEAT)):
            parts = await self.beat()
            if told(parts):
                return parts
        raise AssertionError({(name, way): finding["sentence"] for name, ways in parts.items() for way, finding in ways.items() if finding["state"] != "ok"})

    async def write(self, text: str, mended: Path = Path("/nonexistent")) -> None:
        """A citizen's letter; where it breaks its reader, until that file is there."""
        self.written += 1
        await self.gateway.inlets["post"].receive(letter(text, f"SM{self.written}", at=self.clock.now(), meta={"mended": str(mended)}))

    async def text(self, renamed: dict[str, str]) -> None:
        """A short message, by Twilio, whose fields have other names now."""
        self.written += 1
        params, _ = self.twilio.incoming(DOOR, from_=f"+62812000{self.written:05d}", to="1708", body="Jalan rusak di Girimukti")
        params = {renamed.get(name, name): value for name, value in params.items()}
        door = f"http://127.0.0.1:{self.gateway.port}/in/sms/message"
        async with self.operator.session.post(door, data=params, headers=signed_headers(KEY, DOOR, params, "sha1")) as answer:
            assert answer.status == 200


@asynccontextmanager
async def town(deployment: Deployment, folder: Path, patch: pytest.MonkeyPatch, start: datetime | None = None) -> AsyncIterator[Town]:
    """Everything is well in it."""
    clock, papers = Heart(start), pair(folder)
    twilio, telegram, relay = Twilio(ACCOUNT, KEY, clock.now), BotApi(BOT, NAME, clock.now), RelayPeer()
    twilio.numbers["1708"] = Line(DOOR)
    async with twilio.serve() as api, telegram.serve() as bot_api, relay_peer(relay) as port, aiohttp.ClientSession() as session:
        ends = {
            "heartbeat": HEARTBEAT,
            "account": ACCOUNT,
            "twilio": api,
            "telegram": bot_api,
            "relay": port,
            "certificate": papers.certificate,
            "key": papers.key,
        }
        patch.setenv("BOT", BOT)
        config = deployment.config(channels=_CHANNELS.format(**ends))
        config = config.model_copy(update={"journal": config.journal.model_copy(update={"min_free_bytes": 1024 * 1024})})
        async with deployment.node(clock=clock, config=config) as gateway:
            operator = Operator(session, f"http://127.0.0.1:{gateway.operators_port}")
            here = Town(gateway, clock, operator, folder, twilio, telegram, relay, patch)
            telegram.hosts[_PUBLIC] = f"http://127.0.0.1:{gateway.port}"
            async with asyncio.timeout(30):
                await telegram.until(lambda: telegram.hook is not None)
            await here.until(lambda parts: not unwell(parts))
            yield here


def unwell(parts: dict[str, Any]) -> dict[tuple[str, str], tuple[str, str]]:
    """What is not well, with state and type."""
    return {(name, way): (said["state"], said["type"]) for name, ways in parts.items() for way, said in ways.items() if said["state"] != "ok"}
