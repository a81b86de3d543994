"""Times that are counted from the moment when they are said: "3 hari lalu", "sdh 3 bln", "senin kemarin", "tadi malam", "last week"."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import takewhile

from normalizer.date_grammar import Phrase
from normalizer.date_moment import MONTHS_A_YEAR, Moment, day_of, month_of, months_ago, year_of

# A few: what people mean by "beberapa" of a unit, roughly.
_SEVERAL = 3
# Years. "sudah 17 tahun" is more often somebody's age.
_LONGEST_STATE_YEARS = 15
_DAYS_A_WEEK = 7
_EVENING_HOUR = 18


def ago(phrase: Phrase, now: datetime) -> Moment | None:
    """So many units before now."""
    unit = _unit(phrase)
    several = phrase.has("several")
    halves = _SEVERAL * 2 if several else _halves(phrase)
    if unit in {"hour", "minute"}:
        return day_of((now - timedelta(minutes=30 * halves if unit == "hour" else halves // 2)).date(), now)
    if unit == "day":
        return day_of(now.date() - timedelta(days=halves // 2), now, "week" if several or phrase.has("dash") else "day")
    if unit == "week":
        when = now.date() - timedelta(days=halves * _DAYS_A_WEEK // 2)
        return month_of(when.year, when.month, now) if several else day_of(when, now, "week")
    if several:
        return Moment(None, "vague")
    return _month_units(unit, halves, now)


def _month_units(unit: str, halves: int, now: datetime) -> Moment | None:
    if unit == "month" and halves == 1:
        return day_of(now.date() - timedelta(days=15), now, "week")
    if unit == "year" and halves % 2 == 0:
        return year_of(now.year - halves // 2, now)
    return months_ago(halves * MONTHS_A_YEAR // 2 if unit == "year" else halves // 2, now)


def _unit(phrase: Phrase) -> str:
    """The unit that is counted: the last one named, before any time of day."""
    names = (one for token in phrase.tokens for one in sorted(token.meanings) if one.startswith(("unit.", "single.")))
    return next(names, "unit.day").partition(".")[2]


def _halves(phrase: Phrase) -> int:
    """How many halves of the unit: 1,5 is three. Of "2-3" the longer."""
    if phrase.has("half"):
        return 1
    counted = [] if phrase.has("single") else list(takewhile(lambda token: not token.means("unit"), phrase.tokens))
    numbers = [value for token in counted if (value := token.value("number")) is not None] or [1]

    def with_a(meaning: str) -> bool:
        return any(token.means(meaning) for token in counted)

    if with_a("teen"):
        return 2 * (10 + numbers[0])
    if with_a("tens"):
        return 2 * (10 * numbers[0] + sum(numbers[1:2]))
    if (with_a("comma") or with_a("dot")) and len(numbers) > 1:
        return 2 * numbers[0] + 1
    return 2 * max(numbers[:2])


def since(phrase: Phrase, now: datetime) -> Moment | None:
    """It has lasted so long: when it began. Not: somebody's age."""
    if any(token.means("age") for token in phrase.before[-3:]):
        return None
    if _unit(phrase) == "year" and _halves(phrase) > 2 * _LONGEST_STATE_YEARS:
        return None
    return ago(phrase, now)


def last_unit(phrase: Phrase, now: datetime) -> Moment | None:
    """The last or this week, month or year."""
    back = 0 if phrase.rule == "unit_this" else 1
    unit = next(unit for unit in ("week", "month", "year") if phrase.has(f"unit.{unit}"))
    if unit == "week":
        return day_of(now.date() - timedelta(days=_DAYS_A_WEEK * back), now, "week")
    return months_ago(back, now) if unit == "month" else year_of(now.year - back, now)


def weekday(phrase: Phrase, now: datetime) -> Moment | None:
    """The last such day; today's own name means today only if nothing says that it is over."""
    named = [value for token in phrase.tokens if (value := token.value("weekday")) is not None]
    if not named:
        return None
    today = now.date()
    if phrase.rule == "weekday_week":
        return day_of(today - timedelta(days=today.weekday() + _DAYS_A_WEEK - named[0]), now)
    back = (today.weekday() - named[0]) % _DAYS_A_WEEK
    if phrase.rule == "weekday_night":
        # "malam Minggu" is the night before Sunday.
        return day_of(today - timedelta(days=back + 1), now)
    over = phrase.rule in {"weekday_ago", "weekday_last"} and not phrase.has("just")
    return day_of(today - timedelta(days=back or (_DAYS_A_WEEK if over else 0)), now)


def yesterday(_phrase: Phrase, now: datetime) -> Moment | None:
    """The day before."""
    return day_of(now.date() - timedelta(days=1), now)


def two_days(_phrase: Phrase, now: datetime) -> Moment | None:
    """The day before yesterday."""
    return day_of(now.date() - timedelta(days=2), now)


def today(_phrase: Phrase, now: datetime) -> Moment | None:
    """The day itself."""
    return day_of(now.date(), now)


def part_of_day(phrase: Phrase, now: datetime) -> Moment | None:
    """A part of the day that is just over: last night was yesterday's; what has not begun yet today was yesterday's too."""
    hour = phrase.value("part")
    last_night = phrase.rule == "part_night" or (hour == _EVENING_HOUR and not phrase.has("this"))
    begins = _EVENING_HOUR if hour is None else hour
    return day_of(now.date() - timedelta(days=int(last_night or begins > now.hour)), now)


def by_the_clock(phrase: Phrase, now: datetime) -> Moment | None:
    """A time alone: the last time that the clock showed it."""
    hour = phrase.value("number")
    if hour is None or hour > 24:  # noqa: PLR2004  hours a day
        return None
    part = phrase.value("part") or 0
    # "jam 2 siang" is after noon, "jam 11 siang" before it.
    afternoon = hour < 12 and (part >= 14 or (part >= 10 and hour < 6))  # noqa: PLR2004  noon, and where midday and the afternoon begin
    return day_of(now.date() - timedelta(days=int(hour + 12 * afternoon > now.hour)), now)
