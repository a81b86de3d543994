"""`./run demo`: a whole deployment on this machine, with nothing to configure: the gateway, a simulated Twilio, and a phone in the browser."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from gateway import logs, server
from gateway.assembly import running
from gateway.commands.console import work
from gateway.config import load
from gateway.demo.phone import pages
from gateway.demo.twilio import Twilio
from gateway.node import Gateway

_HOST = "127.0.0.1"
_ACCOUNT = "AC" + "0" * 32

Folder = Annotated[Path, typer.Option(help="Where the demo keeps its data; delete it to begin anew.")]
Port = Annotated[int, typer.Option(help="Of the gateway's doors; the phone's page is on the next one.")]


@dataclass(frozen=True, slots=True)
class Demo:
    """What runs."""

    gateway: Gateway
    twilio: Twilio
    # The page that plays a phone.
    phone_url: str
    config_path: Path


def demo(folder: Folder = Path(".demo"), port: Port = 8080) -> None:
    """Play a citizen: a phone in the browser, the real gateway behind it. Example: ./run demo"""
    logs.start()
    work(_demo(folder, port), asyncio.run)


async def _demo(folder: Path, port: int) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with playing(folder, port) as play:
        typer.secho(f"Open this page, it is a phone:   {play.phone_url}", bold=True)
        typer.echo(f"And this one is the web form:    {play.gateway.config.public_urls[0]}/lapor")
        typer.echo(f"The gateway's door for SMS:      {play.gateway.config.public_urls[0]}/in/sms/message")
        typer.echo(f"Follow a report behind it:       ./run trace NUMBER --config {play.config_path}")
        typer.echo("Ctrl-C ends it.")
        await stop.wait()


@asynccontextmanager
async def playing(folder: Path, port: int) -> AsyncIterator[Demo]:
    """The demo until the block ends. Raises OSError when a port is taken."""
    twilio = Twilio(_ACCOUNT, secrets.token_hex(16))
    async with twilio.serve() as api_base:
        path = _configure(folder, port, twilio.auth_token, api_base)
        async with running(load(path, os.environ)) as gateway:
            doors = [f"{url}/in/sms/message" for url in gateway.config.public_urls]
            runner, phone_port = await server.listen(pages(twilio, doors, ["1708"], form_url=f"{gateway.config.public_urls[0]}/lapor"), _HOST, port + 1)
            try:
                yield Demo(gateway, twilio, f"http://{_HOST}:{phone_port}/", path)
            finally:
                await runner.cleanup()


def _configure(folder: Path, port: int, token: str, api_base: str) -> Path:
    """A configuration like anybody's, so that every command works on the demo too."""
    folder.mkdir(parents=True, exist_ok=True)
    secret = folder / "twilio.token"
    secret.touch(0o600)
    secret.write_text(token)
    path = folder / "gateway.toml"
    template = (Path(__file__).parent / "demo.toml").read_text(encoding="utf-8")
    path.write_text(
        template.format(public_url=f"http://{_HOST}:{port}", port=port, operators_port=port + 2 if port else 0, account_sid=_ACCOUNT, api_base=api_base),
        encoding="utf-8",
    )
    return path
