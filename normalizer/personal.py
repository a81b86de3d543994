"""Personal data in a citizen's words: where it stands, and the text without it. Indonesia's numbers and how people write them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from normalizer.accounts import accounts
from normalizer.home import homes
from normalizer.names import names
from normalizer.schema import Span
from normalizer.signing import signatures

MASK = "***"

# Kemendagri, codes of the provinces: the first two figures of an identity number (NIK) and of a family card (KK).
_PROVINCES = frozenset("11 12 13 14 15 16 17 18 19 21 31 32 33 34 35 36 51 52 53 61 62 63 64 65 71 72 73 74 75 76 81 82 91 92 93 94 95 96".split())  # noqa: SIM905  a table
# A woman's day of birth is written with 40 added (PP 37/2007, article 37).
_WOMEN = 40
# Areas of registration: the letters before the number (Perpol 7/2021).
_PLATE_AREAS = frozenset(
    "A AA AB AD AE AG B BA BB BD BE BG BH BK BL BM BN BP D DA DB DC DD DE DG DH DK DL DM DN DP DR DS DT DW E EA EB ED F G H K KB KH KT KU"  # noqa: SIM905  a table
    " L M N P PA PB PG PS PT PY R S T W Z".split()
)
_NOT_A_PLATE = frozenset("RT RW KM KG NO JL GG CM M".split())  # noqa: SIM905  a table
# Characters before a number in which its name may stand.
_CUE_REACH = 40

# Figures with at most one mark between two of them; lookarounds keep it from beginning or ending inside a longer number.
_EIGHTEEN, _SIXTEEN, _THIRTEEN = (re.compile(rf"(?<![0-9])[0-9](?:[ .-]?[0-9]){{{figures - 1}}}(?![0-9])") for figures in (18, 16, 13))
_PHONES = (
    # A mobile number: 08…, 628…, +62 8…
    re.compile(r"(?<![0-9+])(?:\(?\+?62\)?[ .-]{0,2}(?:\(0\))?|0[ -]?)[ .-]{0,2}\(?8[ .-]{0,2}[0-9](?:[ .)-]{0,2}[0-9]){6,10}(?![0-9])"),
    # A landline with its area code.
    re.compile(r"(?<![0-9(+])\(?0[2-9][0-9]{1,2}\)?[ -]{0,2}[0-9]{3,4}[ -]?[0-9]{2,4}(?![0-9])"),
    # From abroad.
    re.compile(r"\+[1-9](?:[ .-]{0,2}[0-9]){7,14}(?![0-9])"),
    # Whatever stands behind the word for it.
    re.compile(
        r"(?=[chnstpw])(?<![^\W_])(?:cp|hp|wa|whatsapp|telp?|tlp|telepon|telpon|phone|call|hub|hubungi|kontak|contact|sms|nope)"
        r"[ .:]{0,3}(?:(?:no|nomor|nomer|hp|wa|ke|di|saya)[ .:]{0,3}){0,2}(?P<number>[0-9+](?:[ .-]{0,2}[0-9]){6,14})(?![0-9])",
        re.IGNORECASE,
    ),
)
# The shortest number that is anybody's has seven figures: most texts have none, and one look tells.
_ANY_NUMBER = re.compile(r"[0-9](?:[ .()-]{0,3}[0-9]){6}")
# RFC 5321 writes more; people do not.
_MAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]+@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
_PLATE = re.compile(r"(?<![^\W_])(?P<area>[A-Z]{1,2})[ -]?(?P<figures>[1-9][0-9]{0,3})[ -]?(?P<series>[A-Z]{1,3})(?![^\W_])", re.IGNORECASE)

# By judgement, not measured: a form that checks itself, a form that other things may have, a word before it; for names the words before, or where they stand.
_CERTAIN, _LIKELY, _CUED, _NAMED, _SIGNED = 0.99, 0.75, 0.9, 0.8, 0.7
# Of _PHONES.
_PHONE_SCORES = (0.95, _LIKELY, 0.95, _CUED)

_KK = re.compile(r"(?:\bkk|kartu keluarga)\b[^0-9\n]*\Z", re.IGNORECASE)
_NIK = re.compile(r"(?:\bnik|\bn\.i\.k|ktp|kependudukan)\b[^0-9\n]*\Z", re.IGNORECASE)
_BPJS = re.compile(r"\b(?:bpjs|jkn|kis|peserta|noka|kartu)\b[^0-9\n]*\Z", re.IGNORECASE)
_NIP = re.compile(r"\bnip\b[^0-9\n]*\Z", re.IGNORECASE)
_VEHICLE = re.compile(r"\b(?:plat|nopol|polisi|pol|kendaraan|mobil|motor|truk|bus|angkot)\b[^0-9\n]{0,12}\Z", re.IGNORECASE)
_INITIAL_ZEROS = "000"
# Unicode: hyphens and dashes, the minus, a wide one; blanks of other widths, and that do not break.
_DASHES = (*range(0x2010, 0x2016), 0x2212, 0xFF0D)
# Behind it Unicode has no figures.
_LAST_FIGURE = 0x1FFFF
_BLANKS = (0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)


def personal(text: str) -> tuple[Span, ...]:
    """All of it, in order; spans never overlap. Linear; never raises.

    >>> personal("CP. 082 337 631 590 a.n. Siti Aminah")
    (Span(kind='phone', start=4, end=19, how='form', score=0.95), Span(kind='name', start=25, end=36, how='cue', score=0.8))
    """
    plain = text if text.isascii() else text.translate(_plainly())
    found = [*_mails(plain), *_plates(plain), *_homes(plain), *_names(text)]
    if _ANY_NUMBER.search(plain):
        found += [*_accounts(plain), *_civil_servants(plain), *_identities(plain), *_insured(plain), *_phones(plain)]
    # Where two are found in the same words the longer is what it is; a name is the weakest reading.
    found.sort(key=lambda span: (span.start, span.start - span.end))
    apart: list[Span] = []
    for span in found:
        if not apart or span.start >= apart[-1].end:
            apart.append(span)
        elif span.end > apart[-1].end:
            apart[-1] = replace(apart[-1], end=span.end)
    return tuple(apart)


@cache
def _plainly() -> dict[int, str]:
    """Figures of other scripts, and what a telephone or a word processor makes of dashes and blanks: one character for one, so that places stay."""
    figures = {code: str(value) for code in range(128, _LAST_FIGURE + 1) if (value := unicodedata.decimal(chr(code), None)) is not None}
    return figures | dict.fromkeys(_DASHES, "-") | dict.fromkeys(_BLANKS, " ") | {0xFF20: "@", 0xFF0B: "+", 0xFF0E: "."}


def masked(text: str, spans: tuple[Span, ...]) -> str:
    """The text with what `personal` found in it taken out, and wherever it stands a second time.

    >>> masked("nama saya Budi Santoso, hp 081234567890. Pak Budi", personal("nama saya Budi Santoso, hp 081234567890. Pak Budi"))
    'nama saya ***, hp ***. Pak ***'
    """
    parts, end = [], 0
    for span in spans:
        parts.append(text[end : span.start])
        end = span.end
    shown = MASK.join((*parts, text[end:]))
    values = {text[span.start : span.end] for span in spans}
    shown = _without_names(shown, {value for span in spans if span.kind == "name" for value in _WORD.findall(text[span.start : span.end])})
    for value in sorted(values, key=lambda value: (-len(value), value)):
        shown = shown.replace(value, MASK)
    return shown


_WORD = re.compile(r"[^\W\d_]+")
# Letters. Shorter ones are initials and particles, and stand in every text.
_SHORTEST_NAME = 3


def _without_names(text: str, words: set[str]) -> str:
    """A name's single words too, where they are written as a name or exactly so."""
    folded = {word.casefold() for word in words if len(word) >= _SHORTEST_NAME}

    def shown(found: re.Match[str]) -> str:
        word = found[0]
        return MASK if word.casefold() in folded and (word in words or word[0].isupper()) else word

    return _WORD.sub(shown, text) if folded else text


def _figures(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _before(text: str, found: re.Match[str]) -> str:
    return text[max(0, found.start() - _CUE_REACH) : found.start()]


def _is_family_number(number: str) -> bool:
    """District and a date, as a NIK and a KK have both.

    >>> _is_family_number("6409015203850001"), _is_family_number("1234567890123456")
    (True, False)
    """
    place, day, month, serial = number[:6], int(number[6:8]), int(number[8:10]), number[12:]
    real_place = place[:2] in _PROVINCES and "00" not in (place[2:4], place[4:])
    return real_place and 1 <= (day - _WOMEN if day > _WOMEN else day) <= 31 and 1 <= month <= 12 and serial != "0000"  # noqa: PLR2004  a calendar


def _is_civil_servant(number: str) -> bool:
    """Born (year, month, day), appointed (year, month), sex, serial (BKN, Peraturan 22/2007).

    >>> _is_civil_servant("198503122010011005"), _is_civil_servant("123456789012345678")
    (True, False)
    """
    born, appointed, sex = number[:8], number[8:14], number[14]
    return all(part[:2] in {"19", "20"} and _is_month(part[4:6]) for part in (born, appointed)) and _is_day(born[6:]) and sex in "12"


def _is_day(figures: str) -> bool:
    return 1 <= int(figures) <= 31  # noqa: PLR2004  days


def _is_month(figures: str) -> bool:
    return 1 <= int(figures) <= 12  # noqa: PLR2004  months


def _civil_servants(text: str) -> Iterator[Span]:
    for found in _EIGHTEEN.finditer(text):
        if _is_civil_servant(_figures(found[0])) or _NIP.search(_before(text, found)):
            yield _by_form("nip", found, _CERTAIN) if _is_civil_servant(_figures(found[0])) else _by_cue("nip", found)


def _identities(text: str) -> Iterator[Span]:
    for found in _SIXTEEN.finditer(text):
        before = _before(text, found)
        if _KK.search(before):
            yield _by_cue("kk", found)
        elif _is_family_number(_figures(found[0])):
            yield _by_form("nik", found, _CERTAIN)
        elif _NIK.search(before):
            yield _by_cue("nik", found)


def _insured(text: str) -> Iterator[Span]:
    for found in _THIRTEEN.finditer(text):
        if _BPJS.search(_before(text, found)):
            yield _by_cue("bpjs", found)
        elif found[0].startswith(_INITIAL_ZEROS):
            yield _by_form("bpjs", found, _LIKELY)


def _phones(text: str) -> Iterator[Span]:
    seen: set[tuple[int, int]] = set()
    for phone, score in zip(_PHONES, _PHONE_SCORES, strict=True):
        group = "number" if phone.groupindex else 0
        how = "cue" if group else "form"
        places = [place for found in phone.finditer(text) if (place := found.span(group)) not in seen]
        seen.update(places)
        yield from (Span("phone", *place, how, score) for place in places)


def _mails(text: str) -> Iterator[Span]:
    return (_by_form("mail", found, _CERTAIN) for found in _MAIL.finditer(text if "@" in text else ""))


def _plates(text: str) -> Iterator[Span]:
    """In capitals with three figures or more, or behind a word for a vehicle: "B 3 RT" is a block, "di 3 desa" is nothing."""
    for found in _PLATE.finditer(text):
        clear = found[0].isupper() and len(found["figures"]) > 2  # noqa: PLR2004  figures
        real = found["area"].upper() in _PLATE_AREAS and found["series"].upper() not in _NOT_A_PLATE
        if real and _VEHICLE.search(_before(text, found)):
            yield _by_cue("plate", found)
        elif real and clear:
            yield _by_form("plate", found, _LIKELY)


def _names(text: str) -> Iterator[Span]:
    yield from (Span("name", start, end, "cue", _NAMED) for start, end in names(text))
    yield from (Span("name", start, end, "form", _SIGNED) for start, end in signatures(text))


def _homes(text: str) -> Iterator[Span]:
    return (Span("address", start, end, "cue", _CUED) for start, end in homes(text))


def _accounts(text: str) -> Iterator[Span]:
    return (Span("account", start, end, "cue", _CUED) for start, end in accounts(text))


def _by_form(kind: str, found: re.Match[str], score: float) -> Span:
    return Span(kind, *found.span(), "form", score)


def _by_cue(kind: str, found: re.Match[str]) -> Span:
    return Span(kind, *found.span(), "cue", _CUED)
