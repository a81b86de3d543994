"""The doors that speak HTTP. One place turns a fault of ours into 503 and nonsense into 400.

Never an exception's text on the wire, never a permanent code for our own fault (law 1).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Awaitable, Callable, Iterable

import structlog
from aiohttp import web

from channels import Channel, Door, Inlet, Refused
from gateway.cancelled import only_ours
from gateway.reading import where

_log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# How long handlers that are on their way may take when the gateway stops. Seconds.
SHUTDOWN_SECONDS = 10
# What aiohttp raises while a body comes that nobody could read. What a door makes of the bytes is the door's own: a ValueError here may be a fault of ours.
_NONSENSE = (zlib.error, web.RequestPayloadError)


def public(ways: Iterable[tuple[Channel, Inlet]]) -> web.Application:
    """Citizens', providers' and agencies' doors, and nothing else."""
    app = web.Application(middlewares=[_whose_fault], handler_args={"access_log": None})
    for channel, inlet in ways:
        for door in channel.routes(inlet):
            app.router.add_route(door.method, path(channel.name, door), door.handler)
    return app


def path(channel: str, door: Door) -> str:
    """Where a door stands."""
    return door.path if door.path.startswith("/") else f"/in/{channel}/{door.path}"


@web.middleware
async def _whose_fault(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        with only_ours():
            return await handler(request)
    except web.HTTPException:
        raise
    except Refused as refused:
        return _later(math.ceil(refused.retry_after.total_seconds()))
    except _NONSENSE:
        return web.Response(status=400, text="This request could not be read.\n")
    except Exception as error:  # noqa: BLE001  # our own fault, whatever it is: the other side shall come again
        _log.error("a door failed", path=request.path, error=where(error))
        return _later(30)


def _later(seconds: int) -> web.Response:
    return web.Response(status=503, text="Not now. Please send it again later.\n", headers={"Retry-After": str(seconds)})


async def listen(app: web.Application, host: str, port: int) -> tuple[web.AppRunner, int]:
    """Open it; the runner (to be cleaned up by the caller) and the port, which the system chose if 0 was asked."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    site = web.TCPSite(runner, host, port, backlog=1024)
    await site.start()
    bound: tuple[str, int] = runner.addresses[0]
    return runner, bound[1]
