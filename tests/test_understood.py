"""The table of our own texts (tests/understood.txt), the hard kinds above all: what each must give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from normalizer import Complaint, Report, Setting, normalize

NOON = datetime(2026, 3, 17, 4, tzinfo=UTC)
PPU = Setting(zone="Asia/Makassar", region="64.09")
KINDS = frozenset(
    {
        *("plain", "short", "capitals", "languages", "emergency", "personal", "dates", "two subjects", "chain letters", "abuse"),
        *("nothing to read", "beyond"),
    }
)
# Doors and senders have remarks of their own; these texts have neither.
GIVEN: dict[str, Callable[[Complaint], object]] = {
    "type": lambda complaint: complaint.kind,
    "category": lambda complaint: complaint.category and complaint.category.code,
    "language": lambda complaint: complaint.language,
    "place": lambda complaint: complaint.place and complaint.place.code,
    "date": lambda complaint: complaint.incident and complaint.incident.date,
    "urgency": lambda complaint: complaint.urgency and complaint.urgency.code,
    "level": lambda complaint: complaint.level and complaint.level.code,
    "beyond": lambda complaint: complaint.beyond and complaint.beyond.code,
    "personal": lambda complaint: ",".join(span.kind for span in complaint.personal),
    "missing": lambda complaint: ",".join(complaint.missing),
    "remarks": lambda complaint: ",".join(complaint.remarks),
    "subjects": lambda complaint: ",".join(subject.category.code for subject in complaint.subjects),
    "title": lambda complaint: complaint.title,
}


def texts() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Kind, text and what it must give."""
    kind = ""
    for row in Path(__file__).with_name("understood.txt").read_text(encoding="utf-8").splitlines():
        if row.startswith("["):
            kind = row.strip("[]")
        elif row and not row.startswith("#"):
            text, _, wanted = row.partition(" => ")
            yield kind, text.replace("\\n", "\n"), dict(pair.split("=", 1) for pair in wanted.split(" "))


TEXTS = list(texts())


def test_the_table_has_every_hard_kind_and_each_text_once() -> None:
    assert len({text for _, text, _ in TEXTS}) == len(TEXTS) >= 120
    assert {kind for kind, _, _ in TEXTS} == KINDS


@pytest.mark.parametrize(("kind", "text", "wanted"), TEXTS, ids=[f"{kind}: {text[:40]}" for kind, text, _ in TEXTS])
def test_a_text_gives_what_it_must(kind: str, text: str, wanted: dict[str, str]) -> None:
    complaint = normalize(Report(None, text, NOON), PPU)
    assert {name: GIVEN[name](complaint) or "-" for name in wanted} == wanted, kind


@pytest.mark.parametrize(("kind", "text", "wanted"), TEXTS[::7], ids=[text[:40] for _, text, _ in TEXTS[::7]])
def test_spaces_and_lines_around_it_change_nothing(kind: str, text: str, wanted: dict[str, str]) -> None:
    complaint = normalize(Report(None, f"\n\n  {text} \n", NOON), PPU)
    assert {name: GIVEN[name](complaint) or "-" for name in wanted} == wanted, kind
