"""A deployment measures itself: a file that people have judged, its mistakes by their line, and figures that say how sure they are."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import directory, evaluation, labelled
from gateway.evaluation import Evaluation
from gateway.families import family_of, known
from gateway.labelled import LabelMistakes, parse
from gateway.measuring import Guess, Measure, calibration_error, coverage, redrawn, surest, wilson
from gateway.routing import Desk
from normalizer import Setting, category_codes
from tests.nursery import ROOT, run
from tests.test_normalizer_laws import LAW

NOON = datetime(2026, 3, 17, 4, tzinfo=UTC)
PPU = directory.parse(directory.example())
KNOWN = {"agency": {agency.code for agency in PPU.agencies}, "family": known(), "category": category_codes()}
TABLE = (
    'text,title,category,place\n"jalan berlubang, motor jatuh",,road,\n'
    "air pdam mati di kecamatan Waru kabupaten Penajam Paser Utara,,water_supply,64.09.02\nsampah menumpuk,,road|waste,-\n"
)
GUESSES = st.lists(st.builds(Guess, st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


def evaluated(content: str) -> Evaluation:
    return evaluation.evaluate(parse(content, KNOWN), Desk("diskominfo", PPU), Setting(region="64.09"), NOON)


def figures(content: str) -> dict[str, Measure]:
    return {measure.name: measure for measure in evaluated(content).measures}


def test_a_table_and_json_lines_say_the_same() -> None:
    lines = [
        {"text": "jalan berlubang, motor jatuh", "category": "road"},
        {"text": "air pdam mati di kecamatan Waru kabupaten Penajam Paser Utara", "category": ["water_supply"], "place": ["64.09.02"]},
        {"text": "sampah menumpuk", "category": ["road", "waste"], "place": []},
    ]
    assert parse("\n".join(map(json.dumps, lines)), KNOWN) == parse(TABLE, KNOWN) == parse(TABLE.replace(",", ";").replace("berlubang;", "berlubang,"), KNOWN)


def test_each_right_answer_and_each_place_is_counted_once() -> None:
    found = figures(TABLE)
    assert {name: (measure.value, measure.of) for name, measure in found.items() if measure.interval == "wilson"} == {
        "first guess right": (1.0, 3),
        "right within three": (1.0, 3),
        "regency: said are right": (1.0, 1),
        "regency: named are said": (1.0, 1),
        "whole code: said are right": (1.0, 1),
        "whole code: named are said": (1.0, 1),
    }


def test_a_wrong_label_is_seen_in_the_figures() -> None:
    found = figures(TABLE.replace("road,\n", "finance,\n").replace("64.09.02", "64.71"))
    assert (found["first guess right"].value, found["right within three"].value) == (2 / 3, 2 / 3)
    assert (found["regency: said are right"].value, found["regency: named are said"].value) == (0.0, 0.0)


def test_of_two_places_in_a_text_both_are_counted() -> None:
    found = figures("text,place\ndesa Girimukti kec. Penajam gelap tidak seperti di Surabaya,64.09.01.2020|35.78\n")
    assert (found["regency: said are right"].of, found["regency: named are said"].value) == (2, 1.0)


def test_the_channels_own_region_is_nothing_that_was_read() -> None:
    found = figures("text,place\njalan rusak,64.09\n")
    assert (found["regency: said are right"].of, found["regency: named are said"].value) == (0, 0.0)


def test_agencies_are_compared_by_the_deployments_directory() -> None:
    found = evaluated("text,agency\njalan berlubang di depan pasar,dpupr\nair pdam mati,dlh\n")
    assert (found.by, found.measures[0].value) == ("agency", 0.5)


def test_two_categories_of_a_family_speak_for_it_together() -> None:
    assert evaluated("text,family\njalan berlubang dan selokan mampet banjir,public_works\n").measures[0].value == 1.0
    assert {family_of(category) for category in category_codes()} <= known()


MISTAKES = [
    ("", ["line 1: There is nothing in it"]),
    ("words,category\nx,road\n", ["line 1: The first line must name the columns; text is missing."]),
    ("text,categry\nx,road\n", ["line 2: There is no column categry. Did you mean category?"]),
    ("text,category\nx,raod\n", ["line 2: The category “raod” is not known. Did you mean road?"]),
    ('text,category\n"two\nlines",road\nx,raod\n', ["line 4: The category “raod” is not known. Did you mean road?"]),
    ("text,category\n ,road\nx\n", ["line 2: The text is missing.", "line 3: This line has 1 cells and the first line 2."]),
    ("text,agency\nx,dpupe\n", ["line 2: The agency “dpupe” is not known. Did you mean dpupr?"]),
    ("text,place\nx,6409\n", ["line 2: The place “6409” should be an official code"]),
    ("text,category,family\nx,road,\ny,,social\n", ["line 3: This line is judged by family and others by category. Make a file of each."]),
    ('{"text": "x"\n{"text": 3}\n["x"]\n', ["line 1: This line is no JSON", "line 2: text should be a text.", "line 3: This line is no object"]),
    ('{"text": "x", "category": [3]}\n', ["line 1: category should be a text, or a list of codes."]),
    ('{"text": "x", "label": "road"}\n', ["line 1: There is no column label."]),
    ('text,category\n"x,road\n', ["line 2: This line has 1 cells and the first line 2."]),
]


@pytest.mark.parametrize(("content", "sentences"), MISTAKES, ids=[row[1][0] for row in MISTAKES])
def test_every_mistake_of_the_file_is_told_with_its_line(content: str, sentences: list[str]) -> None:
    with pytest.raises(LabelMistakes) as wrong:
        parse(content, KNOWN)
    told = str(wrong.value).split("\n")
    assert [line[: len(sentence)] for line, sentence in zip(told, sentences, strict=True)] == sentences


@LAW
@given(
    st.text(max_size=300) | st.lists(st.sampled_from(["text", "category", ",", ";", '"', "\n", "{", "}", ":", "road", "\x00", "[]"]), max_size=30).map("".join)
)
def test_no_file_is_too_strange_to_be_told_its_mistakes(content: str) -> None:
    try:
        labels = parse(content, KNOWN)
    except LabelMistakes as mistakes:
        labels, wrong = [], mistakes.found
    else:
        wrong = []
    assert all(line > 0 and sentence for line, sentence in wrong)
    assert all(label.text.strip() for label in labels)
    assert bool(labels) != bool(wrong)


def test_wilsons_interval_is_that_of_the_books() -> None:
    # R. G. Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    assert [[round(end, 4) for end in wilson(*one)] for one in ((81, 263), (15, 148), (0, 20), (1, 29))] == [
        [0.2553, 0.3662],
        [0.0624, 0.1605],
        [0.0, 0.1611],
        [0.0061, 0.1718],
    ]


@LAW
@given(st.integers(0, 500), st.integers(0, 500))
def test_an_interval_holds_its_share_and_lies_between_none_and_all(right: int, wrong: int) -> None:
    low, high = wilson(right, right + wrong)
    assert 0 <= low <= high <= 1
    if right + wrong:
        assert low - 1e-12 <= right / (right + wrong) <= high + 1e-12


@LAW
@given(GUESSES, st.randoms(use_true_random=False))
def test_the_order_of_the_file_changes_no_figure(guesses: list[Guess], shuffling: random.Random) -> None:
    other = shuffling.sample(guesses, len(guesses))
    assert surest(guesses) == surest(other)
    assert calibration_error(guesses) == pytest.approx(calibration_error(other))


@LAW
@given(GUESSES)
def test_what_is_covered_was_right_so_often_and_no_lower_score_would_do(guesses: list[Guess]) -> None:
    found = surest(guesses)
    assert 0 <= coverage(guesses) == found.taken / len(guesses) <= 1
    assert 0 <= calibration_error(guesses) <= 1

    def right_from(score: float) -> float:
        taken = [guess.right for guess in guesses if guess.score >= score]
        return sum(taken) / len(taken)

    if found.score is not None:
        assert right_from(found.score) >= 0.95
    assert not [guess.score for guess in guesses if 0 < guess.score < (found.score or 2) and right_from(guess.score) >= 0.95]


def test_of_a_hundred_sets_of_guesses_about_95_intervals_hold_the_truth() -> None:
    drawing, held = random.Random(7), 0  # noqa: S311  # no secret
    for _ in range(100):
        # Whoever says s is right s times in 100: the true error is 0 but for the steps, so a fixed gap of 0.1 is put in.
        guesses = [Guess(0.75, drawing.random() < 0.65) for _ in range(120)]
        measure = redrawn("", guesses, calibration_error)
        assert measure.low is not None
        assert measure.high is not None
        held += measure.low <= 0.1 <= measure.high
    assert 88 <= held <= 99


def told(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return run(["evaluate", *arguments], {**os.environ, "PYTHONPATH": str(ROOT)}, folder)


def test_the_command_shows_a_table_or_json_and_a_mistake_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "judged.csv").write_text(TABLE)
    shown = told("judged.csv", folder=tmp_path)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert re.search(r"first guess right +1\.000 +0\.439-1\.000 +3 \(wilson\)", shown.stdout)
    assert "too few to rely on" in shown.stdout
    said: dict[str, Any] = json.loads(told("judged.csv", "--json", folder=tmp_path).stdout)
    assert said["by"] == "category"
    assert {measure["name"]: measure["of"] for measure in said["measures"]}["first guess right"] == 3
    (tmp_path / "wrong.csv").write_text("text,category\nx,raod\n")
    wrong = told("wrong.csv", folder=tmp_path)
    assert (wrong.returncode, wrong.stderr) == (1, "✗ line 2: The category “raod” is not known. Did you mean road?\n")
    (tmp_path / "nothing.csv").write_text("text\nx\n")
    assert told("nothing.csv", folder=tmp_path).returncode == told("nowhere.csv", folder=tmp_path).returncode == 2


def test_without_a_configuration_no_region_is_preferred(tmp_path: Path) -> None:
    (tmp_path / "judged.csv").write_text("text,place\nbus telat lagi Semarang,33.74\n")
    said: dict[str, Any] = json.loads(told("judged.csv", "--json", folder=tmp_path).stdout)
    assert {measure["name"]: measure["value"] for measure in said["measures"]}["regency: named are said"] == 1.0


def test_the_example_in_the_docs_is_a_file_that_can_be_used() -> None:
    page = (ROOT / "docs" / "routing.md").read_text(encoding="utf-8").split("## Measure it")[1].split("\n## ")[0]
    line = next(found for found in re.findall(r"`(\{.*\})`", page))
    head, row = re.findall(r"`(text,.*)`, then `(.*)`", page)[0]
    known_here = {**KNOWN, "agency": KNOWN["agency"]}
    assert labelled.parse(line, known_here)[0].right == labelled.parse(f"{head}\n{row}\n", known_here)[0].right
