"""kill -9 after one of three messages, asked for and brought, again and again: none is lost, none is there twice."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from pathlib import Path

import pytest

from gateway.demo.bot_api import BotApi
from gateway.demo.bot_resources import Person
from gateway.journal_file import snapshot
from tests.ports import free_port
from tests.telegram_channel import NAME, TOKEN
from tests.test_kill import reconciles, serving, until_handed_over
from tests.world import Deployment

LIVES, THREE = 6, 3
PUBLIC = "https://lapor.example"
_CONFIG = """
name = "Lapor Uji"
public_urls = ["{public}"]
data_dir = "data-a"
[listen]
public = "127.0.0.1:{port}"
operators = "127.0.0.1:0"
[journal]
min_free_bytes = 0
[outbox]
lease_seconds = 31
[channels.tg]
kind = "telegram"
token = {{ env = "BOT_TOKEN" }}
receive = "{receive}"
api_base = "{api}"
retry_seconds = 0.05
chat_seconds = 0
"""


async def accepted(journal: Path, count: int) -> None:
    """So many reports are on the disk."""
    while snapshot(journal).counts.accepted < count:  # noqa: ASYNC110  # another process has no bell for us
        await asyncio.sleep(0.001)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("receive", ["polling", "webhook"])
async def test_killed_after_one_of_three_messages_none_is_lost_and_none_is_there_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, receive: str) -> None:
    monkeypatch.setitem(os.environ, "BOT_TOKEN", TOKEN)
    seed = random.randrange(10**6)  # noqa: S311  # not a secret
    print(f"seed {seed}")  # noqa: T201  # to repeat a failure
    chance = random.Random(seed)  # noqa: S311  # not a secret
    api, port, written = BotApi(TOKEN, NAME), free_port(), []
    api.hosts[PUBLIC] = f"http://127.0.0.1:{port}"
    config, journal = tmp_path / "gateway.toml", tmp_path / "data-a" / "journal.db"
    async with api.serve() as url:
        config.write_text(_CONFIG.format(public=PUBLIC, port=port, receive=receive, api=url))
        for life in range(LIVES):
            async with serving(config, port) as process:
                # What the last life left, comes first.
                await api.until(lambda: not api.waiting)
                before = snapshot(journal).counts.accepted
                for n in range(THREE):
                    person = Person(81_000_000 + THREE * life + n)
                    written.append((person.id, (await api.write(person, f"Jalan nomor {life} {n} rusak"))["message_id"]))
                await accepted(journal, before + 1)
                await asyncio.sleep(chance.choice([0, chance.uniform(0, 0.05)]))
                process.kill()
        async with serving(config, port) as process:
            await api.until(lambda: not api.waiting)
            await until_handed_over(journal)
            deployment = Deployment(tmp_path, f"sqlite+aiosqlite:///{tmp_path}/data-a/store.db")
            await deployment.until("cases", lambda rows: len(rows) == len(written))
            notices = await deployment.until("notices", lambda rows: all(row["state"] == "sent" for row in rows))
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 25) == 0
    outcomes = Counter((row["wire_id"], row["outcome"]) for row in await deployment.rows("arrivals"))
    assert Counter(outcome for _, outcome in outcomes if outcome != "duplicate") == {"case": len(written)}
    assert {count for (_, outcome), count in outcomes.items() if outcome == "case"} == {1}
    # One answer to each; a second one only where the first may not have arrived.
    twice = sum(row["maybe_sent"] for row in notices)
    answered = Counter((chat, message["reply_to_message"]["message_id"]) for chat in api.people for message in api.sent(chat))
    assert set(answered) == set(written)
    assert answered.total() - len(notices) <= twice
    await reconciles(config)
