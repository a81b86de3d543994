"""The look of every page: values, components and the mark, served under /look/ by whichever listener has pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from channels.pages import POLICY

_HERE = Path(__file__).parent
_TYPES = {"tokens.css": "text/css", "look.css": "text/css", "mark.svg": "image/svg+xml"}


def add_to(app: web.Application) -> None:
    """Serve the look, and send the policy with every answer."""
    for name, kind in _TYPES.items():
        app.router.add_get(f"/look/{name}", still((_HERE / name).read_bytes(), kind))
    app.on_response_prepare.append(_strict)


def still(content: bytes, kind: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler for what never changes while we run."""

    async def answer(_request: web.Request) -> web.Response:
        response = web.Response(body=content, content_type=kind, charset="utf-8", headers={"Cache-Control": "max-age=3600"})
        response.enable_compression()
        return response

    return answer


async def _strict(_request: web.Request, response: web.StreamResponse) -> None:
    # A file that is handed out has a stricter one of its own.
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
