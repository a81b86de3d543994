"""Bringing a store to this version's tables. What steps need (Alembic, 20 MB that nobody gives back) is loaded only for a store that is behind."""

from __future__ import annotations

import importlib
from pathlib import Path

import sqlalchemy as sa

from gateway.store.tables import metadata

_VERSIONS = Path(__file__).parent / "migrations" / "versions"
_STEPS = "gateway.store.steps"
# As Alembic makes it (its documentation, "Tutorial"): it must find it again.
_VERSION = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def known() -> frozenset[str]:
    """Every version that there is a step to; the highest is ours."""
    return frozenset(file.name.partition("_")[0] for file in _VERSIONS.glob("[0-9]*.py"))


def migrate(connection: sa.Connection) -> str | None:
    """In the caller's transaction. Its version, if that is a newer one that nobody here knows: then nothing was changed."""
    if not sa.inspect(connection).has_table(_VERSION.name):
        _make(connection)
        return None
    there = connection.execute(sa.select(_VERSION.c.version_num)).scalar()
    if there is not None and there not in known():
        return str(there)
    # The usual case, and each node meets it whenever its store comes back: there is no step to go.
    if there != max(known()):
        importlib.import_module(_STEPS).go(connection)
    return None


def _make(connection: sa.Connection) -> None:
    """An empty store needs no history: all tables as they are today (tests/test_store.py holds that the steps lead to the same)."""
    # A table that is there already belongs to somebody else, and ends this with an error.
    metadata.create_all(connection, checkfirst=False)
    _VERSION.create(connection, checkfirst=False)
    connection.execute(_VERSION.insert().values(version_num=max(known())))
