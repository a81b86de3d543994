"""Working days: what is promised, and by when. Pure; the calendar of a country comes from the package `holidays`.

Deadlines are a deployment's configuration (DOMAIN.md, "The process and its clocks").
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.util import find_spec, module_from_spec
from zoneinfo import ZoneInfo

import holidays

_DAY = timedelta(days=1)
_SATURDAY = 5
# Spans of UTC times in which a deadline's clock stood; the last may still be open (None).
Stops = tuple[tuple[datetime, datetime | None], ...]


@dataclass(frozen=True, slots=True)
class Due:
    """The last day of a deadline."""

    on: date
    # Holidays on the way, from Monday to Friday.
    not_counted: tuple[date, ...]


class Calendar:
    """Working days are Monday to Friday in the deployment's zone, but for its public and government holidays (in Indonesia: cuti bersama)."""

    def __init__(self, country: str, zone: str, office_closes: time = time(16), more: Collection[date] = (), office_opens: time = time(9)) -> None:
        """`more`: days off of this deployment. A country whose holidays nobody has listed has none."""
        self._zone = ZoneInfo(zone)
        self._closes = office_closes
        self._opens = office_opens
        self._days = _holidays(country)
        self._more = frozenset(more)
        # Each report of a day has the same deadline, and asking for holidays costs more than all the rest of a receipt.
        self._counted = lru_cache(maxsize=256)(self._count)

    def due(self, at: datetime, working_days: int, stops: Stops = ()) -> Due:
        """The day on which so many working days have passed. What comes after hours or on a day off counts as come on the next working day.

        Each working day in whose evening the clock stood (`stops`) makes it a day later; while it still stands, nobody knows when it will go on: ask later.
        """
        here = at.astimezone(self._zone)
        return self._counted(here.date() + _DAY if here.time() >= self._closes else here.date(), working_days, stops)

    def here(self, at: datetime) -> datetime:
        """The same moment in the deployment's zone."""
        return at.astimezone(self._zone)

    def day(self, at: datetime) -> date:
        """Which day it is here."""
        return self.here(at).date()

    def holiday(self, day: date) -> bool:
        """Whether the day is off for another reason than that it is a weekend; it may be one besides."""
        return day in self._days or day in self._more

    def morning(self, day: date) -> datetime:
        """When the office opens on that day, in UTC."""
        return datetime.combine(day, self._opens, self._zone).astimezone(UTC)

    def _count(self, day: date, working_days: int, stops: Stops) -> Due:
        passed = []
        while not self.works(day):
            passed.append(day)
            day += _DAY
        left = working_days + self._stood(day, stops)
        while left:
            day += _DAY
            left -= self.works(day) and not self._stood(day, stops)
            passed.append(day)
        return Due(day, tuple(one for one in passed if one.weekday() < _SATURDAY and not self.works(one)))

    def _stood(self, day: date, stops: Stops) -> bool:
        evening = datetime.combine(day, self._closes, self._zone)
        return any(since <= evening and until is not None and evening < until for since, until in stops)

    def works(self, day: date) -> bool:
        """Whether the office is open on this day."""
        return day.weekday() < _SATURDAY and day not in self._days and day not in self._more


def _holidays(country: str) -> holidays.HolidayBase:
    """Filled year by year when it is asked. Categories differ by country; every country has the public ones."""
    # The package would load all of its 250 countries to give one (8 MB and a third of a second, measured): this holds the place of its list of them.
    countries = find_spec("holidays.countries")
    assert countries is not None  # noqa: S101  # a part of the package
    sys.modules.setdefault(countries.name, module_from_spec(countries))
    try:
        kinds = holidays.country_holidays(country).supported_categories
    except NotImplementedError:
        return holidays.HolidayBase()
    return holidays.country_holidays(country, categories=tuple(kind for kind in ("public", "government") if kind in kinds))
