"""The form that Twilio posts, as bytes (for the signature) and as text (for the reader)."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import parse_qsl

# Twilio sends about thirty. What comes after these is never looked at, and a signature cannot hold over it.
MAX_FIELDS = 1000


# Signature, account and fingerprint each look at the same body, one after the other.
@lru_cache(maxsize=8)
def pairs(raw: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """Names and values in their order, blank ones too, percent-decoded and nothing else: never raises."""
    head = b"&".join(raw.split(b"&", MAX_FIELDS)[:MAX_FIELDS])
    # Latin-1 is a way to carry any bytes through parse_qsl and back.
    decoded = parse_qsl(head.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    return tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in decoded)


def fields(raw: bytes) -> dict[str, str]:
    """Name to value, the first of each name; what is not UTF-8 becomes U+FFFD."""
    return {name.decode(errors="replace"): value.decode(errors="replace") for name, value in reversed(pairs(raw))}
