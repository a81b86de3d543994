"""The whole story, filmed in a real browser (Chromium) on the chat's page and the phone's: each scene fits, reads well to axe, and speaks one language."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import async_playwright

from gateway.demo.command import playing
from tests.test_browser import ARGS, HEIGHT, REMARK, WORDS, Tab
from tests.test_one_story import rows
from tools.film import Story
from tools.pictures import DOCS, MOST_BYTES, WIDE

SCENES = ("where", "when", "understood", "added", "status", "closed", "rated")
NUMBER = re.compile(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2}")


@pytest.mark.peer("chromium", "apt-get install chromium")
@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("door", "lang", "width", "theme"),
    [("chat", "id", 360, "light"), ("chat", "en", 1280, "dark"), ("phone", "en", 360, "dark"), ("phone", "id", 1280, "light")],
)
async def test_siti_tells_the_whole_story_and_reads_it_on_the_report_s_own_page(tmp_path: Path, door: str, lang: str, width: int, theme: Any) -> None:  # noqa: ANN401  # as Playwright has it
    async with playing(tmp_path, 0) as play, async_playwright() as engine:
        async with await engine.chromium.launch(executable_path=shutil.which("chromium"), args=ARGS) as browser:
            context = await browser.new_context(viewport={"width": width, "height": HEIGHT}, color_scheme=theme)
            context.set_default_timeout(60_000)
            siti = Tab(await context.new_page(), context, "http://127.0.0.1", WORDS[lang])
            siti.page.on("pageerror", lambda error: siti.wrong.append(f"{error}"))
            siti.page.on("console", lambda message: None if REMARK.match(message.text) else siti.wrong.append(message.text))
            scenes: list[str] = []

            async def seen(name: str) -> None:
                scenes.append(name)
                await siti.looks_right()
                for number in await siti.page.get_by_text(NUMBER).all():
                    assert await in_one_line(number), name
                assert (await siti.page.screenshot(path=tmp_path / f"{len(scenes):02}-{name}.png", full_page=True)).startswith(b"\x89PNG")

            story = Story(play, siti.page, lang, seen)
            await (story.by_chat() if door == "chat" else story.by_phone())
        assert siti.wrong == []
        assert scenes == [*SCENES, *(("public", "code") if door == "phone" else ()), "own"]
        [case] = await rows(play, "cases")
        assert (case["status"], case["rating"]) == ("closed", 4)
        assert [row["kind"] for row in await rows(play, "events")] == ["opened", "supplied", "supplied", "added", "answered", "closed", "rated"]
        other = WORDS["en" if lang == "id" else "id"]("standing.subject", number="").split()[0]
        said = " ".join(f"{row['short']} {row['full']}" for row in await rows(play, "notices"))
        assert other not in said


async def in_one_line(text: Any) -> bool:  # noqa: ANN401  # a locator
    """Whether the report's number in it is not cut at a hyphen."""
    told: bool = await text.evaluate(
        """element => {
          const walk = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
          for (let node = walk.nextNode(); node; node = walk.nextNode()) {
            const found = node.data.match(/[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/);
            if (!found) continue;
            const range = document.createRange();
            range.setStart(node, found.index);
            range.setEnd(node, found.index + found[0].length);
            if (new Set(Array.from(range.getClientRects(), one => Math.round(one.top))).size > 1) return false;
          }
          return true;
        }"""
    )
    return told


@pytest.mark.parametrize("picture", sorted(DOCS.glob("*.png")), ids=lambda path: path.name)
def test_the_readme_s_pictures_are_small_and_shown(picture: Path) -> None:
    assert picture.stat().st_size <= MOST_BYTES
    with Image.open(picture) as shown:
        # Operators have larger screens.
        assert shown.size == (WIDE if picture.stem == "desk" else 375, 1000)
    assert f'src="docs/{picture.name}"' in (DOCS.parent / "README.md").read_text(encoding="utf-8")
