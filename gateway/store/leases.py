"""Work that one node does at a time. A lease saves work and decides nothing: its holder may have been stopped for a while, and another be at it by now."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.dialects import postgresql, sqlite

from gateway.store.engine import Transaction
from gateway.store.tables import leases


async def take(tx: Transaction, name: str, holder: str, now: datetime, length: timedelta) -> bool:
    """Whether it is the holder's for so long from now: it was free, has run out, or was its own."""
    row = {"name": name, "holder": holder, "until": now + length}
    insert = sqlite.insert(leases).values(row) if tx.sqlite else postgresql.insert(leases).values(row)
    free = (leases.c.until <= now) | (leases.c.holder == holder)
    taken = insert.on_conflict_do_update(index_elements=["name"], set_={"holder": holder, "until": row["until"]}, where=free).returning(leases.c.holder)
    return bool(await tx.all(taken))


async def give_back(tx: Transaction, name: str, holder: str) -> None:
    """Another may have it at once."""
    await tx.run(leases.delete().where(leases.c.name == name, leases.c.holder == holder))
