"""What is understood of a mail that lies in a file: for operators who wonder, and for measuring."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from channels.kinds import SHOWN
from gateway.assembly import resolve
from gateway.commands.console import fail

Paths = Annotated[list[Path] | None, typer.Argument(metavar="FILE...", help="Mails as they travel (RFC 5322), a file each.")]
FromStdin = Annotated[bool, typer.Option("--stdin", help="The files' names come on standard input, a line each.")]


def read_mail(paths: Paths = None, stdin: FromStdin = False) -> None:  # noqa: FBT002  # an option
    """One JSON object a mail, a line each: what it says, and whether it may be acknowledged. Example: ./run read-mail surat.eml"""
    if not paths and not stdin:
        fail("Which mail? Name a file, or give names with --stdin.", code=2)
    unread = 0
    for path in (*(paths or ()), *(_named() if stdin else ())):
        said = _read(path)
        unread += "error" in said
        # ASCII only: what strangers wrote obeys no terminal, and is still the same to a program.
        typer.echo(json.dumps(said, ensure_ascii=True))
    raise typer.Exit(1 if unread else 0)


def _named() -> Iterable[Path]:
    return (Path(line.rstrip("\n")) for line in sys.stdin if line.strip())


def _read(path: Path) -> Mapping[str, object]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        return {"error": f"{path}: {error.strerror}"}
    said: Mapping[str, object] = resolve(SHOWN["mail"])(raw)
    return said
