"""`reconcile`: what is missing is told, and what is not known is not called well (law 6)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gateway import reconcile as books
from gateway.clock import SystemClock
from gateway.journal_file import snapshot
from gateway.reconcile import Account
from gateway.store import journals, tables
from gateway.store.engine import Store
from gateway.torture.node import PutClock
from tests.manual_clock import ManualClock
from tests.postbox import letter
from tests.world import Deployment, receive_all

CLOCK = ManualClock()


async def looked_at(deployment: Deployment, own: str | None, later: timedelta = timedelta()) -> tuple[list[Account], int]:
    """The accounts and the exit code, seen from that node."""
    store = Store(deployment.store_url())
    mine = snapshot(deployment.config(own).data_dir / "journal.db") if own else None
    accounts = await books.reconcile(mine, store, CLOCK.now() + later)
    await store.close()
    return accounts, books.exit_code(accounts)


async def two_nodes(deployment: Deployment) -> None:
    """Node a has filed two of its three reports, node b all of its two."""
    async with deployment.parts("b", CLOCK) as gateway:
        await receive_all(gateway, [letter("lampu", f"B{i}", at=CLOCK.now()) for i in range(2)])
        await gateway.intake.drain()
    async with deployment.parts("a", CLOCK) as gateway:
        await receive_all(gateway, [letter("jalan", f"A{i}", at=CLOCK.now()) for i in range(2)])
        await gateway.intake.drain()
        await receive_all(gateway, [letter("jalan", "A2", at=CLOCK.now())])


async def test_what_waits_in_the_journal_is_not_missing(deployment: Deployment) -> None:
    await two_nodes(deployment)
    accounts, code = await looked_at(deployment, "a")
    assert code == 0
    assert (accounts[0].accepted, accounts[0].stored, accounts[0].waiting) == (3, 2, 1)


@pytest.mark.parametrize(("own", "lost"), [("a", "A1"), ("b", "A1")])
async def test_a_row_that_vanished_is_told_from_every_node(deployment: Deployment, own: str, lost: str) -> None:
    await two_nodes(deployment)
    store = Store(deployment.store_url())
    async with store.transaction() as tx:
        await tx.run(tables.arrivals.delete().where(tables.arrivals.c.wire_id == lost))
    await store.close()
    accounts, code = await looked_at(deployment, own)
    assert code == 1
    assert [account.verdict for account in accounts].count("mismatch") == 1


async def test_a_node_that_is_silent_is_unknown_and_not_well(deployment: Deployment) -> None:
    await two_nodes(deployment)
    store = Store(deployment.store_url())
    async with store.transaction() as tx:
        await tx.run(tables.journals.update().values(retired_at=None))
    await store.close()
    assert (await looked_at(deployment, "a"))[1] == 0
    accounts, code = await looked_at(deployment, "a", later=timedelta(minutes=6))
    assert code == 2
    assert {account.verdict for account in accounts} == {"ok", "unknown"}


async def test_a_journal_that_was_given_up_with_reports_in_it_is_a_mismatch(deployment: Deployment) -> None:
    await two_nodes(deployment)
    store = Store(deployment.store_url())
    async with store.transaction() as tx:
        [book] = [book for book in await journals.books(tx) if book.journal == snapshot(deployment.config("b").data_dir / "journal.db").id]
        await journals.report(tx, book.journal, accepted=book.accepted + 1, pending=1, highest_seq=book.highest_seq + 1, now=CLOCK.now())
        await journals.retire(tx, book.journal, CLOCK.now())
    await store.close()
    accounts, code = await looked_at(deployment, "a")
    assert code == 1
    assert "drain" in " ".join(account.sentence for account in accounts)


async def test_a_clock_that_was_ahead_does_not_keep_an_idle_node_silent(on_sqlite: Deployment, tmp_path: Path) -> None:
    ahead = tmp_path / "clock"
    ahead.write_text("28800")
    async with on_sqlite.node(clock=PutClock(ahead)):
        await on_sqlite.until("journals", lambda rows: rows[0]["reported_at"] > SystemClock().now())
        ahead.unlink()
        await on_sqlite.until("journals", lambda rows: rows[0]["reported_at"] <= SystemClock().now())
