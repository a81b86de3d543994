"""How soon a case must be seen to, so that operators can sort by it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.add_column("cases", sa.Column("urgent", sa.Integer(), nullable=False, server_default="0"))
