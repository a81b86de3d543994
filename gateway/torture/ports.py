"""Ports that stay a far end's own, also while nobody listens there."""

from __future__ import annotations

import secrets
from pathlib import Path
from socket import socket


def quiet_port() -> int:
    """One that no program is given by chance while nobody listens there: below the range for clients (ip(7), ip_local_port_range)."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = lowest // 2 + secrets.randbelow(lowest // 2)
        with socket() as wire:
            try:
                wire.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
