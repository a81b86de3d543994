"""What systemd wants to hear from a service of Type=notify (sd_notify(3)), and the door that it holds open for us (sd_listen_fds(3)). Without it: nothing."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping

# The first handle that is handed over (sd_listen_fds(3)).
_FIRST_HANDLE = 3


def door(port: int, environ: Mapping[str, str] = os.environ) -> socket.socket | None:
    """The listening socket of that port, if systemd holds one: who calls while we are started again waits there, and is not refused."""
    if environ.get("LISTEN_PID") != str(os.getpid()):
        return None
    for handle in range(_FIRST_HANDLE, _FIRST_HANDLE + int(environ.get("LISTEN_FDS", "0"))):
        os.set_inheritable(handle, False)  # noqa: FBT003  # the module's own
        # A copy: closing it closes nothing for those who wait.
        held = socket.socket(fileno=os.dup(handle))
        if held.family in {socket.AF_INET, socket.AF_INET6} and held.getsockname()[1] == port:
            return held
        held.close()
    return None


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
