"""What can go wrong at a provider: a fault is taken from a list, one for each call, so that a test reads as the story of a bad day."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeout:
    """Nothing is answered, ever. `accepted`: the message was taken nevertheless, the case in which a repetition doubles it."""

    accepted: bool = False


@dataclass(frozen=True, slots=True)
class Hang:
    """The answer begins (status and headers arrive) and never ends; nothing is accepted."""


@dataclass(frozen=True, slots=True)
class Drop:
    """The message is accepted and then the connection is cut."""


@dataclass(frozen=True, slots=True)
class Slow:
    """The message is accepted at once, and the answer takes its time."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Status:
    """An HTTP status with the provider's error body; nothing is accepted."""

    code: int


@dataclass(frozen=True, slots=True)
class TooMany:
    """429; nothing is accepted."""

    # Seconds, for Retry-After. None: the header is missing, as it is on some real days.
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Garbage:
    """Success by its status, a proxy's page by its body; nothing is accepted."""


Fault = Timeout | Hang | Drop | Slow | Status | TooMany | Garbage
