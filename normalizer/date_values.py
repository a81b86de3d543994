"""From the words to the day, week, month or year that is meant, seen from the day when they arrived. The past is preferred."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from normalizer.date_counted import ago, by_the_clock, last_unit, part_of_day, since, today, two_days, weekday, yesterday
from normalizer.date_grammar import Phrase
from normalizer.date_moment import Moment
from normalizer.date_named import dated, in_month, in_year


def moment(phrase: Phrase, now: datetime) -> Moment | None:
    """What a phrase means for somebody who hears it at `now` (local); None: nothing, it lies ahead, or the calendar has no such day."""
    read = _READERS[phrase.rule.partition("_")[0]]
    try:
        return read(phrase, now)
    except (OverflowError, ValueError):
        return None


def _vague(_phrase: Phrase, _now: datetime) -> Moment:
    return Moment(None, "vague")


def _every(_phrase: Phrase, _now: datetime) -> Moment:
    return Moment(None, "recurring")


# By the first part of a rule's name.
_READERS: dict[str, Callable[[Phrase, datetime], Moment | None]] = {
    "date": dated,
    "month": in_month,
    "year": in_year,
    "ago": ago,
    "since": since,
    "several": since,
    "unit": last_unit,
    "weekday": weekday,
    "two": two_days,
    "yesterday": yesterday,
    "today": today,
    "part": part_of_day,
    "clock": by_the_clock,
    "vague": _vague,
    "every": _every,
}
