"""The operators' listener: is it alive, could it accept, how is each channel, and all measurements. Loopback by default, and by token."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from aiohttp import web

from gateway.clock import Clock
from gateway.config import Config
from gateway.health import DOWN, Condition
from gateway.metrics import Metrics
from gateway.missed import Missed
from gateway.missed_door import MissedDoor
from gateway.monitor import Monitor


class Operators:
    """Its pages."""

    def __init__(self, monitor: Monitor, metrics: Metrics, missed: Missed, clock: Clock, token: str) -> None:
        self._monitor = monitor
        self._metrics = metrics
        self._missed = MissedDoor(missed, self._insist)
        self._clock = clock
        self._token = token

    def add_to(self, app: web.Application) -> None:
        """For a listener of its own."""
        app.router.add_get("/health/live", self._live)
        app.router.add_get("/health/ready", self._ready)
        app.router.add_get("/health/channels", self._channels)
        app.router.add_get("/health/readings", self._readings)
        app.router.add_get("/metrics", self._all)
        self._missed.add_to(app)

    async def _live(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _ready(self, request: web.Request) -> web.Response:
        why = await self._monitor.ready()
        # Whoever has no token learns whether, not why.
        return web.Response(status=503 if why else 200, text=(f"{why}\n" if self._known(request) else "not ready\n") if why else "ready\n")

    async def _channels(self, request: web.Request) -> web.Response:
        self._insist(request)
        board, counted = self._monitor.board, self._clock.counted()
        found = board.look(counted)
        channels: dict[str, dict[str, object]] = {}
        for (name, direction), condition in found.items():
            more = {component: _shown(one) for component, one in board.components(name, direction, counted).items() if component}
            channels.setdefault(name, {})[direction or "all"] = _shown(condition) | ({"components": more} if more else {})
        # For a monitor that understands nothing but a status.
        strict = request.query.get("strict") == "1" and any(condition.finding.state == DOWN for condition in found.values())
        return web.json_response({"at": self._clock.now().isoformat(), "parts": channels}, status=503 if strict else 200)

    async def _readings(self, request: web.Request) -> web.Response:
        self._insist(request)
        return web.json_response({"at": self._clock.now().isoformat(), "channels": self._metrics.readings()})

    async def _all(self, request: web.Request) -> web.Response:
        self._insist(request)
        return web.Response(body=self._metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    def _known(self, request: web.Request) -> bool:
        return hmac.compare_digest(request.headers.get("Authorization", "").encode("utf-8", "replace"), f"Bearer {self._token}".encode())

    def _insist(self, request: web.Request) -> None:
        if not self._known(request):
            raise web.HTTPUnauthorized(text="Show the operators' token: Authorization: Bearer ...\n", headers={"WWW-Authenticate": "Bearer"})


def _shown(condition: Condition) -> dict[str, object]:
    finding = condition.finding
    times = {
        "since": condition.since,
        # When a message last came or went; when somebody last looked; when all was found well.
        "last": finding.last_at,
        "last_attempt": condition.looked_at,
        "last_success": condition.succeeded_at,
    }
    said = {"state": finding.state, "type": finding.kind, "sentence": finding.sentence}
    return said | {name: at.isoformat() if at else None for name, at in times.items()}


def token(config: Config) -> str:
    """What is configured, else what was made at the first start."""
    if config.health.token is not None:
        return config.health.token.get_secret_value()
    file = token_file(config)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as new:
            new.write(secrets.token_urlsafe(32))
    return file.read_text().strip()


def token_file(config: Config) -> Path:
    """Where it is, if it was made here."""
    return config.data_dir / "operators.token"
