"""The journal (laws 1 to 3): on disk before anybody is answered, alone, and never a permanent no."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from channels import Arrival, Refused
from gateway.journal import Journal
from gateway.journal_file import JournalUnusable, snapshot
from tests.postbox import letter
from tests.world import an_inlet

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def a_letter(wire_id: str, text: str = "jalan rusak") -> Arrival:
    return letter(text, wire_id, at=NOW)


async def test_what_was_accepted_is_there_after_a_restart(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    inlet = an_inlet(journal, lambda arrival: arrival.raw.hex())
    receipt = await inlet.receive(a_letter("SM1"))
    await journal.close()
    again = Journal(tmp_path / "journal.db")
    [entry] = await again.take(0, 10)
    assert (entry.arrival, entry.number) == (a_letter("SM1"), receipt.number)
    assert again.counts.accepted == 1
    await again.close()


async def test_a_hundred_citizens_at_once_share_a_few_commits_and_the_same_one_twice_is_one_row(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    commits = 0

    def count(statement: str) -> None:
        nonlocal commits
        commits += statement == "COMMIT"

    journal._db.set_trace_callback(count)  # noqa: SLF001  # what SQLite was told is the only witness of a commit
    await asyncio.gather(*(journal.append(a_letter(f"SM{i % 50}"), "same", "N") for i in range(100)))
    assert journal.counts.accepted == 50
    assert commits < 50
    await journal.close()


async def test_a_delivery_that_cannot_be_written_down_harms_nobody_beside_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    bad = replace(a_letter("SM-bad"), channel="pos\ud800")
    told = await asyncio.gather(*(journal.append(one, "f", "N") for one in (a_letter("SM1"), bad, a_letter("SM2"))), return_exceptions=True)
    assert [type(one) for one in told] == [type(None), Refused, type(None)]
    assert "\ud800" not in str(told[1])
    assert journal.counts.accepted == 2
    await journal.close()


async def test_whoever_hangs_up_while_it_is_written_has_it_kept(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    waiting = asyncio.ensure_future(journal.append(a_letter("SM1"), "f", "N"))
    await asyncio.sleep(0)
    waiting.cancel()
    await journal.append(a_letter("SM2"), "f", "N")
    assert [entry.arrival.wire_id for entry in await journal.take(0, 10)] == ["SM1", "SM2"]
    await journal.close()


async def test_a_full_journal_refuses_for_now_hands_over_and_accepts_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", max_bytes=200_000)
    told = await asyncio.gather(*(journal.append(a_letter(f"SM{i}", "x" * 5000), "f", "N") for i in range(100)), return_exceptions=True)
    refused = [one for one in told if one is not None]
    accepted = told.count(None)
    assert all(isinstance(one, Refused) and one.retry_after.total_seconds() > 0 for one in refused)
    assert 10 < accepted < 60
    assert journal.refused_at_limit == len(refused) == 100 - accepted
    await journal.remove([entry.seq for entry in await journal.take(0, 1000)])
    await journal.append(a_letter("SM-later", "x" * 5000), "f", "N")
    assert journal.counts.accepted == accepted + 1
    await journal.close()


async def test_a_number_of_a_row_never_comes_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    await journal.append(a_letter("SM1"), "f", "N")
    await journal.remove([1])
    await journal.close()
    journal = Journal(tmp_path / "journal.db")
    await journal.append(a_letter("SM2"), "f", "N")
    assert [entry.seq for entry in await journal.take(0, 10)] == [2]
    assert (journal.counts.accepted, journal.counts.removed) == (2, 1)
    await journal.close()


async def test_two_processes_cannot_share_a_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    with pytest.raises(JournalUnusable, match="in use by another process"):
        Journal(tmp_path / "journal.db")
    await journal.close()


async def test_a_newer_journal_is_left_alone_with_a_sentence(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "journal.db")) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(JournalUnusable, match="newer gateway"):
        Journal(tmp_path / "journal.db")


async def test_a_file_that_is_no_journal_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(JournalUnusable, match="Check the disk"):
        Journal(tmp_path / "journal.db")


async def test_an_operator_may_look_while_it_is_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    await journal.append(a_letter("SM1"), "f", "N")
    await journal.append(a_letter("SM2"), "f", "N")
    await journal.remove([1])
    seen = snapshot(tmp_path / "journal.db")
    assert (seen.id, seen.counts, seen.seqs) == (journal.id, journal.counts, frozenset({2}))
    await journal.close()


async def test_ids_and_fingerprints_that_no_database_likes_are_kept_by_their_digest(tmp_path: Path) -> None:
    def broken(arrival: Arrival) -> str:
        raise ValueError("no fingerprint")

    journal = Journal(tmp_path / "journal.db")
    inlet = an_inlet(journal, broken)
    await inlet.receive(a_letter("SM\0\ud800" * 1000))
    [entry] = await journal.take(0, 10)
    assert entry.arrival.wire_id.startswith("sha256:")
    assert len(entry.fingerprint) == 64
    await journal.close()


async def test_the_file_is_its_owners_only(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    assert (tmp_path / "journal.db").stat().st_mode & 0o077 == 0
    await journal.close()
