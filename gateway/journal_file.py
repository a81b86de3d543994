"""The journal's file: its tables, its rows, its lock, and a look at it from outside while the gateway runs."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from channels import Arrival
from gateway.private_file import make_private
from normalizer import Address

VERSION = 1

# AUTOINCREMENT: rows leave when they were handed over, and a number that was used must never come again.
_SCHEMA = """
CREATE TABLE arrivals (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  channel TEXT NOT NULL, wire_id TEXT NOT NULL, fingerprint TEXT NOT NULL, number TEXT NOT NULL, kind TEXT NOT NULL,
  reply_kind TEXT, reply_value TEXT, meta TEXT NOT NULL, raw BLOB NOT NULL, received_at TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
  UNIQUE (channel, wire_id, fingerprint)
);
CREATE TABLE journal (id TEXT NOT NULL, accepted INTEGER NOT NULL, removed INTEGER NOT NULL);
INSERT INTO journal (id, accepted, removed) VALUES (lower(hex(randomblob(8))), 0, 0);
"""
SELECT = "SELECT seq, channel, wire_id, fingerprint, number, kind, reply_kind, reply_value, meta, raw, received_at, tries FROM arrivals"
# A long backlog leaves a long write-ahead log; it is cut back to this after a checkpoint. Bytes.
_WAL_KEPT = 16 * 1024 * 1024


class JournalUnusable(Exception):
    """The file cannot be opened or must not be: a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An arrival that is on disk here."""

    seq: int
    arrival: Arrival
    fingerprint: str
    # As it was answered with (law 4).
    number: str
    # How often reading it was begun alone and did not end.
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """One consistent look at the journal's books: accepted - removed rows are in it."""

    accepted: int
    removed: int
    highest_seq: int


def encode(arrival: Arrival, fingerprint: str, number: str) -> tuple[object, ...]:
    """An arrival as a row; any string that Python can hold can be kept (JSON escapes what UTF-8 cannot say)."""
    reply = arrival.reply_to
    meta = json.dumps(dict(arrival.meta))
    return (
        *(arrival.channel, arrival.wire_id, fingerprint, number, arrival.kind),
        *((reply.kind, reply.value) if reply else (None, None)),
        *(meta, arrival.raw, arrival.received_at.astimezone(UTC).isoformat()),
    )


def decode(row: tuple[int, str, str, str, str, str, str | None, str | None, str, bytes, str, int]) -> Entry:
    """A row as an entry."""
    seq, channel, wire_id, fingerprint, number, kind, reply_kind, reply_value, meta, raw, received_at, tries = row
    reply = Address(reply_kind, reply_value) if reply_kind and reply_value else None
    arrival = Arrival(channel, kind, wire_id, raw, datetime.fromisoformat(received_at), reply, json.loads(meta))
    return Entry(seq, arrival, fingerprint, number, tries)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The books and the rows of one journal at one moment."""

    id: str
    counts: Counts
    seqs: frozenset[int]


def snapshot(path: Path) -> Snapshot:
    """Read only, also while a gateway writes. Raises JournalUnusable."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None, timeout=5.0)) as db:
            # One read transaction: books and rows are of the same moment.
            db.execute("BEGIN")
            journal, accepted, removed = db.execute("SELECT id, accepted, removed FROM journal").fetchone()
            seqs = frozenset(seq for (seq,) in db.execute("SELECT seq FROM arrivals"))
            return Snapshot(journal, Counts(accepted, removed, highest_seq(db)), seqs)
    except sqlite3.Error as error:
        raise JournalUnusable(f"The journal {path} cannot be read: {error}.") from error


def waiting(path: Path, wire_id_or_number: str) -> list[Entry]:
    """Rows of this wire id or number that the store does not have yet. Read only. Raises JournalUnusable."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None, timeout=5.0)) as db:
            return [decode(row) for row in db.execute(SELECT + " WHERE wire_id = ?1 OR number = ?1 ORDER BY seq", (wire_id_or_number,))]
    except sqlite3.Error as error:
        raise JournalUnusable(f"The journal {path} cannot be read: {error}.") from error


def highest_seq(db: sqlite3.Connection) -> int:
    """The highest that was ever given out."""
    return int(db.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'arrivals'").fetchone()[0])


def lock(path: Path) -> int:
    """One process a journal; the handle keeps it. Raises JournalUnusable."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise JournalUnusable(f"The journal {path} is in use by another process. Stop that gateway first.") from None
    return handle


def open_file(path: Path, max_bytes: int | None) -> sqlite3.Connection:
    """Open or make it. `max_bytes`: its own limit. Raises JournalUnusable, sqlite3.Error."""
    fresh = not path.exists()
    if fresh:
        make_private(path)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute(f"PRAGMA journal_size_limit = {_WAL_KEPT}")
    if max_bytes is not None:
        page_size = db.execute("PRAGMA page_size").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {max_bytes // page_size}")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        db.close()
        raise JournalUnusable(f"The journal {path} was written by a newer gateway (version {version}, this one knows {VERSION}). Install that gateway again.")
    if version == 0:
        db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
    # Came with the health page; an older gateway does not mind it.
    db.execute("CREATE TABLE IF NOT EXISTS probe (id INTEGER PRIMARY KEY, at TEXT NOT NULL)")
    if fresh:
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    return db
