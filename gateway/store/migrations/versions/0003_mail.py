"""Mail: the same words by two wires are one, a notice carries a token of its case, what is new in an answer, and an address may be dead."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SAID = sa.text("content_key IS NOT NULL AND outcome != 'duplicate'")


def upgrade() -> None:
    """Forward."""
    op.drop_index("ix_arrivals_content_key", table_name="arrivals")
    op.create_index("uq_arrivals_content", "arrivals", ["content_key"], unique=True, sqlite_where=_SAID, postgresql_where=_SAID)
    # How often a contact was written to is counted by its mailbox now.
    op.drop_index("ix_notices_to", table_name="notices")
    op.add_column("notices", sa.Column("token", sa.Text(), nullable=False, server_default=""))
    op.add_column("messages", sa.Column("shown", sa.Text(), nullable=True))
    op.add_column("addresses", sa.Column("undeliverable_at", sa.DateTime(timezone=True), nullable=True))
