"""The form's door: what a citizen sends is taken, once, and whatever is wrong with it, nothing that was typed is lost."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import resource
import zlib
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa

from channels import MESSAGE, Arrival
from channels.webform import reading
from gateway.assembly import reading as reading_desk
from gateway.replay import replay
from gateway.store import lookup, tables
from tests.test_pictures import monochrome
from tests.web_citizen import CHANNEL, Citizen, Page, at_the_form, citizen
from tests.world import Deployment, handed_over

JPEG = b"\xff\xd8\xff\xe0" + bytes(5000)
PDF = b"%PDF-1.4\n" + bytes(3000)
SMALL = CHANNEL + "max_file_bytes = 20000\nmax_files = 3\nmax_text_bytes = 16384\nmax_body_bytes = 70000\n"


async def filed(deployment: Deployment, count: int) -> list[dict[str, Any]]:
    """So many arrivals, with what became of them."""
    return await deployment.until("arrivals", lambda rows: len(rows) == count)


async def test_a_report_is_answered_with_a_receipt_that_says_all_of_it(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite) as (_, siti):
        page = await siti.report("Lubang besar", [("foto jalan.jpg", "image/jpeg", JPEG)], judul="Jalan rusak", tutup="anonim", tanggal="2026-11-20")
        [arrival] = await filed(on_sqlite, 1)
    assert (page.status, page.number) == (200, arrival["number"])
    for words in (
        "Laporan Anda sudah kami terima",
        "Pengaduan: Jalan rusak",
        "Tempat: Desa Giri Mukti",
        "2026-11-20",
        "1 berkas",
        "Anonim.",
        "paling lambat",
        "WITA",
    ):
        assert words in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert f"laporan={page.link}; HttpOnly; Path=/; SameSite=Lax" in page.headers["Set-Cookie"]
    [case] = await on_sqlite.rows("cases")
    assert (case["number"], case["anonymous"], case["confidential"], case["title"]) == (page.number, True, False, "Jalan rusak")
    [original] = [row for row in await on_sqlite.rows("attachments") if row["derived_from"] is None]
    assert (original["name"], original["type"], original["blob"]) == ("foto jalan.jpg", "image/jpeg", hashlib.sha256(JPEG).hexdigest())
    assert await on_sqlite.rows("notices") == []


@pytest.mark.parametrize(
    ("contact", "clear"),
    [
        *((one, True) for one in ("0812-3456-7890", "+62 812 3456 7890", "siti@warga.example", " siti.aminah@dinas.go.id ", "siti@warga.example.")),
        *((one, False) for one in ("bukan nomor", "0812", "siti@", "siti@gmail", "@", "a@b.example c@d.example")),
    ],
)
async def test_a_contact_that_nobody_can_be_reached_by_is_told_on_the_receipt_and_the_report_is_taken(on_sqlite: Deployment, contact: str, clear: bool) -> None:  # noqa: FBT001
    async with at_the_form(on_sqlite) as (_, siti):
        page = await siti.report("Lampu jalan mati", kontak=contact)
        assert (page.status, bool(page.number)) == (200, True)
        assert contact.strip() in page.text
        assert ("tidak mengenalinya sebagai nomor HP atau surel" not in page.text) == clear
        nothing = await siti.report("Lampu jalan mati lagi")
        assert "<dt>Kontak</dt>" not in nothing.text


async def test_a_double_click_or_a_reload_is_the_same_number_and_one_case(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite) as (gateway, siti):
        key = await siti.key()
        pages = await asyncio.gather(*(siti.report(key=key, files=[("a.jpg", "image/jpeg", JPEG)]) for _ in range(50)))
        assert {page.status for page in pages} == {200}
        assert len({page.number for page in pages}) == len({page.link for page in pages}) == 1
        await handed_over(gateway)
        # A row may have gone to the store before the last click; they are the same all the same.
        clicked = gateway.journal.counts.accepted
        # Once more when the journal is empty again: another row, the same case.
        assert (await siti.report(key=key, files=[("a.jpg", "image/jpeg", JPEG)])).number == pages[0].number
        await handed_over(gateway)
        assert gateway.journal.counts.accepted == clicked + 1
    rows = await on_sqlite.rows("arrivals")
    assert sorted(str(row["outcome"]) for row in rows) == ["case", *["duplicate"] * clicked]
    assert len(await on_sqlite.rows("cases")) == 1


async def test_going_back_and_changing_the_words_amends_the_same_case(deployment: Deployment) -> None:
    async with at_the_form(deployment) as (_, siti):
        key = await siti.key()
        first = await siti.report("Lampu mati", key=key, tutup="anonim")
        # Both may well be filed in one batch.
        second = await siti.report("Lampu mati, sudah sebulan", [("a.jpg", "image/jpeg", JPEG)], key=key, tutup="rahasia")
        rows = await filed(deployment, 2)
    assert (first.number, first.link) == (second.number, second.link)
    assert {row["outcome"] for row in rows} == {"case", "message"}
    [case] = await deployment.rows("cases")
    # What was to be hidden once stays hidden: amendments may arrive in any order.
    assert (case["title"], case["anonymous"], case["confidential"], case["version"]) == ("Lampu mati, sudah sebulan", True, True, 2)
    texts = [version["complaint"]["text"] for version in await deployment.rows("complaint_versions")]
    assert texts == ["Lampu mati", "Lampu mati, sudah sebulan"]
    assert [event["kind"] for event in await deployment.rows("events")] == ["opened", "amended"]
    assert {account.verdict for account in await deployment.accounts()} == {"ok"}


async def test_a_receipt_leads_back_to_the_filled_form_also_without_scripts(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite) as (_, siti):
        receipt = await siti.report("Lampu mati\ndi Sotek", [("a.pdf", "application/pdf", PDF)], tutup="anonim")
        fields = [(name, receipt.inputs(name)[0]) for name in ("kunci", "simpan", "tempat", "tutup", "jenis")]
        form = await siti.send([*fields, ("isi", "Lampu mati\ndi Sotek"), ("betulkan", "1")])
        assert (form.status, form.number, form.inputs("kunci")) == (200, "", receipt.inputs("kunci"))
        assert "Lampu mati\ndi Sotek</textarea>" in form.html
        assert 'id="tutup-anonim" name="tutup" value="anonim" checked' in form.html
        again = await siti.send([*fields, ("isi", "Lampu mati di Sotek, sudah sebulan")])
        assert again.number == receipt.number
        rows = await filed(on_sqlite, 2)
    assert {row["outcome"] for row in rows} == {"case", "message"}


async def test_first_and_amendment_on_two_nodes_are_one_case(on_postgres: Deployment) -> None:
    async with at_the_form(on_postgres) as (_, siti), on_postgres.node("b", channels=CHANNEL) as other, citizen(other) as there:
        key = await siti.key()
        pages = await asyncio.gather(siti.report("Lampu mati", key=key), there.report("Lampu mati lagi", key=key))
        assert len({page.number for page in pages}) == 1
        rows = await filed(on_postgres, 2)
    assert sorted(str(row["outcome"]) for row in rows) == ["case", "message"]
    assert len(await on_postgres.rows("cases")) == 1


async def test_words_and_files_are_added_by_the_private_link_and_a_strangers_link_opens_nothing(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite) as (_, siti):
        page = await siti.report("Lampu mati")
        await filed(on_sqlite, 1)
        own = await siti.get(f"/l/{page.link}")
        assert "Lampu mati" in own.text
        added = [("kunci", own.inputs("kunci")[0]), ("tautan", own.inputs("tautan")[0]), ("balas", "Sudah dua minggu")]
        answer = await siti.send(added, [("surat.pdf", "application/pdf", PDF)], "/lapor/tambah")
        assert (answer.status, answer.number) == (200, "")
        await filed(on_sqlite, 2)
        assert "Sudah dua minggu" in (await siti.get(f"/l/{page.link}")).text
        # One that is nobody's: kept, as a report of its own.
        await siti.send([("kunci", await siti.key()), ("tautan", "A" * 22), ("balas", "Bukan milik saya")], path="/lapor/tambah")
        rows = await filed(on_sqlite, 3)
        assert "Bukan milik saya" not in (await siti.get(f"/l/{page.link}")).text
    assert [row["reason"] for row in rows] == ["rule:every_report_is_a_case", "rule:private_link", "rule:link_not_known"]
    assert len(await on_sqlite.rows("cases")) == 2


# What is wrong, and what to do


async def test_a_complaint_without_a_place_is_asked_for_it_once(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite) as (gateway, siti):
        asked = await siti.report("Lampu mati", tempat="", kontak="0812", tutup="rahasia")
        assert (asked.status, asked.number) == (422, "")
        assert "Tulis tempatnya" in asked.text
        assert 'id="tutup-rahasia" name="tutup" value="rahasia" checked' in asked.html
        assert asked.inputs("kontak") == ["0812"]
        assert gateway.journal.counts.accepted == 0
        # Nobody is sent away: pressed again, it is taken.
        taken = await siti.report("Lampu mati", tempat="", ditanya=asked.inputs("ditanya")[0], key=asked.inputs("kunci")[0])
        assert taken.number
        assert (await siti.report("Bagaimana mengurus KTP?", tempat="", jenis="informasi")).number


@pytest.mark.parametrize("fields", [{}, {"isi": "  \n "}, {"tempat": "Waru", "kontak": "0812"}])
async def test_an_empty_form_is_handed_back(on_sqlite: Deployment, fields: dict[str, str]) -> None:
    async with at_the_form(on_sqlite) as (gateway, siti):
        page = await siti.send([("kunci", await siti.key()), *fields.items()])
        assert (page.status, page.number) == (422, "")
        assert "Tulis apa yang terjadi" in page.text
        assert gateway.journal.counts.accepted == 0


@pytest.mark.parametrize(
    ("files", "status", "words"),
    [
        ([("a.jpg", "image/jpeg", JPEG)] * 3, 200, ""),
        ([("a.jpg", "image/jpeg", JPEG)] * 4, 413, "Paling banyak 3 berkas"),
        ([("a.jpg", "image/jpeg", JPEG[:4] + bytes(19_996))], 200, ""),
        ([("a.jpg", "image/jpeg", JPEG[:4] + bytes(19_997))], 413, "a.jpg terlalu besar"),
        ([("a.html", "image/jpeg", b"<html><script>alert(1)</script>")], 422, "a.html tidak bisa kami terima"),
        ([("a.svg", "image/svg+xml", b"<svg onload=alert(1)>")], 422, "a.svg tidak bisa kami terima"),
        ([("a.jpg", "image/jpeg", b"")], 200, ""),
        ([("b.jpg", "image/jpeg", JPEG[:4] + bytes(80_000))], 413, "b.jpg terlalu besar"),
    ],
)
async def test_every_limit_of_files_is_told_and_what_is_good_is_kept(
    on_sqlite: Deployment, files: list[tuple[str, str, bytes]], status: int, words: str
) -> None:
    async with at_the_form(on_sqlite, SMALL) as (gateway, siti):
        page = await siti.report("Lampu mati", [*files])
        assert page.status == status
        assert words in page.text
        assert gateway.journal.counts.accepted == (status == 200)
        if status != 200:
            assert "Lampu mati" in page.html


async def test_files_that_were_kept_need_not_be_sent_again_and_can_be_removed(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite, SMALL) as (_, siti):
        page = await siti.report("Lampu mati", [("a.jpg", "image/jpeg", JPEG), ("b.pdf", "application/pdf", PDF), ("c.txt", "text/plain", b"halo")])
        assert page.status == 422
        assert len(page.inputs("simpan")) == 2
        fields = [("kunci", page.inputs("kunci")[0]), ("isi", "Lampu mati"), ("tempat", "Waru"), *(("simpan", token) for token in page.inputs("simpan"))]
        page = await siti.send([*fields, ("hapus", "1")])
        assert (page.status, len(page.inputs("simpan"))) == (200, 1)
        assert "a.jpg" not in page.text
        page = await siti.send([*fields[:3], ("simpan", page.inputs("simpan")[0])])
        assert page.number
        await filed(on_sqlite, 1)
    [file] = await on_sqlite.rows("attachments")
    assert (file["name"], file["blob"]) == ("b.pdf", hashlib.sha256(PDF).hexdigest())


async def test_a_file_that_somebody_made_up_is_no_file(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite) as (gateway, siti):
        page = await siti.report("Lampu mati", simpan="WyJhIiwiaW1hZ2UvanBlZyIsImFhIiwxLDFd.aaaaaaaaaaaaaaaaaaaaaa")
        assert page.status == 422
        assert "Pilih lagi berkasnya" in page.text
        assert gateway.journal.counts.accepted == 0


@pytest.mark.parametrize("size", [16_000, 20_000])
async def test_a_long_story_is_taken_or_handed_back(on_sqlite: Deployment, size: int) -> None:
    async with at_the_form(on_sqlite, SMALL) as (_, siti):
        page = await siti.report("panjang " * (size // 8))
        assert page.status == (200 if size < 16_384 else 413)
        assert page.status == 200 or page.html.count("panjang") > 1000


@pytest.mark.parametrize("key", ["", "abc", "0" * 32 + "-6b064a10-" + "A" * 22])
async def test_a_page_that_is_not_ours_is_shown_again_and_can_be_sent(on_sqlite: Deployment, key: str) -> None:
    async with at_the_form(on_sqlite) as (gateway, siti):
        page = await siti.send([("kunci", key), ("isi", "Lampu mati"), ("tempat", "Waru")], [("a.jpg", "image/jpeg", JPEG)])
        assert page.status == 403
        assert gateway.journal.counts.accepted == 0
        again = [(name, page.inputs(name)[0]) for name in ("kunci", "simpan", "tempat")]
        assert (await siti.send([*again, ("isi", "Lampu mati")])).number


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://jahat.example"}, {"Origin": "null"}]
)
async def test_another_site_cannot_make_a_browser_send_a_report(on_sqlite: Deployment, headers: dict[str, str]) -> None:
    async with at_the_form(on_sqlite) as (gateway, siti):
        page = await siti.send([("kunci", await siti.key()), ("isi", "dipaksa"), ("tempat", "Waru")], headers=headers)
        assert (page.status, page.number) == (403, "")
        assert gateway.journal.counts.accepted == 0


async def test_the_form_of_a_very_old_browser_is_taken_too(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite) as (_, siti):
        assert (await siti.post({"kunci": await siti.key(), "isi": "Lampu mati", "tempat": "Waru"})).number


# Suspicion is a remark; protection hands the words back


async def test_what_looks_odd_is_a_remark_and_nobody_is_refused(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite, CHANNEL + "flood_per_ten_minutes = 2\n") as (_, siti):
        assert (await siti.report("satu", situs="http://beli.example")).number
        assert (await siti.report("dua")).number
        assert (await siti.report("tiga")).number
        await filed(on_sqlite, 3)
    remarks = [version["complaint"]["remarks"] for version in await on_sqlite.rows("complaint_versions")]
    assert sorted(remarks) == [["honeypot", "too_fast"], ["too_fast"], ["too_fast", "flood"]]


async def test_five_hundred_citizens_behind_one_address_in_a_minute_are_all_taken(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite) as (gateway, siti):
        key = await siti.key()
        pages: list[Page] = []
        for begin in range(0, 500, 50):
            keys = await asyncio.gather(*(siti.key() for _ in range(50)))
            pages += await asyncio.gather(*(siti.report(f"laporan {begin + i}", key=one) for i, one in enumerate(keys)))
        assert key not in {page.number for page in pages}
        assert {page.status for page in pages} == {200}
        assert len({page.number for page in pages}) == gateway.journal.counts.accepted == 500


async def test_where_the_machine_must_be_protected_the_words_are_handed_back(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite, CHANNEL + "max_per_minute = 1\n") as (gateway, siti):
        assert (await siti.report("satu")).number
        page = await siti.report("dua", [("a.jpg", "image/jpeg", JPEG)])
        assert (page.status, page.headers["Retry-After"]) == (429, "60")
        assert "dua" in page.html
        assert gateway.journal.counts.accepted == 1


async def test_each_citizen_behind_a_proxy_of_ours_counts_alone_and_nobody_can_pretend(on_sqlite: Deployment) -> None:
    options = {"channel": CHANNEL + "max_per_minute = 1\n"}
    async with at_the_form(on_sqlite, **options) as (_, siti):
        for i in range(3):
            fields = [("kunci", await siti.key()), ("isi", "Lampu mati"), ("tempat", "Waru")]
            assert (await siti.send(fields, headers={"X-Forwarded-For": f"6.6.6.{i}, 203.0.113.{i}"})).status == 200
        # What stands before the first that is no proxy of ours, anybody may have written.
        fields = [("kunci", await siti.key()), ("isi", "Lampu mati"), ("tempat", "Waru")]
        assert (await siti.send(fields, headers={"X-Forwarded-For": "9.9.9.9, 203.0.113.0"})).status == 429
    async with at_the_form(on_sqlite, **options, more="trusted_proxies = []") as (_, siti):
        statuses = [(await siti.send(fields, headers={"X-Forwarded-For": f"203.0.113.{i}"})).status for i in range(2)]
        assert statuses == [200, 429]


# What a review found: it must not work again


@pytest.mark.parametrize("more", [{}, {"hapus": "1"}, {"betulkan": "1"}])
@pytest.mark.parametrize("path", ["/lapor", "/lapor/tambah"])
async def test_nobody_writes_into_a_strangers_report_because_another_site_sent_the_form(on_sqlite: Deployment, path: str, more: dict[str, str]) -> None:
    async with at_the_form(on_sqlite) as (_, siti):
        key = await siti.key()
        thief = await siti.report("milik pencuri", key=key)
        fields = [("kunci", key), ("tautan", thief.link), ("isi", "pancingan"), ("balas", "pancingan"), *more.items()]
        page = await siti.send(fields, path=path, headers={"Sec-Fetch-Site": "cross-site"})
        assert page.status == 403
        assert key not in page.html
        assert thief.link not in page.html


async def test_a_long_story_never_takes_away_what_was_to_be_hidden(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite) as (_, siti):
        fields = [("kunci", await siti.key()), ("isi", "panjang " * 40_000), ("tempat", "Waru"), ("tutup", "anonim"), ("tutup", "rahasia"), ("kontak", "0812")]
        page = await siti.send(fields)
        assert (page.status, page.number) == (413, "")
        for tick in ("anonim", "rahasia"):
            assert f'name="tutup" value="{tick}" checked' in page.html
        assert page.inputs("kontak") == ["0812"]
        assert page.inputs("tempat") == ["Waru"]
        # A field of one line has a limit of its own.
        page = await siti.send([("kunci", await siti.key()), ("isi", "Lampu"), ("tempat", "W" * 5000), ("kontak", "0" * 5000), ("tutup", "rahasia")])
        assert page.status == 413
        assert 'value="rahasia" checked' in page.html


async def test_what_was_hidden_once_is_never_opened_by_the_same_form(deployment: Deployment) -> None:
    async with at_the_form(deployment) as (_, siti):
        key = await siti.key()
        for hidden in ("rahasia", "", "rahasia", ""):
            assert (await siti.report("Lampu mati", key=key, tutup=hidden)).status == 200
        await deployment.until("cases", lambda rows: rows[0]["confidential"])
        await deployment.until("arrivals", lambda rows: len(rows) >= 2)
    [case] = await deployment.rows("cases")
    assert case["confidential"]


async def test_older_words_that_come_later_change_nothing_but_what_they_hide(on_sqlite: Deployment) -> None:
    def said(text: str, minute: int, *hidden: str) -> Arrival:
        fields = [("isi", text), ("tempat", "Waru"), *(("tutup", one) for one in hidden)]
        return Arrival("web", MESSAGE, "a" * 32, reading.pack(fields, [], []), datetime(2026, 11, 24, 3, minute, tzinfo=UTC))

    async with on_sqlite.node(channels=CHANNEL) as gateway:
        for arrival in (said("yang pertama", 1), said("yang terakhir", 5, "rahasia"), said("yang di tengah", 3, "anonim")):
            await gateway.inlets["web"].receive(arrival)
            await on_sqlite.until("arrivals", lambda rows, a=arrival: any(row["received_at"] == a.received_at for row in rows))  # type: ignore[misc]
    [case] = await on_sqlite.rows("cases")
    assert (case["title"], case["anonymous"], case["confidential"]) == ("yang terakhir", True, True)
    assert [version["complaint"]["text"] for version in await on_sqlite.rows("complaint_versions")] == ["yang pertama", "yang terakhir"]
    assert len(await on_sqlite.rows("messages")) == 3


async def test_a_report_that_is_read_only_later_opens_nothing_that_was_hidden_meanwhile(on_sqlite: Deployment) -> None:
    async with on_sqlite.parts(channels=CHANNEL) as gateway:
        inlet, now = gateway.inlets["web"], datetime.now(UTC)
        await inlet.receive(Arrival("web", MESSAGE, "a" * 32, b"not json", now))
        await inlet.receive(Arrival("web", MESSAGE, "a" * 32, reading.pack([("isi", "baru"), ("tutup", "rahasia")], [], []), now))
        await gateway.intake.drain()
        config = gateway.config
        async with gateway.store.transaction() as tx:
            mended = reading.pack([("isi", "lama")], [], [])
            await tx.run(sa.update(tables.arrivals).where(tables.arrivals.c.outcome == "parked").values(raw=mended))
    async with reading_desk(config) as desk:
        async with desk.store.transaction() as tx:
            parked = await lookup.parked(tx, 10)
        [replayed] = await replay(desk.store, desk.reader, desk.office, parked, now)
    assert replayed.outcome == "added"
    [case] = await on_sqlite.rows("cases")
    assert (case["title"], case["confidential"]) == ("baru", True)
    assert sorted(row["text"] for row in await on_sqlite.rows("messages")) == ["baru", "lama"]


async def test_a_key_used_on_two_pages_leads_each_number_to_its_words(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite) as (_, siti):
        first = await siti.report("Lampu mati")
        await filed(on_sqlite, 1)
        key = await siti.key()
        assert (await siti.send([("kunci", key), ("tautan", first.link), ("balas", "Sudah?")], path="/lapor/tambah")).status == 200
        second = await siti.report("Jalan rusak", key=key, tautan=first.link)
        await filed(on_sqlite, 3)
        assert "Jalan rusak" in (await siti.get(f"/l/{second.link}")).text
        assert "Jalan rusak" not in (await siti.get(f"/l/{first.link}")).text


async def test_the_pages_of_a_very_long_correspondence_end(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite) as (gateway, siti):
        first = await siti.report("Lampu mati")
        for i in range(120):
            raw = reading.pack([("balas", "x\n" * 9000), ("tautan", first.link)], [], [])
            await gateway.inlets["web"].receive(Arrival("web", MESSAGE, f"add-{i}", raw, datetime.now(UTC)))
        await on_sqlite.until("messages", lambda rows: len(rows) == 121)
        page = await siti.get(f"/l/{first.link}")
    assert page.html.count('class="msg') == 50
    assert len(page.html) < 1_500_000


async def test_many_silent_senders_of_one_address_keep_nobody_else_out(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite, CHANNEL + "max_at_once = 20\nidle_seconds = 60\n") as (gateway, siti):
        head = (
            "POST /lapor HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.7\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\n"
        )
        wires = [await asyncio.open_connection("127.0.0.1", gateway.port) for _ in range(15)]
        for _, writer in wires:
            writer.write(head.encode())
        fields = [("kunci", await siti.key()), ("isi", "Lampu mati"), ("tempat", "Waru")]
        assert (await siti.send(fields, headers={"X-Forwarded-For": "203.0.113.8"})).status == 200
        assert (await siti.send([("kunci", await siti.key()), *fields[1:]], headers={"X-Forwarded-For": "203.0.113.7"})).status == 429
        for _, writer in wires:
            writer.close()


# Our own fault


async def test_while_nothing_can_be_taken_the_words_are_handed_back_with_the_same_key(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite) as (gateway, siti):
        gateway.inlets["web"].closed = "another deployment's key"
        key = await siti.key()
        page = await siti.report("Lampu mati", key=key, tutup="anonim")
        assert (page.status, page.headers["Retry-After"], page.number) == (503, "30", "")
        assert page.inputs("kunci") == [key]
        assert 'id="tutup-anonim" name="tutup" value="anonim" checked' in page.html
        assert "another" not in page.html
        gateway.inlets["web"].closed = None
        assert (await siti.report("Lampu mati", key=key, tutup="anonim")).number


async def test_a_browser_that_vanishes_in_the_middle_of_an_upload_leaves_nothing_but_an_open_door(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite) as (gateway, siti):
        key = await siti.key()
        begun = asyncio.Event()

        async def photo() -> AsyncIterator[bytes]:
            yield part("kunci", key) + part("berkas", more='; filename="a.jpg"')[:-2] + JPEG * 100
            begun.set()
            await asyncio.Event().wait()

        async with aiohttp.ClientSession() as phone:
            sending = asyncio.create_task(
                phone.post(f"{siti.base}/lapor", data=photo(), headers={"Content-Type": "multipart/form-data; boundary=x"}).__aenter__()
            )
            await begun.wait()
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending
        assert (await siti.report("Lampu mati", key=key)).number
        assert gateway.journal.counts.accepted == 1
        folder = on_sqlite.folder / "data-a" / "blobs"
        async with asyncio.timeout(10):
            while list(folder.rglob("*.part")):  # noqa: ASYNC110  # a folder has no bell
                await asyncio.sleep(0.01)


# Strangers who mean harm


def raw(body: bytes, boundary: str = "x") -> tuple[bytes, dict[str, str]]:
    """A body as it is, and its header."""
    return body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def part(name: str, value: str = "", more: str = "") -> bytes:
    """One field by hand."""
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'.encode("utf-8", "surrogatepass")


HOSTILE = {
    "no boundary": (b"--x\r\n", {"Content-Type": "multipart/form-data"}, {400}),
    "a boundary of nothing": (*raw(b"halo", ""), {400}),
    "a body of nothing": (*raw(b""), {400, 403, 422}),
    "no end": (*raw(part("isi", "halo")), {400, 403}),
    "ten thousand fields": (*raw(b"".join(part(f"f{i}", "x") for i in range(10_000)) + b"--x--\r\n"), {403, 413}),
    "a field without a name": (*raw(b"--x\r\nContent-Disposition: form-data\r\n\r\nhalo\r\n--x--\r\n"), {400}),
    "a form in a form": (*raw(b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\nhalo\r\n--y--\r\n--x--\r\n"), {400}),
    "headers without end": (*raw(b"--x\r\n" + b"A: " + b"b" * 200_000 + b"\r\n\r\n--x--\r\n"), {400}),
    "an encoding that nobody knows": (
        *raw(b"--x\r\nContent-Disposition: form-data; name=isi\r\nContent-Transfer-Encoding: apa\r\n\r\nhalo\r\n--x--\r\n"),
        {400, 403},
    ),
    "gzip that is none": (b"bukan gzip", {"Content-Type": "multipart/form-data; boundary=x", "Content-Encoding": "gzip"}, {400}),
    "a bomb of gzip": (zlib.compress(bytes(200_000_000), 9, 31), {"Content-Type": "multipart/form-data; boundary=x", "Content-Encoding": "gzip"}, {400, 413}),
    "json": (b'{"isi": 1}', {"Content-Type": "application/json"}, {400, 415}),
    "a plain form that is too long": (b"isi=" + b"a" * 2_000_000, {"Content-Type": "application/x-www-form-urlencoded"}, {403, 413}),
}


@pytest.mark.parametrize("which", HOSTILE)
async def test_what_no_browser_sends_gets_a_clear_answer_and_the_next_citizen_is_taken(on_sqlite: Deployment, which: str) -> None:
    body, headers, statuses = HOSTILE[which]
    async with at_the_form(on_sqlite) as (gateway, siti):
        page = await siti.post(io.BytesIO(body), headers=headers)
        assert page.status in statuses
        assert page.headers["Content-Type"].startswith(("text/html", "text/plain"))
        assert "Traceback" not in page.html
        assert gateway.journal.counts.accepted == 0
        assert (await siti.report()).number


async def test_two_gigabytes_are_not_waited_for(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite, SMALL) as (gateway, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        head = "POST /lapor HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 2147483648\r\n\r\n"
        writer.write(head.encode() + part("isi", "Lampu mati") + part("berkas", more='; filename="a.jpg"')[:-2] + JPEG)
        async with asyncio.timeout(30):
            with suppress(ConnectionError):
                for _ in range(200):
                    writer.write(bytes(10_000))
                    await writer.drain()
            answer = await reader.read(15)
        assert answer == b"HTTP/1.1 413 Re"
        writer.close()


async def test_nothing_that_is_typed_is_ever_more_than_text(on_sqlite: Deployment) -> None:
    script = "<script>alert('x')</script>\"'{{7654321*7654321}}\x00\u202e"
    async with at_the_form(on_sqlite) as (_, siti):
        fields = dict.fromkeys(("judul", "isi", "tempat", "instansi", "kontak", "tanggal", "jenis", "tutup", "lintang", "situs", "simpan", "hapus"), script)
        names = [("../..\\<script>alert(1)</script>\u202e.jpg", "image/jpeg", JPEG)]
        pages = [await siti.send([("kunci", await siti.key()), *fields.items()], names)]
        del fields["hapus"], fields["simpan"]
        pages.append(await siti.send([("kunci", await siti.key()), *fields.items()], names))
        await filed(on_sqlite, 1)
        pages.append(await siti.get(f"/l/{pages[-1].link}"))
        pages.append(await siti.get("/lacak", params={"nomor": script}))
    assert pages[1].number
    for page in pages:
        assert "<script>" not in page.html.replace('<script src="/lapor/form.js" defer></script>', "")
        # What a template would make of it; a shorter product is also a time or a number now and then.
        assert str(7654321**2) not in page.text
    assert "{{7654321*7654321}}" in pages[2].text
    name = (await on_sqlite.rows("attachments"))[0]["name"]
    assert not {"/", "\\", "\x00", "\u202e"} & set(name)


async def test_a_polyglot_and_a_bomb_are_kept_apart_and_never_shown(on_sqlite: Deployment) -> None:
    polyglot = JPEG + b"<script>alert(1)</script>"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with at_the_form(on_sqlite) as (_, siti):
        page = await siti.report("Lampu mati", [("a.jpg", "image/jpeg", polyglot), ("b.png", "image/png", monochrome(20_000))])
        assert page.number
        files = await on_sqlite.until("attachments", lambda rows: all(row["reason"] for row in rows))
        own = await siti.get(f"/l/{page.link}")
        assert f"/l/{page.link}/" not in own.html
        for digest in (hashlib.sha256(polyglot).hexdigest(), *(str(file["blob"]) for file in files)):
            assert (await siti.get(f"/l/{page.link}/{digest}")).status == 404
    assert {file["reason"] for file in files} == {"not an image", "too large an image"}
    # KiB.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


# What else is written down


async def test_the_bytes_of_a_form_are_its_parts_and_nothing_of_the_page(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite) as (_, siti):
        await siti.report("Lampu mati", [("a.pdf", "application/x-lain", PDF)], kontak="0812", ditanya="1", asing="x")
        [arrival] = await filed(on_sqlite, 1)
    kept = json.loads(bytes(arrival["raw"]))
    assert kept["fields"] == [["jenis", "pengaduan"], ["isi", "Lampu mati"], ["tempat", "Desa Giri Mukti"], ["kontak", "0812"]]
    assert kept["files"] == [{"name": "a.pdf", "type": "application/pdf", "digest": hashlib.sha256(PDF).hexdigest(), "size": len(PDF)}]
    assert arrival["reply_value"] is None
    assert arrival["meta"] == {}


async def test_a_page_is_small_has_a_strict_policy_and_speaks_both_languages(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite) as (_, siti):
        page = await siti.get("/lapor")
        assert "Kirim laporan" in page.text
        english = await siti.get("/lapor?bahasa=en")
        assert "Send the report" in english.text
        assert "Send the report" in (await siti.get("/lapor", headers={"Accept-Language": "en-GB,id;q=0.5"})).text
        assert "Kirim laporan" in (await siti.get("/lapor", headers={"Accept-Language": "xx"})).text
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]
        assert "unsafe" not in page.headers["Content-Security-Policy"]
        assert page.headers["Cache-Control"] == "no-store"
        parts = ["/lapor", "/lapor/form.js", "/look/tokens.css", "/look/look.css", "/look/mark.svg"]
        assert sum([len((await siti.get(path)).html.encode()) for path in parts]) < 50_000
        assert (await siti.get("/", allow_redirects=False)).headers["Location"] == "/lapor?bahasa=id"


async def test_one_who_sends_the_same_from_two_pages_has_two_reports(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite) as (_, siti):
        numbers = {(await siti.report("Lampu mati")).number, (await siti.report("Lampu mati")).number}
        assert len(numbers) == 2
        await filed(on_sqlite, 2)
    assert len(await on_sqlite.rows("cases")) == 2


def test_a_citizen_of_these_tests_reads_pages_as_they_are() -> None:
    page = Page(200, '<p class="plate"><strong>B2C3-D4F5-G6H7</strong></p><input name="kunci" value="a&amp;b">')
    assert (page.number, page.inputs("kunci"), page.link) == ("B2C3-D4F5-G6H7", ["a&b"], "")
    assert Citizen.__doc__
