"""The reader of mail with a fault that a mend takes away: a mail that names a file breaks it until that file exists."""

from __future__ import annotations

import re
from pathlib import Path

from channels import Arrival, DeliveryUpdate, Ignored
from channels.mail import reading
from normalizer import Report


def read(arrival: Arrival) -> Report | DeliveryUpdate | Ignored:
    """As the channel's own."""
    named = re.search(rb"X-Mended-By: (\S+)", arrival.raw)
    if named and not Path(named[1].decode()).exists():
        raise ValueError("rahasia warga")
    return reading.read(arrival)
