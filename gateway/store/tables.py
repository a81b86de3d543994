"""The store's tables (DESIGN.md, "The store"). The same on SQLite and PostgreSQL; every time is UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa


class UtcTime(sa.types.TypeDecorator[datetime]):
    """SQLite gives naive times back; here they are always aware, and always UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Refuse a naive time: nobody could say what it means."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _c(name: str, type_: sa.types.TypeEngine[Any] | type[sa.types.TypeEngine[Any]], *args: sa.schema.SchemaItem, **options: object) -> sa.Column[object]:
    """A column is never null unless it says so."""
    return sa.Column(name, type_, *args, **{"nullable": False, **options})  # type: ignore[arg-type]


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# What all nodes share and must agree on: the fingerprint of the deployment key.
deployment = sa.Table("deployment", metadata, _c("name", sa.Text, primary_key=True), _c("value", sa.Text))

# What each node's journal said of itself when it last handed something over (law 6).
journals = sa.Table(
    "journals",
    metadata,
    _c("id", sa.Text, primary_key=True),
    _c("accepted", sa.BigInteger),
    # Accepted and not yet in the store, at that moment.
    _c("pending", sa.BigInteger),
    _c("highest_seq", sa.BigInteger),
    _c("reported_at", UtcTime),
    # Drained, or replaced after a restore; it will say nothing more.
    _c("retired_at", UtcTime, nullable=True),
)

agencies = sa.Table("agencies", metadata, _c("code", sa.Text, primary_key=True), _c("name", sa.Text), _c("coordinator", sa.Boolean))

# Who writes: the unit of order and of locking. May come to have several addresses.
correspondents = sa.Table(
    "correspondents",
    metadata,
    _c("id", sa.Uuid, primary_key=True),
    # The language that they asked for (BCP 47); null: that of each report.
    _c("language", sa.Text, nullable=True),
    _c("since", UtcTime),
    # They want to hear from us only when they write; null: they never said so.
    _c("stopped_at", UtcTime, nullable=True),
)

addresses = sa.Table(
    "addresses",
    metadata,
    _c("kind", sa.Text, primary_key=True),
    _c("value", sa.Text, primary_key=True),
    _c("correspondent", sa.Uuid, sa.ForeignKey("correspondents.id"), index=True),
    # When notices last went there, ISO times within the week: the cap per address and hour looks here, without counting notices.
    _c("recent", sa.JSON),
    # Acknowledgements withheld since the last that was not: the next one says how many more there are.
    _c("unannounced", sa.Integer),
    # What was sent there came back; null: it did not, or somebody wrote from there since.
    _c("undeliverable_at", UtcTime, nullable=True),
)

# What the deployment still may spend: one row a channel and hour.
budgets = sa.Table("budgets", metadata, _c("channel", sa.Text, primary_key=True), _c("hour", UtcTime, primary_key=True), _c("used", sa.Integer))

cases = sa.Table(
    "cases",
    metadata,
    _c("id", sa.Uuid, primary_key=True),
    # The number that it is spoken of by; every number that leads here stands in case_numbers.
    _c("number", sa.Text),
    # Law 8: never without an owner.
    _c("owner", sa.Text, sa.ForeignKey("agencies.code"), index=True),
    _c("status", sa.Text),
    _c("version", sa.Integer),
    _c("anonymous", sa.Boolean),
    _c("confidential", sa.Boolean),
    _c("channel", sa.Text),
    _c("correspondent", sa.Uuid, sa.ForeignKey("correspondents.id"), nullable=True),
    _c("title", sa.Text),
    _c("opened_at", UtcTime, index=True),
    _c("changed_at", UtcTime),
    _c("rules", sa.Text),
    _c("category", sa.Text, server_default=""),
    # What the complainant was asked last, "" for nothing, and when to ask again.
    _c("question", sa.Text, server_default=""),
    _c("asked_at", UtcTime, nullable=True),
    _c("remind_at", UtcTime, nullable=True),
    _c("reminders", sa.Integer, server_default="0"),
    _c("said_at", UtcTime, nullable=True),
    _c("rating", sa.Integer, nullable=True),
    _c("closed_at", UtcTime, nullable=True),
    # 2: life in danger, 1: somebody may come to harm, 0: neither.
    _c("urgent", sa.Integer, server_default="0"),
    # Up to which of its versions it was held against other people's (gateway/matchmaker.py); 0: not yet.
    _c("compared", sa.Integer, server_default="0"),
)
_asked = cases.c.remind_at.is_not(None)
sa.Index("ix_cases_remind_at", cases.c.remind_at, sqlite_where=_asked, postgresql_where=_asked)
# What somebody reported last.
sa.Index("ix_cases_own", cases.c.correspondent, cases.c.id)
# Who waits to be compared, and nobody else. A case that commits late is in it from then on: there is no mark on the way that could pass it.
_uncompared = cases.c.compared < cases.c.version
sa.Index("ix_cases_uncompared", cases.c.opened_at, sqlite_where=_uncompared, postgresql_where=_uncompared)

case_numbers = sa.Table("case_numbers", metadata, _c("number", sa.Text, primary_key=True), _c("case", sa.Uuid, sa.ForeignKey("cases.id"), index=True))

# Private links: who has one is whoever sent the report (law 10). By digest, so that the store opens no page.
links = sa.Table("links", metadata, _c("digest", sa.Text, primary_key=True), _c("case", sa.Uuid, sa.ForeignKey("cases.id"), index=True))

complaint_versions = sa.Table(
    "complaint_versions",
    metadata,
    _c("case", sa.Uuid, sa.ForeignKey("cases.id"), primary_key=True),
    _c("version", sa.Integer, primary_key=True),
    _c("normaliser", sa.Text),
    _c("complaint", sa.JSON),
    _c("made_at", UtcTime),
)

# Enough to rebuild a case: case.rebuild(events).
events = sa.Table(
    "events",
    metadata,
    _c("case", sa.Uuid, sa.ForeignKey("cases.id"), primary_key=True),
    # The case's version after it.
    _c("version", sa.Integer, primary_key=True),
    _c("kind", sa.Text),
    _c("actor", sa.Text),
    _c("reason", sa.Text),
    _c("data", sa.JSON),
    _c("at", UtcTime),
)

arrivals = sa.Table(
    "arrivals",
    metadata,
    _c("journal", sa.Text, primary_key=True),
    _c("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    _c("channel", sa.Text),
    _c("wire_id", sa.Text),
    _c("fingerprint", sa.Text),
    # As it was answered with; the case may have another if this was a stranger's already.
    _c("number", sa.Text, index=True),
    _c("kind", sa.Text),
    _c("reply_kind", sa.Text, nullable=True),
    _c("reply_value", sa.Text, nullable=True),
    _c("meta", sa.JSON),
    # Null: a duplicate (the first one has it), or emptied by erasure or retention.
    _c("raw", sa.LargeBinary, nullable=True),
    _c("received_at", UtcTime),
    _c("stored_at", UtcTime),
    # "case" | "message" | "word" | "delivery" | "ignored" | "parked" | "duplicate" | "canary"
    _c("outcome", sa.Text),
    _c("reason", sa.Text),
    _c("case", sa.Uuid, sa.ForeignKey("cases.id"), nullable=True, index=True),
    # Across channels: the same content by another wire.
    _c("content_key", sa.Text, nullable=True),
)
# Law 5, as a constraint. A repeat of another node's delivery is a row too, and points at nothing but its own key.
sa.Index(
    "uq_arrivals_said",
    arrivals.c.channel,
    arrivals.c.wire_id,
    arrivals.c.fingerprint,
    unique=True,
    sqlite_where=arrivals.c.outcome != "duplicate",
    postgresql_where=arrivals.c.outcome != "duplicate",
)
sa.Index(
    "uq_arrivals_content",
    arrivals.c.content_key,
    unique=True,
    sqlite_where=sa.and_(arrivals.c.content_key.is_not(None), arrivals.c.outcome != "duplicate"),
    postgresql_where=sa.and_(arrivals.c.content_key.is_not(None), arrivals.c.outcome != "duplicate"),
)
# How much came when, by nothing but the index (gateway/silence.py).
sa.Index("ix_arrivals_received", arrivals.c.channel, arrivals.c.received_at, arrivals.c.outcome)
sa.Index("ix_arrivals_parked", arrivals.c.stored_at, sqlite_where=arrivals.c.outcome == "parked", postgresql_where=arrivals.c.outcome == "parked")

messages = sa.Table(
    "messages",
    metadata,
    _c("id", sa.Uuid, primary_key=True),
    _c("journal", sa.Text, nullable=True),
    _c("seq", sa.BigInteger, nullable=True),
    _c("correspondent", sa.Uuid, sa.ForeignKey("correspondents.id"), nullable=True, index=True),
    # "in" | "out"
    _c("direction", sa.Text),
    _c("text", sa.Text),
    # What is new in it, without what a mail program quotes; null: all of it.
    _c("shown", sa.Text, nullable=True),
    # Law 9: what it was taken for, and why.
    _c("decision", sa.Text),
    _c("reason", sa.Text),
    _c("at", UtcTime),
    # How the other side calls it, where its sender may change it later; null: nobody can.
    _c("wire_name", sa.Text, nullable=True),
    # The same for the same words of the same person: a repeat is found by it. Null: nobody whom the wire vouches for.
    _c("gist", sa.Text, nullable=True),
)
_gist = messages.c.gist.is_not(None)
sa.Index("ix_messages_gist", messages.c.gist, sqlite_where=_gist, postgresql_where=_gist)
_named = messages.c.wire_name.is_not(None)
sa.Index("ix_messages_wire_name", messages.c.wire_name, sqlite_where=_named, postgresql_where=_named)

message_cases = sa.Table(
    "message_cases",
    metadata,
    _c("message", sa.Uuid, sa.ForeignKey("messages.id"), primary_key=True),
    _c("case", sa.Uuid, sa.ForeignKey("cases.id"), primary_key=True, index=True),
)

blobs = sa.Table("blobs", metadata, _c("digest", sa.Text, primary_key=True), _c("size", sa.BigInteger), _c("place", sa.Text))

attachments = sa.Table(
    "attachments",
    metadata,
    _c("message", sa.Uuid, sa.ForeignKey("messages.id"), primary_key=True),
    _c("position", sa.Integer, primary_key=True),
    _c("name", sa.Text),
    # By content once it is here; before that as declared.
    _c("type", sa.Text),
    _c("blob", sa.Text, sa.ForeignKey("blobs.digest"), nullable=True),
    _c("reference", sa.Text, nullable=True),
    # "wanted" | "kept" | "lost"
    _c("state", sa.Text),
    _c("reason", sa.Text),
    # Position of the original that this was made from: re-encoded, without metadata. The original itself is never served.
    _c("derived_from", sa.Integer, nullable=True),
    # Where the photo says that it was taken, WGS 84 degrees; offered as the place, never taken for it.
    _c("latitude", sa.Float, nullable=True),
    _c("longitude", sa.Float, nullable=True),
)

# The outbox: every word that goes out, to anybody (law 7).
notices = sa.Table(
    "notices",
    metadata,
    _c("id", sa.Uuid, primary_key=True),
    _c("case", sa.Uuid, sa.ForeignKey("cases.id"), nullable=True),
    # "acknowledgement" | "answer" | "spoken" | "code"
    _c("kind", sa.Text),
    _c("channel", sa.Text),
    _c("to_kind", sa.Text),
    _c("to_value", sa.Text),
    _c("short", sa.Text),
    _c("full", sa.Text),
    _c("subject", sa.Text),
    _c("thread", sa.JSON),
    # Ties an answer to the case, where the wire can carry it; empty: there is none.
    _c("token", sa.Text, server_default=""),
    # Answers to pick: [label, what is said by it, whether it gives the place instead].
    _c("choices", sa.JSON, server_default="[]"),
    # "queued" | "sending" | "sent" | "delivered" | "read" | "undelivered" | "failed" | "withheld" | "parked"
    _c("state", sa.Text),
    _c("reason", sa.Text),
    _c("provider_id", sa.Text, nullable=True, index=True),
    _c("attempts", sa.Integer),
    # A send was begun whose end nobody saw: the person may get it twice.
    _c("maybe_sent", sa.Boolean),
    _c("made_at", UtcTime),
    _c("due_at", UtcTime),
    _c("leased_by", sa.Text, nullable=True),
    _c("leased_until", UtcTime, nullable=True),
    _c("sent_at", UtcTime, nullable=True),
)
_waiting = notices.c.state.in_(("queued", "sending"))
sa.Index("ix_notices_waiting", notices.c.channel, notices.c.due_at, sqlite_where=_waiting, postgresql_where=_waiting)
_given_up = notices.c.state == "parked"
sa.Index("ix_notices_parked", notices.c.made_at, sqlite_where=_given_up, postgresql_where=_given_up)
_gone = notices.c.sent_at.is_not(None)
# What went out lately, for the operators' page.
sa.Index("ix_notices_sent_at", notices.c.sent_at, sqlite_where=_gone, postgresql_where=_gone)
_acknowledgement = notices.c.kind == "acknowledgement"
# A second acknowledgement is never sent (law 2), as a constraint.
sa.Index("uq_notices_acknowledgement", notices.c.case, unique=True, sqlite_where=_acknowledgement, postgresql_where=_acknowledgement)
sa.Index("ix_notices_order", notices.c.case, notices.c.to_value, notices.c.id)

# Who asks for a code to open a report's page: a row for each that asks, also for a number that is none, so that nobody learns from the time which is which.
codes = sa.Table(
    "codes",
    metadata,
    _c("id", sa.Uuid, primary_key=True),
    # Digest of what the asking browser holds: the code is good there and nowhere else.
    _c("asker", sa.Text),
    # As it was typed, XXXX-XXXX-XXXX; "-": it can be none.
    _c("number", sa.Text),
    _c("asked_at", UtcTime),
    # "asked" | "sent" (there is a notice) | "not_sent" | "used"
    _c("state", sa.Text),
    # Why not: a code for operators.
    _c("reason", sa.Text),
    _c("case", sa.Uuid, sa.ForeignKey("cases.id"), nullable=True),
    # What the digits are made of; they themselves stand nowhere.
    _c("notice", sa.Uuid, sa.ForeignKey("notices.id"), nullable=True),
    # How often digits were typed.
    _c("tries", sa.Integer),
)
_code_asked = codes.c.state == "asked"
sa.Index("ix_codes_asked", codes.c.asked_at, sqlite_where=_code_asked, postgresql_where=_code_asked)
sa.Index("ix_codes_asker", codes.c.asker, codes.c.asked_at)
sa.Index("ix_codes_case", codes.c.case, codes.c.asked_at)

# What is to be done at a time: files to fetch, clocks, reminders.
due = sa.Table(
    "due",
    metadata,
    _c("id", sa.Uuid, primary_key=True),
    # "fetch" | "picture"
    _c("kind", sa.Text),
    _c("channel", sa.Text),
    _c("data", sa.JSON),
    _c("due_at", UtcTime),
    _c("attempts", sa.Integer),
    # "waiting" | "done" | "parked"
    _c("state", sa.Text),
    _c("reason", sa.Text),
    _c("leased_by", sa.Text, nullable=True),
    _c("leased_until", UtcTime, nullable=True),
)
_undone = due.c.state == "waiting"
sa.Index("ix_due_waiting", due.c.channel, due.c.due_at, sqlite_where=_undone, postgresql_where=_undone)

# Work that one node does at a time. A lease saves work; what is done under it must be right also when two do it.
leases = sa.Table("leases", metadata, _c("name", sa.Text, primary_key=True), _c("holder", sa.Text), _c("until", UtcTime))

# By which words (digests of gateway/essence.py) a case that is open and not old can be found. `likeness_cases` knows them too, so that they can be taken away.
# No foreign keys in these three: they would lock the case for a moment, and intake may be waiting for it; no case is ever deleted.
likeness_keys = sa.Table(
    "likeness_keys",
    metadata,
    _c("key", sa.BigInteger, primary_key=True, autoincrement=False),
    # Of its opening, since 1970.
    _c("day", sa.Integer, primary_key=True, autoincrement=False),
    _c("case", sa.Uuid, primary_key=True),
    sqlite_with_rowid=False,
)
likeness_cases = sa.Table(
    "likeness_cases",
    metadata,
    _c("case", sa.Uuid, primary_key=True),
    _c("day", sa.Integer, index=True),
    _c("keys", sa.JSON),
)

# Two cases that may be one: for a person to decide, never merged by itself. `first` has the smaller id.
suggestions = sa.Table(
    "suggestions",
    metadata,
    _c("first", sa.Uuid, primary_key=True),
    _c("second", sa.Uuid, primary_key=True, index=True),
    # 0..1
    _c("score", sa.Float),
    # Law 9: its parts, and the words that decided (likeness.Likeness).
    _c("reasons", sa.JSON),
    _c("made_at", UtcTime),
)

# What people decided, one a decision: the case's version after it is its name. The last one of a case is its label.
labels = sa.Table(
    "labels",
    metadata,
    _c("case", sa.Uuid, sa.ForeignKey("cases.id"), primary_key=True),
    _c("version", sa.Integer, primary_key=True),
    _c("agency", sa.Text),
    _c("by", sa.Text),
    _c("at", UtcTime, index=True),
    # What the machine had suggested then (routing.Suggestion.kept); empty: it was not asked.
    _c("suggestion", sa.JSON),
)

# Word weights that were learned from labels (gateway/weights.py): never changed once they are there, but for their state.
weights = sa.Table(
    "weights",
    metadata,
    _c("version", sa.Integer, primary_key=True, autoincrement=False),
    # "shadow" | "champion" | "retired"
    _c("state", sa.Text),
    # The last label that they have seen, and how many.
    _c("until", UtcTime),
    _c("labels", sa.Integer),
    _c("table", sa.JSON),
    _c("made_at", UtcTime),
    _c("changed_at", UtcTime),
)

# What was found each time that weights were fitted or judged (learning.Night, without the weights).
nights = sa.Table(
    "nights",
    metadata,
    _c("at", UtcTime, primary_key=True),
    # Of the deployment's zone: once a night, on one node.
    _c("day", sa.Text),
    _c("champion", sa.Integer),
    _c("found", sa.JSON),
)

# How each channel and part was: a row for each time that it became something else, written by the node that saw it. Never changed but for `until`.
channel_states = sa.Table(
    "channel_states",
    metadata,
    _c("id", sa.Uuid, primary_key=True),
    # Which node saw it: the id of its journal.
    _c("node", sa.Text),
    _c("part", sa.Text),
    # "in" | "out" | "" (a part that has no direction)
    _c("direction", sa.Text),
    _c("at", UtcTime),
    # Up to when it was seen so; grows while it lasts. What lies between two rows is not known: the node was off.
    _c("until", UtcTime, index=True),
    # "ok" | "degraded" | "down" | "unknown" | "paused"
    _c("state", sa.Text),
    # One of gateway.health.KINDS.
    _c("kind", sa.Text),
    _c("sentence", sa.Text),
)

# Troubles of which operators were told and which are not over: a row a trouble, so that of several nodes one tells, and a node that was started anew ends it.
alerts = sa.Table(
    "alerts",
    metadata,
    _c("part", sa.Text, primary_key=True),
    _c("direction", sa.Text, primary_key=True),
    # Of a part that each node has for itself: which; "": all nodes share it.
    _c("node", sa.Text, primary_key=True),
    # How bad it was when it was told.
    _c("state", sa.Text),
    _c("told_at", UtcTime),
    # When a node last found it so.
    _c("seen_at", UtcTime),
)

# Operators who may sign in to their pages.
people = sa.Table(
    "people",
    metadata,
    _c("name", sa.Text, primary_key=True),
    # argon2id, with its own salt and parameters.
    _c("password", sa.Text),
    _c("made_at", UtcTime),
    _c("changed_at", UtcTime),
)

# Who is signed in: of the token only a digest stands here, so that nobody who reads the store is anybody.
sessions = sa.Table(
    "sessions",
    metadata,
    _c("digest", sa.Text, primary_key=True),
    _c("person", sa.Text, sa.ForeignKey("people.name"), index=True),
    _c("made_at", UtcTime),
    # When a page was last asked for, as far as somebody wrote it down.
    _c("used_at", UtcTime),
)

# What operators did. By name and not by reference: it stays when they are gone.
audit = sa.Table(
    "audit",
    metadata,
    _c("id", sa.Uuid, primary_key=True),
    _c("at", UtcTime, index=True),
    _c("who", sa.Text),
    # "login" | "logout" | "pause" | "resume" | "test" | "retry" | "raw" | "release" | "user added" | "user password" | "user removed"
    _c("what", sa.Text),
    # A channel, or a report's number; empty: nothing but the person.
    _c("about", sa.Text),
    # What they gave as a reason; empty: none.
    _c("why", sa.Text),
    # The address that they came from; empty: a command on the machine.
    _c("source", sa.Text),
)

# Channels for which we do nothing of our own accord: send, or fetch where what waits is not lost. What comes is taken all the same.
pauses = sa.Table("pauses", metadata, _c("part", sa.Text, primary_key=True), _c("by", sa.Text), _c("at", UtcTime), _c("why", sa.Text))
