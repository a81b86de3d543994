"""Who asks how a report stands hears it in the same channel, and never more than they may know (law 10)."""

from __future__ import annotations

import asyncio

from channels.gsm7 import fits_one_segment
from gateway.clock import SystemClock
from gateway.node import Gateway
from tests.mails import mail
from tests.manual_clock import ManualClock
from tests.postbox import PROVIDERS, letter
from tests.test_mail_end_to_end import SITI, answer, at_the_desk
from tests.world import Deployment, handed_over, receive_all

NOW = SystemClock().now
SARI, TONO = "+6281234567890", "+6281299999999"


async def says(gateway: Gateway, text: str, wire_id: str, sender: str = SARI) -> str:
    """Somebody writes; what goes back."""
    provider = PROVIDERS["post"]
    before = len(provider.sent)
    await receive_all(gateway, [letter(text, wire_id, at=NOW(), sender=sender)])
    async with asyncio.timeout(60):
        await provider.until(lambda: len(provider.sent) > before)
    await handed_over(gateway)
    told = provider.sent[-1]
    assert told.to.value == sender
    assert fits_one_segment(told.short)
    return told.short


async def test_whoever_reported_asks_by_a_word_or_by_number_and_hears_how_it_stands(deployment: Deployment) -> None:
    async with deployment.node() as gateway:
        await says(gateway, "Jalan di depan pasar rusak parah", "SM1")
        [case] = await deployment.rows("cases")
        for text, wire_id in (("Statuss?", "SM2"), (f"cek {case['number'].lower()}", "SM3")):
            heard = await says(gateway, text, wire_id)
            assert case["number"] in heard
            assert "Menunggu verifikasi" in heard
        assert "Waiting to be read" in await says(gateway, "check my report", "SM4")
    # A word is no case, and is kept with its reason.
    assert len(await deployment.rows("cases")) == 1
    arrivals = sorted(await deployment.rows("arrivals"), key=lambda row: row["seq"])
    assert [(row["outcome"], row["reason"], row["case"]) for row in arrivals[1:]] == [("word", "rule:word:status", case["id"])] * 3
    assert sorted(row["decision"] for row in await deployment.rows("messages")) == ["new_case", "word", "word", "word"]
    notices = await deployment.rows("notices")
    assert [row["kind"] for row in notices] == ["acknowledgement", "answer", "answer", "answer"]
    assert {row["case"] for row in notices} == {case["id"]}
    assert {account.verdict for account in await deployment.accounts()} == {"ok"}


async def test_a_report_and_the_question_after_it_in_one_batch_are_told_in_their_order(deployment: Deployment) -> None:
    async with deployment.parts() as gateway:
        await gateway.store.migrate()
        await receive_all(gateway, [letter("Lampu jalan mati", "SM1", at=NOW(), sender=SARI), letter("STATUS", "SM2", at=NOW(), sender=SARI)])
    async with deployment.node():
        await deployment.until("notices", lambda rows: [row["state"] for row in rows] == ["sent", "sent"])
    acknowledgement, told = await deployment.rows("notices")
    [case] = await deployment.rows("cases")
    assert (acknowledgement["kind"], told["kind"]) == ("acknowledgement", "answer")
    assert case["number"] in told["short"]


async def test_a_stranger_hears_the_public_status_only_and_of_a_confidential_report_what_a_wrong_number_is_told(on_sqlite: Deployment) -> None:
    async with on_sqlite.node() as gateway:
        await says(gateway, "Jalan di depan pasar rusak parah", "SM1")
        # What cannot be read is hidden from everybody (law 10).
        await says(gateway, "raise", "SM2", sender="+6281211111111")
        cases = {row["status"]: row["number"] for row in await on_sqlite.rows("cases")}
        public = await says(gateway, f"STATUS {cases['awaiting_verification']}", "SM3", sender=TONO)
        hidden = await says(gateway, f"STATUS {cases['received']}", "SM4", sender=TONO)
        wrong = await says(gateway, "STATUS 1111-2222-3333", "SM5", sender=TONO)
        nothing = await says(gateway, "STATUS", "SM6", sender=TONO)
    assert "tanggal" not in public
    assert "Menunggu verifikasi" in public
    assert hidden == wrong
    assert cases["received"] not in hidden
    assert "Belum ada laporan dari Anda" in nothing
    strangers = [row for row in await on_sqlite.rows("notices") if row["to_value"] == TONO]
    # An answer to a stranger hangs on nobody's case, and carries nothing that would prove anything.
    assert {(row["case"], row["token"]) for row in strangers} == {(None, "")}


async def test_whoever_reported_hides_it_by_a_word_and_a_stranger_cannot(deployment: Deployment) -> None:
    async with deployment.node() as gateway:
        await says(gateway, "Kepala desa minta uang untuk surat pindah", "SM1")
        [case] = await deployment.rows("cases")
        assert (case["anonymous"], case["confidential"]) == (False, False)
        stranger = await says(gateway, f"RAHASIA {case['number']}", "SM2", sender=TONO)
        assert stranger == await says(gateway, "RAHASIA 1111-2222-3333", "SM3", sender=TONO)
        assert not (await deployment.rows("cases"))[0]["confidential"]
        assert "anonim" in await says(gateway, "Anonim", "SM4")
        assert case["number"] in await says(gateway, f"rahasia {case['number']}", "SM5")
        # Again is no harm.
        await says(gateway, "ANONIM", "SM6")
        hidden = await says(gateway, f"STATUS {case['number']}", "SM7", sender=TONO)
        assert case["number"] not in hidden
    [case] = await deployment.rows("cases")
    assert (case["anonymous"], case["confidential"]) == (True, True)
    events = sorted(await deployment.rows("events"), key=lambda row: row["version"])
    assert [(row["kind"], row["reason"]) for row in events[1:]] == [
        ("hidden", "rule:word:anonymous"),
        ("hidden", "rule:word:confidential"),
        ("hidden", "rule:word:anonymous"),
    ]
    assert {account.verdict for account in await deployment.accounts()} == {"ok"}


async def test_hidden_in_the_batch_in_which_it_was_reported_it_is_never_seen(deployment: Deployment) -> None:
    async with deployment.parts() as gateway:
        await gateway.store.migrate()
        await receive_all(gateway, [letter("Kepala desa minta uang", "SM1", at=NOW(), sender=SARI)])
        await receive_all(gateway, [letter("RAHASIA", "SM2", at=NOW(), sender=SARI), letter("anonim", "SM3", at=NOW(), sender=SARI)])
    async with deployment.node():
        await deployment.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"] * 3)
    [case] = await deployment.rows("cases")
    assert (case["anonymous"], case["confidential"]) == (True, True)


async def test_how_to_speak_with_us_says_whom_to_call_when_life_is_in_danger(on_sqlite: Deployment) -> None:
    async with on_sqlite.node() as gateway:
        assert "112" in await says(gateway, "BANTUAN", "SM1")
        assert "Write what happened" in await says(gateway, "help", "SM2")
    assert not await on_sqlite.rows("cases")


async def test_words_that_phones_and_bots_have_everywhere_tell_nothing_of_the_language(on_sqlite: Deployment) -> None:
    async with on_sqlite.node() as gateway:
        assert "MULAI" in await says(gateway, "STOP", "SM1")
        assert "Kami kabari Anda lagi" in await says(gateway, "START", "SM2")
        assert "Tulis saja" in await says(gateway, "/help", "SM3")
        assert "Tulis saja" in await says(gateway, "INFO", "SM4", sender=TONO)
    assert not await on_sqlite.rows("cases")


async def test_whoever_asks_without_end_is_not_answered_without_end(on_sqlite: Deployment) -> None:
    clock = ManualClock()
    async with on_sqlite.node(clock=clock, per_recipient=3) as gateway:
        await receive_all(gateway, [letter("STATUS", f"SM{i}", at=clock.now(), sender=TONO) for i in range(20)])
        await on_sqlite.until("arrivals", lambda rows: len(rows) == 20)
        await handed_over(gateway)
        clock.advance(hours=2)
        await receive_all(gateway, [letter("STATUS", "SM20", at=clock.now(), sender=TONO)])
        await on_sqlite.until("arrivals", lambda rows: len(rows) == 21)
    states = [row["state"] for row in await on_sqlite.rows("notices")]
    assert len(states) == 21
    assert states.count("withheld") == 17


async def test_a_mail_whose_subject_asks_is_answered_in_its_thread(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite) as desk:
        await desk.gets(mail())
        [told] = await desk.office.until(1)
        number = (await on_sqlite.rows("cases"))[0]["number"]
        await desk.gets(mail("", Subject=f"STATUS {number}", Message_ID="<2@warga.example>"))
        heard = (await desk.office.until(2))[1]
    assert (heard.to, heard.mail["In-Reply-To"]) == (SITI, "<2@warga.example>")
    assert number in heard.text
    assert told.to == SITI
    assert [row["outcome"] for row in await on_sqlite.rows("arrivals")] == ["case", "word"]


async def test_a_word_in_answer_to_one_of_our_mails_is_about_that_mail_s_report(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite) as desk:
        await desk.gets(mail())
        [first] = await desk.office.until(1)
        await desk.gets(mail("Lampu di pasar mati.", Subject="Lampu mati", Message_ID="<2@warga.example>"))
        second = (await desk.office.until(2))[1]
        await desk.gets(answer(first, "STATUS\n\n> Laporan Anda kami terima.", Message_ID="<3@warga.example>"))
        told = (await desk.office.until(3))[2]
    first_number, second_number = [row["number"] for row in await on_sqlite.rows("cases")]
    assert first_number in first.text
    assert second_number in second.text
    assert first_number in told.text
    # Nothing was added to the report: it was a question.
    assert [row["outcome"] for row in await on_sqlite.rows("arrivals")] == ["case", "case", "word"]
