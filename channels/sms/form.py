"""The form that Twilio posts, as bytes (for the signature) and as text (for the reader)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

# Twilio sends about thirty. What comes after these is never looked at, and a signature cannot hold over it.
MAX_FIELDS = 1000


# Signature, account and fingerprint each look at the same body, one after the other.
@lru_cache(maxsize=8)
def pairs(raw: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """Names and values in their order, blank ones too, percent-decoded and nothing else: never raises."""
    parts = (part.partition(b"=") for part in raw.split(b"&", MAX_FIELDS)[:MAX_FIELDS] if part)
    return tuple((_decoded(name), _decoded(value)) for name, _, value in parts)


@lru_cache(maxsize=8)
def fields(raw: bytes) -> Mapping[str, str]:
    """Name to value, the first of each name; what is not UTF-8 becomes U+FFFD."""
    return MappingProxyType({name.decode(errors="replace"): value.decode(errors="replace") for name, value in reversed(pairs(raw))})


def _decoded(part: bytes) -> bytes:
    return unquote_to_bytes(part.replace(b"+", b" "))
