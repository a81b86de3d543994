"""Bytes to words: as declared where that holds, else as the bytes themselves say. Never raises, and what comes back can always be written as UTF-8."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

from charset_normalizer import from_bytes

# What mail programs call by one name and mean by another: the larger one (WHATWG Encoding Standard, section 4.2), and old or broken names.
_MEANT = {
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "latin1", "l1", "windows-1252", "cp-1252", "iso-8859-1-windows-3.1-latin-1"), "cp1252"),
    **dict.fromkeys(("gb2312", "gb_2312-80", "gbk", "x-gbk", "cn-gb", "euc-cn", "chinese"), "gb18030"),
    **dict.fromkeys(("ks_c_5601-1987", "ks_c_5601", "ksc5601", "euc-kr", "korean"), "cp949"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji", "windows-31j"), "cp932"),
    **dict.fromkeys(("iso-2022-jp", "iso2022jp", "jis"), "iso2022_jp_ext"),
    **dict.fromkeys(("big5", "big-5", "x-x-big5", "cn-big5"), "big5hkscs"),
    **dict.fromkeys(("iso-8859-9", "windows-1254"), "cp1254"),
    **dict.fromkeys(("tis-620", "iso-8859-11", "windows-874"), "cp874"),
    **dict.fromkeys(("iso-8859-8-i", "iso-8859-8-e", "logical"), "iso-8859-8"),
    **dict.fromkeys(("unicode-1-1-utf-7", "x-unicode-1-1-utf-7", "unicode-1-1-utf7"), "utf-7"),
    **dict.fromkeys(("utf8", "x-utf-8", "unicode-1-1-utf-8", "utf-8mb4"), "utf-8"),
    **dict.fromkeys(("us-ascii", "ascii", "ansi_x3.4-1968", "ansi-x3.4-1968", "iso646-us", "unknown-8bit", "x-unknown", "8bit", "none", "default"), ""),
}
# In these, plain ASCII bytes mean something else.
_NOT_ASCII = re.compile(r"utf[-_]?7|utf[-_]?16|utf[-_]?32|iso2022|hz|cp037|cp500|cp1140|cp273")
_WIDE = ("utf-16", "utf16", "utf_16", "utf-32", "utf32", "utf_32")
# Codecs of Python that are no charsets of mail; punycode takes quadratic time.
_NO_CHARSET = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"})
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Candidates where nothing is declared. Latin scripts other than the west's differ in a few letters only and would be guessed too often.
_GUESSED = ["cp1252", "cp1251", "koi8_r", "cp932", "euc_jp", "gb18030", "big5hkscs", "cp949", "cp1256", "cp1255", "cp874", "cp1254", "cp1253"]
_JAPANESE = ("euc_jp", "cp932")
# Bytes; detection takes longer the more it sees and is no better for it.
_SAMPLE = 4096
# Legacy encodings of two bytes a letter pass for UTF-8's letters of two bytes by chance, but not for so many of three.
_ENOUGH_UTF8 = 3
_MULTIBYTE = frozenset({"gb18030", "cp949", "cp932", "big5hkscs", "euc_jp", "johab"})
_ESCAPED = re.compile(rb"\x1b(?:\$[@BAC()]|\([BJI])")
# Words, by the letters of Windows-1252.
_LETTERS = re.compile(rb"[A-Za-z\x8a\x8c\x8e\x92\x9a\x9c\x9e\x9f\xc0-\xff]+")
_PLAIN_LETTER = re.compile(rb"[A-Za-z]")
_THREE_FOREIGN = re.compile(rb"[\x80-\xff]{3}")
_HALF_WIDTH = re.compile("[\uff61-\uff9f]{2}")
_LONE_HALF = re.compile("[\ud800-\udfff]")


def decoded(data: bytes, declared: str = "", *, guess: bool = True) -> str:
    r"""The words. `guess`: where nothing else holds, look at how often which letters come (some milliseconds).

    >>> decoded(b"jalan r\xc3\xbasak", "iso-8859-1"), decoded("Grüße".encode("cp1252"), "utf-8"), decoded(b"+2D3cSg-", "utf-7")
    ('jalan rúsak', 'Grüße', '\U0001f44a')
    """
    return writable(_decoded(data, known(declared), guess=guess))


def known(declared: str) -> str:
    """The codec that a declared charset means; empty: none, or plain ASCII, which says nothing of other bytes."""
    name = declared.strip(" \t\r\n\"';,").lower()[:60]
    name = _MEANT.get(name, name)
    return name if name and _is_codec(name) else ""


def writable(text: str) -> str:
    """Without lone halves of characters and without NUL: no database and no wire takes those."""
    text = text.replace("\0", "")
    return text if text.isascii() else _LONE_HALF.sub("\ufffd", text)


@lru_cache(maxsize=256)
def _is_codec(name: str) -> bool:
    try:
        info = codecs.lookup(name)
        # Python's codecs of bytes to bytes (zlib, hex) refuse.
        b"".decode(name)
    except (LookupError, ValueError, TypeError, UnicodeError):
        return False
    return info.name not in _NO_CHARSET


def _decoded(data: bytes, declared: str, *, guess: bool) -> str:
    marked = next((codec for mark, codec in _BOMS if data.startswith(mark)), None)
    if marked and (text := _strict(data, marked)) is not None:
        return text
    text = _as_declared(data, declared)
    if text is None:
        text = _undeclared(data, guess=guess, japanese=declared in _JAPANESE or "jp" in declared)
    return text if text is not None else data.decode(declared if _NOT_ASCII.match(declared) else "cp1252", "replace")


def _as_declared(data: bytes, declared: str) -> str | None:
    """If that holds, or if it is UTF-8 whatever is declared; None: neither."""
    # ASCII bytes without a NUL between are no UTF-16, whatever is declared.
    too_narrow = declared.startswith(_WIDE) and data.isascii() and b"\0" not in data
    if _NOT_ASCII.match(declared) and not too_narrow and (text := _strict(data, declared)) is not None:
        return text
    if data.isascii():
        return (_strict(data, "iso2022_jp_ext") if _ESCAPED.search(data) else None) or data.decode("ascii")
    utf8 = _strict(data, "utf-8")
    text = _strict(data, declared) if declared and declared != "utf-8" else None
    if utf8 is not None:
        # Whoever declares Latin-1 and writes valid UTF-8 means UTF-8; two bytes of Chinese may look so by chance.
        by_chance = declared in _MULTIBYTE and text is not None and sum(letter > "\u07ff" for letter in utf8[:_SAMPLE]) < _ENOUGH_UTF8
        return text if by_chance else utf8
    if declared == "utf-8" and _cut_or_mended(data):
        return data.decode("utf-8", "replace")
    return text


def _strict(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, ValueError, LookupError):
        return None


def _cut_or_mended(data: bytes) -> bool:
    """Is it UTF-8 but for a few bytes that somebody cut or folded?"""
    text = data[:_SAMPLE].decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    return wrong <= sum(character > "\x7f" for character in text) - wrong


def _undeclared(data: bytes, *, guess: bool, japanese: bool) -> str | None:
    """By what the bytes look like; None: like nothing."""
    if japanese:
        for likely in _JAPANESE:
            if (text := _strict(data, likely)) is not None:
                return text
    if not guess:
        return None
    sample = _foreign(data)
    if _is_western(sample):
        return data.decode("cp1252", "replace")
    codec: str | None = _guessed(sample, _GUESSED)
    if codec == "cp932" and _HALF_WIDTH.search(sample.decode(codec, "replace")):
        # What nobody writes, and Cyrillic looks like.
        codec = _guessed(sample, [other for other in _GUESSED if other not in _MULTIBYTE])
    return data.decode(codec, "replace") if codec else None


def _guessed(sample: bytes, candidates: list[str]) -> str | None:
    try:
        best = from_bytes(sample, cp_isolation=candidates).best()
    except Exception:  # noqa: BLE001  # a guess that fails, for whatever reason, is no guess
        return None
    return best.encoding if best else None


def _is_western(sample: bytes) -> bool:
    """Are its foreign letters scattered over words of plain ones, as accents are? Statistics take a single one for Cyrillic."""
    foreign = [word for word in _LETTERS.findall(sample) if not word.isascii()]
    scattered = sum(bool(_PLAIN_LETTER.search(word)) and not _THREE_FOREIGN.search(word) for word in foreign)
    return scattered * 2 > len(foreign) or not foreign


def _foreign(data: bytes) -> bytes:
    """The lines that are not plain ASCII, as many as detection needs."""
    if len(data) <= _SAMPLE:
        return data
    kept, size = [], 0
    for line in data[: 64 * _SAMPLE].splitlines():
        if not line.isascii():
            kept.append(line[:_SAMPLE])
            size += len(kept[-1])
            if size >= _SAMPLE:
                break
    return b"\n".join(kept)[:_SAMPLE] or data[:_SAMPLE]
