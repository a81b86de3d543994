"""Where it happened, so far as somebody said so: a field, a position, words in the text, a local keyword, the channel's own region."""

from __future__ import annotations

from normalizer.keyword import Keyword
from normalizer.places import Resolved
from normalizer.schema import Location, Place, Report, Setting
from normalizer.text import MAX_TITLE, line
from normalizer.whereabouts import Whereabouts, whereabouts

_MAX_LATITUDE_DEGREES = 90
_MAX_LONGITUDE_DEGREES = 180


def place_of(report: Report, title: str | None, said: str, keyword: Keyword | None, setting: Setting) -> Place | None:
    """The most exact thing that is known says how; the code is as exact as the words allow. None: not even a region.

    `said` is the complaint's text; `title` is what else the sender wrote over it.
    """
    declared = line(report.declared.where)
    location = _on_earth(report.location)
    region = keyword.region if keyword else setting.region
    over = f"{title}\n" if title else ""
    found = whereabouts(over + said, region, setting.aliases)
    resolved = _declared(declared, found.resolved, region, setting) if declared else found.resolved
    text, code = declared or line(found.text), resolved.code or region
    if not (text or location or code or resolved.candidates):
        return None
    return Place(
        text,
        code,
        _how(declared, location, found.text or resolved.code, keyword),
        location,
        score=resolved.score if resolved.candidates else None,
        span=_span(found, len(over)),
        ambiguous=resolved.ambiguous,
        candidates=resolved.candidates,
        keyword=keyword is not None,
    )


def answered_place(answer: str, region: str | None, setting: Setting) -> Place | None:
    """Where a short answer to "where is it?" says it is ("depan pasar"); None: it does not say. `region` is where the complaint is placed so far.

    >>> answered_place("di girimukti rt 5", "64.09", Setting()).code, answered_place("tidak tahu", "64.09", Setting())
    ('64.09.01.2020', None)
    """
    found = whereabouts(answer, region or setting.region, setting.aliases, asked=True)
    resolved = found.resolved
    if not (found.text or resolved.candidates):
        return None
    # All of a short answer is about the place.
    text = found.text and line(answer if len(answer) <= MAX_TITLE else found.text)
    score = resolved.score if resolved.candidates else None
    code = resolved.code or region or setting.region
    return Place(text, code, "text", None, score=score, span=found.span, ambiguous=resolved.ambiguous, candidates=resolved.candidates)


def _declared(where: str, said: Resolved, region: str | None, setting: Setting) -> Resolved:
    """What a field says, and the text where the field names nothing, or names what the text only tells more exactly."""
    filled = whereabouts(where, region, setting.aliases, asked=True).resolved
    if not filled.candidates or (filled.code and said.code and said.code.startswith(filled.code)):
        return said
    return filled


def _span(found: Whereabouts, over: int) -> tuple[int, int] | None:
    """In the complaint's text, over which a title stands; None: the words are in the title."""
    return (found.span[0] - over, found.span[1] - over) if found.span and found.span[0] >= over else None


def _how(declared: str | None, location: Location | None, said: str | None, keyword: Keyword | None) -> str:
    if declared:
        return "declared"
    if location:
        return "position"
    if said:
        return "text"
    return "keyword" if keyword else "channel"


def _on_earth(location: Location | None) -> Location | None:
    """None for what is no position: a comparison with NaN is never true, and JSON has no way to write it."""
    if location is None or not (abs(location.latitude) <= _MAX_LATITUDE_DEGREES and abs(location.longitude) <= _MAX_LONGITUDE_DEGREES):
        return None
    accuracy_m = location.accuracy_m
    if accuracy_m is not None and not 0 <= accuracy_m < float("inf"):
        accuracy_m = None
    return Location(location.latitude, location.longitude, accuracy_m)
