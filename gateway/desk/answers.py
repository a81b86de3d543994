"""How a press ends: with a page to look at, whatever became of it."""

from __future__ import annotations

from aiohttp import web

from channels.pages import Look
from gateway.desk.access import Access, Page
from gateway.desk.acting import SignedOut
from gateway.reader import ReaderAway
from gateway.store.desk import Session
from gateway.store.engine import Clash, StoreAway, Unstorable

# What may stand in the address after something was not done, and leads to words; anything else is left out.
WRONG = frozenset({"away", "clash", "unknown", "why", "unreadable"})


def elsewhere(path: str) -> web.Response:
    """A page to look at after something was done: who reloads it does nothing again."""
    return web.Response(status=303, headers={"Location": path, "Cache-Control": "no-store"})


def wrong_words(look: Look, request: web.Request) -> str:
    """Why it was not done; empty: nothing is known of that."""
    why = request.query.get("salah", "")
    return look.words(f"desk.wrong.{why}") if why in WRONG else ""


def pressed(work: Page, access: Access, page: str) -> Page:
    """What may go wrong with the store, or with whoever presses, leads back to the page, or to signing in."""

    async def press(request: web.Request, session: Session) -> web.StreamResponse:
        try:
            return await work(request, session)
        except SignedOut:
            return access.stranger(request)
        except (Clash, Unstorable):
            # Nothing that the store cannot hold waits in it.
            return elsewhere(f"{page}?salah=clash")
        except (StoreAway, ReaderAway):
            return elsewhere(f"{page}?salah=away")

    return press
