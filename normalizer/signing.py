"""Names that no word announces, by where they stand: who introduces themselves at the start of a sentence, and who signs ("saya Budi, warga …", "ttd Budi").

Precision first: no word of such a name is in any list of ours ("saya petani dari Waru" hides nothing), and none is a district or a regency.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile

from normalizer.lexicon import is_everyday
from normalizer.phrases import is_listed
from normalizer.register import DISTRICT, register
from normalizer.view import abbreviations
from normalizer.vocabulary import vocabulary

_CUE = re.compile(
    r"(?=[ahnpst])(?<![^\W_])(?:(?P<self>saya|sy|sya|aku)|(?P<called>nama)|(?P<signed>ttd|tertanda|hormat saya|pelapor(?=[ ]?:)))(?![^\W_])", re.IGNORECASE
)
# Characters, within which a text, a sentence or a part of one begins, or a greeting ends.
_REACH = 14
_BEGINS = re.compile(r"(?:\A|[.!?,;(\n][ ]?|(?<![^\W_])(?:pagi|siang|sore|malam|wb|dengan|perkenalkan)[ ])\Z", re.IGNORECASE)
_NAME_WORD = r"[^\W\d_]{2,20}(?:['\u2019][^\W\d_]{1,20})?"
_TITLE = r"(?:(?:pak|bu|bapak|ibu|bpk|mas|mbak|h|hj|haji|hajah)[. ]{1,2})?"
_SELF = re.compile(
    rf"[ ]{_TITLE}(?P<name>{_NAME_WORD}(?:[ ]{_NAME_WORD}){{0,3}}?)(?:(?P<lives>[ ,]{{1,2}}(?:warga|penduduk)(?![^\W_]))"
    r"|(?=[ ,]{1,2}(?:dari|dr|asal|selaku|sebagai|mau|ingin|hendak|melaporkan|melapor|lapor|tinggal|domisili)(?![^\W_])|[,.\n]|\Z))",
    re.IGNORECASE,
)
_CALLED = re.compile(rf"[ ](?P<name>{_NAME_WORD}(?:[ ]{_NAME_WORD}){{0,2}})")
# All that is left of the line.
_SIGNED = re.compile(rf"[ ]?[.:,]{{0,3}}[ \n]{{0,2}}{_TITLE}(?P<name>{_NAME_WORD}(?:[ ]{_NAME_WORD}){{0,3}})(?=[ ]?[.,)]?(?:\n|\Z))", re.IGNORECASE)
# Whoever is none of a list's is still no person: who speaks for an office, or is one of many.
_ROLES = frozenset(
    {
        *("kkpm", "kapolsek", "kapolres", "kasat", "kasi", "kadus", "babinsa", "rt", "rw", "admin", "operator", "relawan", "mahasiswi", "siswi", "driver"),
        *("marketing", "customer", "owner", "sales", "freelance", "security", "satpam", "staff", "member", "korban", "saksi"),
    }
)


def signatures(text: str) -> Iterator[tuple[int, int]]:
    r"""Where each name begins and ends, without title. Linear.

    >>> text = "Saya Budi Santoso warga desa Babulu. Jalan rusak\nttd. Siti"
    >>> [text[start:end] for start, end in signatures(text)]
    ['Budi Santoso', 'Siti']
    """
    for cue in _CUE.finditer(text):
        if not _BEGINS.search(text, max(0, cue.start() - _REACH), cue.start()):
            continue
        found = _AFTER[cue.lastgroup or ""].match(text, cue.end())
        if found and (length := _length(found, called=cue.lastgroup == "called")):
            yield found.start("name"), found.start("name") + length


_AFTER = {"self": _SELF, "called": _CALLED, "signed": _SIGNED}


def _length(found: re.Match[str], *, called: bool) -> int:
    """Of a name, in characters; 0: it is none. "Nama ana budi jalan rusak" begins with one."""
    words = found["name"].split(" ")
    unknown = list(takewhile(_unknown, words))
    if called:
        return len(" ".join(unknown))
    # In small letters, or all in capitals, only "warga" behind it is sure enough.
    sure = found.re is _SIGNED or found["lives"] or all(map(_written_as_a_name, words))
    return len(found["name"]) if sure and unknown == words else 0


def _written_as_a_name(word: str) -> bool:
    return word[0].isupper() and not word[1:].isupper()


def _unknown(word: str) -> bool:
    key, known = word.lower(), vocabulary()
    listed = is_everyday(key) or is_listed(key) or key in abbreviations() or key in known.ordinary or key in known.no_name or key in known.cues
    return not (listed or key in _ROLES or any(len(code) <= DISTRICT for code in register().find(key)))
