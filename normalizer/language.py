"""Which language a report is written in, by our own lists of small words: made for a short informal SMS, mixed as people mix. A tag, never a gate."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection

from normalizer.lexicon import languages_of, loans
from normalizer.trigrams import likeness

# Characters. A language shows itself early; a pasted newspaper page need not be read to the end.
_SAMPLE = 1_500
# Of a chat program, in no language: every Telegram app begins with /start.
_COMMAND = re.compile(r"(?<!\S)/\w+")
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
# How a language builds words that no list holds: pe…an, meng…, …nya; polite Javanese …ipun and what one does to a thing, di…ake; Sundanese …keun, a noun
# with -na behind a consonant, and the vowel eu, which Indonesian has only where two of its own meet (ke-uang-an, se-umur) and in foreign words.
_SHAPES = {
    "id": re.compile(r"(?:pe|ke)\w{3,}an|(?:meng|meny|memb|memp)\w{3,}|ber[^aeiour\W]\w{3,}|\w{3,}(?:nya|(?<!a)kan)"),
    "jv": re.compile(r"\w{3,}(?:ipun|aken)|di\w{3,}(?:ake|akke)"),
    "su": re.compile(r"\w{3,}keun|\w{3,}[gknpt]na|(?!keu[aint]|keung|seu|meu|neu|museum|petrol|amat|mass?eu)\w+eu\w+"),
}
# In more words than this, a single known one is chance: a name, a place. A word of a local list is neither, and Indonesian would show more of itself.
_FEW_WORDS = 3
# English, if the unknown words look like it: names do not.
_TELLING = 3
# What an unknown word of so many letters that looks wholly like a language says for it.
_LIKENESS = 1.5
_LETTERS = range(4, 30)
# No more apart than this, two languages are as likely, and nothing is said.
_TIE = 0.3
# A word that an everyday Indonesian text would never hold says more than one that is at home everywhere, and the nouns that all of Java borrows say least.
_WEIGHTS: dict[str, float] = {"id": 2, "jv": 3, "su": 3, "en": 2}
# All that a text holds of those together.
_MOST_OF_LOANS = 2


def language(text: str) -> str | None:
    """BCP 47 tag; None for a tie or too little text.

    >>> language("lampu jln yg di dpn pasar udah mati"), language("dalan rusak dereng didandosi"), language("jalan ruksak teu acan dibenerkeun")
    ('id', 'jv', 'su')
    >>> language("the street light is broken"), language("PPU 12/3"), language("")
    ('en', None, None)
    """
    words = _WORD.findall(_COMMAND.sub(" ", text[:_SAMPLE]).lower().replace("\u2019", "'"))
    found: defaultdict[str, float] = defaultdict(float)
    known = borrowed = 0
    for word in words:
        tags = _tags(word)
        known += bool(tags)
        borrowed += word in loans()
        for tag, weight in _said_by(word, tags).items():
            found[tag] += weight
    found["id"] += min(borrowed, _MOST_OF_LOANS)
    (weight, tag), (next_weight, _) = (*sorted(((weight, tag) for tag, weight in found.items()), reverse=True), (0.0, ""))[:2]
    chance = known == 1 and len(words) > _FEW_WORDS and (tag == "id" or (tag == "en" and weight < _TELLING))
    return tag if known and not chance and weight - next_weight > _TIE else None


def _said_by(word: str, tags: tuple[str, ...]) -> dict[str, float]:
    """What a word says for each language."""
    if word in loans():
        return {}
    if tags:
        return {tag: _WEIGHTS[tag] for tag in tags}
    return {tag: _LIKENESS * share for tag, share in likeness(word).items()} if len(word) in _LETTERS else {}


def hinted(tag: str | None, known: Collection[str]) -> str | None:
    """The language that a program is set to, as its own tag says, if it is one of these.

    >>> hinted("en-US", ("id", "en")), hinted("ID", ("id", "en")), hinted("fr", ("id", "en")), hinted(None, ("id", "en"))
    ('en', 'id', None, None)
    """
    primary = (tag or "").replace("_", "-").partition("-")[0].lower()
    return primary if primary in known else None


def _tags(word: str) -> tuple[str, ...]:
    """The languages that have this word; of a doubled one (sampah-sampah) the first half counts."""
    first = word.partition("-")[0]
    return languages_of(first) or tuple(tag for tag, shape in _SHAPES.items() if shape.fullmatch(first))
