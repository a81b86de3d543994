"""The tables of the configuration file: what each key means, in which unit, and why one would change it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlsplit, urlunsplit

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
    ValidationInfo,
    field_serializer,
    field_validator,
)

from gateway.secrets import Resolved

MIB = 1024 * 1024
SQLITE, POSTGRESQL = "sqlite+aiosqlite", "postgresql+asyncpg"


class Block(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


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
        default=f"{SQLITE}:///store.db",
        description=f"The database: {SQLITE}:///file (a relative file lies in data_dir) or {POSTGRESQL}://user@host/database (several nodes).",
        repr=False,
    )
    password: SecretStr | None = Field(
        default=None,
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

    def file(self, data_dir: Path) -> Path:
        """Where it lies, if it is SQLite's."""
        return data_dir / urlsplit(self.url).path.removeprefix("/")

    def address(self, data_dir: Path) -> str:
        """What SQLAlchemy opens, password and all: never to be logged."""
        parts = urlsplit(self.url)
        if self.sqlite:
            return f"{SQLITE}:///{self.file(data_dir)}"
        if self.password is None:
            return self.url
        user, host = parts.username or "", parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{user}:{quote(self.password.get_secret_value(), safe='')}@{host}"))


class ListenBlock(Block):
    """Which doors are open on this machine."""

    public: Annotated[Endpoint, BeforeValidator(_endpoint), PlainSerializer(str)] = Field(
        default=Endpoint("127.0.0.1", 8080),
        description="host:port of citizens' and providers' doors. Loopback, because a reverse proxy with TLS stands before it.",
    )
    operators: Annotated[Endpoint, BeforeValidator(_endpoint), PlainSerializer(str)] = Field(
        default=Endpoint("127.0.0.1", 8090),
        description="host:port of health and measurements, for operators and their monitoring only. Never to be reached from the internet.",
    )

    @field_validator("operators")
    @classmethod
    def _not_the_citizens(cls, value: Endpoint, info: ValidationInfo) -> Endpoint:
        if value.port and value == info.data.get("public"):
            raise ValueError(f"{value} is listen.public already. Two doors need two ports, such as 8080 and 8090.")
        return value


class DeskBlock(Block):
    """The operators' pages, at listen.operators; who may sign in: `./run user add NAME`."""

    idle_minutes: PositiveFloat = Field(default=120, description="Minutes after the last page that somebody asked for until they have to sign in again.")
    session_hours: PositiveFloat = Field(default=12, description="Hours after which everybody has to sign in again, whatever they did.")


class JournalBlock(Block):
    """Limits of the journal, where every report is kept first."""

    min_free_bytes: NonNegativeInt = Field(
        default=256 * MIB, description="Bytes that must be free on the disk; below that, reports are asked to come again later."
    )
    reserve_bytes: NonNegativeInt = Field(default=16 * MIB, description="Bytes kept aside, so that a full disk can still hand over what it has.")
    max_bytes: PositiveInt | None = Field(
        default=None, description="Bytes that the journal's file may take. Absent: only the disk limits it.", examples=[1024 * MIB]
    )


class IntakeBlock(Block):
    """The way from the journal to the store."""

    batch_rows: PositiveInt = Field(
        default=200, description="Reports in one transaction at the most. More is faster, and takes longer to repeat when one is bad."
    )
    read_seconds: PositiveFloat = Field(default=2.0, description="Seconds that reading a batch may take before its process is killed.")
    read_seconds_per_mib: PositiveFloat = Field(default=1.0, description="Seconds more for each MiB of the batch.")
    retry_seconds: PositiveFloat = Field(default=1.0, description="Seconds between tries at the most while the store is away.")


class OutboxBlock(Block):
    """The way back to people."""

    per_recipient_per_hour: PositiveInt = Field(
        default=3, description="Acknowledgements, and answers to who never reported, to one address in an hour, so that a stranger cannot make us pay."
    )
    per_dialogue_per_hour: PositiveInt = Field(
        default=12, description="Messages in an hour to somebody who reported, about that report: questions, answers, confirmations."
    )
    per_channel_per_hour: PositiveInt = Field(default=1000, description="Messages of a whole channel in an hour: the deployment's budget.")
    mails_per_address_per_week: PositiveInt = Field(
        default=15, description="Acknowledgements by mail to one address in a week: two machines that answer each other must come to an end."
    )
    mails_per_domain_per_week: PositiveInt = Field(
        default=15, description="The same for all addresses of one domain: a machine may answer under a new name each time. More where an office writes to you."
    )
    public_mail_domains: tuple[str, ...] = Field(
        default=(
            *("gmail.com", "yahoo.com", "yahoo.co.id", "ymail.com", "rocketmail.com", "outlook.com", "outlook.co.id", "hotmail.com", "live.com"),
            *("msn.com", "icloud.com", "me.com", "proton.me", "protonmail.com", "aol.com", "mail.com", "zoho.com"),
        ),
        description="Domains at which everybody has mail: there is no cap for them as a whole.",
    )
    concurrent_sends: PositiveInt = Field(
        default=20, description="Messages on their way at the same time, for each channel; those too that wait for their turn, as Telegram wants it."
    )
    send_seconds: PositiveFloat = Field(default=30, description="Seconds that a provider has to answer; afterwards it may have the message or not.")
    lease_seconds: PositiveFloat = Field(
        default=120, description="Seconds after which a worker is believed dead and its messages go to another. Longer than send_seconds."
    )
    retry_minutes: tuple[PositiveFloat, ...] = Field(
        default=(1, 5, 15, 60, 240, 720),
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
        default=3, description="Working days until somebody has verified a report; citizens are told so in the acknowledgement."
    )
    reopen_within_working_days: PositiveInt = Field(
        default=10, description="Working days after a report was closed in which whoever wrote it may rate it, or say that it is not done."
    )
    office_opens: time = Field(default=time(9), description="Reminders go out at this hour of a working day.", examples=["09:00:00"])
    office_closes: time = Field(default=time(16), description="What comes after this hour counts as come on the next working day.", examples=["16:00:00"])
    days_off: tuple[date, ...] = Field(
        default=(), description="Days on which this office is closed, beside the country's public holidays and joint leave.", examples=[["2026-03-11"]]
    )


class QuestionsBlock(Block):
    """What a report lacks, and whoever wrote it is asked for."""

    ask: bool = Field(default=True, description="Whether anybody is asked for what, where and when; without it a person calls back.")
    remind_after_working_days: tuple[PositiveInt, ...] = Field(
        default=(1, 3), max_length=5, description="Working days after the question when it is asked once more, each. None: it is asked once."
    )
    give_up_after_working_days: PositiveInt = Field(
        default=5, description="Working days after the question when the report goes on to a person without an answer. Deadlines stand still until then."
    )

    @field_validator("remind_after_working_days")
    @classmethod
    def _one_after_the_other(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if list(value) != sorted(set(value)):
            raise ValueError("should go up: the days count from the question, not from the last reminder.")
        return value

    @field_validator("give_up_after_working_days")
    @classmethod
    def _after_all_of_them(cls, value: int, info: ValidationInfo) -> int:
        if value <= max(info.data.get("remind_after_working_days", ()), default=0):
            raise ValueError("must be later than the last of questions.remind_after_working_days.")
        return value


class LikenessBlock(Block):
    """Cases of different people that may be one: shown to operators by `trace` with a score and the reasons, never merged by itself."""

    enabled: bool = Field(default=True, description="Whether new cases are compared with others, in the background. Never delays a report.")
    threshold: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.5, description="Score from 0 to 1 from which a pair is kept. Lower shows more pairs that are none; higher misses some told in other words."
    )
    window_days: Annotated[int, Field(gt=0, le=366)] = Field(
        default=14, description="Days between the openings of two cases at the most. Longer finds more of what nobody mends, and compares with more cases."
    )


class RoutingBlock(Block):
    """Which agency a report is brought to."""

    directory: Path | None = Field(
        default=None,
        description="Table (CSV) of the agencies and what each does, relative to this file (docs/routing.md). Absent: everything is the coordinator's.",
        examples=["agencies.csv"],
    )
    apply_above: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None,
        description="From this score on (0 to 1) an agency owns a report without a person's decision. Absent: a person decides, the suggestion is shown.",
        examples=[0.95],
    )
    learn: bool = Field(
        default=True, description="Whether suggestions learn, each night, from what people decided here (docs/routing.md). Never delays a report."
    )


class SiteBlock(Block):
    """What citizens read about the service on its pages."""

    place: str = Field(default="", description="What it is the service of.", examples=["Kab. Penajam Paser Utara"])
    emergency: str = Field(default="112", max_length=20, description="Number to call when life is in danger. Empty: none is shown.")
    sms: str = Field(default="", description="Number for SMS, as citizens dial it.", examples=["1708"])
    keyword: str = Field(default="", description="Word that comes first in an SMS to that number.", examples=["PPU"])
    email: str = Field(default="", description="Address for mails.", examples=["lapor@ppu.example"])
    telegram: str = Field(default="", description="Name of the bot, without @.", examples=["LaporPPUbot"])


class ContactsBlock(Block):
    """Contacts that somebody typed into a form. They prove nothing: the number may be a stranger's, and each message costs."""

    countries: tuple[str, ...] = Field(default=("ID",), description="Countries (ISO 3166) whose telephone numbers are written to. None: nobody is.")
    per_contact_per_day: NonNegativeInt = Field(default=3, description="Messages to one typed number in 24 hours.")


class Agency(Block):
    """Somebody who can own a case."""

    code: str = Field(min_length=1, description="Short and never changed, because cases refer to it.")
    name: str = Field(min_length=1, description="As citizens know it.")
    coordinator: bool = Field(default=False, description="Owns whatever has no other owner. Exactly one agency does.")
