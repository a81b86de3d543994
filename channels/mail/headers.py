"""The head of a mail or of a part: its fields, and the words in them (RFC 5322 section 2.2, RFC 2047). Linear, and never raises."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from channels.mail.charsets import decoded, writable

# Bytes. What comes after is read as body, so that nothing is lost.
MAX_HEAD = 1024 * 1024
# Bytes of one field that are read; real ones are below 2 KB, lists of recipients below 64 KB.
MAX_FIELD = 64 * 1024
# Bytes of a field whose charset is guessed where it is not declared; guessing takes longer the more there is.
MAX_GUESSED = 2000

_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:[ \t]*")
# Blank lines, and the mark that some editors put before UTF-8.
_BLANK = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n]*")
_MBOX = re.compile(rb">?From (?!\s*:)[^\n]*\n")
# Fields that no text begins its lines with: behind a broken line they say that the head goes on.
_CERTAIN = re.compile(
    rb"(?i)(?:from|to|cc|subject|date|message-id|mime-version|content-[a-z-]+|received|reply-to|return-path|delivered-to|x-[a-z-]+)[ \t]*:",
)
# RFC 2047, section 2, with the language of RFC 2231, section 5. A "?" inside is against the rules and happens; the next word's beginning ends a broken one.
_OPENED = r"=\?([\w.:+()-]{1,60})(?:\*[\w-]{0,30})?\?([bBqQ])\?"
_WORD = re.compile(_OPENED + r"((?:[^?=]|=(?!\?[^=])|\?(?!=)){0,2000}+)\?=")
_BETWEEN = re.compile(rf"(\?=)\s+(?={_OPENED})")
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_Q_SPACE = bytes.maketrans(b"_", b" ")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


@dataclass(slots=True)
class Head:
    """Fields in their order, as places in the mail's bytes. Names are in small letters."""

    raw: bytes
    fields: list[tuple[str, int]] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    # What bytes that are no ASCII are taken for where no encoded word says it: the charset of the mail's text.
    charset: str = ""

    def value(self, name: str) -> bytes | None:
        """The first field of this name as bytes; None: there is none."""
        return next(self.values(name), None)

    def values(self, name: str) -> Iterator[bytes]:
        """All fields of this name as bytes."""
        for (key, start), end in zip(self.fields, self.ends, strict=True):
            if key == name:
                yield self.raw[start : min(end, start + MAX_FIELD)].rstrip()

    def first(self, name: str) -> str:
        """The words of the first field of this name, on one line; empty: there is none."""
        value = self.value(name)
        return words(value, self.charset) if value is not None else ""

    def all(self, name: str) -> list[str]:
        """The fields of this name, each on one line, encoded words left as they are."""
        return [plain(value, self.charset) for value in self.values(name)]

    def names(self) -> frozenset[str]:
        """Which fields there are."""
        return frozenset(name for name, _ in self.fields)


def read_head(raw: bytes, start: int, ends_part: Callable[[int, int], bool], charset: str = "") -> tuple[Head, int]:
    """The fields from `start` on, and where the body begins. `ends_part(line start, line end)`: this line belongs to the multipart around."""
    head = Head(raw, charset=charset)
    limit = min(len(raw), start + MAX_HEAD)
    for at, end, following in _lines(raw, _skipped(raw, start), limit):
        if not raw[at:end].strip(b"\r"):
            return head, following
        if raw.startswith(b"--", at) and ends_part(at, end):
            return head, at
        if raw[at] in b" \t":
            if not head.fields:
                return head, at
            if (
                raw[at:end].isspace()
                and not _FIELD.match(raw, following, limit)
                and not (raw[following : following + 1] in {b" ", b"\t"} and _goes_on(raw, following, limit))
            ):
                # The blank line, with a space in it that somebody added.
                return head, following
            head.ends[-1] = end
        elif name := _FIELD.match(raw, at, limit):
            head.fields.append((name[1].decode("ascii").lower(), name.end()))
            head.ends.append(end)
        elif head.fields and _goes_on(raw, following, limit):
            head.ends[-1] = end
        else:
            return head, at
    return head, limit


def plain(value: bytes, charset: str = "") -> str:
    """On one line, encoded words left as they are."""
    return writable(" ".join(_text(value, charset).split()))


def words(value: bytes, charset: str = "") -> str:
    r"""On one line, encoded words decoded.

    >>> words(b"=?utf-8?Q?Jalan_=C3?= =?utf-8?Q?=A9?=\r\n rusak"), words("Séruyan".encode("cp1252"))
    ('Jalan é rusak', 'Séruyan')
    """
    text = _text(value, charset)
    return writable(" ".join((decode_words(text) if "=?" in text else text).split()))


def decode_words(text: str) -> str:
    """RFC 2047's encoded words as what they say; neighbours of one charset are put together first, for letters are split between them."""
    text = _BETWEEN.sub(r"\1", text[:MAX_FIELD])
    pieces: list[str] = []
    waiting, charset, at = b"", "", 0
    for found in _WORD.finditer(text):
        between = text[at : found.start()]
        if between or found[1].lower() != charset.lower():
            pieces += [decoded(waiting, charset, guess=False), between]
            waiting = b""
        charset, at = found[1], found.end()
        waiting += _bytes_of(found[2], found[3])
    return "".join([*pieces, decoded(waiting, charset, guess=False), text[at:]])


def _lines(raw: bytes, at: int, limit: int) -> Iterator[tuple[int, int, int]]:
    """Start and end of each line, and start of the next."""
    while at < limit:
        end = raw.find(b"\n", at, limit)
        end, following = (limit, limit) if end < 0 else (end, end + 1)
        yield at, end, following
        at = following


def _skipped(raw: bytes, start: int) -> int:
    """Past the "From " line of a mailbox file, and what is blank before it all."""
    if start:
        return start
    blank = _BLANK.match(raw).end()  # type: ignore[union-attr]  # it always matches
    at = blank if _FIELD.match(raw, blank) or _MBOX.match(raw, blank) else 0
    mbox = _MBOX.match(raw, at)
    return mbox.end() if mbox else at


def _goes_on(raw: bytes, at: int, limit: int) -> bool:
    """Does the head go on behind a line that is no field? Else the blank line is missing, and that line is text."""
    for start, end, _ in islice(_lines(raw, at, limit), 5):
        if _CERTAIN.match(raw, start, limit):
            return True
        if raw[start:end] in {b"", b"\r"}:
            return False
    return False


def _text(value: bytes, charset: str) -> str:
    unfolded = _FOLD.sub(b"", value)
    return unfolded.decode("ascii") if unfolded.isascii() and b"\x1b" not in unfolded else decoded(unfolded, charset, guess=len(unfolded) < MAX_GUESSED)


def _bytes_of(how: str, said: str) -> bytes:
    raw = said.encode("utf-8", "surrogatepass")
    if how in "qQ":
        return binascii.a2b_qp(raw.translate(_Q_SPACE))
    clean = _NOT_BASE64.sub(b"", raw)
    # One letter too many makes no byte (RFC 4648, section 4).
    clean = clean[:-1] if len(clean) % 4 == 1 else clean
    return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
