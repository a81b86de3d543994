"""What citizens read from us: in every language, and an SMS is one SMS."""

from __future__ import annotations

import re
from datetime import date

import pytest
from babel.messages.pofile import read_po

from channels.gsm7 import fits_one_segment
from gateway import cues, words
from gateway.asked import REOPEN, asked_of
from gateway.case import ArchiveReason
from gateway.notices import acknowledgement, appealed, archived, help_text, hidden, not_found, pointer, spoken, standing, waits
from gateway.routing import DOORS

LANGUAGES = words.load(words.available())


def codes(language: str) -> set[str]:
    with (words.LOCALE / language / "LC_MESSAGES" / "gateway.po").open("rb") as file:
        return {str(message.id if isinstance(message.id, str) else message.id[0]) for message in read_po(file) if message.id and all(message.string or "")}


def test_every_language_says_everything() -> None:
    assert {"id", "en"} <= set(words.available())
    assert codes("id") == codes("en")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("more", [0, 1, 999])
def test_an_acknowledgement_is_one_sms_with_number_and_next_step(language: str, more: int) -> None:
    texts = acknowledgement(LANGUAGES[language], "WWWW-WWWW-WWWW", question="", more=more, working_days=99)
    assert fits_one_segment(texts.short)
    assert all("WWWW-WWWW-WWWW" in text for text in (texts.short, texts.full, texts.subject))
    assert "99" in texts.short
    assert (str(more) in texts.short.replace("WWWW", "")) == (more > 0)
    assert "{" not in texts.short + texts.full + texts.subject


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("more", [0, 1, 999])
@pytest.mark.parametrize("question", ["", "what", "where"])
@pytest.mark.parametrize("emergency", ["112", "0800-1234-5678", "9" * 20])
def test_whose_life_is_in_danger_is_told_first_whom_to_call(language: str, question: str, more: int, emergency: str) -> None:
    texts = acknowledgement(LANGUAGES[language], "WWWW-WWWW-WWWW", 99, question, more=more, emergency=emergency, door="court")
    call = LANGUAGES[language]("help.emergency", emergency=emergency)
    assert fits_one_segment(texts.short), texts.short
    assert texts.short.startswith(call)
    assert texts.full.startswith(call)
    assert "WWWW-WWWW-WWWW" in texts.short
    assert (str(more) in texts.short.replace(emergency, "")) == (more > 0)
    if question:
        assert texts.full.endswith(LANGUAGES[language](f"question.{question}"))
    if question and not more:
        # Whoever comes to help must know it; it stands behind the number, never in its place.
        assert texts.short.endswith(LANGUAGES[language](f"question.{question}"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_nobody_is_to_be_called_a_report_is_acknowledged_like_any_other(language: str) -> None:
    words = LANGUAGES[language]
    assert acknowledgement(words, "WWWW-WWWW-WWWW", 3, "", emergency="") == acknowledgement(words, "WWWW-WWWW-WWWW", 3, "")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("question", ["", "what", "where", "when"])
@pytest.mark.parametrize("door", sorted(DOORS))
def test_no_door_is_without_words_and_an_sms_names_it_where_there_is_room(language: str, door: str, question: str) -> None:
    words = LANGUAGES[language]
    assert {f"door.{door}", f"door.{door}.full"} <= codes(language)
    texts = acknowledgement(words, "WWWW-WWWW-WWWW", 99, question, door=door)
    assert fits_one_segment(texts.short), texts.short
    assert words(f"door.{door}.full") in texts.full
    without = acknowledgement(words, "WWWW-WWWW-WWWW", 99, question)
    assert words(f"door.{door}") in texts.short or texts.short == without.short
    # Without a question there is always room.
    assert question or words(f"door.{door}") in texts.short
    # Many reports at once leave none.
    assert (
        acknowledgement(words, "WWWW-WWWW-WWWW", 99, question, more=3, door=door).short == acknowledgement(words, "WWWW-WWWW-WWWW", 99, question, more=3).short
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", ArchiveReason)
@pytest.mark.parametrize("said", ["Silakan ke pengadilan.", "kata " * 200, "x" * 500])
def test_whoever_is_sent_elsewhere_reads_why_and_where_and_how_to_appeal(language: str, reason: ArchiveReason, said: str) -> None:
    words, page = LANGUAGES[language], "https://lapor.kabupaten-penajam.example/l/abcdefghijklmnopqrstuv"
    assert f"archive.{reason}" in codes(language)
    for door in ("", "court"):
        texts = archived(words, "WWWW-WWWW-WWWW", reason, said, page, door=door)
        assert fits_one_segment(texts.short), texts.short
        assert words(f"archive.{reason}") in texts.short
        for part in (words(f"archive.{reason}"), said, words("archived.appeal"), page, *([words("door.court.full")] if door else [])):
            assert part in texts.full
    # The word that it names opens the report again.
    asked = asked_of(texts.short.rpartition(": ")[2])
    assert (asked.what if asked else None) == REOPEN


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("said", ["Senin diperbaiki.", "kata " * 200, "x" * 500, "\u201cSudah\u201d \u2013 selesai \u2713 " * 20])
def test_an_officer_s_words_are_one_sms_and_whole_in_the_other_channels(language: str, said: str) -> None:
    page = "https://lapor.kabupaten-penajam.example/l/abcdefghijklmnopqrstuv"
    texts = spoken(LANGUAGES[language], "WWWW-WWWW-WWWW", said, page)
    assert fits_one_segment(texts.short)
    assert "WWWW-WWWW-WWWW" in texts.short
    assert said in texts.full
    assert page in texts.full
    # What is not in it is where it says.
    assert page in texts.short or " ".join(said.split()) in texts.short


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_answer_to_a_word_is_one_sms(language: str) -> None:
    words = LANGUAGES[language]
    statuses = [code for code in codes(language) if code.startswith("status.") and not code.endswith(".sentence")]
    texts = [standing(words, "WWWW-WWWW-WWWW", code.removeprefix("status."), day) for code in statuses for day in (None, date(2026, 12, 31))]
    texts += [not_found(words, by_number=True), not_found(words, by_number=False), help_text(words, "0800-1234-5678"), help_text(words, "")]
    texts.append(pointer(words, "WWWW-WWWW-WWWW", "https://lapor.kabupaten-penajam.example/lacak"))
    texts.append(waits(words, "WWWW-WWWW-WWWW", "https://lapor.kabupaten-penajam.example/lacak"))
    texts += [hidden(words, "WWWW-WWWW-WWWW", what) for what in ("anonymous", "confidential")]
    texts.append(appealed(words, "WWWW-WWWW-WWWW"))
    assert statuses
    for one in texts:
        assert fits_one_segment(one.short), one.short
        assert "{" not in one.short + one.full + one.subject


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_that_the_help_names_is_understood(language: str) -> None:
    named = re.findall(r"\b[A-Z]{2,}\b", help_text(LANGUAGES[language], "").full)
    assert len(named) == 8
    assert [word for word in named if not (asked_of(word) or cues.corrects(f"{word} di km 9"))] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("item", ["what", "where", "when"])
def test_who_asks_how_a_report_stands_hears_what_we_wait_for(language: str, item: str) -> None:
    words = LANGUAGES[language]
    texts = standing(words, "WWWW-WWWW-WWWW", "awaiting_information", date(2026, 12, 31), item)
    assert fits_one_segment(texts.short)
    assert texts.short.endswith(words(f"question.{item}"))
    assert words("question.clock") in texts.full
