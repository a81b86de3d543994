"""How many come from where: enough to remark on a flood and to keep the machine alive, and no more is remembered. Pure but for its own memory."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta

_TEN_MINUTES = timedelta(minutes=10)
# Addresses at the same time; who was silent longest is forgotten first.
_MOST_ADDRESSES = 10_000


class Crowd:
    """Reports of the last ten minutes by address."""

    def __init__(self, most: int) -> None:
        """`most`: more of one address than this are not remembered one by one."""
        self._most = most
        self._times: OrderedDict[str, deque[datetime]] = OrderedDict()

    def seen(self, address: str, now: datetime) -> None:
        """One more."""
        times = self._times.setdefault(address, deque(maxlen=self._most))
        self._times.move_to_end(address)
        times.append(now)
        while times[0] <= now - _TEN_MINUTES:
            times.popleft()
        if len(self._times) > _MOST_ADDRESSES:
            self._times.popitem(last=False)

    def within(self, address: str, seconds: float, now: datetime) -> int:
        """How many came in so many seconds, ten minutes at the most."""
        since = now - timedelta(seconds=seconds)
        return sum(1 for at in self._times.get(address, ()) if at > since)
