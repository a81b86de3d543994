"""A citizen and we speak of one report: what it lacks is asked for, answered, corrected, withdrawn, rated, taken up again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from channels import Arrival
from channels.gsm7 import fits_one_segment
from gateway import speaking
from gateway.case import Event, rebuild
from gateway.node import Gateway
from normalizer import Address
from tests.manual_clock import ManualClock
from tests.postbox import PROVIDERS, letter
from tests.test_tracking_page import BOTH, reported
from tests.web_citizen import at_the_form
from tests.world import Deployment, handed_over, receive_all

SARI, TONO = "+6281234567890", "+6281299999999"
# Monday 16 November 2026, ten o'clock in Penajam.
MONDAY = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)


@dataclass
class Talk:
    """Citizens with one gateway, one after the other."""

    gateway: Gateway
    deployment: Deployment
    clock: ManualClock
    said: int = 0
    heard: list[str] = field(default_factory=list)

    async def says(self, text: str, sender: str = SARI, *, answered: bool = True) -> str:
        """Somebody writes; what goes back (one SMS), if anything does."""
        self.said += 1
        provider = PROVIDERS["post"]
        before = len(provider.sent)
        await receive_all(self.gateway, [letter(text, f"SM{self.said}", at=self.clock.now(), sender=sender)])
        await handed_over(self.gateway)
        if not answered:
            return ""
        async with asyncio.timeout(60):
            await provider.until(lambda: len(provider.sent) > before)
        told = provider.sent[-1]
        assert told.to == Address("sms", sender)
        assert fits_one_segment(told.short)
        self.heard.append(told.short)
        return told.short

    async def case(self) -> dict[str, Any]:
        """The only one there is, which its events make, too."""
        [row] = await self.deployment.rows("cases")
        events = [Event(**event) for event in await self.deployment.rows("events")]
        rebuilt = rebuild(sorted(events, key=lambda event: event.version))
        assert {name: getattr(rebuilt, name) for name in row if name != "compared"} == {name: value for name, value in row.items() if name != "compared"}
        return row

    async def complaint(self) -> dict[str, Any]:
        """As it is understood now."""
        latest: dict[str, Any] = (await self.deployment.rows("complaint_versions"))[-1]["complaint"]
        return latest

    async def events(self) -> list[tuple[str, str]]:
        """What happened to the only case, and why."""
        return [(row["kind"], row["reason"]) for row in await self.deployment.rows("events")]


def _more_than(those: list[Any], count: int) -> bool:
    return len(those) > count


@asynccontextmanager
async def talking(deployment: Deployment, start: datetime = MONDAY, *, ask: bool = True, more: str = "") -> AsyncIterator[Talk]:
    clock = ManualClock(start)
    async with deployment.node(clock=clock, ask=ask, more=more) as gateway:
        yield Talk(gateway, deployment, clock)


async def test_what_a_report_lacks_is_asked_for_one_at_a_time_and_merged(deployment: Deployment) -> None:
    async with talking(deployment) as talk:
        first = await talk.says("Lampu jalan mati")
        case = await talk.case()
        assert case["number"] in first
        assert "Di mana" in first
        assert (case["status"], case["question"]) == ("awaiting_information", "where")
        second = await talk.says("depan masjid nurul iman rt 5")
        assert "Kapan" in second
        assert (await talk.case())["question"] == "when"
        third = await talk.says("sudah lama sekali")
        assert "lengkap" in third
        assert "20-11-2026" not in third, "received on Monday, three working days are Thursday; nothing stood over night"
        assert "19-11-2026" in third
    case, complaint = await talk.case(), await talk.complaint()
    assert (case["status"], case["question"], case["remind_at"]) == ("awaiting_verification", "", None)
    assert (complaint["place"]["text"], complaint["place"]["how"]) == ("depan masjid nurul iman rt 5", "answer")
    assert (complaint["incident"]["text"], complaint["missing"]) == ("sudah lama sekali", [])
    assert complaint["text"] == "Lampu jalan mati"
    # The old one is kept.
    versions = await deployment.rows("complaint_versions")
    assert [row["complaint"]["missing"] for row in versions] == [["where", "when"], ["when"], []]
    assert await talk.events() == [("opened", "rule:coordinator"), ("supplied", "rule:answers_our_question"), ("supplied", "rule:answers_our_question")]
    assert [row["kind"] for row in await deployment.rows("notices")] == ["acknowledgement", "question", "understood"]
    assert {account.verdict for account in await deployment.accounts()} == {"ok"}


async def test_the_deadline_s_clock_stands_while_we_wait(deployment: Deployment) -> None:
    async with talking(deployment) as talk:
        await talk.says("Lampu jalan mati")
        talk.clock.advance(days=1, hours=4)
        await deployment.until("notices", lambda rows: rows[-1]["kind"] == "reminder" and rows[-1]["state"] == "sent")
        await talk.says("di jalan provinsi km 9")
        told = await talk.says("tidak tahu")
    # Asked on Monday, answered on Tuesday: one evening in which the clock stood, so Friday and not Thursday.
    assert "20-11-2026" in told
    complaint = await talk.complaint()
    assert (complaint["incident"], complaint["missing"], complaint["remarks"]) == (None, [], ["when_unknown"])


async def test_whoever_does_not_answer_is_asked_twice_more_and_then_a_person_goes_on(deployment: Deployment) -> None:
    async with talking(deployment) as talk:
        provider = PROVIDERS["post"]
        await talk.says("Lampu jalan mati")
        number = (await talk.case())["number"]
        # Asked on a Monday: five working days after it is the next Monday.
        for day in range(1, 8):
            before = len(provider.sent)
            talk.clock.advance(days=1)
            if day in {1, 3, 7}:
                async with asyncio.timeout(60):
                    await provider.until(partial(_more_than, provider.sent, before))
                assert number in provider.sent[-1].short
                assert fits_one_segment(provider.sent[-1].short)
            assert len(provider.sent) == before + (day in {1, 3, 7}), day
            assert ("Di mana" in provider.sent[-1].short) == (day < 7)
        case = await talk.case()
        assert (case["status"], case["question"], case["reminders"]) == ("awaiting_verification", "", 0)
        # What comes later is not lost, and is no answer any more.
        assert number in await talk.says("tambahan: depan masjid")
    assert [kind for kind, _ in await talk.events()] == ["opened", "reminded", "reminded", "unanswered", "added"]
    assert [row["kind"] for row in await deployment.rows("notices")] == ["acknowledgement", "reminder", "reminder", "reminder", "added"]


async def test_a_question_that_nobody_heard_is_not_waited_for(on_sqlite: Deployment) -> None:
    clock = ManualClock(MONDAY)
    async with on_sqlite.node(clock=clock, ask=True, per_channel=1) as gateway:
        await receive_all(gateway, [letter("Lampu jalan mati", "SM1", at=MONDAY, sender=SARI), letter("Lampu jalan mati", "SM2", at=MONDAY, sender=TONO)])
        rows = await on_sqlite.until("cases", lambda rows: len(rows) == 2)
    assert sorted(row["status"] for row in rows) == ["awaiting_information", "awaiting_verification"]
    assert sorted(row["question"] for row in rows) == ["", "where"]


async def test_another_report_is_no_answer(deployment: Deployment) -> None:
    async with talking(deployment) as talk:
        await talk.says("Lampu jalan mati")
        await talk.says("Lapor: sampah menumpuk di pasar")
        assert [row["title"] for row in await deployment.rows("cases")] == ["Lampu jalan mati", "Lapor: sampah menumpuk di pasar"]
        # The word alone sets our question aside: what comes next is a report.
        talk.clock.advance(minutes=30)
        await talk.says("/lapor")
        await talk.says("Air PDAM keruh")
        cases = await deployment.rows("cases")
    assert [row["title"] for row in cases][-1] == "Air PDAM keruh"
    assert [row["question"] for row in cases] == ["", "", "where"]


async def test_the_same_words_again_are_no_second_case_and_never_dropped(deployment: Deployment) -> None:
    async with talking(deployment) as talk:
        text = "Jalan di depan SDN 5 Girimukti rusak parah sejak kemarin, tolong diperbaiki"
        await talk.says(text)
        number = (await talk.case())["number"]
        talk.clock.advance(hours=1)
        again = await talk.says(text.upper() + "!!")
        assert number in again
        assert "sudah ada" in again
        # Somebody else's are somebody else's.
        other = await talk.says(text, TONO)
        assert number not in other
    assert len(await deployment.rows("cases")) == 2
    assert [row["reason"] for row in await deployment.rows("messages")].count("rule:same_words") == 1
    assert len(await deployment.rows("messages")) == 3


async def test_a_report_is_withdrawn_and_taken_up_again_only_by_who_wrote_it(deployment: Deployment) -> None:
    async with talking(deployment) as talk:
        await talk.says("Lampu jalan mati")
        number = (await talk.case())["number"]
        stranger = await talk.says(f"BATAL {number}", TONO)
        assert stranger == await talk.says("BATAL 1111-2222-3333", TONO)
        assert (await talk.case())["status"] == "awaiting_information"
        assert number in await talk.says("batal")
        assert ((await talk.case())["status"], (await talk.case())["question"]) == ("withdrawn", "")
        assert "buka kembali" in await talk.says("BUKA")
        assert (await talk.case())["status"] == "reopened"


async def test_of_several_reports_none_is_withdrawn_by_a_guess_of_ours(deployment: Deployment) -> None:
    async with talking(deployment) as talk:
        await talk.says("Lapor lampu jalan mati di RT 5 kemarin")
        await talk.says("Lapor sampah menumpuk di RT 5 kemarin")
        while any(case["question"] for case in await deployment.rows("cases")):
            await talk.says("tidak tahu")
        told = await talk.says("BATAL")
    assert "beberapa laporan" in told
    assert "withdrawn" not in {row["status"] for row in await deployment.rows("cases")}


async def test_closed_it_is_rated_or_opened_again_for_ten_working_days(deployment: Deployment) -> None:
    async with talking(deployment) as talk:
        await talk.says("Lampu jalan mati")
        number = (await talk.case())["number"]
        # Nobody asked for a rating yet: it is an answer to the question.
        await talk.says("5")
        assert (await talk.case())["rating"] is None
        provider = PROVIDERS["post"]
        before = len(provider.sent)
        async with talk.gateway.store.transaction() as tx:
            office = talk.gateway.office
            await speaking.speak(tx, office, number, "Lampunya sudah kami ganti.", "wati", (), talk.clock.now(), close=True)
        talk.gateway.outboxes["post"].loop.ring()
        async with asyncio.timeout(60):
            await provider.until(lambda: len(provider.sent) > before)
        assert "Nilai 1-5" in provider.sent[-1].short
        assert fits_one_segment(provider.sent[-1].short)
        assert [choice.says for choice in provider.sent[-1].choices] == ["5", "4", "3", "2", "1"]
        assert "Terima kasih" in await talk.says("2")
        assert ((await talk.case())["status"], (await talk.case())["rating"]) == ("closed", 2)
        assert "buka kembali" in await talk.says("Belum selesai!")
        assert (await talk.case())["status"] == "reopened"


async def test_too_late_a_figure_is_a_report_like_any_other(deployment: Deployment) -> None:
    async with talking(deployment) as talk:
        await talk.says("Lampu jalan mati")
        number = (await talk.case())["number"]
        async with talk.gateway.store.transaction() as tx:
            office = talk.gateway.office
            await speaking.speak(tx, office, number, "Sudah.", "wati", (), talk.clock.now(), close=True)
        talk.clock.advance(days=60)
        await talk.says("5", answered=False)
        rows = await deployment.until("cases", lambda rows: len(rows) == 2)
    assert rows[0]["rating"] is None


async def test_a_correction_counts_and_the_first_words_stay(deployment: Deployment) -> None:
    async with talking(deployment) as talk:
        await talk.says("Jalan di depan SDN 5 Girimukti rusak parah sejak kemarin, tolong diperbaiki")
        while (await talk.case())["question"]:
            await talk.says("tidak tahu")
        told = await talk.says("Ralat: bukan SDN 5, tapi SDN 7")
        assert (await talk.case())["number"] in told
    complaint = await talk.complaint()
    assert complaint["text"].startswith("Jalan di depan SDN 5")
    assert complaint["text"].endswith("tapi SDN 7")
    assert ("corrected", "rule:corrects") in await talk.events()


async def test_whoever_stops_us_hears_only_what_they_ask_for(deployment: Deployment) -> None:
    async with talking(deployment) as talk:
        await talk.says("Lampu jalan mati")
        number = (await talk.case())["number"]
        assert "MULAI" in await talk.says("BERHENTI")
        talk.clock.advance(days=1)
        [reminder] = await deployment.until("notices", lambda rows: any(row["kind"] == "reminder" for row in rows)) and [
            row for row in await deployment.rows("notices") if row["kind"] == "reminder"
        ]
        assert (reminder["state"], reminder["reason"]) == ("withheld", "this person wants to hear from us only when they write")
        assert number in await talk.says("STATUS")
        assert "Kami kabari Anda lagi" in await talk.says("MULAI")
        assert "Tulis saja" in await talk.says("MULAI")
        assert [row["stopped_at"] for row in await deployment.rows("correspondents")] == [None]


async def test_an_answer_that_says_where_and_when_is_told_back_as_two_things(on_sqlite: Deployment) -> None:
    async with talking(on_sqlite) as talk:
        await talk.says("Lampu jalan mati")
        assert "; di depan pasar Penajam; sejak kemarin." in await talk.says("di depan pasar Penajam sejak kemarin")


async def test_a_citizen_chooses_the_language(deployment: Deployment) -> None:
    async with talking(deployment) as talk:
        await talk.says("Lampu jalan mati")
        assert "English" in await talk.says("/bahasa en")
        assert "When did it happen" in await talk.says("depan masjid")
        assert "Waiting for information" in await talk.says("STATUS")
        assert "Indonesia" in await talk.says("ID")
        assert "lengkap" in await talk.says("kemarin")


async def test_whoever_reported_in_english_hears_english_for_words_that_both_languages_have(deployment: Deployment) -> None:
    async with talking(deployment) as talk:
        assert "Where did it happen" in await talk.says("The street light is broken since yesterday")
        await talk.says("in front of the mosque Nurul Iman")
        assert "Waiting to be read" in await talk.says("STATUS")
        assert "you withdrew" in (await talk.says("BATAL")).lower()


async def test_an_officer_s_words_come_in_the_language_that_was_chosen(deployment: Deployment) -> None:
    async with talking(deployment) as talk:
        await talk.says("Lampu jalan mati")
        await talk.says("/bahasa en")
        async with talk.gateway.store.transaction() as tx:
            number = (await talk.case())["number"]
            await speaking.speak(tx, talk.gateway.office, number, "We are on it.", "wati", (), talk.clock.now())
    assert (await deployment.rows("notices"))[-1]["short"] == f"Report {number}: We are on it."


async def test_an_aspiration_needs_neither_place_nor_day(deployment: Deployment) -> None:
    async with talking(deployment) as talk:
        await talk.says("Semoga ada taman bermain untuk anak-anak")
        while (case := await talk.case())["question"]:
            heard = await talk.says("aspirasi")
            assert "aspirasi" in heard
            break
        case, complaint = await talk.case(), await talk.complaint()
    assert (case["status"], case["question"], complaint["missing"]) == ("awaiting_verification", "", [])


async def test_thanks_are_kept_and_not_answered_and_a_greeting_is_helped(deployment: Deployment) -> None:
    async with talking(deployment) as talk:
        assert "tulis" in (await talk.says("Assalamualaikum")).lower()
        await talk.says("Lampu jalan mati")
        before = len(PROVIDERS["post"].sent)
        await talk.says("Baik pak, terima kasih", answered=False)
        await deployment.until("messages", lambda rows: any(row["decision"] == "noise" for row in rows))
        assert len(PROVIDERS["post"].sent) == before
        case = await talk.case()
    kept = {row["case"] for row in await deployment.rows("message_cases")}
    assert kept == {case["id"]}
    assert case["question"] == "where"


async def test_all_of_it_in_one_batch_is_the_same(deployment: Deployment) -> None:
    """A store that was away for an hour, and a citizen who did not wait."""
    words = ["Lampu jalan mati", "depan masjid nurul iman", "sejak kemarin", "STATUS", "ok terima kasih"]
    async with deployment.parts(ask=True) as gateway:
        await gateway.store.migrate()
        for i, text in enumerate(words):
            await receive_all(gateway, [letter(text, f"SM{i}", at=MONDAY, sender=SARI)])
    async with deployment.node(clock=ManualClock(MONDAY), ask=True):
        await deployment.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"] * 4)
    [case] = await deployment.rows("cases")
    assert (case["status"], case["question"]) == ("awaiting_verification", "")
    assert [row["kind"] for row in await deployment.rows("notices")] == ["acknowledgement", "question", "understood", "answer"]
    assert [row["decision"] for row in await deployment.rows("messages")] == ["new_case", "answer", "answer", "word", "noise"]
    assert {account.verdict for account in await deployment.accounts()} == {"ok"}


async def test_two_citizens_who_write_at_the_same_time_never_speak_of_each_other_s_report(deployment: Deployment) -> None:
    async with deployment.parts(ask=True) as gateway:
        await gateway.store.migrate()
        sent: list[Arrival] = []
        said = [("Lampu jalan mati", "Sampah menumpuk"), ("depan masjid", "di pasar waru"), ("kemarin", "seminggu"), ("BATAL", "ANONIM")]
        for i, (mine, theirs) in enumerate(said):
            sent += [letter(mine, f"A{i}", at=MONDAY, sender=SARI), letter(theirs, f"B{i}", at=MONDAY, sender=TONO)]
        for one in sent:
            await receive_all(gateway, [one])
    async with deployment.node(clock=ManualClock(MONDAY), ask=True):
        await deployment.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"] * 8)
    cases = {row["title"]: row for row in await deployment.rows("cases")}
    assert {title: (row["status"], row["anonymous"]) for title, row in cases.items()} == {
        "Lampu jalan mati": ("withdrawn", False),
        "Sampah menumpuk": ("awaiting_verification", True),
    }
    for row in await deployment.rows("notices"):
        [mine] = [title for title, case in cases.items() if case["id"] == row["case"]]
        assert row["to_value"] == (SARI if mine == "Lampu jalan mati" else TONO)


async def test_a_contact_that_was_typed_hears_that_its_page_waits_and_not_what_for(on_sqlite: Deployment) -> None:
    clock = ManualClock(MONDAY)
    async with at_the_form(on_sqlite, BOTH, clock=clock, ask=True) as (_, siti):
        receipt = await reported(on_sqlite, siti, kontak=SARI)
        provider = PROVIDERS["post"]
        async with asyncio.timeout(60):
            await provider.until(lambda: len(provider.sent) == 1)
        for days, wanted in ((1, "menunggu satu jawaban dari pelapornya"), (2, "menunggu satu jawaban dari pelapornya"), (4, "apa adanya")):
            before = len(provider.sent)
            clock.advance(days=days)
            async with asyncio.timeout(60):
                await provider.until(partial(_more_than, provider.sent, before))
            told = provider.sent[-1].short
            assert fits_one_segment(told)
            assert receipt.number in told
            assert wanted in told
            assert "Di mana" not in told
            assert "Kapan" not in told
