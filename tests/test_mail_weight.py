"""Mails that are heavy or that break their reader hold up nobody, and a flood of them fills neither the memory nor the slow lane's."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import random
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import pytest

from channels import MESSAGE, Arrival
from channels.kinds import KINDS
from gateway import intake
from gateway.clock import SystemClock
from gateway.config import Config
from gateway.demo.post_office import PostOffice
from gateway.intake import LARGE
from gateway.journal_file import Entry
from tests.mails import mail, multipart, part
from tests.test_mail_end_to_end import Desk, block
from tests.test_store_away import waits
from tests.world import Deployment, receive_all

MIB = 1024 * 1024
BUDI = "budi@warga.example"


@pytest.fixture(autouse=True)
def breaking() -> Iterator[None]:
    """A kind of mail whose reader breaks where a mail says so."""
    KINDS["mail-breaking"] = replace(KINDS["mail"], reader="tests.breaking_mail_reader:read")
    yield
    del KINDS["mail-breaking"]


def reads(config: Config, **limits: float) -> Config:
    """With other limits of time."""
    return config.model_copy(update={"intake": config.intake.model_copy(update=limits)})


@asynccontextmanager
async def at_the_desk(deployment: Deployment, **limits: float) -> AsyncIterator[Desk]:
    """Open, with the reader that breaks."""
    office = PostOffice()
    async with office.serve() as relay:
        config = deployment.config(channels=block(relay).replace('"mail"', '"mail-breaking"'))
        async with deployment.node(config=reads(config, **limits)) as gateway:
            yield Desk(gateway, office, deployment)


def poison(how: str, mended: Path) -> bytes:
    """A mail that breaks whoever reads it."""
    return mail(X_Mended_By=str(mended), X_Breaks=how, Message_ID="<racun@warga.example>")


@pytest.mark.parametrize("how", ["raise", "hang", "die", "eat"])
async def test_a_mail_that_breaks_its_reader_delays_nobody_and_is_a_case_all_the_same(on_sqlite: Deployment, tmp_path: Path, how: str) -> None:
    async with at_the_desk(on_sqlite) as desk:
        await desk.gets(poison(how, tmp_path / "never"))
        await desk.gets(mail(From=BUDI, Message_ID="<2@warga.example>"))
        [told] = await desk.office.until(1)
        rows = await on_sqlite.rows("arrivals")
        assert how in {"raise", "die"} or [row["outcome"] for row in rows] == ["case"]
        assert [row["outcome"] for row in await desk.arrivals(2)] == ["parked", "case"]
    assert told.to == BUDI
    assert len(await on_sqlite.rows("cases")) == 2
    assert len(desk.office.delivered) == 1


async def test_a_small_mail_that_hangs_has_its_own_time_and_not_that_of_its_large_neighbours(on_sqlite: Deployment, tmp_path: Path) -> None:
    # A MiB may take longer than this test.
    async with at_the_desk(on_sqlite, read_seconds_per_mib=1000) as desk:
        with closing(
            sqlite3.connect(on_sqlite.config("look").data_dir.parent / "data-a" / "store.db", isolation_level=None, timeout=60, check_same_thread=False)
        ) as blocker:
            await on_sqlite.until("agencies", bool)
            await asyncio.to_thread(blocker.execute, "BEGIN EXCLUSIVE")
            await desk.gets(mail(Message_ID="<0@warga.example>"))
            await waits(desk.gateway)
            await desk.gets(poison("hang", tmp_path / "never"))
            for i in range(1, 6):
                await desk.gets(mail("berat " * (LARGE // 8), From=f"warga{i}@gmail.com", Message_ID=f"<{i}@warga.example>"))
            blocker.execute("ROLLBACK")
        await desk.office.until(6)
    assert len(await on_sqlite.rows("cases")) >= 6


async def test_small_mails_of_hundreds_of_files_each_delay_nobody(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite) as desk:
        for letter in "abc":
            many = [part(f"image/png; name={letter}{i}.png", f"{letter}{i}".encode(), encoding="base64") for i in range(300)]
            await desk.gets(multipart(*many, From=f"{letter}@berat.example", Message_ID=f"<{letter}@berat.example>"))
        await desk.gets(mail(From=BUDI))
        [told] = await desk.office.until(1)
        assert told.to == BUDI
        await desk.arrivals(4)
    files = [row for row in await on_sqlite.rows("attachments") if row["derived_from"] is None]
    assert len(files) == 900
    assert {row["state"] for row in files} == {"kept"}


async def test_what_somebody_mails_behind_a_mail_that_waits_for_room_stands_behind_it(on_sqlite: Deployment) -> None:
    # More files than the fast lane takes.
    many = [part(f"image/png; name={i}.png", str(i).encode(), encoding="base64") for i in range(30)]
    first, second = multipart(*many, From=BUDI, Message_ID="<1@warga.example>"), mail(From=BUDI, Message_ID="<2@warga.example>")
    office = PostOffice()
    async with office.serve() as relay:
        async with on_sqlite.parts(channels=block(relay)) as gateway:
            await gateway.store.migrate()
            for i, raw in enumerate([first, second, mail(Message_ID="<3@warga.example>")]):
                await receive_all(gateway, [Arrival("surat", MESSAGE, f"{i}", raw, gateway.clock.now())])
        async with on_sqlite.node(channels=block(relay)):
            await on_sqlite.until("messages", lambda rows: len(rows) == 3)
    # By their ids, which tell the order: whoever has nothing to do with it went first.
    order = [row["seq"] for row in sorted(await on_sqlite.rows("messages"), key=lambda row: row["id"])]
    assert order == [3, 1, 2]


async def test_a_mail_of_25_mb_delays_no_small_one_and_its_files_are_in_the_folder(on_sqlite: Deployment, tmp_path: Path) -> None:
    files = [random.Random(i).randbytes(6 * MIB) for i in range(3)]  # noqa: S311  # not a secret
    parts = [part(f"application/octet-stream; name=berkas{i}.bin", content, encoding="base64") for i, content in enumerate(files)]
    heavy = multipart(part("text/plain", "Terlampir buktinya."), *parts, X_Breaks="wait", X_Mended_By=str(tmp_path / "read"))
    assert len(heavy) > 24 * MIB
    async with at_the_desk(on_sqlite) as desk:
        await desk.gets(heavy)
        for i in range(5):
            await desk.gets(mail(From=f"warga{i}@gmail.com", Message_ID=f"<{i}@gmail.com>"))
        await desk.office.until(5)
        assert {told.to for told in desk.office.delivered} == {f"warga{i}@gmail.com" for i in range(5)}
        (tmp_path / "read").touch()
        await desk.office.until(6)
        folder = desk.gateway.blobs
        assert [folder.path(hashlib.sha256(content).hexdigest()).read_bytes() == content for content in files] == [True] * 3
    assert [row["name"] for row in await on_sqlite.rows("attachments")] == ["berkas0.bin", "berkas1.bin", "berkas2.bin"]
    assert {account.verdict for account in await on_sqlite.accounts()} == {"ok"}


def held() -> int:
    """Bytes of the reports that this process has in its memory, each once."""
    raws = {id(entry.arrival.raw): len(entry.arrival.raw) for entry in gc.get_objects() if isinstance(entry, Entry)}
    return sum(raws.values())


@pytest.mark.parametrize("size", [LARGE // 2, 2 * LARGE], ids=["for the fast lane", "for the slow lane"])
async def test_a_backlog_of_heavy_mails_is_not_taken_into_memory_at_once(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    # Smaller than it is, for an earlier end.
    monkeypatch.setattr(intake, "BATCH_BYTES", 2 * MIB)
    count = 32 * MIB // size
    async with on_sqlite.parts(channels=block("127.0.0.1:1")) as gateway:
        await gateway.store.migrate()
        for i in range(count):
            await gateway.inlets["surat"].receive(_arrival(i, size))
    with closing(sqlite3.connect(gateway.config.data_dir / "store.db", isolation_level=None, timeout=60)) as blocker:
        blocker.execute("BEGIN EXCLUSIVE")
        async with on_sqlite.node(config=gateway.config) as gateway:
            await waits(gateway)
            # One batch is being filed, one waits for that, one is being read; and the slow lane has one.
            assert held() < 4 * (2 * MIB + size)
            blocker.execute("ROLLBACK")
            most = 0
            async with asyncio.timeout(100):
                while gateway.journal.counts.removed < count:
                    # It takes as long as a mail.
                    most = max(most, held())
                    await asyncio.sleep(0.5)
            assert most < 4 * (2 * MIB + size)
    assert [row["outcome"] for row in await on_sqlite.rows("arrivals")] == ["case"] * count


def _arrival(i: int, size: int) -> Arrival:
    raw = mail(f"laporan {i} ", From=f"warga{i}@gmail.com", Message_ID=f"<{i}@gmail.com>") + b"x" * 70 + b"\r\n" * (size // 2)
    return Arrival("surat", MESSAGE, f"{i}", raw, SystemClock().now(), meta={"via": "smtp", "own": '["lapor@ppu.example"]'})
