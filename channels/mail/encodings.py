"""Transfer encodings (RFC 2045 section 6) and what went before them (uuencode, yEnc). Linear, never raises, and never drops text that is no part of them."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

_WHITE = b" \t\r\n\x0b\x0c\0"
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_NOT_BASE64 = bytes(value for value in range(256) if value not in _BASE64)
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]+={0,2}\s*\Z")
# Somebody trimmed or added spaces at the end of a line that goes on.
_SOFT_BREAK = re.compile(rb"=[ \t]++(?=\r?\n)")
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]{1,400})\r?\n", re.MULTILINE)
# Files in the middle of one text; what is more stays text.
_MAX_INLAID = 100
# Padded blocks behind one another; a mail gateway that joins parts makes a handful.
_MAX_BLOCKS = 10_000
_UU_LINE = re.compile(rb"[ -`]{1,90}\Z")
_YENC = re.compile(rb"^=ybegin [^\r\n]*?name=([^\r\n]{1,400})\r?\n(?:=ypart [^\r\n]*\r?\n)?", re.MULTILINE)
# The bytes that yEnc escapes, each 64 higher; "=" itself last (yEnc draft 1.3, "The encoding process").
_YENC_ESCAPED = tuple((bytes([ord("="), (value + 64) % 256]), bytes([value])) for value in (*b"\0\t\n\r.", ord("=")))
_YENC_SHIFT = bytes((value - 42) % 256 for value in range(256))


# (body, where the block's first line begins) to (its file, or None: it is none; where it ends).
_Block = Callable[[bytes, int], tuple[bytes | None, int]]


@dataclass(frozen=True, slots=True)
class Unpacked:
    """Bytes of a part."""

    data: bytes
    # What stood behind the end of the encoding: a list's footer, most often.
    rest: bytes = b""


@dataclass(frozen=True, slots=True)
class Inlaid:
    """A file that stands in the middle of a text."""

    name: bytes
    data: bytes


def unpacked(body: bytes, encoding: str, *, text: bool) -> Unpacked:
    """`text`: the part says of itself that it is text, so what decodes to none was never encoded."""
    if encoding == "base64":
        return _from_base64(body, text=text)
    if encoding == "quoted-printable":
        return Unpacked(binascii.a2b_qp(_SOFT_BREAK.sub(b"=", body)))
    if encoding in {"x-uuencode", "uuencode", "x-uue", "uue"}:
        left, files = inlaid(body)
        return Unpacked(files[0].data, left.strip()) if files else Unpacked(body)
    return Unpacked(body)


def inlaid(body: bytes) -> tuple[bytes, list[Inlaid]]:
    """The text without the uuencoded and yEnc files that stand in it, and those files."""
    files: list[Inlaid] = []
    if b"\nend" in body and _UU_BEGIN.search(body):
        body = _without(body, _UU_BEGIN, _uu_block, files)
    if b"\n=yend" in body and _YENC.search(body):
        body = _without(body, _YENC, _yenc_block, files)
    return body, files


def _from_base64(body: bytes, *, text: bool) -> Unpacked:
    bare = body.translate(None, _WHITE)
    if not bare.translate(None, _BASE64):
        return Unpacked(_decode(bare))
    ends = _end_of_base64(body)
    if text and not body[:ends].strip():
        # Text that nobody encoded, whatever the head says.
        return Unpacked(body)
    if not text:
        return Unpacked(_decode(bare.translate(None, _NOT_BASE64)))
    return Unpacked(_decode(body[:ends].translate(None, _WHITE)), body[ends:].strip())


def _end_of_base64(body: bytes) -> int:
    """Where the lines begin that are no base64 any more."""
    at = 0
    for line in body.splitlines(keepends=True):
        if line.strip() and not _BASE64_LINE.match(line):
            return at
        at += len(line)
    return at


def _decode(bare: bytes) -> bytes:
    """Blocks that were padded each and put behind one another are decoded one by one."""
    if bare.count(b"=") > _MAX_BLOCKS:
        bare = bare.replace(b"=", b"")
    return b"".join(_decode_block(block) for block in bare.split(b"=") if block)


def _decode_block(block: bytes) -> bytes:
    # One letter too many makes no byte (RFC 4648, section 4).
    whole = block[:-1] if len(block) % 4 == 1 else block
    return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))


def _without(body: bytes, begins: re.Pattern[bytes], block: _Block, files: list[Inlaid]) -> bytes:
    kept, at = [], 0
    while len(files) < _MAX_INLAID and (begin := begins.search(body, at)):
        data, end = block(body, begin.end())
        if data is None:
            kept.append(body[at:end])
        else:
            files.append(Inlaid(begin[1].strip(), data))
            kept.append(body[at : begin.start()])
        at = end
    return b"".join([*kept, body[at:]])


def _uu_block(body: bytes, at: int) -> tuple[bytes | None, int]:
    pieces: list[bytes] = []
    while at < len(body):
        end = body.find(b"\n", at)
        end = len(body) if end < 0 else end
        line = body[at:end].rstrip(b"\r")
        if line == b"end":
            return b"".join(pieces), min(end + 1, len(body))
        piece = _uu_line(line)
        if piece is None:
            break
        pieces.append(piece)
        at = min(end + 1, len(body))
    return None, at


def _uu_line(line: bytes) -> bytes | None:
    if line and not _UU_LINE.match(line):
        return None
    # The second: encoders that fill the last group with more than nothing.
    for attempt in (line, line[: 1 + (((line[0] - 32) & 63) * 4 + 5) // 3] if line else b""):
        with suppress(binascii.Error):
            return binascii.a2b_uu(attempt)
    return None


def _yenc_block(body: bytes, at: int) -> tuple[bytes | None, int]:
    end = body.find(b"\n=yend", at)
    if end < 0:
        return None, len(body)
    said = body[at:end].replace(b"\r", b"").replace(b"\n", b"")
    for escaped, value in _YENC_ESCAPED:
        said = said.replace(escaped, value)
    following = body.find(b"\n", end + 1)
    return said.translate(_YENC_SHIFT), len(body) if following < 0 else following + 1
