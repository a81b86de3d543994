"""When it happened, so far as somebody filled it in."""

from __future__ import annotations

import re
from datetime import date

from normalizer.schema import Incident
from normalizer.text import line

# As a form's date or month field sends it (ISO 8601, extended form).
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}(-[0-9]{2})?")


def incident_of(when: str | None) -> Incident | None:
    """The words, and their date if they are one.

    >>> incident_of("2026-03-17")
    Incident(text='2026-03-17', date='2026-03-17', how='declared')
    >>> incident_of("kemarin sore").date is None
    True
    """
    text = line(when)
    return Incident(text, text if _is_date(text) else None, "declared") if text else None


def _is_date(text: str) -> bool:
    """True for a day or a month that the calendar has.

    >>> _is_date("2026-02-30"), _is_date("2026-02")
    (False, True)
    """
    found = _ISO.fullmatch(text)
    if not found:
        return False
    try:
        date.fromisoformat(text if found[1] else f"{text}-01")
    except ValueError:
        return False
    return True
