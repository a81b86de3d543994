"""A moment in the past as an operator types it: how long ago, a day, or a date and time. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_DURATION = re.compile(r"(?:\d{1,5}[wdhm])+")
_PART = re.compile(r"(\d+)([wdhm])")
_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes"}


class NoMoment(ValueError):
    """A sentence for who typed it."""


def moment(text: str, now: datetime, zone: str) -> datetime:
    """UTC. What names no zone is meant in the deployment's. Raises NoMoment.

    >>> now = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
    >>> [f"{moment(text, now, 'Asia/Makassar'):%d %H:%M}" for text in ("3h", "1d12h", "2026-11-25", "2026-11-25 14:00", "2026-11-25T14:00Z")]
    ['26 00:00', '24 15:00', '24 16:00', '25 06:00', '25 14:00']
    """
    said = text.strip()
    if _DURATION.fullmatch(said.lower()):
        parts = {_UNITS[unit]: int(count) for count, unit in _PART.findall(said.lower())}
        try:
            return now.astimezone(UTC) - timedelta(**parts)
        except OverflowError:
            raise NoMoment(f"{text} is longer than there is a past.") from None
    try:
        at = datetime.fromisoformat(said)
        at = (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        raise NoMoment(f"{text} is no time. Say how long ago (3h, 2d) or from when (2026-11-25, 2026-11-25T14:00).") from None
    if at > now:
        raise NoMoment(f"{text} is not over yet.")
    return at
