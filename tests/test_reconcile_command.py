"""`./run reconcile CHANNEL`: typed beside a gateway that runs; and kill -9 in the middle of it, on both stores."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from gateway.clock import SystemClock
from gateway.demo.twilio import Hang, Status, Twilio
from gateway.journal_file import snapshot
from tests.nursery import ROOT, Child, run
from tests.outage import TOKEN, account, answering, known_whole, marked, nobody_answers, write
from tests.ports import free_ports
from tests.sms_channel import ACCOUNT
from tests.test_kill import reconciles, serving, until_handed_over
from tests.test_reconcile_twilio import each_is_a_case
from tests.world import Deployment

MANY = 40
_CONFIG = """
name = "Lapor Uji"
public_urls = ["http://127.0.0.1:{port}"]
data_dir = "data-a"
deployment_key = {{ env = "KEY" }}
[store]
url = "{store}"
[listen]
public = "127.0.0.1:{port}"
operators = "127.0.0.1:{operators}"
[journal]
min_free_bytes = 0
[outbox]
per_recipient_per_hour = 1000000
per_channel_per_hour = 1000000
lease_seconds = 31
[channels.sms]
kind = "twilio-sms"
account_sid = "{account}"
auth_tokens = [{{ env = "TOKEN" }}]
from_numbers = {{ sms = "1708" }}
api_base = "{api}"
[channels.bot]
kind = "web-form"
"""


@pytest.fixture
async def twilio(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Twilio]:
    async with account(monkeypatch, SystemClock()) as running:
        yield running


class Town:
    """A gateway of its own process, and its operator's terminal."""

    def __init__(self, deployment: Deployment, twilio: Twilio) -> None:
        self.port, self.operators = free_ports(2)
        self.config = deployment.folder / "gateway.toml"
        self.deployment = deployment
        text = _CONFIG.format(port=self.port, operators=self.operators, store=deployment.url, account=ACCOUNT, api=twilio.base_url)
        self.config.write_text(text)
        self.door = f"http://127.0.0.1:{self.port}/in/sms/message"
        self.journal = deployment.folder / "data-a" / "journal.db"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Child]:
        """Once its operators' listener is open, too: that comes last."""
        async with serving(self.config, self.port) as process:
            async with asyncio.timeout(60):
                while not await _open(self.operators):  # noqa: ASYNC110  # another process has no bell for us
                    await asyncio.sleep(0.01)
            yield process

    async def type(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command, until its end."""
        return await asyncio.to_thread(run, ["reconcile", *words, "--config", str(self.config)], {**os.environ, "TOKEN": TOKEN}, ROOT)


async def _open(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@pytest.fixture
async def town(deployment: Deployment, twilio: Twilio) -> Town:
    (deployment.folder / "data-a").mkdir(exist_ok=True)
    return Town(deployment, twilio)


@pytest.fixture
async def small_town(on_sqlite: Deployment, twilio: Twilio) -> Town:
    (on_sqlite.folder / "data-a").mkdir(exist_ok=True)
    return Town(on_sqlite, twilio)


async def until(ready: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not ready():  # noqa: ASYNC110  # another process has no bell for us
            await asyncio.sleep(0.001)


@pytest.mark.timeout(300)
async def test_killed_anywhere_in_the_middle_and_begun_again_all_become_cases_once(town: Town, twilio: Twilio) -> None:
    await write(twilio, 0, MANY, town.door)
    await known_whole(town.deployment, datetime.now(UTC) - timedelta(hours=3))

    def asked(count: int) -> Callable[[], bool]:
        before = twilio.calls
        return lambda: twilio.calls >= before + count

    def accepted(count: int) -> bool:
        return town.journal.exists() and snapshot(town.journal).counts.accepted >= count

    # While the list is on its way, once a part of it is in the journal, once a part of that is in the store.
    twilio.weather = Hang()
    async with serving(town.config, town.port) as process:
        await until(asked(1))
        process.kill()
        assert await process.wait() == -9
    twilio.weather = None
    for moment in (lambda: accepted(1), lambda: accepted(21), lambda: accepted(MANY)):
        async with serving(town.config, town.port) as process:
            await until(moment)
            process.kill()
            assert await process.wait() == -9
    async with town.serving():
        typed = [await town.type("twilio", "--since", "4h", "--json") for _ in range(2)]
        assert [done.returncode for done in typed] == [0, 0], typed
        said = [json.loads(done.stdout) for done in typed]
        assert (said[1]["taken"], said[1]["known"]) == (0, MANY)
        await until_handed_over(town.journal)
        await each_is_a_case(town.deployment, MANY)
    await reconciles(town.config)


async def test_the_command_says_what_came_and_asks_the_same_again_without_harm(small_town: Town, twilio: Twilio) -> None:
    await write(twilio, 0, 3, small_town.door)
    async with small_town.serving():
        await marked(small_town.deployment, datetime.now(UTC) - timedelta(minutes=1))
        first = await small_town.type("sms", "--since", "3h")
        assert (first.returncode, first.stderr) == (0, "")
        assert "✓ sms: 3 taken in that had never arrived, 0 were here (since" in first.stdout
        assert "0 taken in that had never arrived, 3 were here" in (await small_town.type("twilio")).stdout
        traced = await asyncio.to_thread(run, ["trace", f"SM{0:032x}", "--config", str(small_town.config)], {**os.environ, "TOKEN": TOKEN}, ROOT)
        assert "asked for: it was sent 20" in traced.stdout
        form = await small_town.type("bot")
        assert form.returncode == 0
        assert "keeps no list" in form.stdout


async def test_what_is_not_asked_rightly_is_told_with_what_to_type(small_town: Town) -> None:
    table = {
        ("fax",): "There is no channel fax; there are: sms, bot.",
        ("sms", "--since", "tomorrow"): "--since: tomorrow is no time. Say how long ago (3h, 2d)",
        ("sms", "--since", "2999-01-01"): "--since: 2999-01-01 is not over yet.",
        ("--since", "3h"): "--since belongs to a channel",
        ("sms",): f"Nobody answers at 127.0.0.1:{small_town.operators}",
    }
    for words, sentence in table.items():
        done = await small_town.type(*words)
        assert done.returncode == 2, words
        assert sentence in done.stderr


async def test_a_provider_that_does_not_let_us_look_is_a_sentence_and_exit_1(small_town: Town, twilio: Twilio) -> None:
    async with small_town.serving():
        await marked(small_town.deployment, datetime.now(UTC) - timedelta(minutes=1))
        twilio.weather = Status(401)
        done = await small_town.type("sms", "--since", "3h")
        assert done.returncode == 1
        assert "Twilio does not accept our account and token (401). Correct it in the configuration, restart the gateway, and ask again." in done.stderr
        said = await small_town.type("sms", "--since", "3h", "--json")
        assert (said.returncode, json.loads(said.stdout)["kind"]) == (1, "auth")


async def test_a_gateway_that_is_killed_while_it_is_asked_is_told(small_town: Town, twilio: Twilio) -> None:
    async with small_town.serving() as process:
        await marked(small_town.deployment, datetime.now(UTC) - timedelta(minutes=1))
        twilio.weather = Hang()
        before = twilio.calls
        asking = asyncio.create_task(small_town.type("sms", "--since", "3h"))
        await until(lambda: twilio.calls > before)
        await asyncio.sleep(0.1)
        process.kill()
        done = await asking
    assert done.returncode == 2
    assert "Start it and ask again: nothing comes twice." in done.stderr


async def test_whoever_has_no_token_asks_for_nothing(on_sqlite: Deployment, twilio: Twilio) -> None:
    nobody_answers(twilio)
    async with answering(on_sqlite, twilio, SystemClock()) as gateway, aiohttp.ClientSession() as session:
        async with session.post(f"http://127.0.0.1:{gateway.operators_port}/reconcile/sms?since=2020-01-01T00:00:00Z") as answer:
            assert answer.status == 401
        token = (gateway.config.data_dir / "operators.token").read_text().strip()
        for since in ("yesterday", "2020-01-01"):
            url = f"http://127.0.0.1:{gateway.operators_port}/reconcile/sms"
            async with session.post(url, params={"since": since}, headers={"Authorization": f"Bearer {token}"}) as answer:
                assert answer.status == 400
