"""How everything is right now, as the running gateway says it at its operators' listener."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from typing import Any

import typer

from gateway.commands.console import AsJson, ConfigPath, configured, fail, say_json
from gateway.config import Config
from gateway.health import OK, PAUSED, UNKNOWN
from gateway.operators import token_file

_PATIENCE_SECONDS = 15.0
# Listening on all addresses, it is here too.
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # read, not listened on
_MARKS = {OK: ("✓", None), UNKNOWN: ("?", "yellow"), PAUSED: ("‖", "yellow")}


def health(config: ConfigPath = None, as_json: AsJson = False) -> None:  # noqa: FBT002  # an option
    """Say how each channel is and what to do. Exit 0: all is well. 1: something is not. 2: nobody answers. Example: ./run health"""
    found = _asked(configured(config))
    if as_json:
        say_json(found)
    else:
        for name, direction, finding in _each(found):
            mark, colour = _MARKS.get(finding["state"], ("✗", "red"))
            typer.secho(f"{mark} {name}{'' if direction == 'all' else f' {direction}'}: {_told(finding)}", fg=colour)
    raise typer.Exit(0 if all(finding["state"] == OK for _, _, finding in _each(found)) else 1)


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
    host, port = config.listen.operators.host, config.listen.operators.port
    connection = HTTPConnection(_EVERYWHERE.get(host, host), port, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("GET", "/health/channels", headers={"Authorization": f"Bearer {_token(config)}"})
        answer = connection.getresponse()
        said = answer.read()
        if answer.status == 200:  # noqa: PLR2004  # RFC 9110, 15.3.1
            found: dict[str, Any] = json.loads(said)
            return found
        fail(f"What answers at {config.listen.operators} does not know this token. Is it a gateway with another configuration?", 2)
    except PermissionError as error:
        fail(f"{error.filename} cannot be read by who types this. Type it as the user as whom the gateway runs.", 2)
    except (OSError, HTTPException, ValueError) as error:
        fail(f"Nobody answers at {config.listen.operators} ({type(error).__name__}). Is the gateway running?", 2)
    finally:
        connection.close()


def _token(config: Config) -> str:
    if config.health.token is not None:
        return config.health.token.get_secret_value()
    return token_file(config).read_text().strip()
