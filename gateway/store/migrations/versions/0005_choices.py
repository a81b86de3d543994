"""Answers to pick, where a wire has buttons."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.add_column("notices", sa.Column("choices", sa.JSON(), nullable=False, server_default="[]"))
