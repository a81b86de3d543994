"""From the journal to a case: one transaction, one owner, nothing parked that can be read, nothing lost that cannot."""

from __future__ import annotations

import asyncio
import os
import pickle
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gateway.assembly import reading
from gateway.bench.processes import family
from gateway.blob_file import Folder
from gateway.clock import SystemClock
from gateway.commands.schema import json_schema
from gateway.intake import LARGE
from gateway.reading import HEADER
from gateway.replay import replay
from gateway.store import lookup
from tests.manual_clock import ManualClock
from tests.postbox import PROVIDERS, letter
from tests.world import Deployment, handed_over, receive_all

ROOT = Path(__file__).resolve().parent.parent
SITI = "+6281234567890"
NOW = SystemClock().now
pytestmark = pytest.mark.started_reader


async def test_a_report_becomes_a_case_with_a_number_an_owner_and_one_acknowledgement(deployment: Deployment) -> None:
    async with deployment.node() as gateway:
        [receipt] = await receive_all(gateway, [letter("Jalan di depan pasar rusak parah", "SM1", at=NOW())])
        provider = PROVIDERS["post"]
        async with asyncio.timeout(30):
            await provider.until(lambda: len(provider.sent) == 1)
        await deployment.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"])
    [case] = await deployment.rows("cases")
    assert (case["number"], case["owner"], case["status"]) == (receipt.number, "diskominfo", "awaiting_verification")
    assert receipt.number in provider.sent[0].short
    assert provider.sent[0].to == letter("", "SM1", at=NOW()).reply_to
    [arrival] = await deployment.rows("arrivals")
    assert (arrival["outcome"], arrival["raw"], arrival["case"]) == ("case", b"Jalan di depan pasar rusak parah", case["id"])
    [message] = await deployment.rows("messages")
    assert (message["text"], message["decision"]) == ("Jalan di depan pasar rusak parah", "new_case")
    assert [event["kind"] for event in await deployment.rows("events")] == ["opened"]
    assert {account.verdict for account in await deployment.accounts()} == {"ok"}


async def test_what_reading_needs_is_loaded_before_the_clock_of_the_first_report_runs(on_sqlite: Deployment) -> None:
    async with reading(on_sqlite.config()) as desk:
        process = await desk.reader._started()  # noqa: SLF001  # ready, and nothing was read yet
        before = _bytes_read(process.pid)
        [understood] = await desk.reader.read([letter("jln rusak di ds girimukti kec penajam sejak 3 hr lalu", "SM1", at=NOW())])
        assert understood.complaint.place is not None  # type: ignore[union-attr]
        # The report itself, and no data.
        assert _bytes_read(process.pid) - before < 10_000


def _bytes_read(pid: int) -> int:
    """By proc(5), /proc/pid/io."""
    return int(re.findall(r"rchar: (\d+)", Path(f"/proc/{pid}/io").read_text())[0])


@pytest.mark.parametrize("poison", ["raise", "hang", "regex", "die", "eat"])
async def test_a_report_that_breaks_its_reader_is_a_case_all_the_same_and_holds_up_nobody(on_sqlite: Deployment, tmp_path: Path, poison: str) -> None:
    mended = tmp_path / "mended"
    async with on_sqlite.node() as gateway:
        await receive_all(gateway, [letter("kabar pertama", "SM0", at=NOW(), sender="+6281100000000")])
        await on_sqlite.until("cases", lambda rows: len(rows) == 1)
        [bad] = await receive_all(gateway, [letter(poison, "SM1", at=NOW(), meta={"mended": str(mended)})])
        await receive_all(gateway, [letter("lampu jalan padam", "SM2", at=NOW(), sender="+6281200000000")])
        rows = await on_sqlite.until("arrivals", lambda rows: "SM2" in {row["wire_id"] for row in rows})
        # The next report is not delayed until the bad one is parked.
        assert poison not in {"hang", "regex", "eat"} or {row["wire_id"] for row in rows} == {"SM0", "SM2"}
        await on_sqlite.until("arrivals", lambda rows: len(rows) == 3)
        await on_sqlite.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"] * 3)
    arrival = next(row for row in await on_sqlite.rows("arrivals") if row["wire_id"] == "SM1")
    case = next(row for row in await on_sqlite.rows("cases") if row["id"] == arrival["case"])
    assert arrival["outcome"] == "parked"
    assert "rahasia" not in arrival["reason"]
    assert (case["number"], case["owner"], case["status"], case["anonymous"], case["confidential"]) == (bad.number, "diskominfo", "received", True, True)

    mended.touch()
    async with reading(on_sqlite.config()) as desk:
        async with desk.store.transaction() as tx:
            kept = await lookup.parked(tx, 10)
        assert [one.outcome for one in await replay(desk.store, desk.reader, desk.office, kept, NOW())] == ["filled"]
    async with on_sqlite.node():
        filled = next(row for row in await on_sqlite.rows("cases") if row["id"] == arrival["case"])
        assert (filled["number"], filled["status"], filled["confidential"]) == (bad.number, "awaiting_verification", False)
        assert Counter(row["kind"] for row in await on_sqlite.rows("notices")) == {"acknowledgement": 3}
    assert len(PROVIDERS["post"].sent) == 3
    assert len([row for row in await on_sqlite.rows("complaint_versions") if row["case"] == arrival["case"]]) == 2


async def test_what_a_sender_writes_after_an_unreadable_report_stays_behind_it(on_sqlite: Deployment) -> None:
    async with on_sqlite.node() as gateway:
        await receive_all(gateway, [letter(text, name, at=NOW(), sender=SITI) for text, name in (("die", "SM1"), ("Lapor satu lagi", "SM2"))])
        await on_sqlite.until("arrivals", lambda rows: len(rows) == 2)
        await on_sqlite.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"] * 2)
    by_time = sorted(await on_sqlite.rows("cases"), key=lambda row: row["id"])
    assert [case["status"] for case in by_time] == ["received", "awaiting_verification"]


async def test_what_is_no_message_and_cannot_be_read_is_parked_without_a_case(on_sqlite: Deployment) -> None:
    async with on_sqlite.node() as gateway:
        await receive_all(gateway, [letter("raise", "ST1", at=NOW(), kind="status"), letter("noise", "ST2", at=NOW(), kind="status")])
        rows = await on_sqlite.until("arrivals", lambda rows: len(rows) == 2)
    assert {row["wire_id"]: row["outcome"] for row in rows} == {"ST1": "parked", "ST2": "ignored"}
    assert await on_sqlite.rows("cases") == []


@pytest.mark.parametrize("text", ["\0", "jalan \0 rusak", "\ud83d", "\u202e terbalik", "", "   ", "😀" * 5000, "x" * 2_000_000])
async def test_nothing_that_a_person_writes_is_an_error(deployment: Deployment, text: str) -> None:
    async with deployment.node() as gateway:
        await receive_all(gateway, [letter(text, "SM1", at=NOW()), letter("lampu padam", "SM2", at=NOW(), sender="+6281200000000")])
        rows = await deployment.until("arrivals", lambda rows: len(rows) == 2)
    assert {row["case"] is not None for row in rows} == {True}
    assert {account.verdict for account in await deployment.accounts()} == {"ok"}


async def test_a_row_that_no_store_takes_harms_nobody_in_its_batch(deployment: Deployment) -> None:
    async with deployment.parts() as gateway:
        await receive_all(gateway, [letter(text, f"SM{text}", at=NOW(), sender=f"+6281200000{i:03d}") for i, text in enumerate(["a", "unstorable", "b"])])
    async with deployment.node():
        await deployment.until("arrivals", lambda rows: len(rows) == 3)
        [book] = await deployment.rows("journals")
        assert (book["accepted"], book["pending"]) == (3, 0)
    rows = {row["wire_id"]: row for row in await deployment.rows("arrivals")}
    assert {name: row["outcome"] for name, row in rows.items()} == {"SMa": "case", "SMunstorable": "parked", "SMb": "case"}
    assert rows["SMunstorable"]["reason"].startswith("cannot be stored")
    assert len(await deployment.rows("cases")) == 3


async def test_the_same_delivery_again_is_a_row_but_no_second_case_and_other_words_are_kept(deployment: Deployment) -> None:
    async with deployment.node() as gateway:
        first, again, other = await receive_all(gateway, [letter(text, "SM1", at=NOW()) for text in ("jalan rusak", "jalan rusak", "Lapor lampu padam")])
        assert first.number == again.number == other.number
        await deployment.until("arrivals", lambda rows: len(rows) == 2)
        # The same delivery shall meet the store's memory, not the journal's.
        await handed_over(gateway)
        await receive_all(gateway, [letter(text, "SM1", at=NOW()) for text in ("jalan rusak", "Lapor jembatan juga putus")])
        rows = await deployment.until("arrivals", lambda rows: len(rows) == 4)
        await deployment.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"] * 3)
    assert Counter(row["outcome"] for row in rows) == {"case": 3, "duplicate": 1}
    assert next(row for row in rows if row["outcome"] == "duplicate")["raw"] is None
    assert len({case["number"] for case in await deployment.rows("cases")}) == 3
    assert {account.verdict for account in await deployment.accounts()} == {"ok"}


async def test_a_number_that_is_a_strangers_already_is_not_given_twice(on_sqlite: Deployment) -> None:
    async with on_sqlite.node() as gateway:
        [first] = await receive_all(gateway, [letter("jalan rusak", "SM1", at=NOW())])
        await on_sqlite.until("cases", lambda rows: len(rows) == 1)
        # As a collision of 53 bits would be: another delivery whose door's number is the first one's.
        await gateway.journal.append(letter("lampu padam", "SM2", at=NOW()), "f", first.number)
        await on_sqlite.until("cases", lambda rows: len(rows) == 2)
    numbers = [case["number"] for case in await on_sqlite.rows("cases")]
    assert len(set(numbers)) == 2
    told = [event for event in await on_sqlite.rows("events") if event["kind"] == "number_taken"]
    assert len(told) == 1


def readers() -> int:
    """Processes of this one that read."""
    return sum(b"gateway.reader_process" in Path(f"/proc/{pid}/cmdline").read_bytes() for pid in family(os.getpid()))


async def test_who_reads_what_is_large_leaves_when_nothing_large_comes_and_is_there_again_for_the_next(on_sqlite: Deployment) -> None:
    clock = ManualClock()
    async with on_sqlite.node(clock=clock) as gateway:
        for count, name in enumerate(("SM1", "SM2"), 1):
            await receive_all(gateway, [letter("lampu padam " * (LARGE // 10), name, at=clock.now(), sender=f"+62811000000{count}")])
            await on_sqlite.until("cases", lambda rows, count=count: len(rows) == count)  # type: ignore[misc]  # a lambda with a default
            await handed_over(gateway)
            there = readers()
            async with asyncio.timeout(30):
                while readers() == there:
                    clock.advance(seconds=60)
                    await asyncio.sleep(0)
            assert readers() == there - 1


def test_a_reader_whose_gateway_was_killed_says_nothing_about_it() -> None:
    specs = pickle.dumps(({}, Folder(Path("nowhere")), None))
    reader = subprocess.Popen(
        [sys.executable, "-P", "-m", "gateway.reader_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert reader.stdin is not None
    assert reader.stdout is not None
    reader.stdout.close()
    reader.stdin.write(HEADER.pack(len(specs)) + specs)
    reader.stdin.flush()
    assert reader.stderr is not None
    assert reader.stderr.read() == b""
    assert reader.wait() == 0
    reader.stdin.close()
    reader.stderr.close()


def test_the_complaint_is_described_as_json_schema() -> None:
    schema = json_schema()
    assert str(schema["$id"]).startswith("urn:no-wrong-door:complaint:")
    assert {"text", "sender", "language", "missing", "category", "remarks"} <= set(schema["properties"])  # type: ignore[call-overload]


def test_every_field_that_is_read_in_the_words_says_how_sure_it_is_why_and_where() -> None:
    schema: Any = json_schema()
    of = {name: schema["$defs"][name]["properties"].keys() for name in ("Finding", "Place", "Incident", "Span", "Subject")}
    assert {"code", "score", "how", "spans"} <= of["Finding"]
    assert {"code", "score", "how", "span"} <= of["Place"]
    assert {"date", "score", "how", "span"} <= of["Incident"]
    assert {"kind", "score", "how", "start", "end"} <= of["Span"]
    assert {"category", "span"} <= of["Subject"]
    found = {"kind_found", "language_found", "categories", "urgency", "level", "beyond", "place", "dates", "personal", "subjects", "title_how", "normaliser"}
    assert found <= schema["properties"].keys()
    assert schema["$id"].endswith(":1.1")
