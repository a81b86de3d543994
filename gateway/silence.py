"""Whether it means anything that nobody writes: less came than this channel's own hours of the week let one expect. Pure.

What is expected. For each hour of the week the last eight weeks say how many messages came in it: S in n such hours. Of an hour's rate nothing else is
known, so that the chance of nothing in it is not exp(-S/n) but what is left after averaging over all rates that the history allows (a gamma distribution
with shape S and rate n): (n / (n + 1))^S; and for the share m of such hours in a silence (n / (n + m))^S. Few weeks make it bold to conclude anything, and
so it is. The surprise of a silence is minus the logarithm of that: the sum of S ln((n + m) / n) over its hours. With a long history it is the number of
messages that are missing.

What healthy channels do besides. Messages come in clusters (a flood, an article): with variance = burst x mean there are only 1/burst as many chances that
something begins, so the surprise is divided by it. Whole days differ (rain, a match): a day's rate is one of a gamma distribution with shape k, and the
chance of nothing is (1 + surprise/k)^-k. Both are estimated from the same weeks. And a channel that was used less last week than before is expected to
be used as little now. A single hour of a flood does not count in full, so that nobody waits for the next one.

When it is told. The sum of the rates between one message and the next is, on a healthy channel, a random number of which nothing larger than x is seen
but with chance p(x); a silence is looked at all the time, but it only grows, so that looking often adds nothing. In a year there are as many silences as
messages: N. So a silence of chance p < FALSE_A_YEAR / N is told, and on a healthy channel that is FALSE_A_YEAR times a year at the most. What comes so
rarely that no fortnight reaches that bound cannot be told by its silence, and says so.

Holidays. On a holiday, its eve and the day after, and a week around a long one (Lebaran, when people travel), habits do not hold: nothing is expected then,
and nothing is learned from it. Time in which this node did not run is no silence either.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Protocol

from gateway.health import DEGRADED, OK, Finding

# How much is learned from, and without how much nothing is known.
WEEKS = timedelta(weeks=8)
_LEAST_HOURS = 3 * 168
# Half of what is promised (one a year): the habits are estimates.
FALSE_A_YEAR = 0.5
_WEEKS_A_YEAR = 365.25 / 7
_SLOTS = 168
_HOUR, _DAY, _WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
# A silence that is longer says no more; and one that would have to be longer will not be waited for.
_LONGEST = timedelta(days=14)
# Holidays so close together are one great one, and so many days around it are unlike others.
_CLOSE, _GREAT, _AROUND = 4, 3, 7
# An hour counts up to this: so much, and so many times what the same hour of other weeks had.
_MUCH, _TIMES = 3, 3


class Days(Protocol):
    """What must be known of the calendar."""

    def here(self, at: datetime) -> datetime:
        """In the deployment's zone."""

    def holiday(self, day: date) -> bool:
        """Off, and not because it is a weekend."""


class Week:
    """Which hour of the week a moment lies in."""

    def __init__(self, days: Days) -> None:
        self._days = days
        self._unlike = lru_cache(maxsize=512)(self._is_unlike)

    def slot(self, at: datetime) -> int | None:
        """0: midnight of Monday; None: a day on which habits do not hold."""
        here = self._days.here(at)
        return None if self._unlike(here.date()) else here.weekday() * 24 + here.hour

    def day(self, at: datetime) -> date:
        """Which day it is here."""
        return self._days.here(at).date()

    def _is_unlike(self, day: date) -> bool:
        return any(self._days.holiday(day + n * _DAY) for n in (-1, 0, 1)) or any(self._is_great(day + n * _DAY) for n in range(-_AROUND, _AROUND + 1))

    def _is_great(self, day: date) -> bool:
        return self._days.holiday(day) and sum(self._days.holiday(day + n * _DAY) for n in range(-_CLOSE, _CLOSE + 1)) >= _GREAT


@dataclass(frozen=True, slots=True)
class Habit:
    """What a channel is like."""

    # By hour of the week: how many messages came in it, and in how many such hours.
    sums: tuple[float, ...]
    hours: tuple[int, ...]
    # Variance by mean within an hour; 1: each message comes by itself.
    burst: float
    # How alike days are: shape of the gamma distribution of a day's rate; infinite: all are.
    alike: float
    # How much of its habit is left, by the last week; 1 at the most.
    level: float

    @property
    def a_week(self) -> float:
        """Messages in a week without holidays."""
        return sum(many / hours for many, hours in zip(self.sums, self.hours, strict=True) if hours)

    @property
    def bound(self) -> float:
        """Of the logarithm of a chance: what is smaller is told."""
        return math.log(FALSE_A_YEAR / max(1.0, self.a_week * _WEEKS_A_YEAR))


def learn(counts: Mapping[datetime, int], until: datetime, week: Week) -> Habit | None:
    """The habit before a moment, from the messages of each hour (by its beginning, UTC; without an entry: none); None: too little is known."""
    begin = max(until - WEEKS, min(counts, default=until))
    known = [(at, slot, counts.get(at, 0)) for at in _hours(begin, until) if (slot := week.slot(at)) is not None]
    if len(known) < _LEAST_HOURS:
        return None
    sums, hours = [0.0] * _SLOTS, [0] * _SLOTS
    for _, slot, count in known:
        sums[slot] += count
        hours[slot] += 1
    counted = [(at, slot, _within(count, sums[slot] - count, hours[slot] - 1)) for at, slot, count in known]
    sums = [0.0] * _SLOTS
    for _, slot, worth in counted:
        sums[slot] += worth
    burst, alike = _spread(counted, sums, hours, week)
    return Habit(tuple(sums), tuple(hours), burst, alike, _level(counted, sums, hours, until))


def _within(count: int, others: float, hours: int) -> float:
    return min(count, _MUCH + _TIMES * others / hours) if hours else float(count)


def _spread(counted: list[tuple[datetime, int, float]], sums: list[float], hours: list[int], week: Week) -> tuple[float, float]:
    """Burst, and how alike days are."""
    total = squares = 0.0
    by_day: dict[date, tuple[float, float, int]] = {}
    for at, slot, worth in counted:
        mean, n = sums[slot] / hours[slot], hours[slot]
        total += mean
        # Around a mean of n values, of which this is one, it varies by (n - 1) / n of what it does around the true one.
        squares += (worth - mean) ** 2 * n / max(1, n - 1)
        day = week.day(at)
        came, expected, least = by_day.get(day, (0.0, 0.0, n))
        by_day[day] = (came + worth, expected + mean, min(least, n))
    if not total:
        return 1.0, math.inf
    burst = max(1.0, squares / total)
    of_days = sum((came - expected) ** 2 * n / max(1, n - 1) for came, expected, n in by_day.values())
    more = of_days - burst * total
    return burst, sum(expected**2 for _, expected, _ in by_day.values()) / more if more > 0 else math.inf


def _level(counted: list[tuple[datetime, int, float]], sums: list[float], hours: list[int], until: datetime) -> float:
    lately = [(worth, sums[slot] / hours[slot]) for at, slot, worth in counted if at >= until - _WEEK]
    expected = sum(mean for _, mean in lately)
    return min(1.0, (sum(worth for worth, _ in lately) + 1) / expected) if expected else 1.0


def chance(habit: Habit, since: datetime, now: datetime, week: Week) -> float:
    """Logarithm of the chance that a healthy channel is silent from one moment to the other."""
    return next((log for at, log in _growing(habit, since, now, week) if at >= now), 0.0)


def told_at(habit: Habit, since: datetime, week: Week) -> datetime | None:
    """When a silence that began then is told, to the hour; None: never."""
    return next((at for at, log in _growing(habit, since, since + _LONGEST, week) if log < habit.bound), None)


def _growing(habit: Habit, since: datetime, now: datetime, week: Week) -> Iterator[tuple[datetime, float]]:
    """The chance at the end of each hour, and at the end."""
    surprise, share = 0.0, [0.0] * _SLOTS
    at = since = max(since, now - _LONGEST)
    while at < now:
        end = min(_floor(at) + _HOUR, now)
        slot = week.slot(at)
        if slot is not None and habit.hours[slot]:
            before = share[slot]
            share[slot] += (end - at) / _HOUR
            surprise += habit.sums[slot] * math.log((habit.hours[slot] + share[slot]) / (habit.hours[slot] + before))
        at = end
        missed = surprise * habit.level / habit.burst
        yield at, -missed if math.isinf(habit.alike) else -habit.alike * math.log1p(missed / habit.alike)


def _hours(begin: datetime, until: datetime) -> Iterator[datetime]:
    """Each that lies within, by its beginning."""
    at = _floor(begin) if begin == _floor(begin) else _floor(begin) + _HOUR
    while at + _HOUR <= until:
        yield at
        at += _HOUR


def _floor(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def find(habit: Habit | None, since: datetime, now: datetime, week: Week, days: Days) -> Finding:
    """What is to be said of a channel of which nothing came since then. Never that it is down: perhaps nobody had anything to say."""
    if habit is None:
        return Finding(OK, "", "What usually comes is not known yet: that takes three weeks without holidays. Until then its silence is not told.")
    if chance(habit, since, now, week) < habit.bound:
        return Finding(
            DEGRADED,
            "silent",
            f"Nobody has written since {days.here(since):%d %b %H:%M}, and usually {habit.a_week:.0f} do in a week. Send a message yourself: does it come?",
        )
    when = told_at(habit, since, week)
    if when is None:
        return Finding(OK, "", f"So little comes ({habit.a_week:.1f} messages in a week) that its silence says nothing. Send a message yourself now and then.")
    return Finding(OK, "", f"About {habit.a_week:.0f} messages come in a week. If nobody writes any more, that is told on {days.here(when):%d %b at %H:%M}.")
