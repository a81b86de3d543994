"""The token that ties an answer to its case where a wire can carry one: the tracking number, signed. Whoever has it was written to by us. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from gateway import tracking

# 80 bits, in letters that no mail server changes.
_SIGNATURE = 16
_TOKEN = re.compile(r"[0-9a-z]{28}")


def token(key: bytes, number: str) -> str:
    """For the notices of the case with this number (XXXX-XXXX-XXXX).

    >>> number_of(b"k" * 32, token(b"k" * 32, "0123-4567-89BC"))
    '0123-4567-89BC'
    """
    plain = number.replace("-", "").lower()
    return plain + _signature(key, plain)


def number_of(key: bytes, token: str) -> str | None:
    """The number that a token of ours was made for; None: we did not make it.

    >>> number_of(b"k" * 32, "0123456789bc" + "a" * 16) is None
    True
    """
    written = token.lower()
    if not _TOKEN.fullmatch(written):
        return None
    plain, signature = written[:-_SIGNATURE], written[-_SIGNATURE:]
    return tracking.shown(plain.upper()) if hmac.compare_digest(signature, _signature(key, plain)) else None


def _signature(key: bytes, plain: str) -> str:
    return base64.b32encode(hmac.digest(key, f"thread\0{plain}".encode(), hashlib.sha256)[:10]).decode().lower()
