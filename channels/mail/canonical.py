"""What DKIM takes for the same: the canonical forms of a field and of a body (RFC 6376, section 3.4). Pure, and piece by piece."""

from __future__ import annotations

from collections.abc import Iterator

# Bytes of a body that are worked on at once: threads take turns between two pieces only.
_PIECE = 64 * 1024


def relaxed_field(field: bytes) -> bytes:
    r"""Section 3.4.2.

    >>> relaxed_field(b"SubJect : Jalan\r\n\t rusak ")
    b'subject:Jalan rusak'
    """
    name, _, value = field.partition(b":")
    words = value.replace(b"\r\n", b"").replace(b"\t", b" ").split(b" ")
    return name.rstrip(b" \t").lower() + b":" + b" ".join(filter(None, words))


def without_value(field: bytes) -> bytes:
    r"""Section 3.7: of a signature everything between "b=" and the next tag is deleted, and nothing else.

    >>> without_value(b"DKIM-Signature: v=1; b = ab\r\n c; bh=x")
    b'DKIM-Signature: v=1; b =; bh=x'
    """
    name, colon, value = field.partition(b":")
    parts = (part.partition(b"=") for part in value.split(b";"))
    return name + colon + b";".join(key + sign + (b"" if key.strip() == b"b" else said) for key, sign, said in parts)


def pieces_of(raw: bytes, start: int, end: int) -> Iterator[bytes]:
    """All of it; no CR LF is torn."""
    while start < end:
        cut = min(start + _PIECE, end)
        cut += cut < end and raw[cut - 1 : cut + 1] == b"\r\n"
        yield raw[start:cut]
        start = cut


def is_whole(piece: bytes) -> bool:
    """CR and LF stand together only, as RFC 5322, section 2.3, has them."""
    return piece.count(b"\r\n") == piece.count(b"\r") == piece.count(b"\n")


def body_of(raw: bytes, start: int, *, relaxed: bool) -> Iterator[bytes]:
    r"""The canonical body, which begins there (sections 3.4.3 and 3.4.4). Every CR and LF of it must stand together.

    >>> b"".join(body_of(b" a \t b \r\n \r\n\r\n", 0, relaxed=True)), b"".join(body_of(b"", 0, relaxed=True)), b"".join(body_of(b"", 0, relaxed=False))
    (b' a b\r\n', b'', b'\r\n')
    """
    end = _end(raw, start, b" \t\r\n" if relaxed else b"\r\n")
    pieces = pieces_of(raw, start, end)
    yield from _relaxed(pieces) if relaxed else pieces
    if end > start or not relaxed:
        yield b"\r\n"


def _end(raw: bytes, start: int, blank: bytes) -> int:
    """Where what is blank at the end begins."""
    end = len(raw)
    while end > start:
        piece = raw[max(start, end - _PIECE) : end]
        kept = len(piece.rstrip(blank))
        end -= len(piece) - kept
        if kept:
            break
    return end


def _relaxed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """One space for many, none before a line's end; one at a piece's end waits for what follows it. The last piece ends in none."""
    held = b""
    for piece in pieces:
        text = held + piece.replace(b"\t", b" ")
        while b"  " in text:
            text = text.replace(b"  ", b" ")
        text = text.replace(b" \r", b"\r")
        held = b" " if text.endswith(b" ") else b""
        yield text[: len(text) - len(held)]
