"""A mail's bytes as a tree of parts (RFC 2045, 2046), in one pass over them: no recursion, no depth that hurts, no exception.

Not the standard library's parser: it raises on mail that Exchange emits, and needs 6 s for one field of 89 kB.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from channels.mail.encodings import Unpacked, unpacked
from channels.mail.headers import MAX_HEAD, Head, read_head
from channels.mail.parameters import first_word, kind_of, parameters

# Beyond these a part is no longer taken apart: what is left of it stays one leaf, and nothing is lost.
MAX_PARTS = 1000
_MAX_DEPTH = 200
# Lines that begin with two dashes and are looked at.
_MAX_DASHED = 300_000
# RFC 2046, section 5.1.1 allows 70; real ones reach a few hundred, test suites some thousands.
_MAX_BOUNDARY = 16_384
# The first charset that a mail declares, of its text most often.
_CHARSET = re.compile(rb"(?i)[;\s]charset\s{0,5}=\s{0,5}[\"']?([\w.:+-]{1,60})")


@dataclass
class Part:
    """One part: a head, and a body that is bytes or parts."""

    raw: bytes
    head: Head
    start: int
    end: int
    # What it is where nothing is declared (RFC 2046, section 5.1.5: inside a digest each part is a message).
    default: str = "text/plain"
    parts: list[Part] = field(default_factory=list)

    @cached_property
    def kind(self) -> str:
        """The media type, in small letters."""
        value = self.head.value("content-type")
        return (kind_of(value) if value else "") or self.default

    @cached_property
    def parameters(self) -> dict[str, str]:
        """Of Content-Type."""
        return parameters(self.head.value("content-type") or b"", self.head.charset)

    @cached_property
    def disposition(self) -> str:
        """In small letters: "attachment" | "inline" | ...; empty: not said."""
        return first_word(self.head.value("content-disposition") or b"")

    @cached_property
    def name(self) -> str:
        """What the sender called it, as written."""
        said = parameters(self.head.value("content-disposition") or b"", self.head.charset)
        return said.get("filename") or said.get("name") or self.parameters.get("name") or self.parameters.get("filename") or ""

    @cached_property
    def body(self) -> Unpacked:
        """Its bytes without their transfer encoding."""
        return unpacked(self.raw[self.start : self.end], self.encoding, text=self.kind.startswith("text/"))

    @cached_property
    def encoding(self) -> str:
        """The transfer encoding, in small letters."""
        return first_word(self.head.value("content-transfer-encoding") or b"")

    @property
    def is_leaf(self) -> bool:
        """Has it bytes of its own?"""
        return not self.parts

    def walk(self) -> Iterator[Part]:
        """It and all below, in the order of the mail."""
        waiting = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting.extend(reversed(part.parts))


def parse(raw: bytes) -> Part:
    """The whole mail. Lines may end in CR LF, in LF, or (if there is no LF at all) in CR."""
    if b"\n" not in raw and b"\r" in raw:
        raw = raw.replace(b"\r", b"\n")
    return _Walk(raw).root


class _Walk:
    """Reads delimiter after delimiter; `_opened` is the way from the root to where it is."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._opened: list[Part] = []
        # Boundary to where in `_opened` the multiparts stand that it delimits: the same may be used inside itself.
        self._boundaries: dict[bytes, list[int]] = {}
        self._parts = 0
        declared = _CHARSET.search(raw, 0, MAX_HEAD)
        self._charset = declared[1].decode("ascii") if declared else ""
        at = self._open(0, "text/plain")
        self.root = self._opened[0]
        for _ in range(_MAX_DASHED):
            # The line break belongs to the delimiter; the first may stand right behind the head.
            at = raw.find(b"\n--", max(at - 1, 0))
            if at < 0 or not self._boundaries:
                break
            at = self._line(at + 1)

    def _open(self, at: int, default: str) -> int:
        """A part begins; with it the message in it, and the message in that one."""
        while True:
            head, body = read_head(self._raw, at, self._delimits, self._charset)
            part = Part(self._raw, head, body, len(self._raw), default)
            self._parts += 1
            if self._opened:
                self._opened[-1].parts.append(part)
            self._opened.append(part)
            boundary = part.parameters.get("boundary", "").encode("utf-8", "replace")[:_MAX_BOUNDARY]
            if len(self._opened) >= _MAX_DEPTH:
                return body
            if part.kind.startswith("multipart/") and boundary:
                self._boundaries.setdefault(boundary, []).append(len(self._opened) - 1)
                return body
            if part.kind != "message/rfc822" or part.encoding in {"base64", "quoted-printable"}:
                return body
            at, default = body, "text/plain"

    def _line(self, at: int) -> int:
        """A line that begins with two dashes; where to go on."""
        end = self._raw.find(b"\n", at, at + 2 * _MAX_BOUNDARY)
        end = len(self._raw) if end < 0 and at + 2 * _MAX_BOUNDARY >= len(self._raw) else end
        found = self._delimiter(at, end) if end >= 0 else None
        if found is None:
            return at + 2
        boundary, closes = found
        if not closes and self._parts >= MAX_PARTS:
            return end
        index = self._boundaries[boundary][-1]
        self._close_above(index, at)
        multipart = self._opened[index]
        if closes:
            # It stays open: a part behind the end is against the rules, but it is there. Only where the one around has the same boundary, that one is meant.
            if len(self._boundaries[boundary]) > 1:
                self._boundaries[boundary].pop()
            return end
        return self._open(min(end + 1, len(self._raw)), "message/rfc822" if multipart.kind == "multipart/digest" else "text/plain")

    def _close_above(self, index: int, at: int) -> None:
        """All that is open inside this multipart ends before the line break at `at`."""
        end = at - 1
        end -= self._raw[end - 1 : end] == b"\r"
        while len(self._opened) > index + 1:
            part = self._opened.pop()
            part.end = max(part.start, min(part.end, end))
            for boundary, places in list(self._boundaries.items()) if part.kind.startswith("multipart/") else ():
                while places and places[-1] >= len(self._opened):
                    places.pop()
                if not places:
                    del self._boundaries[boundary]

    def _delimits(self, at: int, end: int) -> bool:
        return self._delimiter(at, end) is not None

    def _delimiter(self, at: int, end: int) -> tuple[bytes, bool] | None:
        """(boundary, is it the last one) of the line; None: it is only a line."""
        line = self._raw[at + 2 : min(end, at + 2 + 2 * _MAX_BOUNDARY)].removesuffix(b"\r")
        # As it stands, with spaces that somebody added behind it, with words behind it (RFC 2046, section 5.1.1, note to implementors).
        for said in (line, line.rstrip(), *line.split(None, 1)[:1]):
            if said in self._boundaries:
                return said, False
            for boundary in (said[:-2], said[:-2].rstrip()) if said.endswith(b"--") else ():
                if boundary in self._boundaries:
                    return boundary, True
        return None
