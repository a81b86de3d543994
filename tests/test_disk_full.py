"""The disk is full: refused for now, what is here is handed over, and accepting resumes by itself."""

from __future__ import annotations

import asyncio
import errno
import itertools
import os
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from channels import Refused
from gateway.clock import SystemClock
from gateway.journal import Journal
from tests.postbox import PROVIDERS, letter
from tests.world import Deployment, receive_all

NOW = SystemClock().now
MIB = 1024 * 1024


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MiB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", folder], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("PEER MISSING tmpfs: run the tests as root, where a file system may be mounted")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(file: Path) -> None:
    """To the last byte."""
    with file.open("wb", buffering=0) as other, suppress(OSError):
        while True:
            other.write(bytes(4096))


async def until_refused(accept: Callable[[int], Awaitable[object]]) -> int:
    """How many were accepted before it was enough."""
    for i in itertools.count():
        try:
            await accept(i)
        except Refused:
            return i
    raise AssertionError


async def test_a_full_disk_refuses_for_now_and_gives_its_reserve_to_handing_over(tiny_disk: Path) -> None:
    journal = Journal(tiny_disk / "journal.db", reserve_bytes=8 * MIB)
    assert (tiny_disk / "journal.reserve").stat().st_size == 8 * MIB
    accepted = await until_refused(lambda i: journal.append(letter("x" * 50_000, f"SM{i}", at=NOW()), "f", "N"))
    # The rest of the disk is taken by somebody else.
    fill(tiny_disk / "other")
    for entry in await journal.take(0, 1000):
        await journal.remove([entry.seq])
    assert journal.counts.removed == accepted
    (tiny_disk / "other").unlink()
    await journal.append(letter("lampu padam", "SM-later", at=NOW()), "f", "N")
    assert journal.counts.accepted == accepted + 1
    await journal.close()


async def test_a_full_disk_with_the_store_on_it_is_drained_from_a_cold_start(tiny_disk: Path) -> None:
    deployment = Deployment(tiny_disk, "sqlite+aiosqlite:///store.db")
    async with deployment.parts(reserve=8 * MIB) as gateway:
        await receive_all(gateway, [letter(f"jalan rusak {i}", f"SM{i}", at=NOW()) for i in range(50)])
        await gateway.store.migrate()
    fill(tiny_disk / "other")
    async with deployment.node(config=gateway.config) as gateway:
        async with asyncio.timeout(60):
            while gateway.journal.counts.removed < 50:  # noqa: ASYNC110  # it has no bell for tests
                await asyncio.sleep(0.05)
        assert gateway.journal.counts.accepted == 50


async def test_a_writer_that_met_an_error_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "journal.db", reserve_bytes=65536)
    (tmp_path / "journal.reserve").unlink()

    def refused(*_: object) -> None:
        raise OSError(errno.EDQUOT, "quota")

    with monkeypatch.context() as quota:
        quota.setattr(os, "posix_fallocate", refused)
        await journal.append(letter("jalan rusak", "SM1", at=NOW()), "f", "N")
    with monkeypatch.context() as broken:
        broken.setattr(os, "statvfs", refused)
        with pytest.raises(Refused):
            await journal.append(letter("jalan rusak", "SM2", at=NOW()), "f", "N")
    await journal.append(letter("jalan rusak", "SM2", at=NOW()), "f", "N")
    assert journal.counts.accepted == 2
    await journal.close()


async def test_accepting_stops_well_before_the_disk_is_full_and_resumes_by_itself(tiny_disk: Path) -> None:
    journal = Journal(tiny_disk / "journal.db", min_free_bytes=MIB, reserve_bytes=65536)
    blocker = tiny_disk / "other"
    blocker.write_bytes(bytes(23 * MIB))
    with pytest.raises(Refused, match="nearly full"):
        await journal.append(letter("jalan rusak", "SM1", at=NOW()), "f", "N")
    assert os.statvfs(tiny_disk).f_bavail > 0
    blocker.unlink()
    await journal.append(letter("jalan rusak", "SM1", at=NOW()), "f", "N")
    assert journal.counts.accepted == 1
    await journal.close()


async def test_a_journal_at_its_own_limit_drains_and_accepts_again(on_sqlite: Deployment) -> None:
    async with on_sqlite.parts(journal="max_bytes = 400000") as gateway:
        accepted = await until_refused(lambda i: gateway.inlets["post"].receive(letter(f"{i} " + "x" * 10_000, f"SM{i}", at=NOW())))
    async with on_sqlite.node(journal="max_bytes = 400000") as gateway:
        await on_sqlite.until("notices", lambda rows: len(rows) == accepted and all(row["state"] == "sent" for row in rows))
        async with asyncio.timeout(30):
            while True:
                try:
                    await receive_all(gateway, [letter("lampu padam", "SM-later", at=NOW())])
                    break
                except Refused:
                    await asyncio.sleep(0.01)
        await on_sqlite.until("arrivals", lambda rows: len(rows) == accepted + 1)
    assert len(PROVIDERS["post"].sent) >= accepted
