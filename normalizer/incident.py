"""When it happened: as somebody filled in, else as the words of the report say."""

from __future__ import annotations

import re
from datetime import date, datetime

from normalizer.dates import When, answer_date, incident_date
from normalizer.schema import Incident
from normalizer.text import line

# As a form's date or month field sends it (ISO 8601, extended form).
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}(-[0-9]{2})?")


def incident_of(when: str | None, text: str, title: str | None, received_at: datetime, zone: str) -> Incident | None:
    """What stands in the field wins, then the text's best date, then the title's; None: nobody said.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 3, 17, 4, tzinfo=UTC)
    >>> incident_of("kemarin sore", "Lampu mati", None, noon, "Asia/Makassar").date
    '2026-03-16'
    >>> incident_of(None, "Lampu mati sejak senin", None, noon, "Asia/Makassar")
    Incident(text='sejak senin', date='2026-03-16', how='text', precision='day', span=(11, 22))
    """
    declared = line(when)
    if declared:
        return _declared(declared, received_at, zone)
    if found := incident_date(text, received_at, zone):
        return _said(found, found.span)
    found = incident_date(title or "", received_at, zone)
    return _said(found, None) if found else None


def _declared(text: str, received_at: datetime, zone: str) -> Incident:
    if precision := _iso_precision(text):
        return Incident(text, text, "declared", precision)
    found = answer_date(text, received_at, zone)
    return Incident(text, found.date, "declared", found.precision) if found else Incident(text, None, "declared")


def _said(found: When, span: tuple[int, int] | None) -> Incident:
    return Incident(line(found.text) or found.text, found.date, "text", found.precision, span)


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
