"""`./run demo`: a whole deployment on this machine, with nothing to configure: the gateway, and pages that play the citizen at each of its doors."""

from __future__ import annotations

import asyncio
import os
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
from gateway.demo.providers import HOST, Providers, free_ports, providers, site
from gateway.node import Gateway

Folder = Annotated[Path, typer.Option(help="Where the demo keeps its data; delete it to begin anew.")]
Port = Annotated[
    int, typer.Option(min=0, max=65533, help="Of the gateway's doors; the demo's pages are on the next one, operators on the one after. 0: free ones.")
]


@dataclass(frozen=True, slots=True)
class Demo:
    """What runs."""

    gateway: Gateway
    around: Providers
    # Of the page that leads to all others.
    url: str
    config_path: Path


def demo(folder: Folder = Path(".demo"), port: Port = 8080) -> None:
    """Play a citizen: a phone, a mail program and a chat in the browser, the real gateway behind them. Example: ./run demo"""
    logs.start()
    work(_demo(folder, port), asyncio.run)


async def _demo(folder: Path, port: int) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with playing(folder, port) as play:
        home = play.gateway.config.public_urls[0]
        typer.secho(f"Open this page, it leads to all doors:  {play.url}", bold=True)
        typer.echo(f"The web form is the gateway's own:      {home}/lapor")
        typer.echo(f"Where it takes SMS and mail:            {home}/in/sms/message and {HOST}:{play.around.smtp_port} (SMTP)")
        typer.echo(f"Follow a report behind it:              ./run trace NUMBER --config {play.config_path}")
        typer.echo(f"The operators' pages:                   http://{HOST}:{play.gateway.operators_port}/")
        typer.echo(f"Who may sign in there:                  ./run user add NAME --config {play.config_path}")
        typer.echo("Ctrl-C ends it.")
        await stop.wait()


@asynccontextmanager
async def playing(folder: Path, port: int) -> AsyncIterator[Demo]:
    """The demo until the block ends. Raises NoDoor when a port is taken."""
    try:
        async with _playing(folder, port) as play:
            yield play
    except server.NoDoor as error:
        raise server.NoDoor(f"{error} Free ones are found by: ./run demo --port 0") from error


@asynccontextmanager
async def _playing(folder: Path, port: int) -> AsyncIterator[Demo]:
    async with providers() as around:
        public, pages, operators = (port, port + 1, port + 2) if port else free_ports(3)
        path = _configure(folder, around, public, operators)
        async with running(load(path, os.environ)) as gateway:
            runner, _ = await server.listen(site(around, gateway.config, path), HOST, pages)
            try:
                yield Demo(gateway, around, f"http://{HOST}:{pages}/", path)
            finally:
                await runner.cleanup()


def _configure(folder: Path, around: Providers, public: int, operators: int) -> Path:
    """A configuration like anybody's, so that every command works on the demo too."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, token in (("twilio", around.twilio.auth_token), ("telegram", around.bot_api.token)):
        secret = folder / f"{name}.token"
        secret.touch(0o600)
        secret.write_text(token)
    path = folder / "gateway.toml"
    template = (Path(__file__).parent / "demo.toml").read_text(encoding="utf-8")
    path.write_text(template.format(port=public, operators_port=operators, **around.settings), encoding="utf-8")
    return path
