"""When it happened: as somebody filled in, else as the words of the report say."""

from __future__ import annotations

import re
from datetime import date, datetime

from normalizer.dates import When, answer_date, ranked_dates
from normalizer.schema import Incident
from normalizer.text import line

# A timetable that somebody pasted is no history of an incident.
_MOST = 20
# As a form's date or month field sends it (ISO 8601, extended form).
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}(-[0-9]{2})?")


def times_of(when: str | None, text: str, title: str | None, received_at: datetime, zone: str) -> tuple[Incident, ...]:
    """All that was said of times, at most twenty. The first is when it happened: what stands in the field, then the text's likeliest date, then the title's.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 3, 17, 4, tzinfo=UTC)
    >>> [time.date for time in times_of("kemarin sore", "Lampu mati sejak senin, lapor tgl 12/3", None, noon, "Asia/Makassar")]
    ['2026-03-16', '2026-03-16', '2026-03-12']
    >>> times_of(None, "Lampu mati sejak senin", None, noon, "Asia/Makassar")
    (Incident(text='sejak senin', date='2026-03-16', how='text', precision='day', span=(11, 22), score=0.9),)
    """
    declared = line(when)
    field = (_declared(declared, received_at, zone),) if declared else ()
    in_text = (_said(found, found.span) for found in ranked_dates(text, received_at, zone))
    in_title = (_said(found, None) for found in ranked_dates(title or "", received_at, zone))
    return (*field, *in_text, *in_title)[:_MOST]


def _declared(text: str, received_at: datetime, zone: str) -> Incident:
    if precision := _iso_precision(text):
        return Incident(text, text, "declared", precision, score=1.0)
    found = answer_date(text, received_at, zone)
    return Incident(text, found.date, "declared", found.precision, score=found.score) if found else Incident(text, None, "declared")


def _said(found: When, span: tuple[int, int] | None) -> Incident:
    return Incident(line(found.text) or found.text, found.date, "text", found.precision, span, found.score)


def _iso_precision(text: str) -> str | None:
    """Of a day or a month that the calendar has; None for anything else.

    >>> _iso_precision("2026-02-30"), _iso_precision("2026-02"), _iso_precision("2026-02-03")
    (None, 'month', 'day')
    """
    found = _ISO.fullmatch(text)
    if not found:
        return None
    try:
        date.fromisoformat(text if found[1] else f"{text}-01")
    except ValueError:
        return None
    return "day" if found[1] else "month"
