"""Signed mail that can be read, and encrypted mail that cannot: S/MIME (RFC 8551, RFC 5652) and PGP (RFC 3156, RFC 4880 section 7). No signature is checked."""

from __future__ import annotations

import re

# OID 1.2.840.113549.1.7.2 (signed data) and .3 (enveloped data), .1.9.16.1.23 (authenticated enveloped data), in DER.
_SIGNED = bytes.fromhex("06092a864886f70d010702")
_ENVELOPED = (bytes.fromhex("06092a864886f70d010703"), bytes.fromhex("060b2a864886f70d0109100117"))
_SEQUENCE, _SET, _OCTETS, _OCTETS_IN_PIECES, _CONTENT = 0x30, 0x31, 0x04, 0x24, 0xA0
_MAX_PIECES = 100_000
_SIGNED_BEGINS = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE_BEGINS = "-----BEGIN PGP SIGNATURE-----"
# All of it; where words stand between, or no end comes, they are somebody's.
_SIGNATURE = re.compile(
    rf"{_SIGNATURE_BEGINS}[ \t]*\n(?:[A-Za-z-]{{1,40}}: [^\n]*\n)*+(?:[A-Za-z0-9+/=]{{0,76}}[ \t]*+\n)*+-----END PGP SIGNATURE-----",
)
_ARMOUR_HEAD = re.compile(r"[ \t]*\n(?:[A-Za-z-]{1,40}: [^\n]*\n)*\n?")
_ESCAPED_DASH = re.compile(r"^- (?=-)", re.MULTILINE)
PGP_MESSAGE = "-----BEGIN PGP MESSAGE-----"
# Media types whose content is for whoever has the key.
ENCRYPTED_KINDS = frozenset({"multipart/encrypted", "application/pgp-encrypted"})
SMIME_KINDS = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})


def is_encrypted(data: bytes) -> bool:
    """Of an application/pkcs7-mime body: is it an envelope?"""
    return any(oid in data[:64] for oid in _ENVELOPED)


def signed_content(data: bytes) -> bytes | None:
    """The mail that an opaque S/MIME signature wraps; None: there is none in it."""
    at = data.find(_SIGNED, 0, 64)
    if at < 0:
        return None
    # ContentInfo { signedData, [0] { SEQUENCE { version, digestAlgorithms SET, encapContentInfo SEQUENCE { oid, [0] { OCTET STRING } } } } }
    try:
        at = _into(data, _into(data, at + len(_SIGNED), _CONTENT), _SEQUENCE)
        at = _past(data, _past(data, at))
        at = _past(data, _into(data, at, _SEQUENCE))
        return _octets(data, _into(data, at, _CONTENT))
    except (IndexError, ValueError):
        return None


def without_armour(text: str) -> str:
    """A clear-signed text as it was before it was signed."""
    kept: list[str] = []
    at = 0
    while True:
        begins = text.find(_SIGNED_BEGINS, at)
        ends = text.find(_SIGNATURE_BEGINS, begins) if begins >= 0 else -1
        if ends < 0:
            return "".join([*kept, text[at:]])
        head = _ARMOUR_HEAD.match(text, begins + len(_SIGNED_BEGINS))
        said = text[head.end() if head else begins : ends]
        kept += [text[at:begins], _ESCAPED_DASH.sub("", said)]
        signature = _SIGNATURE.match(text, ends)
        at = signature.end() if signature else ends


def _header(data: bytes, at: int) -> tuple[int, int, int | None]:
    """(tag, where the content begins, its length; None: until the end-of-contents mark) (X.690, section 8.1)."""
    tag, first = data[at], data[at + 1]
    if first < 0x80:  # noqa: PLR2004  # the short form
        return tag, at + 2, first
    size = first & 0x7F
    if size > 4:  # noqa: PLR2004  # bytes: four gigabytes
        raise ValueError("too long")
    if not size:
        return tag, at + 2, None
    return tag, at + 2 + size, int.from_bytes(data[at + 2 : at + 2 + size], "big")


def _into(data: bytes, at: int, expected: int) -> int:
    tag, start, _ = _header(data, at)
    if tag != expected:
        raise ValueError("another tag")
    return start


def _past(data: bytes, at: int) -> int:
    """Behind the element at `at`."""
    _, start, length = _header(data, at)
    if length is not None:
        return start + length
    # Of indefinite length are only short things before the content.
    depth, at = 1, start
    for _ in range(_MAX_PIECES):
        tag, start, length = _header(data, at)
        depth += 1 if length is None else -1 if (tag, length) == (0, 0) else 0
        at = start + (length or 0)
        if not depth:
            return at
    raise ValueError("too many pieces")


def _octets(data: bytes, at: int) -> bytes:
    """An OCTET STRING, whole or in pieces."""
    tag, start, length = _header(data, at)
    if tag == _OCTETS and length is not None:
        return data[start : start + length]
    if tag != _OCTETS_IN_PIECES:
        raise ValueError("no octets")
    end = len(data) if length is None else start + length
    pieces: list[bytes] = []
    at = start
    while at < end and len(pieces) < _MAX_PIECES:
        tag, start, length = _header(data, at)
        if tag != _OCTETS or length is None:
            break
        pieces.append(data[start : start + length])
        at = start + length
    return b"".join(pieces)
