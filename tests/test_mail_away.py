"""The store is away or the disk is full: mail is taken, or asked to come again; nothing is refused for good, and all is filed in order when it is over."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from channels import Refused
from gateway.demo.post_office import PostOffice, bring
from gateway.intake import TRIES
from gateway.node import Gateway
from tests.dovecot import ACCOUNT, Dovecot, dovecot
from tests.mails import OURS, mail, multipart, part
from tests.postbox import PROVIDERS, letter
from tests.test_disk_full import fill, tiny_disk
from tests.test_mail_end_to_end import Desk, block
from tests.test_mailbox_kill import marked
from tests.test_store_away import NOW, start, stop, waits
from tests.world import Deployment, handed_over, postgres

__all__ = ["tiny_disk"]

pytestmark = pytest.mark.peer("dovecot", "apt-get install dovecot-imapd")

MIB = 1024 * 1024
# By the way that they use.
BY_SMTP, BY_IMAP = [f"smtp{i}@gmail.com" for i in range(3)], [f"imap{i}@gmail.com" for i in range(3)]


@pytest.fixture
def server() -> Iterator[Dovecot]:
    """A mailbox of ours at a real server."""
    with dovecot() as running:
        yield running


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is refused comes again sooner than half a minute later."""
    monkeypatch.setattr(Refused.__init__, "__defaults__", (timedelta(seconds=0.05),))


def both_ways(relay: str, server: Dovecot) -> str:
    """One channel with both ways in, and another channel beside it."""
    box = f'[channels.surat.imap]\nserver = "127.0.0.1:{server.port}"\ntls = "none"\nuser = "{ACCOUNT}"\n'
    return block(relay) + box + 'password = { env = "PASSWORD" }\nretry_seconds = 0.05\n[channels.post]\nkind = "postbox"\n'


@dataclass
class Town:
    """Citizens of both ways, each of whom writes one mail after the other."""

    deployment: Deployment
    server: Dovecot
    office: PostOffice
    relay: str
    written: int = 0

    @asynccontextmanager
    async def gateway(self) -> AsyncIterator[Desk]:
        """Running."""
        async with self.deployment.node(channels=both_ways(self.relay, self.server)) as gateway:
            yield Desk(gateway, self.office, self.deployment)

    async def write(self, desk: Desk, rounds: int) -> None:
        """Each of them so many mails; all are safe with us when this returns."""
        for _ in range(rounds):
            number, self.written = self.written, self.written + 1
            for who in BY_SMTP:
                await desk.gets(self._mail(who, number))
            self.server.deliver(*(self._mail(who, number) for who in BY_IMAP))
        async with asyncio.timeout(60):
            while await asyncio.to_thread(marked, self.server) < self.written * len(BY_IMAP):  # noqa: ASYNC110  # a real server's flags
                await asyncio.sleep(0.02)

    def _mail(self, who: str, number: int) -> bytes:
        return mail("Jalan rusak.", From=who, Subject=f"laporan {number:03d}", Message_ID=f"<{number}.{who}>")

    async def drained_in_order(self) -> None:
        """All are cases and answered, each citizen's in the order of writing."""
        count = self.written * len(BY_SMTP + BY_IMAP)
        await self.deployment.until("notices", lambda rows: len(rows) == count and {row["state"] for row in rows} == {"sent"})
        cases = sorted(await self.deployment.rows("cases"), key=lambda row: row["id"])
        for person in {case["correspondent"] for case in cases}:
            titles = [case["title"] for case in cases if case["correspondent"] == person]
            assert titles == [f"laporan {number:03d}" for number in range(self.written)]
        assert len(cases) == len(self.office.delivered) == count
        assert {account.verdict for account in await self.deployment.accounts()} == {"ok"}


@asynccontextmanager
async def town(deployment: Deployment, server: Dovecot) -> AsyncIterator[Town]:
    """With a post office."""
    office = PostOffice()
    async with office.serve() as relay:
        yield Town(deployment, server, office, relay)


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the mailbox."""
    monkeypatch.setenv("PASSWORD", "rahasia-akun")


async def test_sqlite_is_locked_from_before_the_start_and_mail_is_taken_by_both_ways(on_sqlite: Deployment, server: Dovecot) -> None:
    folder = on_sqlite.config().data_dir
    with closing(sqlite3.connect(folder / "store.db", isolation_level=None, timeout=60)) as blocker:
        blocker.execute("BEGIN EXCLUSIVE")
        async with town(on_sqlite, server) as citizens, citizens.gateway() as desk:
            await citizens.write(desk, 2)
            await waits(desk.gateway)
            await citizens.write(desk, 2)
            blocker.execute("ROLLBACK")
            await citizens.drained_in_order()
            assert desk.gateway.intake.trouble is None


async def test_postgresql_is_stopped_before_the_start_and_in_the_middle_and_mail_is_taken_by_both_ways(tmp_path: Path, server: Dovecot) -> None:
    with postgres() as database:
        deployment = Deployment(tmp_path, f"postgresql+asyncpg://postgres@/postgres?host={database.get_postmaster_info().socket_dir}")
        async with town(deployment, server) as citizens:
            stop(database)
            async with citizens.gateway() as desk:
                await citizens.write(desk, 2)
                await waits(desk.gateway)
                start(database)
                await citizens.drained_in_order()
                stop(database)
                await citizens.write(desk, 2)
                await waits(desk.gateway)
            # A cold start while it is away, with a backlog from before.
            async with citizens.gateway() as desk:
                await citizens.write(desk, 2)
                await waits(desk.gateway)
                start(database)
                await citizens.drained_in_order()


async def test_a_disk_that_is_full_to_the_last_byte_takes_no_mail_for_now_and_goes_on_by_itself(tiny_disk: Path, server: Dovecot, impatient: None) -> None:
    deployment = Deployment(tiny_disk, "sqlite+aiosqlite:///store.db")
    async with town(deployment, server) as citizens, citizens.gateway() as desk:
        await citizens.write(desk, 1)
        await citizens.drained_in_order()
        fill(tiny_disk / "other")
        again = mail("Lagi. " * 20_000, From=BY_SMTP[0], Subject="laporan 001", Message_ID=f"<1.{BY_SMTP[0]}>")
        for _ in range(3):
            assert (await bring(await desk.port(), again, sender=BY_SMTP[0], to=OURS))[:3] in {"451", "452"}
        refused = desk.gateway.journal.refused
        server.deliver(again.replace(BY_SMTP[0].encode(), BY_IMAP[0].encode()))
        async with asyncio.timeout(60):
            while desk.gateway.journal.refused < refused + 3:  # noqa: ASYNC110  # it has no bell for tests
                await asyncio.sleep(0.01)
        assert await asyncio.to_thread(marked, server) == len(BY_IMAP)
        (tiny_disk / "other").unlink()
        await desk.gets(again, sender=BY_SMTP[0])
        rows = await deployment.until("notices", lambda rows: len(rows) == 8 and {row["state"] for row in rows} == {"sent"})
        assert await asyncio.to_thread(marked, server) == len(BY_IMAP) + 1
    assert len({row["case"] for row in rows}) == len(citizens.office.delivered) == 8


@asynccontextmanager
async def nearly_full(disk: Path, free: int) -> AsyncIterator[Desk]:
    """A gateway that accepts no report below 4 MiB and no file below 8, on a disk with so many MiB free."""
    deployment, office = Deployment(disk, "sqlite+aiosqlite:///store.db"), PostOffice()
    async with office.serve() as relay:
        config = deployment.config(channels=block(relay) + '[channels.post]\nkind = "postbox"\n')
        config = config.model_copy(update={"journal": config.journal.model_copy(update={"min_free_bytes": 4 * MIB})})
        async with deployment.node(config=config) as gateway:
            await deployment.until("agencies", bool)
            there = os.statvfs(disk)
            (disk / "other").write_bytes(bytes(there.f_bavail * there.f_frsize - free * MIB))
            yield Desk(gateway, office, deployment)


async def test_below_the_limit_mail_is_asked_for_again_and_above_it_is_taken(tiny_disk: Path) -> None:
    async with nearly_full(tiny_disk, 2) as desk:
        answer = await bring(await desk.port(), mail(), sender="warga@gmail.com", to=OURS)
        assert answer == "451 4.3.0 Not now. Please send it again later."
        (tiny_disk / "other").unlink()
        await desk.gets(mail())
        await desk.office.until(1)


async def test_on_a_disk_that_is_nearly_full_heavy_mails_and_files_wait_and_small_reports_go_on(tiny_disk: Path) -> None:
    with_file = multipart(part("text/plain", "Lihat foto."), part("image/png; name=a.png", b"\x89PNG" + bytes(2000), encoding="base64"), From="foto@gmail.com")
    heavy = mail("x" * MIB, From="berat@gmail.com", Message_ID="<berat@gmail.com>")
    async with nearly_full(tiny_disk, 6) as desk:
        await desk.gets(with_file)
        assert (await bring(await desk.port(), heavy, sender="berat@gmail.com", to=OURS)).startswith("451 ")
        await _until_it_says(desk.gateway, "The files of a report cannot be written")
        # Behind it, by every way.
        await desk.gets(mail(From="kecil@gmail.com", Message_ID="<2@gmail.com>"))
        await desk.gateway.inlets["post"].receive(letter("lampu padam", "SM1", at=NOW()))
        [told] = await desk.office.until(1)
        async with asyncio.timeout(30):
            await PROVIDERS["post"].until(lambda: len(PROVIDERS["post"].sent) == 1)
        assert told.to == "kecil@gmail.com"
        (tiny_disk / "other").unlink()
        await desk.gets(heavy)
        await desk.office.until(3)
        assert desk.gateway.intake.trouble is None
    files = [row for row in await desk.deployment.rows("attachments") if row["derived_from"] is None]
    assert ("a.png", "kept") in [(row["name"], row["state"]) for row in files]
    assert {account.verdict for account in await desk.deployment.accounts()} == {"ok"}


async def test_a_report_whose_files_wait_for_room_is_not_blamed_for_a_node_that_ends_again_and_again(tiny_disk: Path) -> None:
    with_file = multipart(part("text/plain", "Lihat foto."), part("image/png; name=a.png", b"\x89PNG" + bytes(2000), encoding="base64"), From="foto@gmail.com")
    async with nearly_full(tiny_disk, 6) as desk:
        await desk.gets(with_file)
        await _until_it_says(desk.gateway, "The files of a report cannot be written")
    for _ in range(TRIES):
        async with desk.deployment.node(config=desk.gateway.config) as gateway:
            await _until_it_says(gateway, "The files of a report cannot be written")
    (tiny_disk / "other").unlink()
    async with desk.deployment.node(config=desk.gateway.config) as gateway:
        await desk.deployment.until("arrivals", bool)
        await handed_over(gateway)
    assert [row["outcome"] for row in await desk.deployment.rows("arrivals")] == ["case"]


async def _until_it_says(gateway: Gateway, words: str) -> None:
    async with asyncio.timeout(30):
        while words not in (gateway.intake.trouble or ""):  # noqa: ASYNC110  # it has no bell for tests
            await asyncio.sleep(0.01)
