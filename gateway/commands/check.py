"""Is the configuration right, and what does each provider say of itself?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import typer

from channels import Checked
from gateway.assembly import make_channel
from gateway.clock import SystemClock
from gateway.commands.console import AsJson, ConfigPath, configured, say_json, store_of
from gateway.commands.regions import not_a_region, unknown_regions
from gateway.config import Config
from gateway.store.engine import StoreAway

# One side that hangs must not hide what the others say. Seconds.
_PATIENCE_SECONDS = 15
# What was wrong a while ago, and need not be any more: it is shown, and is no mistake of the configuration.
_PAST = frozenset({"warned"})
# Everybody begins so.
_NONE_YET = "none yet"
_NO_MISTAKE = _PAST | {_NONE_YET}
_MARKS = {(True, False): ("✓", "green"), (True, True): ("✓", "green"), (False, True): ("!", "yellow"), (False, False): ("✗", "red")}


def check(config: ConfigPath = None, as_json: AsJson = False) -> None:  # noqa: FBT002  # an option
    """Tell every mistake of the file at once, then reach the store and each provider. Example: ./run check"""
    said = asyncio.run(_ask(configured(config)))
    if as_json:
        say_json(said)
    else:
        for name, checked in said.items():
            mark, colour = _MARKS[checked.ok, checked.kind in _NO_MISTAKE]
            typer.secho(f"{mark} {name}: {checked.sentence}", fg=colour)
    raise typer.Exit(0 if all(checked.ok or checked.kind in _NO_MISTAKE for checked in said.values()) else 1)


async def _ask(config: Config) -> dict[str, Checked]:
    names = list(config.channels)
    channels = [make_channel(config, name, SystemClock()) for name in names]
    try:
        asked = [*(channel.check for channel in channels), *(channel.check_in for channel in channels)]
        answers = await asyncio.gather(_store(config), *map(_side, asked))
    finally:
        for channel in channels:
            await channel.close()
    said = dict(zip(["store", *names, *(f"{name} in" for name in names)], answers, strict=True)) | _of_the_file(config)
    # Where others come to us, there is nobody to ask.
    return {name: checked for name, checked in said.items() if checked.sentence}


def _of_the_file(config: Config) -> dict[str, Checked]:
    """What is written as it should be and still leads nowhere."""
    found = {name: Checked(ok=False, sentence=f"{not_a_region(code)}.") for name, code in unknown_regions(config).items()}
    if not config.channels:
        found["channels"] = Checked(ok=False, sentence="There are none yet: nobody can write. gateway.example.toml shows one of each kind.", kind=_NONE_YET)
    return found


async def _side(ask: Callable[[], Awaitable[Checked]]) -> Checked:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await ask()
    except TimeoutError:
        return Checked(ok=False, sentence=f"Nobody answered within {_PATIENCE_SECONDS} seconds.")


async def _store(config: Config) -> Checked:
    store = store_of(config)
    try:
        async with store.transaction():
            return Checked(ok=True, sentence="It answers.")
    except StoreAway as away:
        return Checked(ok=False, sentence=f"{away} Reports are accepted all the same, and wait in the journal.")
    finally:
        await store.close()
