"""The configuration: one TOML file, secrets by reference, every mistake reported at once. `gateway.example.toml` shows every key."""

from __future__ import annotations

import difflib
import pkgutil
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import quote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeInt,
    PlainSerializer,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
    field_serializer,
    field_validator,
)
from pydantic_core import ErrorDetails

from channels.kinds import KINDS
from gateway import words
from gateway.secrets import Place, Resolved, model_in, resolve, written_openly

MIB = 1024 * 1024
CHANNEL_NAME = re.compile(r"[a-z0-9-]{1,40}")
SQLITE, POSTGRESQL = "sqlite+aiosqlite", "postgresql+asyncpg"
_WRITE_AS = "is a secret and must not stand in this file: write it as { env = … } or { file = … }."


class Mistakes(Exception):
    """The configuration cannot be used; every sentence names a key and says what to do."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


class Block(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to listen. Port 0: any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _endpoint(value: object) -> Endpoint:
    if isinstance(value, Endpoint):
        return value
    host, _, port = str(value).rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004  # RFC 9293: 16 bits
        raise ValueError("should be host:port, for example 127.0.0.1:8080")
    return Endpoint(host.removeprefix("[").removesuffix("]"), int(port))


class StoreBlock(Block):
    """Where cases live; may be away for hours without anything being refused."""

    url: str = Field(
        f"{SQLITE}:///store.db",
        description=f"The database: {SQLITE}:///file (a relative file lies in data_dir) or {POSTGRESQL}://user@host/database. PostgreSQL when there are several nodes.",
        repr=False,
    )
    password: SecretStr | None = Field(
        None,
        description="Password of the database's user, so that the file that PostgreSQL's container reads serves here too.",
        examples=[{"env": "STORE_PASSWORD"}],
    )

    @field_validator("url", mode="before")
    @classmethod
    def _no_open_password(cls, value: object) -> object:
        if isinstance(value, str) and not isinstance(value, Resolved) and urlsplit(value).password:
            raise ValueError("has a password in it, which must not stand in this file: use store.password.")
        return value

    @field_validator("url")
    @classmethod
    def _speakable(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {SQLITE, POSTGRESQL}:
            raise ValueError(f"should begin with {SQLITE}:/// or {POSTGRESQL}://")
        if parts.scheme == SQLITE and parts.path in {"", "/", "/:memory:"}:
            raise ValueError("names no file, so every case would be gone after a restart.")
        return value

    @field_validator("password")
    @classmethod
    def _whose_password(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value and not urlsplit(info.data.get("url", "//user@host")).username:
            raise ValueError("belongs to a user, but store.url names none: write user@ before the host.")
        return value

    @field_serializer("url")
    def _without_secrets(self, value: str) -> str:
        parts = urlsplit(value)
        # A user's name stays; a password may stand before the @ or in the query.
        return parts.scheme + "://" + re.sub(r":[^@]*@", ":**********@", parts.netloc) + parts.path

    @property
    def sqlite(self) -> bool:
        """One node's own file."""
        return self.url.startswith(SQLITE)

    def address(self, data_dir: Path) -> str:
        """What SQLAlchemy opens, password and all: never to be logged."""
        parts = urlsplit(self.url)
        if self.sqlite:
            return f"{SQLITE}:///{data_dir / parts.path.removeprefix('/')}"
        if self.password is None:
            return self.url
        user, host = parts.username or "", parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{user}:{quote(self.password.get_secret_value(), safe='')}@{host}"))


class ListenBlock(Block):
    """Which doors are open on this machine."""

    public: Annotated[Endpoint, BeforeValidator(_endpoint), PlainSerializer(str)] = Field(
        Endpoint("127.0.0.1", 8080), description="host:port of citizens' and providers' doors. Loopback, because a reverse proxy with TLS stands before it."
    )


class JournalBlock(Block):
    """Limits of the journal, where every report is kept first."""

    min_free_bytes: NonNegativeInt = Field(256 * MIB, description="Bytes that must be free on the disk; below that, reports are asked to come again later.")
    reserve_bytes: NonNegativeInt = Field(16 * MIB, description="Bytes kept aside, so that a full disk can still hand over what it has.")
    max_bytes: PositiveInt | None = Field(None, description="Bytes that the journal's file may take. Absent: only the disk limits it.", examples=[1024 * MIB])


class IntakeBlock(Block):
    """The way from the journal to the store."""

    batch_rows: PositiveInt = Field(200, description="Reports in one transaction at the most. More is faster, and takes longer to repeat when one is bad.")
    read_seconds: PositiveFloat = Field(2.0, description="Seconds that reading a batch may take before its process is killed.")
    read_seconds_per_mib: PositiveFloat = Field(1.0, description="Seconds more for each MiB of the batch.")
    retry_seconds: PositiveFloat = Field(1.0, description="Seconds between tries at the most while the store is away.")


class OutboxBlock(Block):
    """The way back to people."""

    per_recipient_per_hour: PositiveInt = Field(4, description="Messages that one number may cause in an hour, so that a stranger cannot make us pay.")
    per_channel_per_hour: PositiveInt = Field(1000, description="Messages of a whole channel in an hour: the deployment's budget.")
    concurrent_sends: PositiveInt = Field(8, description="Messages on their way at the same time, for each channel.")
    send_seconds: PositiveFloat = Field(30, description="Seconds that a provider has to answer; afterwards it may have the message or not.")
    lease_seconds: PositiveFloat = Field(
        120, description="Seconds after which a worker is believed dead and its messages go to another. Longer than send_seconds."
    )
    retry_minutes: tuple[PositiveFloat, ...] = Field(
        (1, 5, 15, 60, 240, 720),
        min_length=1,
        description="Minutes to wait after the first, second, ... failure; after the last the message is parked for a person.",
    )

    @field_validator("lease_seconds")
    @classmethod
    def _outlives_a_send(cls, value: float, info: ValidationInfo) -> float:
        if value <= info.data.get("send_seconds", 0):
            raise ValueError("must be longer than outbox.send_seconds, or a slow message would be sent twice.")
        return value


class StepsBlock(Block):
    """Deadlines that are promised."""

    verification_working_days: PositiveInt = Field(
        3, description="Working days until somebody has verified a report; citizens are told so in the acknowledgement."
    )


class Agency(Block):
    """Somebody who can own a case."""

    code: str = Field(min_length=1, description="Short and never changed, because cases refer to it.", examples=["dpupr"])
    name: str = Field(min_length=1, description="As citizens know it.", examples=["Dinas Pekerjaan Umum dan Penataan Ruang"])
    coordinator: bool = Field(default=False, description="Owns whatever has no other owner. Exactly one agency does.")


class ChannelConfig(Block):
    """One configured channel. In the file, the settings stand beside `kind`, not below it."""

    kind: str = Field(description=f"What it speaks: {', '.join(KINDS)}.")
    region: str | None = Field(None, min_length=1, description="Official code of the region that this channel serves. Absent: the deployment's region.")
    settings: SerializeAsAny[BaseModel]


class Config(Block):
    """Everything that a deployment decides."""

    name: str = Field(min_length=1, description="What citizens know this service by.", examples=["Lapor PPU"])
    public_urls: tuple[str, ...] = Field(
        min_length=1,
        description="Addresses under which providers and citizens reach this gateway, the primary first. Providers sign the address they call, so it must be exact.",
        examples=[["https://lapor.example"]],
    )
    data_dir: Path = Field(Path("data"), description="Folder of the journal and its files, on a disk that keeps. Relative to this file.")
    country: str = Field(
        "ID", pattern=r"^[A-Z]{2}$", description="Two capital letters (ISO 3166): whose telephone numbers are meant when no country is dialled."
    )
    zone: str = Field("Asia/Jakarta", description='Time zone (IANA) in which "yesterday" and working days are meant.', examples=["Asia/Makassar"])
    languages: tuple[str, ...] = Field(("id", "en"), min_length=1, description="Languages we answer in; the first if we cannot tell.")
    region: str | None = Field(
        None, min_length=1, description="Official code of the region that this deployment serves. Absent: none of its own.", examples=["64.09"]
    )
    keywords: dict[str, str] = Field(
        default_factory=dict, description="Words that citizens put first to say where it belongs, with the region's official code.", examples=[{"PPU": "64.09"}]
    )
    store: StoreBlock = StoreBlock()
    deployment_key: Annotated[SecretStr, Field(min_length=32)] | None = Field(
        None,
        validate_default=True,
        description="Secret, 32 characters or more, equal on all nodes and part of every backup: tracking numbers are made from it. Absent (SQLite only): made once in data_dir.",
        examples=[{"env": "DEPLOYMENT_KEY"}],
    )
    listen: ListenBlock = ListenBlock()
    journal: JournalBlock = JournalBlock()
    intake: IntakeBlock = IntakeBlock()
    outbox: OutboxBlock = OutboxBlock()
    steps: StepsBlock = StepsBlock()
    agencies: tuple[Agency, ...] = Field((), description="Who can own a case. Absent: one coordinator owns everything.")
    channels: dict[str, ChannelConfig] = Field(
        default_factory=dict, description="The ways in and back, each under a name of small letters, digits and hyphens."
    )

    @field_validator("public_urls")
    @classmethod
    def _reachable(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_base_url(value) for value in values)

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            return ZoneInfo(value).key
        except (ValueError, OSError, KeyError) as error:
            raise ValueError(f"{value} is no time zone that is known here, such as Asia/Makassar.") from error

    @field_validator("languages")
    @classmethod
    def _spoken(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [value for value in values if value not in words.available()]:
            raise ValueError(f"there are no texts in {', '.join(unknown)}; there are in {', '.join(words.available())}.")
        return values

    @field_validator("deployment_key")
    @classmethod
    def _shared_by_nodes(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None and "store" in info.data and not info.data["store"].sqlite:
            raise ValueError("is missing. Nodes that share a PostgreSQL must share it, or they would give different numbers to one report.")
        return value

    @field_validator("agencies")
    @classmethod
    def _one_coordinator(cls, values: tuple[Agency, ...]) -> tuple[Agency, ...]:
        codes = [agency.code for agency in values]
        if twice := sorted({code for code in codes if codes.count(code) > 1}):
            raise ValueError(f"the code {', '.join(twice)} is there twice.")
        if values and sum(agency.coordinator for agency in values) != 1:
            raise ValueError("exactly one agency must have coordinator = true: it owns what has no other owner.")
        return values

    @property
    def directory(self) -> tuple[Agency, ...]:
        """All who can own a case; without any, the deployment itself coordinates."""
        return self.agencies or (Agency(code="coordinator", name=self.name, coordinator=True),)

    @property
    def coordinator(self) -> str:
        """The code of the agency that owns what has no other owner (law 8)."""
        return next(agency.code for agency in self.directory if agency.coordinator)

    def shown(self) -> dict[str, Any]:
        """Itself as plain values; a secret is stars."""
        return self.model_dump(mode="json")


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{value} should be an address such as https://lapor.example")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError(f"{value} should begin with https:// — over http anybody on the way could read what citizens write.")
    return value.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def find(option: Path | None, environ: Mapping[str, str]) -> Path:
    """Which file is meant: what the command line says, else what NO_WRONG_DOOR_CONFIG says, else gateway.toml here."""
    return option or Path(environ.get("NO_WRONG_DOOR_CONFIG", "gateway.toml"))


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """The file, with its secrets looked up in `environ` and beside it. Raises Mistakes with every mistake there is."""
    folder = path.absolute().parent
    raw, mistakes = resolve(_parsed(path), folder, environ)
    blocks = raw.get("channels", {})
    channels = _channels(blocks, mistakes) if isinstance(blocks, dict) else {}
    # A block that is not a table is reported with the rest.
    rest = {**raw, "channels": channels if isinstance(blocks, dict) else blocks}
    config = _validated(Config, rest, (), mistakes)
    if mistakes or config is None:
        raise Mistakes([f"{_dotted(place)}: {sentence}" for place, sentence in mistakes.items()])
    return config.model_copy(update={"data_dir": folder / config.data_dir})


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Mistakes([f"{path} cannot be read: {error.strerror}. gateway.example.toml shows what stands in it."]) from error
    except ValueError as error:
        raise Mistakes([f"{path} is not TOML: {error}."]) from error


def _channels(blocks: Mapping[str, Any], mistakes: dict[Place, str]) -> dict[str, ChannelConfig]:
    """Those that are right; what is wrong with the others joins the mistakes."""
    channels = {}
    for name, block in blocks.items():
        place = ("channels", name)
        if not CHANNEL_NAME.fullmatch(name):
            mistakes[place] = "should be named with 1 to 40 small letters, digits and hyphens: it stands in addresses."
        elif not isinstance(block, dict):
            mistakes[place] = f"should be a table: [channels.{name}]"
        elif channel := _channel(block, place, mistakes):
            channels[name] = channel
    return channels


def _channel(block: Mapping[str, Any], place: Place, mistakes: dict[Place, str]) -> ChannelConfig | None:
    kind = block.get("kind")
    if kind not in KINDS:
        mistakes.setdefault((*place, "kind"), f"should be one of {', '.join(KINDS)}.")
        return None
    model: type[BaseModel] = pkgutil.resolve_name(KINDS[kind].settings)
    own = {key: value for key, value in block.items() if key not in _SHARED}
    settings = _validated(model, own, place, mistakes)
    shared = {key: block[key] for key in _SHARED if key in block}
    return _validated(ChannelConfig, {**shared, "settings": settings or Block()}, place, mistakes)


# What every channel has beside its own settings.
_SHARED = ChannelConfig.model_fields.keys() - {"settings"}


def _validated[T: BaseModel](model: type[T], raw: Mapping[str, Any], place: Place, mistakes: dict[Place, str]) -> T | None:
    """The model, or None; mistakes join the others, unless a secret that is missing has said it already."""
    for openly in written_openly(model, raw, place):
        mistakes[openly] = _WRITE_AS
    try:
        return model.model_validate(raw)
    except ValidationError as wrong:
        for error in wrong.errors(include_url=False, include_input=False):
            at = (*place, *error["loc"])
            if not any(at[: len(known)] == known for known in mistakes):
                mistakes[at] = _sentence(model, error)
        return None
