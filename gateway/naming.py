"""Which agencies a complaint speaks of by name, and whether it speaks to them or about them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.directory import WORD, Directory
from normalizer import Complaint

# Characters that are looked through: who is meant is said early.
_SEARCHED = 5_000
# What stands before a name by which somebody is asked for help: "Yth. Kepala Dinas …", "mohon Inspektorat …".
_ADDRESSING = re.compile(r"\b(?:yth|kepada|kpd|mohon|mhn|minta|tolong|tlg|lapor|laporkan|dear|please)\b[\s.,:]*(?:\w+[\s.,:]+){0,2}$")
_BEFORE = 60
_DEPUTY = r"(?:(?:wakil|plt|pj)[. ]{1,2})?"
_HEADS = {
    "regency": re.compile(rf"\b{_DEPUTY}(?:bupati|wabup|wali ?kota|wako|wawali|regent|mayor)(?:nya)?\b"),
    "province": re.compile(rf"\b{_DEPUTY}(?:gubernur|wagub|governor)(?:nya)?\b"),
}
_SIR = r"(?:(?:pak|bapak|bpk|ibu|bu|mr|sir|yang terhormat|the)[\s.,:]+){0,3}"
# "Suap kepada bupati" is about the regent, "Kepada Bupati" at the beginning speaks to the regent.
_TO_A_HEAD = re.compile(
    r"(?:\b(?:yth|mohon|mhn|tolong|tlg|minta|semoga|harap|berharap|agar|supaya|dear|please|(?:lapor|surat|aduan|disampaikan|usul)\w*\s+(?:ke|kepada|pada))"
    rf"[\s.,:]+|(?:\A|[.!?\n]\s*)(?:kepada|kpd|untuk|to)[\s.,:]+){_SIR}\Z|(?:\A|[.,!?\n]\s*)(?:pak|bapak|bpk|ibu|bu|mr)[\s.]+\Z"
)
# An office, a decree, a street or a house that is called after them.
_OF_A_HEAD = re.compile(
    r"\b(?:kantor|peraturan|keputusan|instruksi|imbauan|himbauan|sk|pendopo|halaman|simpang|jalan|jln?|gang|rumah(?:\s+(?:dinas|jabatan))?|depan|dekat)[.]?\s+\Z"
)
_HEAD_SHALL = re.compile(r"\s+(?:\w+\s+)?(?:harus|hrs|wajib|segera|tolong|mohon|perlu|jangan|turun tangan|mendengar|should|must|please)\b")
# "Bupati harus berantas pungli" asks.
_FIGHTS = r"(?:me|mem|men|meng)?(?:[tn]indak|berantas|hapus|usut|cegah|henti|atasi|tertib|awasi|periksa|bersih|basmi|tumpas|selidik)"
# What is said of somebody and not to them, however they are spoken to.
_ACCUSES = re.compile(
    rf"\s+(?:(?!{_FIGHTS})\w+\s+){{0,2}}?"
    r"(?:(?:me)?nerima|terima|(?:di)?korupsi|suap|menyuap|disuap|pungli|gratifikasi|makan uang|(?:meng|di)?gelapkan|menggelapkan"
    r"|di(?:periksa|usut|tangkap|tahan|adili|penjara(?:kan)?|hukum|pecat|selidiki)|tersangka"
    r"|(?:minta|meminta|mohon|mau|terima|ambil|potong)\s+(?:\w+\s+)?(?:uang|duit|fee|jatah|setoran|upeti|imbalan|bagian|komisi|suap))\b"
)
_DONE = r"(?:(?:me)?mukul|pukul|ampar|tampar|aniaya|lecehkan|leceh|cabul|perkosa|siksa|tendang|endang|hajar|hamil|setubuh|intim)\w*"
# "Datang pukul 8" and "rabat beton" hurt nobody.
_HURTS = re.compile(rf"\s+(?:\w+\s+){{0,2}}(?!pukul\s*[0-9])(?:(?:me(?:m|n|ng|ny)?)?{_DONE}|meraba|raba|merabai|menyiksa|menyetubuhi)\b")
_HURT_BY = re.compile(rf"\bdi(?:{_DONE}|raba|rabai)\s+(?:(?:oleh|sama|ama)\s+)?{_SIR}\Z")


@dataclass(frozen=True, slots=True)
class Named:
    """Codes of agencies of the directory."""

    # Spoken of or to.
    mentioned: frozenset[str]
    # Spoken of, so that they may be who it is about. A form's field for the agency names that one.
    accused: frozenset[str]
    # Levels of government ("regency", "province") whose head is spoken of and not to; and whose head is said to hurt somebody.
    heads: frozenset[str]
    hurting: frozenset[str]


def named(complaint: Complaint, directory: Directory) -> Named:
    """By name or by what people call it."""
    text = f"{complaint.title}\n{complaint.text}"[:_SEARCHED].lower()
    of_field = {code for _, code in _spoken((complaint.agency or "").lower(), directory)}
    of_text = list(_spoken(text, directory))
    accused = {code for start, code in of_text if not _ADDRESSING.search(text[max(0, start - _BEFORE) : start])}
    return Named(frozenset(of_field | {code for _, code in of_text}), frozenset(of_field | accused), frozenset(_heads(text)), frozenset(_hurting(text)))


def _heads(text: str) -> Iterator[str]:
    """Whoever asks the regent for help accuses nobody, and a regent's office or decree is not the regent."""
    for level, head in _HEADS.items():
        for found in head.finditer(text):
            before = text[max(0, found.start() - _BEFORE) : found.start()]
            to_them = _TO_A_HEAD.search(before) or _HEAD_SHALL.match(text, found.end())
            if not _OF_A_HEAD.search(before) and (not to_them or _ACCUSES.match(text, found.end())):
                yield level


def _hurting(text: str) -> Iterator[str]:
    """Who tells a regent of violence rarely says that it was the regent's."""
    for level, head in _HEADS.items():
        for found in head.finditer(text):
            if _HURTS.match(text, found.end()) or _HURT_BY.search(text[max(0, found.start() - _BEFORE) : found.start()]):
                yield level


def _spoken(text: str, directory: Directory) -> Iterator[tuple[int, str]]:
    """Where a name begins, and whose it is; the longest at each place. Linear."""
    longest, codes = directory.names
    words = list(WORD.finditer(text))
    for position, first in enumerate(words):
        for length in range(min(longest.get(first.group(), 0), len(words) - position), 0, -1):
            if code := codes.get(tuple(word.group() for word in words[position : position + length])):
                yield first.start(), code
                break
