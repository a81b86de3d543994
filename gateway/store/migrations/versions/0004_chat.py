"""Chat: how the other side calls a message, so that one that it changes later is found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NAMED = sa.text("wire_name IS NOT NULL")


def upgrade() -> None:
    """Forward."""
    op.add_column("messages", sa.Column("wire_name", sa.Text(), nullable=True))
    op.create_index("ix_messages_wire_name", "messages", ["wire_name"], sqlite_where=_NAMED, postgresql_where=_NAMED)
