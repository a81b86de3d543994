"""What citizens read from us: in every language, and an SMS is one SMS."""

from __future__ import annotations

import pytest
from babel.messages.pofile import read_po

from channels.gsm7 import fits_one_segment
from gateway import words
from gateway.notices import acknowledgement

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
    texts = acknowledgement(LANGUAGES[language], "WWWW-WWWW-WWWW", more=more, working_days=99)
    assert fits_one_segment(texts.short)
    assert all("WWWW-WWWW-WWWW" in text for text in (texts.short, texts.full, texts.subject))
    assert "99" in texts.short
    assert (str(more) in texts.short.replace("WWWW", "")) == (more > 0)
    assert "{" not in texts.short + texts.full + texts.subject
