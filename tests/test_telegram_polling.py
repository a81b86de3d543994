"""Asking for messages: the offset moves only after the journal, whatever happens in between. The far end is a loopback Bot API."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from channels import Arrival, Refused
from channels.telegram.channel import Telegram
from gateway.demo.bot_api import BotApi
from gateway.demo.faults import Drop, Fault, Garbage, Hang, Status, Timeout, TooMany
from tests.shelf import Shelf
from tests.telegram_channel import BUDI, NAME, SITI, TOKEN, channel


@asynccontextmanager
async def asking(api: BotApi, shelf: Shelf, **settings: Any) -> AsyncIterator[Telegram]:  # noqa: ANN401  # fields of the settings
    """A channel that polls, until the block ends: then it is cut off like a process that dies."""
    telegram = channel(api_base=api.base_url, **settings)
    running = asyncio.create_task(telegram.run(shelf))
    try:
        yield telegram
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await telegram.close()


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    bot_api = BotApi(TOKEN, NAME)
    async with bot_api.serve():
        yield bot_api


async def so(done: Callable[[], bool]) -> None:
    """What a person sees who looks again and again."""
    async with asyncio.timeout(20):
        while not done():  # noqa: ASYNC110  # it has no bell for tests
            await asyncio.sleep(0.005)


def texts(shelf: Shelf) -> list[str]:
    return [json.loads(arrival.raw)["message"]["text"] for arrival in shelf.kept]


async def test_what_is_written_comes_in_as_telegram_wrote_it_and_is_then_confirmed(api: BotApi) -> None:
    shelf = Shelf()
    await api.write(SITI, "ditulis sebelum gerbang jalan")
    [waiting] = api.waiting
    async with asking(api, shelf):
        await shelf.until(1)
        await api.write(BUDI, "dan sesudahnya")
        await shelf.until(2)
        await api.until(lambda: not api.waiting)
    assert shelf.kept[0].raw == waiting.raw
    assert texts(shelf) == ["ditulis sebelum gerbang jalan", "dan sesudahnya"]
    assert len({arrival.wire_id for arrival in shelf.kept}) == 2


async def test_nothing_is_confirmed_before_all_of_a_batch_is_kept_and_a_crash_in_between_loses_none(api: BotApi) -> None:
    for text in ("satu", "dua", "tiga"):
        await api.write(SITI, text)
    dying = asyncio.Event()

    async def only_the_first(arrival: Arrival) -> None:
        if b"satu" not in arrival.raw:
            dying.set()
            await asyncio.Event().wait()

    first, second = Shelf(only_the_first), Shelf()
    async with asking(api, first):
        await dying.wait()
        await first.until(1)
        assert len(api.waiting) == 3
    async with asking(api, second):
        await second.until(3)
        await api.until(lambda: not api.waiting)
    assert (texts(first), texts(second)) == (["satu"], ["satu", "dua", "tiga"])
    # What came twice has the same name and the same words: a duplicate.
    assert second.kept[0].wire_id == first.kept[0].wire_id
    assert channel().fingerprint(second.kept[0]) == channel().fingerprint(first.kept[0])


async def test_one_that_our_side_does_not_take_is_tried_again_and_the_others_are_not_repeated(api: BotApi) -> None:
    faults: list[Exception] = [Refused("The disk is full.", timedelta(seconds=0.01)), OSError("a secret word"), ValueError("another")]

    async def not_the_second(arrival: Arrival) -> None:
        if b"dua" in arrival.raw and faults:
            raise faults.pop(0)

    shelf = Shelf(not_the_second)
    for text in ("satu", "dua", "tiga"):
        await api.write(SITI, text)
    async with asking(api, shelf) as telegram:
        await shelf.until(3)
        assert telegram.poller is not None
        await so(lambda: telegram.poller is not None and telegram.poller.taken == 3)
        assert telegram.poller.refused == 3
    assert texts(shelf) == ["satu", "tiga", "dua"]


async def test_while_our_side_takes_nothing_health_says_that_messages_wait_there(api: BotApi) -> None:
    async def full(_: Arrival) -> None:
        raise Refused("The disk is full.", timedelta(seconds=0.01))

    await api.write(SITI, "satu")
    async with asking(api, Shelf(full)) as telegram:
        await so(lambda: telegram.poller is not None and telegram.poller.refused > 2)
        checked = await telegram.check_in()
    assert (checked.ok, checked.sentence) == (True, "Telegram answers. This gateway accepts nothing at the moment; messages wait there.")


@pytest.mark.parametrize(
    ("fault", "kind", "sentence"),
    [
        pytest.param(Status(401), "auth", "Telegram does not accept our token (401).", id="a token that is not accepted"),
        pytest.param(Status(500), "provider", "What answered was no working Telegram (500).", id="500"),
        pytest.param(Status(502), "provider", "What answered was no working Telegram (502).", id="502"),
        pytest.param(TooMany(None), "provider", "Telegram says that we send too fast (429).", id="too fast"),
        pytest.param(Garbage(), "provider", "Telegram's answer could not be understood.", id="nonsense"),
        pytest.param(Drop(), "unreachable", "The connection to Telegram broke off.", id="cut off"),
        pytest.param(Timeout(), "timeout", "Telegram did not answer in time.", id="no answer"),
        pytest.param(Hang(), "timeout", "Telegram did not answer in time.", id="an answer that does not end"),
    ],
)
async def test_a_bad_day_there_is_told_and_passes(api: BotApi, fault: Fault, kind: str, sentence: str) -> None:
    silent = isinstance(fault, Timeout | Hang)
    shelf = Shelf()
    await api.write(SITI, "satu")
    async with asking(api, shelf, poll_seconds=0.2, timeout_seconds=0.2 if silent else 5) as telegram:
        await shelf.until(1)
        api.weather = fault
        # One that waits already is answered as it was asked.
        await so(lambda: telegram.poller is not None and telegram.poller.failed > 1)
        checked = await telegram.check_in()
        api.weather = None
        await api.write(SITI, "dua")
        await shelf.until(2)
        await so(lambda: telegram.poller is not None and telegram.poller.heard_at is not None)
        assert (await telegram.check_in()).sentence == "Telegram answers."
    assert (checked.ok, checked.kind, checked.sentence) == (False, kind, sentence)
    assert texts(shelf) == ["satu", "dua"]


async def test_when_telegram_is_not_there_it_is_asked_again_and_again(api: BotApi) -> None:
    shelf = Shelf()
    await api.write(SITI, "satu")
    async with api.refusing():
        telegram = channel(api_base=api.base_url)
        running = asyncio.create_task(telegram.run(shelf))
        await so(lambda: telegram.poller is not None and telegram.poller.failed > 2)
        assert (await telegram.check_in()).kind == "unreachable"
    await shelf.until(1)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await telegram.close()


async def test_two_gateways_at_one_bot_lose_nothing_and_both_say_so(api: BotApi) -> None:
    one, two = Shelf(), Shelf()
    async with asking(api, one, retry_seconds=0.1) as first, asking(api, two, retry_seconds=0.1) as second:
        for n in range(20):
            await api.write(SITI, f"laporan {n}")
        await api.until(lambda: not api.waiting)
        await so(lambda: bool(first.poller and second.poller and first.poller.failed and second.poller.failed))
        said = {(await way.check_in()).sentence for way in (first, second)}
    assert {*texts(one), *texts(two)} == {f"laporan {n}" for n in range(20)}
    assert said & {
        'Another program asks for this bot\'s messages, and only one may (409). End it, or let Telegram call all nodes: receive = "webhook".',
        "Telegram answers.",
    }


async def test_a_webhook_that_is_left_over_is_taken_away_and_what_waited_there_comes(api: BotApi) -> None:
    await api.write(SITI, "satu")
    stopped = channel(api_base=api.base_url)
    assert "answers" in (await stopped.check_in()).sentence
    await _hook(api)
    assert "takes it away" in (await stopped.check_in()).sentence
    await stopped.close()
    shelf = Shelf()
    async with asking(api, shelf):
        await shelf.until(1)
    assert api.hook is None


async def _hook(api: BotApi) -> None:
    from_elsewhere = channel(api_base=api.base_url, receive="webhook", public_url="http://127.0.0.1:1")
    running = asyncio.create_task(from_elsewhere.run(Shelf()))
    await api.until(lambda: api.hook is not None)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await from_elsewhere.close()


POISON = [
    pytest.param(b'{"message":' + b"[" * 50_000 + b"]" * 50_000 + b',"update_id":%d}', id="too deep"),
    pytest.param(b'{"update_id":%d,"message":{"date":' + b"9" * 10_000 + b"}}", id="a number of 10,000 digits"),
    pytest.param(b'{"message":{"text":"tanpa nomor"}}', id="no number"),
    pytest.param(b'{"update_id":"%d","message":{}}', id="a number in words"),
    pytest.param(b"17", id="no update at all"),
    pytest.param(b'{"update_id":%d,"message":{"text":"\\ud800"}}', id="half a character"),
]


@pytest.mark.parametrize("poison", POISON)
@pytest.mark.parametrize("last", [False, True])
async def test_one_that_nobody_can_read_never_stops_the_others(api: BotApi, poison: bytes, last: bool) -> None:  # noqa: FBT001  # a table
    shelf = Shelf()
    await api.write(SITI, "satu")
    number = api.waiting[0].id + 1
    await api.post_bytes(poison % number if b"%d" in poison else poison)
    if not last:
        await api.write(SITI, "tiga")
    async with asking(api, shelf):
        await shelf.until(2 if last else 3)
        await api.until(lambda: not api.waiting)
        await api.write(SITI, "empat")
        await so(lambda: b"empat" in shelf.kept[-1].raw)
    raws = [arrival.raw for arrival in shelf.kept]
    assert sum(b"satu" in raw for raw in raws) == sum(b"empat" in raw for raw in raws) == 1
    assert (poison % number if b"%d" in poison else poison) in raws


async def test_a_button_that_was_pressed_is_heard_once_it_is_kept(api: BotApi) -> None:
    shelf = Shelf()
    await api.write(SITI, "Jalan rusak")
    async with asking(api, shelf) as telegram:
        await shelf.until(1)
        sent = await api.press(SITI, 1, "/kirim")
        await shelf.until(2)
        await api.until(lambda: api.heard == [sent["id"]])
        # An old press cannot be answered any more, and that holds up nobody.
        await api.post("callback_query", {**sent, "id": "1"})
        await api.write(SITI, "lagi")
        await shelf.until(4)
        assert (await telegram.check_in()).ok


async def test_an_empty_answer_that_comes_too_soon_is_not_asked_for_again_at_once(api: BotApi) -> None:
    began = asyncio.get_running_loop().time()
    async with asking(api, Shelf(), poll_seconds=0, retry_seconds=0.1):
        await so(lambda: api.calls.count("getupdates") >= 4)
    assert asyncio.get_running_loop().time() - began >= 0.3


async def test_while_a_person_paused_the_channel_nobody_asks_and_afterwards_all_of_it_comes(api: BotApi) -> None:
    shelf = Shelf()
    async with asking(api, shelf, poll_seconds=0.05) as telegram:
        await api.write(SITI, "sebelum")
        await shelf.until(1)
        assert telegram.hold(telegram.poller.hold._clock() if telegram.poller else None)  # noqa: SLF001  # the channel's own clock
        # The question that is on its way is answered; after that nobody asks.
        asked = -1
        async with asyncio.timeout(20):
            while asked != (asked := len(api.calls)):  # noqa: ASYNC110  # as above
                await asyncio.sleep(0.3)
        await api.write(BUDI, "sementara itu")
        await asyncio.wait([asyncio.create_task(shelf.until(2))], timeout=0.3)
        assert texts(shelf) == ["sebelum"]
        telegram.hold(None)
        await shelf.until(2)
    assert texts(shelf) == ["sebelum", "sementara itu"]
