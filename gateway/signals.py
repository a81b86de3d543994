"""What the signs of a channel mean: what the other side says of itself, what ends soon, what nobody can read. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta

from channels import Checked
from gateway.health import DEGRADED, DOWN, OK, Finding

# A certificate is told so long before its end: whoever renews by hand needs an office week, and what renews by itself does it earlier.
ENDS_SOON = timedelta(days=14)
# What lies at the other side longer than this should be here by now.
_LEFT_LYING = timedelta(minutes=10)
# Of the last so many deliveries of one sort, each of somebody else, within so long, so many unreadable ones are no accident: nobody alone sends them.
_LATEST, _UNREAD, _REMEMBERED = 10, 3, timedelta(hours=1)
_WHAT = {
    "certificate": "The certificate of our own door",
    "address": "The certificate of our public address",
    "server": "The certificate of the other side",
    "token": "The permission to sign in",
}
_RENEW = {
    "certificate": "Renew it; new files are taken by themselves.",
    "address": "Renew it at the proxy before us: does what renews it still run?",
    "server": "Tell who runs the server.",
    "token": "Let the mailbox's owner give it anew (refresh_token), and restart the gateway.",
}


def told_by(checked: Checked, last_at: datetime | None) -> Finding | None:
    """Of a way in: what its other side says that is not well, where that is not our connection to it. None: nothing of this sort."""
    if checked.ok:
        return None
    if checked.kind == "elsewhere":
        return Finding(DOWN, "elsewhere", f"{checked.sentence} Until then what people write does not come here.", last_at)
    if checked.kind == "outside":
        return Finding(
            DOWN, "outside", f"{checked.sentence} Look at what stands before this gateway: name service, firewall, proxy, certificate; mend it there.", last_at
        )
    if checked.kind == "warned":
        return Finding(DEGRADED, "warned", f"{checked.sentence} It goes away with the next message that comes through.", last_at)
    return None


def lying(checked: Checked, last_at: datetime | None, now: datetime) -> Finding | None:
    """What people wrote lies at the other side, and is not fetched."""
    if checked.oldest_at is None or now - checked.oldest_at <= _LEFT_LYING:
        return None
    minutes = (now - checked.oldest_at) // timedelta(minutes=1)
    return Finding(
        DEGRADED, "lying", f"{checked.waiting} messages lie at the server, the oldest for {minutes} minutes. If it stays so, restart the gateway.", last_at
    )


def ending(ends: Mapping[str, datetime], last_at: datetime | None, now: datetime) -> Finding | None:
    """The first thing that ends within a fortnight, or has ended. None: nothing does."""
    for what, until in sorted(ends.items(), key=lambda one: one[1]):
        if until <= now:
            return Finding(DEGRADED, "ended", f"{_WHAT[what]} ended on {until:%Y-%m-%d}. {_RENEW[what]}", last_at)
        if until - now < ENDS_SOON:
            return Finding(DEGRADED, "ends", f"{_WHAT[what]} ends on {until:%Y-%m-%d}, in {(until - now) // timedelta(days=1)} days. {_RENEW[what]}", last_at)
    return None


def unlike(legible: Legible, last_at: datetime | None, now: datetime) -> Finding | None:
    """The other side writes in another way than its reader knows."""
    for unread, of in legible.changed(now):
        return Finding(
            DEGRADED,
            "changed",
            f"{unread} of the last {of} deliveries could not be read: has the provider changed what it sends? All is kept, to be read again after a mend."
            " Tell who maintains the gateway, at once.",
            last_at,
        )
    return None


def parked(count: int, last_at: datetime | None) -> Finding | None:
    """Single ones that nobody could read: the channel is well, and a person should look at them."""
    said = f"Reports are accepted. Parked, as nobody could read them: {count}; look at them with `no-wrong-door parked list`. Nothing else has to be done."
    return Finding(OK, "", said, last_at) if count else None


class Legible:
    """Of one channel: how many of its latest deliveries could be read, each sort (message, status) by itself, since the start.

    >>> legible, noon = Legible(), datetime(2026, 11, 26, 12)
    >>> for i in range(4): legible.came("message", noon, read=i < 1)
    >>> legible.changed(noon), legible.changed(noon + timedelta(hours=2))
    ([(3, 4)], [])
    """

    def __init__(self) -> None:
        self._latest: dict[str, deque[tuple[datetime, bool, str]]] = {}
        # Since the start.
        self.unread = 0

    def came(self, sort: str, at: datetime, *, read: bool, who: str = "") -> None:
        """One delivery. `who`: its writer, of whom only the latest counts, or whoever sends three empty messages would alarm operators; empty: not known."""
        self.unread += not read
        latest = self._latest.setdefault(sort, deque(maxlen=_LATEST))
        before = next((one for one in latest if who and one[2] == who), None)
        if before:
            latest.remove(before)
        latest.append((at, read, who))

    def changed(self, now: datetime) -> list[tuple[int, int]]:
        """Unread ones and of how many, for each sort of which too many are unread."""
        lately = [[read for at, read, _ in latest if now - at < _REMEMBERED] for latest in self._latest.values()]
        counted = [(reads.count(False), len(reads)) for reads in lately]
        return [(unread, of) for unread, of in counted if unread >= _UNREAD]
