"""Which language a report is written in: by our lists of words and how words are built; made for a short informal SMS, mixed as people mix. Never a gate."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from normalizer.building import built_in
from normalizer.lexicon import LANGUAGES, languages_of, loans, own_words
from normalizer.schema import Finding
from normalizer.trigrams import likeness
from normalizer.view import Vowels

# Characters. A language shows itself early; a pasted newspaper page need not be read to the end.
_SAMPLE = 1_500
# Of a chat program, in no language: every Telegram app begins with /start.
_COMMAND = re.compile(r"(?<!\S)/\w+")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
# In more words than this, a single known one is chance: a name, a place. A word of a local list is neither, and Indonesian would show more of itself.
_FEW_WORDS = 3
# An unknown word says so much at the most: e to the power of this, for and against.
_LEAST_LIKELY = 0.2
_LETTERS = range(4, 30)
# Less sure than this, nothing is said.
_ENOUGH = 0.5
# That a single English word among unknown ones is English: names are not.
_TELLING = 0.85
# Words that are told as having decided.
_TOLD = 5

# How often a language uses a word of a list, next to its own words. Whoever writes Javanese or Sundanese mixes in Indonesian as they like; whoever writes
# Indonesian rarely does the other, so one such word outweighs two Indonesian ones. Nobody mixes anything into English.
_USED: Mapping[str, Mapping[str, float]] = {
    "id": {"id": 1, "jv": 0.3, "su": 0.3, "en": 0.03},
    "jv": {"id": 0.03, "jv": 1, "su": 0.06, "en": 0.02},
    "su": {"id": 0.03, "jv": 0.06, "su": 1, "en": 0.02},
    "en": {"id": 0.03, "jv": 0.03, "su": 0.03, "en": 1},
    "loan": {"id": 0.6, "jv": 0.4, "su": 0.4, "en": 0.03},
}
# What is only built like a language's words says less.
_BUILT = 0.7


class _Word(NamedTuple):
    key: str
    start: int
    end: int
    # Whether a list has it.
    known: bool
    # For each language: the logarithm of how likely it has this word, and how much more it says for this language than for any other.
    says: Mapping[str, float]
    gain: Mapping[str, float]


def language(text: str) -> str | None:
    """BCP 47 tag; None for a tie or too little text.

    >>> language("lampu jln yg di dpn pasar udah mati"), language("dalan rusak dereng didandosi"), language("jalan ruksak teu acan dibenerkeun")
    ('id', 'jv', 'su')
    >>> language("the street light is broken"), language("PPU 12/3"), language("")
    ('en', None, None)
    """
    found = language_of("", text)
    return found.code if found else None


def language_of(title: str, text: str) -> Finding | None:
    """The tag of a title and a text together, the chance of it, and the words that decided; of those of the title, nobody is told where they stand.

    >>> language_of("", "banyu mati wiwit wingi")
    Finding(code='jv', score=1.0, how='banyu, wingi, wiwit', spans=((0, 5), (11, 16), (17, 22)))
    """
    heading = f"{title}\n" if title else ""
    words = list(_words((heading + text)[:_SAMPLE]))
    sums = {tag: sum(word.says[tag] for word in words) for tag in LANGUAGES}
    most = max(sums.values())
    chances = {tag: math.exp(said - most) for tag, said in sums.items()}
    tag = max(LANGUAGES, key=chances.__getitem__)
    score = chances[tag] / sum(chances.values())
    known = [word for word in words if word.known]
    chance = len(known) == 1 and len(words) > _FEW_WORDS and (tag == "id" or (tag == "en" and score < _TELLING))
    # Names alone look like a language, and are none.
    speaks = any(word.gain[tag] > 0 for word in known)
    if not speaks or chance or score <= _ENOUGH:
        return None
    return _finding(tag, score, words, len(heading))


def _finding(tag: str, score: float, words: list[_Word], begin: int) -> Finding:
    deciding = sorted((word for word in _each_once(words) if word.gain[tag] > 0), key=lambda word: (-word.gain[tag], word.key))[:_TOLD]
    spans = sorted((word.start - begin, word.end - begin) for word in deciding if word.start >= begin)
    return Finding(tag, round(score, 3), ", ".join(word.key for word in deciding), tuple(spans))


def _each_once(words: list[_Word]) -> Iterable[_Word]:
    return {word.key: word for word in reversed(words)}.values()


def _words(text: str) -> Iterator[_Word]:
    for match in _WORD.finditer(_COMMAND.sub(lambda found: " " * len(found[0]), text)):
        key = match[0].lower().replace("\u2019", "'")
        # Of a doubled one (sampah-sampah) the first half counts.
        known, says, gain = _read(key.partition("-")[0])
        yield _Word(key, *match.span(), known, says, gain)


@lru_cache(maxsize=8_192)
def _read(word: str) -> tuple[bool, Mapping[str, float], Mapping[str, float]]:
    """Whether it is known, what it says, and how much more for each language."""
    known, says = _said(word)
    return known, says, {tag: said - max(says[other] for other in LANGUAGES if other != tag) for tag, said in says.items()}


def _said(word: str) -> tuple[bool, Mapping[str, float]]:
    if word in loans():
        return True, _log(_USED["loan"])
    listed = languages_of(word)
    if tags := listed or built_in(word) or languages_of(_vowels().restored(word)):
        return True, _log({tag: sum(_USED[own][tag] for own in tags) / len(tags) for tag in LANGUAGES}, 1 if listed else _BUILT)
    if len(word) in _LETTERS:
        return False, _log({tag: _LEAST_LIKELY + share for tag, share in likeness(word).items()})
    return False, dict.fromkeys(LANGUAGES, 0.0)


@cache
def _vowels() -> Vowels:
    """For "smph" and "diangkt": whichever language has the only word that can be meant."""
    return Vowels(loans().union(*map(own_words, LANGUAGES)), ())


def _log(chances: Mapping[str, float], weight: float = 1) -> dict[str, float]:
    return {tag: weight * math.log(chance) for tag, chance in chances.items()}


def hinted(tag: str | None, known: Collection[str]) -> str | None:
    """The language that a program is set to, as its own tag says, if it is one of these.

    >>> hinted("en-US", ("id", "en")), hinted("ID", ("id", "en")), hinted("fr", ("id", "en")), hinted(None, ("id", "en"))
    ('en', 'id', None, None)
    """
    primary = (tag or "").replace("_", "-").partition("-")[0].lower()
    return primary if primary in known else None
