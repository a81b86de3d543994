"""Prove that nothing was lost."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import typer

from gateway import reconcile as books
from gateway.commands.console import AsJson, ConfigPath, configured, fail, say_json
from gateway.config import Config
from gateway.journal_file import JournalUnusable, snapshot
from gateway.reconcile import OK, Account
from gateway.store.engine import Store, StoreAway, StoreRefuses


def reconcile(config: ConfigPath = None, as_json: AsJson = False) -> None:  # noqa: FBT002  # an option
    """Compare what was accepted with what is there. Exit 0: all is there. 1: something is not. 2: not everything is known. Example: ./run reconcile"""
    try:
        accounts = asyncio.run(_compare(configured(config)))
    except (JournalUnusable, StoreAway, StoreRefuses) as error:
        fail(f"Not known: {error}", 2)
    if as_json:
        say_json(accounts)
    else:
        for account in accounts:
            mark, colour = ("✓", "green") if account.verdict == OK else ("✗", "red")
            sums = f"{account.accepted} accepted = {account.stored} in the store + {account.waiting} in the journal"
            typer.secho(f"{mark} journal {account.journal}: {sums}; {account.sentence} ({account.at:%Y-%m-%d %H:%M} UTC)", fg=colour)
        if not accounts:
            typer.echo("Nothing was accepted yet.")
    raise typer.Exit(books.exit_code(accounts))


async def _compare(config: Config) -> list[Account]:
    path = config.data_dir / "journal.db"
    # The journal first, then the store: what moves in between is in both, never in neither.
    own = snapshot(path) if path.exists() else None
    store = Store(config.store.address(config.data_dir))
    try:
        await store.migrate()
        return await books.reconcile(own, store, datetime.now(UTC))
    finally:
        await store.close()
