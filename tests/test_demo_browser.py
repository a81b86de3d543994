"""The demo with a real browser (Chromium): from the first page to every door, on narrow and wide screens, by day and by night, with and without scripts."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Locator, async_playwright, expect

from channels import Choice, Notice
from channels.telegram.channel import Telegram
from gateway.demo import chat, chat_words, mail_words, page_words, phone_words
from gateway.demo.bot_api import BotApi
from gateway.demo.bot_resources import Person
from gateway.demo.command import playing
from gateway.demo.pages import MAX_FORM_BYTES, Frame
from normalizer import Address
from tests.telegram_channel import NAME, TOKEN, channel
from tests.test_browser import ARGS, HEIGHT, LETTER, PHOTO, WORDS, Tab

pytestmark = pytest.mark.peer("chromium", "apt-get install chromium")

ADDRESS = "siti.yang.punya.alamat.surel.panjang@warga.example"
NUMBER = re.compile(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){2}")


@asynccontextmanager
async def tab(folder: Path, language: str = "id", **options: Any) -> AsyncIterator[Tab]:  # noqa: ANN401  # as Playwright has them
    """The demo, and a browser of somebody who opens its first page. Afterwards nothing was said on its console, and nobody else was asked."""
    async with playing(folder, 0) as play, async_playwright() as engine:
        async with await engine.chromium.launch(executable_path=shutil.which("chromium"), args=ARGS) as browser:
            context = await browser.new_context(**{"viewport": {"width": 360, "height": HEIGHT}, **options})
            context.set_default_timeout(60_000)
            somebody = Tab(await context.new_page(), context, play.url.rstrip("/"), WORDS[language])
            somebody.listen()
            await somebody.page.goto(f"{play.url}?lang={language}")
            yield somebody
        assert somebody.wrong == []


async def looks_right(siti: Tab, *, script: bool) -> None:
    """As every page, and nothing is cut off in the device that it plays."""
    await siti.looks_right(script=script)
    for cut in await siti.page.locator(".shell").all():
        assert await cut.evaluate("shell => shell.scrollWidth <= shell.clientWidth"), siti.page.url


async def comes(siti: Tab, what: Locator, *, script: bool) -> None:
    """By itself; without scripts, whoever waits presses "reload"."""
    if not script:
        async with asyncio.timeout(30):
            while not await what.count():
                await siti.page.reload()
    await expect(what).to_be_visible()


@pytest.mark.parametrize(
    ("script", "width", "theme", "lang"), [(True, 360, "light", "id"), (False, 360, "dark", "en"), (True, 1280, "dark", "id"), (False, 1280, "light", "en")]
)
async def test_siti_writes_a_mail_reads_the_answer_in_its_thread_and_adds_to_her_report(
    tmp_path: Path, *, script: bool, width: int, theme: str, lang: str
) -> None:
    t = {**page_words.LANGUAGES[lang], **mail_words.LANGUAGES[lang]}
    screen: dict[str, Any] = {"java_script_enabled": script, "viewport": {"width": width, "height": HEIGHT}, "color_scheme": theme}
    async with tab(tmp_path, lang, **screen) as siti:
        page = siti.page
        await looks_right(siti, script=script)
        await page.get_by_role("link", name=t["mail_open"]).click()
        await siti.box("alamat").fill("rumah")
        await page.get_by_role("button", name=t["own_button"]).click()
        await expect(siti.box("alamat")).to_have_attribute("aria-invalid", "true")
        await looks_right(siti, script=script)
        await siti.box("alamat").fill(ADDRESS)
        await page.get_by_role("button", name=t["own_button"]).click()

        await page.get_by_role("button", name=t["send"]).click()
        await expect(page.locator("#tulisan-e")).to_contain_text(t["empty"])
        await looks_right(siti, script=script)
        await siti.box("perihal").fill("Lampu jalan mati")
        await siti.box("tulisan").fill("Lampu jalan mati dari simpang Sotek sampai puskesmas.")
        await siti.box("lampiran").set_input_files([PHOTO, LETTER])
        await page.get_by_role("button", name=t["send"]).click()
        await page.wait_for_url("**utas=**")
        # She goes on writing while the answer comes.
        if script:
            await siti.box("tulisan").fill("Dan di depan SDN 009.")
        await comes(siti, page.locator(".arrived"), script=script)
        thread = page.locator("#utas")
        await expect(thread).to_contain_text(NUMBER)
        for name in ("foto jalan.jpg", "surat.pdf"):
            await expect(thread).to_contain_text(name)
        await expect(page.locator("#kepada")).to_contain_text("lapor+")
        await looks_right(siti, script=script)

        if script:
            await expect(siti.box("tulisan")).to_have_value("Dan di depan SDN 009.")
        else:
            await siti.box("tulisan").fill("Dan di depan SDN 009.")
        await page.get_by_role("button", name=t["reply"]).click()
        await expect(page.locator("#kabar")).to_have_text(t["added"])
        await page.get_by_role("button", name=t["away"]).click()
        await expect(page.locator("#kabar")).to_have_text(t["machine"])
        await expect(thread.locator(".msg")).to_have_count(4)
        await looks_right(siti, script=script)
        assert (await page.screenshot(path=tmp_path / "thread.png", full_page=True)).startswith(b"\x89PNG")

        await page.get_by_role("link", name=t["back"]).click()
        await expect(page.locator("#kotak li")).to_have_count(1)
        await looks_right(siti, script=script)
        await page.get_by_role("link", name="Lampu jalan mati").click()
        await expect(thread.locator(".msg")).to_have_count(4)


@pytest.mark.parametrize(("script", "width", "theme", "lang"), [(True, 360, "dark", "en"), (False, 1280, "light", "id")])
async def test_siti_goes_from_door_to_door_and_has_her_answer_at_each(tmp_path: Path, *, script: bool, width: int, theme: str, lang: str) -> None:
    t = {**page_words.LANGUAGES[lang], **phone_words.LANGUAGES[lang]}
    screen: dict[str, Any] = {"java_script_enabled": script, "viewport": {"width": width, "height": HEIGHT}, "color_scheme": theme}
    async with tab(tmp_path, lang, **screen) as siti:
        page = siti.page
        await page.get_by_role("link", name=t["sms_open"]).click()
        await siti.box("tulisan").fill("PPU lampu jalan mati di simpang Sotek")
        await page.get_by_role("button", name=t["send"]).click()
        await comes(siti, page.locator(".arrived"), script=script)
        await expect(page.locator("#percakapan")).to_contain_text(NUMBER)
        await looks_right(siti, script=script)
        await page.get_by_role("navigation", name=t["doors"]).get_by_role("link", name=t["mail"]).click()
        await expect(page.locator("#program")).to_be_visible()
        form = page.get_by_role("navigation", name=t["doors"]).get_by_role("link", name=t["web"])
        await expect(form).to_have_attribute("target", "_blank")
        await page.locator(".brand").click()
        await expect(page.locator("h1")).to_have_text(page_words.LANGUAGES[lang]["heading"])


PERSON = Person(81234999)
KIND = (Choice("Pengaduan", "pengaduan"), Choice("Aspirasi", "aspirasi"), Choice("Permintaan informasi", "permintaan informasi"))
WHERE = (Choice("Kirim lokasi saya", place=True), Choice("Saya tidak tahu nama tempatnya", "lewati"))


@pytest.mark.parametrize(("script", "width", "theme", "lang"), [(True, 360, "dark", "id"), (False, 360, "light", "en"), (False, 1280, "light", "id")])
async def test_siti_answers_with_buttons(tmp_path: Path, *, script: bool, width: int, theme: str, lang: str) -> None:
    screen: dict[str, Any] = {"java_script_enabled": script, "viewport": {"width": width, "height": HEIGHT}, "color_scheme": theme}
    async with bot_room() as (api, telegram, url), async_playwright() as engine:
        async with await engine.chromium.launch(executable_path=shutil.which("chromium"), args=ARGS) as browser:
            context = await browser.new_context(**screen)
            context.set_default_timeout(60_000)
            siti = Tab(await context.new_page(), context, url, WORDS[lang])
            siti.listen()
            page, talk = siti.page, siti.page.locator("#percakapan")
            await page.goto(f"{url}/telegram?lang={lang}&akun={PERSON.id}")
            await siti.box("tulisan").fill("Jalan poros berlubang")
            await page.get_by_role("button", name=chat_words.LANGUAGES[lang]["send"]).click()
            await telegram.send(asking("Ini laporan apa?", *KIND))
            await comes(siti, talk.get_by_role("button", name="Aspirasi"), script=script)
            await looks_right(siti, script=script)
            await talk.get_by_role("button", name="Aspirasi").click()
            # Nobody has heard it yet.
            await expect(talk.get_by_role("button", name="Aspirasi")).to_contain_text(chat_words.LANGUAGES[lang]["turning"])
            await looks_right(siti, script=script)
            await telegram.send(asking("Di mana?", *WHERE))
            board = page.get_by_role("form", name=chat_words.LANGUAGES[lang]["board"])
            await comes(siti, board.get_by_role("button", name="lewati"), script=script)
            await looks_right(siti, script=script)
            assert (await page.screenshot(path=tmp_path / "buttons.png", full_page=True)).startswith(b"\x89PNG")
            await board.get_by_role("button", name="Kirim lokasi saya").click()
            await expect(talk).to_contain_text(chat_words.LANGUAGES[lang]["position"].partition("{")[0])
            await expect(board).to_have_count(0)
            await telegram.send(asking("Di mana?", *WHERE))
            await comes(siti, board, script=script)
            await board.get_by_role("button", name="lewati").click()
            await expect(talk.locator(".mine").last).to_contain_text("lewati")
            await looks_right(siti, script=script)
        assert siti.wrong == []
        said = [json.loads(update.raw) for update in api.waiting]
    assert [update.get("callback_query", {}).get("data") or update["message"].get("text") or "a place" for update in said] == [
        "Jalan poros berlubang",
        "aspirasi",
        "a place",
        "lewati",
    ]


@asynccontextmanager
async def bot_room() -> AsyncIterator[tuple[BotApi, Telegram, str]]:
    """The chat's page, and our channel behind the bot, without a node that says something of its own."""
    api, app, frame = BotApi(TOKEN, NAME), web.Application(client_max_size=MAX_FORM_BYTES), Frame({"chat": "/telegram"})
    frame.add_to(app)
    chat.add_to(app, frame, api, ZoneInfo("Asia/Makassar"))
    async with api.serve() as base, TestServer(app) as pages:
        telegram = channel(api_base=base)
        yield api, telegram, str(pages.make_url("/")).rstrip("/")
        await telegram.close()


def asking(text: str, *choices: Choice) -> Notice:
    return Notice("n", Address("telegram", str(PERSON.id)), short="", full=text, subject="", choices=choices)


@pytest.mark.parametrize(("script", "width", "theme", "lang"), [(True, 360, "light", "id"), (False, 1280, "dark", "en")])
async def test_siti_chats_with_the_bot_replies_edits_and_sends_her_place(tmp_path: Path, *, script: bool, width: int, theme: str, lang: str) -> None:
    t = {**page_words.LANGUAGES[lang], **chat_words.LANGUAGES[lang]}
    screen: dict[str, Any] = {"java_script_enabled": script, "viewport": {"width": width, "height": HEIGHT}, "color_scheme": theme}
    async with tab(tmp_path, lang, **screen) as siti:
        page = siti.page
        await page.get_by_role("link", name=t["chat_open"]).click()
        await looks_right(siti, script=script)
        await page.get_by_role("button", name=t["send"]).click()
        await expect(page.locator("#tulisan-e")).to_contain_text(t["empty"])
        await siti.box("akun").fill("rumah")
        await page.get_by_role("button", name=t["own_button"]).click()
        await expect(siti.box("akun")).to_have_attribute("aria-invalid", "true")
        await looks_right(siti, script=script)
        await siti.box("akun").fill("81234999")
        await page.get_by_role("button", name=t["own_button"]).click()

        await siti.box("tulisan").fill("Air PDAM di Babulu Darat keruh 3 hari ini")
        await siti.box("foto").set_input_files([PHOTO])
        await page.get_by_role("button", name=t["send"]).click()
        await comes(siti, page.locator(".arrived"), script=script)
        talk = page.locator("#percakapan")
        await expect(talk).to_contain_text(NUMBER)
        await looks_right(siti, script=script)
        await talk.get_by_role("link", name=t["answer"]).first.click()
        await expect(page.locator("form.type")).to_contain_text(t["answering"].partition("{")[0])
        await siti.box("tulisan").fill("Baunya juga tidak enak")
        await looks_right(siti, script=script)
        await page.get_by_role("button", name=t["send"]).click()
        await talk.get_by_role("link", name=t["edit"]).first.click()
        await siti.box("tulisan").fill("Air PDAM di Babulu Darat keruh 4 hari ini")
        await page.get_by_role("button", name=t["save"]).click()
        await expect(talk).to_contain_text(t["edited"])
        await page.get_by_role("button", name=t["place"]).click()
        await expect(talk).to_contain_text(t["position"].partition("{")[0])
        await looks_right(siti, script=script)
        assert (await page.screenshot(path=tmp_path / "chat.png", full_page=True)).startswith(b"\x89PNG")
