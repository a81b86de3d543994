"""Texts that are given to a command: one as an argument, or a line each on standard input."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway import config as configuration
from gateway.commands.console import configured, fail
from gateway.config import Config
from normalizer import Complaint, Report, Setting
from normalizer import normalize as understood

Text = Annotated[str | None, typer.Argument(help="What a citizen wrote.")]
FromStdin = Annotated[bool, typer.Option("--stdin", help="Texts come on standard input, a line each: plain, or a JSON string. An object a line comes back.")]
ConfigIfAny = Annotated[
    Path | None, typer.Option("--config", help="The configuration file. Without it: $NO_WRONG_DOOR_CONFIG, else ./gateway.toml, if it is there.")
]


def texts(text: str | None, *, stdin: bool) -> Iterator[str]:
    """Each of them, as it was meant."""
    if stdin:
        yield from map(_meant, sys.stdin)
    elif text is None:
        fail("Which text? Give it in quotes, or texts with --stdin.", code=2)
    else:
        yield text


def configured_if_any(option: Path | None) -> Config | None:
    """The deployment's configuration. None: none was named and none lies here."""
    path = configuration.find(option, os.environ)
    return configured(option) if option or path.exists() else None


def read(text: str, setting: Setting) -> Complaint:
    """As if it had come by a channel just now."""
    return understood(Report(None, text, datetime.now(UTC)), setting)


def _meant(line: str) -> str:
    r"""A line's text; in quotes it is JSON, so that it may hold several lines.

    >>> _meant('"jalan\\nrusak"\n'), _meant('"jalan" rusak\n')
    ('jalan\nrusak', '"jalan" rusak')
    """
    line = line.rstrip("\n")
    if line.startswith('"'):
        try:
            return str(json.loads(line))
        except ValueError:
            return line
    return line
