"""How it was, as this node saw it: what was not well lately, and the share of a month in which each channel could be used."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.availability import availability
from gateway.health import OK
from gateway.store import states
from gateway.store.engine import Store
from gateway.store.states import Stretch

_MONTH, _DAY = timedelta(days=30), timedelta(hours=24)
# A month may be many rows, and its share changes slowly.
_SHARES_EVERY = timedelta(minutes=5)
# More is in the table channel_states.
_LISTED = 30


@dataclass(frozen=True, slots=True)
class Past:
    """As of the last look."""

    # Not well in the last 24 hours, newest first.
    stretches: tuple[Stretch, ...] = ()
    # By channel, 0 to 1; who was never known is not in it.
    usable: dict[str, float] = field(default_factory=dict)


class Looking:
    """Of one process."""

    def __init__(self, store: Store, node: str, channels: Collection[str]) -> None:
        self._store = store
        self._node = node
        self._channels = channels
        self._usable: dict[str, float] = {}
        self._shared_at: datetime | None = None

    async def look(self, now: datetime) -> Past:
        """Once for everybody. Raises StoreAway."""
        whole = not self._usable or self._shared_at is None or abs(now - self._shared_at) >= _SHARES_EVERY
        async with self._store.snapshot() as tx:
            found = [one for one in await states.since(tx, now - (_MONTH if whole else _DAY)) if one.node == self._node]
        if whole:
            self._usable, self._shared_at = self._shares(found, now), now
        # That nobody has looked yet is no news of anything: so it is at each start.
        wrong = [one for one in found if one.state != OK and one.kind != "not_looked" and one.until >= now - _DAY]
        return Past(tuple(reversed(wrong[-_LISTED:])), self._usable)

    def _shares(self, found: list[Stretch], now: datetime) -> dict[str, float]:
        shares: dict[str, float] = {}
        for name in self._channels:
            for direction in ("in", "out"):
                mine = [one for one in found if (one.part, one.direction) == (name, direction)]
                share = availability(mine, now - _MONTH, now).share
                if share is not None:
                    shares[name] = min(share, shares.get(name, 1.0))
        return shares
