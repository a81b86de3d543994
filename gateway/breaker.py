"""Stop asking a provider that fails everybody; ask again later, with one notice first. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

# Failures in a row, of the kind that would hit every notice, before it opens.
_FAILURES = 5
_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Breaker:
    """Closed: send. Open until a time: send nothing, and count no attempts. After that: one, to see."""

    failures: int = 0
    open_until: datetime | None = None
    # When that was said. Later than now: the clock was ahead, and nobody waits until it is so late again.
    said_at: datetime | None = None
    pause: timedelta = _FIRST_PAUSE
    # One was let through to see.
    trying: bool = False

    def limit(self, wanted: int, now: datetime) -> int:
        """How many may be sent now."""
        if self.open_until is None:
            return wanted
        was_ahead = self.said_at is not None and now < self.said_at
        return min(wanted, 1) if was_ahead or now >= self.open_until else 0

    def probing(self, now: datetime, until: datetime) -> Breaker:
        """One was let through to see; until it is back (or lost), no second one."""
        return replace(self, open_until=until, said_at=now, trying=True) if self.open_until is not None else self

    def try_now(self, now: datetime) -> Breaker:
        """It need not wait any longer: the next one is let through to see."""
        return replace(self, open_until=now, said_at=now) if self.open_until is not None and not self.trying else self

    def failed(self, now: datetime, retry_after: timedelta | None = None) -> Breaker:
        """One more that would have failed for everybody. A provider that says when to come back is taken at its word."""
        failures = self.failures + 1
        if retry_after is not None:
            return replace(self, failures=failures, open_until=now + retry_after, said_at=now, trying=False)
        if failures < _FAILURES:
            return replace(self, failures=failures)
        if self.open_until is not None and now < self.open_until and not self.trying:
            # Begun before it opened: no news.
            return replace(self, failures=failures)
        return Breaker(failures, now + self.pause, now, min(self.pause * 2, _LONGEST_PAUSE))

    def went(self) -> Breaker:
        """One went through."""
        return Breaker()
