"""Prove that nothing was lost; or have a provider asked for what never arrived."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from gateway import reconcile as books
from gateway.commands import missing
from gateway.commands.console import AsJson, ConfigPath, configured, fail, say_json, store_of
from gateway.config import Config
from gateway.journal_file import JournalUnusable, snapshot
from gateway.reconcile import OK, Account
from gateway.store.engine import StoreAway, StoreRefuses

Which = Annotated[str | None, typer.Argument(metavar="[CHANNEL]", help="Ask its provider for what never arrived, and take it in. The gateway must run.")]
Since = Annotated[str | None, typer.Option("--since", help="From when on: 3h, 2d, 2026-11-25, 2026-11-25T14:00. Without it: since that was last known.")]


def reconcile(
    channel: Which = None,
    since: Since = None,
    config: ConfigPath = None,
    as_json: AsJson = False,  # noqa: FBT002  # an option
) -> None:
    """Compare what was accepted with what is there; or, with a channel, what its provider has with what has come.

    Exit 0: all is there. 1: something is not. 2: not everything is known. Example: ./run reconcile twilio --since 3h
    """
    settled = configured(config)
    if channel:
        missing.ask(settled, channel, since, as_json=as_json)
    if since:
        fail("--since belongs to a channel: ./run reconcile CHANNEL --since 3h", 2)
    try:
        accounts = asyncio.run(_compare(settled))
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
    store = store_of(config)
    try:
        await store.migrate()
        return await books.reconcile(own, store, datetime.now(UTC))
    finally:
        await store.close()
