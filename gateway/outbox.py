"""The one way back: notices that are due go out by their channel, with retries, until the provider took them or they are parked (law 7)."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog

from channels import Notice, SendFailed
from gateway import passcode
from gateway.breaker import Breaker
from gateway.cancelled import only_ours
from gateway.claims import ClaimLoop, Outcome
from gateway.clock import Clock
from gateway.notices import ACKNOWLEDGEMENT, CODE
from gateway.reading import where
from gateway.stages import Stages
from gateway.store import outgoing
from gateway.store.engine import Store, Transaction
from gateway.store.outgoing import Claimed

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a notice is tried."""

    # Pauses after the first, second, ... failure; after the last it is parked.
    retry_minutes: tuple[float, ...] = (1, 5, 15, 60, 240, 720)
    # A provider that has not answered by then may have it or not.
    send_seconds: float = 30
    # A worker that died is believed dead after this; longer than send_seconds.
    lease_seconds: float = 120
    at_once: int = 20


@dataclass(slots=True)
class Sent:
    """For health, since the start."""

    sent: int = 0
    failed: int = 0
    # Of these, those that took longer than send_seconds.
    too_late: int = 0
    # Given up after the last try; and those for which no try could help (no such number, unsubscribed).
    parked: int = 0
    undeliverable: int = 0
    # When the provider last took one, and why the last one that it did not take failed; None: since the start, never.
    sent_at: datetime | None = None
    failed_at: datetime | None = None
    reason: str = ""
    kind: str = ""


class Sender(Protocol):
    """What the outbox needs of a channel."""

    @property
    def name(self) -> str:
        """As in the notices."""

    async def send(self, notice: Notice) -> str:
        """Hand it over; the provider's id. Raises SendFailed."""


class Outbox:
    """One channel's. Nothing in it is shared with another channel's: no task, no lease, no connection to a provider."""

    def __init__(self, channel: Sender, store: Store, clock: Clock, worker: str, patience: Patience, stages: Stages, key: bytes) -> None:
        """`worker` names this process in the leases; codes are made of the `key`."""
        self._channel = channel
        self._clock = clock
        self._worker = worker
        self._patience = patience
        self._stages = stages
        self._key = key
        self.breaker = Breaker()
        self.counts = Sent()
        self.loop = ClaimLoop[Claimed](f"outbox {channel.name}", store, clock, claim=self._claim, work=self._send, at_once=patience.at_once)

    def try_now(self) -> None:
        """Somebody says that it is mended: one goes out to see, and if it does, all the others."""
        self.breaker = self.breaker.try_now(self._clock.now())
        self.loop.ring()

    async def _claim(self, tx: Transaction, free: int) -> Sequence[Claimed]:
        now = self._clock.now()
        limit = self.breaker.limit(free, now)
        if limit == 0:
            return ()
        until = now + timedelta(seconds=self._patience.lease_seconds)
        claimed = await outgoing.claim(tx, self._channel.name, self._worker, now, until, limit)
        if claimed:
            self.breaker = self.breaker.probing(now, until)
        return claimed

    async def _send(self, claimed: Claimed) -> Outcome:
        if claimed.attempts > len(self._patience.retry_minutes):
            lost = outgoing.Failed(claimed.notice.id, self._worker, "Its sends were begun again and again, and none came home.", maybe_sent=True)
            return partial(outgoing.ended, failed=lost, state="parked")
        began = time.perf_counter()
        try:
            with only_ours():
                async with self._clock.timeout(self._patience.send_seconds):
                    provider_id = await self._channel.send(self._written(claimed))
        except SendFailed as failure:
            return self._failed(claimed, failure)
        except TimeoutError:
            self.counts.too_late += 1
            return self._failed(claimed, SendFailed("The provider did not answer in time.", maybe_sent=True, channel_wide=True, kind="timeout"))
        except Exception as error:  # noqa: BLE001  # a fault of ours in send(): the notice is kept and tried again
            _log.error("send failed", channel=self._channel.name, error=where(error))
            return self._failed(claimed, SendFailed(f"Our own fault ({where(error)}).", maybe_sent=True))
        self.breaker = self.breaker.went()
        self._stages.sent.labels(self._channel.name).observe(time.perf_counter() - began)
        if claimed.kind == ACKNOWLEDGEMENT:
            self._stages.was_acknowledged(self._channel.name, max(0.0, (self._clock.now() - claimed.made_at).total_seconds()))
        self.counts.sent += 1
        self.counts.sent_at = self._clock.now()
        return partial(outgoing.sent, notice=claimed.notice.id, provider_id=provider_id, now=self._clock.now())

    def _written(self, claimed: Claimed) -> Notice:
        """As it goes out. A code stands nowhere before, and is not sent when it opens nothing any more."""
        if claimed.kind != CODE:
            return claimed.notice
        if self._clock.now() - claimed.made_at >= passcode.LIVES:
            raise SendFailed("The code was not sent in time, and opens nothing any more.", permanent=True)
        return passcode.written(self._key, claimed.notice)

    def _failed(self, claimed: Claimed, failure: SendFailed) -> Outcome:
        now, notice = self._clock.now(), claimed.notice.id
        if failure.channel_wide:
            self.breaker = self.breaker.failed(now, failure.retry_after)
        elif failure.permanent:
            # It answered: what is wrong is this notice.
            self.breaker = self.breaker.went()
        self.counts.failed += 1
        if failure.channel_wide or not failure.permanent:
            # That somebody blocked us, or has no telephone any more, is no trouble of the channel.
            self.counts.failed_at, self.counts.reason, self.counts.kind = now, failure.reason, failure.kind
        told = outgoing.Failed(notice, self._worker, failure.reason, failure.maybe_sent)
        if failure.permanent or claimed.attempts >= len(self._patience.retry_minutes):
            state = "failed" if failure.permanent else "parked"
            self.counts.parked += not failure.permanent
            self.counts.undeliverable += failure.permanent
            _log.warning("notice given up", channel=self._channel.name, notice=notice, state=state, reason=failure.reason)
            return partial(outgoing.ended, failed=told, state=state)
        return partial(outgoing.again, failed=told, due_at=now + (failure.retry_after or self._pause(claimed.attempts)))

    def _pause(self, attempts: int) -> timedelta:
        # Jitter, so that what failed together does not come back together.
        minutes = self._patience.retry_minutes[attempts]
        return timedelta(minutes=minutes * random.uniform(1.0, 1.2))  # noqa: S311  # not a secret
