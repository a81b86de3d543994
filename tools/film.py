"""The whole story in a browser, scene by scene: Siti's report lacks two things, she answers, adds, asks, hears an officer, and rates it.

tests/test_film.py looks at each scene; tools/pictures.py takes the README's pictures of some.
"""

from __future__ import annotations

import io
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from PIL import Image
from playwright.async_api import FilePayload, Page, expect

from channels.pages import PRIVATE_PATH, TRACK_PATH
from gateway import tracking, words
from gateway.demo import chat_words, phone_words
from gateway.demo.command import Demo
from gateway.speaking import speak

WORDS = words.load(("id", "en"))
# A machine that does much else is slow.
_PATIENCE_MS = 30_000
# Called when something is to be seen, with the scene's name.
Seen = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Lines:
    """What is said in one language."""

    report: str
    where: str
    more: str
    # By the officer who ends it.
    done: str


LINES = {
    "id": Lines(
        "Lampu jalan mati",
        "di depan masjid Nurul Iman RT 5 Girimukti",
        "Tambahan: tiangnya juga miring",
        "Lampunya sudah kami ganti, tiangnya sudah tegak.",
    ),
    "en": Lines(
        "The street light is broken",
        "in front of the mosque Nurul Iman, Girimukti",
        "Here is a photo, the pole leans as well",
        "The lamp is replaced, and the pole stands upright.",
    ),
}
_CODE = re.compile(r"\b\d{6}\b")


@dataclass
class Story:
    """Siti at one page of the demo."""

    play: Demo
    page: Page
    lang: str
    seen: Seen
    number: str = ""

    async def by_chat(self) -> None:
        """With the bot, whose buttons spare her the typing; the officer's answer brings the link of the report's own page."""
        t, lines = WORDS[self.lang], LINES[self.lang]
        await self._begins("telegram", t("question.where.full"))
        await self._says(lines.where, t("question.when.full"))
        await self.seen("when")
        await self.page.locator("#papan").get_by_role("button", name=t("choice.yesterday")).click()
        await self._hears(t("understood.when", said=t("choice.yesterday")))
        await self._goes_on()
        await self.page.locator("#percakapan").get_by_role("button", name="4").click()
        await self._hears(t("rated", number=self.number))
        await self.seen("rated")
        links = re.findall(rf"http\S+{PRIVATE_PATH}/[\w-]+", await self.page.locator("#percakapan").inner_text())
        await self._own_page(links[-1])

    async def by_phone(self) -> None:
        """By SMS; what is too long for one is read on the report's own page, which a code opens."""
        t = WORDS[self.lang]
        await self._begins("hp", t("question.where"))
        await self._says(LINES[self.lang].where, t("question.when"))
        await self.seen("when")
        await self._says(t("choice.yesterday"), f"{t('choice.yesterday')}.")
        await self._goes_on()
        await self._says("4", t("rated", number=self.number))
        await self.seen("rated")
        here = self.page.url
        await self.page.goto(f"{self._home}{TRACK_PATH}?nomor={self.number}&bahasa={self.lang}")
        await self.seen("public")
        await self.page.get_by_role("button", name=t("track.own.send")).click()
        await expect(self.page.locator("h1")).to_have_text(t("code.h1"))
        await self.seen("code")
        await self.page.goto(here)
        await self._hears(t("code.short", number=self.number, digits="", until="").split(".")[1].strip())
        code = _CODE.findall(await self.page.locator("#percakapan .msg").last.inner_text())[0]
        await self.page.goto(f"{self._home}{TRACK_PATH}/kode?nomor={self.number}&bahasa={self.lang}")
        await self.page.locator("[name=kode]").fill(code)
        await self.page.get_by_role("button", name=t("code.open")).click()
        await self._own_page("")

    async def _begins(self, door: str, asked: str) -> None:
        await self.page.goto(f"{self.play.url}{door}?lang={self.lang}")
        await self._says(LINES[self.lang].report, asked)
        self.number = tracking.numbers_in(await self.page.locator("#percakapan").inner_text())[0]
        await self.seen("where")

    async def _goes_on(self) -> None:
        """What is the same at both doors."""
        t, lines = WORDS[self.lang], LINES[self.lang]
        await self.seen("understood")
        await self._says(lines.more, t("joined", number=self.number), photo("foto tiang.jpg"))
        await self.seen("added")
        await self._says("STATUS", t("status.awaiting_verification"))
        await self.seen("status")
        await self._officer(lines.done)
        await self._hears(lines.done)
        await self.seen("closed")

    async def _says(self, text: str, hears: str, picture: FilePayload | None = None) -> None:
        await self.page.locator("#tulisan").fill(text)
        if picture:
            await self.page.locator("#foto").set_input_files([picture])
        send = {"hp": phone_words, "telegram": chat_words}[self.page.url.split("?")[0].rsplit("/", 1)[1]].LANGUAGES[self.lang]["send"]
        await self.page.get_by_role("button", name=send, exact=True).click()
        await self._hears(hears)

    async def _hears(self, text: str) -> None:
        await expect(self.page.locator("#percakapan")).to_contain_text(text, timeout=_PATIENCE_MS)

    async def _officer(self, text: str) -> None:
        """As `./run answer NUMBER TEXT --close`."""
        gateway = self.play.gateway
        async with gateway.store.transaction() as tx:
            await speak(tx, gateway.office, self.number, text, "wati", gateway.config.public_urls, gateway.clock.now(), close=True)
        for outbox in gateway.outboxes.values():
            outbox.loop.ring()

    async def _own_page(self, link: str) -> None:
        """`link`: to be opened; empty: it is open already. Her photo is drawn anew before it is shown there."""
        if link:
            await self.page.goto(f"{link}?bahasa={self.lang}")
        shown = self.page.locator(".talk .pic a")
        while not await shown.count():
            await self.page.reload()
        await expect(self.page.locator(".talk")).to_contain_text(LINES[self.lang].done)
        await expect(self.page.locator("#nilai-h")).to_have_text(WORDS[self.lang]("report.rated", mark=4))
        await self.seen("own")

    @property
    def _home(self) -> str:
        return self.play.gateway.config.public_urls[0]


def photo(name: str) -> FilePayload:
    """Of nothing in particular."""
    content = io.BytesIO()
    Image.effect_noise((640, 480), 40).save(content, "JPEG")
    return {"name": name, "mimeType": "image/jpeg", "buffer": content.getvalue()}
