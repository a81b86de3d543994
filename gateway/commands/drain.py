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

JournalPath = Annotated[Path, typer.Argument(help="The journal.db of the node that is gone (with its -wal beside it).")]


def drain(journal: JournalPath, config: ConfigPath = None) -> None:
    """Hand what is left in a dead node's journal to the store, then mark it retired. No door is opened. Example: ./run drain /mnt/old/journal.db"""
    if not journal.exists():
        fail(f"There is no file {journal}.", 2)
    settled = configured(config)
    logs.start()
    typer.echo(f"{work(_drain(settled, journal), asyncio.run)} reports handed over; the journal is retired.")


async def _drain(config: Config, journal: Path) -> int:
    async with assembled(config, journal_path=journal) as gateway:
        await gateway.intake.drain()
        return gateway.intake.filed
