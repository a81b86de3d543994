"""A day, a month or a year that somebody may have meant, and none that lies ahead: what is to come is no incident."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

MONTHS_A_YEAR = 12
# Years. Nobody reports what is older; "17 Agustus 1945" is a street or a university.
_OLDEST_YEARS = 60


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as exact as it was said."""

    # ISO 8601: a day, a month, a year. None: said, but no date ("every night", "for years").
    date: str | None
    # "day" | "week" (the day within a few) | "month" | "year" | "recurring" | "vague"
    precision: str


def day_of(when: date, now: datetime, precision: str = "day") -> Moment | None:
    """`now`, here and below: local time when it was said."""
    too_old = when.year < now.year - _OLDEST_YEARS
    return None if when > now.date() or too_old else Moment(when.isoformat(), precision)


def month_of(year: int, month: int, now: datetime) -> Moment | None:
    """A month of the calendar."""
    ahead = (year, month) > (now.year, now.month)
    return None if ahead or year < now.year - _OLDEST_YEARS else Moment(f"{year:04}-{month:02}", "month")


def year_of(year: int, now: datetime) -> Moment | None:
    """A year of the calendar."""
    return Moment(f"{year:04}", "year") if now.year - _OLDEST_YEARS <= year <= now.year else None


def months_ago(months: int, now: datetime) -> Moment | None:
    """The month so many before this one."""
    year, month = divmod(now.year * MONTHS_A_YEAR + now.month - 1 - months, MONTHS_A_YEAR)
    return month_of(year, month + 1, now)
