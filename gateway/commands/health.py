"""How everything is right now, as the running gateway says it at its operators' listener."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import typer

from gateway.commands.console import AsJson, ConfigPath, configured, say_json
from gateway.commands.running import asked
from gateway.config import Config
from gateway.health import OK, PAUSED, UNKNOWN

_MARKS = {OK: ("✓", None), UNKNOWN: ("?", "yellow"), PAUSED: ("‖", "yellow")}
# A person decided it: no alarm.
_WELL = {OK, PAUSED}


def health(config: ConfigPath = None, as_json: AsJson = False) -> None:  # noqa: FBT002  # an option
    """Say how each channel is and what to do. Exit 0: all is well. 1: something is not. 2: nobody answers. Example: ./run health"""
    found = _asked(configured(config))
    if as_json:
        say_json(found)
    else:
        for name, direction, finding in _each(found):
            mark, colour = _MARKS.get(finding["state"], ("✗", "red"))
            typer.secho(f"{mark} {name}{'' if direction == 'all' else f' {direction}'}: {_told(finding)}", fg=colour)
    raise typer.Exit(0 if all(finding["state"] in _WELL for _, _, finding in _each(found)) else 1)


def _each(found: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, directions in found["parts"].items():
        for direction, finding in directions.items():
            yield name, direction, finding


def _told(finding: dict[str, Any]) -> str:
    if finding["state"] == OK:
        return str(finding["sentence"])
    since = datetime.fromisoformat(finding["since"])
    return f"{finding['sentence']} ({finding['state']}: {finding['type']}, since {since:%Y-%m-%d %H:%M} UTC)"


def _asked(config: Config) -> dict[str, Any]:
    with asked(config, "GET", "/health/channels") as answer:
        said: dict[str, Any] = json.loads(answer.read())
        return said
