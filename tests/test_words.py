"""What citizens read from us: in every language, and an SMS is one SMS."""

from __future__ import annotations

from datetime import date

import pytest
from babel.messages.pofile import read_po

from channels.gsm7 import fits_one_segment
from gateway import words
from gateway.notices import acknowledgement, help_text, hidden, not_found, pointer, spoken, standing

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
    texts += [hidden(words, "WWWW-WWWW-WWWW", what) for what in ("anonymous", "confidential")]
    assert statuses
    for one in texts:
        assert fits_one_segment(one.short), one.short
        assert "{" not in one.short + one.full + one.subject
