"""`./run reconcile CHANNEL`: the gateway that runs asks a provider for what never arrived, and takes it in."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import HTTPResponse
from typing import Any, NoReturn
from urllib.parse import quote, urlencode

import typer

from gateway.commands.console import fail, say_json
from gateway.commands.running import asked
from gateway.config import Config
from gateway.since import NoMoment, moment

# Pages of a list may come slowly, and a provider may want pauses between them.
_PATIENCE_SECONDS = 300.0


def ask(config: Config, channel: str, since: str | None, *, as_json: bool) -> NoReturn:
    """Exit 0: all that the provider lists is here. 1: it could not be had. 2: not asked rightly, or the gateway does not run."""
    name, begin = _named(config, channel), _since(config, since)
    path = f"/reconcile/{quote(name)}" + (f"?{urlencode({'since': begin.isoformat()})}" if begin else "")
    with asked(config, "POST", path, _PATIENCE_SECONDS) as answer:
        last = _last(answer, name)
    if last is None:
        fail("The gateway was ended in the middle. Start it and ask again: nothing comes twice.", 2)
    if as_json:
        say_json(last)
    elif "failed" not in last:
        typer.secho(_told(last), fg="green" if last["ok"] else "red")
    if "failed" in last and not as_json:
        fail(f"✗ {name}: {last['failed']} {_TO_DO.get(last['kind'], _TO_DO['provider'])}")
    raise typer.Exit(0 if last.get("ok") else 1)


_TO_DO = {
    "auth": "Correct it in the configuration, restart the gateway, and ask again.",
    "ours": "Mend that and ask again: nothing comes twice.",
    "provider": "Ask again later: nothing comes twice.",
}


def _last(answer: HTTPResponse, name: str) -> dict[str, Any] | None:
    """The last word; None: it broke off before."""
    if answer.status == 404:  # noqa: PLR2004  # RFC 9110, 15.5.5
        fail(f"The gateway that runs does not know {name}, or is an older one: restart it.", 2)
    if answer.status != 200:  # noqa: PLR2004  # RFC 9110, 15.3.1
        fail(f"The gateway that runs answered {answer.status}: {answer.read(200).decode(errors='replace').strip()}", 2)
    for line in _lines(answer):
        if line.get("done") or "failed" in line:
            return line
        if sys.stderr.isatty():
            typer.echo(f"{line['taken']} taken in …", err=True)
    return None


def _lines(answer: HTTPResponse) -> Iterator[dict[str, Any]]:
    try:
        while line := answer.readline():
            yield json.loads(line)
    except (OSError, ValueError):
        # Broken off in the middle.
        return


def _told(found: dict[str, Any]) -> str:
    mark = "✓" if found["ok"] else "✗"
    if found["sentence"]:
        return f"{mark} {found['channel']}: {found['sentence']}"
    since = datetime.fromisoformat(found["since"])
    return f"{mark} {found['channel']}: {found['taken']} taken in that had never arrived, {found['known']} were here (since {since:%Y-%m-%d %H:%M} UTC)"


def _named(config: Config, said: str) -> str:
    """A channel by its name, or by its kind ("twilio"), where only one is meant."""
    if said in config.channels:
        return said
    meant = [name for name, block in config.channels.items() if said in {block.kind, block.kind.partition("-")[0]}]
    if len(meant) != 1:
        fail(f"Which of them: {', '.join(meant)}?" if meant else f"There is no channel {said}; there are: {', '.join(config.channels)}.", 2)
    return meant[0]


def _since(config: Config, text: str | None) -> datetime | None:
    try:
        return moment(text, datetime.now(UTC), config.zone) if text else None
    except NoMoment as error:
        fail(f"--since: {error}", 2)
