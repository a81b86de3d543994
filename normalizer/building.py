"""How a language builds words that no list holds: its endings and beginnings, most of all on words that its neighbours have, too (omah-e, hateup-na)."""

from __future__ import annotations

import re

from normalizer.lexicon import is_everyday, languages_of

# Indonesian pe…an, meng…, …nya; polite Javanese …ipun, what one does to a thing (di…ake), dh, and the nasals that it begins words with; Sundanese …keun,
# and the vowel eu, which Indonesian has only where two of its own meet (ke-uang-an, se-umur) and in foreign words.
_SHAPES = {
    "id": re.compile(r"(?:pe|ke)\w{3,}an|(?:meng|meny|memb|memp)\w{3,}|ber[^aeiour\W]\w{3,}|\w{3,}(?:nya|(?<!a)kan)"),
    "jv": re.compile(r"\w{3,}(?:ipun|aken)|di\w{3,}(?:ake|akke)|(?:mb|nd|nj|ngg|ngl|ngr)[aeiou]\w{3,}|(?!ramadh|dhuafa|bud)\w*dh[aeiou]\w*"),
    "su": re.compile(r"\w{3,}keun|\w{3,}[gknpt]na|nga[bdghjl]a\w{4,}|(?!keu[aint]|keung|seu|meu|neu|museum|petrol|amat|mass?eu)\w+eu\w+"),
}
# Letters that the rest must have, so that it is a word and no accident.
_STEM = 4
# A word of fewer letters may have the other vowel by chance: kabut, kebut.
_LONG = 6
_VOWELS = "aeiou"


def built_in(word: str) -> tuple[str, ...]:
    """The languages that build words like this one, in small letters; none if it shows nothing.

    >>> built_in("ijazahe"), built_in("kursine"), built_in("bendunganna"), built_in("panumpang"), built_in("pengawasan"), built_in("santoso")
    (('jv',), ('jv',), ('su',), ('su',), ('id',), ())
    """
    return tuple(tag for tag in _SHAPES if _SHAPES[tag].fullmatch(word) or _DERIVED[tag](word))


def _javanese(word: str) -> bool:
    """Omah-e, kursi-ne: "the" and "his"."""
    return (word.endswith("e") and word[-2:-1] not in _VOWELS and _is_stem(word[:-1])) or (
        word.endswith("ne") and word[-3:-2] in _VOWELS and _is_stem(word[:-2])
    )


def _sundanese(word: str) -> bool:
    """Imah-na; sa-bulan, ka-tabrak; and pa-layan-an, where Indonesian says pe-layan-an."""
    return (
        (word.endswith("na") and _is_stem(word[:-2]))
        or (word[:2] in {"sa", "ka"} and _is_stem(word[2:]) and languages_of(word[2:]) != ("jv",))
        or (word[1:2] == "a" and len(word) >= _LONG and _is_stem(f"{word[0]}e{word[2:]}"))
    )


_DERIVED = {"id": lambda _word: False, "jv": _javanese, "su": _sundanese}


def _is_stem(word: str) -> bool:
    return len(word) >= _STEM and is_everyday(word)
