"""Names of people, where the words before them say that one follows: "atas nama", "a.n.", "nama saya", "bernama", "my name is"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from normalizer.lexicon import languages_of

# The letter that each begins with is looked at first: most characters of a text are passed over with that.
_CUE = re.compile(
    r"(?=[AaBbJjMmNnPp])(?<![^\W_])(?i:atas\s+nama|a\.n\b\.?|a/n|nama\s+(?:saya|sy|sya|aku|lengkap|pelapor|panggilan)|namaku|bernama|panggil(?:an)?\s+saya|jeneng\s+kulo|nami\s+(?:kulo|abdi)"
    r"|my\s+name\s+is|(?:name|nama)(?=\s?[:=]))(?![^\W_])[ ]?(?i:adalah\b|ialah\b|yaitu\b|is\b)?[ \t:=.,-]{0,4}"
    # Short for "atas nama"; behind a decade it is a suffix ("tahun 60 an", "tahun 1990 an").
    r"|(?=[Aa])(?<![^\W_])(?<![^0-9][0-9]{2} )(?<![^0-9][0-9]{4} )(?i:an)[.:][ ]?(?=[A-Z])",
)
_WORD = re.compile(r"[ \t]{0,3}([^\W\d_]{1,30}(?:['\u2019-][^\W\d_]{1,30}){0,2})(\.?)")
_TITLES = frozenset("bapak bpk pak ibu bu sdr sdri saudara saudari mas mbak bang kak tn ny tuan nyonya alm almh dr drs dra ir prof h hj mr mrs ms".split())  # noqa: SIM905  a list
# Who speaks "in the name of" these is no person.
_NOBODY = frozenset(
    "warga masyarakat seluruh semua para kami kita saya sy pt cv ud dinas desa kelurahan kecamatan kantor pemerintah keluarga rt rw jalan jl"  # noqa: SIM905  a list
    " pengurus panitia perusahaan sekolah orang siapa yang yg di ke dari dan tidak bukan itu ini apa the all residents".split()
)
# Behind these the father's name follows, which gives away as much.
_CHILD_OF = frozenset({"bin", "binti", "bte"})
# Of one person: the father's are counted again.
_MOST_WORDS = 4
# Letters before a full stop that is no end of a sentence: "H.", "M.", "Moh."
_LONGEST_SHORT = 3


def names(text: str) -> Iterator[tuple[int, int]]:
    """Where each name begins and ends, without its title. At most four words, and as many of the father's behind "binti".

    A name in small letters ends at the first everyday word.

    >>> [text[start:end] for text in ["Mohon dicek a.n. Ibu Siti Aminah di Waru"] for start, end in names(text)]
    ['Siti Aminah']
    """
    end_of_last = 0
    for cue in _CUE.finditer(text):
        if cue.end() < end_of_last:
            continue
        if name := _name_at(text, cue.end()):
            end_of_last = name[1]
            yield name


def _name_at(text: str, at: int) -> tuple[int, int] | None:
    start = end = None
    words = 0
    capital = False
    while found := _WORD.match(text, at):
        word, at = found[1], found.end()
        if words and word.lower() in _CHILD_OF:
            words = 0
            continue
        if words == _MOST_WORDS:
            break
        if not words and word.lower() in _TITLES:
            continue
        if not words:
            capital = word[0].isupper()
        if _ends_a_name(word, first=not words, capital=capital):
            break
        start, end = found.start(1) if start is None else start, found.end(1)
        words += 1
        if found[2] and len(word) > _LONGEST_SHORT:
            break
    return (start, end) if start is not None and end is not None else None


def _ends_a_name(word: str, *, first: bool, capital: bool) -> bool:
    """A name that begins with a capital goes on with capitals; one in small letters, or all in capitals, until a word of every day."""
    if word.lower() in _NOBODY:
        return True
    if first:
        return False
    written_as_a_name = word[0].isupper() and not (word.isupper() and len(word) > 1)
    if capital and not word[0].isupper():
        return True
    return not written_as_a_name and "id" in languages_of(word.lower())
