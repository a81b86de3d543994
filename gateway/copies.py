"""What came before, by whatever way, is a row and no second case (law 5); so are our own trial reports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from gateway import canary
from gateway import rows as make
from gateway.context import Read
from gateway.conversation import Understood
from gateway.journal_file import Entry
from gateway.store import filing as store
from gateway.store.engine import Transaction
from gateway.store.filing import Rows, Said
from gateway.store.writing import Row

# What was filed under an id of a channel.
Known = dict[tuple[str, str], list[Said]]


async def known_of(tx: Transaction, batch: Sequence[tuple[Entry, Read]]) -> Known:
    """Of the ids of a batch."""
    ids: dict[str, set[str]] = {}
    for entry, _ in batch:
        ids.setdefault(entry.arrival.channel, set()).add(entry.arrival.wire_id)
    return {(channel, wire_id): found for channel, wire_ids in ids.items() for wire_id, found in (await store.said(tx, channel, wire_ids)).items()}


def is_repeat(entry: Entry, known: Known, rows: Rows, journal: str, now: datetime) -> bool:
    """The same id and the same words again. A row that points at the first (by the same key), without its bytes."""
    for said in known.get((entry.arrival.channel, entry.arrival.wire_id), []):
        if said.fingerprint == entry.fingerprint:
            repeat = {"outcome": "duplicate", "reason": "the same delivery again", "case": said.case, "raw": None}
            rows.arrivals.append(make.arrival(entry, journal, now) | repeat)
            return True
    return False


def without_canaries(news: Sequence[tuple[Entry, Read]], key: bytes, rows: Rows, journal: str, now: datetime) -> tuple[list[tuple[Entry, Read]], list[str]]:
    """Our own trial reports came all the way, and go no further: a row each, and nothing else."""
    left, marks = [], []
    for entry, read in news:
        if isinstance(read, Understood) and canary.is_trial(key, entry.arrival.channel, read.report):
            rows.arrivals.append(make.arrival(entry, journal, now) | {"outcome": "canary", "reason": "a trial of our own"})
            marks.append(read.report.text.strip())
        else:
            left.append((entry, read))
    return left, marks


async def without_copies(
    tx: Transaction, news: Sequence[tuple[Entry, Read]], rows: Rows, journal: str, now: datetime
) -> tuple[list[tuple[Entry, Read]], list[tuple[Entry, str]], dict[UUID, tuple[Entry, Read]]]:
    """The same mail by another way (SMTP and IMAP, a mailbox that was moved) is a row and no second case.

    Given back: what is left, twins of what is left, and what may be answered, by the case that a copy of it has opened before.
    """
    there = await store.said_elsewhere(tx, {key for _, read in news if (key := content_key(read))})
    left: list[tuple[Entry, Read]] = []
    twins: list[tuple[Entry, str]] = []
    late: dict[UUID, tuple[Entry, Read]] = {}
    seen: dict[str, int] = {}
    for entry, read in news:
        key = content_key(read)
        if key in there:
            first = there[key]
            rows.arrivals.append(copy(entry, journal, first.case, now))
            if first.case and first.opened and _may_be_answered(read):
                late.setdefault(first.case, (entry, read))
        elif key in seen:
            other, said = left[seen[key]]
            if _may_be_answered(read) and not _may_be_answered(said):
                # A list's copy must not stand for the one that was sent to us.
                left[seen[key]] = (entry, read)
                twins.append((other, key))
            else:
                twins.append((entry, key))
        else:
            if key:
                seen[key] = len(left)
            left.append((entry, read))
    return left, twins, late


def copy(entry: Entry, journal: str, case: UUID | None, now: datetime) -> Row:
    """Points at the first one's case, without its bytes."""
    return make.arrival(entry, journal, now) | {"outcome": "duplicate", "reason": "the same words by another way", "case": case, "raw": None}


def content_key(read: Read) -> str | None:
    """By which the same words are known, whatever way they came; None: by none."""
    return read.report.content_key if isinstance(read, Understood) else None


def _may_be_answered(read: Read) -> bool:
    return isinstance(read, Understood) and not read.report.automatic
