"""The demo's first page: it leads to every door, and tells how to look behind them."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from gateway.demo import page_words
from gateway.demo.pages import Frame, language


def add_to(app: web.Application, frame: Frame, config_path: Path) -> None:
    """Serve it. `config_path`: what the commands are told."""

    async def show(request: web.Request) -> web.Response:
        words = page_words.LANGUAGES[language(request)]
        return frame.answer("start.html", words, lambda code: f"/?lang={code}", {"config_path": config_path})

    app.router.add_get("/", show)
