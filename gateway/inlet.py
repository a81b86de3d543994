"""What a channel is handed to bring arrivals in: number, fingerprint, journal, receipt. Only when this returns may a wire be answered (law 1)."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime
from functools import cache

from channels import Arrival, Kept, Receipt, Refused
from gateway import canary, tracking
from gateway.blobs import Blobs
from gateway.deadlines import Calendar
from gateway.journal import Journal
from gateway.stages import Stages
from normalizer import Address

# A wire's id is kept as it is if it is short and plain; anything else by its digest, so that every store can hold and index it.
_MAX_ID = 200
# From here on a report finds as little room on a disk that is nearly full as files do: a flood of heavy mails shall leave some to an SMS. Bytes.
_LARGE = 256 * 1024

Fingerprint = Callable[[Arrival], str]


class CoreInlet:
    """One for each channel: the channel's own fingerprint goes with it."""

    def __init__(
        self, journal: Journal, key: bytes, fingerprint: Fingerprint, blobs: Blobs, calendar: Calendar, verification_working_days: int, stages: Stages
    ) -> None:
        self._journal = journal
        self._key = key
        self._fingerprint = fingerprint
        self._blobs = blobs
        self._calendar = calendar
        self._working_days = verification_working_days
        # Looking a label up costs more than observing.
        self._seconds = cache(stages.accepted.labels)
        # For health, since the start.
        self.last_at: datetime | None = None
        self.accepted = self.refused = 0
        # A sentence while this node must not take anything (another deployment's key); None: open.
        self.closed: str | None = None

    async def receive(self, arrival: Arrival) -> Receipt:
        """Return when the arrival is durable on this node. Raises Refused."""
        began = time.perf_counter()
        try:
            receipt = await self._receive(arrival)
        except BaseException:
            self.refused += 1
            raise
        if canary.within(self._key, arrival):
            # Nobody wrote.
            return receipt
        self._seconds(arrival.channel).observe(time.perf_counter() - began)
        self.accepted += 1
        self.last_at = arrival.received_at
        return receipt

    async def _receive(self, arrival: Arrival) -> Receipt:
        if self.closed:
            raise Refused(self.closed)
        wire_id, reply_to = plain_id(arrival.wire_id), _plain_reply(arrival)
        if (wire_id, reply_to) != (arrival.wire_id, arrival.reply_to):
            arrival = replace(arrival, wire_id=wire_id, reply_to=reply_to)
        if len(arrival.raw) >= _LARGE and not self._blobs.has_room():
            raise Refused("The disk is nearly full: what is left is for small reports.")
        number = tracking.number(self._key, arrival.channel, arrival.wire_id)
        await self._journal.append(arrival, self._fingerprint_of(arrival), number)
        due = self._calendar.due(arrival.received_at, self._working_days)
        return Receipt(number, tracking.link(self._key, arrival.channel, arrival.wire_id), "verification", due.on, due.not_counted)

    async def keep(self, chunks: AsyncIterator[bytes]) -> Kept:
        """A file, on disk before the arrival that will refer to it. Raises Refused, and what the iterator raises."""
        if self.closed:
            raise Refused(self.closed)
        try:
            return Kept(*await self._blobs.keep(chunks))
        except OSError as error:
            # A connection that breaks is one, too; nobody reads that answer.
            raise Refused(f"The file cannot be written ({type(error).__name__}). Check the disk.") from error

    async def holds(self, digest: str) -> bool:
        """Whether that file is still here; nobody sweeps it for another day."""
        return await asyncio.to_thread(self._blobs.touch, digest)

    def sign(self, *words: str) -> str:
        """128 bits that only this deployment can make of these words."""
        return tracking.sign(self._key, "wire", *words)

    def _fingerprint_of(self, arrival: Arrival) -> str:
        try:
            return self._fingerprint(arrival)
        except Exception:  # noqa: BLE001  # law 5: what cannot be computed is the digest of the bytes; nothing a person wrote is an error
            return hashlib.sha256(arrival.raw).hexdigest()


def plain_id(wire_id: str) -> str:
    """As journal and store call it."""
    if wire_id.isascii() and wire_id.isprintable() and 0 < len(wire_id) <= _MAX_ID:
        return wire_id
    return "sha256:" + hashlib.sha256(wire_id.encode(errors="surrogatepass")).hexdigest()


def _plain_reply(arrival: Arrival) -> Address | None:
    reply = arrival.reply_to
    return reply if reply and reply.value.isprintable() and len(reply.value) <= _MAX_ID else None
