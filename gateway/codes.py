"""Proof by the contact that was given: somebody asks for a code by a number, and the code goes to where that report's citizen is written to.

Whoever asks is answered before anybody has looked what the number is, so neither words nor time tell it (law 10). A loop looks a moment later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from gateway import admission, notices, passcode, tracking
from gateway.admission import Wanted
from gateway.case import Case
from gateway.clock import Clock
from gateway.ids import new_id
from gateway.notices import Texts
from gateway.office import Office
from gateway.reading import where
from gateway.store import codes as store
from gateway.store import filing, people, standing
from gateway.store.codes import Asked
from gateway.store.engine import Clash, Store, StoreAway, Transaction
from gateway.store.filing import Rows
from gateway.store.standing import Reached
from normalizer import Address

_log = structlog.get_logger(__name__)
# Stands for what can be no number: it is looked up all the same.
_NONE = "-"
_FORGETS_EVERY = timedelta(hours=1)
# Nobody rings: what is sent at once keeps the machine busy at once, and whoever asked would see by the next answer's time that there was something to send.
EVERY_SECONDS = 2.0


class _NotSent(Exception):
    """No code goes out; why not, as a code for operators."""


class Codes:
    """One a node."""

    def __init__(self, store: Store, office: Office, clock: Clock) -> None:
        self._store = store
        self._office = office
        self._clock = clock
        self._forgot_at = datetime.min.replace(tzinfo=UTC)
        # Until this node and the store have agreed.
        self._paused = True
        # Called with the channel by which a code goes out.
        self.on_sent: Callable[[str], None] = lambda _channel: None

    async def ask(self, number: str, browser: str) -> None:
        """Somebody wants a code for this number. `browser`: the secret that it must bring along with the digits. Raises StoreAway."""
        asked = Asked(new_id(), _digest(browser), tracking.parse(number) or _NONE, self._clock.now())
        async with self._store.transaction() as tx:
            await store.ask(tx, asked)

    async def enter(self, browser: str, digits: str) -> str | None:
        """The private link that these digits open; None: they open nothing, whyever. Raises StoreAway."""
        asker, since = _digest(browser), self._clock.now() - passcode.LIVES
        async with self._store.transaction() as tx:
            tried = await store.tried(tx, asker, since, passcode.TRIES)
            # All of them, also behind one that matches.
            right = [one for one in tried if passcode.matches(self._office.key, one.notice, digits)]
            if not right or right[0].case is None:
                return None
            await store.use(tx, right[0])
            return await store.link(tx, self._office.key, right[0].case)

    def pause(self, *, paused: bool) -> None:
        """Send nothing while this node must not work with the store."""
        self._paused = paused

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                while not self._paused and await self._look():
                    pass
            except (StoreAway, Clash):
                # Intake says so, once; and who was locked out by another node comes again.
                pass
            await self._clock.sleep(EVERY_SECONDS)

    async def _look(self) -> bool:
        """Whether there was one. One a transaction: what is wrong with one is no other's."""
        asked, channel = None, ""
        try:
            async with self._store.transaction() as tx:
                await self._forget(tx)
                asked = await store.next_asked(tx)
                channel = await self._settle(tx, asked) if asked else ""
        except (StoreAway, Clash):
            raise
        except Exception as error:  # noqa: BLE001  # a fault of ours with one of them must not keep back those behind it
            _log.error("no code was made", error=where(error))
            async with self._store.transaction() as tx:
                if asked:
                    await store.not_sent(tx, asked, f"our own fault ({where(error)})")
        if channel:
            self.on_sent(channel)
        return asked is not None

    async def _forget(self, tx: Transaction) -> None:
        now = self._clock.now()
        if now - self._forgot_at >= _FORGETS_EVERY:
            self._forgot_at = now
            await store.forget(tx, now, max(passcode.CAPS), passcode.LIVES)

    async def _settle(self, tx: Transaction, asked: Asked) -> str:
        """The channel by which a code goes out; empty: none does, and why not stands with it."""
        try:
            return await self._send(tx, asked)
        except _NotSent as why:
            await store.not_sent(tx, asked, str(why))
            return ""

    async def _send(self, tx: Transaction, asked: Asked) -> str:
        now = self._clock.now()
        if asked.asked_at <= now - passcode.LIVES:
            raise _NotSent("too_late")
        found = (await standing.by_number(tx, {asked.number})).get(asked.number)
        reached = await standing.reached(tx, found.id) if found else None
        if found is None or reached is None:
            raise _NotSent("no_contact" if found else "no_case")
        to, channel = Address(reached.kind, reached.value), self._channel(reached)
        # People before cases, as intake locks them.
        met = await people.meet(tx, admission.counted({to}), now)
        case = await filing.case(tx, found.id)
        if await store.over(tx, case.id, now, passcode.CAPS):
            raise _NotSent("too_many")
        say = await self._say(tx, case, met[to].language, channel, asked.asked_at)
        typed, thread = case.correspondent is None, tuple(reached.thread)
        # About no case, so that it waits behind no other message that is tried again for hours. Who stopped us did not ask for it, as far as anybody knows.
        wanted = Wanted(notices.CODE, None, channel, to, case.number, say, typed, thread, asked_for=False)
        rows, allowances = await admission.admit(tx, self._office, [wanted], met, now)
        await filing.write(tx, Rows(notices=rows))
        await people.remember(tx, allowances, ())
        [notice] = rows
        if notice["state"] == "withheld":
            raise _NotSent("withheld")
        await store.sent(tx, asked, case.id, UUID(str(notice["id"])))
        return channel

    def _channel(self, to: Reached) -> str:
        """The one by which this citizen was written to, while it is there."""
        reaches = self._office.reaches.get(to.channel, frozenset())
        channel = to.channel if to.kind in reaches else self._office.carriers.get(to.kind)
        if channel is None:
            raise _NotSent("no_channel")
        return channel

    async def _say(self, tx: Transaction, case: Case, language: str | None, channel: str, asked_at: datetime) -> Callable[[int], Texts]:
        """In the language of whoever reads it, which need not be that of whoever asks."""
        words = self._office.words_for(language or (await filing.latest_complaint(tx, case.id)).get("language"))
        until = (asked_at + passcode.LIVES).astimezone(ZoneInfo(self._office.settings[channel].zone))
        texts = notices.code(words, case.number, passcode.MARK, until)
        return lambda _withheld: texts


def _digest(browser: str) -> str:
    return hashlib.sha256(browser.encode("utf-8", "surrogatepass")).hexdigest()
