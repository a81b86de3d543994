"""What an answer to our question adds to the complaint: its day as people say it, and spans that fit the text afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.questions import answered, corrected
from normalizer import Complaint, Incident, Report, Setting, Span, normalize

MONDAY = datetime(2026, 3, 16, 17, 30, tzinfo=UTC)
ZONE = "Asia/Makassar"
ASKED = "rule:answers_our_question"


def said(text: str) -> Complaint:
    return normalize(Report(None, text, MONDAY), Setting(zone=ZONE))


@pytest.mark.parametrize(
    ("answer", "date", "precision"),
    [
        # In Penajam it is Tuesday already.
        ("kemarin", "2026-03-16", "day"),
        ("Senin", "2026-03-16", "day"),
        ("12/3", "2026-03-12", "day"),
        ("2 minggu pak", "2026-03-03", "week"),
        ("bulan lalu", "2026-02", "month"),
        ("tiap malam", None, "recurring"),
        ("waktu hujan besar", None, None),
    ],
)
def test_a_short_answer_to_when_is_a_date_and_keeps_its_words(answer: str, date: str | None, precision: str | None) -> None:
    complaint = answered(said("Jalan rusak"), said(answer), "when", ASKED, ZONE)
    assert complaint.incident
    assert replace(complaint.incident, score=None) == Incident(answer, date, "answer", precision)
    assert "when" not in complaint.missing


def test_what_an_answer_gives_away_is_known_too() -> None:
    complaint = answered(said(""), said("nama saya Budi, air mati sejak kemarin"), "what", ASKED, ZONE)
    assert complaint.personal == (Span("name", 10, 14, "cue", 0.8),)
    assert complaint.incident == Incident("sejak kemarin", "2026-03-16", "text", "day", (25, 38), 0.9)


def test_a_correction_stands_below_and_its_spans_with_it() -> None:
    complaint = corrected(said("Air mati kemarin"), said("bukan, 3 hari lalu, hp 081234567890"))
    assert complaint.incident is not None
    assert [complaint.text[span.start : span.end] for span in complaint.personal] == ["081234567890"]
    assert complaint.text[slice(*complaint.incident.span or ())] == "3 hari lalu"


TEXTS = st.lists(st.sampled_from(["kemarin", "nama saya", "Budi", "hp", "081234567890", "3 hari lalu", "?", "jalan", "\n"]), max_size=6).map(" ".join)


@settings(derandomize=True, database=None, deadline=None)
@given(TEXTS, TEXTS, st.sampled_from(["what", "where", "when"]))
def test_spans_lie_in_the_text_after_every_answer(first: str, second: str, question: str) -> None:
    for complaint in (answered(said(first), said(second), question, ASKED, ZONE), corrected(said(first), said(second))):
        assert all(0 <= span.start < span.end <= len(complaint.text) for span in complaint.personal)
        if complaint.incident and complaint.incident.span:
            assert complaint.text[slice(*complaint.incident.span)] == complaint.incident.text
