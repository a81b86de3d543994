"""What the gateway sends by Telegram, and what it makes of a bad day there."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from pydantic import ValidationError

from channels import FetchFailed, Notice, SendFailed
from channels.telegram.channel import Telegram
from channels.telegram.failures import failure
from channels.telegram.pacing import LONGEST_WAIT, Pace
from channels.telegram.parts import parts, units
from gateway import server
from gateway.demo.bot_api import BotApi
from gateway.demo.faults import Drop, Fault, Garbage, Hang, Status, Timeout, TooMany
from normalizer import Address
from tests.handbook import ROOT
from tests.telegram_channel import BUDI, NAME, SITI, TOKEN, channel

PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")


def notice(full: str = "Laporan 1234 kami terima.", chat: str = str(SITI.id), thread: tuple[str, ...] = (), name: str = "n1", kind: str = "telegram") -> Notice:
    return Notice(name, Address(kind, chat), short="pendek", full=full, subject="Laporan 1234", thread=thread)


@asynccontextmanager
async def far_end(**settings: Any) -> AsyncIterator[tuple[BotApi, Telegram]]:  # noqa: ANN401  # fields of the settings
    api = BotApi(TOKEN, NAME)
    async with api.serve() as url:
        await api.write(SITI, "Jalan rusak")
        telegram = channel(api_base=url, **settings)
        try:
            yield api, telegram
        finally:
            await telegram.close()


async def failed(telegram: Telegram, what: Notice) -> SendFailed:
    with pytest.raises(SendFailed) as told:
        await telegram.send(what)
    # Sentences for an operator: nobody's number, no secret, nothing of what the other side writes.
    for cause in (told.value, told.value.__cause__):
        assert str(SITI.id) not in str(cause)
        assert TOKEN not in str(cause)
    return told.value


async def test_an_acknowledgement_answers_the_message_and_says_how_it_is_called() -> None:
    async with far_end() as (api, telegram):
        name = await telegram.send(notice(thread=(f"telegram:{SITI.id}:1",)))
        [message] = api.sent(SITI)
        assert name == f"telegram:{SITI.id}:{message['message_id']}"
        assert (message["text"], message["reply_to_message"]["message_id"]) == ("Laporan 1234 kami terima.", 1)


@pytest.mark.parametrize("thread", [(), ("<a@mail.example>",), ("telegram:-100123:1",), (f"telegram:{SITI.id}:99",)])
async def test_without_a_message_to_answer_it_is_sent_all_the_same(thread: tuple[str, ...]) -> None:
    async with far_end() as (api, telegram):
        await telegram.send(notice(thread=thread))
        assert "reply_to_message" not in api.sent(SITI)[0]


async def test_words_are_no_markup() -> None:
    async with far_end() as (api, telegram):
        await telegram.send(notice("<b>Jl. *Poros* _1_ [x](http://x)</b>"))
        assert api.sent(SITI)[0]["text"] == "<b>Jl. *Poros* _1_ [x](http://x)</b>"


async def test_a_long_text_comes_in_parts_that_end_with_a_sentence() -> None:
    text = " ".join(f"Ini kalimat nomor {n} 🕳." for n in range(500))
    async with far_end() as (api, telegram):
        name = await telegram.send(notice(text, thread=(f"telegram:{SITI.id}:1",)))
        told = [message["text"] for message in api.sent(SITI)]
        assert " ".join(told) == text
        assert len(told) > 2
        assert all(units(part) <= 4096 and part.endswith("🕳.") for part in told)
        assert name == f"telegram:{SITI.id}:{api.sent(SITI)[-1]['message_id']}"
        assert ["reply_to_message" in message for message in api.sent(SITI)] == [True] + [False] * (len(told) - 1)


async def test_a_long_text_that_broke_off_goes_on_where_it_was() -> None:
    text = "\n\n".join(f"{n}" * 3000 for n in range(3))
    async with far_end() as (api, telegram):
        api.faults_of["sendmessage"] = []
        api.faults = []
        first = asyncio.create_task(telegram.send(notice(text)))
        await api.until_sent(SITI, 1)
        api.faults_of["sendmessage"] = [Status(500)]
        with pytest.raises(SendFailed):
            await first
        name = await telegram.send(notice(text))
        assert [message["text"][0] for message in api.sent(SITI)] == ["0", "1", "2"]
        assert name == f"telegram:{SITI.id}:{api.sent(SITI)[2]['message_id']}"


@pytest.mark.parametrize(
    ("text", "longest", "cut"),
    [
        ("Satu. Dua.", 100, ["Satu. Dua."]),
        ("Satu dua.\n\nTiga empat.", 18, ["Satu dua.", "Tiga empat."]),
        ("Satu dua tiga. Empat", 17, ["Satu dua tiga.", "Empat"]),
        ("satu dua tiga empat", 9, ["satu dua", "tiga", "empat"]),
        ("x" * 10, 4, ["xxxx", "xxxx", "xx"]),
        ("🕳🕳🕳", 5, ["🕳🕳", "🕳"]),
        ("Pukul 10.30 di Jl. Poros", 20, ["Pukul 10.30 di Jl.", "Poros"]),
        ("   ", 5, []),
    ],
)
def test_where_a_text_is_cut(text: str, longest: int, cut: list[str]) -> None:
    assert parts(text, longest) == cut


@pytest.mark.parametrize(
    ("fault", "maybe_sent", "retry_after"),
    [
        pytest.param(Timeout(), True, None, id="no answer"),
        pytest.param(Timeout(accepted=True), True, None, id="no answer, but accepted"),
        pytest.param(Hang(), True, None, id="an answer that does not end"),
        pytest.param(Drop(), True, None, id="cut off"),
        pytest.param(Garbage(), True, None, id="a proxy's page"),
        pytest.param(Status(500), False, None, id="500"),
        pytest.param(Status(504), True, None, id="504"),
    ],
)
async def test_a_bad_day_of_the_provider_passes(fault: Fault, maybe_sent: bool, retry_after: timedelta | None) -> None:  # noqa: FBT001  # a table
    async with far_end(timeout_seconds=0.5 if isinstance(fault, Timeout | Hang) else 10) as (api, telegram):
        api.faults = [fault]
        told = await failed(telegram, notice())
        assert (told.permanent, told.channel_wide, told.maybe_sent, told.retry_after) == (False, True, maybe_sent, retry_after)
        assert await telegram.send(notice())


async def test_a_provider_that_is_not_there_has_not_got_it() -> None:
    with socket.socket() as taken:
        # Bound and not listening: whoever connects is refused.
        taken.bind(("127.0.0.1", 0))
        telegram = channel(api_base=f"http://127.0.0.1:{taken.getsockname()[1]}")
        told = await failed(telegram, notice())
        checked = await telegram.check()
        await telegram.close()
    assert (told.permanent, told.channel_wide, told.maybe_sent) == (False, True, False)
    assert (checked.ok, checked.sentence) == (False, "Telegram could not be reached.")


async def test_who_has_blocked_us_is_left_alone_and_nobody_else() -> None:
    async with far_end() as (api, telegram):
        await api.write(BUDI, "Lampu padam")
        await api.block(SITI)
        told = await failed(telegram, notice())
        assert (told.permanent, told.channel_wide, told.kind) == (True, False, "blocked")
        await telegram.send(notice(chat=str(BUDI.id)))


@pytest.mark.parametrize("chat", ["5", "-100123", "@lapor", "", "9" * 30])
async def test_a_chat_that_is_none_is_given_up_alone(chat: str) -> None:
    async with far_end() as (_, telegram):
        told = await failed(telegram, notice(chat=chat))
        assert (told.permanent, told.channel_wide) == (True, False)


async def test_another_kind_of_address_is_not_reached() -> None:
    async with far_end() as (api, telegram):
        assert (await failed(telegram, notice(kind="sms"))).permanent
        assert api.sent(SITI) == []


async def test_too_fast_in_one_chat_is_that_chats_and_in_two_it_is_everybodys() -> None:
    async with far_end() as (api, telegram):
        await api.write(BUDI, "Lampu padam")
        api.too_fast = {SITI.id: 17, BUDI.id: 21}
        one = await failed(telegram, notice())
        two = await failed(telegram, notice(chat=str(BUDI.id)))
        # What Telegram said is believed without asking again.
        calls = api.calls.count("sendmessage")
        three = await failed(telegram, notice())
        assert api.calls.count("sendmessage") == calls
    assert (one.retry_after, one.channel_wide, one.permanent) == (timedelta(seconds=17), False, False)
    assert (two.retry_after, two.channel_wide) == (timedelta(seconds=21), True)
    assert three.retry_after is not None
    assert three.retry_after > timedelta(seconds=16)


async def test_too_fast_and_no_word_for_how_long_is_a_short_pause() -> None:
    async with far_end() as (api, telegram):
        api.faults = [TooMany(None)]
        assert (await failed(telegram, notice())).retry_after == timedelta(seconds=5)


async def test_a_token_that_is_not_accepted_waits_for_a_person() -> None:
    async with far_end(token="700100:another") as (api, telegram):
        told = await failed(telegram, notice())
        checked = await telegram.check()
        assert (told.permanent, told.channel_wide, told.kind) == (False, True, "auth")
        assert (checked.ok, checked.kind) == (False, "auth")
        assert api.sent(SITI) == []


async def test_the_check_says_which_bot_it_is_and_sends_nothing() -> None:
    async with far_end() as (api, telegram):
        checked = await telegram.check()
        assert (checked.ok, checked.sentence) == (True, f"Telegram says that the bot is @{NAME}.")
        assert api.calls == ["getme"]


@pytest.mark.parametrize(
    ("status", "said", "permanent", "channel_wide"),
    [
        pytest.param(403, {"description": "Forbidden: user is deactivated"}, True, False, id="an account that is gone"),
        pytest.param(403, {"description": "Forbidden: bot can't initiate conversation with a user"}, True, False, id="a stranger"),
        pytest.param(403, {}, True, False, id="forbidden"),
        pytest.param(400, {"description": "Bad Request: chat not found"}, True, False, id="no such chat"),
        pytest.param(400, {"description": "Bad Request: message text is empty"}, False, False, id="a fault of this one notice"),
        pytest.param(400, ["description"], False, False, id="an error that is no object"),
        pytest.param(404, {"description": "Not Found"}, False, True, id="a token that is none"),
        pytest.param(302, "", False, True, id="sent elsewhere"),
        pytest.param(502, "", False, True, id="a broken gateway"),
    ],
)
def test_an_answer_that_is_no_success_means_this(status: int, said: object, permanent: bool, channel_wide: bool) -> None:  # noqa: FBT001  # a table
    told = failure(status, json.dumps(said).encode())
    assert (told.permanent, told.channel_wide) == (permanent, channel_wide)


@pytest.mark.parametrize(("seconds", "pause"), [(5, 5), (999_999, 86400), (0, None), (-5, None), ("soon", None), (True, None), (1.5, None), (None, None)])
def test_a_pause_is_believed_within_reason(seconds: object, pause: int | None) -> None:
    told = failure(429, json.dumps({"parameters": {"retry_after": seconds}}).encode())
    assert told.retry_after == (timedelta(seconds=pause) if pause else None)


@pytest.mark.parametrize(
    "answer", ["[]", "null", "{}", '{"ok":true}', '{"result": 5}', '{"result": {"message_id": "x"}}', "[" * 100_000, '{"result": {"message_id": 1', "\ud800"]
)
async def test_a_success_that_is_not_telegrams_may_have_been_sent(answer: str) -> None:
    async def nonsense(_: web.Request) -> web.Response:
        return web.Response(body=answer.encode(errors="surrogatepass"), content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", nonsense)
    runner, port = await server.listen(app, "127.0.0.1", 0)
    telegram = channel(api_base=f"http://127.0.0.1:{port}")
    told, checked, polled = await failed(telegram, notice()), await telegram.check(), await telegram.check_in()
    with pytest.raises(FetchFailed):
        await telegram.fetch("AgAC")
    await telegram.close()
    await runner.cleanup()
    assert (told.channel_wide, told.maybe_sent, checked.ok, polled.ok) == (True, True, False, False)


# Pace


class Hand:
    """A clock that whoever sleeps moves on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def counted(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


async def test_ten_thousand_answers_drain_at_the_allowed_rate() -> None:
    hand = Hand()
    pace = Pace(30, 1, hand.counted, hand.sleep)
    for chat in range(10_000):
        await pace.turn(chat)
    assert hand.now - 1000 == pytest.approx(10_000 / 30, rel=0.01)


async def test_one_chat_gets_one_a_second_and_holds_up_no_other() -> None:
    waits: list[float] = []

    async def noted(seconds: float) -> None:
        waits.append(seconds)

    pace = Pace(30, 1, lambda: 1000.0, noted)
    for _ in range(4):
        await pace.turn(1)
    await pace.turn(2)
    assert waits == [pytest.approx(1), pytest.approx(2), pytest.approx(3), pytest.approx(1 / 30)]
    for _ in range(int(LONGEST_WAIT) - 3):
        await pace.turn(1)
    with pytest.raises(SendFailed) as told:
        await pace.turn(1)
    assert (told.value.permanent, told.value.channel_wide) == (False, False)
    await pace.turn(3)


async def test_who_waits_for_a_chat_counts_among_all_in_the_second_in_which_it_goes() -> None:
    went: list[float] = []
    now = 1000.0

    async def noted(seconds: float) -> None:
        went.append(now + seconds)

    pace = Pace(30, 1, lambda: now, noted)
    chance = random.Random(6)  # noqa: S311  # not a secret
    for _ in range(3000):
        # One in three writes to the same few chats.
        with suppress(SendFailed):
            await pace.turn(chance.choice([chance.randrange(10, 10**6)] * 2 + [chance.randrange(9)]))
        now += chance.choice([0.0, 0.0, 0.02, 0.15])
    times = sorted(went)
    assert len(times) > 2000
    assert all(later - earlier > 1 - 1e-3 for earlier, later in zip(times, times[30:], strict=False))


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": "no token"},
        {"token": "700100:"},
        {"api_base": "http://api.telegram.org"},
        {"api_base": "https://api.telegram.org/path"},
        {"receive": "both"},
        {"public_url": "lapor.example"},
        {"poll_seconds": 51},
        {"chat": 1},
    ],
)
def test_a_mistake_in_the_settings_is_found_at_once_and_no_secret_is_told(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as told:
        channel(**wrong)
    assert "rahasia" not in str(told.value)


async def test_no_log_of_any_library_holds_the_token_or_the_words(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with far_end() as (api, telegram):
        await telegram.send(notice("kata-kata rahasia"))
        file = api.keep(PIXEL, "gif")
        await telegram.fetch(file.id)
        api.faults = [Status(500), Drop()]
        for _ in range(2):
            with pytest.raises(SendFailed):
                await telegram.send(notice())
    assert TOKEN not in caplog.text
    assert "kata-kata" not in caplog.text


async def test_an_answer_that_cannot_be_read_is_repeated_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    async with far_end() as (api, telegram):
        api.faults_of["sendmessage"] = [Garbage()]
        with pytest.raises(SendFailed):
            await telegram.send(notice("Laporan Anda kami terima."))
    assert "It works!" not in caplog.text


async def test_whoever_speaks_no_telegram_loads_nothing_of_it() -> None:
    program = "import sys, gateway.assembly, channels.kinds; print('telegram' in sys.modules, 'httpx' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    assert said.split() == [b"False", b"False"]
