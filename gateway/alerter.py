"""Tells operators what is wrong, by another way than the broken one: looks at the board at each heartbeat, and sends what alerts.py says.

An alert is a notice in the one outbox, and the same transaction writes down that it was told (law 7). Only while the store is away it goes out directly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from channels import Notice, SendFailed
from gateway import alerts
from gateway.alerts import BEGAN, OVER, STEADY_SECONDS, WORSE, Alarm, Target
from gateway.clock import Clock
from gateway.health import Board, Condition, Finding, Key
from gateway.ids import new_id
from gateway.reading import where
from gateway.store import alerts as troubles
from gateway.store import filing
from gateway.store.alerts import Trouble
from gateway.store.engine import Clash, Store, StoreAway, Transaction, Unstorable
from gateway.store.filing import Rows
from gateway.store.writing import Row
from gateway.telling import Letterhead, Message, Told

_log = structlog.get_logger(__name__)
ALERT = "alert"
# Parts that all nodes share, and all channels: of several nodes that see the same, one tells it.
_SHARED = frozenset({"store"})
# A store, or a provider, that hangs is one that is away. Seconds.
_PATIENCE_SECONDS = 10.0
# Another node that still sees a trouble has said so by then.
_ELSEWHERE = timedelta(seconds=STEADY_SECONDS / 2)


class Way(Protocol):
    """What an alert can be sent by: a channel, a webhook."""

    async def send(self, notice: Notice) -> str:
        """Hand it over. Raises SendFailed."""


@dataclass(frozen=True, slots=True)
class _Event:
    """What is to be said of one trouble."""

    key: Key
    finding: Finding
    said: str


@dataclass(frozen=True, slots=True)
class _Letter:
    """Words for one who is told."""

    target: Target
    notice: Notice
    # Seconds that only count on: later than that it is told to nobody directly.
    until: float


class Alerter:
    """Of one node."""

    def __init__(
        self,
        board: Board,
        store: Store,
        clock: Clock,
        node: Callable[[], str],
        heartbeat_seconds: float,
        head: Letterhead,
        targets: Sequence[Target],
        ways: Mapping[str, Way],
        ring: Callable[[str], None],
    ) -> None:
        """`node`: how this node is called in the store. `ways`: by name. `ring(way)`: something is to be sent by it."""
        self._board = board
        self._store = store
        self._clock = clock
        self._node = node
        self._seconds = heartbeat_seconds
        self._head = head
        self._targets = targets
        self._ways = ways
        self._ring = ring
        self._alarms: dict[Key, Alarm] = {}
        # Told directly, as the store was away; that they are over, to be written down; and letters that have not gone yet.
        self._told_directly: set[Key] = set()
        self._ended: dict[Key, Trouble] = {}
        self._letters: list[_Letter] = []
        self._remembered = False
        # Until this node and the store have agreed.
        self.paused = True
        # For the measurements, since the start.
        self.told = 0

    async def run(self) -> None:
        """Until cancelled; returns at once if there is nobody to be told."""
        while self._targets:
            await self.beat()
            await self._clock.sleep(self._seconds)

    async def beat(self) -> None:
        """One heartbeat."""
        found = self._board.look(self._clock.counted())
        await self._remember(found)
        events = [event for key in found if (event := self._look(key, found))]
        if self.paused:
            await self._directly(events, found)
            return
        try:
            rows = await self._written(events, found)
        except (StoreAway, Clash, Unstorable, TimeoutError):
            await self._directly(events, found)
            return
        for way in {str(row["channel"]) for row in rows}:
            self._ring(way)
        await self._deliver()

    def _look(self, key: Key, found: Mapping[Key, Condition]) -> _Event | None:
        state, condition, alarm = alerts.own(key, found), found[key], self._alarms.get(key, Alarm())
        # Nobody looks any more: that is seen anew each time. All else is one look, however often it is read here.
        at = self._clock.counted() if condition.finding.kind == "stale" else condition.counted
        if state is None or at <= alarm.looked_at:
            return None
        self._alarms[key], said = alerts.step(alarm, state, at)
        return _Event(key, condition.finding, said) if said else None

    async def _remember(self, found: Mapping[Key, Condition]) -> None:
        """What was told before this node was started: it ends like any other."""
        if self._remembered or self.paused:
            return
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS), self._store.transaction() as tx:
                for one in await troubles.standing(tx, self._node()):
                    if (one.part, one.direction) not in found:
                        # A channel that is no more.
                        await troubles.drop(tx, one)
                    elif not self._alarms.get((one.part, one.direction), Alarm()).told:
                        self._alarms[one.part, one.direction] = alerts.remembered(one.state, self._clock.counted())
        except (StoreAway, Clash, TimeoutError):
            return
        self._remembered = True

    # By the outbox

    async def _written(self, events: Sequence[_Event], found: Mapping[Key, Condition]) -> list[Row]:
        """The notices that were put into the outbox. Raises StoreAway."""
        told_before = {event.key for event in events if event.said == BEGAN}
        lasting = [
            self._trouble(key, found[key].finding)
            for key, alarm in self._alarms.items()
            if alarm.told and alarm.bad[-1] == alarm.looked_at and key not in told_before
        ]
        if not (events or lasting or self._ended):
            return []
        async with asyncio.timeout(_PATIENCE_SECONDS), self._store.transaction() as tx:
            for trouble in self._ended.values():
                await troubles.drop(tx, trouble)
            mine = [event for event in events if await self._is_mine(tx, event)]
            await troubles.hold(tx, lasting)
            rows = [self._notice(letter) for letter in self._letters_on(mine, found)]
            await filing.write(tx, Rows(notices=rows))
        self._ended.clear()
        self._told_directly -= {event.key for event in events if event.said not in {BEGAN, WORSE}}
        self._say(mine)
        return rows

    async def _is_mine(self, tx: Transaction, event: _Event) -> bool:
        """Of several nodes one tells it."""
        trouble = self._trouble(event.key, event.finding)
        if event.said == BEGAN:
            return await troubles.begin(tx, trouble)
        if event.said == WORSE:
            return await troubles.worsen(tx, trouble)
        if event.said == OVER:
            # Whoever told it directly tells its end, too; in the store nothing may stand of it.
            return await troubles.end(tx, trouble, self._clock.now() - _ELSEWHERE) or event.key in self._told_directly
        await troubles.drop(tx, trouble)
        return False

    def _trouble(self, key: Key, finding: Finding) -> Trouble:
        now, shared = self._clock.now(), key[1] or key[0] in _SHARED
        return Trouble(*key, "" if shared else self._node(), alerts.how_bad(finding.state, finding.kind), now, now)

    def _notice(self, letter: _Letter) -> Row:
        it, now = letter.notice, self._clock.now()
        empty: Row = {"provider_id": None, "attempts": 0, "maybe_sent": False, "leased_by": None, "leased_until": None, "sent_at": None}
        words: Row = {"short": it.short, "full": it.full, "subject": it.subject, "thread": [], "token": "", "choices": []}
        to: Row = {"channel": letter.target.way, "to_kind": it.to.kind, "to_value": it.to.value}
        state: Row = {"state": "queued", "reason": "", "made_at": now, "due_at": now}
        return {"id": new_id(), "case": None, "kind": ALERT, **to, **words, **state, **empty}

    # Directly

    async def _directly(self, events: Sequence[_Event], found: Mapping[Key, Condition]) -> None:
        """The store is away: whoever shall bring it back must hear of it."""
        for event in events:
            if event.said in {BEGAN, WORSE}:
                self._told_directly.add(event.key)
                self._ended.pop(event.key, None)
            else:
                self._told_directly.discard(event.key)
                self._ended[event.key] = self._trouble(event.key, event.finding)
        told = [event for event in events if event.said in {BEGAN, WORSE, OVER}]
        self._letters += self._letters_on(told, found)
        self._say(told)
        await self._deliver()

    async def _deliver(self) -> None:
        """What waits to go directly: tried at each heartbeat, until it is no news any more."""
        letters, self._letters = self._letters, []
        self._letters = [letter for letter, sent in zip(letters, await asyncio.gather(*map(self._sent, letters)), strict=True) if not sent]

    async def _sent(self, letter: _Letter) -> bool:
        if self._clock.counted() > letter.until:
            _log.error("an alert reached nobody", way=letter.target.way, subject=letter.notice.subject)
            return True
        try:
            async with self._clock.timeout(_PATIENCE_SECONDS):
                await self._ways[letter.target.way].send(letter.notice)
        except (SendFailed, TimeoutError):
            return False
        except Exception as error:  # noqa: BLE001  # a fault of ours in send() must not keep the others from being told
            _log.error("an alert could not be sent", way=letter.target.way, error=where(error))
            return False
        return True

    # Words

    def _letters_on(self, events: Sequence[_Event], found: Mapping[Key, Condition]) -> list[_Letter]:
        """One for each who is told, on all that is new to them."""
        news: dict[Target, list[Told]] = {}
        for event in events:
            told = Told(event.key, event.finding, found[event.key].since, over=event.said == OVER)
            for target in alerts.ways(self._targets, event.key[0], found):
                news.setdefault(target, []).append(told)
        until = self._clock.counted() + STEADY_SECONDS
        return [_Letter(target, _addressed(target, self._head.message(told)), until) for target, told in news.items()]

    def _say(self, events: Sequence[_Event]) -> None:
        self.told += len(events)
        for event in events:
            _log.info("operators are told", part=event.key[0], direction=event.key[1], said=event.said)


def _addressed(target: Target, said: Message) -> Notice:
    return Notice(str(new_id()), target.to, said.short, said.full, said.subject)
