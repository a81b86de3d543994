"""kill -9 under load, again and again: whatever was answered with success is there, once (laws 1, 3, 5 and 6)."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from gateway.demo.twilio import Twilio
from gateway.journal_file import snapshot
from tests.nursery import NURSERY, ROOT, Child, run
from tests.ports import free_port
from tests.sms_channel import ACCOUNT
from tests.world import Deployment

KILLS = 30
SENDERS = 8
# What citizens write in each life, and events (answered webhooks and acknowledgements) before its kill at the most: fewer than there will be.
GIVEN, MOST = 60, 100
TOKEN = "rahasia-akun"

_CONFIG = """
name = "Lapor Uji"
public_urls = ["http://127.0.0.1:{port}"]
data_dir = "data-a"
[listen]
public = "127.0.0.1:{port}"
operators = "127.0.0.1:0"
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
"""


class Load:
    """Citizens who write as fast as they are answered, as many as are given, and Twilio, which sends again what was not."""

    def __init__(self, twilio: Twilio, door: str) -> None:
        self._twilio = twilio
        self._door = door
        self._ids = itertools.count()
        self._given = asyncio.Semaphore(0)
        self.accepted: list[str] = []

    def give(self, count: int) -> None:
        """So many more write."""
        for _ in range(count):
            self._given.release()

    def events(self) -> int:
        """What a kill is counted in: webhooks that were answered with success, and acknowledgements."""
        return len(self.accepted) + len(self._twilio.sent)

    async def until(self, count: int) -> None:
        """So many events."""
        async with asyncio.timeout(110):
            while self.events() < count:  # noqa: ASYNC110  # another process has no bell for us
                await asyncio.sleep(0.002)

    async def one_sender(self, session: aiohttp.ClientSession) -> None:
        """Until cancelled."""
        while True:
            await self._given.acquire()
            i = next(self._ids)
            sid = f"SM{i:032x}"
            params, headers = self._twilio.incoming(self._door, from_=f"+62812{i % 100:08d}", to="1708", body=f"Lapor jalan rusak {i}", sid=sid)
            while not await self._accepted(session, params, headers):  # noqa: ASYNC110  # Twilio asks again after a while, too
                await asyncio.sleep(0.02)
            self.accepted.append(sid)

    async def _accepted(self, session: aiohttp.ClientSession, params: dict[str, str], headers: dict[str, str]) -> bool:
        try:
            async with session.post(self._door, data=params, headers=headers) as answer:
                await answer.read()
                assert answer.status in {200, 503}
                return answer.status == 200
        except aiohttp.ClientError:
            return False


@asynccontextmanager
async def serving(config: Path, port: int) -> AsyncIterator[Child]:
    """A real gateway process, once its door is open; killed if it still runs."""
    process = NURSERY.born(["serve", "--config", str(config)], {**os.environ, "TOKEN": TOKEN}, ROOT)
    process.watch()
    try:
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                assert process.returncode is None
                await asyncio.sleep(0.01)
            else:
                writer.close()
                break
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.timeout(400)
async def test_killed_at_thirty_random_instants_under_load_nothing_is_lost_and_nothing_is_twice(tmp_path: Path) -> None:
    seed = random.randrange(10**6)  # noqa: S311  # not a secret
    print(f"seed {seed}")  # noqa: T201  # to repeat a failure
    chance = random.Random(seed)  # noqa: S311  # not a secret
    twilio = Twilio(ACCOUNT, TOKEN)
    port = free_port()
    async with twilio.serve() as api, aiohttp.ClientSession() as session:
        config = tmp_path / "gateway.toml"
        config.write_text(_CONFIG.format(port=port, account=ACCOUNT, api=api))
        load = Load(twilio, f"http://127.0.0.1:{port}/in/sms/message")
        rates = []
        senders: list[asyncio.Task[None]] = []
        for _ in range(KILLS):
            async with serving(config, port) as process:
                if not senders:
                    senders = [asyncio.create_task(load.one_sender(session)) for _ in range(SENDERS)]
                load.give(GIVEN)
                before, began = load.events(), time.monotonic()
                # Counted, so that a slow machine is struck in the middle of its work, too; and then anywhere between two of them.
                await load.until(before + chance.randrange(1, MOST))
                await asyncio.sleep(chance.uniform(0, 0.01))
                process.kill()
                rates.append((load.events() - before) / (time.monotonic() - began))
        async with serving(config, port) as process:
            await asyncio.sleep(0.2)
            for sender in senders:
                sender.cancel()
            await asyncio.gather(*senders, return_exceptions=True)
            deployment = Deployment(tmp_path, f"sqlite+aiosqlite:///{tmp_path}/data-a/store.db")
            await until_handed_over(tmp_path / "data-a" / "journal.db")
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 25) == 0
        # A figure and no assertion: how fast is the machine's affair.
        print(f"killed {KILLS} times at a median of {sorted(rates)[KILLS // 2]:.0f} events a second")  # noqa: T201  # for whoever reads the log
        await nothing_is_lost(deployment, load)
        await reconciles(config)


async def until_handed_over(journal: Path) -> None:
    """As `reconcile` sees it."""
    while snapshot(journal).seqs:  # noqa: ASYNC110  # another process has no bell for us
        await asyncio.sleep(0.05)


async def nothing_is_lost(deployment: Deployment, load: Load) -> None:
    """Every id that was answered with success has its one case, its one owner and its one acknowledgement."""
    rows = await deployment.rows("arrivals")
    messages = [row for row in rows if row["kind"] == "message"]
    outcomes = Counter((row["wire_id"], row["outcome"]) for row in messages)
    assert set(load.accepted) <= {wire_id for wire_id, outcome in outcomes if outcome == "case"}
    assert {count for (_, outcome), count in outcomes.items() if outcome == "case"} == {1}
    cases = await deployment.rows("cases")
    assert len(cases) == sum(outcome == "case" for _, outcome in outcomes)
    acknowledged = Counter(notice["case"] for notice in await deployment.rows("notices"))
    assert acknowledged == Counter(case["id"] for case in cases)


async def reconciles(config: Path) -> None:
    """The command that proves it."""
    done = await asyncio.to_thread(run, ["reconcile", "--json", "--config", str(config)], {**os.environ, "TOKEN": TOKEN}, ROOT)
    assert done.returncode == 0, done.stderr
    assert [account["verdict"] for account in json.loads(done.stdout)] == ["ok"]
