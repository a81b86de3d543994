"""kill -9 at every step between a mailbox and the journal, over 500 mails: none is lost, none is there twice (laws 1 and 5)."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.journal import Journal
from tests.dovecot import Dovecot, dovecot
from tests.letterbox import mails, until
from tests.meddler import HANG_UP, Meddler, meddler

pytestmark = pytest.mark.peer("dovecot", "apt-get install dovecot-imapd")

ROOT = Path(__file__).resolve().parent.parent
# What our side says when it is killed, and how often it has said it by then in this life: before each step and after it, at the first mail and later.
STEPS = [(b"AUTHENTICATE", 1), (b"SELECT", 1), (b"SEARCH", 1), (b"RFC822.SIZE", 1), (b"BODY.PEEK", 1), (b"STORE", 1), (b"BODY.PEEK", 30), (b"STORE", 30)]
LIVES = [(words, count, heard) for words, count in STEPS for heard in (False, True)]


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with dovecot() as running:
        yield running


def marked(server: Dovecot) -> int:
    """How many mails carry our mark."""
    return sum(any(flag.startswith("NoWrongDoor-") for flag in flags) for flags in server.flags().values())


async def live(between: Meddler, folder: Path) -> asyncio.subprocess.Process:
    """A gateway, as far as mail goes."""
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.mailbox_node", str(between.port), str(folder), cwd=ROOT)


async def killed(between: Meddler, folder: Path, words: bytes, count: int, *, heard: bool) -> None:
    """It lives until it says that for the count-th time, and the server hears it or does not."""
    between.heard.clear()
    process = await live(between, folder)

    def kill(line: bytes) -> bytes | None:
        if words not in line or between.said(words) != count:
            return None
        process.kill()
        return None if heard else HANG_UP

    between.answer = kill
    assert await process.wait() == -9


@pytest.mark.timeout(400)
async def test_killed_at_any_step_no_mail_is_lost_and_none_is_there_twice(server: Dovecot, tmp_path: Path) -> None:
    all_of_them = mails(500)
    server.deliver(*all_of_them)
    async with meddler(server.port) as between:
        for words, count, heard in LIVES:
            await killed(between, tmp_path, words, count, heard=heard)
        assert 60 < marked(server) < 500
        between.answer = lambda _: None
        last = await live(between, tmp_path)
        try:
            await until(lambda: marked(server) == 500)
        finally:
            last.kill()
            await last.wait()
    journal = Journal(tmp_path / "journal.db")
    rows = [entry.arrival for entry in await journal.take(0, 10_000)]
    await journal.close()
    assert Counter(arrival.raw for arrival in rows) == Counter(all_of_them)
    assert len({arrival.wire_id for arrival in rows}) == 500
