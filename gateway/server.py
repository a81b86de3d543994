"""The doors that speak HTTP. One place turns a fault of ours into 503 and nonsense into 400.

Never an exception's text on the wire, never a permanent code for our own fault (law 1).
"""

from __future__ import annotations

import asyncio
import errno
import logging
import math
import socket
import zlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

import structlog
from aiohttp import web

from channels import Channel, Door, Inlet, Limit, Refused, closing
from channels.caller import ADDRESS
from gateway.cancelled import only_ours
from gateway.reading import where

_log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# How long handlers that are on their way may take when the gateway stops. Seconds.
SHUTDOWN_SECONDS = 10
# A provider's next webhook may come on the same connection; the library would wait an hour. Seconds.
KEEPALIVE_SECONDS = 75
# Connections at the same time: well below the 1024 file handles that a process usually has. Without a free handle asyncio logs megabytes a second (seen).
MAX_CONNECTIONS = 512
# And at the operators' listener: a hundred open pages (desk/live.py) and whoever comes and goes. Both together, and mail's, are fewer than the handles, so that
# whoever fills one door closes no other.
MAX_OPERATORS = 160
# Connections that may wait to be taken: while a gateway is started again, systemd holds them (docs/systemd/no-wrong-door.socket).
BACKLOG = 512
# Of what an operator posts.
_PRIVATE_BYTES = 64 * 1024
# Connections on which a request is being answered.
_BUSY: set[object] = set()
# The library logs each malformed request of a stranger with a traceback and the stranger's words. Faults of ours are logged by _whose_fault.
_SILENT = logging.getLogger("gateway.malformed_requests")
_SILENT.setLevel(logging.CRITICAL + 1)
# What aiohttp raises while a body comes that nobody could read. What a door makes of the bytes is the door's own: a ValueError here may be a fault of ours.
_NONSENSE = (zlib.error, web.RequestPayloadError)


def public(ways: Iterable[tuple[Channel, Inlet]], trusted_proxies: Sequence[str] = ()) -> web.Application:
    """Citizens', providers' and agencies' doors, and nothing else. Each request knows who called, as far as proxies of ours say so."""
    app = web.Application(middlewares=[_whose_fault, _who_calls(trusted_proxies)], handler_args={"access_log": None})
    for channel, inlet in ways:
        for door in channel.routes(inlet):
            app.router.add_route(door.method, path(channel.name, door), door.handler)
            if door.method == "GET":
                # As a monitor asks.
                app.router.add_route("HEAD", path(channel.name, door), door.handler)
    return app


def private(trusted_proxies: Sequence[str] = ()) -> web.Application:
    """For operators: nothing in it yet, and no body that is larger than their forms."""
    handling = [_whose_fault, _who_calls(trusted_proxies)]
    return web.Application(middlewares=handling, client_max_size=_PRIVATE_BYTES, handler_args={"access_log": None})


def path(channel: str, door: Door) -> str:
    """Where a door stands."""
    return door.path if door.path.startswith("/") else f"/in/{channel}/{door.path}"


def _who_calls(trusted_proxies: Sequence[str]) -> Any:  # noqa: ANN401  # aiohttp keeps the type of a middleware to itself
    networks = [ip_network(one) for one in trusted_proxies]

    @lru_cache(maxsize=1024)
    def trusted(address: str) -> bool:
        try:
            ip = ip_address(address)
        except ValueError:
            return False
        return any(ip in network for network in networks)

    @web.middleware
    async def told(request: web.Request, handler: Handler) -> web.StreamResponse:
        address = request.remote or ""
        # From the nearest on: the first that is no proxy of ours. What stands before it, anybody may have written (RFC 7239, section 8.1).
        for said in reversed(",".join(request.headers.getall("X-Forwarded-For", [])).split(",")):
            if not trusted(address) or not said.strip():
                break
            address = _without_port(said.strip()[:64])
        request[ADDRESS] = address
        return await handler(request)

    return told


def _without_port(address: str) -> str:
    """Some proxies tell the port as well.

    >>> _without_port("203.0.113.9:5123"), _without_port("[2001:db8::1]:443"), _without_port("2001:db8::1")
    ('203.0.113.9', '2001:db8::1', '2001:db8::1')
    """
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address


@web.middleware
async def _whose_fault(request: web.Request, handler: Handler) -> web.StreamResponse:
    _BUSY.add(request.protocol)
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
        # Which door, not what was asked of it: a private link is a secret.
        resource = request.match_info.route.resource
        _log.error("a door failed", path=resource.canonical if resource else "", error=where(error))
        return _later(30)
    finally:
        _BUSY.discard(request.protocol)


def _later(seconds: int) -> web.Response:
    return web.Response(status=503, text="Not now. Please send it again later.\n", headers={"Retry-After": str(seconds)})


class Site(web.TCPSite):
    """Leaves nobody in the doorway when it stops."""

    async def stop(self) -> None:
        """As TCPSite; whoever was let in is there to be answered, or sent home."""
        if isinstance(self._server, asyncio.Server):
            await closing.close(self._server)
        await super().stop()


class _Site(Site):
    """Where there is no room, who has been silent longest makes room for who comes: HTTP has no time-out before the first request, and aiohttp none either."""

    # How many had to make room.
    turned_away = 0
    # At the same time.
    most = 0
    # A socket that listens already; None: one of our own is opened.
    door: socket.socket | None = None

    async def start(self) -> None:
        """As TCPSite, through _protocol."""
        await web.BaseSite.start(self)
        loop = asyncio.get_running_loop()
        if self.door is not None:
            self._server = await loop.create_server(self._protocol, sock=self.door, backlog=self._backlog)
        else:
            self._server = await loop.create_server(self._protocol, self._host, self._port, backlog=self._backlog)

    def _protocol(self) -> asyncio.BaseProtocol:
        server = self._runner.server
        assert server is not None  # noqa: S101  # set up by listen()
        # One that was closed already has no transport any more, but is listed until the loop's next turn.
        there = [one for one in server.connections if one.transport is not None]
        # Silent ones first, and of each sort the oldest.
        there.sort(key=_BUSY.__contains__)
        for one in there[: max(0, len(there) - self.most + 1)]:
            self.turned_away += 1
            one.force_close()
        return server()


class NoDoor(OSError):
    """A door of ours could not be opened; its text says which one, and what to do."""


def _no_door(host: str, port: int, error: OSError) -> str:
    where = f"{host}:{port}"
    if error.errno == errno.EADDRINUSE:
        return f"{where} is taken: another program listens there, perhaps a gateway that runs already. Stop it, or choose another port."
    if error.errno == errno.EACCES:
        return f"{where} may not be opened by this user: ports below 1024 are the system's. Choose one above (listen in the configuration)."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{where} is no address of this machine. 127.0.0.1 always is; 0.0.0.0 means all of its addresses (listen in the configuration)."
    return f"{where} cannot be opened: {error.strerror or error}."


async def listen(app: web.Application, host: str, port: int, door: socket.socket | None = None, most: int | None = None) -> tuple[web.AppRunner, int]:
    """Open it, or take the `door` that listens already; the runner (to be cleaned up by the caller) and the port, which the system chose if 0 was asked.

    `most`: connections at the same time; None: MAX_CONNECTIONS. Raises NoDoor.
    """
    runner = web.AppRunner(app, access_log=None, logger=_SILENT, keepalive_timeout=KEEPALIVE_SECONDS, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    site = _Site(runner, host, port, backlog=BACKLOG)
    site.door, site.most = door, most or MAX_CONNECTIONS
    try:
        await site.start()
    except OSError as error:
        await runner.cleanup()
        raise NoDoor(_no_door(host, port, error)) from error
    bound: tuple[str, int] = runner.addresses[0]
    return runner, bound[1]


def address(host: str, port: int) -> str:
    """Where this machine reaches what listens there itself.

    >>> address("0.0.0.0", 8080), address("::1", 80), address("10.0.0.4", 80)
    ('http://127.0.0.1:8080', 'http://[::1]:80', 'http://10.0.0.4:80')
    """
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # read, not listened on
    return f"http://[{here}]:{port}" if ":" in here else f"http://{here}:{port}"


def connections(runner: web.AppRunner) -> Limit:
    """Of what listen() opened: how many there are now, and how many had to make room."""
    used = len(runner.server.connections) if runner.server else 0
    sites = [site for site in runner.sites if isinstance(site, _Site)]
    return Limit("connections", max(site.most for site in sites), used, sum(site.turned_away for site in sites))
