"""Sends a trial report to each channel's own form or port every few minutes: is it acknowledged, and does it arrive? The whole way, as a citizen takes it.

That a process runs and a poll succeeds says little; this says that somebody who writes now gets a receipt, and that the report is in the store.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import aiohttp

from channels import Box
from gateway import canary, tracking
from gateway.clock import Clock
from gateway.health import DOWN, OK, Finding
from gateway.monitor import Monitor

Knock = Callable[[str], Awaitable[str]]
COMPONENT = "canary"
# How long the form may take, and then the way to the store. Seconds.
_ANSWER_SECONDS, _HOME_SECONDS = 10.0, 60.0
_WELL = 200


@dataclass(slots=True)
class Trials:
    """Of one channel."""

    # Brings words to the door, and tells why they were not acknowledged; empty: they were.
    knock: Knock
    every_seconds: float
    # When the next one is due, by the seconds that only count on.
    due: float
    finding: Finding
    # Marks that were acknowledged and have not arrived; each is told when it does.
    away: dict[str, asyncio.Event] = field(default_factory=dict)
    # For the measurements: how long the last one took from the form to the store, in seconds; None: none has arrived.
    seconds: float | None = None


class Canaries:
    """Of one node."""

    def __init__(self, monitor: Monitor, clock: Clock, key: bytes, doors: Mapping[str, tuple[Box | Knock, float]], heartbeat_seconds: float) -> None:
        """`doors`: by channel its form, or how it is brought words, and seconds between two trials."""
        self._monitor = monitor
        self._clock = clock
        self._key = key
        self._seconds = heartbeat_seconds
        # Not at once: whoever starts it is still opening its doors.
        waits = Finding(OK, "", "No trial report has been sent yet.")
        self.trials = {
            name: Trials(partial(self._fill_in, door) if isinstance(door, Box) else door, every, clock.counted() + every, waits)
            for name, (door, every) in doors.items()
        }
        # Where this node's public listener is, "http://127.0.0.1:8080"; empty: not open yet.
        self.door = ""
        # Why nothing moves to the store; None: it does.
        self.waits: Callable[[], str | None] = lambda: None

    def loops(self) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        """For the supervisor: one a channel."""
        return [(f"canary {name}", partial(self._run, name)) for name in self.trials]

    def arrived(self, marks: list[str]) -> None:
        """They are in the store."""
        for trials in self.trials.values():
            for mark in marks:
                if mark in trials.away:
                    trials.away[mark].set()

    async def _run(self, name: str) -> None:
        while True:
            await self.beat(name)
            await self._clock.sleep(self._seconds)

    async def beat(self, name: str) -> None:
        """One heartbeat of a channel: a trial, if one is due. What failed is tried again at the next, so that it is known soon whether it stays so."""
        trials = self.trials[name]
        if self.door and self._clock.counted() >= trials.due:
            trials.finding = await self._tried(name, trials)
            trials.due = self._clock.counted() + (trials.every_seconds if trials.finding.state == OK else 0.0)
        self._monitor.say(name, "in", trials.finding, COMPONENT)

    async def _tried(self, name: str, trials: Trials) -> Finding:
        now, began = self._clock.now(), self._clock.counted()
        mark = canary.mark(self._key, name, now, secrets.token_bytes(8))
        home = trials.away[mark] = asyncio.Event()
        try:
            if why := await trials.knock(mark):
                return Finding(
                    DOWN,
                    "canary",
                    f"A trial report of our own got no receipt ({why}). Citizens get none either. Send one yourself; then look at the log.",
                )
            if not await self._came(name, trials, home):
                return self._not_home(now)
        finally:
            del trials.away[mark]
        trials.seconds = self._clock.counted() - began
        return Finding(OK, "", f"A trial report of our own was acknowledged at {now:%H:%M} UTC and has arrived.")

    async def _came(self, name: str, trials: Trials, home: asyncio.Event) -> bool:
        """Whether it arrives in time. Meanwhile the channel is as it was: who watches it does not hang."""
        left = _HOME_SECONDS
        while left > 0:
            try:
                async with self._clock.timeout(min(left, self._seconds)):
                    await home.wait()
            except TimeoutError:
                left -= self._seconds
                self._monitor.say(name, "in", trials.finding, COMPONENT)
            else:
                return True
        return False

    def _not_home(self, sent_at: datetime) -> Finding:
        if self.waits() is not None:
            return Finding(OK, "", "A trial report of our own was acknowledged and waits like all others. The line of intake says why.")
        return Finding(
            DOWN,
            "canary",
            f"A trial report of our own was acknowledged at {sent_at:%H:%M} UTC and is not in the store. If it stays so, restart the gateway;"
            " nothing that was accepted is lost.",
        )

    async def _fill_in(self, box: Box, mark: str) -> str:
        """As a browser does, at this node's own door. Why there is no receipt; empty: there is one."""
        form = aiohttp.FormData(default_to_multipart=True)
        for name, value in box.filled_in(mark):
            form.add_field(name, value)
        try:
            async with (
                asyncio.timeout(_ANSWER_SECONDS),
                aiohttp.ClientSession() as session,
                session.post(self.door + box.form_path, data=form, allow_redirects=False) as answer,
            ):
                page = await answer.text()
        except TimeoutError:
            return "no answer in time"
        except (aiohttp.ClientError, OSError, UnicodeDecodeError) as error:
            return type(error).__name__
        if answer.status != _WELL:
            return f"status {answer.status}"
        return "" if tracking.numbers_in(page) else "no number"
