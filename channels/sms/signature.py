"""Did Twilio sign this webhook? The same answers as the SDK's validator, over configured addresses only, in constant time and without its detours.

Source: Twilio docs, "Webhooks security"; twilio/request_validator.py of the SDK (SHA-256 since 9.13), against which the tests check this.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from channels.sms.form import pairs

SIGNATURE_HEADER = "X-Twilio-Signature"
# "key=<id>,algorithm=HMAC_SHA256", sent with webhooks that were signed with a shared key; without it SHA-1 and the auth token.
SETTINGS_HEADER = "X-Twilio-Webhooks-Signature-Settings"

_ALGORITHMS: Mapping[str, Callable[..., Any]] = {"HMAC_SHA1": hashlib.sha1, "HMAC_SHA256": hashlib.sha256}


def signed_url(tokens: Iterable[bytes], urls: Iterable[str], raw: bytes, headers: Mapping[str, str]) -> str | None:
    """The address, of those that we are known by, that was called; None: the signature holds for none of them."""
    algorithm = _ALGORITHMS.get(_algorithm(headers.get(SETTINGS_HEADER, "")))
    if algorithm is None:
        return None
    signature, form, secrets = headers.get(SIGNATURE_HEADER, "").encode(errors="replace"), _flat(raw), tuple(tokens)
    for url in urls:
        for spelling in _spellings(url):
            for token in secrets:
                digest = hmac.digest(token, spelling.encode() + form, algorithm)
                if hmac.compare_digest(base64.b64encode(digest), signature):
                    return url
    return None


def _algorithm(header: str) -> str:
    for part in header.split(","):
        name, _, value = part.partition("=")
        if name.strip() == "algorithm" and value.strip():
            return value.strip().upper()
    return "HMAC_SHA1"


def _flat(raw: bytes) -> bytes:
    """All names and values, sorted, each pair once, with nothing between them. UTF-8 sorts as the SDK's text does."""
    return b"".join([name + value for name, value in sorted(set(pairs(raw)))])


@lru_cache(maxsize=64)
def _spellings(url: str) -> tuple[str, str]:
    """With and without its port: Twilio signs either."""
    parts = urlsplit(url)
    host, colon, port = parts.netloc.rpartition(":")
    if colon and port.isdigit():
        return url, parts._replace(netloc=host).geturl()
    return url, parts._replace(netloc=f"{parts.netloc}:{443 if parts.scheme == 'https' else 80}").geturl()
