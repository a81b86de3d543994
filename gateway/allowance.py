"""How much goes out to one address in an hour, so that a stranger cannot make us pay. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.notices import ACKNOWLEDGEMENT, DIALOGUE

HOUR = timedelta(hours=1)
# What is remembered; by mail there is a cap a week.
_WEEK = timedelta(days=7)
_MOST = 100


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one address was sent lately."""

    # When and what kind, oldest first; what is older than a week is dropped.
    recent: tuple[tuple[datetime, str], ...] = ()
    # Acknowledgements withheld since the last that was not.
    unannounced: int = 0

    def may(self, kind: str, now: datetime, cap: int) -> bool:
        """Under the cap; an hour's first acknowledgement always is. What belongs to a dialogue is counted by itself."""
        within = [sent for _, sent in self._within(now, HOUR)]
        mine = [sent for sent in within if (sent in DIALOGUE) == (kind in DIALOGUE)]
        return len(mine) < cap or (kind == ACKNOWLEDGEMENT and ACKNOWLEDGEMENT not in within)

    def within(self, now: datetime, span: timedelta) -> int:
        """How many in that time, a week at the most."""
        return len(self._within(now, span))

    def spent(self, kind: str, now: datetime) -> Allowance:
        """After one more went out; an acknowledgement tells of all that were withheld."""
        return Allowance((*self._within(now, _WEEK)[-_MOST:], (now, kind)), 0 if kind == ACKNOWLEDGEMENT else self.unannounced)

    def withheld(self, kind: str) -> Allowance:
        """After one was not sent."""
        return replace(self, unannounced=self.unannounced + (kind == ACKNOWLEDGEMENT))

    def _within(self, now: datetime, span: timedelta) -> tuple[tuple[datetime, str], ...]:
        return tuple((at, kind) for at, kind in self.recent if at > now - span)
