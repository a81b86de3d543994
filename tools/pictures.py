"""Take the README's pictures from the running demo: `.venv/bin/python -m tools.pictures`. Needs Chromium."""

from __future__ import annotations

import asyncio
import io
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, async_playwright

from gateway.demo.command import Demo, playing

DOCS = Path(__file__).resolve().parent.parent / "docs"
_SMS = "PPU jalan poros Girimukti berlubang besar dekat SDN 009"
# A small phone's width and what fits a README, in CSS pixels.
_WIDTH, _HEIGHT = 375, 1000


async def main() -> None:
    """One SMS with its answer, one chat, one mail with its answer, one form with its receipt."""
    path = shutil.which("chromium") or sys.exit("Chromium is needed: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        async with playing(Path(folder), 0) as play, async_playwright() as driver:
            browser = await driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
            await _phone(play, browser)
            await _chat(play, browser)
            await _mail(play, browser)
            await _form(play, browser)
            await browser.close()


async def _phone(play: Demo, browser: Browser) -> None:
    page = await browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
    await page.goto(f"{play.url}hp")
    await page.fill("#tulisan", _SMS)
    await page.click("main button.btn")
    await page.wait_for_selector(".arrived")
    await page.screenshot(path=DOCS / "phone.png")


async def _chat(play: Demo, browser: Browser) -> None:
    page = await browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
    await page.goto(f"{play.url}telegram")
    await page.fill("#tulisan", "Air PDAM di Babulu Darat keruh 3 hari ini")
    await page.set_input_files("#foto", {"name": "foto air.jpg", "mimeType": "image/jpeg", "buffer": _photo()})
    await page.click(".type .btn")
    await page.wait_for_selector(".arrived")
    await page.screenshot(path=DOCS / "chat.png")


async def _mail(play: Demo, browser: Browser) -> None:
    page = await browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
    await page.goto(f"{play.url}surel")
    await page.fill("#perihal", "Lampu jalan mati di Sotek")
    await page.fill("#tulisan", "Lampu jalan dari simpang Sotek sampai puskesmas mati sejak Senin. Gelap sekali kalau malam.")
    await page.set_input_files("#lampiran", {"name": "foto jalan.jpg", "mimeType": "image/jpeg", "buffer": _photo()})
    await page.click(".type .btn")
    await page.wait_for_selector(".arrived")
    await page.screenshot(path=DOCS / "mail.png")


def _photo() -> bytes:
    photo = io.BytesIO()
    Image.effect_noise((640, 480), 40).save(photo, "JPEG")
    return photo.getvalue()


async def _form(play: Demo, browser: Browser) -> None:
    page = await browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
    await page.goto(f"{play.gateway.config.public_urls[0]}/lapor?bahasa=id")
    await page.screenshot(path=DOCS / "form.png")
    await page.fill("#judul", "Jalan poros Girimukti berlubang besar")
    await page.fill("#isi-laporan", "Lubangnya dalam dan tertutup air kalau hujan. Sudah dua motor jatuh minggu ini.")
    await page.fill("#tempat", "Desa Giri Mukti, dekat SDN 009")
    await page.check("#tutup-anonim")
    await page.press("#tempat", "Enter")
    await page.wait_for_selector(".plate")
    await page.screenshot(path=DOCS / "receipt.png")


if __name__ == "__main__":
    asyncio.run(main())
