"""Days, months and years by the calendar's own names: "tgl 12/3", "12 maret 2025", "sejak oktober", "tahun 2019". Without a year: the last one."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from normalizer.date_grammar import Phrase
from normalizer.date_moment import Moment, day_of, month_of, year_of
from normalizer.date_words import Token

_CENTURY = 2000


def _said_year(phrase: Phrase, now: datetime) -> int | None:
    """The year that was said: 2025, '25 as 25, "tahun lalu"; None: the last time that there was such a day."""
    if (year := phrase.value("year")) is not None:
        return year
    pairs = zip(phrase.tokens, phrase.tokens[1:], strict=False)
    return now.year - 1 if any(one.means("unit.year") and (two.means("ago") or two.means("that")) for one, two in pairs) else None


def dated(phrase: Phrase, now: datetime) -> Moment | None:
    """A day with its number."""
    # Somebody's birthday.
    if any(token.means("born") for token in phrase.before):
        return None
    numbers = _date_numbers(phrase.tokens)
    day, month, year = _figures_day(phrase, numbers), _figures_month(phrase, numbers), _said_year(phrase, now)
    if year is None and len(numbers) == 3:  # noqa: PLR2004  day, month and year
        year = _CENTURY + numbers[2]
    if month is None:
        return _this_day_of_a_month(phrase, day, now)
    if year is not None:
        return day_of(date(year, month, day), now)
    # 29 February was not in every year.
    for back in range(5):
        try:
            when = date(now.year - back, month, day)
        except ValueError:
            continue
        if when <= now.date():
            return day_of(when, now)
    return None


def _date_numbers(tokens: tuple[Token, ...]) -> list[int]:
    """Figures of the date itself, without the time of day that may follow."""
    until_clock = next((place for place, token in enumerate(tokens) if token.means("clock") and place), len(tokens))
    return [int(token.word) for token in tokens[:until_clock] if token.means("digits") and not token.means("year")]


def _figures_day(phrase: Phrase, numbers: list[int]) -> int:
    return numbers[1] if phrase.rule == "date_iso" else numbers[0]


def _figures_month(phrase: Phrase, numbers: list[int]) -> int | None:
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
        return day_of(_back(first, back).replace(day=day), now)
    for back in range(3):
        try:
            when = _back(first, back).replace(day=day)
        except ValueError:
            continue
        if when <= now.date():
            return day_of(when, now)
    return None


def _back(first: date, months: int) -> date:
    for _ in range(months):
        first = (first - timedelta(days=1)).replace(day=1)
    return first


def in_month(phrase: Phrase, now: datetime) -> Moment | None:
    """A month with its name or number."""
    month = phrase.value("month") or phrase.value("short") or phrase.value("monthno")
    year = _said_year(phrase, now)
    if month is None:
        return None
    return month_of(now.year - (month > now.month) if year is None else year, month, now)


def in_year(phrase: Phrase, now: datetime) -> Moment | None:
    """A year alone."""
    year = phrase.value("year")
    return year_of(year, now) if year else None
