"""An operator with a real browser: signs in, reads the doors, pauses and resumes, looks at what is parked; in both languages, on a phone and on a desk."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import async_playwright, expect

from channels import Checked
from gateway.node import Gateway
from tests.operator import NAME, PASSWORD, POST, QUICK, employ
from tests.postbox import letter
from tests.test_browser import ARGS, HEIGHT, WORDS, Tab
from tests.world import Deployment, receive_all

pytestmark = pytest.mark.peer("chromium", "apt-get install chromium")

CHANNELS = POST + '[channels.kantor-bupati-penajam-paser-utara-04]\nkind = "postbox"\n' + QUICK


@asynccontextmanager
async def desk(deployment: Deployment, language: str = "id", **options: Any) -> AsyncIterator[tuple[Tab, Gateway]]:  # noqa: ANN401  # as Playwright has them
    """A node and Budi's browser before its login page. Afterwards nothing was said on its console, and nobody else was asked."""
    async with deployment.node(channels=CHANNELS) as gateway, async_playwright() as engine:
        await employ(gateway.store, gateway.clock)
        async with await engine.chromium.launch(executable_path=shutil.which("chromium"), args=ARGS) as browser:
            context = await browser.new_context(**{"viewport": {"width": 360, "height": HEIGHT}, **options})
            context.set_default_timeout(60_000)
            budi = Tab(await context.new_page(), context, f"http://127.0.0.1:{gateway.operators_port}", WORDS[language])
            budi.listen()
            await budi.open("/login")
            yield budi, gateway
        assert budi.wrong == []


async def sign_in(budi: Tab, password: str = PASSWORD) -> None:
    """By keyboard alone."""
    await budi.box("nama").focus()
    await budi.page.keyboard.type(NAME)
    await budi.page.keyboard.press("Tab")
    await budi.page.keyboard.type(password)
    await budi.page.keyboard.press("Enter")


# Every value meets every value of the others.
@pytest.mark.parametrize(
    ("script", "width", "theme", "language"),
    [
        (True, 360, "light", "id"),
        (False, 360, "dark", "en"),
        (True, 1280, "dark", "en"),
        (False, 1280, "light", "id"),
        (True, 320, "dark", "id"),
    ],
)
async def test_budi_signs_in_sees_the_doors_pauses_one_and_goes_home(
    on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch, *, script: bool, width: int, theme: str, language: str
) -> None:
    screen: dict[str, Any] = {"java_script_enabled": script, "viewport": {"width": width, "height": HEIGHT}, "color_scheme": theme}
    async with desk(on_sqlite, language, **screen) as (budi, gateway):
        t, page = budi.t, budi.page

        async def refused() -> Checked:
            return Checked(ok=False, sentence="Twilio refuses the token.", kind="auth")

        monkeypatch.setattr(gateway.channels["kantor-bupati-penajam-paser-utara-04"], "check", refused)

        await budi.looks_right(script=script)
        await sign_in(budi, "a wrong password")
        await expect(page.locator(".notice")).to_contain_text(t("desk.login.wrong"))
        await budi.looks_right(script=script)
        await budi.box("nama").fill("")
        await sign_in(budi)

        await expect(page.locator("h1")).to_contain_text(re.compile("pintu|door"))
        card = page.locator("#kanal-post")
        bad = page.locator("#kanal-kantor-bupati-penajam-paser-utara-04")
        await shows(budi, bad.locator(".badge"), t("desk.state.down"), script=script)
        await shows(budi, card.locator(".badge"), t("desk.state.ok"), script=script)
        await expect(bad.locator(".todo")).to_contain_text(t("desk.todo.auth"))
        await bad.locator("summary").first.click()
        await expect(bad).to_contain_text("Twilio refuses the token.")
        await budi.looks_right(script=script)

        # A pause, with its reason, by keyboard.
        await card.locator("summary", has_text=t("desk.press.pause")).focus()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await page.keyboard.type("pindah nomor")
        await budi.looks_right(script=script)
        await page.keyboard.press("Enter")
        await expect(page.locator(".notice")).to_contain_text(t("desk.done.pause", channel="post"))
        await expect(card.locator(".badge")).to_have_text(t("desk.state.paused"))
        await expect(card).to_contain_text("pindah nomor")
        await budi.looks_right(script=script)
        await card.get_by_role("button", name=t("desk.press.resume")).click()
        await expect(card.locator(".badge")).to_have_text(t("desk.state.ok"))

        await page.get_by_role("button", name=t("desk.logout")).click()
        await expect(page.locator(".notice")).to_contain_text(t("desk.login.out"))
        await page.go_back()
        await page.goto(f"{budi.base}/channels")
        await expect(page.locator("#sandi")).to_be_visible()
    assert [row["what"] for row in await on_sqlite.rows("audit")] == ["login", "pause", "resume", "logout"]


@pytest.mark.parametrize(("script", "width", "theme", "language"), [(True, 360, "dark", "id"), (False, 1280, "light", "en")])
async def test_budi_looks_at_what_is_parked_and_lets_it_go(on_sqlite: Deployment, *, script: bool, width: int, theme: str, language: str) -> None:
    screen: dict[str, Any] = {"java_script_enabled": script, "viewport": {"width": width, "height": HEIGHT}, "color_scheme": theme}
    async with desk(on_sqlite, language, **screen) as (budi, gateway):
        t, page = budi.t, budi.page
        await receive_all(gateway, [letter("raise", "SM0", at=datetime.now(UTC))])
        await on_sqlite.until("arrivals", lambda rows: len(rows) == 1)
        await sign_in(budi)
        await shows(budi, page.locator("#tertahan-h"), t("desk.parked.count", count=1), script=script)
        await page.locator(".tabs").get_by_role("link", name=t("desk.tab.parked")).click()
        await budi.looks_right(script=script)
        await page.get_by_role("button", name=t("desk.press.raw")).click()
        await expect(page.locator(".raw")).to_have_text("raise")
        await budi.looks_right(script=script)
        await page.get_by_role("link", name=t("desk.back")).click()
        await page.locator("summary").first.click()
        await budi.box("why").fill("diketik ulang")
        await budi.looks_right(script=script)
        await page.get_by_role("button", name=t("desk.press.release.now")).click()
        await expect(page.locator(".notice")).to_contain_text(t("desk.done.released"))
        await expect(page.locator("h1")).to_have_text(t("desk.parked.count", count=0))
        await budi.looks_right(script=script)

    assert [row["what"] for row in await on_sqlite.rows("audit")] == ["login", "raw", "release"]


async def shows(budi: Tab, what: Any, words: str, *, script: bool) -> None:  # noqa: ANN401  # a Locator
    """With scripts it comes by itself; without, by reloading."""
    if script:
        await expect(what).to_have_text(words)
        return
    for _ in range(100):
        if await what.inner_text() == words:
            return
        await budi.page.get_by_role("link", name=budi.t("desk.reload")).click()
    raise AssertionError(words)


async def test_an_open_page_changes_by_itself_and_what_is_being_typed_stays(on_sqlite: Deployment) -> None:
    async with desk(on_sqlite) as (budi, gateway):
        await sign_in(budi)
        card = budi.page.locator("#kanal-post")
        await expect(card.locator(".badge")).to_have_text(budi.t("desk.state.ok"))
        await card.locator("summary", has_text=budi.t("desk.press.pause")).click()
        why = card.locator("[name=why]")
        await why.fill("pindah no")
        await receive_all(gateway, [letter("lampu mati", "SM1", at=datetime.now(UTC))])
        # It has come to this page, and waits.
        await expect(card).to_have_attribute("data-waits", "")
        await expect(why).to_be_focused()
        await budi.page.keyboard.press("End")
        await budi.page.keyboard.type("mor")
        await expect(why).to_have_value("pindah nomor")
        # Elsewhere now: what has changed meanwhile is put in.
        await budi.page.locator("#kanal-post-test").focus()
        await expect(card).to_contain_text("1 / 1")
        assert len([url for url in budi.asked if url.endswith("/channels")]) == 1


async def test_twice_as_large_letters_fit_a_narrow_phone(on_sqlite: Deployment) -> None:
    async with desk(on_sqlite, viewport={"width": 320, "height": HEIGHT}) as (budi, _):
        await sign_in(budi)
        await expect(budi.page.locator("#kanal-post .badge")).to_have_text(budi.t("desk.state.ok"))
        await budi.page.evaluate("document.documentElement.style.fontSize = '200%'")
        await budi.fits()
