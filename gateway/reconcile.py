"""Does everything that was accepted stand in a journal or in the store? (law 6)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.journal_file import Snapshot
from gateway.store import journals
from gateway.store.engine import Store
from gateway.store.journals import Book

# A running node says something every minute; longer than this without a word, what it holds is unknown.
STALE_AFTER = timedelta(minutes=5)

OK, MISMATCH, UNKNOWN = "ok", "mismatch", "unknown"


@dataclass(frozen=True, slots=True)
class Account:
    """One journal's books, compared."""

    journal: str
    # OK, MISMATCH or UNKNOWN
    verdict: str
    accepted: int
    # Not handed over yet.
    waiting: int
    stored: int
    # When the journal was looked at, or last said something of itself. UTC.
    at: datetime
    sentence: str


async def reconcile(own: Snapshot | None, store: Store, now: datetime) -> list[Account]:
    """Our own journal's snapshot must be older than this call: the store is counted up to its highest seq. Raises StoreAway."""
    async with store.transaction() as tx:
        accounts = [_reported(book, now) for book in await journals.books(tx) if own is None or book.journal != own.id]
        if own is None:
            return accounts
        stored = await journals.count(tx, own.id, own.counts.highest_seq)
        both = own.seqs & (await journals.stored_seqs(tx, own.id, min(own.seqs), own.counts.highest_seq)).keys() if own.seqs else frozenset()
    return [_own(own, stored, len(both), now), *accounts]


def exit_code(accounts: Sequence[Account]) -> int:
    """1: something is missing or too much. 2: nothing is known to be wrong, but not everything is known. 0: all is there."""
    verdicts = {account.verdict for account in accounts}
    return 1 if MISMATCH in verdicts else 2 if UNKNOWN in verdicts else 0


def _own(own: Snapshot, stored: int, both: int, now: datetime) -> Account:
    there = len(own.seqs) + stored - both
    verdict = OK if there == own.counts.accepted else MISMATCH
    sentence = "this node's own" if verdict == OK else f"{own.counts.accepted} accepted, but {there} found. Keep both files as they are and ask for help."
    return Account(own.id, verdict, own.counts.accepted, len(own.seqs) - both, stored, now, sentence)


def _reported(book: Book, now: datetime) -> Account:
    verdict, sentence = OK, "as it last said"
    if book.accepted - book.pending != book.rows:
        verdict, sentence = (
            MISMATCH,
            f"it said it had handed over {book.accepted - book.pending}, but {book.rows} are here. Keep the store as it is and ask for help.",
        )
    elif book.retired_at is not None:
        verdict = OK if book.pending == 0 else MISMATCH
        sentence = "retired" if verdict == OK else f"retired with {book.pending} not handed over. Drain its file, if there is one: ./run drain FILE"
    elif now - book.reported_at > STALE_AFTER:
        verdict, sentence = UNKNOWN, "has said nothing since then. If its node is gone, drain its file: ./run drain FILE"
    return Account(book.journal, verdict, book.accepted, book.pending, book.rows, book.reported_at, sentence)
