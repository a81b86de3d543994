"""The operators' pages, put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

from aiohttp import web

from channels import About, Limit
from channels.pages import Pages
from gateway import look
from gateway.desk.access import TONGUE, Access
from gateway.desk.acting import Acting
from gateway.desk.board import Board
from gateway.desk.channels_page import ChannelsPage
from gateway.desk.live import Live
from gateway.desk.parked_page import ParkedPage
from gateway.desk.sessions import Lifetimes, Sessions
from gateway.desk.watch import Watch
from gateway.node import Gateway
from gateway.reader import Reader

_HERE = Path(__file__).parent


class Desk:
    """For the operators' listener of one node."""

    def __init__(self, gateway: Gateway, about: About, reader: Callable[[], Reader]) -> None:
        """`reader`: a new one, to read again what was parked."""
        times = gateway.config.desk
        sessions = Sessions(gateway.store, gateway.clock, Lifetimes(timedelta(minutes=times.idle_minutes), timedelta(hours=times.session_hours)))
        pages = Pages(_HERE, about, TONGUE)
        self.watch = Watch(gateway, sessions)
        board = Board(self.watch, pages, int(gateway.clock.now().timestamp()) * 1000)
        acting = Acting(gateway, sessions)
        self._access = Access(gateway.store, gateway.clock, sessions, pages)
        self._live = Live(self.watch, board, pages, self._access)
        self._channels = ChannelsPage(self.watch, board, pages, self._access, acting)
        self._parked = ParkedPage(gateway, self.watch, pages, self._access, acting, reader)

    def add_to(self, app: web.Application) -> None:
        """Its doors."""
        self._access.add_to(app)
        app.router.add_get("/channels/events", self._live.stream)
        self._channels.add_to(app)
        self._parked.add_to(app)
        look.add_to(app)
        for name, kind in (("desk.css", "text/css"), ("desk.js", "text/javascript")):
            app.router.add_get(f"/look/{name}", look.still((_HERE / name).read_bytes(), kind))
        app.on_shutdown.append(self._end)

    def limits(self) -> Iterable[Limit]:
        """Of signing in, and of open pages."""
        return (*self._access.limits(), self._live.limit())

    async def _end(self, _app: web.Application) -> None:
        # Else who has a page open would keep the listener from closing.
        self.watch.end()
        self._access.close()
