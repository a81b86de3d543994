"""Looks after everything at each heartbeat and says on the board how it is. One task a channel: what hangs with one provider is no other's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from channels import Channel, Checked, Refused
from gateway import signals
from gateway.clock import Clock
from gateway.health import DEGRADED, DOWN, OK, PAUSED, Board, Finding
from gateway.inlet import CoreInlet
from gateway.intake import Intake
from gateway.journal import Journal
from gateway.lately import Lately
from gateway.outbox import Outbox, Sent
from gateway.pausing import Pausing
from gateway.reading import where
from gateway.store import dues, lookup, outgoing
from gateway.store.engine import Store, StoreAway

_log = structlog.get_logger(__name__)

# A look may take so long; then what it looks at counts as not answering. Seconds.
_LOOK_SECONDS = 10.0
# A notice that should have gone out so long ago is late: nobody takes it, or there are too many before it.
_LATE = timedelta(minutes=1)
# The same report is first in the journal for so long, and nobody says why: somebody hangs. Two heartbeats must see it. Seconds.
_MOVED_SECONDS = 25.0
# The same for a file that could be brought or prepared; a flood of photos takes a while.
_FILES_LATE = timedelta(minutes=5)
# So long after a failed message, the way out is not yet believed to be well.
_RECENT = timedelta(minutes=5)
# The clock on the wall and the one that only counts must agree by this; else somebody set it. Seconds.
_JUMP_SECONDS = 5.0
# How long a jump is told.
_TOLD = timedelta(minutes=10)
_NOTHING_TO_DO = "Nothing has to be done."
_REFUSED = (
    "Does the gateway know the provider's token, and does the address there begin exactly as one of public_urls?"
    " Where the provider keeps a list (Twilio), what was refused is asked for again within a quarter of an hour."
)
_STARTED_AGAIN = "It is started again by itself; if it stays so, tell who maintains the gateway."


class Monitor:
    """Of one node."""

    def __init__(
        self,
        journal: Journal,
        store: Store,
        intake: Intake,
        channels: Mapping[str, Channel],
        inlets: Mapping[str, CoreInlet],
        outboxes: Mapping[str, Outbox],
        clock: Clock,
        heartbeat_seconds: float,
        per_channel_per_hour: int,
        lately: Mapping[str, Lately],
        pausing: Pausing,
    ) -> None:
        self._journal = journal
        self._store = store
        self._intake = intake
        self._channels = channels
        self._inlets = inlets
        self._outboxes = outboxes
        self._clock = clock
        self._seconds = heartbeat_seconds
        self._budget = per_channel_per_hour
        self._lately = lately
        self._pausing = pausing
        self.board = Board(heartbeat_seconds)
        # Filled by the supervisor: parts that fell over, and why.
        self.fallen: dict[str, str] = {}
        # For the measurements, as of the last heartbeat; None: not known.
        self.waiting: dict[str, outgoing.Waiting | None] = {}
        self.oldest_in_journal: datetime | None = None
        self.parked: int | None = None
        # Of these, by channel, as of the channel's own last heartbeat.
        self.parked_of: dict[str, int] = {}
        # What ends (channels.Checked.ends), by channel and direction; and what waits at the other side.
        self._ends: dict[tuple[str, str], Mapping[str, datetime]] = {}
        self.lying: dict[str, int | None] = {}
        # How often an other side did not accept our name and password (or token), since the start.
        self.logins_refused = dict.fromkeys(channels, 0)
        self.late_files: int | None = None
        # The first report in the journal, by when it came, and since when it is seen there.
        self._first: tuple[datetime, float] | None = None
        self._jumped: tuple[datetime, float] | None = None
        self._probed: tuple[float, str] = (float("-inf"), "")
        for name, channel in channels.items():
            self.board.expect(name, "in", clock.now(), clock.counted())
            if channel.reaches:
                self.board.expect(name, "out", clock.now(), clock.counted())
        for part in ("journal", "store", "intake", "files", "clock"):
            self.board.expect(part, "", clock.now(), clock.counted())

    def loops(self) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        """For the supervisor."""
        return [("health house", self._watch_house), *((f"health {name}", lambda n=name: self._watch(n)) for name in self._channels)]

    async def ready(self) -> str:
        """Whether an arrival could be accepted now; empty: yes, else why not. Asks the journal's own writer, at most once a second."""
        now = self._clock.counted()
        if now - self._probed[0] >= 1.0:
            self._probed = (now, await self._probe())
        return self._probed[1]

    async def _probe(self) -> str:
        closed = next((inlet.closed for inlet in self._inlets.values() if inlet.closed), None)
        if closed:
            return closed
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._journal.probe(self._clock.now())
        except TimeoutError:
            return "The journal does not answer. Is the disk hanging?"
        except Refused as refused:
            return str(refused)
        return ""

    def ends(self, name: str) -> dict[str, datetime]:
        """What ends of this channel, as of its last heartbeat; of two of one sort, the first."""
        each = [self._ends.get((name, direction), {}) for direction in ("in", "out")]
        return {what: min(ends[what] for ends in each if what in ends) for what in {what for ends in each for what in ends}}

    # One channel

    async def _watch(self, name: str) -> None:
        while True:
            await self.look_at(name)
            await self._clock.sleep(self._seconds)

    async def look_at(self, name: str) -> None:
        """One heartbeat of a channel."""
        self._lately[name].looked(self._clock.counted(), self._inlets[name].accepted)
        await self._count_parked(name)
        self.say(name, "in", self._paused_found(name, await self._way_in(name), stopped=name in self._pausing.held))
        if name in self._outboxes:
            self.say(name, "out", self._paused_found(name, await self._way_out(name), stopped=True))

    def _paused_found(self, name: str, found: Finding, *, stopped: bool) -> Finding:
        """What a person stopped is no fault; what is wrong with ourselves is one all the same."""
        pause = self._pausing.paused.get(name)
        if pause is None or not stopped or found.kind in {"not_accepting", "fell_over"}:
            return found
        given = f"({pause.why})" if pause.why else ""
        going_on = f"What comes meanwhile is kept; go on with: ./run resume {name}"
        return Finding(PAUSED, "paused", " ".join(filter(None, (f"Paused by {pause.by}.", given, going_on))), found.last_at)

    async def _way_in(self, name: str) -> Finding:
        inlet = self._inlets[name]
        if why := await self.ready():
            return Finding(DOWN, "not_accepting", f"Nothing is accepted: {why} Senders are asked to come again.", inlet.last_at)
        if why := self.fallen.get(f"channel {name}", ""):
            return Finding(DOWN, "fell_over", f"What listens for it falls over ({why}). {_STARTED_AGAIN}", inlet.last_at)
        checked = await self._checked(self._channels[name].check_in)
        self._ends[name, "in"], self.lying[name] = checked.ends, checked.waiting
        self.logins_refused[name] += checked.kind == "auth"
        if found := signals.told_by(checked, inlet.last_at):
            return found
        if checked.kind == "refused":
            return Finding(DEGRADED, "refused", f"{checked.sentence} {_REFUSED}", inlet.last_at)
        if not checked.ok:
            return Finding(DOWN, checked.kind or "provider", f"{checked.sentence} {_TO_DO_IN.get(checked.kind, _TO_DO_IN['provider'])}", inlet.last_at)
        return self._signs(name, inlet.last_at, checked) or self._accepted_found(inlet.last_at, checked)

    def _signs(self, name: str, last_at: datetime | None, checked: Checked) -> Finding | None:
        """What does not stop a channel and must be told, the worst first; and what is well and should be looked at, if nothing else is to be told."""
        now = self._clock.now()
        worse = (
            signals.unlike(self._intake.tally.legible[name], last_at, now),
            signals.lying(checked, last_at, now),
            signals.ending(checked.ends, last_at, now),
        )
        found = next(filter(None, worse), None)
        if found is None and self._accepted_found(last_at, checked).state == OK:
            found = signals.parked(self.parked_of.get(name, 0), last_at)
        return found

    def _accepted_found(self, last_at: datetime | None, checked: Checked) -> Finding:
        if self._intake.trouble:
            return Finding(DEGRADED, "waiting", f"Reports are accepted and wait: {self._intake.trouble}", last_at)
        if self._intake_found().state != OK:
            return Finding(DEGRADED, "waiting", "Reports are accepted and wait. The line of intake says why.", last_at)
        return Finding(OK, "", " ".join(filter(None, ("Reports are accepted.", checked.sentence, _NOTHING_TO_DO))), last_at)

    async def _way_out(self, name: str) -> Finding:
        counts, breaker, now = self._outboxes[name].counts, self._outboxes[name].breaker, self._clock.now()
        if why := self.fallen.get(f"outbox {name}", ""):
            return Finding(DOWN, "fell_over", f"What sends for it falls over ({why}). {_STARTED_AGAIN}", counts.sent_at)
        checked = await self._checked(self._channels[name].check)
        self._ends[name, "out"] = checked.ends
        self.logins_refused[name] += checked.kind == "auth"
        if not checked.ok:
            return Finding(DOWN, checked.kind or "provider", f"{checked.sentence} {_TO_DO.get(checked.kind, _TO_DO['provider'])}", counts.sent_at)
        if breaker.open_until is not None and now < breaker.open_until:
            return Finding(DOWN, counts.kind or "provider", f"Sending fails: {counts.reason} It is tried again by itself.", counts.sent_at)
        waiting = self.waiting[name] = await self._waiting(name, now)
        told = self._sending_found(counts, waiting, now) or signals.ending(checked.ends, counts.sent_at, now)
        return told or Finding(OK, "", f"{checked.sentence} {_NOTHING_TO_DO}", counts.sent_at)

    def _sending_found(self, counts: Sent, waiting: outgoing.Waiting | None, now: datetime) -> Finding | None:
        if waiting is not None and waiting.oldest is not None and now - waiting.oldest > _LATE:
            return Finding(
                DEGRADED, "late", f"{waiting.count} messages are late. They go out by themselves, as soon as the provider takes them.", counts.sent_at
            )
        if counts.failed_at and (counts.sent_at is None or counts.failed_at > counts.sent_at) and now - counts.failed_at < _RECENT:
            return Finding(DEGRADED, counts.kind or "failing", f"The last message failed: {counts.reason} It is tried again by itself.", counts.sent_at)
        if waiting is not None and waiting.spent >= self._budget:
            return Finding(
                DEGRADED,
                "budget",
                f"The {self._budget} messages of this hour are spent: who writes now is not told a number until the next hour; reports are taken all the same."
                " If so many people really wrote, raise outbox.per_channel_per_hour.",
                counts.sent_at,
            )
        return None

    async def _checked(self, check: Callable[[], Awaitable[Checked]]) -> Checked:
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                return await check()
        except TimeoutError:
            return Checked(ok=False, sentence=f"The provider did not answer within {_LOOK_SECONDS:.0f} seconds.", kind="timeout")
        except Exception as error:  # noqa: BLE001  # a fault of ours in check(): it is told, and the next heartbeat looks again
            return Checked(ok=False, sentence=f"Our own fault ({where(error)}).", kind="fault")

    async def _count_parked(self, name: str) -> None:
        # A store that is away is told elsewhere, and what was known stays so.
        with suppress(StoreAway, TimeoutError):
            async with asyncio.timeout(_LOOK_SECONDS), self._store.snapshot() as tx:
                self.parked_of[name] = (await lookup.parked_by_channel(tx)).get(name, 0)

    async def _waiting(self, name: str, now: datetime) -> outgoing.Waiting | None:
        try:
            async with asyncio.timeout(_LOOK_SECONDS), self._store.snapshot() as tx:
                return await outgoing.waiting(tx, name, now)
        except (StoreAway, TimeoutError):
            return None

    # The house

    async def _watch_house(self) -> None:
        while True:
            wall, counted = self._clock.now(), self._clock.counted()
            await self.look_at_house()
            await self._clock.sleep(self._seconds)
            self._compare((self._clock.now() - wall).total_seconds(), self._clock.counted() - counted)

    async def look_at_house(self) -> None:
        """One heartbeat of what all channels need."""
        why = await self.ready()
        with suppress(Refused):
            self._see_first(await self._journal.oldest())
        journal = Finding(DOWN, "not_accepting", f"{why} Accepting resumes by itself once that is mended.") if why else Finding(OK, "", _NOTHING_TO_DO)
        self.say("journal", "", journal)
        self.say("store", "", await self._store_found())
        await self._count()
        self.say("intake", "", self._intake_found())
        self.say("files", "", self._files_found())
        self.say("clock", "", self._clock_found())

    def _intake_found(self) -> Finding:
        if trouble := self._intake.trouble:
            return Finding(DEGRADED, "waiting", f"Nothing moves from the journal to the store: {trouble}")
        if why := self.fallen.get("intake", ""):
            return Finding(DEGRADED, "fell_over", f"What moves reports from the journal to the store falls over ({why}). {_STARTED_AGAIN}")
        # It says itself what it waits for; that it hangs can only be seen from outside.
        empty = self._journal.counts.accepted == self._journal.counts.removed
        if self._first is not None and not empty and self._clock.counted() - self._first[1] > _MOVED_SECONDS:
            return Finding(
                DEGRADED,
                "hangs",
                "The first report in the journal has not moved for half a minute. If it stays so, restart the gateway; nothing that was accepted is lost.",
            )
        return Finding(OK, "", _NOTHING_TO_DO)

    def _see_first(self, oldest: datetime | None) -> None:
        if oldest is None or self._intake.trouble:
            self._first = None
        elif self._first is None or self._first[0] != oldest:
            self._first = (oldest, self._clock.counted())
        self.oldest_in_journal = oldest

    def _files_found(self) -> Finding:
        if why := next((why for part, why in self.fallen.items() if part.startswith(("fetcher ", "pictures", "sweeper"))), ""):
            return Finding(DEGRADED, "fell_over", f"What looks after files falls over ({why}). Reports are there, their files may be missing. {_STARTED_AGAIN}")
        if self.late_files:
            return Finding(DEGRADED, "late", f"{self.late_files} files are late. Reports are there without them. If it stays so, restart the gateway.")
        return Finding(OK, "", _NOTHING_TO_DO)

    async def _store_found(self) -> Finding:
        try:
            # One that could write: a store that can only be read takes nothing.
            async with asyncio.timeout(_LOOK_SECONDS), self._store.transaction() as tx:
                await tx.all(sa.select(sa.literal(1)))
        except StoreAway as away:
            return Finding(DOWN, "away", f"{away} Reports are accepted and wait in the journal. Bring the store back; nothing else has to be done.")
        except TimeoutError:
            return Finding(DOWN, "timeout", "The store does not answer. Reports are accepted and wait in the journal. Bring the store back.")
        return Finding(OK, "", _NOTHING_TO_DO)

    async def _count(self) -> None:
        try:
            async with asyncio.timeout(_LOOK_SECONDS), self._store.snapshot() as tx:
                self.parked = sum((await lookup.parked_by_channel(tx)).values())
                self.late_files = await dues.overdue(tx, self._clock.now() - _FILES_LATE)
        except (StoreAway, TimeoutError):
            # Away, or without tables before the first start has made them.
            self.parked = self.late_files = None

    def _clock_found(self) -> Finding:
        if self._jumped and abs(self._clock.now() - self._jumped[0]) < _TOLD:
            seconds = self._jumped[1]
            return Finding(DEGRADED, "jumped", f"The machine's clock jumped by {seconds:+.0f} seconds. Deadlines count by it: is its time service running?")
        return Finding(OK, "", _NOTHING_TO_DO)

    def _compare(self, wall: float, counted: float) -> None:
        if abs(wall - counted) > _JUMP_SECONDS:
            self._jumped = (self._clock.now(), wall - counted)

    def say(self, name: str, direction: str, finding: Finding, component: str = "") -> None:
        """What was found by one who looks; `component`: by a way of looking beside the usual one."""
        change = self.board.say(name, direction, finding, self._clock.now(), self._clock.counted(), component)
        # Once when it breaks, once when it mends; that it is well at the start is no news.
        if change and change.before and not (change.before.kind == "not_looked" and change.finding.state == OK):
            now = change.finding
            tell = _log.info if now.state == OK else _log.warning
            tell("health", part=name, direction=direction, state=now.state, kind=now.kind, sentence=now.sentence)


_TO_DO_IN = {
    "auth": "Correct it in the configuration, and restart the gateway. What was sent waits at the server.",
    "unreachable": "Check this machine's way to the server (name service, firewall). What was sent waits there and is fetched by itself.",
    "timeout": "What was sent waits at the server and is fetched by itself. If it stays so, ask who runs the server.",
    "provider": "What was sent waits at the server and is fetched by itself. If it stays so, ask who runs the server.",
    "fault": "Tell who maintains the gateway.",
}
_TO_DO = {
    "auth": "Put the right account and token (for mail: name and password) into the configuration, and restart the gateway.",
    "unreachable": "Check this machine's way to the internet (name service, firewall). Messages wait and go out by themselves.",
    "timeout": "Messages wait and go out by themselves. If it stays so, look at the provider's status page.",
    "provider": "Messages wait and go out by themselves. If it stays so, look at the provider's status page and at the account there.",
    "fault": "Tell who maintains the gateway.",
}
