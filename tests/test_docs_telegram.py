"""What docs/telegram.md says to put into a configuration is a configuration, and what it says that one sees is seen."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from channels.telegram.settings import TelegramSettings
from channels.telegram.webhook import PATH
from gateway.assembly import running
from gateway.config import load
from gateway.demo.bot_api import BotApi
from gateway.node import Gateway
from tests.handbook import ROOT, Block, blocks, rows
from tests.telegram_channel import NAME
from tests.test_readme import surroundings

PAGE = ROOT / "docs" / "telegram.md"
TEXT = PAGE.read_text(encoding="utf-8")
WAYS = [block for block in blocks(PAGE) if block.kind == "toml"]
[MORE] = [block for block in blocks(PAGE) if block.kind == "toml more"]
[TYPED] = [block for block in blocks(PAGE) if block.kind == "text typed"]
_BEGINNING = """name = "Lapor PPU"
public_urls = ["https://lapor.example"]
data_dir = "data"
[listen]
public = "127.0.0.1:0"
operators = "127.0.0.1:0"
[journal]
min_free_bytes = 0
reserve_bytes = 65536
[[agencies]]
code = "diskominfo"
name = "Dinas Komunikasi dan Informatika"
coordinator = true
"""


def written(folder: Path, block: Block, api_base: str = "https://api.telegram.org") -> Path:
    """A configuration with this block."""
    (folder / "telegram.token").write_text(TYPED.text)
    file = folder / "gateway.toml"
    file.write_text(f'{_BEGINNING}{block.text}\napi_base = "{api_base}"\n{MORE.text}\n')
    return file


@pytest.mark.parametrize("block", WAYS, ids=lambda block: str(block.line))
def test_each_block_of_the_page_is_a_configuration(block: Block, tmp_path: Path) -> None:
    config = load(written(tmp_path, block), {})
    settings = config.channels["telegram"].settings
    assert isinstance(settings, TelegramSettings)
    assert settings.token.get_secret_value() == TYPED.text
    assert config.site.telegram == NAME


def test_the_two_ways_are_the_ones_that_the_page_tells_apart() -> None:
    assert [re.findall(r'receive = "(\w+)"', block.text) for block in WAYS] == [[], ["webhook"]]
    assert TelegramSettings(token="1:a").receive == "polling"  # type: ignore[arg-type]  # pydantic makes it a secret
    assert f"/in/telegram/{PATH}" in TEXT


@pytest.mark.parametrize(("block", "way"), list(zip(WAYS, ("A", "B"), strict=True)), ids=["asking", "called"])
async def test_check_and_health_say_what_the_page_says(block: Block, way: str, tmp_path: Path) -> None:
    table = {name: (check.strip("`"), health.strip("`")) for name, check, health in _table()}
    api = BotApi(TYPED.text, NAME)
    async with api.serve() as base:
        file = written(tmp_path, block, base)
        program = [sys.executable, "-m", "gateway", "check", "--config", str(file)]
        checked = await asyncio.to_thread(subprocess.run, program, cwd=tmp_path, env=surroundings(), capture_output=True, text=True, check=False, timeout=60)
        assert table["answers"][0] in checked.stdout
        assert table[way][0] in checked.stdout
        async with running(load(file, os.environ)) as gateway:
            async with asyncio.timeout(20):
                while not (said := await _health(gateway)).startswith("Reports are accepted. Telegram"):  # noqa: ASYNC110  # it has no bell for tests
                    await asyncio.sleep(0.02)
    assert table[way][1] == f"✓ telegram in: {said}"


async def _health(gateway: Gateway) -> str:
    await gateway.monitor.look_at("telegram")
    return gateway.monitor.board.look(gateway.clock.counted())["telegram", "in"].finding.sentence


def _table() -> list[list[str]]:
    section = TEXT.split("### 3. ")[1].split("\n## ")[0]
    return list(rows(f"\n## x\n{section}", "x"))
