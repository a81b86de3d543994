"""Which mails of a folder we do not have yet, in what order they are fetched, and which of them make trouble. Pure.

Only the server's own mark says for good what was taken. This remembers what the server would not mark, or not hand out, as long as we run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from channels.mail.imap_session import Listing

# Failed once, a mail is tried again at once: mostly it was the connection. From here on it is told, and waits longer each time.
_TOLD_AFTER = 3
# The longest wait is so many times the first, doubled.
_DOUBLED_AT_MOST = 10


@dataclass(frozen=True, slots=True)
class _Waiting:
    # When the server got it, or when we first saw it.
    since: datetime
    failures: int = 0
    # By the clock that only counts; seconds.
    again_at: float = 0.0


class Untaken:
    """Of one folder.

    >>> untaken, now = Untaken(retry_seconds=2), datetime(2026, 11, 25)
    >>> untaken.see(Listing(1, (7, 8, 9), ()), now)
    >>> untaken.taken(7)
    >>> untaken.failed(8, at=100), untaken.failed(8, at=100), list(untaken.due(100)), list(untaken.due(108))
    (None, None, [9], [8, 9])
    """

    def __init__(self, retry_seconds: float) -> None:
        self._retry_seconds = retry_seconds
        self._validity: int | None = None
        self._waiting: dict[int, _Waiting] = {}
        self._taken: set[int] = set()

    def see(self, listing: Listing, now: datetime) -> None:
        """What the server says now, is so: what is not listed any more was moved or deleted."""
        if listing.validity != self._validity:
            self._validity, self._waiting, self._taken = listing.validity, {}, set()
        self._taken &= set(listing.waiting)
        self._waiting = {uid: self._waiting.get(uid) or _Waiting(now) for uid in listing.waiting if uid not in self._taken}

    def due(self, at: float) -> Iterator[int]:
        """What may be fetched now, oldest first."""
        return (uid for uid, waiting in list(self._waiting.items()) if waiting.again_at <= at)

    def next_at(self) -> float | None:
        """When the next one that failed may be tried again; None: none has."""
        return min((waiting.again_at for waiting in self._waiting.values() if waiting.failures), default=None)

    def came(self, uid: int, came_at: datetime | None) -> None:
        """When it came to the server, if that was before we saw it."""
        waiting = self._waiting.get(uid)
        if waiting and came_at and came_at < waiting.since:
            self._waiting[uid] = replace(waiting, since=came_at)

    def left(self, uid: int) -> None:
        """Somebody else has it, it seems; if the server lists it again, it waits again."""
        self._waiting.pop(uid, None)

    def taken(self, uid: int) -> None:
        """It is ours, whether or not it can be marked."""
        self._waiting.pop(uid, None)
        self._taken.add(uid)

    def failed(self, uid: int, at: float) -> None:
        """It could not be had; others go first now."""
        waiting = self._waiting.get(uid)
        if waiting:
            failures = waiting.failures + 1
            pause = self._retry_seconds * 2 ** min(failures, _DOUBLED_AT_MOST) if failures > 1 else 0.0
            self._waiting[uid] = replace(waiting, failures=failures, again_at=at + pause)

    @property
    def unmarked(self) -> tuple[int, ...]:
        """Just after see(): those that we have, and that the server lists as if we had not."""
        return tuple(sorted(self._taken))

    @property
    def stuck(self) -> int:
        """How many have failed again and again."""
        return sum(waiting.failures >= _TOLD_AFTER for waiting in self._waiting.values())

    @property
    def count(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @property
    def oldest(self) -> datetime | None:
        """Since when the oldest waits; None: none does."""
        return min((waiting.since for waiting in self._waiting.values()), default=None)
