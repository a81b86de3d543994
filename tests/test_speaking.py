"""An officer's words reach the citizen in the citizen's own channel, and nobody else."""

from __future__ import annotations

import asyncio

import typer
from typer.testing import CliRunner

from channels.gsm7 import fits_one_segment
from gateway.clock import SystemClock
from gateway.commands.answer import answer as answer_command
from tests.mails import mail
from tests.postbox import PROVIDERS, letter
from tests.test_mail_end_to_end import SITI, answer, at_the_desk
from tests.web_citizen import CHANNEL, at_the_form, citizen
from tests.world import Deployment, handed_over, keyed, receive_all

SARI = "+6281234567890"
NOW = SystemClock().now


async def speaks(deployment: Deployment, *arguments: str) -> tuple[int, str, str]:
    """As `./run answer`, in a thread: only this process knows the tests' own channel."""
    app = typer.Typer()
    app.command()(answer_command)
    done = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--config", str(keyed(deployment.folder))])
    return done.exit_code, done.stdout, done.stderr


async def test_whoever_texted_hears_it_by_sms_and_the_history_says_who_spoke(deployment: Deployment) -> None:
    async with deployment.node() as gateway:
        [receipt] = await receive_all(gateway, [letter("Jalan di depan pasar rusak", "SM1", at=NOW(), sender=SARI)])
        await deployment.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"])
        code, out, _ = await speaks(deployment, receipt.number.lower(), "Diperbaiki hari Senin.", "--by", "Rina")
        assert (code, out.split(",")[0]) == (0, f"On its way to whoever reported {receipt.number}")
        await deployment.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"] * 2)
        told = PROVIDERS["post"].sent[1]
    assert (told.to.value, told.short) == (SARI, f"Laporan {receipt.number}: Diperbaiki hari Senin.")
    assert f"/l/{receipt.link}" in told.full
    [_, spoken] = sorted(await deployment.rows("events"), key=lambda row: row["version"])
    assert (spoken["kind"], spoken["actor"]) == ("answered", "Rina")
    [message] = [row for row in await deployment.rows("messages") if row["direction"] == "out"]
    assert (message["text"], message["decision"], message["reason"]) == ("Diperbaiki hari Senin.", "spoken", "person:Rina")
    assert {account.verdict for account in await deployment.accounts()} == {"ok"}


async def test_what_is_too_long_for_an_sms_is_read_on_the_report_s_own_page(on_sqlite: Deployment) -> None:
    async with on_sqlite.node() as gateway:
        [receipt] = await receive_all(gateway, [letter("Jalan di depan pasar rusak", "SM1", at=NOW(), sender=SARI)])
        await on_sqlite.until("notices", lambda rows: len(rows) == 1)
        assert (await speaks(on_sqlite, receipt.number, "Kami sudah ke sana. " * 30))[0] == 0
        await on_sqlite.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"] * 2)
        told = PROVIDERS["post"].sent[1]
    assert fits_one_segment(told.short)
    assert f"/l/{receipt.link}" in told.short


async def test_whoever_mailed_has_it_in_the_thread_and_answers_there(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite) as desk:
        await desk.gets(mail())
        [first] = await desk.office.until(1)
        number = (await on_sqlite.rows("cases"))[0]["number"]
        assert (await speaks(on_sqlite, number, "Di kilometer berapa?"))[0] == 0
        second = (await desk.office.until(2))[1]
        assert (second.to, "Di kilometer berapa?" in second.text) == (SITI, True)
        assert first.mail["Reply-To"] == second.mail["Reply-To"]
        await desk.gets(answer(second, "Kilometer 9.", Message_ID="<3@warga.example>"))
        await desk.arrivals(2)
    assert [row["outcome"] for row in await on_sqlite.rows("arrivals")] == ["case", "message"]
    assert len(await on_sqlite.rows("cases")) == 1


async def test_whoever_used_the_form_reads_it_on_the_page_and_a_typed_contact_is_told_no_word_of_it(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite) as (gateway, siti):
        receipt = await siti.report("Lampu jalan mati")
        await on_sqlite.until("cases", lambda rows: len(rows) == 1)
        await handed_over(gateway)
        code, out, _ = await speaks(on_sqlite, receipt.number, "Petugas datang besok pagi.")
        assert (code, out.strip()) == (0, f"Nobody can be written to: it is read on the page of {receipt.number}.")
        page = await siti.get(f"/l/{receipt.link}")
        assert "Petugas datang besok pagi." in page.text
        assert "Dijawab petugas" in page.text
        # By the number alone nobody reads it.
        async with citizen(gateway) as stranger:
            assert "Petugas datang" not in (await stranger.get("/lacak", params={"nomor": receipt.number})).text


async def test_a_wrong_number_and_an_empty_answer_are_told_in_a_sentence(on_sqlite: Deployment) -> None:
    async with on_sqlite.node() as gateway:
        [receipt] = await receive_all(gateway, [letter("Jalan rusak", "SM1", at=NOW())])
        await on_sqlite.until("cases", lambda rows: len(rows) == 1)
        for number in ("1111-2222-3333", "bukan nomor"):
            code, _, said = await speaks(on_sqlite, number, "Halo")
            assert (code, "no report of this number" in said) == (1, True), said
        code, _, said = await speaks(on_sqlite, receipt.number, " \u200b ")
        assert (code, "Nothing was said" in said) == (2, True)


async def test_a_contact_that_was_typed_is_told_that_there_is_an_answer_and_no_word_of_it(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite, CHANNEL + '\n[channels.post]\nkind = "postbox"') as (_, siti):
        receipt = await siti.report("Lampu jalan mati", kontak="081234567890")
        await on_sqlite.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"])
        assert (await speaks(on_sqlite, receipt.number, "Petugas datang besok pagi."))[0] == 0
        await on_sqlite.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"] * 2)
    told = PROVIDERS["post"].sent[1]
    assert told.to.value == "+6281234567890"
    assert receipt.number in told.short
    # Whose number it is, nobody knows: neither the words nor the private link.
    assert "Petugas" not in told.short + told.full
    assert receipt.link not in told.short + told.full
