"""The tests' own kind of channel: in by a call, out to a list; its provider does what a test tells it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from channels import MESSAGE, About, Arrival, Box, Checked, DeliveryUpdate, Door, Fetched, FetchFailed, Ignored, Inlet, Known, Limit, Notice, SendFailed
from normalizer import Address, Report
from tests import postbox_reader


class PostboxSettings(BaseModel):
    """Nothing to say."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass
class Provider:
    """What is at the other end of all post boxes of one name in this process."""

    sent: list[Notice] = field(default_factory=list)
    # One a send: an exception to raise, or HANG; then it accepts.
    faults: list[object] = field(default_factory=list)
    attempts: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, notice: Notice) -> str:
        """Accept it, or do as told."""
        self.attempts += 1
        fault = self.faults.pop(0) if self.faults else None
        self.changed.set()
        if fault is HANG:
            await asyncio.Event().wait()
        if isinstance(fault, BaseException):
            raise fault
        self.sent.append(notice)
        self.changed.set()
        return f"P-{len(self.sent)}"

    async def until(self, done: Callable[[], bool]) -> None:
        """Until something here makes it so."""
        while not done():
            self.changed.clear()
            await self.changed.wait()


HANG = object()
# Name of the channel to its far end; a test takes its own by a name of its own.
PROVIDERS: dict[str, Provider] = {}


class Postbox:
    """The contract, as small as it can be."""

    reaches = frozenset({"sms"})

    def __init__(self, name: str, _settings: PostboxSettings, about: About) -> None:
        self.name = name
        self._clock = about.clock
        self.provider = PROVIDERS.setdefault(name, Provider())

    def routes(self, inlet: Inlet) -> Iterable[Door]:
        """None."""
        return ()

    def box(self, inlet: Inlet) -> Box | None:
        """None."""

    async def run(self, inlet: Inlet) -> None:
        """Nothing to run."""

    def fingerprint(self, arrival: Arrival) -> str:
        """The words."""
        return hashlib.sha256(arrival.raw).hexdigest()

    def read(self, arrival: Arrival) -> Report | DeliveryUpdate | Ignored:
        """As the worker does."""
        return postbox_reader.read(arrival)

    async def fetch(self, reference: str) -> Fetched:
        """It has no files."""
        raise FetchFailed("no files here", permanent=True)

    async def send(self, notice: Notice) -> str:
        """To the list."""
        return await self.provider.take(notice)

    def limits(self) -> Iterable[Limit]:
        """None."""
        return ()

    async def check(self) -> Checked:
        """Always there."""
        return Checked(ok=True, sentence="It is a list.")

    async def check_in(self) -> Checked:
        """Others come to us."""
        return Checked(ok=True, sentence="")

    def missed(self, since: datetime, known: Known) -> AsyncGenerator[Arrival, None] | None:
        """None: what a test did not drop in, nobody has."""

    def hold(self, since: datetime | None) -> bool:
        """Others come to us."""
        return False

    async def close(self) -> None:
        """Nothing to give back."""


def letter(
    text: str, wire_id: str, *, at: datetime, sender: str = "", channel: str = "post", kind: str = MESSAGE, meta: Mapping[str, str] | None = None
) -> Arrival:
    """What a citizen dropped in; without a `sender`, somebody of their own."""
    who = sender or f"+62812{int(hashlib.sha256(wire_id.encode('utf-8', 'surrogatepass')).hexdigest(), 16) % 10**8:08d}"
    return Arrival(channel, kind, wire_id, text.encode("utf-8", "surrogatepass"), at, Address("sms", who), meta or {})


def away() -> SendFailed:
    """A provider that is out of order for everybody."""
    return SendFailed("The provider answered 500.", channel_wide=True)
