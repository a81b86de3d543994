"""Who calls, as the listener told it: the address behind proxies that we trust; and whether a page of ours made the browser call."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from aiohttp import web

ADDRESS = web.RequestKey("address", str)


def address(request: web.Request) -> str:
    """Empty: not known."""
    known: str = request.get(ADDRESS, "")
    return known


def hosts(public_urls: Iterable[str]) -> frozenset[str]:
    """Where pages of ours stand."""
    return frozenset(urlsplit(url).netloc for url in public_urls)


def from_elsewhere(request: web.Request, ours: frozenset[str]) -> bool:
    """Whether another site made the browser send this (Fetch Metadata; Origin, RFC 6454). A browser that says neither is believed."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc not in ours | {request.host}
