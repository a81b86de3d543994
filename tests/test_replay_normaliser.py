"""A newer normaliser reads again what was kept: differences first, new versions beside the old, and nothing that a person decided is touched."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
import typer
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from typer.testing import CliRunner

from gateway import questions, renewal
from gateway import rows as make
from gateway.assembly import reading
from gateway.commands.replay import replay as replay_command
from gateway.config import Config
from gateway.renewal import renewed
from gateway.renewing import Found, renew
from gateway.store import tables
from gateway.store.engine import Store
from normalizer import NORMALISER, Complaint, Report, Setting, normalize
from tests.manual_clock import ManualClock
from tests.postbox import letter
from tests.test_category import WORDS
from tests.test_normalizer_laws import LAW
from tests.test_routing import PPU
from tests.world import Deployment, handed_over, keyed, receive_all

NOON = datetime(2026, 3, 17, 4, tzinfo=UTC)
_COMPLAINT = TypeAdapter(Complaint)
SARI = "+6281234567890"


def understood(text: str, at: datetime = NOON) -> Complaint:
    return normalize(Report(None, text, at), Setting(region="64.09"))


def as_it_was(now: Complaint) -> Complaint:
    """As a normaliser read it that knew neither categories nor days nor places."""
    place = now.place if now.place and now.place.how == "channel" else None
    return replace(now, normaliser="0", category=None, categories=(), level=None, incident=None, place=place, urgency=None)


# Pure


def test_what_nobody_touched_is_read_anew() -> None:
    fresh = understood("jalan berlubang di desa Girimukti kemarin")
    found = renewed([as_it_was(fresh)], fresh)
    assert found.complaint == fresh
    assert found.changed == ("category", "place", "incident")


def test_what_is_the_same_is_no_difference() -> None:
    fresh = understood("jalan berlubang kemarin")
    assert renewed([replace(fresh, normaliser="0")], fresh).changed == ()


def test_a_score_alone_is_a_detail() -> None:
    fresh = understood("jalan berlubang")
    before = replace(fresh, normaliser="0", categories=tuple(replace(one, score=0.2) for one in fresh.categories))
    assert renewed([before], fresh).changed == ("category (details)",)


ANSWERS = [("where", "di simpang Sotek"), ("when", "dua hari lalu"), ("what", "jalan berlubang besar")]


@pytest.mark.parametrize(("question", "words"), ANSWERS, ids=[row[0] for row in ANSWERS])
def test_what_the_citizen_answered_stays(question: str, words: str) -> None:
    fresh = understood("ada lubang di desa Girimukti kemarin, tolong" if question != "what" else "??")
    first = replace(as_it_was(fresh), missing=("where", "when") if question != "what" else ("what", "where", "when"))
    answered = questions.answered(first, understood(words, NOON + timedelta(hours=1)), question, "rule:answers_our_question", "Asia/Makassar")
    after = renewed([first, answered], fresh).complaint
    kept = {"where": "place", "when": "incident", "what": "text"}[question]
    assert getattr(after, kept) == getattr(answered, kept)
    assert question not in after.missing
    # Who says only now what it is about is understood by that.
    assert after.category == (answered.category if question == "what" else fresh.category) is not None


def test_what_the_citizen_does_not_know_is_not_asked_again() -> None:
    fresh = understood("jalan berlubang")
    first = replace(as_it_was(fresh), missing=("where", "when"))
    given_up = questions.answered(first, understood("tidak tahu"), "where", "rule:answers_our_question:unknown", "Asia/Makassar")
    after = renewed([first, given_up], fresh).complaint
    assert after.missing == ("when",)
    assert "where_unknown" in after.remarks


def test_what_is_being_asked_stays_asked() -> None:
    fresh = understood("jalan berlubang di desa Girimukti")
    before = replace(as_it_was(fresh), missing=("where", "when"))
    assert renewed([before], fresh, "where").complaint.missing == ("where", "when")
    assert renewed([before], fresh).complaint.missing == ("when",)


def test_a_correction_stays_and_what_it_left_alone_is_read_anew() -> None:
    fresh = understood("jalan berlubang di desa Girimukti kemarin")
    first = as_it_was(fresh)
    corrected = questions.corrected(first, understood("ralat: di depan pasar Waru", NOON + timedelta(hours=1)))
    after = renewed([first, corrected], fresh).complaint
    assert (after.place, after.text) == (corrected.place, corrected.text)
    assert (after.category, after.incident and after.incident.date) == (fresh.category, fresh.incident and fresh.incident.date)


def test_the_kind_that_the_citizen_chose_stays_also_through_two_normalisers() -> None:
    fresh = understood("jalan berlubang, kapan diperbaiki?")
    first = as_it_was(fresh)
    chosen = questions.classified(first, "aspiration")
    once = renewed([first, chosen], replace(fresh, normaliser="1")).complaint
    twice = renewed([first, chosen, once], replace(fresh, normaliser="2")).complaint
    assert (once.kind, twice.kind) == ("aspiration", "aspiration")


def test_what_one_normaliser_changed_the_next_may_change_again() -> None:
    fresh = understood("jalan berlubang di desa Girimukti kemarin")
    first = as_it_was(fresh)
    once = renewed([first], replace(fresh, normaliser="1", category=None, categories=())).complaint
    assert renewed([first, once], replace(fresh, normaliser="2")).complaint.category == fresh.category


def test_an_amendment_is_what_counts() -> None:
    late = understood("lampu jalan mati di Waru", NOON + timedelta(hours=1))
    versions = [as_it_was(understood("jalan berlubang")), as_it_was(late)]
    assert renewal.original(versions) == 1
    assert renewed(versions, late).complaint == late


@LAW
@given(WORDS, st.lists(st.tuples(st.sampled_from(["what", "where", "when", "correct", "aspiration"]), WORDS), max_size=3))
def test_spans_lie_in_the_text_and_nothing_that_was_said_is_lost(text: str, said: list[tuple[str, str]]) -> None:
    fresh = understood(text)
    versions = [replace(as_it_was(fresh), missing=("what", "where", "when"))]
    for what, words in said:
        before, more = versions[-1], understood(words, NOON + timedelta(hours=1))
        if what == "correct":
            versions.append(questions.corrected(before, more))
        elif what == "aspiration":
            versions.append(questions.classified(before, what))
        else:
            versions.append(questions.answered(before, more, what, "rule:answers_our_question", "Asia/Makassar"))
    after = renewed(versions, fresh).complaint
    assert after.text == (versions[-1].text if len({one.text for one in versions}) > 1 else fresh.text)
    assert set(after.missing) <= set(versions[-1].missing)
    assert (after.anonymous, after.confidential, after.sender, after.contact) == (fresh.anonymous, fresh.confidential, fresh.sender, fresh.contact)
    findings = [*after.categories, *filter(None, (after.urgency, after.level, after.beyond, after.kind_found))]
    spans = [span for found in findings for span in found.spans] + [(one.start, one.end) for one in after.personal]
    spans += [one.span for one in (after.place, after.incident) if one and one.span]
    assert all(0 <= start < end <= len(after.text) for start, end in spans)
    assert renewed([*versions, after], fresh).changed == (), "reading again what was read is nothing new"


# On both stores


async def with_an_old_normaliser(deployment: Deployment, which: Sequence[UUID] = ()) -> None:
    """What is there becomes what an older gateway would have left."""
    store = Store(deployment.store_url())
    v = tables.complaint_versions
    async with store.transaction() as tx:
        for row in await tx.all(sa.select(v)):
            if not which or row.case in which:
                said = json.loads(_COMPLAINT.dump_json(as_it_was(make.understood(row.complaint))))
                await tx.run(v.update().where(v.c.case == row.case, v.c.version == row.version).values(complaint=said, normaliser="0"))
        await tx.run(tables.cases.update().values(category=""))
    await store.close()


async def again(config: Config, **options: Any) -> Found:  # noqa: ANN401  # as renew()
    async with reading(config) as desk:
        return await renew(desk.store, desk.reader, desk.office, desk.clock.now(), **options)


def directory(deployment: Deployment) -> str:
    (deployment.folder / "agencies.csv").write_text(PPU_TABLE)
    return 'region = "64.09"\n[routing]\ndirectory = "agencies.csv"\n'


PPU_TABLE = "code,name,level,region,categories,aliases\n" + "\n".join(
    f'{agency.code},"{agency.name}",{agency.level},{agency.region},{" ".join(sorted(agency.categories))},'
    for agency in PPU.agencies
    if agency.region == "64.09"
)


async def test_differences_are_shown_first_and_written_beside_the_old_while_the_gateway_runs(deployment: Deployment) -> None:
    config = deployment.config(more=directory(deployment))
    async with deployment.node(config=config) as gateway:
        texts = ("jalan berlubang di desa Girimukti kemarin", "ada pungli dan suap, korupsi", "terima kasih banyak semuanya")
        await receive_all(gateway, [letter(text, f"SM{i}", at=NOON, sender=f"+62812000000{i}") for i, text in enumerate(texts)])
        await handed_over(gateway)
        await with_an_old_normaliser(deployment)
        before = await deployment.rows("complaint_versions")
        events = len(await deployment.rows("events"))
        owners = {row["id"]: row["owner"] for row in await deployment.rows("cases")}
        shown = await again(config, write=False)
        assert (shown.changed, shown.same, shown.before) == (2, 1, {"0": 3})
        assert shown.fields["category"] == 2
        assert await deployment.rows("complaint_versions") == before
        assert await deployment.rows("events") == await deployment.rows("events")
        written = await again(config, write=True)
        assert (written.fields, written.examples) == (shown.fields, shown.examples)
        after = await deployment.rows("complaint_versions")
        assert [row for row in after if row["version"] == 1] == before, "the old ones stay"
        assert [row["normaliser"] for row in after if row["version"] == 2] == [NORMALISER] * 3
        cases = {row["title"]: row for row in await deployment.rows("cases")}
        assert {row["category"] for row in cases.values()} == {"road", "corruption_extortion", ""}
        assert [row["confidential"] for row in cases.values() if row["category"] == "corruption_extortion"] == [True]
        assert {row["id"]: row["owner"] for row in cases.values()} == owners
        said = [row for row in await deployment.rows("events") if row["kind"] == "renewed"]
        assert len(await deployment.rows("events")) == events + 2
        assert {row["reason"] for row in said} == {f"rule:normaliser:{NORMALISER}"}
        assert {one["data"]["suggestion"]["candidates"][0]["agency"] for one in said} == {"dpupr", "inspektorat"}
        # The same once more: there is nothing left to do.
        assert (await again(config, write=True)).before == {}
        assert len(await deployment.rows("notices")) == 3, "nobody hears of it"


async def test_what_is_broken_off_goes_on_where_it_ended(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.renewing._AT_ONCE", 2)
    config = deployment.config()
    async with deployment.node(config=config) as gateway:
        await receive_all(gateway, [letter(f"jalan berlubang di RT {i}", f"SM{i}", at=NOON, sender=f"+62812000000{i}") for i in range(5)])
        await handed_over(gateway)
        await with_an_old_normaliser(deployment)
    [third] = sorted(row["id"] for row in await deployment.rows("cases"))[2:3]
    real = make.complaint

    def breaks_off(case: Any, *rest: Any) -> Any:  # noqa: ANN401  # as it is
        if case.id == third:
            raise KeyboardInterrupt
        return real(case, *rest)

    with monkeypatch.context() as broken:
        broken.setattr("gateway.renewing.make.complaint", breaks_off)
        with pytest.raises(KeyboardInterrupt):
            await again(config, write=True)
    assert len([row for row in await deployment.rows("complaint_versions") if row["version"] == 2]) == 2
    assert (await again(config, write=True)).before == {"0": 3}
    assert sorted(row["version"] for row in await deployment.rows("complaint_versions")) == [1] * 5 + [2] * 5


async def test_what_the_citizen_answered_and_was_asked_stays_in_the_store(deployment: Deployment) -> None:
    async with deployment.node(ask=True) as gateway:
        await receive_all(gateway, [letter("jalan berlubang parah sekali", "SM1", at=NOON, sender=SARI)])
        await handed_over(gateway)
        await receive_all(gateway, [letter("di depan pasar Waru", "SM2", at=NOON + timedelta(minutes=1), sender=SARI)])
        await handed_over(gateway)
        [case] = await deployment.rows("cases")
        assert case["question"] == "when"
        rows = await deployment.rows("complaint_versions")
        await _old_but_answered(deployment, rows)
        found = await again(deployment.config(ask=True), write=True)
        assert (found.changed, found.left) == (1, [])
        latest = make.understood((await deployment.rows("complaint_versions"))[-1]["complaint"])
        assert latest.place is not None
        assert (latest.place.how, latest.place.text) == ("answer", "di depan pasar Waru")
        assert latest.category is not None
        assert latest.missing == ("when",)
        [after] = await deployment.rows("cases")
        assert {name: after[name] for name in ("status", "question", "remind_at", "owner")} == {
            name: case[name] for name in ("status", "question", "remind_at", "owner")
        }
        # And the conversation goes on.
        await receive_all(gateway, [letter("kemarin", "SM3", at=NOON + timedelta(minutes=2), sender=SARI)])
        await handed_over(gateway)
    [done] = await deployment.rows("cases")
    assert (done["question"], done["status"]) == ("", "awaiting_verification")


async def _old_but_answered(deployment: Deployment, rows: Sequence[dict[str, Any]]) -> None:
    store, v = Store(deployment.store_url()), tables.complaint_versions
    async with store.transaction() as tx:
        for row in rows:
            said = {**row["complaint"], "normaliser": "0", "category": None, "categories": []}
            await tx.run(v.update().where(v.c.case == row["case"], v.c.version == row["version"]).values(complaint=said))
    await store.close()


async def test_what_is_not_kept_any_more_or_was_read_by_a_newer_one_is_left_and_told(on_sqlite: Deployment) -> None:
    config = on_sqlite.config()
    async with on_sqlite.node(config=config) as gateway:
        receipts = await receive_all(gateway, [letter(f"jalan berlubang {i}", f"SM{i}", at=NOON, sender=f"+62812000000{i}") for i in range(3)])
        await handed_over(gateway)
    await with_an_old_normaliser(on_sqlite)
    store = Store(on_sqlite.store_url())
    async with store.transaction() as tx:
        await tx.run(tables.arrivals.update().where(tables.arrivals.c.number == receipts[0].number).values(raw=None))
        [newer] = [row for row in await on_sqlite.rows_in(tx, "cases") if row["number"] == receipts[1].number]
        v = tables.complaint_versions
        [row] = [row for row in await on_sqlite.rows_in(tx, "complaint_versions") if row["case"] == newer["id"]]
        await tx.run(v.update().where(v.c.case == newer["id"]).values(complaint={**row["complaint"], "normaliser": "99999"}))
    await store.close()
    found = await again(config, write=True)
    assert sorted(found.left) == sorted(
        [(receipts[0].number, "what arrived is not kept any more"), (receipts[1].number, "it was read by a newer normaliser (99999)")]
    )
    assert found.before == {"0": 1}


async def replays(deployment: Deployment, *arguments: str) -> tuple[int, str, str]:
    """As `./run replay`, in a thread: only this process knows the tests' own channel."""
    app = typer.Typer()
    app.command()(replay_command)
    done = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--config", str(keyed(deployment.folder))])
    return done.exit_code, done.stdout, done.stderr


async def test_the_command_tells_numbers_and_fields_and_no_words_of_anybody(on_sqlite: Deployment) -> None:
    clock = ManualClock(datetime(2026, 3, 17, 15, 30, tzinfo=UTC))
    async with on_sqlite.node(clock=clock) as gateway:
        # 23:30 in Makassar, and half past midnight.
        [first] = await receive_all(gateway, [letter("jalan berlubang, hubungi Budi Santoso", "SM1", at=clock.now(), sender=SARI)])
        await handed_over(gateway)
        clock.advance(hours=1)
        [second] = await receive_all(gateway, [letter("lampu jalan mati", "SM2", at=clock.now(), sender="+6281200000009")])
        await handed_over(gateway)
    await with_an_old_normaliser(on_sqlite)
    code, out, _ = await replays(on_sqlite, "--normaliser")
    assert code == 0
    assert "2 reports were read by an older normaliser" in out
    assert "(2 by 0); 2 are understood otherwise now." in out
    assert first.number in out
    assert "Budi" not in out
    assert "berlubang" not in out
    assert "Nothing was written" in out
    code, since, wrong = await replays(on_sqlite, "--normaliser", "--since", "2026-03-18", "--json")
    assert (code, wrong) == (0, "")
    assert json.loads(since)["examples"]["category"] == [second.number]
    _, one, _ = await replays(on_sqlite, "--normaliser", "--number", first.number.lower(), "--write")
    assert "1 reports" in one
    assert "Written" in one
    assert (await replays(on_sqlite, "--write"))[0] == 2
    assert (await replays(on_sqlite, "--normaliser", "--number", "x"))[0] == 2
    assert (await replays(on_sqlite))[1].startswith("0 read")
