"""A channel that has fallen silent is noticed by its own habits; a night, a weekend, Lebaran and a quiet channel are no silence."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from gateway import silence
from gateway.deadlines import Calendar
from gateway.health import DEGRADED, OK
from gateway.listening import COMPONENT, Listener
from gateway.monitor import Monitor
from gateway.silence import Habit, Week, chance, find, learn, told_at
from gateway.store import arriving
from gateway.store.engine import Store
from gateway.store.tables import arrivals
from gateway.store.writing import Row
from tests.manual_clock import ManualClock
from tests.postbox import letter
from tests.world import Deployment, receive_all

CALENDAR = Calendar("ID", "Asia/Makassar")
WEEK = Week(CALENDAR)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# A Monday, without a holiday for months before Lebaran 2027 (10 and 11 March) but for a few single days.
MONDAY = datetime(2026, 9, 7, tzinfo=UTC)


def dice(seed: int) -> random.Random:
    """The same each time."""
    return random.Random(seed)  # noqa: S311  # not a secret


def rate(at: datetime, a_week: float) -> float:
    """Messages in the hour that begins then: people write by day, and half as much at the weekend."""
    here = CALENDAR.here(at)
    by_day = 1.0 if 8 <= here.hour < 17 else 0.5 if 6 <= here.hour < 22 else 0.05
    # What that makes in a week.
    whole = (9 + 0.5 * 7 + 0.05 * 8) * 6
    return a_week * by_day * (0.5 if here.weekday() >= 5 else 1.0) / whole


def healthy(
    chance: random.Random,
    begin: datetime,
    weeks: float,
    a_week: float,
    alike: float | None = None,
    burst: int = 1,
    day: Callable[[date], float] = lambda _: 1.0,
) -> Iterator[datetime]:
    """When messages come. `alike`: how much whole days differ; `burst`: come together; `day`: what a day has of its usual."""
    at, today, level = begin, CALENDAR.day(begin) - DAY, 1.0
    while at < begin + timedelta(weeks=weeks):
        if CALENDAR.day(at) != today:
            today = CALENDAR.day(at)
            level = chance.gammavariate(alike, 1 / alike) if alike else 1.0
        expected = rate(at, a_week) * level * day(today) / burst
        into = chance.expovariate(expected) if expected else 1.0
        while into < 1:
            yield from [at + into * HOUR] * (1 if burst == 1 else 1 + int(chance.expovariate(1 / (burst - 1))))
            into += chance.expovariate(expected)
        at += HOUR


def by_hour(times: list[datetime]) -> dict[datetime, int]:
    """As the store counts them."""
    counts: dict[datetime, int] = {}
    for at in times:
        hour = at.replace(minute=0, second=0, microsecond=0)
        counts[hour] = counts.get(hour, 0) + 1
    return counts


def alarms(times: list[datetime]) -> list[datetime]:
    """When silences would have been told; the habit is learned each day anew."""
    counts: dict[datetime, int] = {}
    told, habit, learned = [], None, times[0]
    for since, now in pairwise(times):
        hour = since.replace(minute=0, second=0, microsecond=0)
        counts[hour] = counts.get(hour, 0) + 1
        if hour - learned >= DAY:
            habit, learned = learn(counts, hour, WEEK), hour
        if habit and now - since > HOUR / 6 and chance(habit, since, now, WEEK) < habit.bound:
            told.append(since)
    return told


def habit_of(a_week: float, weeks: float = 8, seed: int = 1) -> Habit:
    """After so long."""
    times = list(healthy(dice(seed), MONDAY, weeks, a_week))
    habit = learn(by_hour(times), MONDAY + timedelta(weeks=weeks), WEEK)
    assert habit is not None
    return habit


# Noticed


@pytest.mark.parametrize(("a_week", "within"), [(5000, 0), (1000, 1), (300, 4), (100, 10)])
def test_a_busy_channel_that_falls_silent_on_a_morning_is_noticed_the_sooner_the_busier_it_is(a_week: float, within: float) -> None:
    morning = datetime(2026, 11, 10, 9, tzinfo=UTC) - timedelta(hours=8)
    times = list(healthy(dice(2), morning - timedelta(weeks=8), 8, a_week))
    habit = learn(by_hour(times), morning, WEEK)
    assert habit is not None
    told = told_at(habit, morning, WEEK)
    assert told is not None
    assert told - morning <= timedelta(hours=within) + HOUR
    found = find(habit, morning, told, WEEK, CALENDAR)
    assert (found.state, found.kind) == (DEGRADED, "silent")
    assert "since 10 Nov 09:00" in found.sentence
    assert find(habit, morning, morning + (told - morning) / 8, WEEK, CALENDAR).state == OK


def test_the_same_silence_means_less_by_night_and_at_the_weekend() -> None:
    habit, tuesday = habit_of(700), datetime(2026, 11, 10, 4, tzinfo=UTC)
    by_day = chance(habit, tuesday, tuesday + 3 * HOUR, WEEK)
    by_night = chance(habit, tuesday + 12 * HOUR, tuesday + 15 * HOUR, WEEK)
    on_sunday = chance(habit, tuesday + 5 * DAY, tuesday + 5 * DAY + 3 * HOUR, WEEK)
    assert by_day < on_sunday < by_night <= 0


# Not alleged


@pytest.mark.parametrize(
    ("a_week", "alike", "burst"),
    [
        pytest.param(3, None, 1, id="three a week"),
        pytest.param(30, None, 1, id="thirty a week"),
        pytest.param(300, None, 1, id="three hundred a week"),
        pytest.param(300, 5.0, 1, id="days that differ"),
        pytest.param(300, None, 4, id="four at a time"),
        pytest.param(1500, 10.0, 2, id="both, and much"),
    ],
)
def test_half_a_year_of_a_healthy_channel_with_its_nights_and_weekends_is_no_silence(a_week: float, alike: float | None, burst: int) -> None:
    told = [silent for seed in range(2) for silent in alarms(list(healthy(dice(seed), MONDAY, 13, a_week, alike, burst)))]
    # Two of a quarter: at the most one a year is promised, and these are not even that.
    assert told == []


def lebaran(day: date) -> float:
    """2027: nearly nobody writes for two weeks, and few for a week more."""
    return 0.02 if date(2027, 3, 6) <= day <= date(2027, 3, 16) else 0.3 if date(2027, 3, 3) <= day <= date(2027, 3, 20) else 1.0


def test_lebaran_is_no_silence_and_nothing_is_learned_from_it() -> None:
    begin = datetime(2027, 1, 11, tzinfo=UTC)
    times = list(healthy(dice(3), begin, 14, 700, day=lebaran))
    assert alarms(times) == []
    after = learn(by_hour(times), datetime(2027, 4, 5, tzinfo=UTC), WEEK)
    before = learn(by_hour(times), datetime(2027, 3, 1, tzinfo=UTC), WEEK)
    assert after is not None
    assert before is not None
    assert 0.85 < after.a_week / before.a_week < 1.15
    # That this test can fail: where nobody knows of holidays, it is one.
    ignorant = Week(Calendar("XX", "Asia/Makassar"))
    assert chance(before, datetime(2027, 3, 9, tzinfo=UTC), datetime(2027, 3, 11, tzinfo=UTC), ignorant) < before.bound
    assert chance(before, datetime(2027, 3, 9, tzinfo=UTC), datetime(2027, 3, 11, tzinfo=UTC), WEEK) == 0


def test_a_holiday_its_eve_and_the_day_after_are_unlike_others_and_a_week_around_a_long_one() -> None:
    unlike = {day for n in range(60) if WEEK.slot(datetime(2027, 2, 20, 4, tzinfo=UTC) + n * DAY) is None for day in [date(2027, 2, 20) + n * DAY]}
    assert {date(2027, 3, day) for day in range(3, 18)} <= unlike
    assert not {date(2027, 2, 22), date(2027, 4, 6)} & unlike
    assert WEEK.slot(datetime(2026, 8, 17, 4, tzinfo=UTC)) is None
    assert WEEK.slot(datetime(2026, 8, 16, 4, tzinfo=UTC)) is None
    assert WEEK.slot(datetime(2026, 8, 19, 4, tzinfo=UTC)) == 2 * 24 + 12


def test_in_its_first_weeks_a_channel_is_not_yet_known() -> None:
    times = list(healthy(dice(4), MONDAY, 2.9, 700))
    assert learn(by_hour(times), MONDAY + timedelta(weeks=2.9), WEEK) is None
    assert learn({}, MONDAY, WEEK) is None
    found = find(None, MONDAY, MONDAY + 30 * DAY, WEEK, CALENDAR)
    assert found.state == OK
    assert "not known yet" in found.sentence


def test_a_channel_by_which_little_comes_says_that_its_silence_means_nothing() -> None:
    habit = habit_of(2)
    assert told_at(habit, MONDAY, WEEK) is None
    found = find(habit, MONDAY, MONDAY + 60 * DAY, WEEK, CALENDAR)
    assert (found.state, found.kind) == (OK, "")
    assert "its silence says nothing" in found.sentence


def test_one_flood_makes_nobody_wait_for_the_next() -> None:
    times = list(healthy(dice(5), MONDAY, 8, 100))
    flood = [MONDAY + timedelta(weeks=5, days=1, hours=4, seconds=n) for n in range(5000)]
    calm, flooded = (learn(by_hour(all_), MONDAY + timedelta(weeks=8), WEEK) for all_ in (times, times + flood))
    assert calm is not None
    assert flooded is not None
    assert flooded.a_week < 1.1 * calm.a_week


def test_a_channel_that_is_used_less_than_before_is_expected_to_be_used_less() -> None:
    many = list(healthy(dice(6), MONDAY, 7, 700))
    few = list(healthy(dice(6), MONDAY + timedelta(weeks=7), 1, 140))
    now = MONDAY + timedelta(weeks=8)
    less = learn(by_hour(many + few), now, WEEK)
    assert less is not None
    assert 0.15 < less.level < 0.35


# In the house


async def test_only_what_people_wrote_is_counted(deployment: Deployment) -> None:
    async with deployment.node(channels='[channels.post]\nkind = "postbox"\n') as gateway:
        now = datetime.now(UTC).replace(minute=30)
        await receive_all(
            gateway, [letter("jalan rusak", "SM1", at=now), letter("lampu mati", "SM2", at=now - HOUR), letter("lampu padam", "SM3", at=now - HOUR)]
        )
        await deployment.until("arrivals", lambda rows: len(rows) == 3)
        for outcome, count in (("case", 2), ("duplicate", 1), ("canary", 1), ("delivery", 1), ("parked", 2), ("message", 2)):
            async with gateway.store.transaction() as tx:
                await tx.run(arrivals.update().where(arrivals.c.wire_id == "SM3").values(outcome=outcome))
            async with gateway.store.snapshot() as tx:
                hours = {hour.at: hour for hour in await arriving.hours(tx, now - DAY)}
            assert hours[(now - HOUR).replace(minute=0, second=0, microsecond=0)].count == count
        assert {hour.last_at for hour in hours.values()} == {now, now - HOUR}


async def test_a_silence_is_told_of_that_way_in_and_ends_with_the_next_message(on_sqlite: Deployment) -> None:
    begin = datetime(2026, 9, 7, tzinfo=UTC)
    clock = ManualClock(begin + timedelta(weeks=8))
    channels = '[channels.post]\nkind = "postbox"\n[channels.lain]\nkind = "postbox"\nsilence = false\n'
    async with on_sqlite.parts(clock=clock, channels=channels) as gateway:
        await gateway.store.migrate()
        times = list(healthy(dice(7), begin, 8, 700))
        await filed(gateway.store, times, "post")
        listener, monitor = gateway.listener, gateway.monitor
        await said(listener, monitor, "not known while the store is away")
        listener.paused = False
        await said(listener, monitor, "messages come in a week")
        clock.advance(hours=9)
        await said(listener, monitor, "Nobody has written since", DEGRADED)
        await filed(gateway.store, [clock.now()], "post", first=len(times))
        await said(listener, monitor, "messages come in a week")
        assert list(monitor.board.components("lain", "in", clock.counted())) == [""]


async def said(listener: Listener, monitor: Monitor, words: str, state: str = OK) -> None:
    """At the next look."""
    await listener.look()
    found = monitor.board.components("post", "in", 0)[COMPONENT].finding
    assert words in found.sentence
    assert found.state == state


async def filed(store: Store, times: list[datetime], channel: str, first: int = 0) -> None:
    """As if they had come then."""
    empty: Row = {"reply_kind": None, "reply_value": None, "meta": {}, "raw": None, "case": None, "content_key": None, "reason": "", "kind": "message"}
    rows = [
        {"journal": "j", "seq": first + n, "channel": channel, "wire_id": f"{first + n}", "fingerprint": "", "number": "", **empty}
        | {"received_at": at, "stored_at": at, "outcome": "case"}
        for n, at in enumerate(times)
    ]
    async with store.transaction() as tx:
        await tx.run(arrivals.insert(), rows)


def test_the_promise_is_written_into_the_bound() -> None:
    habit = habit_of(700)
    assert 700 * 52 * 2.718281828**habit.bound == pytest.approx(silence.FALSE_A_YEAR, rel=0.2)
