"""From the words to the day, week, month or year that is meant, seen from the day when they arrived. The past is preferred; what lies ahead is no incident."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import takewhile

from normalizer.date_grammar import Phrase, Token

# A few: what people mean by "beberapa" of a unit, roughly.
_SEVERAL = 3
# Years. Nobody reports what is older; "17 Agustus 1945" is a street or a university.
_OLDEST_YEARS = 60
# Years. "sudah 17 tahun" is more often somebody's age.
_LONGEST_STATE_YEARS = 15
_MONTHS_A_YEAR, _DAYS_A_WEEK = 12, 7
_EVENING_HOUR = 18
_CENTURY = 2000


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as exact as it was said."""

    # ISO 8601: a day, a month, a year. None: said, but no date ("every night", "for years").
    date: str | None
    # "day" | "week" (the day within a few) | "month" | "year" | "recurring" | "vague"
    precision: str


def moment(phrase: Phrase, now: datetime) -> Moment | None:
    """What a phrase means for somebody who hears it at `now` (local); None: nothing, it lies ahead, or the calendar has no such day."""
    read = _READERS[phrase.rule.partition("_")[0]]
    try:
        return read(phrase, now)
    except (OverflowError, ValueError):
        return None


def _day(when: date, now: datetime, precision: str = "day") -> Moment | None:
    too_old = when.year < now.year - _OLDEST_YEARS
    return None if when > now.date() or too_old else Moment(when.isoformat(), precision)


def _month(year: int, month: int, now: datetime) -> Moment | None:
    ahead = (year, month) > (now.year, now.month)
    return None if ahead or year < now.year - _OLDEST_YEARS else Moment(f"{year:04}-{month:02}", "month")


def _year(year: int, now: datetime) -> Moment | None:
    return Moment(f"{year:04}", "year") if now.year - _OLDEST_YEARS <= year <= now.year else None


def _months_ago(months: int, now: datetime) -> Moment | None:
    year, month = divmod(now.year * _MONTHS_A_YEAR + now.month - 1 - months, _MONTHS_A_YEAR)
    return _month(year, month + 1, now)


def _said_year(phrase: Phrase, now: datetime) -> int | None:
    """The year that was said: 2025, '25 as 25, "tahun lalu"; None: the last time that there was such a day."""
    if (year := phrase.value("year")) is not None:
        return year
    pairs = zip(phrase.tokens, phrase.tokens[1:], strict=False)
    return now.year - 1 if any(one.means("unit.year") and (two.means("ago") or two.means("that")) for one, two in pairs) else None


def _date(phrase: Phrase, now: datetime) -> Moment | None:
    """A day with its number."""
    # Somebody's birthday.
    if any(token.means("born") for token in phrase.before):
        return None
    numbers = _date_numbers(phrase.tokens)
    day, month, year = _day_of(phrase, numbers), _month_of(phrase, numbers), _said_year(phrase, now)
    if year is None and len(numbers) == 3:  # noqa: PLR2004  day, month and year
        year = _CENTURY + numbers[2]
    if month is None:
        return _this_day_of_a_month(phrase, day, now)
    if year is not None:
        return _day(date(year, month, day), now)
    # 29 February was not in every year.
    for back in range(5):
        try:
            when = date(now.year - back, month, day)
        except ValueError:
            continue
        if when <= now.date():
            return _day(when, now)
    return None


def _date_numbers(tokens: tuple[Token, ...]) -> list[int]:
    """Figures of the date itself, without the time of day that may follow."""
    until_clock = next((place for place, token in enumerate(tokens) if token.means("clock") and place), len(tokens))
    return [int(token.word) for token in tokens[:until_clock] if token.means("digits") and not token.means("year")]


def _day_of(phrase: Phrase, numbers: list[int]) -> int:
    return numbers[1] if phrase.rule == "date_iso" else numbers[0]


def _month_of(phrase: Phrase, numbers: list[int]) -> int | None:
    named = phrase.value("month") or phrase.value("short")
    if named:
        return named
    if phrase.rule == "date_iso":
        return numbers[0]
    return numbers[1] if len(numbers) > 1 and phrase.rule != "date_day" else None


def _this_day_of_a_month(phrase: Phrase, day: int, now: datetime) -> Moment | None:
    """The 5th: of this month, of the last one, or the last time that there was one."""
    first = now.date().replace(day=1)
    if phrase.rule == "date_words":
        back = 0 if any(token.means("this") for token in phrase.tokens) else 1
        return _day(_back(first, back).replace(day=day), now)
    for back in range(3):
        try:
            when = _back(first, back).replace(day=day)
        except ValueError:
            continue
        if when <= now.date():
            return _day(when, now)
    return None


def _back(first: date, months: int) -> date:
    for _ in range(months):
        first = (first - timedelta(days=1)).replace(day=1)
    return first


def _month_reader(phrase: Phrase, now: datetime) -> Moment | None:
    month = phrase.value("month") or phrase.value("short") or phrase.value("monthno")
    year = _said_year(phrase, now)
    if month is None:
        return None
    return _month(now.year - (month > now.month) if year is None else year, month, now)


def _year_reader(phrase: Phrase, now: datetime) -> Moment | None:
    year = phrase.value("year")
    return _year(year, now) if year else None


def _ago(phrase: Phrase, now: datetime) -> Moment | None:
    """So many units before now."""
    unit = _unit(phrase)
    several = phrase.has("several")
    halves = _SEVERAL * 2 if several else _halves(phrase)
    if unit in {"hour", "minute"}:
        return _day((now - timedelta(minutes=30 * halves if unit == "hour" else halves // 2)).date(), now)
    if unit == "day":
        return _day(now.date() - timedelta(days=halves // 2), now, "week" if several or phrase.has("dash") else "day")
    if unit == "week":
        when = now.date() - timedelta(days=halves * _DAYS_A_WEEK // 2)
        return _month(when.year, when.month, now) if several else _day(when, now, "week")
    if several:
        return Moment(None, "vague")
    return _month_units(unit, halves, now)


def _month_units(unit: str, halves: int, now: datetime) -> Moment | None:
    if unit == "month" and halves == 1:
        return _day(now.date() - timedelta(days=15), now, "week")
    if unit == "year" and halves % 2 == 0:
        return _year(now.year - halves // 2, now)
    return _months_ago(halves * _MONTHS_A_YEAR // 2 if unit == "year" else halves // 2, now)


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


def _since(phrase: Phrase, now: datetime) -> Moment | None:
    """It has lasted so long: when it began. Not: somebody's age."""
    if any(token.means("age") for token in phrase.before[-3:]):
        return None
    if _unit(phrase) == "year" and _halves(phrase) > 2 * _LONGEST_STATE_YEARS:
        return None
    return _ago(phrase, now)


def _unit_reader(phrase: Phrase, now: datetime) -> Moment | None:
    """The last or this week, month or year."""
    back = 0 if phrase.rule == "unit_this" else 1
    unit = next(unit for unit in ("week", "month", "year") if phrase.has(f"unit.{unit}"))
    if unit == "week":
        return _day(now.date() - timedelta(days=_DAYS_A_WEEK * back), now, "week")
    return _months_ago(back, now) if unit == "month" else _year(now.year - back, now)


def _weekday(phrase: Phrase, now: datetime) -> Moment | None:
    """The last such day; today's own name means today only if nothing says that it is over."""
    named = [value for token in phrase.tokens if (value := token.value("weekday")) is not None]
    if not named:
        return None
    today = now.date()
    if phrase.rule == "weekday_week":
        return _day(today - timedelta(days=today.weekday() + _DAYS_A_WEEK - named[0]), now)
    back = (today.weekday() - named[0]) % _DAYS_A_WEEK
    if phrase.rule == "weekday_night":
        # "malam Minggu" is the night before Sunday.
        return _day(today - timedelta(days=(back + 1) if back else _DAYS_A_WEEK + 1), now)
    over = phrase.rule in {"weekday_ago", "weekday_last"} and not phrase.has("just")
    return _day(today - timedelta(days=back or (_DAYS_A_WEEK if over else 0)), now)


def _yesterday(_phrase: Phrase, now: datetime) -> Moment | None:
    return _day(now.date() - timedelta(days=1), now)


def _two_days(_phrase: Phrase, now: datetime) -> Moment | None:
    return _day(now.date() - timedelta(days=2), now)


def _today(_phrase: Phrase, now: datetime) -> Moment | None:
    return _day(now.date(), now)


def _part(phrase: Phrase, now: datetime) -> Moment | None:
    """A part of the day that is just over: last night was yesterday's; what has not begun yet today was yesterday's too."""
    hour = phrase.value("part")
    last_night = phrase.rule == "part_night" or (hour == _EVENING_HOUR and not phrase.has("this"))
    begins = _EVENING_HOUR if hour is None else hour
    return _day(now.date() - timedelta(days=int(last_night or begins > now.hour)), now)


def _clock(phrase: Phrase, now: datetime) -> Moment | None:
    """A time alone: the last time that the clock showed it."""
    hour = phrase.value("number")
    if hour is None or hour > 24:  # noqa: PLR2004  hours a day
        return None
    afternoon = hour < 12 and (phrase.value("part") or 0) >= 14  # noqa: PLR2004  noon, and where the afternoon begins
    return _day(now.date() - timedelta(days=int(hour + 12 * afternoon > now.hour)), now)


def _vague(_phrase: Phrase, _now: datetime) -> Moment:
    return Moment(None, "vague")


def _every(_phrase: Phrase, _now: datetime) -> Moment:
    return Moment(None, "recurring")


# By the first part of a rule's name.
_READERS: dict[str, Callable[[Phrase, datetime], Moment | None]] = {
    "date": _date,
    "month": _month_reader,
    "year": _year_reader,
    "ago": _ago,
    "since": _since,
    "several": _since,
    "unit": _unit_reader,
    "weekday": _weekday,
    "two": _two_days,
    "yesterday": _yesterday,
    "today": _today,
    "part": _part,
    "clock": _clock,
    "vague": _vague,
    "every": _every,
}
