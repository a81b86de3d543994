"""Take the README's picture from the running demo: `.venv/bin/python -m tools.pictures`. Needs Chromium."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from gateway.demo.command import playing

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "phone.png"
_SMS = "PPU jalan poros Girimukti berlubang besar dekat SDN 009"
# A small phone's width and what fits a README, in CSS pixels.
_SIZE = "375,1000"
_PORT = 18760


async def main() -> None:
    """One SMS, its answer, one picture."""
    browser = shutil.which("chromium") or sys.exit("Chromium is needed: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        async with playing(Path(folder), _PORT) as play:
            door = f"{play.gateway.config.public_urls[0]}/in/sms/message"
            await play.twilio.text([door], from_="+6281234567890", to="1708", body=_SMS)
            await play.twilio.until_sent(1)
            options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={_SIZE}", f"--screenshot={PICTURE}"]
            taking = await asyncio.create_subprocess_exec(browser, *options, play.phone_url)
            await taking.wait()


if __name__ == "__main__":
    asyncio.run(main())
