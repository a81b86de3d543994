"""Guessing numbers, and asking for codes, is limited, in memory: so many an address, so many in all. Private links are not counted. Pure but for its memory."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

from channels import Limit

# A citizen who mistypes needs a handful; 29^11 numbers need more than that (tests/test_tracking_page.py counts).
_PER_ADDRESS = 20
# In all: what a country's citizens mistype is far less; it is what the store is asked for nothing at the most. High, as whoever spends it keeps others out.
_IN_ALL = 20_000
_WINDOW = timedelta(minutes=10)
_MOST_ADDRESSES = 50_000


class Guesses:
    """Misses of the last minutes."""

    def __init__(self, name: str = "misses_in_ten_minutes", per_address: int = _PER_ADDRESS, in_all: int = _IN_ALL) -> None:
        """`name`: what the measurements call it."""
        self._per_address = per_address
        self._in_all = in_all
        self._misses: OrderedDict[str, tuple[datetime, int]] = OrderedDict()
        self._began: datetime | None = None
        self._all = 0
        self._limit = Limit(name, in_all)

    def limit(self, now: datetime) -> Limit:
        """As it is now; whoever has used up their own part of it is turned away, too."""
        self._forget(now)
        self._limit.used = self._all
        return self._limit

    def may(self, address: str, now: datetime) -> bool:
        """Whether one more question is answered."""
        self._forget(now)
        _, misses = self._misses.get(_household(address), (now, 0))
        allowed = misses < self._per_address and self._all < self._in_all
        self._limit.rejected += not allowed
        return allowed

    def missed(self, address: str, now: datetime) -> None:
        """A number that leads nowhere that this person may see."""
        self._forget(now)
        who = _household(address)
        since, misses = self._misses.pop(who, (now, 0))
        self._misses[who] = (since, misses + 1)
        self._all += 1
        if len(self._misses) > _MOST_ADDRESSES:
            self._misses.popitem(last=False)

    def wait_seconds(self) -> int:
        """For whoever is kept out."""
        return int(_WINDOW.total_seconds())

    def _forget(self, now: datetime) -> None:
        if self._began is None or now - self._began >= _WINDOW:
            self._began, self._all = now, 0
        while self._misses:
            who, (since, _) = next(iter(self._misses.items()))
            if now - since < _WINDOW:
                return
            del self._misses[who]


def _household(address: str) -> str:
    """Whoever has a network of IPv6 has 2^64 addresses in it.

    >>> _household("2001:db8::1") == _household("2001:db8::ffff:1")
    True
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is None:
        return str(IPv6Address(int(ip) >> 64 << 64))
    return str(getattr(ip, "ipv4_mapped", None) or ip)
