"""Open the doors and work until told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

import structlog

from gateway import logs, memory, systemd
from gateway.assembly import running
from gateway.clock import Clock
from gateway.commands.console import ConfigPath, configured, work
from gateway.config import Config

_log = structlog.get_logger(__name__)

# Whatever hangs at the end, hangs no longer than this. Nothing is lost by it: what was accepted is on disk. Less than systemd or Docker wait before they kill.
LAST_RESORT_SECONDS = 25


def serve(config: ConfigPath = None) -> None:
    """Run the gateway until Ctrl-C or SIGTERM. Example: ./run serve --config gateway.toml"""
    settled = configured(config)
    logs.start()
    work(until_told(settled), asyncio.run)


async def until_told(config: Config, clock: Clock | None = None) -> None:
    """A whole node, until Ctrl-C or SIGTERM; with another clock than the machine's, if one is handed in."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with running(config, clock) as gateway:
        alive = asyncio.create_task(systemd.still_alive())
        where = {"host": config.listen.public.host, "port": gateway.port, "operators_port": gateway.operators_port}
        _log.info("open", **where, channels=list(gateway.channels), journal=gateway.journal.id)
        memory.settle()
        systemd.tell("READY=1")
        await stop.wait()
        systemd.tell("STOPPING=1")
        _log.info("stopping")
        alive.cancel()
        _end_at_last()


def _end_at_last() -> None:
    """A daemon thread, because the loop itself may be what hangs."""

    def end() -> None:
        _log.error("stopping took too long and is ended; nothing that was accepted is lost", seconds=LAST_RESORT_SECONDS)
        os._exit(1)

    timer = threading.Timer(LAST_RESORT_SECONDS, end)
    timer.daemon = True
    timer.start()
