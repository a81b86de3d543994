"""What holds for whatever is understood of a text: spans lie in it, nothing is lost when it is parted, and the work grows no faster than the text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gateway.bench.understanding import LONG, cpu_seconds, long_text
from normalizer import Complaint, Report, Setting, normalize
from normalizer.parting import parted
from normalizer.personal import masked
from normalizer.text import MAX_TEXT
from tests.test_understood import TEXTS

NOON = datetime(2026, 3, 17, 4, tzinfo=UTC)
PPU = Setting(zone="Asia/Makassar", region="64.09")
LAW = settings(derandomize=True, database=None, deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
# Texts of every hard kind, one after the other, joined by whatever people type between two things.
PIECES = st.sampled_from([text for _, text, _ in TEXTS])
JOINTS = st.sampled_from([". ", ", ", "\n", " dan ", "; selain itu ", " ", "", "!!! ", " İ ", "👍", "\u0301", " 1. "])
MIXED = st.lists(st.tuples(PIECES, JOINTS), max_size=5).map(lambda parts: "".join(piece + joint for piece, joint in parts))
ANY = st.one_of(MIXED, st.text(max_size=60), st.tuples(st.text(max_size=10), MIXED).map("".join))


def read(text: str) -> Complaint:
    return normalize(Report(None, text, NOON, subject="Jalan rusak"), PPU)


def spans_of(complaint: Complaint) -> Iterator[tuple[int, int]]:
    """All there are, whatever they are of."""
    findings = (complaint.kind_found, complaint.urgency, complaint.level, complaint.beyond, complaint.language_found, *complaint.categories)
    for found in (*findings, *(subject.category for subject in complaint.subjects)):
        yield from found.spans if found else ()
    for one in (complaint.place, *complaint.dates, *complaint.subjects):
        if one and one.span:
            yield one.span
    yield from ((span.start, span.end) for span in complaint.personal)


@LAW
@given(ANY)
def test_every_span_lies_in_the_text_and_every_score_is_a_chance(text: str) -> None:
    complaint = read(text)
    for start, end in spans_of(complaint):
        assert 0 <= start < end <= len(complaint.text)
    for time_said in complaint.dates:
        if time_said.span:
            assert complaint.text[slice(*time_said.span)].split() == time_said.text.split()
    scores = [*(found.score for found in complaint.categories), *(span.score for span in complaint.personal), *(one.score for one in complaint.dates)]
    assert all(score is not None and 0 <= score <= 1 for score in scores)


@LAW
@given(ANY)
def test_the_incident_is_the_first_of_the_dates_and_several_subjects_are_remarked(text: str) -> None:
    complaint = read(text)
    assert complaint.incident == (complaint.dates[0] if complaint.dates else None)
    assert (len(complaint.subjects) > 1) == bool(complaint.subjects) == ("several_subjects" in complaint.remarks)
    ends = [subject.span for subject in complaint.subjects]
    assert all(one[1] <= other[0] for one, other in pairwise(ends))


@LAW
@given(ANY)
def test_a_masked_text_never_contains_what_was_masked(text: str) -> None:
    complaint = read(text)
    shown = masked(complaint.text, complaint.personal)
    assert [span for span in complaint.personal if complaint.text[span.start : span.end] in shown] == []


@LAW
@given(ANY, st.data())
def test_of_a_text_that_is_parted_no_word_is_lost_or_said_twice(text: str, data: st.DataObject) -> None:
    complaint = read(text)
    words = complaint.text.split(" ")
    assume(len(words) > 1)
    first = data.draw(st.integers(0, len(words) - 1))
    start = len(" ".join(words[:first])) + (first > 0)
    passage = (start, start + len(words[first]))
    one, other = parted(complaint, passage, PPU)
    left = Counter("".join(filter(str.isalnum, f"{one.text}{other.text}")))
    whole = Counter("".join(filter(str.isalnum, complaint.text)))
    assert not left - whole
    # At most the words that joined the two are gone: "dan", "selain itu".
    assert sum((whole - left).values()) <= sum(map(str.isalnum, complaint.text)) - sum(map(str.isalnum, _unjoined(complaint.text, passage)))
    for part in (one, other):
        assert all(0 <= start < end <= len(part.text) for start, end in spans_of(part))


def _unjoined(text: str, passage: tuple[int, int]) -> str:
    """The words that are no joint, by a list of their own."""
    joints = {
        *("dan", "juga", "selain", "itu", "serta", "terus", "trus", "kemudian", "satu", "lagi", "sama", "ada"),
        *("lan", "karo", "jeung", "sareng", "and", "also"),
    }
    outside = f"{text[: passage[0]]} {text[passage[1] :]}".split()
    kept = [word for word in outside if word.strip(".,;!?").lower() not in joints | {"besides"} and not word.strip(".,;!?)").isdigit()]
    return "".join(kept) + text[slice(*passage)]


@pytest.mark.parametrize("piece", LONG.values(), ids=LONG)
def test_twenty_thousand_characters_are_kept_whole(piece: str) -> None:
    complaint = read(long_text(piece))
    assert complaint.text == long_text(piece)
    assert "text_shortened" not in complaint.remarks


@pytest.mark.parametrize("piece", LONG.values(), ids=LONG)
def test_four_times_the_text_takes_about_four_times_the_time(piece: str) -> None:
    """Quadratic would be sixteen. How long it takes is no law but a measurement: `./run bench`."""
    spent = cpu_seconds([long_text(piece, MAX_TEXT // part) for part in (16, 4, 1)], 5)
    assert all(more < 6 * max(less, 0.001) for less, more in pairwise(spent)), spent


def test_what_is_longer_says_that_it_was_shortened() -> None:
    complaint = read("jalan rusak " * MAX_TEXT)
    assert len(complaint.text) <= MAX_TEXT
    assert "text_shortened" in complaint.remarks
