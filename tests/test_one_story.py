"""One story, told through each front door of the demo: the four reports are equal but for channel, sender, ids and times."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image

from gateway.demo.command import Demo, playing
from gateway.demo.providers import site
from gateway.speaking import speak
from gateway.store import tables
from tests.web_citizen import Citizen, citizen

NUMBER = re.compile(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2}")
REPORT, WHERE, WHEN, MORE = "Lampu jalan mati", "di depan masjid Nurul Iman RT 5 Girimukti", "kemarin", "Tambahan: tiangnya juga miring"
# What an officer says in the end.
DONE = "Lampunya sudah kami ganti."


def photo() -> bytes:
    """Of a lamp post."""
    new = io.BytesIO()
    Image.new("RGB", (64, 48), (40, 60, 90)).save(new, "JPEG")
    return new.getvalue()


@dataclass
class Teller:
    """Siti at one door."""

    play: Demo
    page: TestClient[web.Request, web.Application]
    # Of the report, once she knows it.
    number: str = ""
    heard: list[str] = field(default_factory=list)

    async def says(self, text: str, picture: bytes = b"") -> None:
        raise NotImplementedError

    def told(self) -> list[str]:
        """All that came back so far."""
        raise NotImplementedError

    async def hears(self, what: str) -> None:
        """The next words of ours, which say that."""
        await until_async(self._more)
        self.heard.append(self.told()[len(self.heard)])
        assert what.lower() in self.heard[-1].lower()

    async def _more(self) -> bool:
        return len(self.told()) > len(self.heard)

    async def begins(self) -> None:
        await self.says(REPORT)
        await self.hears("Di mana")
        self.number = NUMBER.findall(self.heard[-1])[0]


class OnThePhone(Teller):
    """By SMS."""

    async def says(self, text: str, picture: bytes = b"") -> None:
        form = aiohttp.FormData({"tulisan": text})
        form.add_field("foto", io.BytesIO(picture), filename="foto.jpg", content_type="image/jpeg")
        answer = await self.page.post("/hp", params={"nomor": "+6281234567890"}, data=form, allow_redirects=False)
        assert answer.status == 303

    def told(self) -> list[str]:
        return [message.body for message in self.play.around.twilio.sent if message.to == "+6281234567890"]


class InTheChat(Teller):
    """With the bot."""

    async def says(self, text: str, picture: bytes = b"") -> None:
        form = aiohttp.FormData({"tulisan": text})
        form.add_field("foto", io.BytesIO(picture), filename="foto.jpg", content_type="image/jpeg")
        answer = await self.page.post("/telegram", params={"akun": "81234567"}, data=form, allow_redirects=False)
        assert answer.status == 303

    def told(self) -> list[str]:
        return [str(said["text"]) for said in self.play.around.bot_api.sent(81234567)]


class ByMail(Teller):
    """Always in the same thread."""

    thread = "/surel?alamat=siti@warga.example"

    async def says(self, text: str, picture: bytes = b"") -> None:
        form = aiohttp.FormData({"tulisan": text} | ({} if self.heard else {"perihal": REPORT}), quote_fields=False)
        if picture:
            form.add_field("lampiran", io.BytesIO(picture), filename="foto.jpg", content_type="image/jpeg")
        answer = await self.page.post(self.thread, data=form, allow_redirects=False)
        assert answer.status == 303
        self.thread = answer.headers["Location"]

    def told(self) -> list[str]:
        return [mail.text for mail in self.play.around.post_office.delivered]


@dataclass
class AtTheForm(Teller):
    """With a browser: what was said stands on the report's own page."""

    web: Citizen | None = None
    link: str = ""

    async def says(self, text: str, picture: bytes = b"") -> None:
        assert self.web is not None
        files = [("foto.jpg", "image/jpeg", picture)] if picture else []
        if not self.link:
            # Asked once for the place, she sends it again as it is.
            key = await self.web.key()
            said = {"jenis": "pengaduan", "judul": REPORT, "isi": text}
            asked = await self.web.send([("kunci", key), *said.items()])
            fields = [(name, asked.inputs(name)[0]) for name in ("kunci",)]
            receipt = await self.web.send([*fields, *said.items(), ("ditanya", "1")])
            self.link, self.number = receipt.link, receipt.number
            return
        page = await self.web.get(f"/l/{self.link}")
        [key] = page.inputs("kunci")[:1]
        path = re.findall(r'<form[^>]*action="([^"]+)"', page.html)[-1]
        answer = await self.web.send([("kunci", key), ("tautan", self.link), ("balas", text)], files, path=path)
        assert answer.status in {200, 303}, answer.text

    async def begins(self) -> None:
        await self.says(REPORT)
        assert self.number

    async def hears(self, what: str) -> None:
        assert self.web is not None
        browser = self.web

        async def said() -> bool:
            return what in (await browser.get(f"/l/{self.link}")).text

        await until_async(said)


async def until_async(done: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while True:
            if await done():
                return
            # A person presses "reload".
            await asyncio.sleep(0.05)


async def rows(play: Demo, table: str) -> list[dict[str, Any]]:
    which = getattr(tables, table)
    async with play.gateway.store.snapshot() as tx:
        return [dict(row._mapping) for row in await tx.all(sa.select(which).order_by(*which.primary_key.columns))]  # noqa: SLF001  # SQLAlchemy's public name


async def tells(teller: Teller) -> None:
    """The whole of it."""
    on_the_page = isinstance(teller, AtTheForm)
    await teller.begins()
    if on_the_page:
        await teller.hears("Di mana")
    await teller.says(WHERE)
    await teller.hears("Kapan")
    await teller.says(WHEN)
    await teller.hears("Menunggu verifikasi" if on_the_page else "lengkap")
    await teller.says(MORE, photo())
    if isinstance(teller, OnThePhone | InTheChat):
        await teller.hears("sudah masuk")
    await until_async(lambda: has_event(teller, "added"))
    await teller.says("STATUS")
    await teller.hears("Menunggu verifikasi")
    async with teller.play.gateway.store.transaction() as tx:
        office = teller.play.gateway.office
        now = teller.play.gateway.clock.now()
        await speak(tx, office, teller.number, DONE, "wati", teller.play.gateway.config.public_urls, now, close=True)
    for outbox in teller.play.gateway.outboxes.values():
        outbox.loop.ring()
    await teller.hears(DONE)
    await teller.says("4")
    await until_async(lambda: has_event(teller, "rated"))


async def has_event(teller: Teller, kind: str) -> bool:
    case = await case_of(teller)
    return any(row["kind"] == kind for row in await rows(teller.play, "events") if row["case"] == case)


async def case_of(teller: Teller) -> object:
    return next((row["case"] for row in await rows(teller.play, "case_numbers") if row["number"] == teller.number), None)


# What differs, and must: whose it is and when it was.
_OF_ITS_OWN = {"id", "number", "channel", "compared", "correspondent", "opened_at", "changed_at", "asked_at", "said_at", "closed_at"}
_OF_ITS_SENDER = {"sender", "sender_name", "received_at"}
# Whether the kind was read from the words or chosen in a field, which only a form has; whether a title was written, and counts for the language; and what a
# door saw ("too_fast").
_OF_ITS_DOOR = {"kind_found", "title_how", "language_found", "remarks"}


async def equal_part(teller: Teller) -> dict[str, Any]:
    """All of a report that does not depend on the door."""
    case_id = await case_of(teller)
    [case] = [row for row in await rows(teller.play, "cases") if row["id"] == case_id]
    complaints = [row["complaint"] for row in await rows(teller.play, "complaint_versions") if row["case"] == case_id]
    on_case = {row["message"] for row in await rows(teller.play, "message_cases") if row["case"] == case_id}
    messages = sorted((row for row in await rows(teller.play, "messages") if row["id"] in on_case), key=lambda row: row["at"])
    files = [row for row in await rows(teller.play, "attachments") if row["message"] in on_case and row["derived_from"] is None]
    return {
        "case": {name: value for name, value in case.items() if name not in _OF_ITS_OWN},
        "complaints": [{name: value for name, value in one.items() if name not in _OF_ITS_SENDER | _OF_ITS_DOOR} for one in complaints],
        "events": [(row["version"], row["kind"], row["actor"]) for row in await rows(teller.play, "events") if row["case"] == case_id],
        "messages": [(row["direction"], row["shown"] or row["text"], row["decision"]) for row in messages],
        "files": [(row["type"], row["state"], row["blob"]) for row in files],
    }


def _differing(one: Any, other: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401  # rows, and what is in them
    """What is not the same, as pairs, so that a failure can be read."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [(name, pair) for name in one.keys() | other.keys() for pair in _differing(one.get(name), other.get(name))]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [pair for a, b in zip(one, other, strict=True) for pair in _differing(a, b)]
    return [] if one == other else [(one, other)]


@pytest.mark.timeout(240)
async def test_the_story_is_the_same_whichever_door_it_was_told_at(tmp_path: Path) -> None:
    async with playing(tmp_path, 0) as play, AsyncExitStack() as stack:
        page = await stack.enter_async_context(TestClient(TestServer(site(play.around, play.gateway.config, play.config_path))))
        browser = await stack.enter_async_context(citizen(play.gateway))
        tellers = [OnThePhone(play, page), InTheChat(play, page), ByMail(play, page), AtTheForm(play, page, web=browser)]
        for teller in tellers:
            await tells(teller)
        told = [await equal_part(teller) for teller in tellers]
    phone, *others = told
    for other in others:
        for part, value in phone.items():
            assert _differing(other[part], value) == [], part
    assert phone["case"]["status"] == "closed"
    assert phone["case"]["rating"] == 4
    assert [kind for _, kind, _ in phone["events"]] == ["opened", "supplied", "supplied", "added", "answered", "closed", "rated"]
    assert [decision for _, _, decision in phone["messages"]] == ["new_case", "answer", "answer", "addition", "spoken"]
    complaint = phone["complaints"][-1]
    assert (complaint["text"], complaint["place"]["text"], complaint["incident"]["text"], complaint["missing"]) == (REPORT, WHERE, WHEN, [])
