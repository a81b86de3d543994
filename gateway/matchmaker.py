"""Finds cases of different people that may be one, in the background, and keeps them as suggestions to operators. It merges nothing and tells no citizen.

Each case is first made findable by its words, and that is committed; only then are others looked for. So of two cases that two nodes compare at the same
moment at least the later one finds the other. What waits is what the store has and nobody compared (no mark on the way): a case that commits late is seen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from gateway import rows
from gateway.clock import Clock
from gateway.essence import Essence, cells, essence, keys
from gateway.journal import Journal
from gateway.likeness import Likeness, Rarity, likeness
from gateway.reading import where
from gateway.store import leases, likenesses
from gateway.store.engine import Clash, Store, StoreAway, Transaction
from gateway.store.likenesses import Matter, day_of
from gateway.store.writing import Row

_log = structlog.get_logger(__name__)

_LEASE = "likeness"
# A node that died is believed dead after this.
_LEASE_LENGTH = timedelta(seconds=60)
# Cases at a time; and seconds until the next, when there may be more and when there were none.
_BATCH = 20
_PAUSE_SECONDS, _LOOK_SECONDS = 0.05, 2.0
# While more reports than this wait for the store, they have the machine to themselves.
_REPORTS_FIRST = 100
# A word that more cases have is common, and leads to the latest of them only.
_COMMON = 64
# How much such a word still counts.
_COMMON_WORTH = 0.3
# The rarest keys of a case by which others are looked for, and how many of those are looked at.
_ASKED, _LOOKED_AT = 12, 12
# One word alone is shared by chance; to be near is enough.
_AS_SEVERAL = 2
# Suggestions of one case at the most: of a chain letter there may be hundreds, and nobody reads them.
_MOST = 5
_COUNT_EVERY, _FORGET_EVERY = timedelta(seconds=30), timedelta(hours=1)
_FORGOTTEN_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class _Subject:
    """A case in hand."""

    matter: Matter
    essence: Essence
    # What it is found by, and the word that each key stands for.
    keys: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class _Near:
    """Where to look for what a case is like."""

    cases: Sequence[UUID]
    rarity: Rarity


class Matchmaker:
    """One a node; one node at a time works."""

    def __init__(self, store: Store, clock: Clock, worker: str, journal: Journal, *, threshold: float, window: timedelta) -> None:
        """`threshold`: score from which a pair is kept. `window`: between the openings of two cases at the most."""
        self._store = store
        self._clock = clock
        self._worker = worker
        self._journal = journal
        self._threshold = threshold
        self._window = window
        self._counted = self._forgot = datetime.min.replace(tzinfo=clock.now().tzinfo)
        # Until this node and the store have agreed.
        self.paused = True
        # For health: cases to be compared, as of the last look.
        self.waiting = 0

    async def run(self) -> None:
        """Until cancelled; a batch that is broken off is done again."""
        while True:
            try:
                more = not self._reports_first() and await self.batch()
            except (StoreAway, Clash):
                # Intake says so, once; or another node was at the same cases.
                more = False
            await self._clock.sleep(_PAUSE_SECONDS if more else _LOOK_SECONDS)

    def _reports_first(self) -> bool:
        counts = self._journal.counts
        return self.paused or counts.accepted - counts.removed > _REPORTS_FIRST

    async def batch(self) -> bool:
        """Compare the next few; whether there were any for us."""
        now = self._clock.now()
        async with self._store.snapshot() as tx:
            wanted = await likenesses.uncompared(tx, now - self._window, _BATCH)
            if now - self._counted >= _COUNT_EVERY:
                self.waiting, self._counted = await likenesses.waiting(tx, now - self._window), now
            found = await likenesses.matters(tx, wanted)
        if not wanted:
            await self._forget(now)
            return False
        subjects = {case: _subject(matter) for case, matter in found.items()}
        async with self._store.transaction() as tx:
            if not await leases.take(tx, _LEASE, self._worker, now, _LEASE_LENGTH):
                return False
            published = {case: subject.keys.keys() if subject.matter.open else () for case, subject in subjects.items()}
            await likenesses.publish(tx, published, {case: matter.opened_at for case, matter in found.items()})
        async with self._store.snapshot() as tx:
            likes = await self._likes(tx, [subject for subject in subjects.values() if subject.matter.open])
        async with self._store.transaction() as tx:
            await likenesses.suggest(tx, likes, now)
            # Last, as it locks the cases.
            await likenesses.compared(tx, {case: matter.version for case, matter in found.items()})
        return True

    async def _likes(self, tx: Transaction, subjects: Sequence[_Subject]) -> dict[UUID, dict[UUID, tuple[float, Row]]]:
        """The open cases of others that each is like, at most _MOST: score and reasons."""
        near = {subject.matter.case: await self._near(tx, subject) for subject in subjects}
        # What was suggested before is looked at again: it may not be among the latest any more, and still be true.
        before = await likenesses.partners(tx, near)
        wanted = {case: {*around.cases, *before[case]} - {case} for case, around in near.items()}
        others = await self._essences(tx, set().union(*wanted.values()))
        return {subject.matter.case: self._best(subject, near[subject.matter.case].rarity, wanted[subject.matter.case], others) for subject in subjects}

    async def _near(self, tx: Transaction, subject: _Subject) -> _Near:
        """Who shares the most of the rarest keys."""
        day, width = day_of(subject.matter.opened_at), -(-self._window // timedelta(days=1))
        days = (day - width, day + width)
        counts = {key: count - (key in subject.keys) for key, count in (await likenesses.how_many(tx, _asked(subject), days, _COMMON)).items()}
        rarest = sorted((key for key, count in counts.items() if count > 0), key=lambda key: (counts[key], key))[:_ASKED]
        here = set(cells(subject.essence.location))
        weights = {key: (_rarity(counts[key]), _AS_SEVERAL if key in here else 1) for key in rarest}
        return _Near(await likenesses.sharing(tx, weights, days, _COMMON, _LOOKED_AT + 1), _known(subject.keys, counts))

    async def _essences(self, tx: Transaction, which: set[UUID]) -> dict[UUID, Essence]:
        """Of those of them that are open."""
        return {case: _understood(matter) for case, matter in (await likenesses.matters(tx, which)).items() if matter.open}

    def _best(self, subject: _Subject, rarity: Rarity, wanted: set[UUID], others: Mapping[UUID, Essence]) -> dict[UUID, tuple[float, Row]]:
        scored = {case: likeness(subject.essence, others[case], rarity, self._window) for case in wanted & others.keys()}
        best = sorted((case for case, like in scored.items() if like.score >= self._threshold), key=lambda case: (-scored[case].score, case))
        return {case: (scored[case].score, _reasons(scored[case])) for case in best[:_MOST]}

    async def _forget(self, now: datetime) -> None:
        """What is too old to be found by a new case need not be found."""
        if now - self._forgot < _FORGET_EVERY:
            return
        async with self._store.transaction() as tx:
            if await likenesses.forget(tx, now - 2 * self._window, _FORGOTTEN_AT_ONCE) < _FORGOTTEN_AT_ONCE:
                self._forgot = now


def _asked(subject: _Subject) -> Sequence[int]:
    return [*{**subject.keys, **dict.fromkeys(cells(subject.essence.location))}]


def _subject(matter: Matter) -> _Subject:
    found = _understood(matter)
    return _Subject(matter, found, keys(found))


def _understood(matter: Matter) -> Essence:
    """What cannot be understood is like nothing: it must not keep the others waiting."""
    who = {str(matter.correspondent)} if matter.correspondent else set()
    try:
        return essence(rows.understood(matter.complaint), who)
    except Exception as error:  # noqa: BLE001  # a complaint of another version, a fault of ours with one text
        _log.error("a case cannot be compared", error=where(error))
        return Essence(frozenset(who), {}, frozenset(), frozenset(), {}, None, None, None, question=True, at=matter.opened_at, day=None)


def _rarity(others: int) -> float:
    """From 1 (nobody else has it) to _COMMON_WORTH."""
    return 1 - (1 - _COMMON_WORTH) * min(1.0, math.log1p(others) / math.log1p(_COMMON))


def _known(keys: Mapping[int, str], counts: Mapping[int, int]) -> Rarity:
    known = {word: _rarity(max(0, counts[key] - 1)) for key, word in keys.items() if word}
    # The other's own words were not counted; they are taken to be as rare as these.
    return Rarity(known, sum(known.values()) / len(known) if known else 1.0)


def _reasons(like: Likeness) -> Row:
    parts: Row = {"what": round(like.what, 3), "place": round(like.place, 3), "time": round(like.time, 3)}
    return parts | {"words": list(like.words), "metres": None if like.metres is None else round(like.metres), "days": round(like.days, 1)}
