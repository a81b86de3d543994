"""The phone in the browser: a citizen types, the gateway's door answers, the acknowledgement stands on the page."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import ModuleType
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from channels.pages import unbroken
from gateway.demo import chat_words, mail_words, page_words, phone, phone_words
from gateway.demo.pages import MAX_FORM_BYTES
from gateway.demo.twilio import Twilio

SID, TOKEN = "AC" + "0" * 32, "rahasia"
OFFICE = "1708"
ANSWER = "Laporan Anda kami terima. Nomor K7M4-3RTX-9QHB. Simpan nomor ini."


@dataclass
class Town:
    """A phone's page, and a door whose answers a test decides."""

    page: TestClient[web.Request, web.Application]
    twilio: Twilio
    door: Door

    async def look(self, **query: str) -> str:
        answer = await self.page.get("/hp", params=query)
        assert answer.status == 200
        return await answer.text()

    async def type(self, text: str, picture: bytes = b"", **query: str) -> aiohttp.ClientResponse:
        form = aiohttp.FormData({"tulisan": text})
        form.add_field("foto", io.BytesIO(picture), filename="jalan.jpg", content_type="image/jpeg")
        return await self.page.post("/hp", params=query, data=form, allow_redirects=False)


class Door:
    """A gateway that answers every SMS with the same words."""

    def __init__(self, twilio: Twilio) -> None:
        self._twilio = twilio
        # 200: take it and answer. Anything else: refuse.
        self.says = 200
        self.answer = ANSWER

    async def take(self, request: web.Request) -> web.Response:
        form = await request.post()
        if self.says == 200 and self.answer:
            await self._send(str(form["From"]), str(form["To"]))
        return web.Response(status=self.says, text="<Response/>", content_type="text/xml")

    async def _send(self, to: str, from_: str) -> None:
        url = f"{self._twilio.base_url}/2010-04-01/Accounts/{SID}/Messages.json"
        headers = {"Authorization": aiohttp.encode_basic_auth(SID, TOKEN)}
        async with aiohttp.ClientSession() as session, session.post(url, data={"From": from_, "To": to, "Body": self.answer}, headers=headers) as answer:
            assert answer.status == 201


@asynccontextmanager
async def town(*numbers: str) -> AsyncIterator[Town]:
    """Twilio, a door, and the page between them; each look at the clock is 0.2 seconds later."""
    seconds = itertools.count(step=0.2)
    twilio = Twilio(SID, TOKEN, lambda: datetime(2026, 3, 17, 1, 14, tzinfo=UTC) + timedelta(seconds=next(seconds)))
    twilio.delivery = ()
    door = Door(twilio)
    gateway = web.Application()
    gateway.router.add_post("/message", door.take)
    async with twilio.serve(), TestServer(gateway) as far_end:
        app = phone.alone(twilio, [str(far_end.make_url("/message"))], numbers or (OFFICE,), ZoneInfo("Asia/Makassar"))
        async with TestClient(TestServer(app)) as page:
            yield Town(page, twilio, door)


async def test_an_sms_is_sent_and_its_acknowledgement_stands_on_the_page() -> None:
    async with town() as here:
        sent = await here.type("PPU jalan berlubang")
        page = await (await here.page.get(sent.headers["Location"])).text()
    assert sent.status == 303
    assert page.index("PPU jalan berlubang</p>") < page.index(unbroken(ANSWER))
    assert "09.14 terkirim" in page
    assert "Balasan tiba dalam 0,2 detik" in page
    assert f"09.14 \u00b7 1 SMS, {len(ANSWER)}/160" in page


async def test_until_the_answer_comes_the_page_says_that_it_waits() -> None:
    async with town() as here:
        here.door.answer = ""
        await here.type("Lampu mati")
        page = await here.look()
    assert "Terkirim. Menunggu tanda terima." in page
    assert '<noscript><p><a href="/hp?lang=id&amp;nomor=%2B6281234567890&amp;ke=1708">Muat ulang' in page


async def test_a_gateway_that_is_down_is_told_as_a_phone_tells_it() -> None:
    async with town() as here:
        here.door.says = 503
        await here.type("Lampu mati")
        page = await here.look()
    assert "Tidak terkirim. Kirim lagi sebentar lagi: nomor 1708 sedang tidak menjawab." in page
    assert "Menunggu" not in page
    assert "Lampu mati</textarea>" in page


async def test_what_a_citizen_types_is_never_executed() -> None:
    async with town() as here:
        here.door.answer = "<img src=x onerror=alert(1)>"
        await here.type("<script>alert(1)</script> $number ${lede} {at}")
        page = await here.look(nomor='"><script>alert(2)</script>')
        conversation = await here.look()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; $number ${lede} {at}</p>" in conversation
    assert "&lt;img src=x" in conversation
    assert page.count("<script") == conversation.count("<script") == 1
    assert "<img src=x" not in conversation


@pytest.mark.parametrize("path", ["/", "/hp", "/live.js", "/look/tokens.css", "/look/look.css", "/look/mark.svg"])
async def test_nothing_from_elsewhere_may_run_or_load(path: str) -> None:
    async with town() as here:
        answer = await here.page.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert answer.status == 200
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'")
    assert "unsafe" not in policy


async def test_a_picture_goes_along_as_mms() -> None:
    async with town() as here:
        await here.type("", b"x" * 1500)
        page = await here.look()
    (file,) = here.twilio.texted[0].message.media
    assert (file.name, file.type, len(file.content)) == ("jalan.jpg", "image/jpeg", 1500)
    assert "Foto: jalan.jpg, 2 KB" in page


@pytest.mark.parametrize(
    ("text", "picture_bytes", "status", "sentence"),
    [
        (" ", 0, 422, "Tulis dulu SMS Anda"),
        ("Ini lubangnya", 5 * 1024 * 1024 + 1, 413, "paling besar 5 MB. Tulisan Anda masih ada."),
        ("Ini lubangnya", MAX_FORM_BYTES + 1, 413, "paling besar 5 MB."),
    ],
    ids=["nothing", "large picture", "huge picture"],
)
async def test_what_cannot_be_sent_says_what_to_do_and_sends_nothing(text: str, picture_bytes: int, status: int, sentence: str) -> None:
    async with town() as here:
        answer = await here.type(text, b"x" * picture_bytes)
        page = await answer.text()
    assert (answer.status, here.twilio.texted) == (status, [])
    assert sentence in page
    assert "<title>Ada kesalahan: Peragaan" in page
    assert (text in page) or "masih ada" not in page


async def test_two_numbers_are_two_citizens() -> None:
    async with town() as here:
        await here.type("Dari Siti", nomor="0812 1111 1111")
        await here.type("Dari Budi", nomor="+6281222222222")
        siti, budi = await here.look(nomor="6281211111111"), await here.look(nomor="0812-2222-2222")
    assert ("Dari Siti" in siti, "Dari Budi" in siti, "Dari Siti" in budi, "Dari Budi" in budi) == (True, False, False, True)
    assert [message.to for message in here.twilio.sent] == ["+6281211111111", "+6281222222222"]


async def test_a_number_that_is_none_is_kept_and_explained() -> None:
    async with town() as here:
        page = await here.look(nomor="rumah")
    assert "Tulis nomor HP dengan angka" in page
    assert 'value="rumah"' in page


async def test_each_number_of_the_office_has_its_own_conversation() -> None:
    async with town("1708", "+6254212345") as here:
        await here.type("Ke kabupaten", ke="+6254212345")
        first, second = await here.look(), await here.look(ke="+6254212345")
    assert ("Ke kabupaten" in first, "Ke kabupaten" in second) == (False, True)
    assert '<option value="+6254212345" selected>' in second


async def test_a_long_sms_keeps_its_lines() -> None:
    async with town() as here:
        await here.type("satu\r\ndua")
        page = await here.look()
    assert here.twilio.texted[0].message.body == "satu\ndua"
    assert "<p>satu</p><p>dua</p>" in page


async def test_the_page_speaks_english_too() -> None:
    async with town() as here:
        await here.type("Lamp broken")
        page = await here.look(lang="en")
    assert '<html lang="en">' in page
    assert "The answer came after 0.2 seconds" in page
    assert "09:14 sent" in page


@pytest.mark.parametrize("words", [page_words, phone_words, mail_words, chat_words], ids=lambda words: words.__name__)
def test_every_sentence_exists_in_every_language(words: ModuleType) -> None:
    known = [{key: sorted(re.findall(r"{\w+}", sentence)) for key, sentence in sentences.items()} for sentences in words.LANGUAGES.values()]
    assert all(sentences == known[0] for sentences in known)
