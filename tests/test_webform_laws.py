"""The laws that hold for an SMS hold for a form: killed, struck, full, cut off or without its store, the gateway keeps what it answered for, once."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import random
import re
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web
from hypothesis import example, given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from channels import MESSAGE, About, Arrival, Door, Inlet, Kept, Receipt
from channels.sms import reading as sms
from channels.webform import reading as webform
from channels.webform.channel import WebForm
from channels.webform.settings import WebFormSettings
from channels.webform.tokens import new_key
from gateway import server, tracking, words
from gateway.demo.twilio import Twilio
from gateway.inlet import CoreInlet
from gateway.journal import Journal
from gateway.store import sqlite
from normalizer import Complaint, Report, Setting, normalize
from tests.fate import CANCEL, FAILURES, HANG, TELLTALE, Fate, each, under
from tests.ports import free_port
from tests.sms_channel import ACCOUNT, CITIZEN, NOW, OURS
from tests.test_disk_full import fill, tiny_disk
from tests.test_kill import TOKEN, reconciles, serving, until_handed_over
from tests.test_normalizer_laws import LAW
from tests.test_store_away import waits
from tests.test_webform_door import part
from tests.web_citizen import CHANNEL, Citizen, File, Page, at_the_form
from tests.world import Deployment, an_inlet

__all__ = ["tiny_disk"]

# Which aiohttp itself calls, and hides only in one of two places (multipart.py, _read_chunk_from_stream).

MAGIC = b"\xff\xd8\xff\xe0"
MIB = 1024 * 1024

_Said = TypeVar("_Said")


def photo(name: str, size: int = 2000) -> bytes:
    """One that nobody else has."""
    return random.Random(name).randbytes(size).join([MAGIC, b""])  # noqa: S311  # not a secret


def digest(content: bytes) -> str:
    """What the gateway calls it."""
    return hashlib.sha256(content).hexdigest()


def jpeg(content: bytes) -> list[File]:
    """As a browser sends it."""
    return [("foto.jpg", "image/jpeg", content)]


def is_kept(folder: Path, content: bytes) -> bool:
    """Under its digest, whole."""
    name = digest(content)
    file = folder / name[:2] / name
    return file.is_file() and file.read_bytes() == content


def unfinished(folder: Path) -> list[Path]:
    """Files that nobody will ever finish."""
    return list(folder.rglob("*.part"))


# kill -9

KILLS = 10
CITIZENS = 6

_CONFIG = """
name = "Lapor Uji"
public_urls = ["http://127.0.0.1:{port}"]
data_dir = "data-a"
[listen]
public = "127.0.0.1:{port}"
operators = "127.0.0.1:0"
[journal]
min_free_bytes = 0
[channels.web]
kind = "web-form"
max_per_minute = 1000000
"""


class Town:
    """Citizens who fill in one form after the other, and press the button again when the answer does not come."""

    def __init__(self, siti: Citizen) -> None:
        self._siti = siti
        self._ids = itertools.count()
        # By the number that a citizen was told: what was said, and the photo.
        self.told: dict[str, tuple[str, bytes | None]] = {}
        self.again = 0

    async def one_citizen(self) -> None:
        """Until cancelled."""
        while True:
            i = next(self._ids)
            said, content = f"laporan {i}", photo(f"{i}") if i % 3 == 0 else None
            key = await self._until_answered(self._siti.key)
            page = await self._until_answered(partial(self._taken, said, jpeg(content) if content else [], key))
            assert page.number not in self.told
            self.told[page.number] = said, content

    async def _taken(self, said: str, files: Sequence[File], key: str) -> Page | None:
        page = await self._siti.report(said, files, key=key)
        assert page.status in {200, 503}
        assert bool(page.number) == (page.status == 200)
        return page if page.number else None

    async def _until_answered(self, ask: Callable[[], Awaitable[_Said | None]]) -> _Said:
        while True:
            with suppress(aiohttp.ClientError):
                answer = await ask()
                if answer is not None:
                    return answer
            self.again += 1
            await asyncio.sleep(0.02)


async def test_killed_while_citizens_send_forms_each_number_that_was_shown_is_one_case_with_its_photo(tmp_path: Path) -> None:
    seed = random.randrange(10**6)  # noqa: S311  # not a secret
    print(f"seed {seed}")  # noqa: T201  # to repeat a failure
    chance = random.Random(seed)  # noqa: S311  # not a secret
    port = free_port()
    config = tmp_path / "gateway.toml"
    config.write_text(_CONFIG.format(port=port))
    async with aiohttp.ClientSession() as session:
        town = Town(Citizen(session, f"http://127.0.0.1:{port}"))
        citizens: list[asyncio.Task[None]] = []
        for _ in range(KILLS):
            async with serving(config, port) as process:
                citizens = citizens or [asyncio.create_task(town.one_citizen()) for _ in range(CITIZENS)]
                await asyncio.sleep(chance.uniform(0.05, 0.6))
                process.kill()
        async with serving(config, port) as process:
            before = len(town.told)
            while len(town.told) < before + CITIZENS:  # noqa: ASYNC110  # what was interrupted is taken now
                await asyncio.sleep(0.01)
            for citizen in citizens:
                citizen.cancel()
            assert {type(end) for end in await asyncio.gather(*citizens, return_exceptions=True)} == {asyncio.CancelledError}
            await until_handed_over(tmp_path / "data-a" / "journal.db")
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 25) == 0
    assert town.again >= KILLS
    await each_is_there_once(Deployment(tmp_path, f"sqlite+aiosqlite:///{tmp_path}/data-a/store.db"), town)
    await reconciles(config)


async def each_is_there_once(deployment: Deployment, town: Town) -> None:
    """Every number that a citizen was shown is one case, with her words and her photo."""
    cases = await deployment.rows("cases")
    by_number = {case["number"]: case for case in cases}
    assert len(by_number) == len(cases) == len({case["title"] for case in cases})
    assert {number: said for number, (said, _) in town.told.items()}.items() <= {number: case["title"] for number, case in by_number.items()}.items()
    outcomes = Counter((row["wire_id"], row["outcome"]) for row in await deployment.rows("arrivals"))
    assert {outcome for _, outcome in outcomes} <= {"case", "duplicate"}
    assert [count for (_, outcome), count in outcomes.items() if outcome == "case"] == [1] * len(cases)
    originals = [row for row in await deployment.rows("attachments") if row["derived_from"] is None]
    assert len({row["blob"] for row in originals}) == len(originals)
    blob_of = {row["message"]: row["blob"] for row in originals}
    of_case = {row["case"]: blob_of.get(row["message"]) for row in await deployment.rows("message_cases")}
    folder = deployment.folder / "data-a" / "blobs"
    for number, (_, content) in town.told.items():
        assert of_case[by_number[number]["id"]] == (digest(content) if content else None)
        assert content is None or is_kept(folder, content)


# The store is away


def without_the_question(page: Page) -> str:
    """The page but for what was typed."""
    return re.sub(r'(name="nomor" value=")[^"]*', r"\1", page.html)


async def test_while_the_store_is_away_since_before_the_start_forms_are_taken_and_nobody_learns_which_numbers_there_are(
    on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Five seconds each, one after the other: an engine's first connection is made alone.
    for options in (sqlite.WRITER, sqlite.LOOKERS):
        monkeypatch.setitem(options, "connect_args", {"timeout": 0.5, "async_creator_fn": sqlite.connect})
    config = on_sqlite.config(channels=CHANNEL)
    config.data_dir.mkdir(exist_ok=True)
    with closing(sqlite3.connect(config.data_dir / "store.db", isolation_level=None, timeout=60)) as blocker:
        blocker.execute("BEGIN EXCLUSIVE")
        async with at_the_form(on_sqlite) as (gateway, siti):
            contents = [photo(f"{i}") if i % 2 else None for i in range(10)]
            pages = [await siti.report(f"laporan {i}", jpeg(content) if content else []) for i, content in enumerate(contents)]
            assert {page.status for page in pages} == {200}
            assert len({page.number for page in pages}) == len({page.link for page in pages}) == gateway.journal.counts.accepted == 10
            assert [page.number for page in pages] == [entry.number for entry in await gateway.journal.take(0, 100)]
            await waits(gateway)
            siti.session.cookie_jar.clear()
            never = tracking.number(b"another" * 5, "web", "x")
            asking = asyncio.gather(*(siti.get(path) for path in (f"/lacak?nomor={pages[0].number}", f"/lacak?nomor={never}", f"/l/{pages[0].link}")))
            # Whoever waits for the store keeps nobody waiting who writes.
            pages.append(await siti.report("laporan 10"))
            assert not asking.done()
            asked = await asking
            assert [(page.status, page.headers["Retry-After"]) for page in asked] == [(503, "30")] * 3
            assert len({without_the_question(page) for page in asked}) == 1
            blocker.execute("ROLLBACK")
            await on_sqlite.until("cases", lambda rows: len(rows) == 11)
            for i, page in enumerate(pages):
                assert (await siti.get("/lacak", params={"nomor": page.number})).status == 200
                assert f"laporan {i}" in (await siti.get(f"/l/{page.link}")).text
        assert all(is_kept(config.data_dir / "blobs", content) for content in contents if content)
    assert {account.verdict for account in await on_sqlite.accounts()} == {"ok"}


# Our own fault at each await

# What aiohttp also raises for a body that is no form: thrown where the body is read, it looks like one.
NONSENSE = {"value", "unicode", "key"}
SHORT, LONG = 1.0, 30.0
PUBLIC = "https://lapor.example"


class Watched:
    """The way in as it is, and whether it was this, not the browser's body, that failed."""

    def __init__(self, inlet: CoreInlet) -> None:
        self._inlet = inlet
        self.failed = False
        self.sign = inlet.sign
        self.holds = inlet.holds

    async def receive(self, arrival: Arrival) -> Receipt:
        try:
            return await self._inlet.receive(arrival)
        except (Exception, asyncio.CancelledError):
            self.failed = True
            raise

    async def keep(self, chunks: AsyncIterator[bytes]) -> Kept:
        of_the_body: list[BaseException] = []

        async def watched() -> AsyncIterator[bytes]:
            try:
                async for chunk in chunks:
                    yield chunk
            except (Exception, asyncio.CancelledError) as error:
                of_the_body.append(error)
                raise

        try:
            return await self._inlet.keep(watched())
        except (Exception, asyncio.CancelledError):
            self.failed = not of_the_body
            raise


class FatedForm(WebForm):
    """The form as it is, with each of its doors for sending under a fate."""

    fate = Fate(0, HANG)
    begun: asyncio.Event

    def routes(self, inlet: Inlet) -> Iterable[Door]:
        return [replace(door, handler=self._under_fate(door)) if door.method == "POST" else door for door in super().routes(inlet)]

    def _under_fate(self, door: Door) -> Any:  # noqa: ANN401  # as Door has it
        async def handler(request: web.Request) -> web.StreamResponse:
            self.begun.set()
            return await under(self.fate, door.handler(request))  # type: ignore[arg-type]

        return handler


@dataclass(frozen=True, slots=True)
class Hall:
    """A public listener with a form, and a real journal behind it."""

    form: FatedForm
    inlet: Watched
    journal: Journal
    port: int
    # By the name of a report.
    keys: dict[str, str] = field(default_factory=dict)

    def number(self, name: str) -> str:
        return tracking.number(b"k" * 32, "web", self._key(name).partition("-")[0])

    def _key(self, name: str) -> str:
        return self.keys.setdefault(name, new_key(self.inlet.sign, NOW))

    async def post(self, name: str, fate: Fate) -> Page:
        """As a browser does, the body only once the door was entered. Status 0: the connection ended without an answer."""
        fields = [("kunci", self._key(name)), ("isi", f"Jembatan {name} putus"), ("tempat", "Waru")]
        body = a_form(fields, photo(name, 200_000))
        self.inlet.failed = False
        self.form.fate, self.form.begun = fate, asyncio.Event()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(a_head(body, "Connection: close"))
        await self.form.begun.wait()
        answer = b""
        with suppress(ConnectionError):
            writer.write(body)
            answer = await reader.read()
        with suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()
        head, _, html = answer.decode().partition("\r\n\r\n")
        lines = [line.partition(": ") for line in head.split("\r\n")[1:]]
        return Page(int(head.split(" ")[1]) if head else 0, html, {line[0]: line[2] for line in lines})

    async def kept(self) -> set[str]:
        """The numbers of what is in the journal."""
        return {entry.number for entry in await self.journal.take(0, 10_000)}


def a_form(fields: Sequence[tuple[str, str]], content: bytes) -> bytes:
    """A body as a browser sends it: a photo, and a field behind it."""
    parts = [part(name, value) for name, value in fields]
    return b"".join([*parts, part("berkas", more='; filename="foto.jpg"')[:-2], content, b"\r\n", part("situs"), b"--x--\r\n"])


def a_head(body: bytes, *more: str) -> bytes:
    """What goes before it."""
    lines = ["POST /lapor HTTP/1.1", "Host: x", "Content-Type: multipart/form-data; boundary=x", f"Content-Length: {len(body)}", *more, "", ""]
    return "\r\n".join(lines).encode()


@asynccontextmanager
async def hall(folder: Path, seconds: float = LONG) -> AsyncIterator[Hall]:
    settings = WebFormSettings.model_validate({"idle_seconds": seconds, "accept_seconds": seconds})
    form = FatedForm("web", settings, About("Lapor Uji", Setting(), (PUBLIC,), lambda: NOW, words.load(("id", "en"))))
    journal = Journal(folder / "journal.db")
    inlet = Watched(an_inlet(journal, form.fingerprint))
    runner, port = await server.listen(server.public([(form, inlet)]), "127.0.0.1", 0)
    try:
        yield Hall(form, inlet, journal, port)
    finally:
        await runner.cleanup()
        await journal.close()


@pytest.mark.parametrize("what", [*FAILURES, HANG])
async def test_a_form_that_is_struck_at_any_await_is_handed_back_and_what_was_receipted_is_kept(tmp_path: Path, what: str) -> None:
    with capture_logs() as logs:
        async with hall(tmp_path, SHORT if what == HANG else LONG) as desk:
            ours = 0
            for fate in each(what):
                name = f"F{fate.at}"
                page = await desk.post(name, fate)
                assert TELLTALE not in f"{page}"
                if not fate.struck.is_set():
                    assert (page.status, page.number) == (200, desk.number(name))
                    assert page.number in await desk.kept()
                elif desk.inlet.failed or what not in NONSENSE:
                    assert (page.status, page.number, page.headers["Retry-After"]) == (503, "", "30")
                else:
                    assert page.status in {400, 503}
                assert page.headers["Content-Type"].startswith("text/html")
                if desk.inlet.failed:
                    ours += 1
                    assert page.inputs("kunci") == [desk.keys[name]]
                    assert f"Jembatan {name} putus" in page.html
                # She presses the button again.
                again = await desk.post(name, Fate(0, what))
                assert (again.status, again.number) == (200, desk.number(name))
                assert is_kept(tmp_path / "blobs", photo(name, 200_000))
            # Two on the way of the photo to the disk, one on that of the words.
            assert ours >= 3
            assert await desk.kept() == {desk.number(name) for name in desk.keys}
    assert unfinished(tmp_path) == []
    assert TELLTALE not in f"{logs}"


async def test_a_form_whose_task_is_cancelled_is_answered_by_nobody_and_is_taken_when_it_comes_again(tmp_path: Path) -> None:
    async with hall(tmp_path) as desk:
        for fate in each(CANCEL):
            name = f"F{fate.at}"
            page = await desk.post(name, fate)
            assert page.status in ({0, 503} if fate.struck.is_set() else {200})
            again = await desk.post(name, Fate(0, CANCEL))
            assert (again.status, again.number) == (200, desk.number(name))
        assert await desk.kept() == {desk.number(name) for name in desk.keys}


@pytest.mark.parametrize("plain", [False, True])
async def test_a_browser_that_falls_silent_in_the_middle_is_answered_with_what_it_said_so_far(tmp_path: Path, plain: bool) -> None:  # noqa: FBT001  # a parameter of the table
    async with hall(tmp_path, SHORT) as desk:
        key = new_key(desk.inlet.sign, NOW)
        body = a_form([("kunci", key), ("isi", "Lampu mati"), ("tempat", "Waru")], photo("besar", 100_000))
        said = [a_head(body), body[:50_000]]
        if plain:
            said = [a_head(b"x" * 1000).replace(b"multipart/form-data; boundary=x", b"application/x-www-form-urlencoded"), b"isi=Lampu"]
        reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
        desk.form.begun = asyncio.Event()
        writer.write(b"".join(said))
        async with asyncio.timeout(10):
            head = await reader.readuntil(b"\r\n\r\n")
            html = await reader.readuntil(b"</html>")
        assert head.startswith(b"HTTP/1.1 503")
        page = Page(503, html.decode())
        assert plain or (page.inputs("kunci"), page.inputs("tempat")) == ([key], ["Waru"])
        assert plain or "Lampu mati" in page.html
        assert await desk.kept() == set()
        writer.close()
        await writer.wait_closed()
    assert unfinished(tmp_path) == []


# The disk is full


def handed_back(page: Page, key: str, said: str) -> None:
    """Everything that was typed, for now, under the same key."""
    assert (page.status, page.number, page.headers["Retry-After"]) == (503, "", "30")
    assert page.inputs("kunci") == [key]
    assert said in page.html
    assert page.inputs("tempat") == ["Desa Giri Mukti"]
    assert 'id="tutup-anonim" name="tutup" value="anonim" checked' in page.html


@pytest.mark.parametrize("content", [None, photo("kecil"), photo("besar", 300_000)], ids=["words", "a photo", "a large photo"])
async def test_on_a_disk_that_is_nearly_full_a_form_is_handed_back_and_taken_once_there_is_room(
    on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    config = on_sqlite.config(channels=CHANNEL)
    config = config.model_copy(update={"journal": config.journal.model_copy(update={"min_free_bytes": MIB})})
    disk = SimpleNamespace(f_bavail=0, f_frsize=1)
    monkeypatch.setattr(os, "statvfs", lambda _: disk)
    async with at_the_form(on_sqlite, config=config) as (gateway, siti):
        key, files = await siti.key(), jpeg(content) if content else []
        handed_back(await siti.report("Lampu mati", files, key=key, tutup="anonim"), key, "Lampu mati")
        assert gateway.journal.counts.accepted == 0
        disk.f_bavail = 100 * MIB
        page = await siti.report("Lampu mati", files, key=key, tutup="anonim")
        assert page.number
        await on_sqlite.until("cases", lambda rows: [row["number"] for row in rows] == [page.number])
    assert content is None or is_kept(config.data_dir / "blobs", content)
    assert unfinished(on_sqlite.folder) == []


async def test_words_that_are_added_to_a_report_are_handed_back_too(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    config = on_sqlite.config(channels=CHANNEL)
    config = config.model_copy(update={"journal": config.journal.model_copy(update={"min_free_bytes": MIB})})
    disk = SimpleNamespace(f_bavail=100 * MIB, f_frsize=1)
    monkeypatch.setattr(os, "statvfs", lambda _: disk)
    async with at_the_form(on_sqlite, config=config) as (_, siti):
        receipt = await siti.report("Lampu mati")
        await on_sqlite.until("cases", lambda rows: len(rows) == 1)
        key = (await siti.get(f"/l/{receipt.link}")).inputs("kunci")[0]
        said = [("kunci", key), ("tautan", receipt.link), ("balas", "Sudah dua minggu")]
        disk.f_bavail = 0
        for files in ([], jpeg(photo("besar", 300_000))):
            page = await siti.send(said, files, "/lapor/tambah")
            assert (page.status, page.headers["Retry-After"]) == (503, "30")
            assert (page.inputs("kunci"), page.inputs("tautan")) == ([key], [receipt.link])
            assert "Sudah dua minggu" in page.html
        disk.f_bavail = 100 * MIB
        assert (await siti.send(said, jpeg(photo("besar", 300_000)), "/lapor/tambah")).status == 200
        await on_sqlite.until("arrivals", lambda rows: len(rows) == 2)
    assert len(await on_sqlite.rows("cases")) == 1


async def test_a_disk_that_is_full_to_the_last_byte_hands_the_form_back_and_takes_it_later(tiny_disk: Path) -> None:
    deployment = Deployment(tiny_disk, "sqlite+aiosqlite:///store.db")
    async with at_the_form(deployment) as (gateway, siti):
        first = await siti.report("Jalan rusak")
        await deployment.until("cases", lambda rows: len(rows) == 1)
        fill(tiny_disk / "other")
        key, content = await siti.key(), photo("besar", 300_000)
        handed_back(await siti.report("Lampu mati", jpeg(content), key=key, tutup="anonim"), key, "Lampu mati")
        (tiny_disk / "other").unlink()
        page = await siti.report("Lampu mati", jpeg(content), key=key, tutup="anonim")
        await deployment.until("cases", lambda rows: {row["number"] for row in rows} == {first.number, page.number})
        assert is_kept(gateway.config.data_dir / "blobs", content)


async def test_a_journal_at_its_limit_hands_the_form_back_keeps_the_photo_and_takes_it_once_it_is_drained(on_sqlite: Deployment) -> None:
    config = on_sqlite.config(channels=CHANNEL, journal="max_bytes = 400000")
    with closing(sqlite3.connect(config.data_dir / "store.db", isolation_level=None, timeout=60)) as blocker:
        blocker.execute("BEGIN EXCLUSIVE")
        async with at_the_form(on_sqlite, config=config) as (_, siti):
            taken: list[str] = []
            while (page := await siti.report(f"{len(taken)} " + "x" * 10_000)).number:
                taken.append(page.number)
            assert len(taken) > 5
            key, long = await siti.key(), "Lampu mati " * 1000
            handed_back(page := await siti.report(long, jpeg(photo("foto")), key=key, tutup="anonim"), key, long)
            [there] = page.inputs("simpan")
            blocker.execute("ROLLBACK")
            # Pressed again and again; the photo need not be sent any more.
            async with asyncio.timeout(30):
                while not (page := await siti.report(long, key=key, tutup="anonim", simpan=there)).number:
                    handed_back(page, key, long)
            cases = await on_sqlite.until("cases", lambda rows: len(rows) == len(taken) + 1)
    assert {case["number"] for case in cases} == {*taken, page.number}
    assert [row["blob"] for row in await on_sqlite.rows("attachments") if row["derived_from"] is None] == [digest(photo("foto"))]


# The browser vanishes


async def test_a_browser_that_vanishes_anywhere_in_an_upload_and_sends_it_all_again_has_one_case_and_one_number(on_sqlite: Deployment) -> None:
    chance = random.Random(7)  # noqa: S311  # not a secret
    async with at_the_form(on_sqlite) as (gateway, siti):
        numbers: dict[str, bytes] = {}
        for i in range(11):
            key, content = await siti.key(), photo(f"{i}", 300_000)
            body = a_form([("kunci", key), ("isi", f"laporan {i}"), ("tempat", "Waru")], content)
            # The last one vanishes when all is said, before the answer.
            await vanish(gateway.port, body, chance.randrange(len(body)) if i < 10 else len(body), politely=bool(i % 2))
            page = await siti.post(body, headers={"Content-Type": "multipart/form-data; boundary=x"})
            assert page.status == 200
            numbers[page.number] = content
        assert len(numbers) == 11
        cases = await on_sqlite.until("cases", lambda rows: len(rows) == 11)
        folder = gateway.config.data_dir / "blobs"
        async with asyncio.timeout(10):
            while unfinished(folder):  # noqa: ASYNC110  # a folder has no bell
                await asyncio.sleep(0.01)
        assert {case["number"] for case in cases} == set(numbers)
        assert all(is_kept(folder, content) for content in numbers.values())
        assert Counter(row["outcome"] for row in await on_sqlite.rows("arrivals"))["case"] == 11
    originals = [row["blob"] for row in await on_sqlite.rows("attachments") if row["derived_from"] is None]
    assert sorted(originals) == sorted(map(digest, numbers.values()))


async def vanish(port: int, body: bytes, after: int, *, politely: bool) -> None:
    """So many bytes of the body, then nothing: a connection that is closed, or one that breaks."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(a_head(body) + body[:after])
    await writer.drain()
    if politely:
        writer.close()
        await writer.wait_closed()
    else:
        writer.transport.abort()


# The same words are the same complaint

HERE = Setting(country="ID", zone="Asia/Makassar", region="64.09", keywords=(("BPN", "64.71"), ("PPU", "64.09")))


def by_sms(text: str) -> Complaint:
    """What an SMS becomes."""
    raw = urlencode({"MessageSid": "SM1", "From": CITIZEN, "To": OURS["sms"], "Body": text, "NumMedia": "0"}).encode()
    return complaint(sms.read(Arrival("sms", MESSAGE, "SM1", raw, NOW)))


def by_form(text: str, *more: tuple[str, str]) -> Complaint:
    """What a form becomes in which only the text was filled in; a browser sends its empty fields, too."""
    fields = [*more, ("judul", ""), ("isi", text), ("tanggal", ""), ("tempat", ""), ("instansi", ""), ("kontak", "")]
    return complaint(webform.read(Arrival("web", MESSAGE, "0" * 32, webform.pack(fields, [], []), NOW)))


def complaint(read: object) -> Complaint:
    """But for who sent it."""
    assert isinstance(read, Report)
    return replace(normalize(read, HERE), sender=None)


@LAW
@given(st.text(max_size=300) | st.text("PpUuBN #:,.\r\n\t\u200b\U0001f6a7jalanrusak", max_size=60))
@example("PPU jalan rusak")
@example("ppu")
@example("#bpn: lampu mati")
@example("\U0001f6a7\U0001f6a7 banjir \U0001f64f")
@example("a\x00b\x1b[31m\r\nc\u202e")
@example("")
@example("jalan rusak. " * 3000)
def test_the_same_words_by_sms_and_by_form_are_the_same_complaint(text: str) -> None:
    said = by_sms(text)
    assert by_form(text) == said
    # The form's first question has an answer from the start; of an SMS it is told from its words, or not, and what must be asked for depends on it.
    declared = by_form(text, ("jenis", "pengaduan"))
    assert (declared.kind, declared.kind_found) == ("complaint", None)
    assert declared == replace(said, kind="complaint", kind_found=None, missing=declared.missing)


_SMS = f"""
[keywords]
PPU = "64.09"
{CHANNEL}too_fast_seconds = 0
[channels.sms]
kind = "twilio-sms"
account_sid = "{ACCOUNT}"
auth_tokens = [{{{{ env = "TOKEN" }}}}]
public_urls = ["{PUBLIC}"]
from_numbers = {{{{ sms = "{OURS["sms"]}" }}}}
api_base = "{{api}}"
"""


async def test_the_same_words_through_both_real_doors_are_the_same_complaint(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "TOKEN", TOKEN)
    twilio = Twilio(ACCOUNT, TOKEN)
    texts = ["PPU jalan rusak", "Lampu mati.\nSudah dua minggu!", "\U0001f6a7 banjir \U0001f64f", "The street light is broken", "a\x07b\u202ec  d", "+&=%41;"]
    async with twilio.serve() as api, at_the_form(on_sqlite, _SMS.format(api=api)) as (gateway, siti):
        twilio.hosts[PUBLIC] = f"http://127.0.0.1:{gateway.port}"
        for text in texts:
            await twilio.text(f"{PUBLIC}/in/sms/message", from_=f"+6281234567{sum(text.encode()) % 1000:03d}", to=OURS["sms"], body=text)
            assert (await siti.send([("kunci", await siti.key()), ("isi", text), ("ditanya", "1")])).number
        await on_sqlite.until("cases", lambda rows: len(rows) == 2 * len(texts))
    came: dict[str, list[Any]] = {"sms": [], "web": []}
    arrivals = {row["case"]: row["channel"] for row in await on_sqlite.rows("arrivals") if row["outcome"] == "case"}
    for version in await on_sqlite.rows("complaint_versions"):
        said = {name: value for name, value in version["complaint"].items() if name not in {"sender", "received_at"}}
        came[arrivals[version["case"]]].append(said)
    assert len(came["sms"]) == len(texts)
    assert sorted(came["sms"], key=str) == sorted(came["web"], key=str)
