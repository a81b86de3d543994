"""Whatever fails, is cancelled or hangs, at each await of Telegram's ways in and out: nothing is lost, nothing is there twice, nothing of it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from channels import Arrival, Door, Inlet, Receipt, SendFailed
from channels.telegram.channel import Telegram
from channels.telegram.settings import TelegramSettings
from gateway import server
from gateway.clock import SystemClock
from gateway.demo.bot_api import BotApi
from gateway.journal import Journal
from gateway.supervisor import supervise
from tests.fate import CANCEL, FAILURES, HANG, TELLTALE, Fate, each, under
from tests.telegram_channel import ABOUT, NAME, PUBLIC, SITI, TOKEN
from tests.test_telegram_keyboards import WHERE, asks
from tests.world import an_inlet

# A busy machine must still be in time where nothing hangs.
SHORT, LONG = 0.5, 10.0


class FatedTelegram(Telegram):
    """The channel as it is, with its door and its asking under a fate."""

    fate = Fate(0, HANG)

    def routes(self, inlet: Inlet) -> Iterable[Door]:
        return [replace(door, handler=self._under_fate(door)) for door in super().routes(inlet)]

    def _under_fate(self, door: Door) -> Any:  # noqa: ANN401  # as Door has it
        async def handler(request: web.Request) -> web.StreamResponse:
            return await under(self.fate, door.handler(request))  # type: ignore[arg-type]

        return handler

    async def run(self, inlet: Inlet) -> None:
        await under(self.fate, super().run(FatedInlet(inlet, self.fate)))  # type: ignore[arg-type]  # what the ways in ask of it


@dataclass(frozen=True, slots=True)
class FatedInlet:
    """A poller hands in many at once, each in a task of its own: those are struck, too."""

    inlet: Inlet
    fate: Fate

    async def receive(self, arrival: Arrival) -> Receipt:
        return await under(self.fate, self.inlet.receive(arrival))

    def sign(self, *words: str) -> str:
        return self.inlet.sign(*words)


class Impatient(SystemClock):
    """Who fell over is started again at once."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 100)


@dataclass(frozen=True, slots=True)
class Room:
    """Telegram, and our channel with a real journal behind it."""

    api: BotApi
    telegram: FatedTelegram
    journal: Journal

    async def kept(self) -> list[str]:
        """What people wrote, as the journal has it."""
        return [json.loads(entry.arrival.raw)["message"]["text"] for entry in await self.journal.take(0, 10_000)]

    def announced(self) -> asyncio.Task[None]:
        """As in a node."""
        return asyncio.create_task(supervise("tg", lambda: self.telegram.run(self.inlet), Impatient()))

    @property
    def inlet(self) -> Inlet:
        return an_inlet(self.journal, self.telegram.fingerprint)


@asynccontextmanager
async def room(folder: Path, receive: str, **settings: Any) -> AsyncIterator[Room]:  # noqa: ANN401  # fields of the settings
    api, journal = BotApi(TOKEN, NAME), Journal(folder / "journal.db")
    api.retry_seconds = 0.01
    async with api.serve() as url:
        block = {"token": TOKEN, "chat_seconds": 0, "retry_seconds": 0.01, "receive": receive, "api_base": url, "public_url": PUBLIC, **settings}
        telegram = FatedTelegram("tg", TelegramSettings.model_validate(block), ABOUT)
        here = Room(api, telegram, journal)
        runner, port = await server.listen(server.public([(telegram, here.inlet)]), "127.0.0.1", 0)
        api.hosts[PUBLIC] = f"http://127.0.0.1:{port}"
        try:
            yield here
        finally:
            await runner.cleanup()
            await telegram.close()
            await journal.close()


@pytest.mark.parametrize("what", [*FAILURES, HANG])
async def test_a_door_that_is_struck_at_any_await_is_tried_again_by_telegram_and_what_it_took_is_there_once(tmp_path: Path, what: str) -> None:
    with capture_logs() as logs:
        async with room(tmp_path, "webhook", accept_seconds=SHORT if what == HANG else LONG) as here:
            running = here.announced()
            await here.api.until(lambda: here.api.hook is not None)
            written = []
            for fate in each(what):
                written.append(f"laporan {fate.at}")
                here.telegram.fate, before = fate, len(here.api.brought)
                await here.api.write(SITI, written[-1])
                await here.api.until(lambda: not here.api.waiting)
                assert here.api.brought[before:] == ([503, 200] if fate.struck.is_set() else [200])
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            # The journal's, at least: a body that is there is not awaited.
            assert fate.at >= 2
            assert await here.kept() == written
    assert TELLTALE not in str(logs)


@pytest.mark.parametrize("what", [*FAILURES, HANG, CANCEL])
async def test_asking_that_is_struck_at_any_await_loses_none_of_three_and_keeps_none_twice(tmp_path: Path, what: str) -> None:
    with capture_logs() as logs:
        async with room(tmp_path, "polling", poll_seconds=1, timeout_seconds=LONG) as here:
            written: list[str] = []
            for fate in each(what):
                three = [f"laporan {fate.at} {n}" for n in range(3)]
                written += three
                for text in three:
                    await here.api.write(SITI, text)
                here.telegram.fate = fate
                running = here.announced()
                # All are confirmed; or it was struck, and hangs or was ended.
                ends: list[asyncio.Future[Any]] = [asyncio.ensure_future(here.api.until(lambda: not here.api.waiting)), running]
                if what == HANG:
                    ends.append(asyncio.ensure_future(fate.struck.wait()))
                async with asyncio.timeout(20):
                    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                for end in ends:
                    end.cancel()
                await asyncio.gather(*ends, return_exceptions=True)
                if here.api.waiting:
                    # The next life.
                    here.telegram.fate = Fate(0, what)
                    running = here.announced()
                    await here.api.until(lambda: not here.api.waiting)
                    running.cancel()
                    await asyncio.gather(running, return_exceptions=True)
                assert await here.kept() == written
            assert fate.at > 6
    assert TELLTALE not in str(logs)


@pytest.mark.parametrize("what", [*FAILURES, HANG])
async def test_a_question_whose_send_is_struck_at_any_await_is_there_once_or_may_be_twice_and_says_so(tmp_path: Path, what: str) -> None:
    for fate in each(what):
        # A new channel each time: its first send has the most awaits.
        async with room(tmp_path, "polling") as here:
            await here.api.write(SITI, "Jalan rusak")
            marked = await _may_be_there(fate, here.telegram)
            if marked is not None:
                await here.telegram.send(asks(*WHERE))
            assert len(here.api.sent(SITI)) == 1 or (marked and len(here.api.sent(SITI)) == 2)
            assert here.api.board(SITI.id) != ()
    assert fate.at > 3


async def _may_be_there(fate: Fate, telegram: Telegram) -> bool | None:
    """Send it; None: it is there. What the outbox hears otherwise: whether it may be."""
    try:
        async with asyncio.timeout(SHORT if fate.what == HANG else LONG):
            await under(fate, telegram.send(asks(*WHERE)))
    except SendFailed as failed:
        return failed.maybe_sent
    except (Exception, asyncio.CancelledError):  # noqa: BLE001  # the outbox takes any other for our own fault, and marks it
        return True
    return None
