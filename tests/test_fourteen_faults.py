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
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway import assembly
from gateway.demo.bot_api import BotApi
from gateway.demo.faults import Fault, Status, Timeout
from gateway.demo.twilio import Line, Twilio
from gateway.demo.twilio_wire import signed_headers
from gateway.node import Gateway
from gateway.replay import replay
from gateway.store import lookup
from tests.certificates import needs_openssl, pair
from tests.handbook import ROOT, rows
from tests.mail_relay import RelayPeer, relay_peer
from tests.manual_clock import ManualClock
from tests.postbox import letter
from tests.sms_channel import ACCOUNT
from tests.telegram_channel import NAME
from tests.telegram_channel import TOKEN as BOT
from tests.test_disk_full import tiny_disk
from tests.test_health import Operator
from tests.world import KEY, Deployment, handed_over

__all__ = ["tiny_disk"]
pytestmark = needs_openssl

# Nobody else in a node sleeps for just as long as this.
_SECONDS, _HEARTBEAT = 120, 29.0
_PUBLIC = "http://127.0.0.1:1"
_DOOR = f"{_PUBLIC}/in/sms/message"
_CHANNELS = """
[channels.post]
kind = "postbox"
[channels.web]
kind = "web-form"
[channels.sms]
kind = "twilio-sms"
account_sid = "{account}"
auth_tokens = [{{ env = "KEY" }}]
from_numbers = {{ sms = "1708" }}
timeout_seconds = 0.5
api_base = "{twilio}"
[channels.tg]
kind = "telegram"
token = {{ env = "BOT" }}
receive = "webhook"
retry_seconds = 0.01
api_base = "{telegram}"
[channels.mail]
kind = "mail"
address = "lapor@ppu.example"
[channels.mail.smtp]
listen = "127.0.0.1:0"
certificate = "{certificate}"
private_key = "{key}"
[channels.mail.relay]
server = "localhost:{relay}"
tls = "none"
user = "lapor"
password = {{ env = "KEY" }}
[health]
heartbeat_seconds = {heartbeat}
token = {{ env = "KEY" }}
"""


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


class Heart(ManualClock):
    """Knows which of those that look after things are asleep until the next heartbeat, and since when."""

    def __init__(self) -> None:
        super().__init__(datetime.now(UTC))
        self.asleep: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """As any clock."""
        task = asyncio.current_task()
        if seconds != _HEARTBEAT or task is None or not task.get_name().startswith("health "):
            # Others too do something at each heartbeat: history, silence, trials.
            return await super().sleep(seconds)
        self.asleep.append(began := self.counted())
        try:
            return await super().sleep(seconds)
        finally:
            self.asleep.remove(began)


@dataclass
class Town:
    """A gateway, everybody at its other ends, and an operator."""

    gateway: Gateway
    clock: Heart
    operator: Operator
    folder: Path
    twilio: Twilio
    telegram: BotApi
    relay: RelayPeer
    # For tests, as pytest hands it out.
    patch: pytest.MonkeyPatch
    written: int = field(default=0)

    async def beat(self) -> dict[str, Any]:
        """A heartbeat later, when everything was looked at again."""
        await self._until_asleep(since=0)
        self.clock.advance(seconds=_HEARTBEAT)
        await self._until_asleep(since=self.clock.counted())
        return await self.operator.parts()

    async def _until_asleep(self, since: float) -> None:
        async with asyncio.timeout(30):
            while sum(began >= since for began in self.clock.asleep) < len(self.gateway.monitor.loops()):  # noqa: ASYNC110  # a heartbeat rings no bell
                await asyncio.sleep(0.005)

    async def until(self, told: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """What is said once it is so, within two minutes by the clock on the wall."""
        for _ in range(int(_SECONDS / _HEARTBEAT)):
            parts = await self.beat()
            if told(parts):
                return parts
        raise AssertionError({(name, way): finding["sentence"] for name, ways in parts.items() for way, finding in ways.items() if finding["state"] != "ok"})

    async def write(self, text: str, mended: Path = Path("/nonexistent")) -> None:
        """A citizen's letter; where it breaks its reader, until that file is there."""
        self.written += 1
        await self.gateway.inlets["post"].receive(letter(text, f"SM{self.written}", at=self.clock.now(), meta={"mended": str(mended)}))

    async def text(self, renamed: dict[str, str]) -> None:
        """A short message, by Twilio, whose fields have other names now."""
        self.written += 1
        params, _ = self.twilio.incoming(_DOOR, from_=f"+62812000{self.written:05d}", to="1708", body="Jalan rusak di Girimukti")
        params = {renamed.get(name, name): value for name, value in params.items()}
        door = f"http://127.0.0.1:{self.gateway.port}/in/sms/message"
        async with self.operator.session.post(door, data=params, headers=signed_headers(KEY, _DOOR, params, "sha1")) as answer:
            assert answer.status == 200


@asynccontextmanager
async def town(deployment: Deployment, folder: Path, patch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    """Everything is well in it."""
    clock, papers = Heart(), pair(folder)
    twilio, telegram, relay = Twilio(ACCOUNT, KEY, clock.now), BotApi(BOT, NAME, clock.now), RelayPeer()
    twilio.numbers["1708"] = Line(_DOOR)
    async with twilio.serve() as api, telegram.serve() as bot_api, relay_peer(relay) as port, aiohttp.ClientSession() as session:
        ends = {
            "heartbeat": _HEARTBEAT,
            "account": ACCOUNT,
            "twilio": api,
            "telegram": bot_api,
            "relay": port,
            "certificate": papers.certificate,
            "key": papers.key,
        }
        patch.setenv("BOT", BOT)
        config = deployment.config(channels=_CHANNELS.format(**ends))
        config = config.model_copy(update={"journal": config.journal.model_copy(update={"min_free_bytes": 1024 * 1024})})
        async with deployment.node(clock=clock, config=config) as gateway:
            operator = Operator(session, f"http://127.0.0.1:{gateway.operators_port}")
            here = Town(gateway, clock, operator, folder, twilio, telegram, relay, patch)
            telegram.hosts[_PUBLIC] = f"http://127.0.0.1:{gateway.port}"
            async with asyncio.timeout(30):
                await telegram.until(lambda: telegram.hook is not None)
            await here.until(lambda parts: not unwell(parts))
            yield here


def unwell(parts: dict[str, Any]) -> dict[tuple[str, str], tuple[str, str]]:
    """What is not well, with state and type."""
    return {(name, way): (said["state"], said["type"]) for name, ways in parts.items() for way, said in ways.items() if said["state"] != "ok"}


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
    for _ in range(int(600 / _HEARTBEAT)):
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
    here.twilio.numbers["1708"] = Line(_DOOR)


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
}


def test_every_fault_of_the_table_is_injected_and_no_other() -> None:
    assert [row.fault for row in TABLE] == list(FAULTS)


def test_each_of_its_sentences_is_explained_among_the_others() -> None:
    explained = list(rows((ROOT / "docs" / "health.md").read_text(encoding="utf-8"), "Every sentence"))
    for fault, part, state, kind, sentence, _ in _CELLS:
        where = f"a channel, {part.partition(', ')[2]}" if ", " in part else part
        words = kind.strip("`")
        assert [1 for at, how, kinds, said, *_ in explained if (at, how) == (where, state) and words in kinds and _pattern(said).fullmatch(sentence)], fault


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.fault)
async def test_a_fault_is_told_within_two_minutes_of_the_right_part_alone_and_goes_away_by_itself(
    row: Row, request: pytest.FixtureRequest, on_sqlite: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment, folder = on_sqlite, tmp_path
    if row.fault == "disk nearly full":
        folder = request.getfixturevalue("tiny_disk")
        deployment = Deployment(folder, "sqlite+aiosqlite:///store.db")
    async with town(deployment, folder, monkeypatch) as here:
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
