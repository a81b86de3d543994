"""What an operator does to a channel: pause, resume, test, try again. Each is asked of the store first, and written down there with who did it."""

from __future__ import annotations

from datetime import datetime

from gateway import pausing
from gateway.desk.sessions import Sessions
from gateway.node import Gateway
from gateway.store import desk
from gateway.store.desk import Session
from gateway.store.engine import Transaction
from gateway.store.pauses import Pause

PAUSE, RESUME, TEST, RETRY = "pause", "resume", "test", "retry"
WHAT = (PAUSE, RESUME, TEST, RETRY)


class SignedOut(Exception):
    """The store does not know the session any more."""


class Acting:
    """On one node; a pause is for all of them."""

    def __init__(self, gateway: Gateway, sessions: Sessions) -> None:
        self._gateway = gateway
        self._sessions = sessions
        # Channels that are being looked at: one look at a time asks the provider.
        self._looking: set[str] = set()

    async def on_channel(self, session: Session, what: str, channel: str, why: str, source: str) -> None:
        """Do it, and have another look at the channel. Raises SignedOut, StoreAway, Clash."""
        now = self._gateway.clock.now()
        async with self._gateway.store.transaction() as tx:
            await self.insist(tx, session)
            await self._write(tx, session, what, channel, pausing.line(why), source, now)
        if what in {PAUSE, RESUME}:
            await self._gateway.pausing.look()
        outbox = self._gateway.outboxes.get(channel)
        if outbox and what in {RESUME, RETRY}:
            outbox.try_now()
        await self._look_at(channel)

    async def insist(self, tx: Transaction, session: Session) -> None:
        """Whoever did what may not any more, cannot. Raises SignedOut."""
        if not await self._sessions.now_of(tx, session):
            raise SignedOut

    async def _write(self, tx: Transaction, session: Session, what: str, channel: str, why: str, source: str, now: datetime) -> None:
        who = Pause(session.person, now, why)
        if what == PAUSE:
            await pausing.pause(tx, channel, who, source)
        elif what == RESUME:
            await pausing.resume(tx, channel, who, source)
        else:
            await desk.note(tx, now, session.person, what, channel, source=source)

    async def _look_at(self, channel: str) -> None:
        if channel in self._looking:
            return
        self._looking.add(channel)
        try:
            await self._gateway.monitor.look_at(channel)
        finally:
            self._looking.discard(channel)
