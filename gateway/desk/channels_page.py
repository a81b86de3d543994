"""The channels page, and what its buttons do."""

from __future__ import annotations

from aiohttp import web

from channels import caller
from channels.pages import Look, Pages
from gateway.desk import telling
from gateway.desk.access import Access, form
from gateway.desk.acting import WHAT, Acting
from gateway.desk.answers import elsewhere, pressed, wrong_words
from gateway.desk.board import Board
from gateway.desk.watch import Watch
from gateway.store.desk import Session

PATH = "/channels"


class ChannelsPage:
    """For operators."""

    def __init__(self, watch: Watch, board: Board, pages: Pages, access: Access, acting: Acting) -> None:
        self._watch = watch
        self._board = board
        self._pages = pages
        self._access = access
        self._acting = acting

    def add_to(self, app: web.Application) -> None:
        """Its doors."""
        app.router.add_get("/", self._access.page(self._home))
        app.router.add_get(PATH, self._access.page(self._show))
        app.router.add_post(f"{PATH}/{{channel}}/{{what}}", self._access.page(pressed(self._act, self._access, PATH)))

    async def _home(self, _request: web.Request, _session: Session) -> web.StreamResponse:
        return elsewhere(PATH)

    async def _show(self, request: web.Request, session: Session) -> web.StreamResponse:
        await self._watch.wake()
        look = self._pages.look(request)
        parts = self._board.parts(look)
        shown = {
            "who": session.person,
            "picture": self._watch.picture,
            "tell": telling,
            "signs": telling.SIGNS,
            "parts": {name: html for name, (_, html) in parts.items()},
            "version": self._board.version,
            "done": self._done(look, request),
            "wrong": wrong_words(look, request),
        }
        return self._pages.answer("channels.html", look, shown)

    def _done(self, look: Look, request: web.Request) -> str:
        what, channel = request.query.get("selesai", ""), request.query.get("kanal", "")
        known = {card.name for card in self._watch.picture.cards}
        return look.words(f"desk.done.{what}", channel=channel) if what in WHAT and channel in known else ""

    async def _act(self, request: web.Request, session: Session) -> web.StreamResponse:
        channel, what = request.match_info["channel"], request.match_info["what"]
        if what not in WHAT or channel not in {card.name for card in self._watch.picture.cards}:
            return elsewhere(f"{PATH}?salah=unknown")
        await self._acting.on_channel(session, what, channel, (await form(request)).get("why", ""), caller.address(request))
        await self._watch.look()
        return elsewhere(f"{PATH}?selesai={what}&kanal={channel}#kanal-{channel}")
