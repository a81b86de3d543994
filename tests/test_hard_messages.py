"""Messages that hardly say anything: each is a numbered report of the coordinator's, and its writer is asked what happened. Nobody is refused."""

from __future__ import annotations

import pytest

from gateway import directory
from tests.test_dialogue import talking
from tests.test_routing import with_directory
from tests.world import Deployment


@pytest.mark.parametrize(
    ("text", "remarks", "reason"),
    [
        ("😡😡😡", [], "rule:needs_triage"),
        ("👍", [], "rule:needs_triage"),
        ("anjing lu semua goblok", ["abuse"], "rule:needs_triage"),
        ("polisi bajingan", ["abuse"], "rule:abuse"),
    ],
)
async def test_whoever_says_nothing_is_asked_what_happened_and_their_answer_is_the_report(
    on_sqlite: Deployment, text: str, remarks: list[str], reason: str
) -> None:
    more = with_directory(on_sqlite, directory.example(), ", apply_above = 0.1")
    async with talking(on_sqlite, more=more) as talk:
        heard = await talk.says(text)
        case = await talk.case()
        assert (case["owner"], case["question"], (await talk.events())[0][1]) == ("diskominfo", "what", reason)
        assert case["number"] in heard
        assert "Apa yang terjadi" in heard
        assert (await talk.complaint())["remarks"] == remarks
        await talk.says("lampu jalan mati di depan pasar waru")
        complaint = await talk.complaint()
    begins = complaint["text"].index("lampu jalan mati di depan pasar waru")
    assert (complaint["category"]["code"], complaint["category"]["spans"], complaint["remarks"]) == ("street_light", [[begins, begins + 16]], [])
    assert "what" not in complaint["missing"]
    assert len(await on_sqlite.rows("cases")) == 1
    assert {account.verdict for account in await on_sqlite.accounts()} == {"ok"}


async def test_a_chain_letter_is_a_report_like_any_other_with_a_remark(on_sqlite: Deployment) -> None:
    async with talking(on_sqlite, ask=False) as talk:
        assert (await talk.says("SEBARKAN KE 10 ORANG: besok listrik padam")).startswith("Laporan")
        assert (await talk.complaint())["remarks"] == ["chain_letter"]


async def test_twenty_thousand_characters_are_one_report_kept_whole(on_sqlite: Deployment) -> None:
    text = "jalan rusak di waru. " * 1000
    async with talking(on_sqlite, ask=False) as talk:
        await talk.says(text[:20_000].strip())
        complaint = await talk.complaint()
    assert (complaint["text"], complaint["remarks"]) == (text[:20_000].strip(), [])
