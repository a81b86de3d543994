"""`./run pause` and `./run resume`: a person stops what we do by a channel; what comes is taken all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from gateway import pausing
from gateway.assembly import make_channel
from gateway.clock import SystemClock
from gateway.commands.answer import myself
from gateway.commands.console import ConfigPath, configured, fail, in_store, work
from gateway.config import Config
from gateway.store.engine import Clash, Transaction
from gateway.store.pauses import Pause

Channel = Annotated[str, typer.Argument(help="Its name in the configuration.")]
Why = Annotated[str, typer.Option("--why", help="For whoever looks at it next.")]
By = Annotated[str, typer.Option("--by", help="Who does it. Without it: the name that you are signed in with.")]
# It learns of it at its next look (Pausing.run), and ./run health says so then.
_FOLLOWS = "A gateway that runs follows within {seconds:.0f} seconds, and ./run health says so then."


def pause(channel: Channel, config: ConfigPath = None, why: Why = "", by: By = "") -> None:
    """Send nothing by a channel and fetch nothing for it, until it is resumed; doors stay open. Example: ./run pause city-sms --why 'new number'"""
    settled = _known(config, channel)
    if not pausing.may_be(make_channel(settled, channel, SystemClock())):
        fail(f"{channel} sends nothing and fetches nothing: there is nothing to pause. Its door stays open, so that nothing is lost.", 2)
    what = Pause(by or myself(), SystemClock().now(), pausing.line(why))
    if _done(settled, lambda tx: pausing.pause(tx, channel, what)):
        typer.echo(f"{channel} is paused. What comes is kept; what should go out waits. Go on with: ./run resume {channel}")
        typer.echo(_FOLLOWS.format(seconds=settled.health.heartbeat_seconds))
    else:
        typer.echo(f"{channel} was paused before; nothing was changed.")


def resume(channel: Channel, config: ConfigPath = None, by: By = "") -> None:
    """Go on where it was paused: what waited goes out by itself. Example: ./run resume city-sms"""
    what = Pause(by or myself(), SystemClock().now(), "")
    settled = _known(config, channel)
    if _done(settled, lambda tx: pausing.resume(tx, channel, what)):
        typer.echo(f"{channel} goes on. What waited goes out by itself.")
        typer.echo(_FOLLOWS.format(seconds=settled.health.heartbeat_seconds))
    else:
        typer.echo(f"{channel} was not paused; nothing was changed.")


def _known(config: ConfigPath, channel: str) -> Config:
    settled = configured(config)
    if channel not in settled.channels:
        fail(f"There is no channel {channel}. There are: {', '.join(settled.channels) or 'none'}.", 2)
    return settled


def _done(config: Config, do: Callable[[Transaction], Awaitable[bool]]) -> bool:
    try:
        return work(in_store(config, do), asyncio.run)
    except Clash:
        # Somebody else did the same at the same moment.
        return False
