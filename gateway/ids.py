"""Ids that are made on any node without asking, and sort by time (RFC 9562, UUID version 7)."""

from __future__ import annotations

import os
import time
from uuid import UUID

_last = 0


def new_id() -> UUID:
    """A new id, later than any that this process made before: order in the outbox rests on it."""
    global _last  # noqa: PLW0603  # one counter a process is what makes the ids of one millisecond ordered
    _last = max(_last + 1, (time.time_ns() // 1_000_000) << 12)
    milliseconds, counter = _last >> 12, _last & 0xFFF
    return UUID(int=milliseconds << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | int.from_bytes(os.urandom(8)) >> 2)
