"""Asks providers for what was sent to us and never arrived: after a start, after our own door refused, every quarter of an hour, and when an operator says so.

What it finds goes in by the one way in, so a message that a webhook brings at the same moment, or that is found twice, is one report. A mark in the store says
until when a channel is whole; it moves only after everything that was listed is in the journal, so that whoever is killed in the middle begins again.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from channels import Arrival, Channel, Refused, SendFailed
from gateway import tracking
from gateway.clock import Clock
from gateway.inlet import CoreInlet, plain_id
from gateway.journal import Journal
from gateway.store import missed as store
from gateway.store.engine import Store, StoreAway

_log = structlog.get_logger(__name__)

# Looks whether there is a reason to ask; and the same while the store has not answered yet. Seconds.
_LOOK_SECONDS, _FIRST_SECONDS = 20.0, 1.0
# A proxy that was down leaves no trace with us: asked without a reason, too.
_EVERY = timedelta(minutes=15)
# A start asks, once it is so long ago that anybody did: one that was down for a few seconds may have missed something, too.
_JUST_NOW = timedelta(minutes=1)
# The provider's clock is not ours, and its list may be a little behind.
_OVERLAP = timedelta(minutes=5)
# What could not be asked is asked again after so long, doubled each time up to _EVERY.
_FIRST_PAUSE = timedelta(minutes=1)
# What goes into the journal at once.
_AT_ONCE = 20
_NOTHING_TO_ASK = (
    "It keeps no list that could be asked: what it could not bring it brings again by itself (mail servers for days, Telegram for 24 hours), "
    "and a browser keeps what was typed."
)


@dataclass(frozen=True, slots=True)
class Found:
    """What asking brought, so far or in the end."""

    channel: str
    # Sent to us since then. UTC.
    since: datetime
    # Never arrived, and in the journal now.
    taken: int = 0
    # On the list and here before.
    known: int = 0
    # False: the other side is not as it should be.
    ok: bool = True
    # For an operator; empty: the numbers say it.
    sentence: str = ""


Told = Callable[[Found], Awaitable[None]]


async def _nobody(_: Found) -> None:
    """Nobody wants to hear of it."""


class Missed:
    """Of one node."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        inlets: Mapping[str, CoreInlet],
        key: bytes,
        journal: Journal,
        db: Store,
        clock: Clock,
        ready: Callable[[], Awaitable[str]],
    ) -> None:
        """`key`: the deployment's. `ready`: why nothing can be accepted now; empty: it can."""
        self._key = key
        self._channels = channels
        self._inlets = inlets
        self._journal = journal
        self._store = db
        self._clock = clock
        self._ready = ready
        # One at a time: whoever comes second finds that there is nothing left.
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @property
    def names(self) -> Collection[str]:
        """All channels, with a list or without."""
        return self._channels.keys()

    def loops(self) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        """For the supervisor: one for each channel whose other side keeps a list."""
        lists = [name for name, channel in self._channels.items() if channel.missed(self._clock.now(), self._ledger(name)) is not None]
        return [(f"missed {name}", partial(self._watch, name)) for name in lists]

    async def ask(self, name: str, since: datetime | None = None, told: Told = _nobody) -> Found:
        """Take in what never arrived; `since`: None for since the channel was last known to be whole.

        Raises SendFailed (the other side), Refused (our journal), StoreAway.
        """
        async with self._turns[name]:
            began = self._clock.now()
            async with self._store.snapshot() as tx:
                mark = await store.whole_until(tx, name)
            since = since or min(mark or began, began) - _OVERLAP
            ledger = self._ledger(name)
            arrivals = self._channels[name].missed(since, ledger)
            if arrivals is None:
                checked = await self._channels[name].check_in()
                return Found(name, since, ok=checked.ok, sentence=f"{checked.sentence} {_NOTHING_TO_ASK}".strip())
            found = Found(name, since)
            async with aclosing(arrivals):
                async for some in _pieces(arrivals):
                    await self._receive(name, some)
                    found = Found(name, since, found.taken + len(some), ledger.met)
                    await told(found)
            if mark is None or since <= mark:
                async with self._store.transaction() as tx:
                    await store.is_whole(tx, name, began)
            return Found(name, since, found.taken, ledger.met)

    async def _receive(self, name: str, some: Sequence[Arrival]) -> None:
        # All at once, so that one commit serves them all, in their order.
        ends = await asyncio.gather(*(self._inlets[name].receive(arrival) for arrival in some), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                raise end

    def _ledger(self, name: str) -> _Ledger:
        return _Ledger(name, self._key, self._journal, self._store)

    # By itself

    async def _watch(self, name: str) -> None:
        reason, seen = _Reason(self._inlets[name]), False
        while True:
            try:
                pause = await self._look(name, reason)
                seen = True
            except StoreAway:
                # Intake says so, once.
                pause = _LOOK_SECONDS if seen else _FIRST_SECONDS
            except (SendFailed, Refused) as failed:
                pause = reason.failed(failed.retry_after).total_seconds()
                if reason.failures == 1:
                    _log.warning("cannot ask for missed messages", channel=name, why=str(failed))
            await self._clock.sleep(pause)

    async def _look(self, name: str, reason: _Reason) -> float:
        """Ask, if there is a reason; how many seconds until the next look."""
        async with self._store.snapshot() as tx:
            mark = await store.whole_until(tx, name)
        if mark is None:
            # What was sent before there was this channel was not sent to us.
            await self._begin(name)
            reason.answered(reason.refused)
        elif reason.holds(self._clock.now() - mark) and not await self._ready():
            before = reason.refused
            found = await self.ask(name)
            reason.answered(before)
            if found.taken:
                _log.warning("missed messages taken in", channel=name, count=found.taken, since=found.since.isoformat())
        return _LOOK_SECONDS

    async def _begin(self, name: str) -> None:
        async with self._store.transaction() as tx:
            await store.is_whole(tx, name, self._clock.now())


class _Ledger:
    """Known: the journal first, then the store, so that what moves in between is in one of them."""

    def __init__(self, channel: str, key: bytes, journal: Journal, db: Store) -> None:
        self._channel = channel
        self._key = key
        self._journal = journal
        self._store = db
        # How many were asked for and are here.
        self.met = 0

    async def ids(self, wire_ids: Collection[str]) -> set[str]:
        names = {plain_id(wire_id): wire_id for wire_id in wire_ids}
        here = await self._journal.ids(self._channel, names)
        async with self._store.snapshot() as tx:
            for some in _slices(list(names)):
                here |= await store.ids(tx, self._channel, {tracking.number(self._key, self._channel, name): name for name in some})
        self.met += len(here)
        return {names[name] for name in here}

    async def words(self, fingerprints: Collection[str]) -> set[str]:
        here = await self._journal.fingerprints(self._channel, fingerprints)
        async with self._store.snapshot() as tx:
            for some in _slices(list(fingerprints)):
                here |= await store.fingerprints(tx, self._channel, some)
        self.met += len(here)
        return here


class _Reason:
    """Why one channel's other side is asked by itself."""

    def __init__(self, inlet: CoreInlet) -> None:
        self._inlet = inlet
        # What our inlet had refused when this node last began to ask.
        self._refused = inlet.refused
        # This node has asked.
        self._asked = False
        # In a row.
        self.failures = 0

    @property
    def refused(self) -> int:
        """By our inlet, so far."""
        return self._inlet.refused

    def holds(self, age: timedelta) -> bool:
        """Now, so long after anybody has asked."""
        # A mark from the future: somebody has set the clock.
        return not timedelta() <= age < (_EVERY if self._asked else _JUST_NOW) or self.refused != self._refused

    def answered(self, refused: int) -> None:
        """All is here; so many had been refused when that was asked."""
        self._refused, self._asked, self.failures = refused, True, 0

    def failed(self, retry_after: timedelta | None) -> timedelta:
        """How long to wait."""
        self.failures += 1
        pause: timedelta = min(_EVERY, _FIRST_PAUSE * 2 ** min(self.failures - 1, 10))
        return max(retry_after or timedelta(), pause)


def _slices(values: Sequence[str]) -> list[Sequence[str]]:
    """A statement takes only so many."""
    return [values[at : at + 500] for at in range(0, len(values), 500)]


async def _pieces(arrivals: AsyncIterator[Arrival]) -> AsyncIterator[list[Arrival]]:
    some: list[Arrival] = []
    async for arrival in arrivals:
        some.append(arrival)
        if len(some) == _AT_ONCE:
            yield some
            some = []
    if some:
        yield some
