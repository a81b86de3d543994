"""The mark of a trial report: words that only this deployment can make, so that no citizen's words are ever taken for one. Pure.

A report is a trial if all that it says is such a mark, made for the channel by which it came, within the hour before it was accepted.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from hmac import compare_digest

from channels import Arrival
from gateway import tracking
from normalizer import Declared, Report

# When it was made (seconds since 1970, hexadecimal), 64 random bits, 128 bits of signature.
_MARK = re.compile(r"nwd-canary-([0-9a-f]{8})-([0-9a-f]{16})-([A-Za-z0-9_-]{22})")
_BEGIN = b"nwd-canary-"
# How long it is good: somebody who saw one on its way could say it again, and would only be told that it came.
_LIVES = timedelta(hours=1)
# Bytes of an arrival that may be one; nothing longer is looked through.
_MOST = 16 * 1024


def mark(key: bytes, channel: str, made_at: datetime, random: bytes) -> str:
    """For one trial; `random`: eight bytes, anew for each.

    >>> len(mark(b"k" * 32, "web", datetime(2026, 1, 1), bytes(8)))
    59
    """
    at, nonce = f"{int(made_at.timestamp()):08x}", random.hex()
    return f"nwd-canary-{at}-{nonce}-{_signed(key, channel, at, nonce)}"


def is_one(key: bytes, channel: str, text: str, received_at: datetime) -> bool:
    """Whether a report that says this is one of our own."""
    found = _MARK.fullmatch(text.strip())
    return bool(found and _is_ours(key, channel, found, received_at))


def is_trial(key: bytes, channel: str, report: Report) -> bool:
    """The same of a report that was read: a photo, a place or a field beside the mark is a citizen's, whoever showed them the mark."""
    alone = replace(report.declared, kind=None) == Declared() and not report.attachments and report.location is None
    return alone and is_one(key, channel, report.text, report.received_at)


def within(key: bytes, arrival: Arrival) -> bool:
    """Whether such a mark stands in what came, before anybody has read it: for counting only."""
    if len(arrival.raw) > _MOST or _BEGIN not in arrival.raw:
        return False
    found = _MARK.search(arrival.raw.decode("ascii", "replace"))
    return bool(found and _is_ours(key, arrival.channel, found, arrival.received_at))


def _is_ours(key: bytes, channel: str, found: re.Match[str], received_at: datetime) -> bool:
    at, nonce, signature = found.groups()
    age = timedelta(seconds=received_at.timestamp() - int(at, 16))
    return compare_digest(_signed(key, channel, at, nonce), signature) and abs(age) <= _LIVES


def _signed(key: bytes, channel: str, at: str, nonce: str) -> str:
    return tracking.sign(key, "canary", channel, at, nonce)
