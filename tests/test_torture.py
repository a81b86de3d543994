"""The crash laboratory: a short run ends clean, and whatever is not so would have been found: each way of doctoring the evidence is reported."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from gateway.demo.post_office import bring
from gateway.torture import disks
from gateway.torture.chatting import Chatting
from gateway.torture.filling import Filling
from gateway.torture.found import look
from gateway.torture.inspection import alive, looked_up, reconciled, silent
from gateway.torture.laboratory import furnish
from gateway.torture.ledger import Delivery, Ledger
from gateway.torture.mailing import Mailing
from gateway.torture.node import PutClock
from gateway.torture.nodes import Node
from gateway.torture.stores import Sqlite
from gateway.torture.texting import Texting
from gateway.torture.town import Means
from gateway.torture.verdict import Evidence, judge

ROOT = Path(__file__).resolve().parent.parent
SECRETS = {
    "TORTURE_KEY": "kunci-laboratorium-yang-cukup-panjang-0123456789",
    "TORTURE_TOKEN": "token laboratorium",
    "TORTURE_BOT": "7000002:tokenlaboratorium",
}
PATIENCE_SECONDS = 90


@dataclass
class Day:
    """What a quiet day left: some citizens wrote, everything went well."""

    folder: Path
    ledger: Ledger
    heard: Counter[tuple[str, str]]
    node_of: dict[str, str]

    @property
    def node(self) -> Node:
        return Node("a", self.folder / "a", SECRETS)

    def sql(self, statements: str) -> None:
        """Doctor the store."""
        with closing(sqlite3.connect(self.folder / "a" / "data" / "store.db")) as db:
            db.executescript(statements)

    def violations(self) -> list[str]:
        """What the laboratory says of it."""

        async def judged() -> list[str]:
            found = await look(Sqlite(self.folder / "a" / "data" / "store.db").rows, [self.folder / "a" / "data" / "blobs"])
            checks = judge(Evidence(self.ledger, found, self.node_of, self.heard))
            assert all(check.looked_at for check in checks)
            return [sentence for check in checks for sentence in check.violations]

        return asyncio.run(judged())


async def until(well: Callable[[], Coroutine[None, None, bool]]) -> None:
    """Look again and again."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await well():  # noqa: ASYNC110  # another process has no bell for us
            await asyncio.sleep(0.05)


async def a_quiet_day(folder: Path) -> Day:
    """Twelve phones write twice each, one after the other; as many mails and chats come, some twice, some answered; twelve forms are filled in."""
    secrets = dict(SECRETS)
    node, store = Node("a", folder / "a", secrets), Sqlite(folder / "a" / "data" / "store.db")
    tasks: list[asyncio.Task[None]] = []
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as beside:
        means = Means([node], Ledger(), session, lambda what: tasks.append(beside.create_task(what)))
        texting, mailing, chatting, filling = Texting(means), Mailing(means), Chatting(means), Filling(means)
        async with texting.open(), mailing.open(), chatting.open(), filling.open():
            secrets |= texting.secrets | chatting.secrets
            furnish([node], store.url, {"sms": texting, "mail": mailing, "telegram": chatting, "web": filling})
            await node.start()
            await node.until_open()
            for who in range(12):
                chance = random.Random(who)  # noqa: S311  # not a secret
                for turn in range(2):
                    await texting.deliver(who, turn, chance)
                    await mailing.deliver(who, turn, chance)
                    await chatting.deliver(who, turn, chance)
                await filling.deliver(who, 0, chance)
            expected = {(one.report, one.answer_to) for one in means.ledger.accepted if one.answer_to and not one.follows}

            async def settled() -> bool:
                notices = [state for (state,) in await store.rows("SELECT state FROM notices")]
                [(acknowledged,)] = await store.rows("SELECT count(*) FROM notices WHERE kind = 'acknowledgement'")
                photos = [state for (state,) in await store.rows("SELECT state FROM due")]
                [(rows,)] = await store.rows("SELECT count(*) FROM arrivals WHERE outcome != 'duplicate'")
                there = (
                    rows == len({(one.report, one.token) for one in means.ledger.accepted})
                    and acknowledged == len(expected)
                    and "waiting" not in photos
                    and not {"queued", "sending"} & set(notices)
                )
                return there and all(task.done() for task in tasks) and not texting.unsaid

            await until(settled)
    shown = await _shown(node, means.ledger)
    await node.end()
    assert alive([node]).violations == shown == ()
    return Day(folder, means.ledger, texting.heard() + mailing.heard() + chatting.heard(), dict.fromkeys(node.journals, "a"))


async def _shown(node: Node, ledger: Ledger) -> tuple[str, ...]:
    async with aiohttp.ClientSession() as session:
        numbers = [one.number for one in ledger.accepted if one.number]
        assert len((await looked_up([node], session, ["BBBB-BBBB-BBBB"], random.Random(1))).violations) == 1  # noqa: S311  # not a secret
        return (await looked_up([node], session, numbers, random.Random(1))).violations  # noqa: S311  # not a secret


@pytest.fixture(scope="module")
def quiet_day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    return asyncio.run(a_quiet_day(tmp_path_factory.mktemp("quiet")))


@pytest.fixture
def day(quiet_day: Day, tmp_path: Path) -> Day:
    """A copy, to be doctored."""
    shutil.copytree(quiet_day.folder, tmp_path / "day")
    old = quiet_day.ledger
    ledger = Ledger(list(old.accepted), set(old.begun), dict(old.part_of), Counter(old.answers), list(old.strange), list(old.unanswered))
    return Day(tmp_path / "day", ledger, Counter(quiet_day.heard), quiet_day.node_of)


def test_on_a_quiet_day_nothing_is_to_be_said(day: Day) -> None:
    assert day.violations() == []
    assert {one.channel for one in day.ledger.accepted} == {"sms", "mail", "telegram", "web"}
    mails = [one for one in day.ledger.accepted if one.channel == "mail"]
    assert any(one.by_machine for one in mails)
    assert any(one.token.endswith("V1") for one in mails)
    assert any(one.files for one in mails)
    assert day.ledger.part_of
    assert any(one.files for one in day.ledger.accepted)
    assert asyncio.run(reconciled(day.node)).violations == ()
    assert silent([day.node], SECRETS.values()).violations == ()


A_MAIL_LESS = "DELETE FROM arrivals WHERE rowid = (SELECT min(rowid) FROM arrivals WHERE channel = 'mail' AND outcome = 'case')"
A_COPY_OPENS = """UPDATE arrivals SET outcome = 'case'
WHERE rowid = (SELECT min(rowid) FROM arrivals WHERE reason = 'the same words by another way')"""
A_COPY_COUNTS = """CREATE TABLE copy AS SELECT rowid AS place, seq, "case" FROM arrivals WHERE reason = 'the same words by another way' LIMIT 1;
CREATE TABLE words AS SELECT * FROM messages WHERE seq = (SELECT seq FROM arrivals WHERE outcome = 'case' AND "case" = (SELECT "case" FROM copy));
UPDATE words SET seq = (SELECT seq FROM copy), id = lower(hex(randomblob(16))); INSERT INTO messages SELECT * FROM words;
DROP INDEX uq_arrivals_said; UPDATE arrivals SET outcome = 'message' WHERE rowid = (SELECT place FROM copy);"""
AN_ANSWER_ELSEWHERE = """UPDATE arrivals SET "case" = (SELECT id FROM cases ORDER BY id LIMIT 1)
WHERE rowid = (SELECT max(rowid) FROM arrivals WHERE channel = 'mail' AND outcome = 'message')"""
A_ROW_LESS = "DELETE FROM arrivals WHERE rowid = (SELECT min(rowid) FROM arrivals WHERE channel = 'sms' AND outcome = 'case')"
COPY_OF_A_NOTICE = """DROP INDEX uq_notices_acknowledgement; CREATE TABLE doctor AS SELECT * FROM notices LIMIT 1;
UPDATE doctor SET id = lower(hex(randomblob(16))); INSERT INTO notices SELECT * FROM doctor;"""
COPY_OF_A_CASE = """CREATE TABLE doctor AS SELECT * FROM cases LIMIT 1;
UPDATE doctor SET id = lower(hex(randomblob(16))); INSERT INTO cases SELECT * FROM doctor;"""
COPY_OF_A_ROW = """DROP INDEX uq_arrivals_said; CREATE TABLE doctor AS SELECT * FROM arrivals WHERE channel = 'sms' AND outcome = 'case' LIMIT 1;
CREATE TABLE words AS SELECT * FROM messages WHERE seq = (SELECT seq FROM doctor);
UPDATE doctor SET seq = 1000000; UPDATE words SET seq = 1000000, id = lower(hex(randomblob(16)));
INSERT INTO arrivals SELECT * FROM doctor; INSERT INTO messages SELECT * FROM words;"""


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        pytest.param(A_ROW_LESS, "answered with success by node a, and no row of the store has it", id="a row is missing"),
        pytest.param("DELETE FROM arrivals WHERE outcome = 'delivery' AND rowid % 2", "and no row of the store has it", id="a status is missing"),
        pytest.param(A_MAIL_LESS, "answered with success by node a, and no row of the store has it", id="a mail is missing"),
        pytest.param(A_COPY_COUNTS, "stands in 2 rows that are no duplicates", id="a copy by another way counts"),
        pytest.param(A_COPY_OPENS, "opened 2 cases", id="a copy by another way opened a case"),
        pytest.param(AN_ANSWER_ELSEWHERE, "and its rows lead to 2", id="an answer went to another case"),
        pytest.param("DELETE FROM arrivals WHERE channel = 'mail' AND outcome = 'ignored'", "and no row of the store has it", id="a machine's mail is missing"),
        pytest.param("UPDATE arrivals SET outcome = 'case' WHERE outcome = 'ignored'", "became case, and nothing was wrong", id="a machine's mail is a case"),
        pytest.param(
            "UPDATE arrivals SET outcome = 'ignored' WHERE channel = 'mail' AND outcome = 'case'",
            "became ignored, and nothing",
            id="a person's mail is ignored",
        ),
        pytest.param("DELETE FROM messages WHERE text LIKE '%S3T1V0%'", "and no row of the store has it", id="words are missing"),
        pytest.param(COPY_OF_A_ROW, "stands in 2 rows that are no duplicates", id="a row is doubled"),
        pytest.param(COPY_OF_A_CASE, "belongs to 0 reports", id="a case is doubled"),
        pytest.param(COPY_OF_A_ROW, "opened 2 cases", id="a report opened two cases"),
        pytest.param(
            "UPDATE arrivals SET \"case\" = (SELECT id FROM cases ORDER BY id LIMIT 1) WHERE outcome = 'case'",
            "and should belong to one",
            id="reports were merged",
        ),
        pytest.param(COPY_OF_A_NOTICE, "has 2 notices", id="two acknowledgements"),
        pytest.param("DELETE FROM notices WHERE rowid = 1", "has 0 notices", id="no acknowledgement"),
        pytest.param("UPDATE notices SET state = 'parked' WHERE rowid = 1", "is parked", id="an acknowledgement was given up"),
        pytest.param("UPDATE notices SET to_value = '+62' WHERE rowid = 1", "one acknowledgement to who wrote", id="told somebody else"),
        pytest.param("UPDATE cases SET owner = 'nobody' WHERE rowid = 1", "has no owner that there is (nobody)", id="no owner"),
        pytest.param("UPDATE arrivals SET number = 'X' WHERE channel = 'web'", "has several numbers", id="another number than was shown"),
        pytest.param("DELETE FROM case_numbers WHERE rowid = 1", "does not lead to its case", id="a number that leads nowhere"),
        pytest.param("UPDATE arrivals SET outcome = 'parked' WHERE rowid = 1", "became parked, and nothing was wrong with it", id="parked without need"),
        pytest.param("UPDATE attachments SET state = 'lost', reason = 'x'", "is lost (x)", id="a file was given up"),
        pytest.param("DELETE FROM attachments WHERE derived_from IS NOT NULL", "was not made fit to be shown", id="a photo is not shown"),
        pytest.param("DELETE FROM attachments", "is missing (no such file on the report)", id="a file is on no report"),
    ],
)
def test_a_doctored_store_is_found_out(day: Day, sql: str, sentence: str) -> None:
    day.sql(sql)
    assert any(sentence in said for said in day.violations()), day.violations()


def _filed_in_disorder(day: Day) -> None:
    # Two messages of one phone, the one after the other.
    day.sql("""CREATE TABLE doctor AS
    SELECT (SELECT id FROM messages WHERE text LIKE '%S3T0V0%') AS a, (SELECT id FROM messages WHERE text LIKE '%S3T1V0%') AS b;
    UPDATE messages SET id = 'x' WHERE id = (SELECT a FROM doctor); UPDATE messages SET id = (SELECT a FROM doctor) WHERE id = (SELECT b FROM doctor);
    UPDATE messages SET id = (SELECT b FROM doctor) WHERE id = 'x';""")


def _accepted_in_disorder(day: Day) -> None:
    day.sql("""CREATE TABLE doctor AS
    SELECT (SELECT seq FROM messages WHERE text LIKE '%S3T0V0%') AS a, (SELECT seq FROM messages WHERE text LIKE '%S3T1V0%') AS b;
    UPDATE messages SET seq = (SELECT a + b - messages.seq FROM doctor) WHERE seq IN ((SELECT a FROM doctor), (SELECT b FROM doctor));
    UPDATE arrivals SET seq = -1 WHERE seq = (SELECT a FROM doctor); UPDATE arrivals SET seq = (SELECT a FROM doctor) WHERE seq = (SELECT b FROM doctor);
    UPDATE arrivals SET seq = (SELECT b FROM doctor) WHERE seq = -1;""")


def _forget(day: Day) -> None:
    day.ledger.begun.discard(day.ledger.accepted[0].report)


def _told_again(day: Day) -> None:
    day.heard[min(day.heard)] += 1


def _never_told(day: Day) -> None:
    del day.heard[min(day.heard)]


def _told_a_stranger(day: Day) -> None:
    day.heard["+62", min(day.heard)[1]] += 1


def _told_a_machine(day: Day) -> None:
    machine = next(one for one in day.ledger.accepted if one.by_machine)
    day.heard[machine.correspondent, "no number"] += 1


def _another_number(day: Day) -> None:
    shown = next(one for one in day.ledger.accepted if one.number)
    day.ledger.accepted.append(replace(shown, number="BBBB-BBBB-BBBB"))


def _no_file(day: Day) -> None:
    for file in (day.folder / "a" / "data" / "blobs").glob("??/*"):
        file.write_bytes(b"spoilt")


@pytest.mark.parametrize(
    ("doctor", "sentence"),
    [
        (_filed_in_disorder, "turn 1 was filed before turn 0"),
        (_accepted_in_disorder, "turn 1 was accepted before turn 0"),
        (_forget, "was never sent by anybody"),
        (_told_again, "went out 2 times, and is not marked as one that may have"),
        (_never_told, "the provider never saw it"),
        (_told_a_stranger, "Somebody was told of"),
        (_told_a_machine, "Somebody was told of no number"),
        (_another_number, "has several numbers"),
        (_no_file, "is on no disk"),
        (lambda day: day.ledger.unanswered.append("SM1"), "SM1 was never answered with success"),
        (lambda day: day.ledger.strange.append("Node a answered 500."), "Node a answered 500."),
        (lambda day: day.ledger.accepted.append(Delivery("sms", "SM1", "S9T9V9", "a")), "sms SM1 S9T9V9 was answered with success by node a, and no row"),
    ],
)
def test_doctored_evidence_is_found_out(day: Day, doctor: Callable[[Day], None], sentence: str) -> None:
    doctor(day)
    assert any(sentence in said for said in day.violations()), day.violations()


async def test_an_acknowledgement_that_comes_again_under_another_name_is_found_out() -> None:
    async with aiohttp.ClientSession() as session:
        mailing = Mailing(Means([], ledger := Ledger(), session, lambda what: what.close()))
        async with mailing.open():
            for name in ("satu", "satu", "dua"):
                await bring(mailing.relay_port, _told("BBBB-BBBB-BBBB", name), sender="", to="warga1@contoh.example")
    assert mailing.heard() == {("warga1@contoh.example", "BBBB-BBBB-BBBB"): 3}
    assert [one for one in ledger.strange if "another Message-ID" in one] == ["What told of BBBB-BBBB-BBBB came again under another Message-ID."]


def _told(number: str, name: str) -> bytes:
    return f"Message-ID: <{name}@uji.example>\r\n\r\nLaporan Anda kami terima. Nomor {number}, sekali lagi {number}.\r\n".encode()


def test_twice_told_is_well_where_a_send_may_have_gone_through(day: Day) -> None:
    _told_again(day)
    day.sql("UPDATE notices SET maybe_sent = 1")
    assert day.violations() == []


def test_books_that_are_not_right_are_found_out(day: Day) -> None:
    day.sql(A_ROW_LESS)
    [sentence] = asyncio.run(reconciled(day.node)).violations
    assert "ends with 1" in sentence


@pytest.mark.parametrize("said", ["SECRET", "phone", "mail", "words"])
def test_a_log_that_names_somebody_is_found_out(day: Day, said: str) -> None:
    named = {"SECRET": SECRETS["TORTURE_TOKEN"], "phone": "+62" + "81200000001", "mail": "warga" + "7@contoh.example", "words": "pagar lapuk"}
    with day.node.log.open("a") as log:
        log.write(f'{{"event": "x", "why": "{named[said]}"}}\n')
    [sentence] = silent([day.node], SECRETS.values()).violations
    assert sentence.startswith("Line ")


async def test_a_node_that_ends_by_itself_is_found_out_and_started_again(quiet_day: Day, tmp_path: Path) -> None:
    shutil.copytree(quiet_day.folder / "a", tmp_path / "a")
    node = Node("a", tmp_path / "a", SECRETS)
    await node.start()
    await node.until_open()
    pid = node.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)

    async def again() -> bool:
        return node.pid not in {None, pid}

    await until(again)
    await node.kill()
    assert alive([node]).violations == ("node a ended by itself (exit code -9)",)


def test_the_machines_own_disk_is_never_filled(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        disks.fill(tmp_path, 0)


def test_a_clock_is_wrong_by_what_its_file_says(tmp_path: Path) -> None:
    clock = PutClock(tmp_path / "clock")
    before = datetime.now(UTC)
    assert before <= clock.now() <= datetime.now(UTC)
    Node("a", tmp_path, {}).put_clock(-3600)
    assert abs((before - clock.now()).total_seconds() - 3600) < PATIENCE_SECONDS


def test_a_laboratory_that_is_told_to_end_leaves_nothing_behind(tmp_path: Path) -> None:
    laboratory = subprocess.Popen(
        [sys.executable, "-m", "gateway", "torture", "--minutes", "5", "--store", "sqlite"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert laboratory.stderr is not None
    # Nodes run by the time that it tells how far it is.
    assert next(line for line in laboratory.stderr if "accepted" in line)
    laboratory.send_signal(signal.SIGTERM)
    laboratory.communicate()
    assert laboratory.returncode == 1
    assert list(tmp_path.iterdir()) == []
    assert str(tmp_path) not in Path("/proc/mounts").read_text()


@pytest.mark.timeout(600)
def test_a_short_run_ends_clean() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "torture", "--minutes", "0.25", "--store", "sqlite", "--seed", "4", "--json"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    said = json.loads(done.stdout)
    assert (done.returncode, said["well"], said["seed"], said["folder"]) == (0, True, 4, None), said
    [run] = said["runs"]
    assert run["accepted"] > 0
    assert run["cases"] > 0
    assert sum(run["faults"].values()) >= 3
