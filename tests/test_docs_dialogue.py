"""docs/dialogue.md is true: words mean what it says, each reason stands there, defaults are the configuration's, and commands show what it shows."""

from __future__ import annotations

import ast
import asyncio
import re
from pathlib import Path

import pytest

from gateway import asked, conversation, cues
from gateway.asked import asked_of
from gateway.commands.answer import answer
from gateway.commands.trace import trace
from gateway.config import load
from tests.handbook import ROOT, blocks, rows, shows
from tests.test_dialogue import talking
from tests.world import Deployment, keyed

PAGE = ROOT / "docs" / "dialogue.md"
TEXT = PAGE.read_text(encoding="utf-8")
WORDS = [(what, re.findall(r"`([^`]+)`", f"{indonesian} {english}")) for what, indonesian, english, _ in rows(TEXT, "Words")]


def test_each_word_on_the_page_is_what_it_says() -> None:
    for what, said in WORDS:
        assert said, what
        for word in said:
            if what == "correct":
                assert cues.corrects(f"{word}: di RT 5"), word
            elif what == "rate":
                assert asked_of(word) == asked.Asked("rate", value=word)
            else:
                found = asked_of(word)
                assert found, word
                assert found.what == what, word


def test_each_word_that_there_is_stands_on_the_page() -> None:
    every = {value for name, value in vars(asked).items() if name.isupper() and isinstance(value, str)} - {"yes", "no"}
    assert {what for what, _ in WORDS} == every | {"correct"}


def reasons() -> set[str]:
    """Each that decide() can give, with "…" where something is filled in."""
    found = set()
    for node in ast.walk(ast.parse(Path(conversation.__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            found.add("".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values))  # type: ignore[misc]  # an f-string's own words
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return {one for one in found if re.fullmatch(r"rule:[\w:…]+", one) and not one.endswith(":")}


def test_each_reason_stands_on_the_page_and_no_other() -> None:
    told = {reason.strip("`") for *_, reason in rows(TEXT, "What a message is for")}
    # A greeting is a word, too.
    assert reasons() - {"rule:word:greeting"} == told


def test_the_defaults_on_the_page_are_those_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text('name = "Lapor PPU"\npublic_urls = ["https://lapor.example"]\n')
    config = load(tmp_path / "gateway.toml", {})
    for key, default, _ in rows(TEXT, "What is asked"):
        block, name = key.strip("`").split(".")
        value = getattr(getattr(config, block), name)
        assert default == str(list(value) if isinstance(value, tuple) else value).replace("True", "true"), key


async def test_its_commands_show_what_it_shows(on_sqlite: Deployment, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    [shown] = [block.text for block in blocks(PAGE) if block.kind == "text"]
    assert set(re.findall(r"no-wrong-door (\w+) NUMBER", TEXT)) == {"answer", "trace"}
    async with talking(on_sqlite) as talk:
        for text in ("Lampu jalan mati", "depan masjid nurul iman", "tidak tahu", "STATUS"):
            await talk.says(text)
        await talk.says("terima kasih", answered=False)
        await on_sqlite.until("messages", lambda rows: any(row["decision"] == "noise" for row in rows))
        number = (await talk.case())["number"]
        traced = await said(capfd, trace, number, keyed(tmp_path))
        assert not shows(shown.replace("by sms", "by post"), traced), traced
        assert f"reported {number}, by post" in await said(capfd, answer, number, "Lampunya sudah kami ganti.", keyed(tmp_path), "wati", True)  # noqa: FBT003  # --close
        await talk.says("2")
        await talk.says("belum selesai")
        traced = await said(capfd, trace, number, keyed(tmp_path))
    for line in ("case closed by wati", "case rated by gateway, because: rule:word:rate", "case reopened by gateway, because: rule:word:reopen"):
        assert line in traced
    assert "reopened, owner" in traced


async def said(capfd: pytest.CaptureFixture[str], command: object, *arguments: object) -> str:
    """What a command prints: here, where the tests' own kind of channel is known."""
    capfd.readouterr()
    assert callable(command)
    await asyncio.to_thread(command, *arguments)
    return capfd.readouterr().out
