"""The whole contract between a wire and the core. A channel is built with its own configuration and handed an Inlet; nothing else joins them.

What the worker process imports must stay small: this module knows no HTTP library, and a reader stands in a module of its own.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from normalizer import Address, Report, Setting

MESSAGE = "message"
STATUS = "status"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One delivery exactly as a wire gave it. Nothing parsed, nothing changed (law 2)."""

    # The channel's name in the configuration.
    channel: str
    # MESSAGE: somebody wrote; becomes a case even if it cannot be read. Anything else (STATUS, ...): parked without a case if it cannot.
    kind: str
    # How the wire names this delivery; the same at every repeat.
    wire_id: str
    # The bytes of the wire.
    raw: bytes
    # UTC.
    received_at: datetime
    # Only where the wire itself authenticates a person's address (SMS, Telegram); never from a form or a mail.
    reply_to: Address | None = None
    # A little that is not in the bytes: which public URL was called, which of our notices a status is about.
    meta: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """We have it: it is durable on this node."""

    # The tracking number as shown, XXXX-XXXX-XXXX. Only the web form shows it to anybody; other wires never do (law 4).
    number: str
    # Opens the report's own page: only for whoever sent it. 128 bits, the same at every repeat.
    link: str = ""
    # What happens next, as a code: "verification".
    next_step: str = "verification"
    # The last day for that, in the deployment's zone; None: no calendar is known.
    due_on: date | None = None
    # The holidays on the way, which do not count.
    not_counted: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is on this node's disk, under the digest of its bytes."""

    # SHA-256 in hex.
    digest: str
    # Bytes.
    size: int


class Refused(Exception):
    """Not now: our own fault, always temporary. `retry_after` is for the wire, the sentence for an operator; neither is for a citizen."""

    def __init__(self, sentence: str, retry_after: timedelta = timedelta(seconds=30)) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class Inlet(Protocol):
    """The one way in, handed to a channel."""

    async def receive(self, arrival: Arrival) -> Receipt:
        """Return only after the arrival is on disk. Raises Refused (or any other exception): tell the wire to try again later."""

    async def keep(self, chunks: AsyncIterator[bytes]) -> Kept:
        """A file, on disk before the arrival that will refer to it. What the iterator raises passes through. Raises Refused: no room."""

    async def holds(self, digest: str) -> bool:
        """Whether a file that was kept is still here; from now on it is kept for another day."""

    def sign(self, *words: str) -> str:
        """128 bits that only this deployment can make of these words: for what a wire hands out and wants to know again."""


class Known(Protocol):
    """What has come in by one channel, as the journal of this node and the store know it. Asking raises what the core raises: let it pass."""

    async def ids(self, wire_ids: Collection[str]) -> set[str]:
        """Which of these deliveries are here."""

    async def words(self, fingerprints: Collection[str]) -> set[str]:
        """Which of these are here, under whatever id."""


class Words(Protocol):
    """The texts of one language, by their codes."""

    @property
    def language(self) -> str:
        """BCP 47."""

    def __call__(self, code: str, **values: object) -> str:
        """The text, with its values filled in."""

    def many(self, code: str, count: int, **values: object) -> str:
        """The text for so many."""


@dataclass(frozen=True, slots=True)
class About:
    """What a channel is told of the deployment that it works for."""

    # What citizens know the service by.
    name: str
    setting: Setting
    # Where the outside finds us, primary first.
    public_urls: tuple[str, ...]
    # UTC.
    clock: Callable[[], datetime]
    # By language, the default first.
    words: Mapping[str, Words] = field(default_factory=dict)
    # What it is the service of: "Kab. Penajam Paser Utara". Empty: nothing is said.
    place: str = ""
    # Whom to call when life is in danger; empty: nobody is named.
    emergency: str = ""
    # Working days until somebody has read a report.
    verification_working_days: int = 3
    # The other ways to us, as citizens are told: "sms", "keyword", "email", "telegram".
    doors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeliveryUpdate:
    """What a provider says of something that we sent. Statuses have an order and never go back."""

    # The provider's id of what we sent.
    provider_id: str
    # "sending" | "sent" | "delivered" | "read" | "undelivered" | "failed"
    status: str
    # Our notice, if the wire carries its id; None: look it up by provider_id.
    notice: str | None = None
    # Why not, in the provider's words or code.
    reason: str | None = None
    # Whom it is about, where it is about all that we ever send there; the status is "blocked" or "unblocked" then, and there is no provider_id.
    to: Address | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """Read, and nothing to do; kept all the same."""

    reason: str
    # Nothing that the reader knows stood where the wire always writes something.
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer that a person may pick instead of typing it, where the wire has buttons."""

    # What stands on the button.
    label: str
    # What the person says by it, as if typed; empty: the label. Some buttons can only say what stands on them: these words stand there, then.
    says: str = ""
    # It gives the place where the person is, instead of words.
    place: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """Words going back to a person or an agency, in the forms that wires need; send() chooses."""

    # Ours; goes out with the message where the wire has a place for it, and comes back with delivery reports.
    id: str
    to: Address
    # One GSM-7 segment (160 characters).
    short: str
    # The whole of it, plain text.
    full: str
    subject: str
    # Ids of messages that this one answers, nearest first.
    thread: tuple[str, ...] = ()
    # Ties an answer to its case where the wire can carry it (a mail's Message-ID and reply address): signed by us, safe in an address. Empty: no case.
    token: str = ""
    # What the person may pick; the words tell the same to whoever has no buttons.
    choices: tuple[Choice, ...] = ()


class SendFailed(Exception):
    """A provider's fault on the way back; caught in the outbox only."""

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool = False,
        retry_after: timedelta | None = None,
        maybe_sent: bool = False,
        channel_wide: bool = False,
        kind: str = "",
    ) -> None:
        """`reason` is a sentence for an operator, without secrets or personal data.

        permanent: trying again cannot help (no such number). maybe_sent: the provider may have it (a time-out): repeating may double this one notice.
        channel_wide: nothing about this notice is wrong; everything on this channel would fail now (the breaker counts these).
        kind: as in Checked.
        """
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.retry_after = retry_after
        self.maybe_sent = maybe_sent
        self.channel_wide = channel_wide
        self.kind = kind


class FetchFailed(Exception):
    """A file that the wire only referred to could not be had; `permanent`: and never will be."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that is coming: its type by content, its bytes piece by piece (iterating may raise FetchFailed: too large, broken off)."""

    type: str
    chunks: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Door:
    """An HTTP way in of a channel."""

    method: str
    # Below /in/{name}: "message", "status". A web form may start with "/" and then stands at the root.
    path: str
    # An aiohttp handler (Request -> StreamResponse), typed loosely so that a reader need not load an HTTP library.
    # `channels.caller` tells who called.
    handler: Callable[[Any], Awaitable[Any]]
    # Bytes of a body that are read at the most.
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Box:
    """The pages of a channel on which citizens write, for other pages that lead there."""

    # Where a report is written.
    form_path: str
    # Where words and files for a report that is there are sent, with its private link.
    add_path: str
    # A fresh key for that.
    new_key: Callable[[], str]
    # The form with these words and nothing else filled in, as a browser sends it: its fields, in order.
    filled_in: Callable[[str], list[tuple[str, str]]]


@dataclass(slots=True)
class Limit:
    """Protects the machine; counted by whoever enforces it, for whoever looks after the machine."""

    # With its unit: "max_file_bytes".
    name: str
    allowed: float
    # How much of it is taken now; None: it is not something that is used up.
    used: float | None = None
    # How often it turned something away since the start.
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Checked:
    """What the other side says of itself."""

    ok: bool
    # For an operator: how it is, and what to do if it is not well.
    sentence: str
    # What is wrong, as a word for machines: "auth" | "unreachable" | "timeout" | "provider"; of the way in also "refused" (we turn the other side away),
    # "elsewhere" (it brings what people write to somebody else, or nowhere), "outside" (our own door cannot be used from outside), "warned" (the other side
    # has met errors at our door); empty: nothing, or not known.
    kind: str = ""
    # How much of what people wrote lies at the other side, and since when the oldest of it; None: nothing, or not known.
    waiting: int | None = None
    oldest_at: datetime | None = None
    # What ends, and when (UTC): "certificate" (that of our own door), "address" (that of our public address), "server" (the other side's), "token".
    ends: Mapping[str, datetime] = field(default_factory=dict)


@runtime_checkable
class Tries(Protocol):
    """A channel at whose own door we can knock as a stranger does: no provider is in between, and nobody charges for it."""

    def trial(self) -> Callable[[str], Awaitable[str]] | None:
        """Brings these words to the door, and tells why they were not acknowledged (empty: they were); never raises. None: there is no such door."""


class Channel(Protocol):
    """A wire. Pure where it says pure; whatever the network does wrong ends in Refused, SendFailed or FetchFailed."""

    @property
    def name(self) -> str:
        """Its name in the configuration; two blocks of one kind are two channels."""

    @property
    def reaches(self) -> frozenset[str]:
        """The kinds of address that it can send to; empty: only a way in."""

    def routes(self, inlet: Inlet) -> Iterable[Door]:
        """HTTP doors; none if it has none."""

    def box(self, inlet: Inlet) -> Box | None:
        """Its pages for writing; None: it has none."""

    async def run(self, inlet: Inlet) -> None:
        """Listen or poll until cancelled; return at once if there is nothing to run."""

    def fingerprint(self, arrival: Arrival) -> str:
        """Pure: a digest over what was said, never over transport (law 5)."""

    def read(self, arrival: Arrival) -> Report | DeliveryUpdate | Ignored:
        """Pure: bytes to meaning. Runs in a worker process, through the `reader` of kinds.py."""

    async def fetch(self, reference: str) -> Fetched:
        """Get a file that the wire only referred to. Raises FetchFailed."""

    async def send(self, notice: Notice) -> str:
        """Choose the form that fits, hand it over, return the provider's id. Raises SendFailed."""

    def limits(self) -> Iterable[Limit]:
        """What it turns away for the machine's sake, as it is now."""

    async def check(self) -> Checked:
        """Reach the other side of the way out without side effects, and say what it says of itself."""

    async def check_in(self) -> Checked:
        """The same for the way in, where we go and fetch; where others come to us: ok and nothing to say, or "refused"."""

    def missed(self, since: datetime, known: Known) -> AsyncGenerator[Arrival, None] | None:
        """What the other side keeps that was sent to us since then and is not known, oldest first; None: it keeps nothing that we could ask for.

        Asking changes nothing there. What is given twice harms nobody: it goes in by the inlet like all else. Iterating raises SendFailed; whoever stops before
        the end closes it.
        """

    def hold(self, since: datetime | None) -> bool:
        """A person paused the channel then (None: nobody, or not any more): fetch nothing, as long as what waits there is not lost by it. Doors stay open.

        Whether nothing comes in meanwhile: it fetches, and has no door beside that.
        """

    async def close(self) -> None:
        """Give back connections."""
