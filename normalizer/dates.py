"""When it happened, out of a citizen's words: "kmrn sore", "sdh 3 bln", "tgl 12/3", "since Monday".

Nothing is made of telephone numbers, houses, RT/RW, plates, prices and timetables: a bare pair of numbers is no date, nor is a bare time of day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from normalizer.date_grammar import Phrase, phrases
from normalizer.date_values import moment

# Characters. Longer words are no answer to "when did it happen?" but a report that may say so.
_LONGEST_ANSWER = 80
# Whoever writes more has said it before.
_READ = 10_000
_FINEST_FIRST = ("day", "week", "month", "year", "recurring", "vague")
# Characters. A mail program breaks lines long before.
_LONGEST_QUOTE = 200
# By what a phrase weighs: "every night", "now", "3 days ago", "since Monday"; and where the calendar's own name is said. By judgement, not measured.
_SCORES = (0.5, 0.7, 0.9, 0.9)
_NAMED = 0.95
_QUOTES = ("menulis:", "wrote:")


@dataclass(frozen=True, slots=True)
class When:
    """A time that somebody said."""

    # The words.
    text: str
    # ISO 8601, as precise as is known ("2026-03-17", "2026-03", "2016"); None: said, but no date ("every night", "for years").
    date: str | None
    # "day" | "week": that day or a few beside it | "month" | "year" | "recurring" | "vague"
    precision: str
    # Where the words stand: characters, the end excluded.
    span: tuple[int, int]
    # "date": the calendar's own name · "relative": counted from the day of the report · "since": it began then and lasts · "every": it recurs.
    how: str
    # 0..1: the chance that it says when it happened.
    score: float = 0.0


def dates(text: str, received_at: datetime, zone: str) -> tuple[When, ...]:
    """All times that the text says in its first 10,000 characters, in its order; those that lie ahead are none. Linear; never raises for a text.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 3, 17, 4, tzinfo=UTC)
    >>> [(when.text, when.date, when.precision) for when in dates("Kmrn sore pohon tumbang, jalan rusak sdh 3 bln", noon, "Asia/Makassar")]
    [('Kmrn sore', '2026-03-16', 'day'), ('sdh 3 bln', '2025-12', 'month')]
    """
    return tuple(when for _, when in _read(text, _local(received_at, zone), answer=False))


def ranked_dates(text: str, received_at: datetime, zone: str) -> tuple[When, ...]:
    """The same, beginning with the one that most likely says when it happened: since when it lasts, else the finest; of equal ones the first."""
    return _ranked(_read(text, _local(received_at, zone), answer=False))


def incident_date(text: str, received_at: datetime, zone: str) -> When | None:
    """The likeliest. None: nothing was said."""
    return next(iter(ranked_dates(text, received_at, zone)), None)


def answer_date(text: str, received_at: datetime, zone: str) -> When | None:
    """The same for an answer to "when did it happen?", where "senin", "12/3", "2 minggu" or "jam 10 pagi" alone say it too.

    >>> from datetime import UTC
    >>> answer_date("Senin", datetime(2026, 3, 17, 4, tzinfo=UTC), "Asia/Makassar").date
    '2026-03-16'
    """
    return next(iter(_ranked(_read(text, _local(received_at, zone), answer=len(text) <= _LONGEST_ANSWER))), None)


def _local(received_at: datetime, zone: str) -> datetime:
    try:
        return received_at.astimezone(ZoneInfo(zone))
    except OverflowError:
        # The last hours of the year 9999.
        return received_at


def _read(text: str, now: datetime, *, answer: bool) -> Iterator[tuple[int, When]]:
    """With how likely each is when it happened: the higher the likelier."""
    for phrase in phrases(text[:_READ], answer=answer):
        start, end = phrase.tokens[0].start, phrase.tokens[-1].end
        found = moment(phrase, now)
        if found and not _is_quoted(text, start, end):
            weight, how = _weight(phrase), _how(phrase)
            score = _NAMED if how == "date" and weight > 1 else _SCORES[weight]
            yield weight, When(text[start:end], found.date, found.precision, (start, end), how, score)


def _ranked(found: Iterator[tuple[int, When]]) -> tuple[When, ...]:
    return tuple(when for _, when in sorted(found, key=lambda one: (-one[0], _FINEST_FIRST.index(one[1].precision), one[1].span)))


def _how(phrase: Phrase) -> str:
    kind = phrase.rule.partition("_")[0]
    if kind == "every":
        return "every"
    if kind in {"since", "several", "vague"} or phrase.tokens[0].means("since") or phrase.tokens[0].means("already"):
        return "since"
    return "date" if kind in {"date", "month", "year"} else "relative"


def _weight(phrase: Phrase) -> int:
    if phrase.rule in {"vague", "every", "today_weak"}:
        return 0
    if phrase.rule in {"today", "unit_this", "year", "since_single"}:
        return 1
    return 3 if _how(phrase) == "since" else 2


def _is_quoted(text: str, start: int, end: int) -> bool:
    """Whether the line is somebody else's: quoted in a mail, or saying when the quoted mail was written."""
    before, after = text[max(0, start - _LONGEST_QUOTE) : start], text[end : end + _LONGEST_QUOTE]
    return before.rpartition("\n")[2].startswith(">") or after.partition("\n")[0].rstrip().endswith(_QUOTES)
