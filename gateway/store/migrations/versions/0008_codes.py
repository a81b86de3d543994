"""Codes that prove a contact: who asks for one, and how often one was typed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ASKED = sa.text("state = 'asked'")


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("asker", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=True),
        sa.Column("notice", sa.Uuid(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name=op.f("fk_codes_case")),
        sa.ForeignKeyConstraint(["notice"], ["notices.id"], name=op.f("fk_codes_notice")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_codes")),
    )
    op.create_index("ix_codes_asked", "codes", ["asked_at"], sqlite_where=_ASKED, postgresql_where=_ASKED)
    op.create_index("ix_codes_asker", "codes", ["asker", "asked_at"])
    op.create_index("ix_codes_case", "codes", ["case", "asked_at"])
