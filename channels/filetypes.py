"""Which files citizens may send, told by their first bytes and never by a name: what phones take, and nothing that a browser would run."""

from __future__ import annotations

import filetype
from filetype.types import archive, audio, image, video

# So many first bytes tell all of these apart.
HEAD_BYTES = 8192


class _Phone3gp(video.M3gp):  # type: ignore[misc]  # the library ships no types
    """Videos of old phones. The library's own matcher (1.2.0) looks four bytes too early and knows none of them (3GPP TS 26.244, 5.3)."""

    def match(self, buf: bytes) -> bool:
        """Is it one?"""
        return buf[4:10] == b"ftyp3g"


_ALLOWED = (
    *(image.Jpeg(), image.Png(), image.Webp(), image.Heic(), image.Gif()),
    *(_Phone3gp(), video.Mp4()),
    *(audio.Amr(), audio.Ogg(), audio.Mp3(), audio.M4a()),
    archive.Pdf(),
)


def type_of(head: bytes) -> str | None:
    """MIME type of a file that begins so; None: not one that is taken.

    >>> type_of(bytes.fromhex("ffd8ffe0")), type_of(b"<svg onload=alert(1)>")
    ('image/jpeg', None)
    """
    kind = filetype.match(head, _ALLOWED)
    return str(kind.mime) if kind else None
