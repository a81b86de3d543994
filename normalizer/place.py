"""Where it happened, so far as somebody said so: a field, a position, a local keyword, the channel's own region."""

from __future__ import annotations

from normalizer.keyword import Keyword
from normalizer.schema import Location, Place, Report, Setting
from normalizer.text import line

_MAX_LATITUDE_DEGREES = 90
_MAX_LONGITUDE_DEGREES = 180


def place_of(report: Report, keyword: Keyword | None, setting: Setting) -> Place | None:
    """The most exact thing that is known says how; the region stands beside it. None: not even a region."""
    text = line(report.declared.where)
    location = _on_earth(report.location)
    code = keyword.region if keyword else setting.region
    if text or location or code:
        return Place(text, code, _how(text, location, keyword), location)
    return None


def _how(text: str | None, location: Location | None, keyword: Keyword | None) -> str:
    if text:
        return "declared"
    if location:
        return "position"
    return "keyword" if keyword else "channel"


def _on_earth(location: Location | None) -> Location | None:
    """None for what is no position: a comparison with NaN is never true, and JSON has no way to write it."""
    if location is None or not (abs(location.latitude) <= _MAX_LATITUDE_DEGREES and abs(location.longitude) <= _MAX_LONGITUDE_DEGREES):
        return None
    accuracy_m = location.accuracy_m
    if accuracy_m is not None and not 0 <= accuracy_m < float("inf"):
        accuracy_m = None
    return Location(location.latitude, location.longitude, accuracy_m)
