"""Bring a dead node's journal home."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from gateway import logs
from gateway.assembly import assembled
from gateway.commands.console import ConfigPath, configured, fail, work
from gateway.config import Config
from gateway.journal_file import snapshot

JournalPath = Annotated[Path, typer.Argument(help="The journal.db of the node that is gone (with its -wal beside it).")]


def drain(journal: JournalPath, config: ConfigPath = None) -> None:
    """Hand what is left in a dead node's journal to the store, then mark it retired. No door is opened. Example: ./run drain /mnt/old/journal.db"""
    if not journal.exists():
        fail(f"There is no file {journal}.", 2)
    settled = configured(config)
    logs.start()
    typer.echo(f"{work(bring_home(settled, journal), asyncio.run)} reports handed over; the journal is retired.")


async def bring_home(config: Config, journal: Path) -> int:
    """How many reports were handed over. Raises JournalUnusable, StoreAway, StoreRefuses."""
    async with assembled(config, journal_path=journal) as gateway:
        if _is_twin(config.data_dir / "journal.db", journal, gateway.journal.id):
            # This node was restored from a backup and works on under the same name: by now its row numbers mean other reports.
            await gateway.journal.renew()
        await gateway.intake.drain()
        return gateway.intake.tally.filed


def _is_twin(own: Path, other: Path, name: str) -> bool:
    return own.exists() and not own.samefile(other) and snapshot(own).id == name
