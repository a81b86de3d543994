"""The dialogue: what a complainant was asked, says again, wants no more, and thinks of it in the end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_ASKED = sa.text("remind_at IS NOT NULL")
_GIST = sa.text("gist IS NOT NULL")


def upgrade() -> None:
    """Forward."""
    op.add_column("correspondents", sa.Column("stopped_at", _TIME, nullable=True))
    op.add_column("cases", sa.Column("category", sa.Text(), nullable=False, server_default=""))
    op.add_column("cases", sa.Column("question", sa.Text(), nullable=False, server_default=""))
    op.add_column("cases", sa.Column("asked_at", _TIME, nullable=True))
    op.add_column("cases", sa.Column("remind_at", _TIME, nullable=True))
    op.add_column("cases", sa.Column("reminders", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("cases", sa.Column("said_at", _TIME, nullable=True))
    op.add_column("cases", sa.Column("rating", sa.Integer(), nullable=True))
    op.add_column("cases", sa.Column("closed_at", _TIME, nullable=True))
    op.create_index("ix_cases_remind_at", "cases", ["remind_at"], sqlite_where=_ASKED, postgresql_where=_ASKED)
    op.drop_index("ix_cases_correspondent", "cases")
    op.create_index("ix_cases_own", "cases", ["correspondent", "id"])
    op.add_column("messages", sa.Column("gist", sa.Text(), nullable=True))
    op.create_index("ix_messages_gist", "messages", ["gist"], sqlite_where=_GIST, postgresql_where=_GIST)
