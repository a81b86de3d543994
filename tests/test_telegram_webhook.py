"""Being called by Telegram: the secret, the journal before the answer, and the address that Telegram is told."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from channels import Arrival, Refused
from channels.telegram.channel import Telegram
from channels.telegram.webhook import SECRET_HEADER
from gateway import server
from gateway.demo.bot_api import BotApi
from gateway.demo.faults import Status
from tests.shelf import Before, Shelf
from tests.telegram_channel import NAME, NOW, PUBLIC, SITI, TOKEN, channel

SECRET = {SECRET_HEADER: "telegram_webhook-tg"}
UPDATE = json.dumps(
    {"update_id": 5, "message": {"message_id": 7, "date": 0, "from": {"id": 9, "is_bot": False}, "chat": {"id": 9, "type": "private"}, "text": "Jalan rusak"}}
).encode()


@dataclass(frozen=True, slots=True)
class Door:
    """A public listener with the channel behind it, and Telegram."""

    shelf: Shelf
    telegram: Telegram
    api: BotApi
    port: int

    async def post(self, body: bytes, headers: dict[str, str]) -> tuple[int, str, dict[str, str]]:
        url = f"http://127.0.0.1:{self.port}/in/tg/update"
        async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
            return answer.status, await answer.text(), dict(answer.headers)


async def _nothing(_: Arrival) -> None:
    """An inlet at its best."""


@asynccontextmanager
async def opened(before: Before = _nothing, **settings: Any) -> AsyncIterator[Door]:  # noqa: ANN401  # fields of the settings
    api, shelf = BotApi(TOKEN, NAME, lambda: NOW), Shelf(before)
    async with api.serve():
        telegram = channel(receive="webhook", api_base=api.base_url, **settings)
        runner, port = await server.listen(server.public([(telegram, shelf)]), "127.0.0.1", 0)
        api.hosts[PUBLIC] = f"http://127.0.0.1:{port}"
        try:
            yield Door(shelf, telegram, api, port)
        finally:
            await runner.cleanup()
            await telegram.close()


@asynccontextmanager
async def announced(before: Before = _nothing, **settings: Any) -> AsyncIterator[Door]:  # noqa: ANN401  # fields of the settings
    """And Telegram has been told where it is."""
    async with opened(before, **settings) as door:
        running = asyncio.create_task(door.telegram.run(door.shelf))
        try:
            await door.api.until(lambda: door.api.hook is not None)
            yield door
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_telegram_is_told_where_we_are_and_brings_what_is_written() -> None:
    async with announced() as door:
        await door.api.write(SITI, "Jalan rusak")
        [kept] = await door.shelf.until(1)
        await door.api.until(lambda: not door.api.waiting)
        assert door.api.hook is not None
        assert (door.api.hook.url, door.api.allowed) == (f"{PUBLIC}/in/tg/update", ["callback_query", "edited_message", "message", "my_chat_member"])
        assert (await door.telegram.check_in()).sentence == "Telegram brings messages to us; waiting there: 0."
    assert json.loads(kept.raw)["message"]["text"] == "Jalan rusak"
    assert kept.meta == {"bot_id": "700100", "bot": NAME}


@pytest.mark.parametrize("headers", [{}, {SECRET_HEADER: ""}, {SECRET_HEADER: "wrong"}, {SECRET_HEADER: "é"}, {"X-Other": "telegram_webhook-tg"}])
async def test_who_does_not_know_the_secret_is_not_telegram(headers: dict[str, str]) -> None:
    async with opened() as door:
        status, said, _ = await door.post(UPDATE, headers)
        assert (status, said, door.shelf.kept) == (403, "This request does not come from the provider.\n", [])


async def test_an_update_is_answered_once_it_is_kept() -> None:
    kept = asyncio.Event()

    async def slow(_: Arrival) -> None:
        await kept.wait()

    async with opened(slow) as door:
        answering = asyncio.create_task(door.post(UPDATE, SECRET))
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{door.port}/") as other:
            assert (other.status, answering.done()) == (404, False)
        kept.set()
        assert (await answering)[0] == 200
        assert [arrival.raw for arrival in door.shelf.kept] == [UPDATE]


@pytest.mark.parametrize("raw", [b"", b"no JSON", b"[" * 100_000, b"\xff\xfe", b'{"update_id":"x"}'], ids=["empty", "no JSON", "deep", "no UTF-8", "no number"])
async def test_what_telegram_brings_is_kept_even_if_nobody_can_read_it_or_it_would_come_for_ever(raw: bytes) -> None:
    async with opened() as door:
        assert (await door.post(raw, SECRET))[0] == 200
        assert [arrival.raw for arrival in door.shelf.kept] == [raw]


async def test_a_body_that_is_too_large_is_refused_before_it_is_read_whole() -> None:
    async with opened(max_body_bytes=4096) as door:
        assert (await door.post(b"x" * 4097, SECRET))[0] == 413
        assert (await door.post(gzip.compress(b"x" * 5_000_000), SECRET | {"Content-Encoding": "gzip"}))[0] == 413
        assert (await door.post(gzip.compress(b"x" * 100_000), SECRET | {"Content-Encoding": "gzip"}))[0] == 413
        assert (await door.post(b"no gzip", SECRET | {"Content-Encoding": "gzip"}))[0] == 400
        assert door.shelf.kept == []
        assert {limit.name: limit.rejected for limit in door.telegram.limits()} == {
            "max_body_bytes": 3,
            "accept_seconds": 0,
            "max_file_bytes": 0,
            "file_seconds": 0,
        }


async def _refuse(_: Arrival) -> None:
    raise Refused("The disk is full at /srv/secret.", timedelta(seconds=90.2))


async def _break(_: Arrival) -> None:
    raise ValueError("a secret word")


async def _hang(_: Arrival) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(("before", "retry_after"), [(_refuse, "91"), (_break, "30"), (_hang, "30")])
async def test_our_own_fault_is_never_final_and_says_nothing_of_itself(before: Before, retry_after: str) -> None:
    async with opened(before, accept_seconds=0.05 if before is _hang else 10) as door:
        status, said, headers = await door.post(UPDATE, SECRET)
        assert (status, headers["Retry-After"], said) == (503, retry_after, "Not now. Please send it again later.\n")


async def test_what_we_did_not_take_telegram_brings_again_in_its_order() -> None:
    faults: list[Exception] = [Refused("The disk is full."), OSError("no")]

    async def twice_not(_: Arrival) -> None:
        if faults:
            raise faults.pop(0)

    async with announced(twice_not) as door:
        await door.api.write(SITI, "satu")
        await door.api.write(SITI, "dua")
        kept = await door.shelf.until(2)
        await door.api.until(lambda: not door.api.waiting)
    assert [json.loads(arrival.raw)["message"]["text"] for arrival in kept] == ["satu", "dua"]
    assert door.api.brought == [503, 503, 200, 200]


async def test_a_button_is_heard_by_the_answer_itself() -> None:
    async with announced() as door:
        await door.api.write(SITI, "Jalan rusak")
        press = await door.api.press(SITI, 1, "/kirim")
        await door.api.until(lambda: door.api.heard == [press["id"]])
    assert "answercallbackquery" not in door.api.calls


async def test_telegram_is_told_again_when_it_could_not_be_told_or_has_forgotten() -> None:
    async with opened() as door:
        door.api.faults = [Status(500), Status(502)]
        running = asyncio.create_task(door.telegram.run(door.shelf))
        async with asyncio.timeout(10):
            while not (await door.telegram.check_in()).ok or door.api.hook is None:  # noqa: ASYNC110  # it has no bell for tests
                await asyncio.sleep(0.005)
        door.api.hook = None
        checked = await door.telegram.check_in()
        await door.api.until(lambda: door.api.hook is not None)
        assert (await door.telegram.check_in()).ok
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert (checked.ok, checked.sentence) == (False, "Telegram does not know our address; it is told when the gateway starts, and again by itself.")


async def test_while_telegram_does_not_hear_us_health_says_why() -> None:
    async with opened(retry_seconds=600) as door:
        door.api.weather = Status(401)
        running = asyncio.create_task(door.telegram.run(door.shelf))
        async with asyncio.timeout(10):
            while (await door.telegram.check_in()).kind != "auth":  # noqa: ASYNC110  # it has no bell for tests
                await asyncio.sleep(0.005)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_what_telegram_meets_at_our_door_is_told_while_something_waits_there() -> None:
    async with announced(_break) as door:
        await door.api.write(SITI, "Jalan rusak")
        await door.api.until(lambda: bool(door.api.brought))
        checked = await door.telegram.check_in()
        assert door.api.hook is not None
        door.api.hook.url = "https://elsewhere.example/"
        elsewhere = await door.telegram.check_in()
    assert (checked.ok, checked.sentence) == (False, "Telegram cannot bring us messages (Wrong response from the webhook: 503). Waiting there: 1.")
    assert (elsewhere.ok, elsewhere.kind) == (False, "elsewhere")


async def test_asking_for_messages_opens_no_door() -> None:
    polling = channel()
    assert list(polling.routes(Shelf())) == []
    await polling.close()
