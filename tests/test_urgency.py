"""Whose life is in danger is told first whom to call, waits for no answer of theirs, and stands before all others."""

from __future__ import annotations

import os

import pytest
import sqlalchemy as sa

from gateway.store.tables import cases
from tests.nursery import ROOT, run
from tests.postbox import PROVIDERS
from tests.test_dialogue import TONO, talking
from tests.world import KEY, Deployment

CALL = "Nyawa terancam? Telepon 112."


async def test_whose_life_is_in_danger_hears_first_whom_to_call_and_the_case_is_seen_first(deployment: Deployment) -> None:
    async with talking(deployment) as talk:
        await talk.says("Lampu jalan mati di depan pasar waru sejak kemarin", TONO)
        await talk.says("Pohon tumbang menutup jalan di depan pasar waru sejak kemarin", "+6281200000003")
        told = await talk.says("KEBAKARAN di pasar waru, tolong!!")
        async with talk.gateway.store.snapshot() as tx:
            first = await tx.all(sa.select(cases.c.title, cases.c.urgent).order_by(cases.c.urgent.desc()))
    assert told.startswith(CALL)
    assert PROVIDERS["post"].sent[-1].full.startswith(CALL)
    assert [row.urgent for row in first] == [2, 1, 0]
    assert first[0].title.startswith("KEBAKARAN")
    # Who may only come to harm later is not sent to an emergency service.
    assert [("112" in one.short + one.full) for one in PROVIDERS["post"].sent] == [False, False, True]


async def test_what_whoever_helps_must_know_is_asked_behind_the_number_and_nobody_waits_for_it(deployment: Deployment) -> None:
    async with talking(deployment) as talk:
        told = await talk.says("Tolong, ada kebakaran besar!!")
        case = await talk.case()
        assert told.startswith(CALL)
        assert "Di mana" in told
        assert "berhenti" not in PROVIDERS["post"].sent[-1].full, "the deadline does not stand still"
        assert (case["status"], case["question"], case["urgent"]) == ("awaiting_verification", "where", 2)
        talk.clock.advance(days=1, hours=4)
        understood = await talk.says("depan masjid nurul iman rt 5")
        # Received on Monday; the clock ran on: Thursday. Since when, nobody asks.
        assert "19-11-2026" in understood
        case, complaint = await talk.case(), await talk.complaint()
    assert (case["status"], case["question"], case["urgent"]) == ("awaiting_verification", "", 2)
    assert complaint["place"]["text"] == "depan masjid nurul iman rt 5"
    assert [row["kind"] for row in await deployment.rows("notices")] == ["acknowledgement", "understood"]


async def test_who_does_not_answer_in_danger_is_not_reminded(on_sqlite: Deployment) -> None:
    async with talking(on_sqlite) as talk:
        await talk.says("Tolong, ada kebakaran besar!!")
        talk.clock.advance(days=8)
        rows = await on_sqlite.until("cases", lambda rows: not rows[0]["question"])
        assert [kind for kind, _ in await talk.events()] == ["opened", "unanswered"]
        assert (await talk.case())["status"] == rows[0]["status"] == "awaiting_verification"
    assert [row["kind"] for row in await on_sqlite.rows("notices")] == ["acknowledgement"]


async def test_danger_that_is_said_only_in_an_answer_is_told_whom_to_call_too(on_sqlite: Deployment) -> None:
    async with talking(on_sqlite) as talk:
        assert "Apa yang terjadi" in await talk.says("??")
        told = await talk.says("ada kebakaran, dua orang terjebak di rumah")
        case = await talk.case()
    assert told.startswith(CALL)
    assert (case["urgent"], case["status"], case["category"] != "") == (2, "awaiting_verification", True)


@pytest.mark.parametrize(("number", "told"), [("", False), ("0800-1234-5678", True)])
async def test_a_deployment_names_its_own_number_or_none(on_sqlite: Deployment, number: str, told: bool) -> None:  # noqa: FBT001  # a table
    async with talking(on_sqlite, ask=False, more=f'site = {{ emergency = "{number}" }}') as talk:
        said = await talk.says("KEBAKARAN di pasar waru, tolong!!")
        assert (await talk.case())["urgent"] == 2
    assert ("Telepon 0800-1234-5678" in said, "Telepon" in said) == (told, told)


async def test_operators_see_in_the_trace_that_life_is_in_danger(on_sqlite: Deployment) -> None:
    async with talking(on_sqlite, ask=False) as talk:
        await talk.says("KEBAKARAN di pasar waru, tolong!!")
        number = (await talk.case())["number"]
    (on_sqlite.folder / "look.toml").write_text((on_sqlite.folder / "a.toml").read_text().replace('[channels.post]\nkind = "postbox"', ""))
    traced = run(["trace", number, "--config", str(on_sqlite.folder / "look.toml")], {**os.environ, "KEY": KEY}, ROOT)
    assert "urgent: life in danger" in traced.stdout
