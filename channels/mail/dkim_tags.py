"""The little language of DKIM's signatures and keys: tag=value; tag=value (RFC 6376, section 3.2). Pure."""

from __future__ import annotations

import binascii
import re

# As the DNS has names, without the end that says nothing.
_LABELS = re.compile(rb"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){0,20}")


class Unproved(Exception):
    """A signature proves nothing; holds the word of RFC 8601, section 2.7.1, that says why."""


def require(holds: bool, otherwise: str) -> None:  # noqa: FBT001  # a condition
    """Raises Unproved, with this word."""
    if not holds:
        raise Unproved(otherwise)


def tags_of(text: bytes) -> dict[bytes, bytes]:
    """By name. Raises Unproved: something else stands there, or a tag twice.

    >>> tags_of(b"v=1; bh=ab=;")
    {b'v': b'1', b'bh': b'ab='}
    """
    tags: dict[bytes, bytes] = {}
    for part in text.split(b";"):
        name, sign, value = part.partition(b"=")
        require((bool(sign) and name.strip() not in tags) or not part.strip(), "neutral")
        if sign:
            tags[name.strip()] = value.strip()
    return tags


def listed(value: bytes) -> set[bytes]:
    """What stands between the colons."""
    return {one.strip() for one in value.split(b":")}


def labels(value: bytes) -> str:
    """A name for the DNS, in small letters. Raises Unproved."""
    require(len(value) <= 253 and bool(_LABELS.fullmatch(value.lower())), "neutral")  # noqa: PLR2004  # RFC 1035, section 2.3.4
    return value.decode("ascii").lower()


def base64_of(value: bytes) -> bytes:
    """Its octets; folds and spaces in it do not count. Raises Unproved."""
    try:
        return binascii.a2b_base64(b"".join(value.split()), strict_mode=True)
    except binascii.Error as error:
        raise Unproved("neutral") from error
