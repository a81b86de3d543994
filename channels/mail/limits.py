"""What protects the machine from whoever comes by SMTP: how much each connection uses, and how often a limit was met."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address

from channels.contract import Limit
from channels.mail.settings import SmtpIn

# A mail of this size finds room however full it is: a few who hold heavy ones back must not keep out a citizen's words. All connections together, so
# many times as much. Bytes.
SMALL = 64 * 1024
# Whoever has IPv6 has at least this many bits of it alone (RFC 6177).
_OWN_BITS = 64


@dataclass(slots=True, eq=False)
class Visit:
    """One connection and what it uses. Times are the loop's."""

    # Ends it, at once or as soon as what it brought is kept.
    stop: Callable[[], None]
    began: float
    heard_at: float
    # IP address of the other side; empty: not known yet.
    address: str = ""
    # Ends with the visit.
    task: asyncio.Task[None] | None = None
    recipients: int = 0
    # Of the mail that is on its way.
    body_bytes: int = 0
    errors: int = 0
    # While a mail that is here is being kept.
    keeping: bool = False


class Limits:
    """All visits at one listener together."""

    def __init__(self, settings: SmtpIn) -> None:
        self._settings = settings
        self.visits: set[Visit] = set()
        self.bytes_in_flight = 0
        # By the limit's name, since the start.
        self.rejected: Counter[str] = Counter()
        self._networks: Counter[str] = Counter()
        # Bytes in flight, by network.
        self._held: Counter[str] = Counter()
        # One address leaves room for the largest mail of another.
        self._share = max(settings.max_message_bytes, settings.max_bytes_in_flight - settings.max_message_bytes)

    def enter(self, visit: Visit) -> bool:
        """Count it among all; False: there are too many."""
        if len(self.visits) >= self._settings.max_connections:
            return self.refuse("connections")
        self.visits.add(visit)
        return True

    def identify(self, visit: Visit, address: str) -> bool:
        """Count it among those of its address; False: there are too many."""
        if self._networks[network(address)] >= self._settings.max_connections_per_address:
            return self.refuse("connections_per_address")
        visit.address = address
        self._networks[network(address)] += 1
        return True

    def leave(self, visit: Visit) -> None:
        """It is over. A second time changes nothing."""
        self.visits.discard(visit)
        self.say_goodbye(visit)

    def say_goodbye(self, visit: Visit) -> None:
        """It ends by itself, and no longer counts among those of its address: who has heard 221 comes with the next mail before we have cleared away."""
        if visit.address:
            self._networks[network(visit.address)] -= 1
            if not self._networks[network(visit.address)]:
                del self._networks[network(visit.address)]
            visit.address = ""

    def has_room(self, visit: Visit, more: int) -> bool:
        """Whether so many bytes would find room beside all that is on its way, and beside what else its address brings."""
        if visit.body_bytes + more <= SMALL:
            return True
        whole, its = self.bytes_in_flight + more, self._held[network(visit.address)] + more
        return (whole <= self._settings.max_bytes_in_flight and its <= self._share) or self.refuse("bytes_in_flight")

    def hold(self, visit: Visit, more: int) -> None:
        """So many bytes of its mail have come."""
        visit.body_bytes += more
        self.bytes_in_flight += more
        self._held[network(visit.address)] += more

    def release(self, visit: Visit) -> None:
        """Its mail is kept, or thrown away."""
        if not visit.body_bytes:
            return
        held, here = self._held, network(visit.address)
        self.bytes_in_flight -= visit.body_bytes
        held[here] -= visit.body_bytes
        if not held[here]:
            del held[here]
        visit.body_bytes = 0

    def refuse(self, limit: str) -> bool:
        """Count that somebody met it; always False."""
        self.rejected[limit] += 1
        return False

    def told(self, now: float) -> list[Limit]:
        """Each limit; where it holds for one connection, of the one that uses most of it."""
        visits, settings = self.visits, self._settings
        used: dict[str, tuple[float, float]] = {
            "connections": (len(visits), settings.max_connections),
            "connections_per_address": (max(self._networks.values(), default=0), settings.max_connections_per_address),
            "recipients": (max((visit.recipients for visit in visits), default=0), settings.max_recipients),
            "message_bytes": (max((visit.body_bytes for visit in visits), default=0), settings.max_message_bytes),
            "bytes_in_flight": (self.bytes_in_flight, settings.max_bytes_in_flight),
            "session_seconds": (now - min((visit.began for visit in visits), default=now), settings.session_seconds),
            "idle_seconds": (now - min((visit.heard_at for visit in visits), default=now), settings.idle_seconds),
            "accept_seconds": (now - min((visit.heard_at for visit in visits if visit.keeping), default=now), settings.accept_seconds),
            "errors": (max((visit.errors for visit in visits), default=0), settings.max_errors),
        }
        return [Limit(limit, allowed, use, self.rejected[limit]) for limit, (use, allowed) in used.items()]


@lru_cache(maxsize=1024)
def network(address: str) -> str:
    """What counts as one address.

    >>> network("192.0.2.7"), network("::ffff:192.0.2.7"), network("2001:db8::7"), network("fe80::7%eth0")
    ('192.0.2.7', '192.0.2.7', '2001:db8::/64', 'fe80::/64')
    """
    ip = ip_address(address)
    if not isinstance(ip, IPv6Address):
        return str(ip)
    return str(ip.ipv4_mapped or IPv6Network((int(ip), _OWN_BITS), strict=False))
