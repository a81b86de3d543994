"""What no public service can settle: the citizen is told where to go instead, a person decides, and whoever disagrees is heard again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from channels.gsm7 import fits_one_segment
from gateway.case import ArchiveReason
from tests.postbox import PROVIDERS, letter
from tests.test_dialogue import SARI, TONO, Talk, talking
from tests.test_speaking import speaks
from tests.web_citizen import CHANNEL, at_the_form
from tests.world import Deployment

IN_COURT = "perkara tanah saya sedang disidangkan di pengadilan negeri penajam sejak kemarin"


async def archived(talk: Talk, reason: str, text: str = "Silakan tanyakan ke pengadilan.") -> Any:  # noqa: ANN401  # a Notice
    """An officer archives the only case; what its citizen reads."""
    number, provider = (await talk.case())["number"], PROVIDERS["post"]
    before = len(provider.sent)
    code, _, err = await speaks(talk.deployment, number, text, "--archive", reason, "--by", "Rina")
    assert code == 0, err
    talk.gateway.outboxes["post"].loop.ring()
    async with asyncio.timeout(60):
        await provider.until(lambda: len(provider.sent) > before)
    return provider.sent[-1]


async def test_what_lies_outside_is_told_its_door_and_stays_with_the_coordinator(deployment: Deployment) -> None:
    async with talking(deployment) as talk:
        told = await talk.says(IN_COURT)
        case = await talk.case()
    assert "Di mana" in told
    assert "Mungkin urusan pengadilan." in told
    assert "Posbakum" in PROVIDERS["post"].sent[-1].full
    # A machine archives nothing on a guess.
    assert (case["owner"], case["status"]) == ("diskominfo", "awaiting_information")


async def test_a_contact_that_was_typed_is_told_no_door(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite, CHANNEL + '\n[channels.post]\nkind = "postbox"') as (_, siti):
        await siti.report(IN_COURT, kontak="081234567890")
        await on_sqlite.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"])
    told = PROVIDERS["post"].sent[0]
    assert "pengadilan" not in told.short + told.full


async def test_an_officer_archives_with_a_reason_and_the_citizen_reads_why_where_and_how_to_appeal(deployment: Deployment) -> None:
    async with talking(deployment) as talk:
        await talk.says(IN_COURT)
        told = await archived(talk, "in_court")
        case = await talk.case()
        assert fits_one_segment(told.short)
        for part in (case["number"], "sudah di pengadilan", "TIDAK SETUJU"):
            assert part in told.short
        for part in ("sudah di pengadilan", "Silakan tanyakan ke pengadilan.", "koordinator memeriksanya lagi"):
            assert part in told.full
        assert [choice.says for choice in told.choices] == ["BUKA"]
        assert (case["status"], case["closed_at"] is not None) == ("archived", True)
        [*_, event] = await deployment.rows("events")
        assert (event["kind"], event["reason"], event["actor"]) == ("archived", "in_court", "Rina")
        # The page of the report offers the same.
        assert "Diarsipkan" in await talk.says("STATUS")
    assert {account.verdict for account in await deployment.accounts()} == {"ok"}


@pytest.mark.parametrize("words", ["tidak setuju", "BUKA", "Ini bukan urusan pengadilan, yang minta uang itu pegawai loket"])
async def test_whoever_disagrees_is_heard_by_the_coordinator(on_sqlite: Deployment, words: str) -> None:
    async with talking(on_sqlite) as talk:
        await talk.says(IN_COURT)
        await archived(talk, "in_court")
        told = await talk.says(words)
        case = await talk.case()
        assert case["number"] in told
        assert (case["status"], case["owner"], case["closed_at"]) == ("reopened", "diskominfo", None)
        assert (await talk.events())[-1] == ("appealed", "rule:appeal")
        assert len(await on_sqlite.rows("messages")) == 3
        # Heard once, the next words are on a report like any other.
        assert case["number"] in await talk.says("laporan saya kapan ditindaklanjuti?")


async def test_a_stranger_appeals_for_nobody(on_sqlite: Deployment) -> None:
    async with talking(on_sqlite) as talk:
        await talk.says(IN_COURT)
        number = (await talk.case())["number"]
        await archived(talk, "in_court")
        assert await talk.says(f"BUKA {number}", TONO) == await talk.says("BUKA 1111-2222-3333", TONO)
        assert (await talk.case())["status"] == "archived"


async def test_long_after_it_was_archived_the_same_words_are_a_report(on_sqlite: Deployment) -> None:
    async with talking(on_sqlite) as talk:
        await talk.says(IN_COURT)
        number = (await talk.case())["number"]
        await archived(talk, "in_court")
        talk.clock.advance(days=60)
        await talk.says("Ini bukan urusan pengadilan, yang minta uang itu pegawai loket")
        await talk.says(f"BUKA {number}", SARI)
        rows = await on_sqlite.rows("cases")
    assert rows[0]["status"] == "archived"
    assert len(rows) == 2


async def test_an_officer_who_mistypes_a_reason_is_told_which_there_are(on_sqlite: Deployment) -> None:
    async with talking(on_sqlite) as talk:
        await talk.says(IN_COURT)
        number = (await talk.case())["number"]
        code, _, said = await speaks(on_sqlite, number, "x", "--archive", "in court")
        assert code == 2
        assert all(reason in said for reason in ArchiveReason)
        code, _, said = await speaks(on_sqlite, number, "x", "--archive", "spam", "--close")
        assert (code, "either done" in said) == (2, True)
        assert (await talk.case())["status"] == "awaiting_information"


async def test_whoever_said_stop_hears_nothing_because_a_stranger_typed_their_number_into_a_form(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite, CHANNEL + '\n[channels.post]\nkind = "postbox"') as (gateway, somebody):
        await gateway.inlets["post"].receive(letter("BERHENTI", "w1", at=gateway.clock.now(), sender="+6281234567890"))
        await on_sqlite.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"])
        await somebody.report("Jalan rusak di depan pasar Waru sejak kemarin", kontak="081234567890")
        rows = await on_sqlite.until("notices", lambda rows: len(rows) == 2)
    assert [(row["kind"], row["state"]) for row in rows][-1] == ("acknowledgement", "withheld")
