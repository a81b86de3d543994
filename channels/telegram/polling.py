"""The way in by asking: updates are put into the journal, and only then is Telegram told that it may forget them (law 1; docs/decisions/own-polling.md).

Nothing is written down on this node. What comes again after a crash has the same id and the same words, so it is a duplicate. Two pollers of one bot are told
so by Telegram itself (409) and give way to each other; which of them gets an update makes no difference.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from channels.contract import About, Arrival, Checked, Inlet, Refused, SendFailed
from channels.holding import Hold
from channels.telegram import updates
from channels.telegram.api import Api
from channels.telegram.arrivals import Arrivals, pressed
from channels.telegram.failures import garbage
from channels.telegram.settings import TelegramSettings

_log = structlog.get_logger(__name__)

# The longest pause between two attempts. Seconds.
_LONGEST_PAUSE = 60.0
# An answer without updates that comes sooner than this did not wait as it was asked to: not asked again at once. Seconds.
_SOON = 0.5
# All presses of a batch are answered within this, or not at all: the buttons then turn a little longer. Seconds.
_PRESSED_SECONDS = 5.0
# Who asks how it goes just after the start, waits so long for the first answer. Seconds.
_FIRST_SECONDS = 5.0
# Telegram keeps updates for 24 hours (Bot API, "Getting updates"): half of that is left for an outage.
_LONGEST_HOLD = timedelta(hours=12)
_NOT_YET = SendFailed("Nobody has asked Telegram for messages yet.", channel_wide=True)


class Poller:
    """One bot's. Plain numbers since the start are its attributes."""

    def __init__(self, settings: TelegramSettings, api: Api, arrivals: Arrivals, about: About, name: str) -> None:
        """For the channel of that name; opens nothing."""
        self._name = name
        self._settings = settings
        self._api = api
        self._arrivals = arrivals
        self._clock = about.clock
        self.hold = Hold(about.clock, _LONGEST_HOLD)
        # From here on we ask; None: from the oldest that Telegram has.
        self._offset: int | None = None
        # Updates that the journal has; times that our inlet took none; times that Telegram gave none.
        self.taken = self.refused = self.failed = 0
        # When Telegram last answered; None: not since the start.
        self.heard_at: datetime | None = None
        self._trouble: SendFailed | None = _NOT_YET
        self._attempts = 0
        self._runs = self._refusing = False
        # The kind of trouble that the log knows of.
        self._told = ""
        # Telegram has answered, or has not.
        self._known = asyncio.Event()

    async def run(self, inlet: Inlet) -> None:
        """Until cancelled."""
        self._runs = True
        try:
            while True:
                try:
                    await self._begin()
                    while True:
                        await self.hold.over()
                        await self._round(inlet)
                except SendFailed as failed:
                    self._broke(failed)
                    await asyncio.sleep(self._pause(failed))
        finally:
            self._runs = False

    async def check(self) -> Checked:
        """How it goes; where nothing runs, who else gets the messages."""
        if self._runs:
            with suppress(TimeoutError):
                async with asyncio.timeout(_FIRST_SECONDS):
                    await self._known.wait()
            return self._condition()
        try:
            elsewhere = (await self._api.webhook()).url
        except SendFailed as failed:
            return Checked(ok=False, sentence=failed.reason, kind=failed.kind or "provider")
        return Checked(ok=True, sentence="A webhook is set; the gateway takes it away when it starts." if elsewhere else "Telegram answers.")

    async def _begin(self) -> None:
        # A webhook that is left over would be a 409 for ever.
        await self._api.delete_webhook()
        self._arrivals.bot_name = (await self._api.me()).username or self._arrivals.bot_name

    async def _round(self, inlet: Inlet) -> None:
        """Ask once; whatever came is in the journal when this returns, and the next question says so."""
        began = _counted()
        # After trouble with the way there, the first question does not wait: whether all is well again, is known at once. Not after a 409: two that poll
        # the same bot would each be well for a moment, again and again.
        patience = self._settings.poll_seconds if self._trouble is None or self._trouble.kind in {"provider", "elsewhere"} else 0.0
        answer = await self._api.updates(self._offset, patience)
        try:
            batch = updates.cut(answer)
        except updates.NotUpdates:
            raise garbage() from None
        self._works()
        await self._keep(inlet, batch)
        self._offset = _after(self._offset, batch)
        if not batch and patience == self._settings.poll_seconds and _counted() - began < _SOON:
            await asyncio.sleep(self._settings.retry_seconds)

    async def _keep(self, inlet: Inlet, batch: Sequence[bytes]) -> None:
        """However long that takes: all at once, so that one commit serves them all, in their order."""
        waiting = [self._arrivals.of(raw) for raw in batch]
        while waiting:
            told = await asyncio.gather(*(inlet.receive(arrival) for arrival in waiting), return_exceptions=True)
            faults = [(arrival, fault) for arrival, fault in zip(waiting, told, strict=True) if isinstance(fault, BaseException)]
            self.taken += len(waiting) - len(faults)
            waiting = [arrival for arrival, _ in faults]
            self._refusing = bool(waiting)
            if waiting:
                await self._wait_for_ourselves(faults)
        await self._answer_presses(batch)

    async def _wait_for_ourselves(self, faults: Sequence[tuple[Arrival, BaseException]]) -> None:
        self.refused += len(faults)
        pauses = [fault.retry_after.total_seconds() for _, fault in faults if isinstance(fault, Refused)]
        for kind in {type(fault).__name__ for _, fault in faults if not isinstance(fault, Refused)}:
            # Law 1: any fault of ours is temporary; its words may be a citizen's.
            _log.error("updates not accepted", channel=self._name, error=kind)
        await asyncio.sleep(min(pauses, default=self._settings.retry_seconds))

    async def _answer_presses(self, batch: Sequence[bytes]) -> None:
        queries = [query for raw in batch if (query := pressed(raw))]
        with suppress(TimeoutError):
            async with asyncio.timeout(_PRESSED_SECONDS):
                await asyncio.gather(*(self._api.pressed(query) for query in queries), return_exceptions=True)

    # How it goes

    def _broke(self, failed: SendFailed) -> None:
        kind = failed.kind or "provider"
        if self._told != kind:
            self._told = kind
            _log.warning("telegram out of reach", channel=self._name, kind=kind, sentence=failed.reason)
        self._trouble = failed
        self._known.set()
        self.failed += 1
        self._attempts += 1

    def _works(self) -> None:
        if self._told:
            self._told = ""
            _log.info("telegram works again", channel=self._name)
        self._trouble, self._attempts, self.heard_at = None, 0, self._clock()
        self._known.set()

    def _pause(self, failed: SendFailed) -> float:
        if failed.retry_after is not None:
            return failed.retry_after.total_seconds()
        # Not all gateways at the same moment, when Telegram is back; two that poll the same bot do not meet again and again.
        return min(_LONGEST_PAUSE, self._settings.retry_seconds * 2.0 ** min(self._attempts - 1, 10)) * random.uniform(0.5, 1.5)  # noqa: S311  # not a secret

    def _condition(self) -> Checked:
        if self._trouble is not None:
            return Checked(ok=False, sentence=self._trouble.reason, kind=self._trouble.kind or "provider")
        if self._refusing:
            return Checked(ok=True, sentence="Telegram answers. This gateway accepts nothing at the moment; messages wait there.")
        late = 2 * timedelta(seconds=_LONGEST_PAUSE + self._settings.poll_seconds)
        if self.heard_at and self._clock() - self.heard_at > late:
            return Checked(ok=False, sentence="Telegram has said nothing for a long time. It is asked again by itself.", kind="timeout")
        strange = self._arrivals.unreadable
        return Checked(ok=True, sentence="Telegram answers." + (f" Updates that nobody could read, kept: {strange}." if strange else ""))


def _after(offset: int | None, batch: Sequence[bytes]) -> int | None:
    """From where to ask on. Of updates without a number nothing is known but that there is one for each, and that they count upwards.

    >>> _after(None, [b'{"update_id":7}', b'{"update_id":9}']), _after(10, [b'{}']), _after(10, [])
    (10, 11, 10)
    """
    numbers = [number for raw in batch if (number := updates.id_of(raw)) is not None]
    if numbers:
        return max(numbers) + 1
    return offset + 1 if batch and offset is not None else offset


def _counted() -> float:
    return asyncio.get_running_loop().time()
