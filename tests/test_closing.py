"""Who comes at the very moment at which a door closes is sent home, and never left hanging."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from channels import About
from channels.mail.channel import Mail
from channels.mail.settings import MailSettings
from gateway import server, words
from gateway.demo.bot_api import BotApi
from gateway.demo.post_office import PostOffice
from gateway.demo.twilio import Twilio
from normalizer import Setting


@asynccontextmanager
async def our_listener() -> AsyncIterator[int]:
    """Of citizens and operators."""
    runner, port = await server.listen(server.private(), "127.0.0.1", 0)
    yield port
    await runner.cleanup()


@asynccontextmanager
async def our_smtp() -> AsyncIterator[int]:
    """Of other mail servers."""
    about = About("Uji", Setting(), (), lambda: datetime.now(UTC), words.load(("id", "en")))
    mail = Mail("mail", MailSettings.model_validate({"address": "lapor@uji.example", "smtp": {"listen": "127.0.0.1:0"}}), about)
    assert mail.listener is not None
    async with mail.listener.listening(None):  # type: ignore[arg-type]  # nobody brings anything
        assert mail.listener.port is not None
        yield mail.listener.port


@asynccontextmanager
async def served(far_end: Any) -> AsyncIterator[int]:  # noqa: ANN401  # whatever serves
    """Of the demo and the tests."""
    async with far_end.serve() as base:
        yield int(base.rpartition(":")[2])


DOORS: dict[str, Callable[[], AbstractAsyncContextManager[int]]] = {
    "http": our_listener,
    "smtp": our_smtp,
    "twilio": lambda: served(Twilio("AC" + "0" * 32, "token")),
    "bot api": lambda: served(BotApi("1:token")),
    "post office": lambda: served(PostOffice()),
}


@pytest.mark.parametrize("turns", range(8))
@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
async def test_who_comes_when_a_door_closes_does_not_hang(door: Callable[[], AbstractAsyncContextManager[int]], turns: int) -> None:
    """`turns`: of the loop, between their coming and the closing."""
    async with door() as port:
        comer = socket.create_connection(("127.0.0.1", port))
        for _ in range(turns):
            await asyncio.sleep(0)
    with comer:
        comer.settimeout(30)
        try:
            # A greeting, perhaps; and then the end.
            while await asyncio.to_thread(comer.recv, 1000):
                pass
        except ConnectionResetError:
            pass
