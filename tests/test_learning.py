"""Suggestions learn from what people decide: the same in any order, first in shadow, in use only when better, and applied only where they were right."""

from __future__ import annotations

import asyncio
import json
import random
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from gateway import assigning, learner, learning, routing
from gateway import case as cases
from gateway.assembly import reading
from gateway.commands.assign import assign as assign_command
from gateway.commands.learn import learn as learn_command
from gateway.commands.trace import trace as trace_command
from gateway.config import Config
from gateway.learning import FEWEST, JUDGED, MEASURED, Example, Verdict, fit, guess, judged, night, sure_of
from gateway.node import Gateway
from gateway.office import Learned
from gateway.routing import Desk
from gateway.speaking import NoSuchCase
from gateway.store import leases, lookup
from gateway.weights import ALWAYS, Weights, features, scores
from normalizer import Report, Setting, normalize
from tests.manual_clock import ManualClock
from tests.nursery import ROOT
from tests.postbox import letter
from tests.stream_of_decisions import A_DAY, Point, decisions, learned
from tests.test_normalizer_laws import LAW
from tests.test_routing import CORRUPT, DESK, NOON, about, told
from tests.world import Deployment, handed_over, keyed, receive_all

AGENCIES = st.sampled_from(["dlh", "dpupr", "dishub"])


def _example(key: int, minutes: int, words: frozenset[str], base: dict[str, float], right: str) -> Example:
    return Example(str(key), NOON + timedelta(minutes=minutes), (ALWAYS, *sorted(words)), tuple(sorted(base.items())), right)


MINUTES, SAID = st.integers(0, 999), st.frozensets(st.sampled_from(["sampah", "jalan", "lampu", "parit"]))
BASES = st.dictionaries(AGENCIES, st.floats(0, 1), max_size=2)
EXAMPLES = st.lists(st.builds(_example, st.integers(0, 999), MINUTES, SAID, BASES, AGENCIES), max_size=40, unique_by=lambda one: one.key)


def a_weight(version: int = 1, until: datetime = NOON, **table: dict[str, float]) -> Weights:
    return Weights(version, until, 0, table)


# Pure


@LAW
@given(EXAMPLES, st.randoms(use_true_random=False))
def test_the_same_decisions_in_any_order_give_the_same_weights_which_are_bounded(some: list[Example], shuffling: random.Random) -> None:
    table = fit(some)
    assert fit(shuffling.sample(some, len(some))) == table
    assert all(0 < abs(weight) <= 4 for row in table.values() for weight in row.values())
    heard = {feature for feature in table if sum(feature in one.features for one in some) >= 3}
    assert heard == table.keys(), "a word of one or two reports is kept nowhere"


@LAW
@given(EXAMPLES, st.randoms(use_true_random=False))
def test_a_night_finds_the_same_in_any_order_and_takes_nothing_into_use_that_was_not_judged(some: list[Example], shuffling: random.Random) -> None:
    champion, shadow = a_weight(1, sampah={"dlh": 1.0}), a_weight(2, NOON + timedelta(minutes=100), jalan={"dpupr": 2.0})
    found = night(some, champion, shadow, 3)
    assert night(shuffling.sample(some, len(some)), champion, shadow, 3) == found
    assert found.champion is champion or found.champion is shadow
    assert (found.champion is shadow) == (found.outcome == "promoted")


@LAW
@given(
    st.dictionaries(st.sampled_from("abc"), st.dictionaries(AGENCIES, st.floats(-4, 4)), max_size=3),
    st.frozensets(st.sampled_from("abcd")),
    st.dictionaries(AGENCIES, st.floats(0, 1)),
)
def test_scores_are_chances(table: dict[str, dict[str, float]], said: frozenset[str], base: dict[str, float]) -> None:
    found = scores(table, said, base, ["dlh", "dpupr"])
    assert found.keys() == {"dlh", "dpupr"}
    assert sum(found.values()) == pytest.approx(1)
    assert all(0 <= score <= 1 for score in found.values())


def test_weights_that_say_nothing_leave_the_lexicons_order() -> None:
    complaint = told("jalan berlubang, selokan mampet, sampah menumpuk")
    plain, neutral = (routing.suggest(complaint, desk) for desk in (DESK, replace(DESK, champion=a_weight())))
    assert [one.agency for one in neutral.candidates] == [one.agency for one in plain.candidates]
    assert (plain.weights, neutral.weights) == (0, 1)


def test_what_gives_a_person_away_is_never_a_word_to_learn() -> None:
    complaint = normalize(Report(None, "nama saya Suparjo, hp 081234567890, KT 1234 AB, jalan berlubang di Waru", NOON), Setting(region="64.09"))
    said = features(complaint)
    assert {"jalan", "#road", "#1:road"} <= set(said)
    assert not [word for word in said if "suparjo" in word or any(sign.isdigit() for sign in word if not word.startswith("#"))]


def test_a_verdict_needs_enough_decisions_and_more_than_luck() -> None:
    assert not Verdict(JUDGED - 1, 0, 20, 20, 0).better
    assert not Verdict(100, 60, 63, 10, 7).better
    assert not Verdict(100, 60, 60, 0, 0).better
    assert Verdict(100, 60, 74, 18, 4).better


def test_a_challenger_is_held_against_decisions_that_it_has_not_seen() -> None:
    seen: list[int] = []
    some = list(decisions(3, FEWEST))

    def watched(champion: Weights | None, challenger: Weights, latest: list[Example]) -> Verdict:
        seen.extend([challenger.labels, len(latest)])
        assert all(one.at > challenger.until for one in latest)
        return judged(champion, challenger, latest)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(learning, "judged", watched)
        found = night(some, None, None, 1)
    assert seen == [48, 12]
    assert found.shadow is None or found.shadow.labels == FEWEST
    assert found.champion is None


def test_from_which_score_on_95_are_right_is_measured_by_decisions_that_the_weights_have_not_seen() -> None:
    def one(number: int, score: float, right: str) -> Example:
        return Example(f"{number:04}", NOON + timedelta(minutes=number), (ALWAYS,), (("dlh", score),), right)

    known = [one(i, 0.9, "dlh" if i % 25 else "dpupr") for i in range(75)] + [one(75 + i, 0.5, "dlh" if i % 2 else "dpupr") for i in range(75)]
    found = sure_of(None, known)
    assert found is not None
    assert (found.score, found.taken, found.right) == (0.9, 75, 72)
    assert sure_of(None, known[: MEASURED - 1]) is None
    assert sure_of(a_weight(until=known[-1].at), known) is None
    few = sure_of(None, [replace(each, base=(("dlh", 0.5),)) for each in known[39:]])
    assert few is not None
    assert few.score is None


# In the routing


LAMP = "lampu jalan mati di depan pasar"


def test_what_was_learned_moves_the_suggestion_and_says_by_which_version() -> None:
    taught = Weights(7, NOON, 0, {"lampu": {"disperkimtan": 4.0}, ALWAYS: {"dishub": -1.0}})
    found = routing.suggest(told(LAMP), replace(DESK, champion=taught))
    assert found.candidates[0].agency == "disperkimtan"
    assert "learned:7" in found.candidates[0].rules
    assert found.kept()["weights"] == 7
    assert found.owner == "diskominfo", "a person decides"


def test_what_is_in_shadow_decides_nothing_and_is_kept_beside() -> None:
    taught = a_weight(8, lampu={"disperkimtan": 4.0})
    found = routing.suggest(told(LAMP), replace(DESK, shadow=taught, apply_above=0.01))
    assert found.candidates[0].agency == routing.suggest(told(LAMP), DESK).candidates[0].agency != "disperkimtan"
    shadow: Any = found.kept()["shadow"]
    assert (shadow["weights"], shadow["agency"]) == (8, "disperkimtan")


@pytest.mark.parametrize("text", CORRUPT)
def test_no_habit_brings_what_is_confidential_to_the_accused_unit(text: str) -> None:
    table = {word: {"disdikpora": 4.0, "dpupr": 4.0, "kec-penajam": 4.0} for word in features(told(text))}
    found = routing.suggest(told(text), replace(DESK, champion=Weights(1, NOON, 0, table), shadow=Weights(2, NOON, 0, table)))
    assert [one.agency for one in found.candidates] == ["inspektorat"]
    assert found.shadow is None


def test_nobody_is_learned_who_does_not_serve_the_place_or_is_in_the_directory_no_more() -> None:
    taught = a_weight(1, lampu={"kec-waru": 4.0, "gone": 4.0})
    found = routing.suggest(told("lampu jalan mati", "64.71"), replace(DESK, champion=taught))
    assert not {"kec-waru", "gone"} & {one.agency for one in found.candidates}


def test_by_itself_is_applied_only_above_what_was_measured(on_sqlite: Deployment) -> None:
    config = _config(on_sqlite, apply_above=0.6)
    office = _office(config)
    assert office.desk.apply_above == 0.6, "nothing measured yet: what the deployment says"
    for state, applied in (
        (Learned(measured=True, sure=0.8), 0.8),
        (Learned(measured=True, sure=0.5), 0.6),
        (Learned(measured=True, sure=None), None),
        (Learned(champion=a_weight()), None),
        (Learned(champion=a_weight(), measured=True, sure=0.7), 0.7),
    ):
        assert replace(office, learned=state).desk.apply_above == applied
    assert replace(office, apply_above=None, learned=Learned(measured=True, sure=0.5)).desk.apply_above is None, "nobody has asked for it"
    assert routing.suggest(about("road"), Desk("diskominfo", DESK.directory, 0.6, a_weight())).candidates


# The stream


@cache
def points() -> tuple[Point, ...]:
    return tuple(learned(3, 600))


def test_over_six_hundred_decisions_it_comes_from_070_to_more_than_078() -> None:
    first, last = points()[0], points()[-1]
    assert (first.decided, last.decided) == (0, 600)
    assert 0.66 <= first.right <= 0.74
    assert last.right >= 0.78
    promoted = [point for point in points() if point.found.outcome == "promoted"]
    assert promoted
    assert all(point.found.verdict is not None and point.found.verdict.of >= JUDGED for point in promoted)
    # Nothing comes into use overnight: before a night that promotes, and after it until the next, it is the same.
    for before, after in zip(points(), points()[1:], strict=False):
        assert before.found.champion == after.found.champion or after.found.outcome == "promoted"


def test_where_decisions_follow_no_habit_nothing_is_learned_and_nothing_lost() -> None:
    stream = learned(6, 400, habits=False, fresh=300)
    assert stream[-1].right >= stream[0].right - 0.02
    assert sum(point.found.outcome == "promoted" for point in stream) == 0


def test_where_decisions_are_drawn_by_lot_nothing_is_promoted() -> None:
    drawing = random.Random(8)  # noqa: S311  # no secret
    stream = list(decisions(8, 300))
    lots = [replace(one, right=drawing.choice(["dlh", "dpupr", "dishub", "dinsos"])) for one in stream]
    champion = shadow = None
    for decided in range(0, 301, A_DAY):
        found = night(lots[:decided], champion, shadow, decided + 1)
        champion, shadow = found.champion, found.shadow
    right = sum(guess(champion, one)[0] == one.right for one in lots) / len(lots)
    assert right < 0.5


def test_the_curve_in_the_docs_is_what_comes_out() -> None:
    page = (ROOT / "docs" / "routing.md").read_text(encoding="utf-8").split("## What it learns")[1]
    shown = {int(decided): float(right) for decided, right in re.findall(r"(?m)^\| (\d+) \| (0\.\d\d) \|", page)}
    assert shown == {point.decided: round(point.right, 2) for point in points() if point.decided % 100 == 0}


# With the store


def _config(deployment: Deployment, apply_above: float | None = None, *, nights: bool = False) -> Config:
    """`nights`: what a node does by itself; else only what the test asks for."""
    (deployment.folder / "agencies.csv").write_text((ROOT / "gateway" / "directories" / "ppu.csv").read_text())
    limit = f"apply_above = {apply_above}\n" if apply_above else ""
    return deployment.config(more=f'region = "64.09"\n[routing]\ndirectory = "agencies.csv"\nlearn = {str(nights).lower()}\n{limit}')


def _office(config: Config) -> Any:  # noqa: ANN401  # gateway.office.Office
    async def get() -> Any:  # noqa: ANN401  # the same
        async with reading(config) as desk:
            return desk.office

    return asyncio.run(get())


async def decided(deployment: Deployment, gateway: Gateway, clock: ManualClock, begin: int, many: int) -> list[str]:
    """So many reports of lamps and as many of roads, each brought to whom this district brings it."""
    texts = [(f"lampu jalan mati di RT {i}", "disperkimtan") if i % 2 else (f"jalan berlubang di RT {i}", "dpupr") for i in range(begin, begin + many)]
    arrivals = [letter(text, f"SM{begin + i}", at=clock.now(), sender=f"+6281{begin + i:09}") for i, (text, _) in enumerate(texts)]
    receipts = await receive_all(gateway, arrivals)
    await handed_over(gateway)
    for receipt, (_, agency) in zip(receipts, texts, strict=True):
        clock.advance(seconds=1)
        async with gateway.store.transaction() as tx:
            await assigning.assign(tx, receipt.number, agency, "Rina", clock.now())
    return [receipt.number for receipt in receipts]


async def test_a_decision_moves_the_owner_with_an_event_is_kept_and_nobody_hears_of_it(deployment: Deployment) -> None:
    config, clock = _config(deployment), ManualClock()
    async with deployment.node(clock=clock, config=config) as gateway:
        [number] = await decided(deployment, gateway, clock, 1, 1)
        [case] = await deployment.rows("cases")
        assert case["owner"] == "disperkimtan"
        event = (await deployment.rows("events"))[-1]
        assert (event["kind"], event["actor"], event["reason"], event["data"]) == ("assigned", "Rina", "person", {"owner": "disperkimtan"})
        async with gateway.store.transaction() as tx:
            await assigning.assign(tx, number, "dishub", "Sari", clock.now())
            assert not cases.owned_by_rule(await lookup.case_events(tx, case["id"])), "no answer of the citizen's moves it away again"
            with pytest.raises(NoSuchCase):
                await assigning.assign(tx, "0000-0000-0000", "dishub", "Sari", clock.now())
        assert len(await deployment.rows("notices")) == 1, "the acknowledgement"
    kept = await deployment.rows("labels")
    assert [(row["agency"], row["by"], row["suggestion"]["candidates"][0]["agency"]) for row in kept] == [
        ("disperkimtan", "Rina", "dishub"),
        ("dishub", "Sari", "dishub"),
    ]
    assert {account.verdict for account in await deployment.accounts()} == {"ok"}


async def test_it_learns_in_shadow_first_is_promoted_and_each_decision_keeps_the_version(deployment: Deployment) -> None:
    config, clock, zone = _config(deployment), ManualClock(), ZoneInfo("Asia/Makassar")
    async with deployment.node(clock=clock, config=config) as gateway:
        await decided(deployment, gateway, clock, 0, 80)
        first = await learner.learn(gateway.store, gateway.office, clock.now(), zone)
        assert first is not None
        assert (first.outcome, first.champion, first.shadow and first.shadow.version) == ("fitted", None, 1)
        clock.advance(hours=24)
        numbers = await decided(deployment, gateway, clock, 100, 60)
        second = await learner.learn(gateway.store, gateway.office, clock.now(), zone)
        assert second is not None
        assert second.verdict is not None
        assert (second.outcome, second.verdict.of, second.verdict.champion, second.verdict.challenger) == ("promoted", 60, 30, 60)
        assert second.sure is None, "those it was judged by are fewer than are needed to apply it by itself"
        clock.advance(hours=24)
        await decided(deployment, gateway, clock, 201, 1)
        # A night without anything new changes nothing.
        clock.advance(hours=24)
        third = await learner.learn(gateway.store, gateway.office, clock.now(), zone)
        assert third is not None
        assert third.outcome == "waits"
    opened = [row for row in sorted(await deployment.rows("events"), key=lambda row: row["at"]) if row["kind"] == "opened"]
    kept = [row["data"]["suggestion"] for row in opened]
    assert [(one["weights"], one["shadow"] and one["shadow"]["weights"]) for one in (kept[0], kept[85], kept[-1])] == [(0, None), (0, 1), (1, 2)]
    assert kept[-1]["candidates"][0]["agency"] == "disperkimtan"
    states = {row["version"]: row["state"] for row in await deployment.rows("weights")}
    assert states == {1: "champion", 2: "shadow"}
    assert numbers


async def test_it_happens_by_itself_once_a_night_on_one_node(deployment: Deployment) -> None:
    # 01:30 in Makassar.
    config, clock = _config(deployment, nights=True), ManualClock(datetime(2026, 11, 23, 17, 30, tzinfo=UTC))
    async with deployment.node(clock=clock, config=config) as gateway:
        await decided(deployment, gateway, clock, 0, FEWEST)
        assert await deployment.rows("nights") == []
        clock.advance(minutes=31)
        [night_row] = await deployment.until("nights", lambda rows: len(rows) == 1)
        gateway.learner.paused = True
        await gateway.learner._look()  # noqa: SLF001  # what its loop does
        assert len(await deployment.rows("nights")) == 1
        assert (night_row["day"], night_row["found"]["labels"], night_row["found"]["outcome"]) == ("2026-11-24", FEWEST, "fitted")
        assert gateway.office.learned.shadow is not None
        clock.advance(hours=24)
        # Another node is at it.
        async with gateway.store.transaction() as tx:
            await leases.take(tx, learner.LEASE, "another", clock.now(), timedelta(hours=1))
        await gateway.learner._look()  # noqa: SLF001  # the same
        assert len(await deployment.rows("nights")) == 1
        clock.advance(hours=2)
        await gateway.learner._look()  # noqa: SLF001  # the same
        assert [row["day"] for row in await deployment.rows("nights")] == ["2026-11-24", "2026-11-25"]


async def test_another_node_takes_what_was_learned_into_use(deployment: Deployment) -> None:
    config, clock = _config(deployment), ManualClock()
    async with deployment.node(clock=clock, config=config) as gateway:
        await decided(deployment, gateway, clock, 0, FEWEST)
        await learner.learn(gateway.store, gateway.office, clock.now(), ZoneInfo("Asia/Makassar"))
        other = Learned()
        await learner.load(gateway.store, other)
        assert other == gateway.office.learned
        assert other.shadow is not None


async def types(deployment: Deployment, command: Any, *arguments: str) -> tuple[int, str, str]:  # noqa: ANN401  # a typer command
    """As `./run …`, in a thread: only this process knows the tests' own channel."""
    app = typer.Typer()
    app.command()(command)
    done = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--config", str(keyed(deployment.folder))])
    return done.exit_code, done.stdout, done.stderr


async def test_the_commands_say_what_was_done_and_found(on_sqlite: Deployment) -> None:
    config, clock = _config(on_sqlite), ManualClock(datetime.now(UTC) - timedelta(hours=1))
    async with on_sqlite.node(clock=clock, config=config) as gateway:
        assert (await types(on_sqlite, learn_command))[1].endswith(f"Too few decisions to learn from: {FEWEST} are needed.\n")
        numbers = await decided(on_sqlite, gateway, clock, 0, FEWEST)
        code, out, _ = await types(on_sqlite, assign_command, numbers[0].lower(), "dlh", "--by", "Rina")
        assert (code, out) == (0, f"{numbers[0]} went from dpupr to dlh.\n")
        assert (await types(on_sqlite, assign_command, numbers[0], "dlh"))[1] == f"{numbers[0]} stays with dlh.\n"
        code, _, wrong = await types(on_sqlite, assign_command, numbers[0], "dpupe")
        assert (code, wrong) == (2, "No agency has the code dpupe. Did you mean dpupr?\n")
        assert (await types(on_sqlite, assign_command, "0000-0000-0000", "dlh"))[0] == 1
        looked = json.loads((await types(on_sqlite, learn_command, "--look", "--json"))[1])
        assert (looked["labels"], looked["outcome"], looked["shadow"]["version"]) == (FEWEST, "fitted", 1)
        assert await on_sqlite.rows("weights") == []
        code, out, _ = await types(on_sqlite, learn_command)
        assert (code, "in shadow    weights 1, of 60 decisions" in out, out.splitlines()[-1]) == (0, True, "New weights stand in shadow.")
        assert [row["state"] for row in await on_sqlite.rows("weights")] == ["shadow"]
        traced = (await types(on_sqlite, trace_command, numbers[1]))[1]
        assert "case assigned by Rina, because: person" in traced


def test_without_a_directory_there_is_nothing_to_learn(tmp_path: Path, on_sqlite: Deployment) -> None:
    on_sqlite.config()
    code, _, wrong = asyncio.run(types(on_sqlite, learn_command))
    assert code == 2
    assert "no directory" in wrong
