"""The loopback Bot API is honest: its answers and updates fit Telegram's own description, and python-telegram-bot, which knows nothing of it, is content."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, KeyboardButton, ReplyKeyboardMarkup, ReplyKeyboardRemove, ReplyParameters
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter

from gateway.demo import bot_resources as resources
from gateway.demo.bot_api import BotApi
from gateway.demo.faults import Drop, Garbage, Hang, Slow, Status, Timeout, TooMany
from tests.bot_contract import contract, wrong
from tests.telegram_channel import BUDI, NAME, NOW, SITI, TOKEN

PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")


@asynccontextmanager
async def telegram() -> AsyncIterator[BotApi]:
    api = BotApi(TOKEN, NAME, lambda: NOW)
    async with api.serve():
        yield api


@asynccontextmanager
async def client(api: BotApi, token: str = TOKEN) -> AsyncIterator[Bot]:
    """The official library as it comes."""
    async with Bot(token, f"{api.base_url}/bot", f"{api.base_url}/file/bot") as bot:
        yield bot


async def call(api: BotApi, method: str, *, token: str = TOKEN, seconds: float = 10, **fields: Any) -> Any:  # noqa: ANN401  # what the API says
    """As any client makes it."""
    limit = aiohttp.ClientTimeout(total=seconds)
    async with aiohttp.ClientSession(timeout=limit) as session, session.post(f"{api.base_url}/bot{token}/{method}", json=fields) as answer:
        return await answer.json()


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    # Its attribute warns that it will be a timedelta one day.
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


async def test_every_answer_fits_telegrams_own_description() -> None:
    contract()
    async with telegram() as api:
        await api.write(SITI, "Jalan rusak")
        photo = api.keep(PIXEL, "gif")
        answers = {
            "getMe": await call(api, "getMe"),
            "sendMessage": await call(api, "sendMessage", chat_id=SITI.id, text="Kami terima", reply_parameters={"message_id": 1}),
            "sendPhoto": await call(api, "sendPhoto", chat_id=SITI.id, photo=photo.id, caption="Ini"),
            "editMessageText": await call(api, "editMessageText", chat_id=SITI.id, message_id=2, text="Kami terima."),
            "getFile": await call(api, "getFile", file_id=photo.id),
            "getUpdates": await call(api, "getUpdates"),
            "setWebhook": await call(api, "setWebhook", url="http://127.0.0.1:1/in/tg/update", secret_token="s"),
            "getWebhookInfo": await call(api, "getWebhookInfo"),
            "deleteWebhook": await call(api, "deleteWebhook"),
        }
        await api.until(lambda: True)
    for method, answer in answers.items():
        assert answer["ok"] is True
        returned = contract()["methods"][method]["returns"]
        faults = min((wrong(answer["result"], type_ if type_ != "Boolean" else "True", method) for type_ in returned), key=len)
        assert faults == []


async def test_everything_that_people_do_fits_telegrams_own_description() -> None:
    contract()
    async with telegram() as api:
        file = api.keep(PIXEL, "gif")
        first = await api.write(SITI, "Jalan rusak")
        await api.write(SITI, answers=first["message_id"], caption="Lubang", **resources.photo(file))
        await api.write(SITI, **resources.document(file, "surat.pdf", "application/pdf"))
        await api.write(SITI, **resources.voice(file, 3))
        await api.write(SITI, **resources.location(-1.25, 116.7))
        await api.write_in_group(BUDI, -100123, f"@{NAME} lampu padam")
        await api.edit(SITI, first["message_id"], "Jalan rusak berat")
        await call(api, "sendMessage", chat_id=SITI.id, text="Pilih", reply_markup={"inline_keyboard": [[{"text": "Kirim", "callback_data": "/kirim"}]]})
        await api.press(SITI, api.sent(SITI)[0]["message_id"], "/kirim")
        await api.block(SITI)
        await api.block(SITI, blocks=False)
        updates = [json.loads(update.raw) for update in api.waiting]
        async with client(api) as bot:
            read = await bot.get_updates()
    assert [fault for update in updates for fault in wrong(update, "Update")] == []
    assert [update.update_id for update in read] == [update["update_id"] for update in updates]
    assert len({update["update_id"] for update in updates}) == len(updates) == 10


async def test_the_official_library_talks_to_it(library: None) -> None:
    async with telegram() as api, client(api) as bot:
        assert bot.username == NAME
        await api.write(SITI, "Jalan rusak 🕳")
        [update] = await bot.get_updates(timeout=0)
        assert update.message is not None
        assert update.message.text == "Jalan rusak 🕳"
        keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Kirim", callback_data="/kirim")]])
        sent = await bot.send_message(SITI.id, "Kami terima", reply_markup=keyboard, reply_parameters=ReplyParameters(update.message.message_id))
        assert sent.reply_to_message is not None
        assert sent.reply_to_message.text == "Jalan rusak 🕳"
        await api.press(SITI, sent.message_id, "/kirim")
        [press] = await bot.get_updates(offset=update.update_id + 1, timeout=0)
        assert press.callback_query is not None
        assert await press.callback_query.answer()
        assert api.heard == [press.callback_query.id]
        photo = await bot.send_photo(SITI.id, PIXEL, caption="Ini")
        file = await bot.get_file(photo.photo[-1].file_id)
        assert bytes(await file.download_as_bytearray()) == PIXEL
        assert await bot.set_webhook("http://127.0.0.1:1/x", secret_token="s", allowed_updates=["message"])
        info = await bot.get_webhook_info()
        assert (info.url, info.pending_update_count, info.allowed_updates) == ("http://127.0.0.1:1/x", 1, ("message",))
        with pytest.raises(Conflict):
            await bot.get_updates()
        assert await bot.delete_webhook(drop_pending_updates=True)
        assert await bot.get_updates(timeout=0) == ()


async def test_errors_come_in_telegrams_own_form(library: None) -> None:
    async with telegram() as api, client(api) as bot:
        with pytest.raises(InvalidToken):
            async with client(api, "1:wrong"):
                pass
        with pytest.raises(BadRequest, match=r"(?i)chat not found"):
            await bot.send_message(5, "x")
        await api.write(SITI, "x")
        await api.block(SITI)
        with pytest.raises(Forbidden, match=r"(?i)blocked by the user"):
            await bot.send_message(SITI.id, "x")
        await api.write(SITI, "x")
        api.too_fast[SITI.id] = 7
        with pytest.raises(RetryAfter) as slow:
            await bot.send_message(SITI.id, "x")
        assert getattr(slow.value.retry_after, "seconds", None) == 7
        api.too_fast.clear()
        for text in ("", "x" * 4097, "🕳" * 2049):
            with pytest.raises(BadRequest):
                await bot.send_message(SITI.id, text)
        with pytest.raises(BadRequest, match=r"(?i)to be replied not found"):
            await bot.send_message(SITI.id, "x", reply_parameters=ReplyParameters(99))
        assert (await bot.send_message(SITI.id, "x", reply_parameters=ReplyParameters(99, allow_sending_without_reply=True))).text == "x"
        api.faults = [Status(500), TooMany(3)]
        with pytest.raises(NetworkError):
            await bot.get_me()
        with pytest.raises(RetryAfter):
            await bot.get_me()


async def test_a_keyboard_of_the_official_library_is_there_until_it_was_used_or_taken_away(library: None) -> None:
    async with telegram() as api, client(api) as bot:
        await api.write(SITI, "Jalan rusak")
        rows = [[KeyboardButton("Lokasi saya", request_location=True)], [KeyboardButton("Lewati")]]
        for once in (True, False):
            sent = await bot.send_message(SITI.id, "Di mana?", reply_markup=ReplyKeyboardMarkup(rows, one_time_keyboard=once))
            # The library is not told of it again: it belongs to no message.
            assert sent.reply_markup is None
            assert [[button["text"] for button in row] for row in api.board(SITI.id)] == [["Lokasi saya"], ["Lewati"]]
            await api.choose(SITI, "Lokasi saya", (-1.25, 116.7))
            assert bool(api.board(SITI.id)) is not once
        # Buttons below a message are another thing.
        await bot.send_message(SITI.id, "Ya?", reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("Ya", callback_data="ya")]]))
        assert len(api.board(SITI.id)) == 2
        await bot.send_message(SITI.id, "Baik.", reply_markup=ReplyKeyboardRemove())
        assert api.board(SITI.id) == ()
        assert await api.choose(SITI, "Lewati") is None
        updates = await bot.get_updates(timeout=0)
    assert [update.message.location is not None for update in updates if update.message] == [False, True, True]


@pytest.mark.parametrize(
    ("markup", "said"),
    [
        pytest.param({"inline_keyboard": [[{"text": "Ya", "callback_data": "x" * 65}]]}, "BUTTON_DATA_INVALID", id="65 bytes"),
        pytest.param({"inline_keyboard": [[{"text": "Ya", "callback_data": ""}]]}, "BUTTON_DATA_INVALID", id="nothing behind it"),
        pytest.param({"inline_keyboard": [[{"text": "Ya"}]]}, "text buttons are unallowed", id="no action"),
        pytest.param({"keyboard": [[{"text": " "}]]}, "must be non-empty", id="nothing on it"),
        pytest.param({"keyboard": ["Ya"]}, "can't parse reply keyboard", id="no rows"),
        pytest.param(["Ya"], "object expected", id="no object"),
    ],
)
async def test_buttons_that_telegram_does_not_take_send_nothing(markup: object, said: str) -> None:
    async with telegram() as api:
        await api.write(SITI, "Jalan rusak")
        answer = await call(api, "sendMessage", chat_id=SITI.id, text="Ya?", reply_markup=markup)
        assert (answer["ok"], answer["error_code"], said in answer["description"]) == (False, 400, True)
        assert api.sent(SITI) == []


async def test_updates_wait_until_a_higher_number_is_asked_for() -> None:
    async with telegram() as api:
        for text in ("satu", "dua", "tiga"):
            await api.write(SITI, text)
        first = (await call(api, "getUpdates", limit=2))["result"]
        assert [update["message"]["text"] for update in first] == ["satu", "dua"]
        again = (await call(api, "getUpdates"))["result"]
        assert len(again) == 3
        left = (await call(api, "getUpdates", offset=first[-1]["update_id"] + 1))["result"]
        assert [update["message"]["text"] for update in left] == ["tiga"]
        assert len(api.waiting) == 1


async def test_who_asks_for_updates_waits_for_them_and_a_second_one_ends_the_first() -> None:
    async with telegram() as api:
        first = asyncio.create_task(call(api, "getUpdates", timeout=50))
        await asyncio.wait_for(_called(api, 1), 5)
        second = asyncio.create_task(call(api, "getUpdates", timeout=50))
        answer = await first
        assert (answer["ok"], answer["error_code"]) == (False, 409)
        await api.write(SITI, "Jalan rusak")
        assert (await second)["result"][0]["message"]["text"] == "Jalan rusak"


async def _called(api: BotApi, count: int) -> None:
    while len(api.calls) < count:  # noqa: ASYNC110  # it has no bell for tests
        await asyncio.sleep(0.01)


async def test_a_webhook_is_called_with_the_secret_again_until_it_takes_the_update_and_in_order() -> None:
    came: list[tuple[str, str]] = []
    says = [503, 503, 200]

    async def door(request: web.Request) -> web.Response:
        came.append(((await request.json())["message"]["text"], request.headers["X-Telegram-Bot-Api-Secret-Token"]))
        return web.Response(status=says.pop(0) if says else 200)

    app = web.Application()
    app.router.add_post("/update", door)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with telegram() as api:
        await api.write(SITI, "satu")
        await api.write(SITI, "dua")
        api.hosts["https://lapor.example"] = f"http://127.0.0.1:{runner.addresses[0][1]}"
        await call(api, "setWebhook", url="https://lapor.example/update", secret_token="rahasia")
        await api.until(lambda: not api.waiting)
        info = (await call(api, "getWebhookInfo"))["result"]
    await runner.cleanup()
    assert came == [("satu", "rahasia")] * 3 + [("dua", "rahasia")]
    assert api.brought == [503, 503, 200, 200]
    assert info["last_error_message"] == "Wrong response from the webhook: 503"


@pytest.mark.parametrize("fault", [Timeout(), Hang(), Drop(), Garbage(), Slow(0.01)])
async def test_anything_can_go_wrong_with_an_answer(fault: Timeout | Hang | Drop | Garbage | Slow) -> None:
    async with telegram() as api:
        api.faults_of["getme"] = [fault]
        if isinstance(fault, Slow):
            assert (await call(api, "getMe"))["ok"]
        else:
            with pytest.raises((TimeoutError, aiohttp.ClientError)):
                await call(api, "getMe", seconds=0.3)
        assert (await call(api, "getMe"))["ok"]


async def test_while_nobody_listens_it_cannot_be_reached_and_forgets_nothing() -> None:
    async with telegram() as api:
        await api.write(SITI, "Jalan rusak")
        async with api.refusing():
            with pytest.raises(aiohttp.ClientConnectorError):
                await call(api, "getUpdates")
        assert len((await call(api, "getUpdates"))["result"]) == 1
