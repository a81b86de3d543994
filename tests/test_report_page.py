"""A report's own page is the web's conversation: what was said, what we still need to know, and buttons that say fixed words through the box."""

from __future__ import annotations

import re
import shutil
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import async_playwright, expect

from channels import About
from channels.pages import Look, Pages
from gateway import look, public
from gateway.public.turn import Turn
from gateway.store.public import Progress, Said, Step
from normalizer import Setting
from tests.postbox import letter
from tests.test_browser import ARGS, HEIGHT, WORDS, Tab
from tests.web_citizen import CHANNEL, at_the_form
from tests.world import Deployment, receive_all

NOW = datetime(2026, 3, 17, 1, 14, tzinfo=UTC)
LINK, KEY = "A" * 22, "0" * 32 + "-65f00000-" + "B" * 22
QUESTION = "Di mana tepatnya kejadian itu? Sebut desa dan patokan yang mudah dicari."
ALL = Turn(QUESTION, may_withdraw=True, may_rate=True, may_reopen=True)
# As gateway/public/pages.py has them.
SHAPES = {"sms": "sms", "whatsapp": "chat", "telegram": "chat", "email": "mail", "web": "web"}


def rendered(turn: Turn, language: str = "id", **more: object) -> web.Response:
    """The page of a report as the gateway's own templates make it; `more`: as report.html asks."""
    about = About("Lapor PPU", Setting(), ("http://127.0.0.1:1",), lambda: NOW, WORDS, "Kab. Penajam Paser Utara")
    wires = [("sms", True), ("sms", False), ("email", True), ("telegram", True), ("whatsapp", False), ("web", True)]
    shown = {
        "progress": Progress(
            UUID(int=1),
            "K7M4-3RTX-9QHB",
            "awaiting_verification",
            "Dinas PUPR",
            "Jalan berlubang",
            anonymous=False,
            confidential=True,
            opened_at=NOW,
            question="",
            closed_at=None,
            rating=None,
        ),
        "steps": [Step("opened", NOW)],
        "said": [Said(mine, f"Pesan lewat {wire}", NOW, wire, wire) for wire, mine in wires],
        "wires": lambda said: said.kind,
        "shapes": SHAPES,
        "next_day": None,
        "taken_at": None,
        "link": LINK,
        "form_path": "/lapor",
        "key": KEY,
        "add_path": "/lapor/tambah",
        "balas": "",
        "position": [],
        "files": [],
    }
    pages = Pages(Path(public.__file__).parent, about)
    return pages.answer("report.html", Look(WORDS[language], ZoneInfo("Asia/Makassar")), {**shown, **asdict(turn), **more})


@pytest.mark.parametrize(
    ("status", "colour", "shape"),
    [
        ("awaiting_verification", "ok", "check"),
        ("awaiting_information", "warn", "alert"),
        ("withdrawn", "hold", "file"),
        ("archived", "hold", "file"),
        ("closed", "ok", "check"),
    ],
)
def test_only_what_goes_well_has_a_tick(status: str, colour: str, shape: str) -> None:
    progress = Progress(
        UUID(int=1), "K7M4-3RTX-9QHB", status, "PUPR", "Jalan", anonymous=False, confidential=True, opened_at=NOW, question="", closed_at=None, rating=None
    )
    page = rendered(ALL, progress=progress)
    assert page.text is not None
    assert f'<span class="badge {colour}"><svg class="i" aria-hidden="true"><use href="#i-{shape}"/></svg>' in page.text
    assert f'id="i-{shape}"' in page.text


def forms(turn: Turn, **more: Any) -> list[dict[str, list[str]]]:  # noqa: ANN401  # as rendered()
    """What each form of the page posts, by name; each button of one is a value of its own."""
    html = str(rendered(turn, **more).text)
    named = r'<(?:input|textarea|button)[^>]*?\bname="(\w+)"(?:[^>]*?\bvalue="([^"]*)")?'
    found = []
    for action, inner in re.findall(r'<form[^>]*action="([^"]*)"[^>]*>(.*?)</form>', html, re.DOTALL):
        fields: dict[str, list[str]] = {"action": [action]}
        for name, value in re.findall(named, inner):
            fields.setdefault(name, []).append(value)
        found.append(fields)
    return found


def test_a_page_that_is_asked_for_nothing_offers_the_box_and_nothing_else() -> None:
    html = str(rendered(Turn()).text)
    [box] = forms(Turn())
    assert box == {"action": ["/lapor/tambah?bahasa=id"], "kunci": [KEY], "tautan": [LINK], "balas": [""], "berkas": [""]}
    for code in ("report.question", "report.withdraw", "report.rate", "report.reopen", "report.answer"):
        assert WORDS["id"](code) not in html


def test_an_open_question_stands_above_the_box_in_the_one_patch_of_light() -> None:
    html = str(rendered(Turn(QUESTION), taken_at=("-1.29000", "116.51000")).text)
    assert html.index(QUESTION) < html.index('name="balas" aria-describedby')
    assert WORDS["id"]("report.answer") in html
    assert html.count('class="lit') == 1
    assert "<i>" not in str(rendered(Turn("<i>di mana</i>")).text)


@pytest.mark.parametrize(
    ("turn", "says"),
    [(Turn(may_withdraw=True), ["BATAL"]), (Turn(may_rate=True), ["1", "2", "3", "4", "5"]), (Turn(may_reopen=True), ["BUKA"])],
)
def test_a_button_says_its_word_through_the_box(turn: Turn, says: list[str]) -> None:
    [button] = [form for form in forms(turn) if form["balas"] == says]
    assert button == {"action": ["/lapor/tambah?bahasa=id"], "kunci": [KEY], "tautan": [LINK], "balas": says}
    assert len(forms(turn)) == 2


def test_where_nobody_can_write_on_the_web_there_is_a_question_and_no_button() -> None:
    assert forms(ALL, add_path="", taken_at=("-1.29000", "116.51000")) == []
    assert QUESTION in str(rendered(ALL, add_path="").text)


async def test_what_a_button_says_is_on_the_report_like_any_other_words(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite) as (_, siti):
        receipt = await siti.report()
        await on_sqlite.until("cases", bool)
        own = await siti.get(f"/l/{receipt.link}")
        [button] = [form for form in forms(Turn(may_withdraw=True), key=own.inputs("kunci")[0], link=receipt.link) if form["balas"] == ["BATAL"]]
        said = [(name, button[name][0]) for name in ("kunci", "tautan", "balas")]
        assert (await siti.send(said, path="/lapor/tambah")).status == 200
        rows = await on_sqlite.until("messages", lambda rows: len(rows) == 2)
    assert rows[1]["text"] == "BATAL"


async def test_each_message_shows_the_way_it_came(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite, CHANNEL + '[channels.post]\nkind = "postbox"\n') as (gateway, siti):
        [receipt] = await receive_all(gateway, [letter("Jalan rusak", "SM1", at=datetime.now(UTC))])
        await on_sqlite.until("notices", lambda rows: rows[0]["state"] == "sent")
        key = await siti.key()
        assert (await siti.send([("kunci", key), ("tautan", receipt.link), ("balas", "Makin lebar")], path="/lapor/tambah")).status == 200
        await on_sqlite.until("messages", lambda rows: len(rows) == 2)
        own = await siti.get(f"/l/{receipt.link}")
    shapes = re.findall(r'<li class="(msg [a-z ]+)">.*?</b><span>(\w+) &middot;', own.html)
    assert shapes == [("msg sms mine", "SMS"), ("msg sms", "SMS"), ("msg web mine", "web")]
    assert own.html.index("Jalan rusak") < own.html.index("Laporan Anda kami terima") < own.html.index("Makin lebar")


@pytest.mark.peer("chromium", "apt-get install chromium")
@pytest.mark.parametrize(("width", "theme"), [(360, "light"), (1280, "dark")])
@pytest.mark.parametrize("language", ["id", "en"])
async def test_all_that_a_page_may_hold_fits_and_can_be_used(tmp_path: Path, language: str, width: int, theme: Any) -> None:  # noqa: ANN401  # as Playwright has it
    app = web.Application()
    look.add_to(app)

    async def show(_request: web.Request) -> web.Response:
        return rendered(ALL, language, taken_at=("-1.29000", "116.51000"))

    app.router.add_get("/l/{link}", show)
    async with TestServer(app) as server, async_playwright() as engine:
        async with await engine.chromium.launch(executable_path=shutil.which("chromium"), args=ARGS) as browser:
            context = await browser.new_context(viewport={"width": width, "height": HEIGHT}, color_scheme=theme)
            siti = Tab(await context.new_page(), context, str(server.make_url("")).rstrip("/"), WORDS[language])
            siti.listen()
            await siti.open(f"/l/{LINK}")
            await expect(siti.page.get_by_text(QUESTION)).to_be_visible()
            # Nobody withdraws by a slip of the thumb.
            withdraw = siti.press("report.withdraw.button")
            await expect(withdraw).to_be_hidden()
            await siti.looks_right()
            await siti.page.locator("summary").click()
            await expect(withdraw).to_be_visible()
            await expect(siti.page.get_by_role("button", name=WORDS[language]("report.rate.button", mark=5), exact=True)).to_be_visible()
            await siti.looks_right()
            for button in await siti.page.locator("main button").all():
                box = await button.bounding_box()
                assert box
                # A thumb's width (gateway/look/tokens.css).
                assert min(box["width"], box["height"]) >= 44
            assert (await siti.page.screenshot(path=tmp_path / "report.png", full_page=True)).startswith(b"\x89PNG")
        assert siti.wrong == []
