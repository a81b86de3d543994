"""winmail.dat, in which Outlook hides attachments from everybody else ([MS-OXTNEF]); what can be read of it, and never an exception.

Not the tnefparse package: it gives up the whole for one attribute it does not like, cuts trailing zeros off files, and counts to four billion if told to.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from channels.mail.charsets import decoded

# [MS-OXTNEF], section 2.1.3: signature, attributes of message and attachment.
_SIGNATURE = struct.pack("<I", 0x223E9F78)
_ATTACHMENT_LEVEL = 2
_RENDERING, _TITLE, _DATA, _ATTACHMENT, _MAPI, _BODY, _CODEPAGE = 0x9002, 0x8010, 0x800F, 0x9005, 0x9003, 0x800C, 0x9007
# [MS-OXPROPS]: short and long file name, display name, data, MIME type; body as text and as HTML.
_SHORT, _LONG, _SHOWN, _BYTES, _MIME, _PLAIN, _HTML = 0x3704, 0x3707, 0x3001, 0x3701, 0x370E, 0x1000, 0x1013
# [MS-OXCDATA], section 2.11.1: bytes of a value, by type.
_FIXED = {0x0001: 0, 0x0002: 2, 0x0003: 4, 0x0004: 4, 0x0005: 8, 0x0006: 8, 0x0007: 8, 0x000A: 4, 0x000B: 2, 0x0014: 8, 0x0040: 8, 0x0048: 16}
_VARIABLE = frozenset({0x000D, 0x001E, 0x001F, 0x0102})
_UNICODE, _STRING, _OBJECT, _MULTI, _NAMED = 0x001F, 0x001E, 0x000D, 0x1000, 0x8000
# The GUID before an embedded object: IID_IMessage means that another TNEF stream is inside.
_GUID = 16
_MESSAGE = bytes.fromhex("07030200 00000000 c0000000 00000046")
_MAX_DEPTH = 5
_MAX_VALUES = 10_000
# A large one has some hundred; what has more than are looked at is kept as it is, too.
_MAX_ATTRIBUTES = 50_000
_CODEPAGES = {65001: "utf-8", 20127: "", 20866: "koi8-r", 21866: "koi8-u", 28591: "iso-8859-1", 50220: "iso-2022-jp", 51932: "euc-jp", 936: "gb18030"}


@dataclass(slots=True)
class File:
    """An attachment that was inside."""

    name: str = ""
    kind: str = ""
    data: bytes = b""


@dataclass(slots=True)
class Inside:
    """What was inside."""

    files: list[File] = field(default_factory=list)
    text: str = ""
    page: str = ""
    # Read to its end; no: something is still hidden in it.
    whole: bool = True


def is_tnef(data: bytes) -> bool:
    """By its first bytes: the name says nothing."""
    return data.startswith(_SIGNATURE)


def inside(data: bytes, depth: int = 0) -> Inside:
    """Its files and its words."""
    found, charset = Inside(), "cp1252"
    current: File | None = None
    at, attributes = 6, 0
    while at + 9 <= len(data):
        attributes += 1
        level, attribute, _, length = struct.unpack_from("<BHHI", data, at)
        value = data[at + 9 : at + 9 + length]
        if len(value) < length or level not in {1, _ATTACHMENT_LEVEL} or attributes > _MAX_ATTRIBUTES:
            found.whole = False
            break
        at += 9 + length + 2
        if attribute == _CODEPAGE and length >= 4:  # noqa: PLR2004  # bytes of a number
            page = struct.unpack_from("<I", value)[0]
            charset = _CODEPAGES.get(page, f"cp{page}")
        elif attribute == _RENDERING or (level == _ATTACHMENT_LEVEL and current is None):
            current = File()
            found.files.append(current)
        if level == _ATTACHMENT_LEVEL and current is not None:
            _attachment(found, current, attribute, value, charset, depth)
        elif attribute == _BODY:
            found.text = decoded(value.rstrip(b"\0"), charset)
        elif attribute == _MAPI:
            _message(found, value, charset)
    found.files = [file for file in found.files if file.data or file.name]
    return found


def _attachment(found: Inside, current: File, attribute: int, value: bytes, charset: str, depth: int) -> None:
    if attribute == _TITLE:
        current.name = current.name or decoded(value.rstrip(b"\0"), charset)
    elif attribute == _DATA:
        current.data = value
    elif attribute == _ATTACHMENT:
        said = dict(_properties(found, value))
        current.name = _words(said, (_LONG, _SHORT), charset) or current.name or _words(said, (_SHOWN,), charset)
        current.kind = _words(said, (_MIME,), charset)
        kind, whole = said.get(_BYTES, (0, b""))
        if whole.startswith(_MESSAGE) and depth < _MAX_DEPTH:
            below = inside(whole[_GUID:], depth + 1)
            found.files += below.files
            found.text = f"{found.text}\n\n{below.text}".strip()
            found.whole &= below.whole
        if whole:
            current.data = whole[_GUID:] if kind == _OBJECT else whole


def _message(found: Inside, value: bytes, charset: str) -> None:
    said = dict(_properties(found, value))
    found.text = found.text or _words(said, (_PLAIN,), charset)
    found.page = found.page or _words(said, (_HTML,), charset)


def _words(said: dict[int, tuple[int, bytes]], wanted: tuple[int, ...], charset: str) -> str:
    for name in wanted:
        kind, value = said.get(name, (0, b""))
        if value:
            text = decoded(value, "utf-16-le") if kind == _UNICODE else decoded(value, charset)
            return text.rstrip("\0")
    return ""


def _properties(found: Inside, data: bytes) -> Iterator[tuple[int, tuple[int, bytes]]]:
    """(property, (type, value)) of a list of MAPI properties, until its end or until it makes no sense any more ([MS-OXTNEF], section 2.1.3.4)."""
    with suppress(struct.error):
        at, properties = 4, struct.unpack_from("<I", data)[0]
        found.whole &= properties <= _MAX_VALUES
        for _ in range(min(properties, _MAX_VALUES)):
            kind, name = struct.unpack_from("<HH", data, at)
            at = _past_name(data, at + 4) if name >= _NAMED else at + 4
            count, single = 1, not kind & _MULTI
            kind &= ~_MULTI
            if not single or kind in _VARIABLE:
                count = struct.unpack_from("<I", data, at)[0]
                at += 4
            if kind not in _VARIABLE and kind not in _FIXED:
                found.whole = False
                return
            for _ in range(min(count, _MAX_VALUES)):
                if kind in _VARIABLE:
                    length = struct.unpack_from("<I", data, at)[0]
                    at += 4
                else:
                    length = _FIXED[kind]
                yield name, (kind, data[at : at + length])
                # Values of variable length are filled up to four bytes each, the others all together.
                at += length + (-length % 4 if kind in _VARIABLE else 0)
                if at > len(data):
                    return
            at += -(_FIXED.get(kind, 0) * count) % 4


def _past_name(data: bytes, at: int) -> int:
    """Past the GUID and the number or name of a named property."""
    kind, length = struct.unpack_from("<II", data, at + _GUID)
    return int(at + _GUID + 8 + (length + -length % 4 if kind else 0))
