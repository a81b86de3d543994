"""Private links, pictures that were made from others, and how often a typed contact was written to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "links",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name=op.f("fk_links_case")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_links")),
    )
    op.create_index(op.f("ix_links_case"), "links", ["case"])
    op.add_column("attachments", sa.Column("derived_from", sa.Integer(), nullable=True))
    op.add_column("attachments", sa.Column("latitude", sa.Float(), nullable=True))
    op.add_column("attachments", sa.Column("longitude", sa.Float(), nullable=True))
    op.create_index("ix_notices_to", "notices", ["to_value", "made_at"])
