"""The chat in the browser: a citizen types, the bot gets an update, its answer stands on the page."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from channels.pages import unbroken
from gateway.demo import chat
from gateway.demo.bot_api import BotApi
from gateway.demo.pages import MAX_FORM_BYTES, Frame
from tests.bot_contract import wrong

TOKEN, ACCOUNT = "7000001:rahasia", 81234567
ANSWER = "Laporan Anda kami terima. Nomor K7M4-3RTX-9QHB."
BUTTONS = {"inline_keyboard": [[{"text": "Kirim", "callback_data": "/kirim"}, {"text": "Batal", "callback_data": "/batal"}]]}


@dataclass
class Town:
    """A chat's page, and the bot behind it."""

    page: TestClient[web.Request, web.Application]
    api: BotApi

    async def look(self, **query: str) -> str:
        answer = await self.page.get("/telegram", params=query)
        assert answer.status == 200
        return await answer.text()

    async def type(self, text: str = "", picture: bytes = b"", query: dict[str, str] | None = None, **more: str) -> aiohttp.ClientResponse:
        form = aiohttp.FormData({"tulisan": text, **more})
        form.add_field("foto", io.BytesIO(picture), filename="jalan.jpg", content_type="image/jpeg")
        return await self.page.post("/telegram", params=query or {}, data=form, allow_redirects=False)

    async def answer(self, text: str = ANSWER, **more: object) -> None:
        """The bot writes."""
        url = f"{self.api.base_url}/bot{TOKEN}/sendMessage"
        async with aiohttp.ClientSession() as session, session.post(url, json={"chat_id": ACCOUNT, "text": text, **more}) as answer:
            assert answer.status == 200

    @property
    def updates(self) -> list[dict[str, Any]]:
        """What the bot gets."""
        return [json.loads(update.raw) for update in self.api.waiting]


@asynccontextmanager
async def town() -> AsyncIterator[Town]:
    """Each look at the clock is 0.2 seconds later."""
    seconds = itertools.count(step=0.2)
    api = BotApi(TOKEN, clock=lambda: datetime(2026, 3, 17, 1, 14, tzinfo=UTC) + timedelta(seconds=next(seconds)))
    app, frame = web.Application(client_max_size=MAX_FORM_BYTES), Frame({"chat": "/telegram"})
    frame.add_to(app)
    chat.add_to(app, frame, api, ZoneInfo("Asia/Makassar"))
    async with api.serve(), TestClient(TestServer(app)) as page:
        yield Town(page, api)


async def test_a_message_is_sent_and_its_acknowledgement_stands_on_the_page() -> None:
    async with town() as here:
        sent = await here.type("Air PDAM keruh")
        waiting = await (await here.page.get(sent.headers["Location"])).text()
        await here.answer()
        page = await here.look()
        updates = here.updates
    assert sent.status == 303
    assert "Terkirim. Menunggu balasan." in waiting
    assert page.index("Air PDAM keruh</p>") < page.index(unbroken(ANSWER))
    assert "Balasan tiba dalam 0,2 detik" in page
    assert "<span>09.14</span>" in page
    assert [update["message"]["text"] for update in updates] == ["Air PDAM keruh"]


async def test_a_picture_a_place_a_reply_an_edit_and_a_button_come_to_the_bot() -> None:
    async with town() as here:
        await here.type("Ini lubangnya", b"x" * 900)
        await here.answer(reply_markup=BUTTONS)
        page = await here.look(balas="2")
        await here.type("Di depan pasar", query={"balas": "2"})
        await here.type(lokasi="1")
        editing = await here.look(ubah="1")
        await here.type("Ini lubang besarnya", query={"ubah": "1"})
        await here.type(tekan="2:/kirim")
        shown = await here.look()
        updates = here.updates
        [photo] = here.api.files.values()
    assert "Membalas: Laporan Anda kami terima." in page
    assert "Ini lubangnya</textarea>" in editing
    assert ("Ini lubang besarnya</p>" in shown, "09.14 · diubah" in shown, "Lokasi: -1.2531, 116.7297" in shown) == (True, True, True)
    assert shown.count('name="tekan"') == 2
    assert [next(kind for kind in update if kind != "update_id") for update in updates] == ["message", "message", "message", "edited_message", "callback_query"]
    assert updates[0]["message"]["photo"][-1]["file_id"] == photo.id
    assert updates[1]["message"]["reply_to_message"]["message_id"] == 2
    assert updates[3]["edited_message"]["caption"] == "Ini lubang besarnya"
    assert updates[4]["callback_query"]["data"] == "/kirim"
    assert [fault for update in updates for fault in wrong(update, "Update")] == []


BOARD = {"keyboard": [[{"text": "Kirim lokasi saya", "request_location": True}], ["Tidak <tahu>"]], "one_time_keyboard": True}


async def test_buttons_in_the_place_of_the_letters_send_what_stands_on_them_or_the_place_and_are_gone() -> None:
    async with town() as here:
        await here.type("Jalan rusak")
        await here.answer(reply_markup=BOARD)
        page = await here.look()
        await here.type(papan="Kirim lokasi saya")
        after = await here.look()
        await here.answer(reply_markup=BOARD)
        await here.type(papan="Tidak <tahu>")
        # Nobody presses what is not there.
        await here.type(papan="Tidak <tahu>")
        await here.type(papan="Hapus semua")
        await here.answer(reply_markup=BOARD)
        await here.answer(reply_markup={"remove_keyboard": True})
        gone = await here.look()
        updates = here.updates
    assert page.count('name="papan"') == 2
    assert 'value="Tidak &lt;tahu&gt;"' in page
    assert ('name="papan"' in after, 'name="papan"' in gone) == (False, False)
    assert [update["message"].get("location") or update["message"]["text"] for update in updates] == [
        "Jalan rusak",
        {"latitude": -1.2531, "longitude": 116.7297},
        "Tidak <tahu>",
    ]
    assert [fault for update in updates for fault in wrong(update, "Update")] == []


async def test_a_button_turns_until_the_bot_has_heard_it() -> None:
    async with town() as here:
        await here.type("Jalan rusak")
        await here.answer(reply_markup=BUTTONS)
        await here.type(tekan="2:/kirim")
        turning = await here.look(lang="en")
        url = f"{here.api.base_url}/bot{TOKEN}/answerCallbackQuery"
        query = here.updates[-1]["callback_query"]["id"]
        async with aiohttp.ClientSession() as session, session.post(url, json={"callback_query_id": query}) as answer:
            assert answer.status == 200
        heard = await here.look(lang="en")
    assert (turning.count("waiting for the bot"), heard.count("waiting for the bot")) == (1, 0)


async def test_the_app_speaks_the_language_of_the_page() -> None:
    async with town() as here:
        await here.type("1", query={"lang": "en"})
        await here.type("2")
        assert [update["message"]["from"]["language_code"] for update in here.updates] == ["en", "id"]


async def test_nobody_edits_the_bots_words_or_presses_what_is_not_there() -> None:
    async with town() as here:
        await here.type("Air PDAM keruh")
        await here.answer()
        page = await here.look(ubah="2")
        await here.type(tekan="99:/kirim")
        await here.type(tekan="nonsense")
        updates = here.updates
    assert "Mengubah" not in page
    assert len(updates) == 1


async def test_what_a_citizen_types_is_never_executed() -> None:
    async with town() as here:
        await here.type("<script>alert(1)</script> $number ${lede} {at}")
        await here.answer("<img src=x onerror=alert(1)>")
        page = await here.look(akun='"><script>alert(2)</script>')
        conversation = await here.look(balas="2")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; $number ${lede} {at}</p>" in conversation
    assert page.count("<script") == conversation.count("<script") == 1
    assert "<img src=x" not in conversation


@pytest.mark.parametrize(
    ("text", "picture_bytes", "status", "sentence"),
    [
        (" ", 0, 422, "Tulis dulu pesan Anda"),
        ("Ini lubangnya", 10 * 1024 * 1024 + 1, 413, "paling besar 10 MB. Tulisan Anda masih ada."),
        ("Ini lubangnya", MAX_FORM_BYTES + 1, 413, "paling besar 10 MB."),
        ("🕳" * 2049, 0, 422, "paling banyak 4.096 huruf"),
    ],
    ids=["nothing", "large picture", "huge picture", "too long"],
)
async def test_what_cannot_be_sent_says_what_to_do_and_sends_nothing(text: str, picture_bytes: int, status: int, sentence: str) -> None:
    async with town() as here:
        answer = await here.type(text, b"x" * picture_bytes)
        page = await answer.text()
        updates = here.updates
    assert (answer.status, updates) == (status, [])
    assert sentence in page
    assert "<title>Ada kesalahan: Peragaan" in page


async def test_two_accounts_are_two_citizens_and_one_that_is_none_is_explained() -> None:
    async with town() as here:
        await here.type("Dari Siti", query={"akun": "81111111"})
        await here.type("Dari Budi", query={"akun": "82222222"})
        siti, budi, none = await here.look(akun="81111111"), await here.look(akun="82222222"), await here.look(akun="rumah")
        people = {update["message"]["from"]["id"] for update in here.updates}
    assert ("Dari Siti" in siti, "Dari Budi" in siti, "Dari Siti" in budi, "Dari Budi" in budi) == (True, False, False, True)
    assert people == {81111111, 82222222}
    assert 'value="rumah"' in none
    assert "Tulis nomor akun dengan angka saja" in none


async def test_the_page_speaks_english_too() -> None:
    async with town() as here:
        await here.type("Lamp broken")
        await here.answer()
        page = await here.look(lang="en")
    assert '<html lang="en">' in page
    assert "The answer came after 0.2 seconds" in page
    assert "09:14" in page
