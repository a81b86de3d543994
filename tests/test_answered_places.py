"""What an answer adds to the place that is known already."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway import questions
from normalizer import Place, Report, Setting, normalize

NOON = datetime(2026, 3, 17, 4, 0, tzinfo=UTC)
NATIONAL, PPU = Setting(), Setting(region="64.09")


def answered(first: str, answer: str, setting: Setting) -> Place:
    before, said = (normalize(Report(None, text, NOON), setting) for text in (first, answer))
    place = questions.answered(before, said, "where", "rule:answers_our_question", setting.zone).place
    assert place
    return place


@pytest.mark.parametrize(
    ("label", "first", "answer", "setting", "code"),
    [
        ("a village where only the channel was known", "Lampu mati", "di girimukti rt 5", PPU, "64.09.01.2020"),
        ("a village in the regency that was named", "Lampu mati di kab. Kutai Kartanegara", "desa handil baru kec samboja", NATIONAL, "64.02.13.1012"),
        ("one of several villages of that name", "Lampu mati di kota Bandung", "di jamika, bojongloa kaler", NATIONAL, "32.73.04.1003"),
        ("a regency or a city, in the province that was named", "Lampu mati, Kab. Magelang", "di magelang", NATIONAL, "33.08"),
        ("no name that any register has", "Lampu mati di kec. Sepaku", "jl melati rt 5", PPU, "64.09.04"),
        ("only what holds the place that is known", "Lampu mati di kec. Sepaku", "kab. Penajam Paser Utara", PPU, "64.09.04"),
        ("another region", "Lampu mati", "di kota Samarinda", PPU, "64.72"),
        ("a village of which there are many elsewhere", "Lampu mati di kec. Sepaku", "desa ngraho", PPU, "64.09.04"),
    ],
)
def test_an_answer_narrows_the_place_and_never_loses_it(label: str, first: str, answer: str, setting: Setting, code: str) -> None:
    assert answered(first, answer, setting).code == code, label


def test_the_words_of_an_answer_are_the_place_and_stand_in_no_text_of_the_complaint() -> None:
    place = answered("Lampu mati di desa Girimukti", "depan masjid nurul iman", PPU)
    assert (place.text, place.code, place.how, place.span) == ("depan masjid nurul iman", "64.09.01.2020", "answer", None)
