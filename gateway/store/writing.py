"""Insert or take what is there, said once for both stores."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from gateway.store.engine import Transaction

# A row as the tables take it: column to value.
Row = dict[str, object]


async def upsert(tx: Transaction, table: sa.Table, rows: Sequence[dict[str, object]], *, keys: Sequence[str], replace: Sequence[str] = ()) -> None:
    """Insert; where the keys are taken, replace these columns (none: leave what is there)."""
    if not rows:
        return
    statement = sqlite.insert(table) if tx.sqlite else postgresql.insert(table)
    if replace:
        statement = statement.on_conflict_do_update(index_elements=list(keys), set_={name: statement.excluded[name] for name in replace})
    else:
        statement = statement.on_conflict_do_nothing(index_elements=list(keys))
    await tx.run(statement, list(rows))
