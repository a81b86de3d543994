"""The house: arrivals, cases, notices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.tables import UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "agencies",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("coordinator", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_agencies")),
    )
    op.create_table(
        "blobs",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_blobs")),
    )
    op.create_table(
        "budgets",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("hour", UtcTime(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "hour", name=op.f("pk_budgets")),
    )
    op.create_table(
        "correspondents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("since", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correspondents")),
    )
    op.create_table(
        "deployment",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_deployment")),
    )
    op.create_table(
        "due",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("leased_by", sa.Text(), nullable=True),
        sa.Column("leased_until", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_due")),
    )
    with op.batch_alter_table("due", schema=None) as batch_op:
        batch_op.create_index(
            "ix_due_waiting", ["channel", "due_at"], unique=False, sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'")
        )

    op.create_table(
        "journals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("accepted", sa.BigInteger(), nullable=False),
        sa.Column("pending", sa.BigInteger(), nullable=False),
        sa.Column("highest_seq", sa.BigInteger(), nullable=False),
        sa.Column("reported_at", UtcTime(), nullable=False),
        sa.Column("retired_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journals")),
    )
    op.create_table(
        "addresses",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("correspondent", sa.Uuid(), nullable=False),
        sa.Column("recent", sa.JSON(), nullable=False),
        sa.Column("unannounced", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["correspondent"], ["correspondents.id"], name=op.f("fk_addresses_correspondent")),
        sa.PrimaryKeyConstraint("kind", "value", name=op.f("pk_addresses")),
    )
    with op.batch_alter_table("addresses", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_addresses_correspondent"), ["correspondent"], unique=False)

    op.create_table(
        "cases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("confidential", sa.Boolean(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("correspondent", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("opened_at", UtcTime(), nullable=False),
        sa.Column("changed_at", UtcTime(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["correspondent"], ["correspondents.id"], name=op.f("fk_cases_correspondent")),
        sa.ForeignKeyConstraint(["owner"], ["agencies.code"], name=op.f("fk_cases_owner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cases_correspondent"), ["correspondent"], unique=False)
        batch_op.create_index(batch_op.f("ix_cases_opened_at"), ["opened_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_cases_owner"), ["owner"], unique=False)

    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("journal", sa.Text(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("correspondent", sa.Uuid(), nullable=True),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["correspondent"], ["correspondents.id"], name=op.f("fk_messages_correspondent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
    )
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_messages_correspondent"), ["correspondent"], unique=False)

    op.create_table(
        "arrivals",
        sa.Column("journal", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("wire_id", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reply_kind", sa.Text(), nullable=True),
        sa.Column("reply_value", sa.Text(), nullable=True),
        sa.Column("meta", sa.JSON(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", UtcTime(), nullable=False),
        sa.Column("stored_at", UtcTime(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=True),
        sa.Column("content_key", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name=op.f("fk_arrivals_case")),
        sa.PrimaryKeyConstraint("journal", "seq", name=op.f("pk_arrivals")),
    )
    with op.batch_alter_table("arrivals", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_arrivals_case"), ["case"], unique=False)
        batch_op.create_index(batch_op.f("ix_arrivals_content_key"), ["content_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_arrivals_number"), ["number"], unique=False)
        batch_op.create_index(
            "ix_arrivals_parked", ["stored_at"], unique=False, sqlite_where=sa.text("outcome = 'parked'"), postgresql_where=sa.text("outcome = 'parked'")
        )
        batch_op.create_index(
            "uq_arrivals_said",
            ["channel", "wire_id", "fingerprint"],
            unique=True,
            sqlite_where=sa.text("outcome != 'duplicate'"),
            postgresql_where=sa.text("outcome != 'duplicate'"),
        )

    op.create_table(
        "attachments",
        sa.Column("message", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("blob", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["blob"], ["blobs.digest"], name=op.f("fk_attachments_blob")),
        sa.ForeignKeyConstraint(["message"], ["messages.id"], name=op.f("fk_attachments_message")),
        sa.PrimaryKeyConstraint("message", "position", name=op.f("pk_attachments")),
    )
    op.create_table(
        "case_numbers",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name=op.f("fk_case_numbers_case")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_case_numbers")),
    )
    with op.batch_alter_table("case_numbers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_numbers_case"), ["case"], unique=False)

    op.create_table(
        "complaint_versions",
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("normaliser", sa.Text(), nullable=False),
        sa.Column("complaint", sa.JSON(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name=op.f("fk_complaint_versions_case")),
        sa.PrimaryKeyConstraint("case", "version", name=op.f("pk_complaint_versions")),
    )
    op.create_table(
        "events",
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name=op.f("fk_events_case")),
        sa.PrimaryKeyConstraint("case", "version", name=op.f("pk_events")),
    )
    op.create_table(
        "message_cases",
        sa.Column("message", sa.Uuid(), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name=op.f("fk_message_cases_case")),
        sa.ForeignKeyConstraint(["message"], ["messages.id"], name=op.f("fk_message_cases_message")),
        sa.PrimaryKeyConstraint("message", "case", name=op.f("pk_message_cases")),
    )
    with op.batch_alter_table("message_cases", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_message_cases_case"), ["case"], unique=False)

    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("to_kind", sa.Text(), nullable=False),
        sa.Column("to_value", sa.Text(), nullable=False),
        sa.Column("short", sa.Text(), nullable=False),
        sa.Column("full", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("thread", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("maybe_sent", sa.Boolean(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("leased_by", sa.Text(), nullable=True),
        sa.Column("leased_until", UtcTime(), nullable=True),
        sa.Column("sent_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name=op.f("fk_notices_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.create_index("ix_notices_order", ["case", "to_value", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_notices_provider_id"), ["provider_id"], unique=False)
        batch_op.create_index(
            "ix_notices_waiting",
            ["channel", "due_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('queued', 'sending')"),
            postgresql_where=sa.text("state IN ('queued', 'sending')"),
        )
        batch_op.create_index(
            "uq_notices_acknowledgement",
            ["case"],
            unique=True,
            sqlite_where=sa.text("kind = 'acknowledgement'"),
            postgresql_where=sa.text("kind = 'acknowledgement'"),
        )
