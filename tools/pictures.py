"""Take the README's pictures from the running demo: `.venv/bin/python -m tools.pictures`. Needs Chromium."""

from __future__ import annotations

import asyncio
import io
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

from gateway.demo.command import Demo, playing
from gateway.demo.providers import HOST
from gateway.desk.passwords import hashed
from gateway.store import desk
from tools.film import Story, photo

# One of them; the README shows seven.
MOST_BYTES = 60_000
# An operator's screen, in CSS pixels.
WIDE = 1120
DOCS = Path(__file__).resolve().parent.parent / "docs"
# A small phone's width and what fits a README, in CSS pixels.
_WIDTH, _HEIGHT, _MARGIN = 375, 1000, 12
_COLOURS = 64
# A heartbeat and some more.
_PATIENCE_MS = 60_000
_PASSWORD = secrets.token_urlsafe(16)


async def main() -> None:
    """The whole story by SMS and in a chat, its page at the end; one mail with its answer, one form with its receipt."""
    path = shutil.which("chromium") or sys.exit("Chromium is needed: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        async with playing(Path(folder), 0) as play, async_playwright() as driver:
            browser = await driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
            await _story(play, browser)
            await _mail(play, browser)
            await _form(play, browser)
            await _desk(play, browser)
            await browser.close()


async def _story(play: Demo, browser: Browser) -> None:
    """By SMS up to the officer's answer; in the chat where its buttons are; and its own page."""
    page = await browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
    wanted: dict[str, tuple[str, ...]] = {"rated": ("phone", ".shell")}

    async def seen(name: str) -> None:
        if name in wanted:
            await _take(page, *wanted[name])

    await Story(play, page, "id", seen).by_phone()
    wanted = {"when": ("chat", ".shell"), "own": ("page", "", "section:has(#nilai)")}
    await Story(play, page, "id", seen).by_chat()


async def _desk(play: Demo, browser: Browser) -> None:
    """The operators' page, with one channel that a person paused and one whose provider has another token now."""
    async with play.gateway.store.transaction() as tx:
        await desk.add(tx, "budi", hashed(_PASSWORD), play.gateway.clock.now())
    page = await browser.new_page(viewport={"width": WIDE, "height": _HEIGHT})
    await page.goto(f"http://{HOST}:{play.gateway.operators_port}/login?bahasa=id")
    await page.fill("#nama", "budi")
    await page.fill("#sandi", _PASSWORD)
    await page.press("#sandi", "Enter")
    await page.click("#kanal-telegram-jeda summary")
    await page.fill("#kanal-telegram-why", "pindah ke bot baru")
    await page.press("#kanal-telegram-why", "Enter")
    play.around.twilio.auth_token = "another"  # noqa: S105  # a simulator's
    await page.click("#kanal-sms-test")
    await page.wait_for_selector("#kanal-sms .badge.bad")
    await page.goto(f"http://{HOST}:{play.gateway.operators_port}/channels")
    # All others have been looked at by then.
    await page.wait_for_selector("#kanal-mail .badge.ok", timeout=_PATIENCE_MS)
    await _take(page, "desk")


async def _take(page: Page, name: str, begin: str = "", end: str = "") -> None:
    """What fits a README, from where the element `begin` stands, or so that it ends with `end` (neither: from the top)."""
    box = await page.locator(begin or end).first.bounding_box() if begin or end else None
    top = 0.0 if box is None else box["y"] - _MARGIN if begin else box["y"] + box["height"] + _MARGIN - _HEIGHT
    width = page.viewport_size["width"] if page.viewport_size else _WIDTH
    raw = await page.screenshot(full_page=True, clip={"x": 0, "y": top, "width": width, "height": _HEIGHT})
    # A page has few colours; what is lost is the grain of a letter's edge.
    Image.open(io.BytesIO(raw)).convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(DOCS / f"{name}.png", optimize=True)


async def _mail(play: Demo, browser: Browser) -> None:
    page = await browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
    await page.goto(f"{play.url}surel")
    await page.fill("#perihal", "Lampu jalan mati di Sotek")
    await page.fill("#tulisan", "Lampu jalan dari simpang Sotek sampai puskesmas mati sejak Senin. Gelap sekali kalau malam.")
    await page.set_input_files("#lampiran", [photo("foto jalan.jpg")])
    await page.click(".type .btn")
    await page.wait_for_selector(".arrived")
    await _take(page, "mail")


async def _form(play: Demo, browser: Browser) -> None:
    page = await browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
    await page.goto(f"{play.gateway.config.public_urls[0]}/lapor?bahasa=id")
    await _take(page, "form")
    await page.fill("#judul", "Jalan poros Girimukti berlubang besar")
    await page.fill("#isi-laporan", "Lubangnya dalam dan tertutup air kalau hujan. Sudah dua motor jatuh minggu ini.")
    await page.fill("#tempat", "Desa Giri Mukti, dekat SDN 009")
    await page.check("#tutup-anonim")
    await page.press("#tempat", "Enter")
    await page.wait_for_selector(".plate")
    await _take(page, "receipt")


if __name__ == "__main__":
    asyncio.run(main())
