"""Playing Twilio for one's own gateway: what is typed is an SMS, what becomes of it is told, and the account stays the same."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.nursery import ROOT

NOWHERE = "http://127.0.0.1:1/in/city-sms/message"


@asynccontextmanager
async def practising(folder: Path, stdin: int, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """As `./run practice`, until the block ends; it ends well."""
    command = (sys.executable, "-m", "gateway", "practice", "--port", "0", "--folder", str(folder / "practice"), *options)
    process = await asyncio.create_subprocess_exec(*command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=stdin, stdout=asyncio.subprocess.PIPE)
    try:
        yield process
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def until(process: asyncio.subprocess.Process, words: str) -> str:
    """The line that holds them."""
    assert process.stdout is not None
    async with asyncio.timeout(60):
        while words not in (line := (await process.stdout.readline()).decode()):
            assert line, words
    return line


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), ["no answer. Is the gateway running, and is this its address? (2 times)"]),
        (("--fallback", f"{NOWHERE}#rc=3&rp=all"), ["(6 times)"]),
    ],
)
async def test_an_sms_that_no_door_takes_is_told(options: tuple[str, ...], told: list[str], tmp_path: Path) -> None:
    async with practising(tmp_path, asyncio.subprocess.PIPE, "--webhook", NOWHERE, *options) as process:
        await until(process, "Type a message")
        assert process.stdin is not None
        # In pieces, and with a letter that takes several bytes.
        for piece in ("Jalan rusak di d", "ésa Sotek\n\n"):
            process.stdin.write(piece.encode())
            await process.stdin.drain()
        assert await until(process, "phone") == "phone   → Jalan rusak di désa Sotek\n"
        for words in told:
            await until(process, words)
        await until(process, "Twilio does not bring it again. The gateway asks for it by itself.")


async def test_the_token_stays_the_same_is_its_owners_only_and_nobody_need_type(tmp_path: Path) -> None:
    said = []
    for stdin in (asyncio.subprocess.DEVNULL, asyncio.subprocess.PIPE):
        async with practising(tmp_path, stdin, "--webhook", NOWHERE) as process:
            said.append(await until(process, "Auth token"))
            assert "none: what the webhook refuses waits until the gateway asks for it" in await until(process, "Fallback")
            await until(process, "Type a message")
            if process.stdin is not None:
                process.stdin.close()
    token = tmp_path / "practice" / "twilio.token"
    assert said[0] == said[1] == f"Auth token:      {token.read_text()}\n"
    assert token.stat().st_mode & 0o077 == 0
