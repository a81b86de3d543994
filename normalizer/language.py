"""Which language a report is written in, by our own lists of small words: made for a short informal SMS, mixed as people mix. A tag, never a gate."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from importlib import resources

# Indonesian is the language that the others are mixed with; where it ties with a local one, nothing is said.
LANGUAGES = ("id", "jv", "su", "en")

# Characters. A language shows itself early; a pasted newspaper page need not be read to the end.
_SAMPLE = 3_000
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
# How a language builds words that no list holds: pe…an, meng…, …nya; polite Javanese …ipun; Sundanese …keun.
_SHAPES = {
    "id": re.compile(r"(?:pe|ke)\w{3,}an|(?:meng|meny|memb|memp)\w{3,}|\w{3,}(?:nya|(?<!a)kan)"),
    "jv": re.compile(r"\w{3,}(?:ipun|aken)"),
    "su": re.compile(r"\w{3,}keun"),
}
# In more words than this, a single known one is chance: a name, a place.
_FEW_WORDS = 3
# A word that an everyday Indonesian text would never hold says more than one that is at home everywhere.
_WEIGHTS = {"id": 2, "jv": 3, "su": 3, "en": 2}


def language(text: str) -> str | None:
    """BCP 47 tag; None for a tie or too little text.

    >>> language("lampu jln yg di dpn pasar udah mati"), language("dalan rusak dereng didandosi"), language("jalan ruksak teu acan dibenerkeun")
    ('id', 'jv', 'su')
    >>> language("the street light is broken"), language("PPU 12/3"), language("")
    ('en', None, None)
    """
    words = _WORD.findall(text[:_SAMPLE].lower().replace("\u2019", "'"))
    found = Counter(tag for word in words for tag in _tags(word))
    if not found or (found.total() == 1 and len(words) > _FEW_WORDS):
        return None
    ranked = sorted(((found[tag] * _WEIGHTS[tag], tag) for tag in found), reverse=True)
    if len(ranked) > 1 and ranked[0][0] == ranked[1][0]:
        return None
    return ranked[0][1]


def is_everyday(word: str) -> bool:
    """Whether a word (small letters) is one that any report may hold.

    >>> is_everyday("lampu"), is_everyday("penajam")
    (True, False)
    """
    return word in _lexicon()


def _tags(word: str) -> tuple[str, ...]:
    """The languages that have this word; of a doubled one (sampah-sampah) the first half counts."""
    first = word.partition("-")[0]
    return _lexicon().get(first) or tuple(tag for tag, shape in _SHAPES.items() if shape.fullmatch(first))


@cache
def _lexicon() -> dict[str, tuple[str, ...]]:
    """Each word and the languages that have it, from data/*.txt (read once)."""
    lexicon: dict[str, tuple[str, ...]] = {}
    for tag in LANGUAGES:
        rows = resources.files("normalizer").joinpath("data", f"{tag}.txt").read_text(encoding="utf-8").splitlines()
        for word in {word for row in rows if not row.startswith("#") for word in row.split()}:
            lexicon[word] = (*lexicon.get(word, ()), tag)
    return lexicon
