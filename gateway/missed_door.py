"""The operators' way to Missed, for the command `reconcile CHANNEL`: the answer is a line of JSON for each piece of the work, and one for its end."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime

from aiohttp import web

from channels import Refused, SendFailed
from gateway.missed import Found, Missed
from gateway.store.engine import StoreAway

# Where it stands; the command speaks to it.
PATH = "/reconcile/{channel}"


class MissedDoor:
    """Of one node."""

    def __init__(self, missed: Missed, insist: Callable[[web.Request], None]) -> None:
        """`insist`: raises for whoever is no operator."""
        self._missed = missed
        self._insist = insist

    def add_to(self, app: web.Application) -> None:
        """On the operators' listener."""
        app.router.add_post(PATH, self._ask)

    async def _ask(self, request: web.Request) -> web.StreamResponse:
        self._insist(request)
        name, since = request.match_info["channel"], request.query.get("since")
        if name not in self._missed.names:
            return web.Response(status=404, text="There is no such channel.\n")
        try:
            begin = datetime.fromisoformat(since) if since else None
        except ValueError:
            return web.Response(status=400, text="since: a date and time with its zone (ISO 8601).\n")
        if begin is not None and begin.tzinfo is None:
            return web.Response(status=400, text="since: a date and time with its zone (ISO 8601).\n")
        answer = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await answer.prepare(request)

        async def tell(line: dict[str, object]) -> None:
            # Whoever asked may have gone away; what was begun is done all the same.
            with suppress(ConnectionError):
                await answer.write(json.dumps(line, default=str).encode() + b"\n")

        async def told(found: Found) -> None:
            await tell(_line(found, done=False))

        try:
            await tell(_line(await self._missed.ask(name, begin, told), done=True))
        except (SendFailed, Refused, StoreAway) as failed:
            kind = failed.kind if isinstance(failed, SendFailed) else "ours"
            await tell({"failed": str(failed), "kind": kind or "provider"})
        return answer


def _line(found: Found, *, done: bool) -> dict[str, object]:
    return {"done": done, **asdict(found), "since": found.since.isoformat()}
