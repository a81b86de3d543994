"""How channels are and were: a closed list of words, the worst component speaks, what happens while the store is away is kept, the share of time is true."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.availability import Availability, availability
from gateway.health import DEGRADED, DOWN, KINDS, OK, PAUSED, STATES, UNKNOWN, Board, Finding
from gateway.history import History
from gateway.ids import new_id
from gateway.store import states
from gateway.store.engine import Store, StoreAway
from gateway.store.states import Stretch
from tests.handbook import ROOT
from tests.manual_clock import ManualClock
from tests.test_health import KEY, POST, looked_after
from tests.world import Deployment

NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
WELL = Finding(OK, "", "All is well.")
ILL = Finding(DOWN, "timeout", "It does not answer.")
HOUR = timedelta(hours=1)
# What a provider says of one person alone: no channel is like that.
OF_ONE = {"blocked"}


# Words


def words(path: Path) -> Iterator[str]:
    """Each type that this file may give to a finding, or to what a provider says."""
    place = {"Finding": 1, "Checked": 2, "Trouble": 0, "SendFailed": 9}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in place:
            at = place[node.func.id]
            for said in [keyword.value for keyword in node.keywords if keyword.arg == "kind"] + node.args[at : at + 1]:
                yield from (leaf.value for leaf in ast.walk(said) if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str))


def test_every_type_is_in_the_closed_list_and_explained() -> None:
    files = [path for package in ("gateway", "channels") for path in (ROOT / package).rglob("*.py") if "demo" not in path.parts]
    used = {word for path in files for word in words(path)} - {"", *OF_ONE}
    assert used <= KINDS
    # Said by a person's hand alone, on the operators' page.
    assert KINDS - used <= {"paused"}
    explained = set(re.findall(r"\w+", " ".join(line.split("|")[3] for line in (ROOT / "docs" / "health.md").read_text().splitlines() if line.count("|") == 7)))
    assert explained - {"type", "state"} >= KINDS - {"paused"}


def test_a_word_that_is_not_in_the_list_is_the_providers() -> None:
    board = Board(30)
    board.say("sms", "out", Finding(DOWN, "gremlins", "Odd."), NOON, 0)
    assert board.look(0)["sms", "out"].finding.kind == "provider"


# Components


@given(st.lists(st.tuples(st.sampled_from(["", "canary", "silence"]), st.sampled_from(STATES)), min_size=1, max_size=20))
def test_the_worst_component_speaks_for_the_channel_and_since_when_is_the_channels(said: list[tuple[str, str]]) -> None:
    board, now, latest = Board(1000), NOON, dict[str, str]()
    since, before = NOON, ""
    for position, (component, state) in enumerate(said):
        now = NOON + timedelta(seconds=position)
        board.say("web", "in", Finding(state, "", ""), now, position, component)
        latest[component] = state
        worst = min(latest.values(), key=[PAUSED, DOWN, UNKNOWN, DEGRADED, OK].index)
        since, before = (since if worst == before else now), worst
        found = board.look(position)["web", "in"]
        assert (found.finding.state, found.since) == (worst, since)
    assert {name: one.finding.state for name, one in board.components("web", "in", len(said)).items()} == latest


def test_when_it_was_last_looked_at_when_it_was_last_well_and_when_something_last_came() -> None:
    board = Board(30)
    board.say("sms", "in", Finding(OK, "", "", NOON - HOUR), NOON, 0)
    board.say("sms", "in", ILL, NOON + HOUR, 3600)
    found = board.look(3600)["sms", "in"]
    assert (found.looked_at, found.succeeded_at, found.finding.last_at, found.since) == (NOON + HOUR, NOON, NOON - HOUR, NOON + HOUR)


def test_who_looks_at_one_component_hangs_and_the_channel_is_not_called_well() -> None:
    board = Board(30)
    board.say("web", "in", WELL, NOON, 0, "canary")
    for counted in (0, 30, 60, 90):
        board.say("web", "in", WELL, NOON, counted)
    assert (board.look(90)["web", "in"].finding.state, board.look(90)["web", "in"].finding.kind) == (UNKNOWN, "stale")


async def test_a_monitor_that_understands_only_a_status_is_told_by_it(on_sqlite: Deployment) -> None:
    async with looked_after(on_sqlite, POST) as (gateway, budi):
        await budi.until("post", "out", "ok")
        url, headers = budi.base + "/health/channels", {"Authorization": f"Bearer {KEY}"}
        for fallen, strict, status in (("", "1", 200), ("RuntimeError", "", 200), ("RuntimeError", "0", 200), ("RuntimeError", "1", 503)):
            gateway.monitor.fallen = {"outbox post": fallen} if fallen else {}
            await gateway.monitor.look_at("post")
            async with aiohttp.ClientSession() as session, session.get(url, params={"strict": strict} if strict else {}, headers=headers) as answer:
                assert answer.status == status
                said = (await answer.json())["parts"]["post"]["out"]
        assert said["state"] == "down"
        assert said["last_attempt"] > said["last_success"] > said["last_attempt"][:10]
        assert said["last"] is None


# History


async def store_of(deployment: Deployment) -> Store:
    deployment.config()
    store = Store(deployment.store_url())
    await store.migrate()
    return store


async def test_each_change_is_a_row_that_grows_while_it_lasts(deployment: Deployment) -> None:
    store, clock, board = await store_of(deployment), ManualClock(NOON), Board(30)
    history = History(board, store, clock, lambda: "a", 30, timedelta(days=90))
    history.paused = False
    for finding in (WELL, WELL, ILL, ILL, ILL, WELL):
        board.say("sms", "out", finding, clock.now(), clock.counted())
        await history.beat()
        clock.advance(seconds=30)
    rows = await deployment.rows("channel_states")
    seconds = [((row["at"] - NOON).total_seconds(), (row["until"] - NOON).total_seconds(), row["state"], row["kind"]) for row in rows]
    assert seconds == [(0, 60, "ok", ""), (60, 150, "down", "timeout"), (150, 150, "ok", "")]
    # Nobody looks any more: that is a change, too.
    clock.advance(seconds=90)
    await history.beat()
    assert [row["kind"] for row in await deployment.rows("channel_states")] == ["", "timeout", "", "stale"]
    async with store.snapshot() as tx:
        assert [one.kind for one in await states.since(tx, NOON + timedelta(seconds=151))] == ["", "stale"]
    await store.close()


async def test_what_happens_while_the_store_is_away_is_written_later_and_only_so_much_is_kept(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    store, clock, board = await store_of(on_sqlite), ManualClock(NOON), Board(30)
    history = History(board, store, clock, lambda: "a", 30, timedelta(days=90))
    history.paused = False
    nowhere = Store(f"sqlite+aiosqlite:///{on_sqlite.folder}/no/such/folder/store.db")
    monkeypatch.setattr(history, "_store", nowhere)
    monkeypatch.setattr("gateway.history.MOST_WAITING", 5)
    for position in range(20):
        board.say("sms", "out", (ILL, WELL)[position % 2], clock.now(), clock.counted())
        await history.beat()
        clock.advance(seconds=30)
    with pytest.raises(StoreAway):
        async with nowhere.transaction():
            pass
    monkeypatch.setattr(history, "_store", store)
    await history.beat()
    rows = await on_sqlite.rows("channel_states")
    assert [(row["at"] - NOON).total_seconds() / 30 for row in rows] == [14, 15, 16, 17, 18, 19]
    assert [row["state"] for row in rows] == ["down", "ok"] * 3
    await store.close()


@pytest.mark.parametrize(("away_minutes", "lasts"), [(1, True), (20, False)])
async def test_a_trouble_that_is_there_again_after_a_restart_lasts_since_it_began(on_sqlite: Deployment, away_minutes: int, *, lasts: bool) -> None:
    store, clock = await store_of(on_sqlite), ManualClock(NOON)
    started = NOON
    for _ in range(2):
        # Each time anew, as after a restart.
        board = Board(30)
        history = History(board, store, clock, lambda: "a", 30, timedelta(days=90))
        history.paused = False
        started = clock.now()
        for key in (("sms", "out"), ("mail", "out")):
            board.expect(*key, clock.now(), clock.counted())
        await history.beat()
        clock.advance(seconds=30)
        board.say("sms", "out", ILL, clock.now(), clock.counted())
        # That one is well only since the restart.
        board.say("mail", "out", ILL if started == NOON else WELL, clock.now(), clock.counted())
        await history.beat()
        clock.advance(minutes=away_minutes)
    found = board.look(clock.counted() - away_minutes * 60)
    again = started + timedelta(seconds=30)
    assert found["sms", "out"].since == (NOON + timedelta(seconds=30) if lasts else again)
    assert found["mail", "out"].since == again
    # Nobody saw it in between, and the history says so.
    assert len([row for row in await on_sqlite.rows("channel_states") if (row["part"], row["state"]) == ("sms", "down")]) == 2
    await store.close()


async def test_what_is_older_than_it_is_kept_goes(on_sqlite: Deployment) -> None:
    store, clock, board = await store_of(on_sqlite), ManualClock(NOON), Board(30)
    history = History(board, store, clock, lambda: "a", 30, timedelta(days=90))
    history.paused = False
    old = Stretch(new_id(), "a", "sms", "in", NOON - timedelta(days=100), NOON - timedelta(days=89, hours=23), "down", "timeout", "")
    async with store.transaction() as tx:
        await states.write(tx, [old])
    await history.beat()
    assert len(await on_sqlite.rows("channel_states")) == 1
    clock.advance(hours=2)
    await history.beat()
    assert await on_sqlite.rows("channel_states") == []
    await store.close()


# Availability


@dataclass(frozen=True, slots=True)
class Lasted:
    """A stretch, in hours since noon."""

    begin: float
    end: float
    state: str

    @property
    def at(self) -> datetime:
        return NOON + timedelta(hours=self.begin)

    @property
    def until(self) -> datetime:
        return NOON + timedelta(hours=self.end)


def of(*lasted: Lasted) -> Availability:
    """Of the day from noon."""
    return availability(lasted, NOON, NOON + 24 * HOUR)


def test_what_nobody_saw_counts_for_neither_side() -> None:
    found = of(Lasted(-5, 6, OK), Lasted(6, 8, DOWN), Lasted(8, 12, DEGRADED), Lasted(20, 30, OK))
    assert found == Availability(available=14 * HOUR, down=2 * HOUR, unknown=8 * HOUR)
    assert found.share == 14 / 16
    assert of().share is None
    assert of(Lasted(0, 24, PAUSED)) == Availability(paused=24 * HOUR)


stretches = st.lists(st.builds(Lasted, st.floats(-30, 50), st.floats(-30, 50), st.sampled_from(STATES)), max_size=12)


@given(stretches)
def test_whatever_the_rows_say_the_parts_are_the_whole(lasted: list[Lasted]) -> None:
    found = of(*lasted)
    assert found.available + found.down + found.paused + found.unknown == 24 * HOUR
    assert min(found.available, found.down, found.paused, found.unknown) >= timedelta()
    assert found.share is None or 0 <= found.share <= 1
