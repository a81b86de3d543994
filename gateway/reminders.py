"""Asks once more what a complainant has not answered, and gives up in the end: then a person goes on with the report as it is.

What is due stands on the case itself; all of it happens in the store, so a node that dies in the middle has changed nothing, and several nodes pass over
what another one works on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from channels.pages import TRACK_PATH
from gateway import admission, notices, questions
from gateway import case as cases
from gateway import rows as make
from gateway.admission import Wanted
from gateway.case import Case, Event
from gateway.clock import Bell, Clock
from gateway.office import Office
from gateway.reading import where
from gateway.store import filing as store
from gateway.store import people, standing
from gateway.store.engine import Clash, Store, StoreAway, Transaction
from gateway.store.filing import Rows
from gateway.store.standing import Reached
from normalizer import Address

_log = structlog.get_logger(__name__)
# Nobody minds a minute.
_LOOK_SECONDS = 60.0
# Cases in one transaction.
_AT_ONCE = 20


class Reminders:
    """One a node."""

    def __init__(self, db: Store, office: Office, clock: Clock, public_urls: Sequence[str], told: Callable[[str], None]) -> None:
        """`told(channel)`: there is something to be sent by it."""
        self._store = db
        self._office = office
        self._clock = clock
        self._page = (public_urls[0].rstrip("/") if public_urls else "") + TRACK_PATH
        self._told = told
        self._bell = Bell(clock)
        self._paused = True

    def pause(self, *, paused: bool) -> None:
        """Do nothing while this node must not work with the store."""
        self._paused = paused
        self._bell.ring()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            looked_at = self._clock.counted()
            while not self._paused and await self._some():
                pass
            await self._bell.wait(_LOOK_SECONDS, looked_at)

    async def _some(self) -> bool:
        """Whether there may be more at once."""
        now = self._clock.now()
        try:
            async with self._store.transaction() as tx:
                due = await standing.to_be_reminded(tx, now, _AT_ONCE)
                channels = [await self._one(tx, case, now) for case in due]
        except (StoreAway, Clash):
            # Intake says so, once; here it only means: later.
            return False
        except Exception as error:  # noqa: BLE001  # a fault of ours with one of them: said, and looked at again
            _log.error("reminder failed", error=where(error))
            return False
        for channel in filter(None, channels):
            self._told(channel)
        return len(due) == _AT_ONCE

    async def _one(self, tx: Transaction, case: Case, now: datetime) -> str:
        """The channel by which somebody hears of it; empty: nobody can be written to."""
        reached, last = await standing.reached(tx, case.id), questions.is_last(self._office, case)
        changed, event = self._moved(case, last=last, now=now)
        await store.change(tx, changed, case.version)
        rows = Rows(events=[make.event(event)])
        if reached and case.status == cases.AWAITING_INFORMATION:
            rows.notices = await self._say(tx, case, reached, last=last, now=now)
        await store.write(tx, rows)
        return reached.channel if rows.notices and reached else ""

    def _moved(self, case: Case, *, last: bool, now: datetime) -> tuple[Case, Event]:
        if last or case.asked_at is None:
            return cases.give_up(case, reason="rule:no_answer", at=now)
        again = questions.next_time(self._office, case.asked_at, case.reminders + 1)
        return cases.remind(case, again, reason="rule:no_answer_yet", at=now)

    async def _say(self, tx: Transaction, case: Case, reached: Reached, *, last: bool, now: datetime) -> list[dict[str, object]]:
        to = Address(reached.kind, reached.value)
        met = await people.meet(tx, admission.counted({to}), now)
        words = self._office.words_for(met[to].language or (await store.latest_complaint(tx, case.id)).get("language"))
        if last:
            texts = notices.gone_on(words, case.number)
        elif case.correspondent is None:
            # A contact that was typed may be a stranger's: only whoever has the report's page may answer.
            texts = notices.waits(words, case.number, self._page)
        else:
            texts = notices.reminder(words, case.number, case.question)
        typed = case.correspondent is None
        one = Wanted(notices.REMINDER, case.id, reached.channel, to, case.number, admission.always(texts), typed, tuple(reached.thread), asked_for=False)
        rows, allowances = await admission.admit(tx, self._office, [one], met, now)
        await people.remember(tx, allowances, ())
        return rows
