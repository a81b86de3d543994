"""What holds for every report that any wire could ever hand over."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import asdict
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from normalizer import Address, Attachment, Complaint, Declared, Location, Report, Setting, normalize, unread
from normalizer.text import MAX_LINE, MAX_TEXT, clean

# The same examples at every run; a busy machine is no broken law.
LAW = settings(derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# All of Unicode, lone halves and controls too, with more of what tends to break things.
ANY_TEXT = st.text(st.one_of(st.characters(), st.sampled_from("\x00\ud83d\ude00\u0301\u0344\u202e\u200d\u3164\r\n\t #:,PpUu08+")), max_size=120)
MAYBE = st.none() | ANY_TEXT
ADDRESSES = st.builds(Address, st.sampled_from(["sms", "whatsapp", "email", "telegram", "web"]), ANY_TEXT | st.from_regex(r"\A[+0-9 ]{1,20}\Z"))
NUMBERS = st.floats()
REPORTS = st.builds(
    Report,
    sender=st.none() | ADDRESSES,
    text=ANY_TEXT,
    received_at=st.datetimes(timezones=st.just(UTC)),
    subject=MAYBE,
    sender_name=MAYBE,
    attachments=st.lists(st.builds(Attachment, ANY_TEXT, ANY_TEXT, reference=MAYBE), max_size=2).map(tuple),
    location=st.none() | st.builds(Location, NUMBERS, NUMBERS, st.none() | NUMBERS),
    declared=st.builds(Declared, MAYBE, MAYBE, MAYBE, MAYBE, MAYBE, MAYBE, st.booleans(), st.booleans()),
)
SETTINGS = st.builds(
    Setting,
    country=st.sampled_from(["ID", "SG", "GB", "US", "ZZ"]),
    region=st.sampled_from([None, "64.09"]),
    keywords=st.sampled_from([(), (("PPU", "64.09"),)]),
)


def written(complaint: Complaint) -> str:
    """As the store keeps it; raises for what JSON cannot say."""
    return json.dumps(asdict(complaint), default=str, allow_nan=False, ensure_ascii=False)


@LAW
@given(REPORTS, SETTINGS)
def test_every_report_becomes_a_complaint_that_any_store_and_any_wire_takes(report: Report, setting: Setting) -> None:
    complaint = normalize(report, setting)
    assert "\\u0000" not in written(complaint)
    assert written(complaint).encode()
    assert len(complaint.text) <= MAX_TEXT
    assert len(complaint.title) <= MAX_LINE
    assert "\n" not in complaint.title


@LAW
@given(REPORTS, SETTINGS)
def test_the_same_report_is_always_the_same_complaint(report: Report, setting: Setting) -> None:
    assert normalize(report, setting) == normalize(report, setting)


@LAW
@given(REPORTS, SETTINGS)
def test_a_readers_switches_are_never_lifted(report: Report, setting: Setting) -> None:
    complaint = normalize(report, setting)
    assert (complaint.anonymous, complaint.confidential) == (report.declared.anonymous, report.declared.confidential)


@LAW
@given(st.none() | ADDRESSES, SETTINGS)
def test_what_was_not_read_is_always_hidden(sender: Address | None, setting: Setting) -> None:
    complaint = unread(sender, datetime(2026, 3, 17, tzinfo=UTC), setting)
    assert complaint.anonymous
    assert complaint.confidential
    assert "unread" in complaint.remarks
    assert written(complaint).encode()


@LAW
@given(ADDRESSES, SETTINGS)
def test_a_canonical_address_is_canonical(sender: Address, setting: Setting) -> None:
    first = unread(sender, datetime(2026, 3, 17, tzinfo=UTC), setting).sender
    if first:
        assert unread(first, datetime(2026, 3, 17, tzinfo=UTC), setting).sender == first


@LAW
@given(ANY_TEXT)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@LAW
@given(st.text(st.sampled_from("a\u0344\u0301\u0316 \uac00\u1100\u1161\u11a8"), max_size=200))
def test_cleaning_stacked_marks_twice_changes_nothing(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)


@LAW
@given(st.text(st.characters(categories=("L", "N", "P"), max_codepoint=0x24F), max_size=80))
def test_plain_words_are_never_changed(text: str) -> None:
    assert clean(text) == unicodedata.normalize("NFC", text)
