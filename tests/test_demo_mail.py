"""The mail program in the browser: a citizen writes, the real gateway answers in the thread, and an answer to that lands on the same case."""

from __future__ import annotations

import asyncio
import hashlib
import html
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gateway.demo import mailbox
from gateway.demo.command import Demo, playing
from gateway.demo.mailbox import Draft, File, Letter
from gateway.demo.pages import MAX_FORM_BYTES, MIB
from gateway.demo.post_office import Posted, bring
from gateway.demo.providers import free_ports, site
from gateway.store import lookup
from tests.mails import mail, multipart, part
from tests.test_readme import run
from tests.web_citizen import citizen

SITI, OFFICE = "siti@warga.example", "lapor@ppu.example"
NUMBER = re.compile(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2}")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 12
NOON = datetime(2026, 3, 17, 4, tzinfo=UTC)


@dataclass(frozen=True)
class Program:
    """A mail program's page in front of the whole demo."""

    page: TestClient[web.Request, web.Application]
    play: Demo

    async def look(self, path: str = "/surel", **query: str) -> str:
        answer = await self.page.get(path, params={"alamat": SITI, **query})
        assert answer.status == 200
        return await answer.text()

    async def again(self, address: str) -> str:
        """What is there when one presses "reload"."""
        return await (await self.page.get(address)).text()

    async def write(self, text: str, *files: File, address: str = "", **fields: str) -> aiohttp.ClientResponse:
        """Fill the form and send it; `address`: of the thread that it stands in."""
        form = aiohttp.FormData({"tulisan": text, **fields}, quote_fields=False)
        for file in files:
            form.add_field("lampiran", io.BytesIO(file.content), filename=file.name, content_type=file.kind)
        return await self.page.post(address or f"/surel?alamat={SITI}", data=form, allow_redirects=False)

    async def begin(self, text: str = "Jalan di depan SDN 009 berlubang besar.", *files: File, **fields: str) -> str:
        """The address of the new thread, once the acknowledgement is in it."""
        answer = await self.write(text, *files, **{"perihal": "Jalan rusak", **fields})
        assert answer.status == 303
        await self.play.around.post_office.until(1)
        return answer.headers["Location"]

    @property
    def posted(self) -> Posted:
        """What left the program last."""
        return self.play.around.post_office.posted[-1]


@asynccontextmanager
async def program(folder: Path, *, smtp_port: int = 0, email: str = OFFICE) -> AsyncIterator[Program]:
    """Open. The page takes `smtp_port` for the gateway's, and `email` for the office's address."""
    async with playing(folder, 0) as play:
        around = replace(play.around, smtp_port=smtp_port or play.around.smtp_port)
        config = play.gateway.config
        config = config.model_copy(update={"site": config.site.model_copy(update={"email": email})})
        async with TestClient(TestServer(site(around, config, play.config_path))) as page:
            yield Program(page, play)


def contents(folder: Path, name: str) -> list[bytes]:
    """Of all files of that name."""
    return [path.read_bytes() for path in folder.rglob(name)]


async def on_the_case(play: Demo, number: str, count: int) -> list[str]:
    """What became of all that is on a case, once so many are."""
    async with asyncio.timeout(60):
        while True:
            async with play.gateway.store.transaction() as tx:
                kept = await lookup.by_number(tx, number)
            if len(kept) == count:
                return [one.outcome for one in kept]
            await asyncio.sleep(0.01)


async def test_a_citizen_writes_and_the_answer_stands_in_the_thread_with_its_number(tmp_path: Path) -> None:
    async with program(tmp_path) as siti:
        there = await siti.begin("Jalan di depan SDN 009\r\nberlubang besar.", File("foto jalan.png", "image/png", PNG))
        page = await siti.again(there)
        number = NUMBER.findall(page)[0]
        outcomes = await on_the_case(siti.play, number, 1)
        told = await asyncio.to_thread(run, "trace", number, "--config", str(siti.play.config_path), folder=tmp_path)
    assert page.index("<p>Jalan di depan SDN 009</p><p>berlubang besar.</p>") < page.index(f"Laporan diterima: {number}")
    assert re.search(r"Tanda terima tiba dalam \d+,\d detik", page)
    assert 'foto jalan.png<br><span class="soft">4 KB</span>' in page
    assert f"{OFFICE} kepada {SITI}" in page
    assert outcomes == ["case"]
    assert f"accepted by mail as {number}" in told.stdout
    assert contents(tmp_path, hashlib.sha256(PNG).hexdigest()) == [PNG]


async def test_a_reply_goes_to_the_plus_address_and_lands_on_the_same_case_and_hears_what_is_still_missing(tmp_path: Path) -> None:
    async with program(tmp_path) as siti:
        there = await siti.begin()
        [told] = siti.play.around.post_office.delivered
        answer = await siti.write("Sejak tiga hari lalu.", address=there)
        number = NUMBER.findall(told.text)[0]
        outcomes = await on_the_case(siti.play, number, 2)
        await siti.play.around.post_office.until(2)
        page = await siti.again(answer.headers["Location"])
        reply = message_from_bytes(siti.posted.raw)
    assert (answer.status, answer.headers["Location"]) == (303, there)
    assert f"<{siti.posted.to}>" == told.mail["Reply-To"]
    assert siti.posted.to.startswith("lapor+")
    assert reply["In-Reply-To"] == told.mail["Message-ID"]
    assert reply["References"].split() == [told.mail["In-Reply-To"], told.mail["Message-ID"]]
    assert reply["Subject"] == f"Re: Laporan diterima: {number}"
    assert outcomes == ["case", "message"]
    assert len(siti.play.around.post_office.delivered) == 2
    assert page.count('class="msg mail') == 4


async def test_an_answering_machine_gets_no_answer(tmp_path: Path) -> None:
    async with program(tmp_path) as siti:
        there = await siti.begin()
        [told] = siti.play.around.post_office.delivered
        await siti.write("", address=there, cuti="1")
        outcomes = await on_the_case(siti.play, NUMBER.findall(told.text)[0], 2)
        page = await siti.again(there)
        # Somebody who is answered, behind it.
        await siti.begin(perihal="Lampu mati")
        await siti.play.around.post_office.until(2)
    assert message_from_bytes(siti.play.around.post_office.posted[1].raw)["Auto-Submitted"] == "auto-replied"
    assert outcomes == ["case", "message"]
    assert "Terkirim sebagai mesin penjawab. Mesin tidak dibalas." in page
    assert len(siti.play.around.post_office.delivered) == 2


async def test_the_mailbox_lists_its_threads_and_a_thread_leads_back_to_it(tmp_path: Path) -> None:
    async with program(tmp_path) as siti:
        empty = await siti.look()
        there = await siti.begin(perihal="")
        full, thread = await siti.look(), await siti.again(there)
    assert "Belum ada surel. Tulis yang pertama di bawah." in empty
    assert f'<a href="{html.escape(there)}">(tanpa perihal)</a></b><small>2 surel, terakhir ' in full
    assert "Dijawab</span>" in full
    back = re.search(r'href="([^"]*)">Kembali ke kotak surat', thread)
    assert back
    assert html.unescape(back[1]) == "/surel?lang=id&alamat=siti%40warga.example"


async def test_two_addresses_are_two_citizens(tmp_path: Path) -> None:
    async with program(tmp_path) as siti:
        await siti.begin()
        budi = await siti.look(alamat="budi@warga.example")
        wrong = await siti.look(alamat="rumah")
    assert "Jalan rusak" not in budi
    assert "Tulis alamat surel lengkap" in wrong
    assert 'value="rumah"' in wrong
    assert "<title>Ada kesalahan: Peragaan surel" in wrong


@pytest.mark.parametrize("why", ["nobody is there", "refused"])
async def test_what_no_door_took_is_told_and_the_words_are_kept(tmp_path: Path, why: str) -> None:
    wrong = {"smtp_port": free_ports(1)[0]} if why == "nobody is there" else {"email": "lain@ppu.example"}
    async with program(tmp_path, **wrong) as siti:
        siti.play.around.post_office.patience_seconds = 0
        answer = await siti.write("Lampu <mati>", perihal="Gelap")
        page, mailbox_page = await answer.text(), await siti.look()
    assert answer.status == 503
    assert "Belum terkirim: kantor sedang tidak menjawab." in page
    assert "Lampu &lt;mati&gt;</textarea>" in page
    assert 'value="Gelap"' in page
    assert "Belum ada surel" in mailbox_page


@pytest.mark.parametrize(
    ("text", "file_bytes", "status", "sentence"),
    [
        (" ", 0, 422, "Tulis dulu isi surelnya"),
        ("Ini lubangnya", 20 * MIB + 1, 413, "semuanya paling besar 20 MB. Tulisan Anda masih ada."),
        ("Ini lubangnya", MAX_FORM_BYTES, 413, "semuanya paling besar 20 MB."),
    ],
    ids=["nothing", "large", "huge"],
)
async def test_what_cannot_be_sent_says_what_to_do_and_sends_nothing(tmp_path: Path, text: str, file_bytes: int, status: int, sentence: str) -> None:
    async with program(tmp_path) as siti:
        answer = await siti.write(text, *([File("film.mp4", "video/mp4", bytes(file_bytes))] if file_bytes else []))
        page = await answer.text()
    assert (answer.status, siti.play.around.post_office.posted) == (status, [])
    assert sentence in page
    assert "<title>Ada kesalahan: Peragaan surel" in page
    assert (text in page) or "masih ada" not in page


async def test_nothing_that_anybody_wrote_is_executed(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    async with program(tmp_path) as siti:
        there = await siti.begin(f"{evil} {{{{ 7 * 7 }}}} {{% raw %}}", File(f"{evil}.png", "image/png", PNG), perihal=f"{evil}\r\nBcc: x@y.example")
        stranger = multipart(
            part("text/plain", evil), part("text/html", evil, Content_Disposition=f'attachment; filename="{evil}"'), Subject=evil, From=f"{evil} <a@b>"
        )
        host, port = siti.play.around.settings["relay"].split(":")
        assert host == "127.0.0.1"
        await bring(int(port), stranger, sender="x@y.example", to=SITI)
        pages = [await siti.again(there), await siti.look(), await siti.look(utas="<1@warga.example>"), await siti.look(alamat=f'">{evil}')]
    assert [page.count("<script") for page in pages] == [1] * 4
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7 * 7 }} {% raw %}</p>" in pages[0]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;</p>" in pages[2]
    sent = message_from_bytes(siti.posted.raw)
    assert (sent["Bcc"], sent["Subject"]) == (None, f"{evil} Bcc: x@y.example")


@pytest.mark.parametrize("path", ["/", "/surel", "/live.js"])
async def test_nothing_from_elsewhere_may_run_or_load(tmp_path: Path, path: str) -> None:
    async with program(tmp_path) as siti:
        answer = await siti.page.get(path)
    assert answer.status == 200
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'")
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


async def test_the_first_page_leads_to_every_door_in_both_languages(tmp_path: Path) -> None:
    async with program(tmp_path) as siti:
        for lang, heading in (("id", "Empat pintu, satu rumah"), ("en", "Four doors, one house")):
            page = await siti.look("/", lang=lang)
            assert heading in page
            doors = re.findall(r'class="btn" href="([^"]*)"', page)
            assert [door.partition("?")[0] for door in doors] == ["/hp", "/telegram", "/surel", f"{siti.play.gateway.config.public_urls[0]}/lapor"]
            for door in doors:
                async with aiohttp.ClientSession() as browser, browser.get(siti.page.make_url(door) if door.startswith("/") else door) as answer:
                    assert f'<html lang="{lang}">' in await answer.text()


async def test_a_form_that_names_a_mail_address_is_acknowledged_in_the_mailbox(tmp_path: Path) -> None:
    async with program(tmp_path) as siti, citizen(siti.play.gateway) as browser:
        number = (await browser.report(kontak=SITI)).number
        await siti.play.around.post_office.until(1)
        mailbox_page = await siti.look()
    assert f"Laporan diterima: {number}</a>" in mailbox_page


async def test_the_page_speaks_english_too(tmp_path: Path) -> None:
    async with program(tmp_path) as siti:
        page = await siti.again((await siti.begin()).replace("lang=id", "lang=en"))
    assert '<html lang="en">' in page
    assert re.search(r"Acknowledgement arrived after \d+\.\d seconds", page)
    assert f"{OFFICE} to {SITI}" in page


def written(**changes: Any) -> Letter:  # noqa: ANN401  # as Draft has them
    """A mail of hers that was written down and is read again."""
    number = changes.pop("number", 1)
    draft = Draft(**{"sender": SITI, "to": OFFICE, "subject": "Jalan", "text": "rusak", **changes})
    return mailbox.letter(mailbox.compose(draft, f"<{number}@warga.example>", NOON), NOON + timedelta(minutes=number), mine=True)


@pytest.mark.parametrize("subject", ["Jalan rusak", "Jalan \u2014 rusak " * 20, "kata " * 40, "x" * 200])
def test_a_mail_is_read_as_it_was_written(subject: str) -> None:
    files = [File("foto \u2014 jalan.png", "image/png", PNG), File("surat.pdf", "application/pdf", b"%PDF-1.4\n\r."), File("a.eml", "message/rfc822", mail())]
    read = written(subject=subject, text="satu\n\n.\nFrom dua \u2014 tiga\n", files=files)
    assert (read.id, read.sender, read.to, read.reply_to, read.automatic) == ("<1@warga.example>", SITI, OFFICE, SITI, False)
    assert read.subject == " ".join(subject.split())
    assert read.text == "satu\n\n.\nFrom dua \u2014 tiga\n"
    assert [(file.name, file.content) for file in read.files] == [(file.name, file.content) for file in files]
    assert [file.kind for file in read.files] == ["image/png", "application/pdf", "application/octet-stream"]


def test_a_long_message_id_stays_whole_in_an_answer() -> None:
    long = replace(written(), id=f"<{'k7m2' * 7}.{'0198' * 9}@ppu.example>", references=["<0@warga.example>"])
    raw = mailbox.compose(Draft(SITI, OFFICE, "Re: x", "y", answers=long), "<2@warga.example>", NOON)
    assert f"In-Reply-To: {long.id}\r\n".encode() in raw
    assert mailbox.letter(raw, NOON, mine=True).references[:2] == ["<0@warga.example>", long.id]


def test_mails_stand_in_the_thread_that_they_name() -> None:
    first, other = written(number=1), written(number=2)
    answer = written(number=3, answers=first)
    # A mail between them is not here.
    nobody = replace(answer, id="<9@x.example>", references=[])
    orphans = [written(number=number, answers=nobody) for number in (4, 5)]
    again = written(number=6, answers=answer)
    together = mailbox.threads([again, *orphans, answer, other, first])
    assert [[letter.id[1] for letter in thread.letters] for thread in together] == [["1", "3", "6"], ["4", "5"], ["2"]]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00",
        b"Subject: =?utf-8?b?!!!?= =?x-none?q?=ff?=\r\n\r\nx",
        "Subject: Jalan r\u00fasak\r\n\r\nx".encode("latin-1"),
        b"Content-Type: text/plain; charset=x-none\r\n\r\n\xff",
        b"Content-Type: text/plain; charset*=bad''%ff; name*0*=x-none'%ff\r\n\r\nx",
        b"Content-Type: multipart/mixed\r\n\r\nx",
        b"Content-Transfer-Encoding: base64\r\n\r\n!!!",
        b"From: <<<<@,\r\nTo: (((\r\nReply-To: \r\n\r\n",
    ],
)
def test_a_broken_mail_is_shown_as_far_as_it_goes(raw: bytes) -> None:
    read = mailbox.letter(raw, NOON, mine=False)
    assert mailbox.threads([read])[0].letters == [read]
