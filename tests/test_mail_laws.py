"""The laws over the whole way of a mail: killed again and again, by both ways in at once, each mail is one case and one answer (laws 1, 3, 5 and 6)."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest

from gateway.demo.post_office import PostOffice, bring
from tests.dovecot import ACCOUNT, Dovecot, dovecot
from tests.mails import OURS, mail
from tests.ports import free_port
from tests.test_kill import reconciles, serving, until_handed_over
from tests.test_mailbox_kill import marked
from tests.world import Deployment

# Kills, and mails of each way: of 500, a hundred come by both.
KILLS, ONLY, BOTH = 12, 200, 100
SENDERS = 6
# Answers before a kill at the most: less than what a life is given to do.
MOST = 40
# Minutes to the next sending, and as many as a notice can be struck: none shall be parked here.
RETRIES = "0.01, " * 2 * KILLS

_CONFIG = """
name = "Lapor Uji"
public_urls = ["http://127.0.0.1:{public}"]
data_dir = "data-a"
[listen]
public = "127.0.0.1:{public}"
operators = "127.0.0.1:0"
[journal]
min_free_bytes = 0
[outbox]
# A notice that a kill has struck comes back after the lease; one that a busy machine could not send in time comes back soon, too.
send_seconds = 4
lease_seconds = 5
retry_minutes = [{retries}]
[channels.surat]
kind = "mail"
address = "{ours}"
[channels.surat.smtp]
listen = "127.0.0.1:{door}"
[channels.surat.imap]
server = "127.0.0.1:{imap}"
tls = "none"
user = "{account}"
password = {{ env = "TOKEN" }}
retry_seconds = 0.05
[channels.surat.relay]
server = "{relay}"
tls = "none"
"""


def name(i: int) -> str:
    """Of the i-th citizen, at a provider where everybody has mail."""
    return f"warga{i}@gmail.com"


def by(way: str, i: int) -> bytes:
    """The mail of the i-th citizen as it comes by that way: each server on it writes its name at the top."""
    return mail(f"Jalan {i} rusak.", From=name(i), Subject=f"laporan {i}", Message_ID=f"<{i}@gmail.com>", Received=f"from gmail.com by {way}")


@dataclass
class Senders:
    """Mail servers that bring again, octet for octet, what was not answered 250."""

    door: int
    # Mails that they were given to bring.
    given: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    taken: int = 0
    again: int = 0

    async def one(self) -> None:
        """Until cancelled."""
        while True:
            raw = await self.given.get()
            while not await self._took(raw):
                self.again += 1
                await asyncio.sleep(0.1)
            self.taken += 1

    async def _took(self, raw: bytes) -> bool:
        with suppress(OSError, aiosmtplib.SMTPException):
            answer = await bring(self.door, raw, sender=raw.split(b"From: ")[1].split(b"\r\n")[0].decode(), to=OURS)
            assert answer[:3] in {"250", "451", "421"}
            return answer.startswith("250")
        return False


@dataclass
class Town:
    """Everybody outside of the gateway."""

    server: Dovecot
    senders: Senders
    office: PostOffice

    def write(self, numbers: range) -> None:
        """These citizens write, and their mails set out."""
        for i in numbers:
            if i < ONLY + BOTH:
                self.senders.given.put_nowait(by("smtp", i))
            if i >= ONLY:
                self.server.deliver(by("imap", i))

    def answers(self) -> int:
        """What a kill is counted in: mails that the door has answered for, and acknowledgements."""
        return self.senders.taken + len(self.office.delivered)

    async def until(self, count: int) -> None:
        """So many answers."""
        async with asyncio.timeout(110):
            while self.answers() < count:  # noqa: ASYNC110  # another process has no bell for us
                await asyncio.sleep(0.002)


@pytest.mark.timeout(600)
@pytest.mark.peer("dovecot", "apt-get install dovecot-imapd")
async def test_killed_at_random_instants_between_both_ways_in_and_the_answer_each_mail_is_one_case_and_one_answer(tmp_path: Path) -> None:
    seed = random.randrange(10**6)  # noqa: S311  # not a secret
    print(f"seed {seed}")  # noqa: T201  # to repeat a failure
    chance = random.Random(seed)  # noqa: S311  # not a secret
    public, door, office, config = free_port(), free_port(), PostOffice(), tmp_path / "gateway.toml"
    citizens = list(range(ONLY + BOTH + ONLY))
    chance.shuffle(citizens)
    with dovecot() as server:
        async with office.serve() as relay:
            config.write_text(_CONFIG.format(public=public, door=door, imap=server.port, account=ACCOUNT, relay=relay, ours=OURS, retries=RETRIES))
            town = Town(server, Senders(door), office)
            tasks = [asyncio.create_task(town.senders.one()) for _ in range(SENDERS)]
            for life in range(KILLS):
                for i in citizens[life::KILLS]:
                    town.write(range(i, i + 1))
                async with serving(config, public) as process:
                    # Counted in answers, so that a slow machine is struck in the middle of its work, too; and then anywhere between two of them.
                    await town.until(town.answers() + chance.randrange(1, MOST))
                    await asyncio.sleep(chance.uniform(0, 0.01))
                    process.kill()
            async with serving(config, public) as process:
                await _all_is_done(town, tmp_path)
                process.send_signal(signal.SIGTERM)
                assert await asyncio.wait_for(process.wait(), 25) == 0
            for task in tasks:
                task.cancel()
            assert {type(end) for end in await asyncio.gather(*tasks, return_exceptions=True)} == {asyncio.CancelledError}
    assert town.senders.again >= KILLS
    await _each_is_one_case_and_one_answer(Deployment(tmp_path, f"sqlite+aiosqlite:///{tmp_path}/data-a/store.db"), town)
    await reconciles(config)


async def _all_is_done(town: Town, folder: Path) -> None:
    async with asyncio.timeout(240):
        while town.senders.taken < ONLY + BOTH or await asyncio.to_thread(marked, town.server) < ONLY + BOTH:  # noqa: ASYNC110  # they have no bell for tests
            await asyncio.sleep(0.05)
    await until_handed_over(folder / "data-a" / "journal.db")
    deployment = Deployment(folder, f"sqlite+aiosqlite:///{folder}/data-a/store.db")
    await deployment.until("notices", lambda rows: {row["state"] for row in rows} == {"sent"})


async def _each_is_one_case_and_one_answer(deployment: Deployment, town: Town) -> None:
    arrivals, notices = await deployment.rows("arrivals"), await deployment.rows("notices")
    everybody = {name(i) for i in range(ONLY + BOTH + ONLY)}
    assert Counter(row["outcome"] for row in arrivals if row["outcome"] != "duplicate") == {"case": len(everybody)}
    assert {row["title"] for row in await deployment.rows("cases")} == {f"laporan {i}" for i in range(len(everybody))}
    # What came by both ways is there twice, and once a case; whatever else was brought again was known for the same at the door.
    assert sum(row["outcome"] == "duplicate" and row["reason"] == "the same words by another way" for row in arrivals) == BOTH
    assert Counter(notice["to_value"] for notice in notices) == dict.fromkeys(everybody, 1)
    _no_second_answer({notice["to_value"]: notice for notice in notices}, town.office)


def _no_second_answer(notices: dict[str, dict[str, Any]], office: PostOffice) -> None:
    """As the other side counts. Twice only what a kill struck on its way: that is written beside it, and mail programs know it for the same."""
    came = Counter(told.to for told in office.delivered)
    assert set(came) == set(notices)
    assert {to for to, count in came.items() if count > 1} <= {to for to, notice in notices.items() if notice["maybe_sent"]}
    ids = {(told.to, told.mail["Message-ID"]) for told in office.delivered}
    assert ids == {(to, notice["provider_id"]) for to, notice in notices.items()}
