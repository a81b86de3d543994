"""The faults of docs/faults.md, one by one, in a running node with every kind of channel: told within two minutes, of the right part alone, gone by itself.

The table there is this test's own data. The clock is moved in steps of a heartbeat; what happens on the wire happens for real, on loopback.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway import assembly
from gateway.demo.faults import Fault, Status, Timeout
from gateway.demo.twilio import Line
from gateway.replay import replay
from gateway.store import lookup
from tests.certificates import needs_openssl, pair
from tests.handbook import ROOT, rows
from tests.test_disk_full import tiny_disk
from tests.test_silence import dice, filed, healthy
from tests.town import DOOR, HEARTBEAT, Town, town, unwell
from tests.world import Deployment, handed_over

__all__ = ["tiny_disk"]
pytestmark = [needs_openssl, pytest.mark.started_reader]


@dataclass(frozen=True, slots=True)
class Row:
    """One fault, as the table has it."""

    fault: str
    part: str
    direction: str
    state: str
    kind: str
    sentence: re.Pattern[str]
    # What every way in is meanwhile: state and kind; empty: well.
    ways_in: tuple[str, str] | None


def _pattern(sentence: str) -> re.Pattern[str]:
    """What such a sentence is, whatever stands in the place of "…"."""
    return re.compile(".+".join(map(re.escape, sentence.split("…"))))


def _row(fault: str, part: str, state: str, kind: str, sentence: str, others: str) -> Row:
    name, _, direction = part.partition(", ")
    said = re.fullmatch(r"every way in is (\w+) \(`(\w+)`\)|well", others)
    assert said, others
    return Row(fault, name, direction or "all", state, kind.strip("`"), _pattern(sentence), (said[1], said[2]) if said[1] else None)


_CELLS = list(rows((ROOT / "docs" / "faults.md").read_text(encoding="utf-8"), "The table"))
TABLE = [_row(*cells) for cells in _CELLS]


def expected(row: Row, parts: dict[str, Any]) -> dict[tuple[str, str], tuple[str, str]]:
    """What the row says that is not well; everything else is."""
    ways_in = {(name, "in"): row.ways_in for name, ways in parts.items() if "in" in ways} if row.ways_in else {}
    return ways_in | ({(row.part, row.direction): (row.state, row.kind)} if row.state != "ok" else {})


# Each strikes when it is entered, and is mended when it is left


@asynccontextmanager
async def wrong_password(here: Town) -> AsyncIterator[None]:
    here.relay.always["AUTH"] = "535 5.7.8 no"
    yield
    del here.relay.always["AUTH"]


@asynccontextmanager
async def certificate_about_to_expire(here: Town) -> AsyncIterator[None]:
    _renew(here.folder, days=5)
    yield
    _renew(here.folder, days=60)


def _renew(folder: Path, days: int) -> None:
    new, old = pair(folder, "new", days=days), pair_at(folder)
    new.certificate.replace(old[0])
    new.key.replace(old[1])


def pair_at(folder: Path) -> tuple[Path, Path]:
    """Where the node looks for its own."""
    return folder / "localhost.cert.pem", folder / "localhost.key.pem"


@asynccontextmanager
async def dns(here: Town) -> AsyncIterator[None]:
    # The machine's name service; nothing else of this node asks for a name.
    asked = socket.getaddrinfo

    def nobody_knows(host: Any, *rest: Any, **more: Any) -> Any:  # noqa: ANN401  # as it is
        if host == "localhost":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return asked(host, *rest, **more)

    with here.patch.context() as patch:
        patch.setattr(socket, "getaddrinfo", nobody_knows)
        yield


@asynccontextmanager
async def refused(here: Town) -> AsyncIterator[None]:
    async with here.twilio.refusing():
        yield


def weather(fault: Fault) -> Callable[[Town], AbstractAsyncContextManager[None]]:
    """At Twilio, at each call."""

    @asynccontextmanager
    async def strikes(here: Town) -> AsyncIterator[None]:
        here.twilio.weather = fault
        yield
        here.twilio.weather = None

    return strikes


@asynccontextmanager
async def disk_nearly_full(here: Town) -> AsyncIterator[None]:
    other = here.folder / "other"
    with other.open("wb", buffering=0) as file:
        # What is left is for those who write while it is nearly full.
        while here.gateway.journal.free_bytes() > 900 * 1024:
            file.write(bytes(64 * 1024))
    yield
    other.unlink()


@asynccontextmanager
async def clock_jump(here: Town) -> AsyncIterator[None]:
    here.clock.jump(hours=1)
    yield
    # As told: for ten minutes.
    for _ in range(int(600 / HEARTBEAT)):
        await here.beat()


@asynccontextmanager
async def poison_message(here: Town) -> AsyncIterator[None]:
    mended = here.folder / "mended"
    await here.write("die", mended)
    await handed_over(here.gateway)
    yield
    mended.touch()
    # As `no-wrong-door replay`.
    async with assembly.reading(here.gateway.config, here.clock) as desk:
        async with desk.store.transaction() as tx:
            parked = await lookup.parked(tx, 10)
        assert [one.outcome for one in await replay(desk.store, desk.reader, desk.office, parked, here.clock.now())] == ["filled"]


@asynccontextmanager
async def payload_changed(here: Town) -> AsyncIterator[None]:
    for _ in range(4):
        await here.text({"Body": "Content", "SmsSid": "Sid"})
    await handed_over(here.gateway)
    yield
    # It writes as before again.
    for _ in range(8):
        await here.text({})
    await handed_over(here.gateway)


@asynccontextmanager
async def webhook_unregistered(here: Town) -> AsyncIterator[None]:
    here.twilio.numbers["1708"] = Line("")
    yield
    here.twilio.numbers["1708"] = Line(DOOR)


@asynccontextmanager
async def webhook_elsewhere(here: Town) -> AsyncIterator[None]:
    hook = here.telegram.hook
    assert hook is not None
    ours, hook.url = hook.url, "https://lain.example/update"
    yield
    hook.url = ours


@asynccontextmanager
async def worker_killed(here: Town) -> AsyncIterator[None]:
    await here.write("jalan rusak")
    await handed_over(here.gateway)
    before = _readers()
    assert before
    # Once: nobody is worse for it.
    _kill(before)
    await here.write("jalan berlubang")
    await handed_over(here.gateway)
    assert not unwell(await here.beat())
    with here.patch.context() as patch:
        # And now there is no room for another.
        patch.setattr(sys, "executable", str(here.folder / "nobody"))
        _kill(_readers())
        await here.write("lampu mati")
        yield
    here.clock.advance(seconds=1)
    await handed_over(here.gateway)


def _readers() -> list[int]:
    """The processes of this one that read reports."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command, status = (process / "cmdline").read_bytes(), (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if b"gateway.reader_process" in command and int(status[1]) == os.getpid():
            found.append(int(process.name))
    return found


def _kill(processes: list[int]) -> None:
    for process in processes:
        os.kill(process, signal.SIGKILL)


@asynccontextmanager
async def task_hung(here: Town) -> AsyncIterator[None]:
    stuck, mended = asyncio.Event(), here.gateway.intake._store_batch  # noqa: SLF001  # a fault that nothing from outside can make

    async def hangs(*words: Any, **more: Any) -> None:  # noqa: ANN401  # as it is
        await stuck.wait()
        await mended(*words, **more)

    with here.patch.context() as patch:
        patch.setattr(here.gateway.intake, "_store_batch", hangs)
        await here.write("jalan rusak")
        yield
        stuck.set()
        await handed_over(here.gateway)


@asynccontextmanager
async def silence(here: Town) -> AsyncIterator[None]:
    begin = here.clock.now() - timedelta(weeks=8)
    await filed(here.gateway.store, list(healthy(dice(7), begin, 8, 700)), "post")
    # A working day goes by.
    here.clock.advance(hours=9)
    yield
    await here.write("jalan rusak")
    await handed_over(here.gateway)


FAULTS: dict[str, Callable[[Town], AbstractAsyncContextManager[None]]] = {
    "wrong password": wrong_password,
    "certificate about to expire": certificate_about_to_expire,
    "DNS": dns,
    "refused": refused,
    "black hole": weather(Timeout()),
    "5xx": weather(Status(503)),
    "disk nearly full": disk_nearly_full,
    "clock jump": clock_jump,
    "poison message": poison_message,
    "provider's payload changed": payload_changed,
    "webhook unregistered": webhook_unregistered,
    "webhook pointing elsewhere": webhook_elsewhere,
    "worker killed": worker_killed,
    "task hung": task_hung,
    "silence": silence,
}
# Whose habits depend on the day: eight weeks without a great holiday before a Monday, at eight in the morning.
STARTS = {"silence": datetime(2026, 11, 2, tzinfo=UTC)}


def test_every_fault_of_the_table_is_injected_and_no_other() -> None:
    assert [row.fault for row in TABLE] == list(FAULTS)


def test_each_of_its_sentences_is_explained_among_the_others() -> None:
    explained = list(rows((ROOT / "docs" / "health.md").read_text(encoding="utf-8"), "Every sentence"))
    for fault, part, state, kind, sentence, _ in _CELLS:
        where = f"a channel, {part.partition(', ')[2]}" if ", " in part else part
        words = kind.strip("`")
        assert [
            1
            for at, how, kinds, said, *_ in explained
            if (at.partition(":")[0], how) == (where, state) and words in kinds and _pattern(said).fullmatch(sentence)
        ], fault


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.fault)
async def test_a_fault_is_told_within_two_minutes_of_the_right_part_alone_and_goes_away_by_itself(
    row: Row, request: pytest.FixtureRequest, on_sqlite: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment, folder = on_sqlite, tmp_path
    if row.fault == "disk nearly full":
        folder = request.getfixturevalue("tiny_disk")
        deployment = Deployment(folder, "sqlite+aiosqlite:///store.db")
    async with town(deployment, folder, monkeypatch, STARTS.get(row.fault)) as here:
        async with FAULTS[row.fault](here):
            parts = await here.until(lambda parts: bool(row.sentence.fullmatch(parts[row.part][row.direction]["sentence"])))
            said = parts[row.part][row.direction]
            assert (said["state"], said["type"]) == (row.state, row.kind)
            # By the next look everything that hangs on it is told, too, and nothing else.
            later = await here.beat()
            assert unwell(later) == expected(row, later)
            assert later[row.part][row.direction]["since"] == said["since"]
        parts = await here.beat()
        assert unwell(parts) == {}
        assert not row.sentence.fullmatch(parts[row.part][row.direction]["sentence"])
