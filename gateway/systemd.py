"""What systemd wants to hear from a service of Type=notify (sd_notify(3)): ready, stopping, still alive. Without systemd: nothing."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping


def tell(words: str, environ: Mapping[str, str] = os.environ) -> None:
    """One message, such as "READY=1"; lost if nobody listens."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    # A name that begins with @ is abstract (unix(7)).
    name = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
        try:
            wire.sendto(words.encode(), name)
        except OSError:
            return


async def still_alive(environ: Mapping[str, str] = os.environ) -> None:
    """Say so twice in each period that systemd waits for (WATCHDOG_USEC), as long as this loop turns. Returns at once without a watchdog."""
    microseconds = int(environ.get("WATCHDOG_USEC", "0") or 0)
    while microseconds:
        tell("WATCHDOG=1", environ)
        await asyncio.sleep(microseconds / 2_000_000)
