"""Who calls, as the listener told it: the address behind proxies that we trust."""

from __future__ import annotations

from aiohttp import web

ADDRESS = web.RequestKey("address", str)


def address(request: web.Request) -> str:
    """Empty: not known."""
    known: str = request.get(ADDRESS, "")
    return known
