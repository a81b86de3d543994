"""How the tests' own channel is read; a few words make it misbehave as a bad reader would. Switched off by a file, as a mend would."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from channels import Arrival, DeliveryUpdate, Ignored
from normalizer import Report

# Needs longer than anybody lives for a's without a b at the end: one interpreter lock, no way to time it out from within.
_HANGS = re.compile(r"(a+)+b")


def read(arrival: Arrival) -> Report | DeliveryUpdate | Ignored:
    """The words are the message; `raise`, `hang`, `regex`, `die`, `eat` break the reader until the file named in meta exists."""
    text = arrival.raw.decode("utf-8", "surrogatepass")
    if not Path(arrival.meta.get("mended", "/nonexistent")).exists():
        _misbehave(text)
    if text == "noise":
        return Ignored("noise")
    if text == "unstorable":
        # No text at all for a database: a reader of ours that forgot to clean.
        return Ignored("\ud800")
    return Report(arrival.reply_to, text, arrival.received_at)


def _misbehave(text: str) -> None:
    match text:
        case "raise":
            raise ValueError("rahasia warga")
        case "hang":
            time.sleep(1000)
        case "regex":
            _HANGS.match("a" * 60 + "c")
        case "die":
            os._exit(9)
        case "eat":
            _ = [bytes(100_000_000) + b"x" for _ in range(1000)]
