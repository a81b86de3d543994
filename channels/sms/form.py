"""The form that Twilio posts, as bytes (for the signature) and as text (for the reader)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

# Twilio sends about thirty. What comes after these is never looked at, and a signature cannot hold over it.
MAX_FIELDS = 1000
_PERCENT = ord("%")


# Signature, account and fingerprint each look at the same body, one after the other.
@lru_cache(maxsize=8)
def pairs(raw: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """Names and values in their order, blank ones too, percent-decoded and nothing else: never raises."""
    parts = [part.partition(b"=") for part in raw.replace(b"+", b" ").split(b"&", MAX_FIELDS)[:MAX_FIELDS] if part]
    # Most have nothing to decode, and asking costs less than decoding nothing; asking for a number less than for bytes (measured).
    return tuple([(unquote_to_bytes(name) if _PERCENT in name else name, unquote_to_bytes(value) if _PERCENT in value else value) for name, _, value in parts])


@lru_cache(maxsize=8)
def fields(raw: bytes) -> Mapping[str, str]:
    """Name to value, the first of each name; what is not UTF-8 becomes U+FFFD."""
    return MappingProxyType({name.decode(errors="replace"): value.decode(errors="replace") for name, value in reversed(pairs(raw))})
