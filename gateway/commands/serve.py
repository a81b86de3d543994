"""Open the doors and work until told to stop."""

from __future__ import annotations

import asyncio
import signal

import structlog

from gateway import logs
from gateway.assembly import running
from gateway.commands.console import ConfigPath, configured, work
from gateway.config import Config

_log = structlog.get_logger(__name__)


def serve(config: ConfigPath = None) -> None:
    """Run the gateway until Ctrl-C or SIGTERM. Example: ./run serve --config gateway.toml"""
    settled = configured(config)
    logs.start()
    work(_serve(settled), asyncio.run)


async def _serve(config: Config) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with running(config) as gateway:
        _log.info("open", host=config.listen.public.host, port=gateway.port, channels=list(gateway.channels), journal=gateway.journal.id)
        await stop.wait()
        _log.info("stopping")
