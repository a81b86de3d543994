"""Insert or take what is there, said once for both stores."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from gateway.store.engine import Transaction

# A row as the tables take it: column to value.
Row = dict[str, object]


async def upsert(tx: Transaction, table: sa.Table, rows: Sequence[dict[str, object]], *, keys: Sequence[str], replace: Sequence[str] = ()) -> None:
    """Insert; where the keys are taken, replace these columns (none: leave what is there)."""
    if rows:
        await tx.run(_upsert(table, tuple(keys), tuple(replace), in_sqlite=tx.sqlite), list(rows))


@cache
def _upsert(table: sa.Table, keys: tuple[str, ...], replace: tuple[str, ...], *, in_sqlite: bool) -> sa.Executable:
    # Made once: building a statement takes longer than running it (measured).
    statement = sqlite.insert(table) if in_sqlite else postgresql.insert(table)
    if replace:
        return statement.on_conflict_do_update(index_elements=keys, set_={name: statement.excluded[name] for name in replace})
    return statement.on_conflict_do_nothing(index_elements=keys)
