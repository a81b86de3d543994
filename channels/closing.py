"""Closing a server without leaving anybody in the doorway."""

from __future__ import annotations

import asyncio

# From a socket's accept to connection_made, asyncio takes three turns of its loop (selector_events.py).
_TURNS = 4


async def close(server: asyncio.Server) -> None:
    """Let nobody in any more; whoever was let in already has a protocol then, which can send them home.

    Closed between those turns, a server of CPython 3.11 lets whoever is in them hang: answered by nobody, and open until the garbage collector comes
    (Server._attach fails; cpython 109564).
    """
    loop = asyncio.get_running_loop()
    for door in server.sockets:
        loop.remove_reader(door)
    for _ in range(_TURNS):
        await asyncio.sleep(0)
    server.close()
