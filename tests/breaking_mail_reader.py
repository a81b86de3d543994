"""The reader of mail with faults that a mend takes away: a mail says in its head what befalls whoever reads it, until the file exists that it names."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from channels import Arrival, DeliveryUpdate, Ignored
from channels.mail import reading
from normalizer import Report


def read(arrival: Arrival) -> Report | DeliveryUpdate | Ignored:
    """As the channel's own, but for mails with X-Mended-By; X-Breaks says how ("raise" if it is not there)."""
    named = re.search(rb"X-Mended-By: (\S+)", arrival.raw)
    if named and not Path(named[1].decode()).exists():
        how = re.search(rb"X-Breaks: (\S+)", arrival.raw)
        _misbehave(how[1].decode() if how else "raise", Path(named[1].decode()))
    return reading.read(arrival)


def _misbehave(how: str, mended: Path) -> None:
    match how:
        case "raise":
            raise ValueError("rahasia warga")
        case "hang":
            time.sleep(1000)
        case "die":
            os._exit(9)
        case "eat":
            _ = [bytes(100_000_000) + b"x" for _ in range(1000)]
        case "wait":
            while not mended.exists():
                time.sleep(0.01)
