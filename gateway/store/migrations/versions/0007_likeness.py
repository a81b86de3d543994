"""Likeness: which cases wait to be compared, by which words they are found, and what was found. One node at a time does it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_UNCOMPARED = sa.text("compared < version")


def upgrade() -> None:
    """Forward."""
    time = sa.DateTime(timezone=True)
    op.add_column("cases", sa.Column("compared", sa.Integer(), server_default="0", nullable=False))
    op.create_index("ix_cases_uncompared", "cases", ["opened_at"], sqlite_where=_UNCOMPARED, postgresql_where=_UNCOMPARED)
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until", time, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    op.create_table(
        "likeness_keys",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("key", "day", "case", name="pk_likeness_keys"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "likeness_cases",
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("keys", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("case", name="pk_likeness_cases"),
    )
    op.create_index("ix_likeness_cases_day", "likeness_cases", ["day"])
    op.create_table(
        "suggestions",
        sa.Column("first", sa.Uuid(), nullable=False),
        sa.Column("second", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("made_at", time, nullable=False),
        sa.PrimaryKeyConstraint("first", "second", name="pk_suggestions"),
    )
    op.create_index("ix_suggestions_second", "suggestions", ["second"])
