"""The pages by number and by private link: whoever may see something sees it, nobody learns anything else, and guessing leads nowhere."""

from __future__ import annotations

import asyncio
import io
import os
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image

from channels import MESSAGE, Arrival
from channels.webform import reading
from gateway import sweeper, tracking
from gateway.public.guesses import Guesses
from gateway.store import dues, tables
from gateway.store.engine import Transaction
from tests.manual_clock import ManualClock
from tests.postbox import letter
from tests.test_store_away import start, stop
from tests.web_citizen import CHANNEL, Citizen, Page, at_the_form, citizen
from tests.world import Deployment, overheard, postgres, receive_all

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
BOTH = CHANNEL + '[channels.post]\nkind = "postbox"\n'


async def reported(deployment: Deployment, siti: Citizen, *files: tuple[str, str, bytes], **more: str) -> Page:
    """The receipt of a report that is stored by now."""
    page = await siti.report("Lampu jalan mati di depan rumah saya", files, **more)
    await deployment.until("cases", lambda rows: any(row["number"] == page.number for row in rows))
    return page


async def asked(somebody: Citizen, number: str) -> Page:
    """Somebody who has no receipt."""
    somebody.session.cookie_jar.clear()
    return await somebody.get("/lacak", params={"nomor": number}, allow_redirects=False)


def without_the_question(page: Page) -> str:
    """The page but for what was typed."""
    return re.sub(r'(name="nomor" value=")[^"]*', r"\1", page.html)


async def test_a_number_tells_how_far_it_is_and_nothing_of_what_was_said(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite) as (_, siti):
        receipt = await reported(on_sqlite, siti, judul="Lampu Pak Budi", kontak="081234567890")
        for written in (receipt.number, receipt.number.lower().replace("-", " ")):
            page = await asked(siti, written)
            assert page.status == 200
            assert "Menunggu verifikasi" in page.text
            assert "Dinas Komunikasi dan Informatika akan memeriksa laporan Anda" in page.text
            for hidden in ("Budi", "Lampu", "0812", receipt.link):
                assert hidden not in page.html


async def test_an_address_typed_by_hand_leads_on(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite) as (_, siti):
        for typed, meant in {
            "/lapor/": "/lapor?bahasa=id",
            "/LAPOR": "/lapor?bahasa=id",
            "/Lacak/": "/lacak?bahasa=id",
            "/Lacak?nomor=%0D%0AX": "/lacak?nomor=%0D%0AX",
        }.items():
            led = await siti.get(typed, allow_redirects=False)
            assert (led.status, led.headers["Location"]) == (302, meant)
        nowhere = await siti.get("/laporan")
        assert nowhere.status == 404
        assert "Alamat ini tidak ada." in nowhere.text
        assert 'href="/lapor?bahasa=id"' in nowhere.html
        # What is no page is no page: a door that providers call says no more than that.
        assert "<html" not in (await siti.get("/in/nobody/message")).html


async def test_whoever_has_the_receipt_is_led_to_the_reports_own_page(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite) as (_, siti):
        receipt = await reported(on_sqlite, siti)
        led = await siti.get("/lacak", params={"nomor": receipt.number}, allow_redirects=False)
        assert (led.status, led.headers["Location"]) == (303, f"/l/{receipt.link}?bahasa=id")
        assert "Lampu jalan mati di depan rumah saya" in (await siti.get(f"/l/{receipt.link}")).text
        other = await reported(on_sqlite, siti)
        # The cookie is the other report's now.
        assert (await siti.get("/lacak", params={"nomor": receipt.number}, allow_redirects=False)).status == 200
        assert other.number != receipt.number


async def test_a_wrong_a_hidden_and_a_not_yet_stored_number_are_answered_alike(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite) as (gateway, siti):
        hidden = await reported(on_sqlite, siti, tutup="rahasia")
        never = tracking.number(b"another" * 5, "web", "x")
        pages = [await asked(siti, one) for one in (hidden.number, never, "XXXX-XXXX-XXXX", "'; DROP TABLE cases", "9" * 5000, hidden.number[:-1])]
        assert {page.status for page in pages} == {404}
        assert len({without_the_question(page) for page in pages}) == 1
        assert "tidak dikenal, tidak terbuka, atau belum siap" in pages[0].text
        # So are private links.
        assert (await siti.get("/l/" + "A" * 22)).status == (await siti.get("/l/x")).status == 404
        assert (await siti.get(f"/l/{hidden.link}")).status == 200
        assert gateway.journal.counts.accepted == 1


async def test_what_could_not_be_read_counts_as_confidential(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite, BOTH) as (gateway, siti):
        [receipt] = await receive_all(gateway, [letter("raise", "SM1", at=NOW)])
        await on_sqlite.until("cases", lambda rows: len(rows) == 1)
        assert (await asked(siti, receipt.number)).status == 404


async def test_an_sms_can_be_followed_by_its_number(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite, BOTH) as (gateway, siti):
        [receipt] = await receive_all(gateway, [letter("Jalan rusak", "SM1", at=NOW)])
        await on_sqlite.until("cases", lambda rows: len(rows) == 1)
        page = await asked(siti, receipt.number)
        assert page.status == 200
        assert "Jalan rusak" not in page.text


@pytest.mark.parametrize("cookie", ["", "A" * 22, "x"])
async def test_each_question_costs_the_store_the_same_whatever_the_answer_is(on_sqlite: Deployment, cookie: str) -> None:
    # What the node asks by itself in the background is none of theirs.
    async with at_the_form(on_sqlite, more="[likeness]\nenabled = false") as (gateway, siti):
        hidden = await reported(on_sqlite, siti, tutup="rahasia")
        siti.session.cookie_jar.clear()
        told: list[list[str]] = []

        def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
            if "cases" in statement and "SELECT" in statement:
                told[-1].append(statement)

        with overheard(gateway.store, note):
            for number in (hidden.number, tracking.number(b"a" * 32, "web", "x"), "XXXX"):
                told.append([])
                await siti.get("/lacak", params={"nomor": number}, headers={"Cookie": f"laporan={cookie}"} if cookie else {})
        assert told[0] == told[1] == told[2]
        assert told[0]


async def test_while_the_store_is_away_everybody_gets_the_same_answer(tmp_path: Path) -> None:
    with postgres() as server:
        deployment = Deployment(tmp_path, f"postgresql+asyncpg://postgres@/postgres?host={server.get_postmaster_info().socket_dir}")
        async with at_the_form(deployment) as (_, siti):
            receipt = await reported(deployment, siti)
            stop(server)
            pages = await asyncio.gather(*(asked(siti, number) for number in (receipt.number, "XXXX")), siti.get(f"/l/{receipt.link}"), siti.get("/l/x"))
            start(server)
    assert {page.status for page in pages} == {503}
    assert {page.headers["Retry-After"] for page in pages} == {"30"}
    assert all("Laporan Anda aman" in page.text for page in pages)
    assert without_the_question(pages[0]) == without_the_question(pages[1])


async def test_whoever_looks_does_not_wait_for_whoever_writes(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite) as (gateway, siti):
        receipt = await reported(on_sqlite, siti)
        with closing(sqlite3.connect(gateway.config.data_dir / "store.db", isolation_level=None, timeout=60, check_same_thread=False)) as writer:
            await asyncio.to_thread(writer.execute, "BEGIN IMMEDIATE")
            assert (await siti.get(f"/l/{receipt.link}")).status == 200
            writer.execute("ROLLBACK")


# Guessing


async def test_who_guesses_is_kept_out_and_who_has_a_number_is_not(on_sqlite: Deployment) -> None:
    clock = ManualClock(NOW)
    async with on_sqlite.node(channels=CHANNEL, clock=clock) as gateway, citizen(gateway) as siti:
        receipt = await reported(on_sqlite, siti)
        thief = {"X-Forwarded-For": "203.0.113.9"}
        for _ in range(20):
            assert (await siti.get("/lacak?nomor=XXXX", headers=thief)).status == 404
        siti.session.cookie_jar.clear()
        kept_out = await siti.get("/lacak", params={"nomor": receipt.number}, headers=thief)
        assert (kept_out.status, kept_out.headers["Retry-After"]) == (429, "600")
        assert (await asked(siti, receipt.number)).status == 200
        clock.advance(minutes=10)
        assert (await siti.get("/lacak", params={"nomor": receipt.number}, headers=thief)).status == 200


def address(i: int) -> str:
    """Of the i-th guesser."""
    return f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}"


@pytest.mark.parametrize(("addresses", "most"), [(1, 40), (1_000_000, 40_000)])
def test_a_hundred_thousand_guesses_are_few_questions(addresses: int, most: int) -> None:
    guesses = Guesses()
    answered = 0
    for i in range(100_000):
        # A hundred a second, for a quarter of an hour and more.
        now = NOW + timedelta(milliseconds=10 * i)
        if guesses.may(address(i % addresses), now):
            answered += 1
            guesses.missed(address(i % addresses), now)
    # Of 29^11 numbers, with a million reports among them, one guess in ten thousand million hits.
    assert answered <= most


def test_however_many_guess_it_is_little_memory() -> None:
    guesses = Guesses()
    for i in range(60_000):
        guesses.missed(address(i), NOW)
    assert len(guesses._misses) == 50_000  # noqa: SLF001  # the memory is the point


def test_a_network_of_ipv6_is_one_guesser() -> None:
    guesses = Guesses()
    for i in range(20):
        guesses.missed(f"2001:db8::{i:x}", NOW)
    assert not guesses.may("2001:db8::ffff", NOW)
    assert guesses.may("2001:db8:1::1", NOW)


# Photos


def photo_with_position() -> bytes:
    """Taken in Penajam."""
    exif = Image.Exif()
    exif[0x8825] = {1: "S", 2: (1.0, 17.0, 24.0), 3: "E", 4: (116.0, 30.0, 36.0)}
    exif[0x010F] = "Pabrik HP Rahasia"
    file = io.BytesIO()
    Image.new("RGB", (640, 480), "gray").save(file, "JPEG", exif=exif)
    return file.getvalue()


async def test_where_a_photo_was_taken_is_offered_as_the_place_and_then_gone_from_it(on_sqlite: Deployment) -> None:
    original = photo_with_position()
    async with at_the_form(on_sqlite) as (_, siti):
        receipt = await reported(on_sqlite, siti, ("rumah saya.jpg", "image/jpeg", original))
        await on_sqlite.until("attachments", lambda rows: len(rows) == 2)
        own = await siti.get(f"/l/{receipt.link}")
        assert "Di sinikah kejadiannya?" in own.text
        assert "-1.29000, 116.51000" in own.text
        shown = re.search(rf'href="(/l/{receipt.link}/[0-9a-f]{{64}})"', own.html)
        assert shown
        async with siti.session.get(siti.base + shown[1]) as answer:
            picture = await answer.read()
            assert answer.headers["Content-Disposition"].startswith("attachment")
            assert (answer.headers["Content-Type"], answer.headers["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
            assert answer.headers["Content-Security-Policy"] == "sandbox"
        assert b"Pabrik" in original
        assert b"Pabrik" not in picture
        assert Image.open(io.BytesIO(picture)).getexif() == {}
        # Yes, it is.
        box = [(name, own.inputs(name)[0]) for name in ("kunci", "tautan", "balas", "lintang", "bujur")]
        assert (await siti.send(box, path="/lapor/tambah")).status == 200
        versions = await on_sqlite.until("complaint_versions", lambda rows: len(rows) == 2)
        again = await siti.get(f"/l/{receipt.link}")
    place = versions[1]["complaint"]["place"]
    assert place["location"] == {"latitude": -1.29, "longitude": 116.51, "accuracy_m": None}
    assert place["text"] == "Desa Giri Mukti"
    assert "Anda menunjukkan tempatnya" in again.text
    assert "Di sinikah" not in again.text


async def test_a_strangers_link_opens_no_picture(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite) as (_, siti):
        receipt = await reported(on_sqlite, siti, ("a.jpg", "image/jpeg", photo_with_position()))
        rows = await on_sqlite.until("attachments", lambda rows: len(rows) == 2)
        other = await reported(on_sqlite, siti)
        for row in rows:
            allowed = 200 if row["derived_from"] is not None else 404
            assert (
                await siti.get(f"/l/{receipt.link}/{row['blob']}", raise_for_status=False)
                if allowed == 404
                else await raw(siti, f"/l/{receipt.link}/{row['blob']}")
            ).status == allowed
            assert (await siti.get(f"/l/{other.link}/{row['blob']}")).status == 404
        assert (await siti.get(f"/l/{receipt.link}/..%2f..%2fdeployment.key")).status == 404


async def raw(siti: Citizen, path: str) -> Page:
    """Something that is no text."""
    async with siti.session.get(siti.base + path) as answer:
        await answer.read()
        return Page(answer.status, "")


# A contact that was typed


@pytest.mark.parametrize(
    ("contact", "sent"), [("0812-3456-7890", 1), ("+62 812 3456 7890", 1), ("+1 202 555 0123", 0), ("siti@contoh.example", 0), ("1708", 0), ("tidak ada", 0)]
)
async def test_a_number_that_somebody_typed_is_told_of_the_report_only_in_countries_that_are_allowed(on_sqlite: Deployment, contact: str, sent: int) -> None:
    async with at_the_form(on_sqlite, BOTH) as (_, siti):
        receipt = await reported(on_sqlite, siti, kontak=contact)
        notices = await on_sqlite.rows("notices")
        assert [(row["channel"], row["to_value"]) for row in notices] == [("post", "+6281234567890")] * sent
        assert all(receipt.number in row["short"] and "Lampu" not in row["short"] for row in notices)
    # It proves nothing: nobody becomes the reporter by it.
    [case] = await on_sqlite.rows("cases")
    assert case["correspondent"] is None


async def test_a_typed_number_gets_three_messages_a_day(on_sqlite: Deployment) -> None:
    clock = ManualClock(NOW)
    async with on_sqlite.node(channels=BOTH, clock=clock) as gateway, citizen(gateway) as siti:
        for _ in range(5):
            await reported(on_sqlite, siti, kontak="081234567890")
        notices = await on_sqlite.rows("notices")
        assert sorted(row["reason"] for row in notices) == ["", "", "", *["this contact was typed often enough today"] * 2]
        clock.advance(hours=25)
        await reported(on_sqlite, siti, kontak="081234567890")
    assert sum(row["state"] != "withheld" for row in await on_sqlite.rows("notices")) == 4


# Files that nobody refers to


async def test_a_file_that_nobody_refers_to_is_swept_after_a_day_and_no_other(on_sqlite: Deployment) -> None:
    clock = ManualClock(datetime.now(UTC))
    pdf = b"%PDF-1.4\n"
    async with on_sqlite.node(channels=CHANNEL, clock=clock) as gateway, citizen(gateway) as siti:
        await reported(on_sqlite, siti, ("dirujuk.pdf", "application/pdf", pdf + b"1"))
        # Two that were never sent with a report, one of them in a report that waits for the store.
        forgotten = await siti.report("", [("lupa.pdf", "application/pdf", pdf + b"2"), ("salah.txt", "text/plain", b"x")])
        assert forgotten.status == 422
        blobs = on_sqlite.folder / "data-a" / "blobs"
        with closing(sqlite3.connect(gateway.config.data_dir / "store.db", isolation_level=None, timeout=60, check_same_thread=False)) as blocker:
            await asyncio.to_thread(blocker.execute, "BEGIN EXCLUSIVE")
            assert (await siti.report("menunggu", [("tunggu.pdf", "application/pdf", pdf + b"3")])).number
            clock.advance(hours=25)
            assert len([file for file in blobs.rglob("*") if file.is_file()]) == 3
            # One is in the store, one only in the journal.
            await gateway.sweeper.sweep()
            assert len([file for file in blobs.rglob("*") if file.is_file()]) == 2
            blocker.execute("ROLLBACK")

        def filed(rows: list[dict[str, Any]]) -> bool:
            clock.advance(seconds=1)
            return len(rows) == 2

        await on_sqlite.until("cases", filed)
        await gateway.sweeper.sweep()
        kept = sorted(file.read_bytes()[-1:] for file in blobs.rglob("*") if file.is_file())
    assert kept == [b"1", b"3"]
    assert gateway.sweeper.swept == 1


async def test_the_files_of_what_could_not_be_read_yet_are_kept(on_sqlite: Deployment) -> None:
    clock = ManualClock(datetime.now(UTC))
    async with on_sqlite.parts(channels=BOTH, clock=clock) as gateway:
        kept = await gateway.inlets["post"].keep(_chunks(b"%PDF-1.4 rusak"))
        await receive_all(gateway, [letter("raise", "SM1", at=NOW, meta={"files": kept.digest})])
        raw = f"raise {kept.digest}"
        await gateway.inlets["post"].receive(letter(raw, "SM2", at=NOW))
        await gateway.intake.drain()
        store = gateway.store
        async with store.transaction() as tx:
            await tx.run(sa.text("UPDATE arrivals SET outcome = 'parked'"))
        clock.advance(hours=25)
        await gateway.sweeper.sweep()
        assert gateway.blobs.path(kept.digest).exists()


async def test_the_sweeper_comes_round_to_every_file(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeper, "_BATCH", 3)
    clock = ManualClock(datetime.now(UTC))
    async with on_sqlite.parts(channels=CHANNEL, clock=clock) as gateway:
        await gateway.store.migrate()
        digests = [(await gateway.inlets["web"].keep(_chunks(f"berkas {i}".encode()))).digest for i in range(10)]
        kept = set(sorted(digests)[:5])
        async with gateway.store.transaction() as tx:
            await tx.run(tables.blobs.insert(), [{"digest": digest, "size": 1, "place": "folder"} for digest in kept])
        clock.advance(hours=25)
        for _ in range(5):
            await gateway.sweeper.sweep()
        assert {digest for digest in digests if gateway.blobs.path(digest).exists()} == kept


async def test_a_file_that_is_asked_for_again_is_kept_for_another_day(on_sqlite: Deployment) -> None:
    async with on_sqlite.parts(channels=CHANNEL) as gateway:
        inlet = gateway.inlets["web"]
        kept = await inlet.keep(_chunks(b"berkas"))
        os.utime(gateway.blobs.path(kept.digest), (0, 0))
        assert gateway.blobs.older_than(datetime.now(UTC) - timedelta(hours=24), "", 10) == [kept.digest]
        assert await inlet.holds(kept.digest)
        assert gateway.blobs.older_than(datetime.now(UTC) - timedelta(hours=24), "", 10) == []
        assert not await inlet.holds("a" * 64)


async def _chunks(content: bytes) -> AsyncIterator[bytes]:
    yield content


@pytest.mark.parametrize(
    ("one", "other", "same"), [("::ffff:1.2.3.4", "::ffff:1.2.3.5", False), ("::ffff:1.2.3.4", "1.2.3.4", True), ("2001:db8::1", "2001:db8::2", True)]
)
def test_households_are_told_apart(one: str, other: str, *, same: bool) -> None:
    guesses = Guesses()
    for _ in range(20):
        guesses.missed(one, NOW)
    assert guesses.may(other, NOW) is not same


async def test_typed_numbers_never_use_up_what_belongs_to_those_who_wrote_by_sms(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite, BOTH, per_channel=10) as (gateway, siti):
        for i in range(6):
            await reported(on_sqlite, siti, kontak=f"08123456780{i}")
        await receive_all(gateway, [letter("Jalan rusak", "SM1", at=datetime.now(UTC), sender="+6281299999999")])
        notices = await on_sqlite.until("notices", lambda rows: len(rows) == 7)
    assert sum(row["state"] == "withheld" for row in notices) == 4
    [own] = [row for row in notices if row["to_value"] == "+6281299999999"]
    assert own["state"] != "withheld"


async def test_a_report_that_is_handed_over_while_the_sweeper_asks_keeps_its_files(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock(datetime.now(UTC))
    async with on_sqlite.parts(channels=CHANNEL, clock=clock) as gateway:
        inlet = gateway.inlets["web"]
        kept = await inlet.keep(_chunks(b"%PDF-1.4"))
        raw = reading.pack([("isi", "Lampu mati")], [{"name": "a.pdf", "type": "application/pdf", "digest": kept.digest, "size": kept.size}], [])
        await gateway.store.migrate()
        await inlet.receive(Arrival("web", MESSAGE, "a" * 32, raw, clock.now()))
        asked = dues.referred

        async def then_it_moves(tx: Transaction, digests: set[str]) -> set[str]:
            found = await asked(tx, digests)
            await gateway.intake.drain()
            return found

        monkeypatch.setattr(dues, "referred", then_it_moves)
        clock.advance(hours=25)
        await gateway.sweeper.sweep()
        assert gateway.blobs.path(kept.digest).exists()
