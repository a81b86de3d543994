"""The lists of words that say what a report is about: whole, and no phrase that hides what it is made of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from normalizer import Report, Setting, category_codes, families, normalize
from normalizer.houses import agreed, also
from normalizer.phrases import lexicon
from normalizer.view import rows, spelled

NOON = datetime(2026, 3, 17, 4, tzinfo=UTC)
# Who names these must be believed wherever the words stand; routing keeps them from the accused.
CONFIDENTIAL = ("corruption_extortion", "women_child")
# "The longest phrase counts" is wanted here: no official is accused, no child is harmed.
HARMLESS = {"kkn mahasiswa", "penyalahgunaan trotoar", "penyalahgunaan narkoba", "anak di bawah umur naik motor", "anak dibawah umur mengendarai"}
STRONG = 5.0
REPORTS = [tuple(row.split(": ", 1)) for row in Path(__file__).with_name("reports.txt").read_text(encoding="utf-8").splitlines() if not row.startswith("#")]


@pytest.mark.parametrize(("category", "text"), REPORTS, ids=[text[:40] for _, text in REPORTS])
def test_what_citizens_write_is_understood(category: str, text: str) -> None:
    found = normalize(Report(None, text, NOON), Setting()).categories
    assert found, "needs triage"
    assert found[0].code == category, found


def senses() -> dict[str, dict[tuple[str, ...], float]]:
    """Heading to phrase (as the view spells it) to weight."""
    listed: dict[str, dict[tuple[str, ...], float]] = {}
    heading = ""
    for row in rows("categories.txt"):
        if row.startswith("["):
            heading = row.strip("[]")
            continue
        weight, _, phrases = row.partition(" ")
        for phrase in phrases.split(","):
            known = listed.setdefault(heading, {})
            known[spelled(phrase)] = max(float(weight), known.get(spelled(phrase), 0.0))
    return listed


def parts(phrase: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for length in range(1, len(phrase)):
        for start in range(len(phrase) - length + 1):
            yield phrase[start : start + length]


@pytest.mark.parametrize("heading", CONFIDENTIAL)
def test_no_longer_phrase_hides_corruption_or_violence(heading: str) -> None:
    listed = senses()
    strong = {phrase for phrase, weight in listed[heading].items() if weight >= STRONG}
    hidden = {
        " ".join(phrase)
        for other, phrases in listed.items()
        for phrase in phrases
        if other != heading and phrase not in listed[heading] and strong.intersection(parts(phrase))
    }
    assert hidden <= {" ".join(spelled(phrase)) for phrase in HARMLESS}


def test_who_says_more_exactly_what_it_is_about_is_no_less_sure() -> None:
    for heading, phrases in senses().items():
        for phrase, weight in phrases.items():
            # Nought and 1 are meant so: "anak sekolah" walk on many a broken road.
            assert weight <= 1 or weight >= max((phrases.get(part, 0.0) for part in parts(phrase)), default=0.0), (heading, phrase)


def test_no_short_form_is_taken_for_an_everyday_word() -> None:
    """A fish market is a TPI, but people write "tpi" for "but": the view spells it so, and every report would be about fish."""
    everyday = {("tapi",), ("terima", "kasih"), ("bapak",), ("apa",), ("dan",), ("yang",), ("bisa",), ("ada",)}
    assert {phrase for phrases in senses().values() for phrase, weight in phrases.items() if weight} & everyday == set()


def test_every_category_has_a_house_a_chance_and_others_who_are_asked() -> None:
    assert families().keys() == agreed().keys() == also().keys() == lexicon("categories.txt").headings == category_codes()
    assert all(0 < share < 1 for share in agreed().values())


def test_nothing_is_lent_to_what_closes_a_report() -> None:
    lent = {other for others in also().values() for other, _ in others}
    assert lent <= category_codes()
    assert lent.isdisjoint(CONFIDENTIAL)
    assert all(0 < share < 1 for others in also().values() for _, share in others)


HOUSES = [
    ("gas elpiji 3 kg langka di pangkalan", "fuel_lpg", "trade_consumer"),
    ("lampu jalan mati di perempatan", "street_light", "traffic_transport"),
    ("pohon besar di pinggir jalan mau tumbang, mohon dipangkas", "parks_trees", "waste"),
    ("kartu bpjs kesehatan saya tidak aktif", "health_insurance", "health_service"),
    ("pabrik buang limbah ke sungai", "pollution", "public_order"),
]


@pytest.mark.parametrize(("text", "first", "further"), HOUSES)
def test_who_sees_to_it_in_another_town_is_a_weaker_guess(text: str, first: str, further: str) -> None:
    found = normalize(Report(None, text, NOON), Setting()).categories
    assert found[0].code == first
    assert further in {one.code for one in found[1:]}
    assert all(one.how and one.spans for one in found)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_three_guesses_are_three_houses_unless_two_are_nearly_as_likely() -> None:
    def told(text: str) -> list[str]:
        return [one.code for one in normalize(Report(None, text, NOON), Setting()).categories]

    assert len({families()[code] for code in told("jalan berlubang, jalan rusak parah, aspal terkelupas, got mampet")}) == 3
    assert set(told("jalan rusak dan banjir")[:2]) == {"road", "flood_drainage"}
