"""Who is signed in. Pages are shown by what this process remembers of the store; whatever changes anything asks the store itself.

So looking costs no query, and goes on while the store is away; and a session that another node or a command ended is over here at the next look, and can do
nothing from the moment at which it ended.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.clock import Clock
from gateway.store import desk
from gateway.store.desk import Session
from gateway.store.engine import Store, Transaction

# Bits of a token: nobody guesses it.
_BYTES = 32


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long somebody stays signed in."""

    # Without asking for a page; one that is only open and told of what changes asks for none.
    idle: timedelta
    # In all.
    longest: timedelta


class Sessions:
    """Of one process."""

    def __init__(self, store: Store, clock: Clock, lives: Lifetimes) -> None:
        self._store = store
        self._clock = clock
        self._lives = lives
        self._known: dict[str, Session] = {}
        # Asked for a page since it was last written down.
        self._used: dict[str, datetime] = {}
        # Closed here; what was read of the store before that still knows them.
        self._ended: set[str] = set()

    @property
    def longest_seconds(self) -> int:
        """For the cookie."""
        return int(self._lives.longest.total_seconds())

    def of(self, token: str) -> Session | None:
        """Whose token it is, as this process knows; no query."""
        session = self._known.get(_digest(token))
        return session if session and self._alive(session) else None

    def used(self, session: Session) -> None:
        """A page was asked for."""
        now = self._clock.now()
        self._used[session.digest] = now
        self._known[session.digest] = replace(session, used_at=now)

    async def now_of(self, tx: Transaction, session: Session) -> bool:
        """Whether the store says, too, that it is alive: before anything is changed."""
        kept = await desk.session_of(tx, session.digest)
        if kept is None:
            self._known.pop(session.digest, None)
        return kept is not None and self._alive(replace(kept, used_at=max(kept.used_at, session.used_at)))

    async def open(self, name: str, password: str, source: str) -> str | None:
        """A token that never was before, if the `password` (its hash) is that person's still. Raises StoreAway, Clash."""
        token, now = secrets.token_urlsafe(_BYTES), self._clock.now()
        session = Session(_digest(token), name, now, now)
        async with self._store.transaction() as tx:
            if not await desk.sign_in(tx, session, password):
                return None
            await desk.note(tx, now, name, "login", source=source)
        self._known[session.digest] = session
        return token

    async def close(self, session: Session, source: str) -> None:
        """It opens nothing any more. Raises StoreAway, Clash."""
        async with self._store.transaction() as tx:
            await desk.sign_out(tx, session.digest)
            await desk.note(tx, self._clock.now(), session.person, "logout", source=source)
        self._known.pop(session.digest, None)
        self._ended.add(session.digest)

    async def look(self) -> None:
        """What the store knows, and what it should: once for everybody. Raises StoreAway, Clash."""
        now, used = self._clock.now(), dict(self._used)
        if used:
            async with self._store.transaction() as tx:
                await desk.used(tx, used)
                await desk.forget(tx, now - self._lives.longest, now - self._lives.idle)
            self._used = {digest: at for digest, at in self._used.items() if used.get(digest) != at}
        before = set(self._known)
        async with self._store.snapshot() as tx:
            kept = {session.digest: session for session in await desk.signed_in(tx)}
        # Who signed in here while we looked is not among them, and is signed in all the same.
        meanwhile = {digest: session for digest, session in self._known.items() if digest not in before}
        self._ended &= kept.keys()
        fresh = {digest: replace(one, used_at=self._last(one)) for digest, one in kept.items() if digest not in self._ended}
        self._known = {**fresh, **meanwhile}

    def _last(self, session: Session) -> datetime:
        known = self._known.get(session.digest)
        return max(known.used_at, session.used_at) if known else session.used_at

    def _alive(self, session: Session) -> bool:
        now = self._clock.now()
        return now - session.made_at < self._lives.longest and now - session.used_at < self._lives.idle


def _digest(token: str) -> str:
    # It has 256 bits of its own: a plain digest of it tells nobody anything.
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
