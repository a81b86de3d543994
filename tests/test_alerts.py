"""Operators are told once of each trouble, by another way than the broken one, and once that it is over; a blip is none, and nobody flaps at them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.gsm7 import fits_one_segment
from gateway import alerts
from gateway.alerts import BEGAN, DROPPED, OVER, STEADY_SECONDS, WORSE, Alarm, Target, step
from gateway.config import Mistakes
from gateway.demo.faults import Status
from gateway.demo.twilio import Twilio
from gateway.health import DEGRADED, DOWN, OK, PAUSED, STATES, UNKNOWN, Board, Condition, Finding
from gateway.node import Gateway
from gateway.store.engine import StoreAway
from gateway.store.tables import notices
from normalizer import Address
from tests.manual_clock import ManualClock
from tests.postbox import PROVIDERS, away
from tests.sms_channel import ACCOUNT
from tests.test_health import POST, sms
from tests.webhook_listener import room
from tests.world import Deployment

NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
OTHER = '[channels.lain]\nkind = "postbox"\n'
BUDI = '{ channel = "lain", address = "+6281100000001" }'
BAD = {DEGRADED, DOWN, UNKNOWN, alerts.STUCK}


# When


def said(looks: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """What an operator is told, and when, of looks at these times."""
    alarm, told = Alarm(), []
    for at, state in looks:
        alarm, what = step(alarm, state, at)
        if what:
            told.append((at, what))
    return told


looks = st.lists(st.tuples(st.floats(0.1, 2000), st.sampled_from(STATES)), max_size=120).map(
    lambda gaps: [(sum(gap for gap, _ in gaps[: i + 1]), state) for i, (_, state) in enumerate(gaps)]
)


@given(looks)
def test_whatever_is_seen_a_trouble_is_told_once_and_its_end_once(seen: list[tuple[float, str]]) -> None:
    told = said(seen)
    ends = [what for _, what in told if what != WORSE]
    # One begins, and ends, and only then begins another.
    assert all(what == (BEGAN if i % 2 == 0 else what) and (i % 2 == 0 or what in {OVER, DROPPED}) for i, what in enumerate(ends))
    open_at = worse = 0.0
    for at, what in told:
        if what == BEGAN:
            open_at, worse = at, 0
        elif what == WORSE:
            worse += 1
            assert worse == 1
        elif what == OVER:
            assert at - open_at >= STEADY_SECONDS
            assert not any(state in BAD for when, state in seen if at - STEADY_SECONDS < when <= at)
    # Unless a person paused it in between, no two alerts within a quarter of an hour.
    if not any(state == PAUSED for _, state in seen):
        began = [at for at, what in told if what == BEGAN]
        assert all(later - earlier >= STEADY_SECONDS for earlier, later in pairwise(began))


@given(looks)
def test_no_trouble_is_kept_from_an_operator_and_no_blip_is_one(seen: list[tuple[float, str]]) -> None:
    seen = [look for look in seen if look[1] != PAUSED]
    told, open_now = said(seen), False
    bad_at = float("-inf")
    for at, state in seen:
        if state in BAD:
            open_now = open_now or at - bad_at < STEADY_SECONDS
            bad_at = at
        elif at - bad_at >= STEADY_SECONDS:
            open_now = False
    began = sum(what == BEGAN for _, what in told)
    over = sum(what == OVER for _, what in told)
    assert (began - over == 1) == open_now


def test_a_link_that_flaps_all_day_is_one_alert_and_one_recovery() -> None:
    flapping = [(30.0 * i, (OK, DOWN)[i % 2]) for i in range(2880)]
    steady = [(86_400 + 30.0 * i, OK) for i in range(2880)]
    told = said(flapping + steady)
    assert [what for _, what in told] == [BEGAN, OVER]
    assert told[0][0] == 90
    assert told[1][0] <= 86_400 + STEADY_SECONDS


def test_a_blip_a_day_is_nothing_and_two_bad_looks_are_told_within_two_minutes() -> None:
    assert said([(30.0 * i, DOWN if i % 2880 == 7 else OK) for i in range(20_160)]) == []
    assert said([(0, OK), (30, DOWN), (60, DOWN)]) == [(60, BEGAN)]


def test_what_gets_worse_is_told_once_more() -> None:
    told = said([(0, DEGRADED), (30, DEGRADED), (60, DOWN), (90, DOWN), (120, DEGRADED), (150, DOWN)])
    assert told == [(30, BEGAN), (90, WORSE)]


def test_what_a_person_pauses_is_no_trouble_any_more() -> None:
    assert said([(0, DOWN), (30, DOWN), (60, PAUSED), (90, PAUSED)]) == [(30, BEGAN), (60, DROPPED)]


def test_what_follows_from_another_trouble_is_not_told_again() -> None:
    board = Board(30)
    for part, direction, state, kind in [
        *(("journal", "", DOWN, "not_accepting"), ("sms", "in", DOWN, "not_accepting"), ("store", "", DOWN, "away")),
        *(("intake", "", DEGRADED, "waiting"), ("web", "in", DEGRADED, "waiting"), ("sms", "out", DOWN, "auth")),
    ]:
        board.say(part, direction, Finding(state, kind, ""), NOON, 0)
    found = board.look(0)
    assert {key for key in found if alerts.own(key, found) in BAD} == {("journal", ""), ("store", ""), ("sms", "out")}


# By which way

A, B, C = (Target(way, Address("sms", f"+62811000000{i}")) for i, way in enumerate(("sms", "mail", "webhook 3")))


@pytest.mark.parametrize(
    ("part", "down", "expected"),
    [
        ("store", set(), [A, B, C]),
        ("sms", set(), [B, C]),
        ("sms", {"mail"}, [C]),
        ("store", {"sms", "mail"}, [C]),
        ("mail", {"sms"}, [C]),
    ],
)
def test_never_by_the_way_in_trouble(part: str, down: set[str], expected: list[Target]) -> None:
    assert alerts.ways((A, B, C), part, conditions(down)) == expected


def test_if_every_way_is_broken_it_waits_for_one_to_mend() -> None:
    assert alerts.ways((A, B), "sms", conditions({"sms", "mail"})) == [B]
    assert alerts.ways((A,), "sms", conditions({"sms"})) == [A]


def conditions(down: set[str]) -> dict[tuple[str, str], Condition]:
    board = Board(30)
    for way in ("sms", "mail"):
        board.say(way, "out", Finding(DOWN, "auth", "") if way in down else Finding(OK, "", ""), NOON, 0)
    return board.look(0)


# With the whole house


@dataclass
class Duty:
    """A node whose heartbeats a test makes, and whoever is told."""

    gateway: Gateway
    clock: ManualClock
    deployment: Deployment

    async def heartbeats(self, count: int, seconds: float = 30) -> None:
        """So many, of all that looks."""
        monitor = self.gateway.monitor
        for _ in range(count):
            self.clock.advance(seconds=seconds)
            await monitor.look_at_house()
            for name in self.gateway.channels:
                await monitor.look_at(name)
            await self.gateway.listener.look()
            await self.gateway.history.beat()
            await self.gateway.alerter.beat()
            await self._sent()

    async def _sent(self) -> None:
        """What an outbox does, if there is anything: what waits for long would be late."""
        with suppress(StoreAway):
            async with self.gateway.store.transaction() as tx:
                await tx.run(notices.update().where(notices.c.state == "queued").values(state="sent"))

    async def notices(self) -> list[str]:
        """What was put into the outbox, in that order, as its subjects."""
        return [row["subject"] for row in sorted(await self.rows(), key=itemgetter("id")) if row["kind"] == "alert"]

    async def rows(self) -> list[dict[str, Any]]:
        """As the store has them."""
        return await self.deployment.rows("notices")


@asynccontextmanager
async def on_duty(
    deployment: Deployment, to: str, channels: str, clock: ManualClock | None = None, name: str = "a", seconds: int = 30, language: str = "en"
) -> AsyncIterator[Duty]:
    """Nothing runs by itself."""
    clock = clock or ManualClock(NOON)
    more = f'[alerts]\nlanguage = "{language}"\npage = "https://operators.example/channels"\nto = [{to}]\n[health]\nheartbeat_seconds = {seconds}\n'
    async with deployment.parts(name, clock=clock, channels=channels, more=more) as gateway:
        await gateway.store.migrate()
        gateway.alerter.paused = gateway.history.paused = gateway.listener.paused = False
        yield Duty(gateway, clock, deployment)


async def test_a_wrong_token_is_told_by_another_way_with_what_to_do(deployment: Deployment) -> None:
    async with Twilio(ACCOUNT, "another").serve() as api, on_duty(deployment, BUDI, sms(api) + OTHER) as duty:
        await duty.heartbeats(1)
        assert await duty.notices() == []
        await duty.heartbeats(3)
        assert await duty.notices() == ["Lapor Uji: sms out is down"]
        [row] = await duty.rows()
        assert (row["channel"], row["to_value"], row["case"]) == ("lain", "+6281100000001", None)
        assert "Put the right account and token" in str(row["full"])
        assert "https://operators.example/channels" in str(row["full"])
        assert "12:0" in str(row["full"]), "in the deployment's own time"
        assert fits_one_segment(str(row["short"]))


async def test_whoever_looks_after_it_in_a_district_is_told_in_indonesian(on_sqlite: Deployment) -> None:
    async with Twilio(ACCOUNT, "another").serve() as api, on_duty(on_sqlite, BUDI, sms(api) + OTHER, language="") as duty:
        await duty.heartbeats(4)
        [row] = await duty.rows()
        assert row["subject"] == "Lapor Uji: sms keluar tidak bekerja"
        # How it is, what to do, and the details for whoever is asked for help.
        for said in ("penyedia menolak nama atau token kami", "Masukkan nama dan token yang benar", "[Twilio", "sejak 24 Nov 12:0"):
            assert said in str(row["full"]), row["full"]
        assert str(row["short"]).startswith("Lapor Uji: sms keluar tidak bekerja. Jawaban tidak terkirim")
        assert fits_one_segment(str(row["short"]))


async def test_it_mends_and_is_told_once_also_by_a_node_that_was_started_anew(deployment: Deployment) -> None:
    clock = ManualClock(NOON)
    channels = POST + OTHER
    async with on_duty(deployment, BUDI, channels, clock) as duty:
        await duty.heartbeats(1)
        duty.gateway.monitor.fallen["outbox post"] = "RuntimeError at x.py:1"
        await duty.heartbeats(40)
        assert await duty.notices() == ["Lapor Uji: post out is down"]
    async with on_duty(deployment, BUDI, channels, clock) as duty:
        await duty.heartbeats(29)
        assert len(await duty.notices()) == 1
        await duty.heartbeats(40)
        assert await duty.notices() == ["Lapor Uji: post out is down", "Lapor Uji: post out is well again"]
        assert await deployment.rows("alerts") == []


async def test_what_mends_by_itself_and_turns_into_what_only_a_person_mends_is_told_once_more(on_sqlite: Deployment) -> None:
    twilio = Twilio(ACCOUNT, "another")
    async with twilio.serve() as api, on_duty(on_sqlite, BUDI, sms(api) + OTHER) as duty:
        twilio.weather = Status(503)
        await duty.heartbeats(5)
        assert await duty.notices() == ["Lapor Uji: sms out is down"]
        twilio.weather = None
        await duty.heartbeats(20)
        assert await duty.notices() == ["Lapor Uji: sms out is down"] * 2
        first, second = (str(row["full"]) for row in sorted(await duty.rows(), key=itemgetter("id")))
        assert ("503" in first, "Put the right account and token" in first) == (True, False)
        assert "Put the right account and token" in second


async def test_a_link_that_flaps_is_one_alert_and_one_recovery_in_the_whole_house(on_sqlite: Deployment) -> None:
    async with on_duty(on_sqlite, BUDI, POST + OTHER) as duty:
        await duty.heartbeats(1)
        for beat in range(60):
            duty.gateway.monitor.fallen = {"outbox post": "RuntimeError at x.py:1"} if beat % 3 else {}
            await duty.heartbeats(1)
        duty.gateway.monitor.fallen = {}
        await duty.heartbeats(60)
        assert await duty.notices() == ["Lapor Uji: post out is down", "Lapor Uji: post out is well again"]
        states = [row["state"] for row in await on_sqlite.rows("channel_states") if (row["part"], row["direction"]) == ("post", "out")]
        assert states == ["unknown", *["ok", "down"] * 20, "ok"]


async def test_of_two_nodes_that_see_the_same_one_tells_it(on_postgres: Deployment) -> None:
    clock = ManualClock(NOON)
    async with on_duty(on_postgres, BUDI, POST + OTHER, clock) as first, on_duty(on_postgres, BUDI, POST + OTHER, clock, "b") as second:
        nodes = (first, second)
        for node in nodes:
            await node.heartbeats(1)
            node.gateway.monitor.fallen["outbox post"] = "RuntimeError at x.py:1"
        for _ in range(5):
            await asyncio.gather(*(node.heartbeats(1) for node in nodes))
        assert await first.notices() == ["Lapor Uji: post out is down"]
        # One of them is well again; it is over when both are.
        del first.gateway.monitor.fallen["outbox post"]
        for _ in range(40):
            await asyncio.gather(*(node.heartbeats(1) for node in nodes))
        assert len(await first.notices()) == 1
        del second.gateway.monitor.fallen["outbox post"]
        for _ in range(40):
            await asyncio.gather(*(node.heartbeats(1) for node in nodes))
        assert await first.notices() == ["Lapor Uji: post out is down", "Lapor Uji: post out is well again"]


async def test_that_the_store_is_away_is_told_directly_and_again_until_it_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = Deployment(tmp_path, f"postgresql+asyncpg://postgres@/x?host={tmp_path}")
    clock = ManualClock(NOON)
    async with room() as chat:
        monkeypatch.setenv("CHAT", chat.url)
        chat.statuses = [500]
        more = f'[alerts]\nlanguage = "en"\nto = [{BUDI}, {{ webhook = {{ env = "CHAT" }} }}]\n'
        async with nowhere.parts(clock=clock, channels=OTHER, more=more) as gateway:
            PROVIDERS["lain"].faults = [away()]
            duty = Duty(gateway, clock, nowhere)
            await duty.heartbeats(2)
            assert (chat.posts, PROVIDERS["lain"].sent) == ([], [])
            await duty.heartbeats(1)
            [post] = chat.posts
            [sent] = PROVIDERS["lain"].sent
            assert post["text"] == sent.full
            assert "Bring the store back" in sent.full
            await duty.heartbeats(20)
            assert len(chat.posts) == len(PROVIDERS["lain"].sent) == 1


async def test_the_store_comes_back_and_that_is_told_once_too(on_sqlite: Deployment) -> None:
    async with on_duty(on_sqlite, BUDI, OTHER) as duty:
        await duty.heartbeats(2)
        board, clock = duty.gateway.monitor.board, duty.clock
        for _ in range(2):
            clock.advance(seconds=30)
            board.say("store", "", Finding(DOWN, "away", "It is away. Bring the store back."), clock.now(), clock.counted())
            duty.gateway.alerter.paused = True
            await duty.gateway.alerter.beat()
        assert [notice.subject for notice in PROVIDERS["lain"].sent] == ["Lapor Uji: Store is down"]
        duty.gateway.alerter.paused = False
        await duty.heartbeats(40)
        assert await duty.notices() == ["Lapor Uji: Store is well again"]


async def test_an_alert_goes_through_the_one_outbox_to_a_chat_room(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    async with room() as chat, Twilio(ACCOUNT, "another").serve() as api:
        monkeypatch.setenv("CHAT", chat.url)
        more = '[alerts]\nlanguage = "en"\nto = [{ webhook = { env = "CHAT" } }]\n[health]\nheartbeat_seconds = 1\n'
        async with on_sqlite.node(channels=sms(api), more=more) as gateway:
            # Told by the outbox, or, on a machine so slow that intake is not ready after two looks, directly.
            async with asyncio.timeout(60):
                while not (told := [post for post in chat.posts if "sms out is down" in post["subject"]]):  # noqa: ASYNC110  # a chat room has no bell
                    await asyncio.sleep(0.02)
            assert gateway.alerter.told >= 1
        assert "Put the right account and token" in told[0]["text"]
        assert {row["channel"] for row in await on_sqlite.rows("notices")} <= {"webhook 1"}


async def test_seven_idle_days_with_a_healthy_link_are_no_alarm(on_sqlite: Deployment) -> None:
    async with on_duty(on_sqlite, BUDI, POST + OTHER, seconds=900) as duty:
        await duty.heartbeats(7 * 24 * 4, seconds=900)
        assert await duty.notices() == []
        states = await on_sqlite.rows("channel_states")
        assert {row["state"] for row in states if row["kind"] != "not_looked"} == {"ok"}
        assert {row["until"] - row["at"] for row in states if row["state"] == "ok"} == {timedelta(days=7) - timedelta(minutes=15)}


def test_whom_no_channel_can_reach_is_a_mistake_in_the_configuration(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Mistakes, match=r"alerts\.to\[0\]\.channel: there is no channel tidak\. There are: lain\."):
        on_sqlite.config(channels=OTHER, more='[alerts]\nto = [{ channel = "tidak", address = "1" }]\n')
    with pytest.raises(Mistakes, match="who is told"):
        on_sqlite.config(channels=OTHER, more='[alerts]\nto = [{ channel = "lain" }]\n')
    monkeypatch.setenv("CHAT", "http://chat.example/hook")
    with pytest.raises(Mistakes, match="should begin with https://"):
        on_sqlite.config(channels=OTHER, more='[alerts]\nto = [{ webhook = { env = "CHAT" } }]\n')
    with pytest.raises(Mistakes, match="somebody is there twice"):
        on_sqlite.config(channels=OTHER, more=f"[alerts]\nto = [{BUDI}, {BUDI}]\n")


async def test_an_address_that_its_channel_cannot_write_to_is_a_mistake(on_sqlite: Deployment) -> None:
    with pytest.raises(Mistakes, match=r"alerts\.to\[0\]\.address: lain cannot write to besok\."):
        async with on_duty(on_sqlite, '{ channel = "lain", address = "besok" }', OTHER):
            pass
