"""Copy everything that would be missed, while the gateway works."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from gateway import config as configuration
from gateway.backup import Backup, NoBackup, back_up
from gateway.commands.console import AsJson, ConfigPath, configured, fail, say_json, work
from gateway.reconcile import OK
from gateway.store.dump import NoDump

Folder = Annotated[Path, typer.Argument(help="A folder that is not there yet; it appears once it is whole.")]
WithoutStore = Annotated[bool, typer.Option("--without-store", help="Leave the store out: you copy it by its own means, after this.")]
WithoutFiles = Annotated[bool, typer.Option("--without-files", help="Leave data/blobs out: you copy that folder yourself, after this and after the store.")]


def backup(
    folder: Folder,
    config: ConfigPath = None,
    without_store: WithoutStore = False,  # noqa: FBT002  # an option
    without_files: WithoutFiles = False,  # noqa: FBT002  # an option
    as_json: AsJson = False,  # noqa: FBT002  # an option
) -> None:
    """Copy journal, store, files, key and configuration, and prove that nothing is missing. Example: ./run backup /var/backups/no-wrong-door/monday"""
    settled = configured(config)
    path = configuration.find(config, os.environ)
    try:
        made = work(back_up(settled, path, folder, store=not without_store, files=not without_files), asyncio.run)
    except (NoBackup, NoDump) as none:
        fail(str(none), 2)
    if as_json:
        say_json(made)
    else:
        for line, ok in _told(made, folder):
            typer.secho(f"{'✓' if ok else '✗'} {line}", fg=None if ok else "red")
    raise typer.Exit(0 if _whole(made) else 1)


def _whole(made: Backup) -> bool:
    return not made.broken and (made.books is None or made.books.verdict == OK)


def _told(made: Backup, folder: Path) -> list[tuple[str, bool]]:
    books = made.books
    if books is None:
        lines = [(f"journal: {made.waiting} reports wait in it; the store is not compared", True)]
    else:
        sums = f"{books.accepted} accepted = {books.stored} in the store + {books.waiting} in the journal"
        lines = [(f"reports: {sums}", books.verdict == OK)]
    lines.append((f"files: {made.files} copied", True))
    lines += [(f"file {digest} is missing or damaged. Look for it in an older backup.", False) for digest in made.broken]
    return [*lines, (f"{folder} holds citizens' words and the deployment key: keep it where only you can read it, and not only on this machine.", True)]
