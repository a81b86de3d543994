"""What an attachment is called: never a path, never a trick, and still what the sender meant."""

from __future__ import annotations

import re
import unicodedata

# Bytes; no file system takes more.
_MAX_BYTES = 200
_LONGEST_ENDING = 16
# Controls, and what draws nothing or turns the direction of reading ("fdp.exe" read as "exe.pdf").
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
_PATH = re.compile(r"\A(?:[A-Za-z]:[\\/]|\\\\|/|\.{1,2}[\\/]|~[\\/]|file:)|(?:\A|[\\/])\.\.(?:[\\/]|\Z)", re.IGNORECASE)
_SEPARATOR = re.compile(r"[\\/]+")
# Windows opens devices by these names, whatever the ending.
_DEVICE = re.compile(r"(?i)\A(con|prn|aux|nul|com\d|lpt\d)(\.|\Z)")


def neutral(name: str) -> str:
    r"""The name alone, on one line; empty: there is none.

    >>> neutral("C:\\Users\\siti\\Foto 1.jpg"), neutral("../../etc/passwd"), neutral("surat 12/2026.pdf"), neutral("a\u202egpj.exe")
    ('Foto 1.jpg', 'passwd', 'surat 12_2026.pdf', 'agpj.exe')
    """
    shown = " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFC", name[:4096].replace("\r", " ").replace("\n", " ").replace("\t", " "))).split())
    pieces = [piece for piece in _SEPARATOR.split(shown) if piece.strip(". ")]
    if not pieces:
        return ""
    kept = (pieces[-1] if _PATH.search(shown) else "_".join(pieces)).strip()
    return _short(f"_{kept}" if _DEVICE.match(kept) else kept)


def _short(name: str) -> str:
    if len(name.encode("utf-8", "replace")) <= _MAX_BYTES:
        return name
    stem, dot, ending = name.rpartition(".")
    tail = dot + ending if stem and len(ending) <= _LONGEST_ENDING else ""
    room = _MAX_BYTES - len(tail.encode("utf-8", "replace"))
    return (stem or name).encode("utf-8", "replace")[:room].decode("utf-8", "ignore") + tail
