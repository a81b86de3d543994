"""Cleaning of what a person wrote: whatever bytes a wire let through, the result can be shown, stored in PostgreSQL, sent and put into XML."""

from __future__ import annotations

import re
import unicodedata
from itertools import islice

# Characters. A citizen's longest real report is a few pages; the raw bytes keep the rest.
MAX_TEXT = 20_000
MAX_LINE = 300
MAX_TITLE = 80
# Unicode Standard Annex 15, section 13, Stream-Safe Text Format: no language stacks more marks on one letter.
_MAX_MARKS = 30

_LINE_BREAK = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACE = re.compile("[\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
# All controls but tab and newline, and what Unicode lists as Default_Ignorable_Code_Point (DerivedCoreProperties.txt): it draws nothing, but it reverses
# lines (bidi), splits words that are searched for, or makes an empty report look full. With them what XML 1.0 (section 2.2) forbids.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]",
)
# Combining marks begin at U+0300, so plain Latin text is never walked letter by letter.
_MAYBE_STACKED = re.compile(f"[^\x00-\u02ff]{{{_MAX_MARKS + 1}}}")
# A full stop after a word of four letters or more: "Jl.", "Yth." and "RT." end no sentence.
_SENTENCE_END = re.compile(r"(?<=\w{4})[.!?]+(?=\s)|(?<=\w{5})\.(?=[A-Z])")
_SHORTEST_SENTENCE = 12


def clean(text: str) -> str:
    r"""NFC, newlines as \n, nothing invisible, no spaces at the ends of lines. Cleaning twice changes nothing. Linear.

    >>> clean(" Jalan\u00a0rusak  \r\n\x00di\u202e Waru\u200b ")
    'Jalan rusak\ndi Waru'
    """
    text = _SPACE.sub(" ", _INVISIBLE.sub("", _LINE_BREAK.sub("\n", _pair_surrogates(text))))
    text = _limit_marks(unicodedata.normalize("NFC", _limit_marks(text)))
    return "\n".join(row.rstrip() for row in text.split("\n")).strip()


def line(text: str | None) -> str | None:
    r"""One line, at most MAX_LINE characters; None if nothing is left.

    >>> line("  Jl. Provinsi\n km 9 ")
    'Jl. Provinsi km 9'
    """
    return cut(" ".join(clean(text or "").split()), MAX_LINE) or None


def cut(text: str, most: int) -> str:
    """At most so many characters, between words where there is a choice.

    >>> cut("lampu jalan mati", 13)
    'lampu jalan'
    """
    if len(text) <= most:
        return text
    whole_words = text[: most + 1].rpartition(" ")[0].rstrip()
    # A word longer than a third of the line (a link) is better broken than dropped.
    return whole_words if len(whole_words) * 3 >= most * 2 else text[:most].rstrip()


def first_sentence(text: str) -> str:
    """A title for a cleaned text that has none: its first sentence or line.

    >>> first_sentence("Jl. Provinsi berlubang! Sudah dua minggu.")
    'Jl. Provinsi berlubang'
    """
    first = " ".join(text.partition("\n")[0].split())
    end = _SENTENCE_END.search(first, _SHORTEST_SENTENCE)
    return cut(first[: end.start()] if end else first.rstrip("."), MAX_TITLE)


def has_letters(text: str, fewest: int = 1) -> bool:
    """Whether there is that much to read, in any script.

    >>> has_letters("?? 12 ok"), has_letters("?? 12 ok", 3)
    (True, False)
    """
    return len(list(islice(filter(str.isalpha, text), fewest))) == fewest


def _pair_surrogates(text: str) -> str:
    """Halves that belong together become one character, lone ones go: no database and no wire takes them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    return text


def _limit_marks(text: str) -> str:
    """Python sorts the marks on a letter in quadratic time: 100 KB of them would hold the normaliser for ten seconds."""
    if not _MAYBE_STACKED.search(text):
        return text
    kept, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MAX_MARKS:
            kept.append(character)
    return "".join(kept)
