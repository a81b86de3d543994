"""Once a night, on one node: fits word weights from what people decided and judges them; and on every node: takes what holds by now into use.

What takes long is done in a thread, from values that were read before: the store is waited for by nobody meanwhile.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from gateway import learning, routing
from gateway import rows as make
from gateway.clock import Clock
from gateway.directory import Directory
from gateway.learning import Example, Night
from gateway.office import Learned, Office
from gateway.reading import where
from gateway.sensitive import sensitive
from gateway.store import learned, leases
from gateway.store.engine import Clash, Store, StoreAway, Transaction
from gateway.store.learned import CHAMPION, SHADOW, Label
from gateway.weights import Weights, features

_log = structlog.get_logger(__name__)
LEASE, _LEASE_LENGTH = "learning", timedelta(minutes=30)
# Nobody writes at this hour of the deployment's zone.
_HOUR = 2
_LOOK_SECONDS = 60.0
# Labels in one question to the store.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class _Matter:
    """What is learned from, as it was read."""

    labels: list[Label]
    champion: Weights | None
    shadow: Weights | None
    next_version: int


class Learner:
    """One a node; one node at a time fits."""

    def __init__(self, store: Store, office: Office, clock: Clock, worker: str, zone: str) -> None:
        """`zone`: where it is night."""
        self._store = store
        self._office = office
        self._clock = clock
        self._worker = worker
        self._zone = ZoneInfo(zone)
        # Until this node and the store have agreed.
        self.paused = True

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            if not self.paused:
                try:
                    await self._look()
                except (StoreAway, Clash):
                    # Intake says so, once; or another node was at it.
                    pass
                except Exception as error:  # noqa: BLE001  # a fault of ours with one label must not end the loop
                    _log.error("learning failed", error=where(error))
            await self._clock.sleep(_LOOK_SECONDS)

    async def _look(self) -> None:
        now = self._clock.now()
        await load(self._store, self._office.learned)
        here = now.astimezone(self._zone)
        async with self._store.snapshot() as tx:
            last = await learned.last_night(tx)
        if here.hour < _HOUR or (last and last["day"] >= here.date().isoformat()):
            return
        async with self._store.transaction() as tx:
            if not await leases.take(tx, LEASE, self._worker, now, _LEASE_LENGTH):
                return
        await learn(self._store, self._office, now, self._zone)


async def load(store: Store, into: Learned) -> None:
    """Take into use what holds by now."""
    async with store.snapshot() as tx:
        versions = await learned.versions_in_force(tx)
        last = await learned.last_night(tx)
        if versions != into.versions:
            there = await learned.in_force(tx)
            into.champion, into.shadow = there.get(CHAMPION), there.get(SHADOW)
    sure = last["found"]["sure"] if last and last["champion"] == versions.get(CHAMPION, 0) else None
    into.measured, into.sure = sure is not None, sure["score"] if sure else None


async def learn(store: Store, office: Office, now: datetime, zone: ZoneInfo, *, write: bool = True) -> Night | None:
    """One night's work; without `write` it only tells what it would find. None: there is no directory, so there is nothing to choose from."""
    if office.directory is None:
        return None
    matter = await _matter(store)
    found = await asyncio.to_thread(_found, matter, office.directory)
    if write:
        async with store.transaction() as tx:
            await _settle(tx, found, now, zone)
        await load(store, office.learned)
    return found


async def _settle(tx: Transaction, found: Night, now: datetime, zone: ZoneInfo) -> None:
    await learned.settle(tx, found.champion, found.shadow, now)
    version = found.champion.version if found.champion else 0
    await learned.note(tx, now, now.astimezone(zone).date().isoformat(), version, told(found))


async def _matter(store: Store) -> _Matter:
    labels: list[Label] = []
    behind: tuple[datetime, UUID] | None = None
    while len(labels) < learned.MOST:
        async with store.snapshot() as tx:
            some = await learned.decided(tx, behind, _AT_ONCE)
        labels += some
        if len(some) < _AT_ONCE:
            break
        behind = (some[-1].at, some[-1].case)
    async with store.snapshot() as tx:
        there = await learned.in_force(tx)
        return _Matter(labels, there.get(CHAMPION), there.get(SHADOW), await learned.next_version(tx))


def _found(matter: _Matter, directory: Directory) -> Night:
    examples = [one for label in matter.labels if (one := _example(label, directory))]
    return learning.night(examples, matter.champion, matter.shadow, matter.next_version)


def _example(label: Label, directory: Directory) -> Example | None:
    """None: nobody could read it then, law and no habit decides it, or the directory has that agency no more."""
    complaint = make.understood(label.complaint)
    if "unread" in complaint.remarks or sensitive(complaint) or label.agency not in {agency.code for agency in directory.agencies}:
        return None
    base = routing.lexicon_scores(complaint, directory)
    return Example(str(label.case), label.at, features(complaint), tuple(sorted(base.items())), label.agency)


def told(found: Night) -> dict[str, object]:
    """What is kept and shown of a night: figures and versions, no words."""

    def brief(one: Weights | None) -> dict[str, object] | None:
        return {"version": one.version, "labels": one.labels, "words": len(one.table)} if one else None

    figures = {name: asdict(value) if value else None for name, value in (("verdict", found.verdict), ("trial", found.trial), ("sure", found.sure))}
    return {"labels": found.labels, "outcome": found.outcome, "champion": brief(found.champion), "shadow": brief(found.shadow), **figures}
