"""Ports for what is started, ended and started again on them: none that the system gives to whoever asks for any, so that nobody has them meanwhile."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack
from pathlib import Path

# From here on the system gives them away; Linux says from where.
_GIVEN_AWAY = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST = 12_000


def free_port() -> int:
    """One that nobody has."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Neighbours that nobody has."""
    end = int(_GIVEN_AWAY.read_text().split()[0]) if _GIVEN_AWAY.exists() else 32_768
    while True:
        first = random.randrange(_LOWEST, end - count)  # noqa: S311  # not a secret
        ports = list(range(first, first + count))
        with ExitStack() as stack:
            try:
                for port in ports:
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return ports
