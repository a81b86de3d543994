"""The configuration: one TOML file, secrets by reference, every mistake reported at once. `gateway.example.toml` shows every key."""

from __future__ import annotations

import difflib
import pkgutil
import re
import tomllib
from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, NonNegativeFloat, SecretStr, SerializeAsAny, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails

from channels.kinds import KINDS
from gateway import directory, words
from gateway.config_blocks import (
    Agency,
    Block,
    ContactsBlock,
    DeskBlock,
    IntakeBlock,
    JournalBlock,
    LikenessBlock,
    ListenBlock,
    OutboxBlock,
    QuestionsBlock,
    RoutingBlock,
    SiteBlock,
    StepsBlock,
    StoreBlock,
)
from gateway.config_health import AlertsBlock, HealthBlock
from gateway.secrets import Place, model_in, resolve, written_openly

CHANNEL_NAME = re.compile(r"[a-z0-9-]{1,40}")
_Model = TypeVar("_Model", bound=BaseModel)


class Mistakes(Exception):
    """The configuration cannot be used; every sentence names a key and says what to do."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


class ChannelConfig(Block):
    """One configured channel. In the file, the settings stand beside `kind`, not below it."""

    kind: str = Field(description=f"What it speaks: {', '.join(KINDS)}.")
    region: str | None = Field(default=None, min_length=1, description="Official code of the region that this channel serves. Absent: the deployment's region.")
    silence: bool = Field(default=True, description="Whether it is told when less comes than this channel's own hours of the week let one expect.")
    canary_minutes: NonNegativeFloat = Field(
        default=5,
        description="Minutes between two trial reports of our own, where a channel has a form or an SMTP port of ours; they become no cases. 0: none.",
    )
    settings: SerializeAsAny[BaseModel]


class Config(Block):
    """Everything that a deployment decides."""

    name: str = Field(min_length=1, description="What citizens know this service by.", examples=["Lapor PPU"])
    public_urls: tuple[str, ...] = Field(
        min_length=1,
        description="Addresses under which providers and citizens reach this gateway, primary first. Providers sign the address they call: it must be exact.",
        examples=[["https://lapor.example"]],
    )
    data_dir: Path = Field(default=Path("data"), description="Folder of the journal and its files, on a disk that keeps. Relative to this file.")
    trusted_proxies: tuple[str, ...] = Field(
        default=("127.0.0.1", "::1"),
        description="Addresses or networks of reverse proxies of ours: only they are believed whom they speak for (X-Forwarded-For).",
        examples=[["127.0.0.1", "10.0.0.0/8"]],
    )
    country: str = Field(
        default="ID", pattern=r"^[A-Z]{2}$", description="Two capital letters (ISO 3166): whose telephone numbers are meant when no country is dialled."
    )
    zone: str = Field(default="Asia/Jakarta", description='Time zone (IANA) in which "yesterday" and working days are meant.', examples=["Asia/Makassar"])
    languages: tuple[str, ...] = Field(default=("id", "en"), min_length=1, description="Languages we answer in; the first if we cannot tell.")
    region: str | None = Field(
        default=None, min_length=1, description="Official code of the region that this deployment serves. Absent: none of its own.", examples=["64.09"]
    )
    keywords: dict[str, str] = Field(
        default_factory=dict, description="Words that citizens put first to say where it belongs, with the region's official code.", examples=[{"PPU": "64.09"}]
    )
    aliases: dict[str, str] = Field(
        default_factory=dict,
        description="What people here call a region within a sentence (a short form, a handle), with its official code. The register's own names are known.",
        examples=[{"PPU": "64.09", "LaporPPU": "64.09"}],
    )
    store: StoreBlock = StoreBlock()
    deployment_key: Annotated[SecretStr, Field(min_length=32)] | None = Field(
        default=None,
        validate_default=True,
        description="Secret, 32 characters or more, equal on all nodes, in every backup: makes the tracking numbers. Absent (SQLite only): made in data_dir.",
        examples=[{"env": "DEPLOYMENT_KEY"}],
    )
    listen: ListenBlock = ListenBlock()
    health: HealthBlock = HealthBlock()
    alerts: AlertsBlock = AlertsBlock()
    desk: DeskBlock = DeskBlock()
    journal: JournalBlock = JournalBlock()
    intake: IntakeBlock = IntakeBlock()
    outbox: OutboxBlock = OutboxBlock()
    steps: StepsBlock = StepsBlock()
    questions: QuestionsBlock = QuestionsBlock()
    likeness: LikenessBlock = LikenessBlock()
    routing: RoutingBlock = RoutingBlock()
    contacts: ContactsBlock = ContactsBlock()
    site: SiteBlock = SiteBlock()
    agencies: tuple[Agency, ...] = Field(
        default=(),
        description="Who can own a case. Absent: one coordinator owns everything.",
        examples=[[{"code": "diskominfo", "name": "Dinas Komunikasi dan Informatika", "coordinator": True}, {"code": "dpupr", "name": "Dinas Pekerjaan Umum"}]],
    )
    channels: dict[str, ChannelConfig] = Field(
        default_factory=dict, description="The ways in and back, each under a name of small letters, digits and hyphens."
    )

    @field_validator("public_urls")
    @classmethod
    def _reachable(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_base_url(value) for value in values)

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            try:
                ip_network(value)
            except ValueError as error:
                raise ValueError(f"{value} should be an address or a network such as 10.0.0.0/8.") from error
        return values

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
    channels = _channels(blocks, folder, mistakes) if isinstance(blocks, dict) else {}
    # A block that is not a table is reported with the rest.
    rest = {**raw, "channels": channels if isinstance(blocks, dict) else blocks}
    config = _validated(Config, rest, (), folder, mistakes)
    if config and config.routing.directory:
        path = folder / config.routing.directory
        config = config.model_copy(update={"routing": config.routing.model_copy(update={"directory": path})})
        for line, sentence in directory.wrong_in(path).items():
            mistakes["routing", "directory", *([f"line {line}"] if line else [])] = sentence
    for index, one in enumerate(config.alerts.to if config else ()):
        if one.channel is not None and one.channel not in blocks:
            mistakes["alerts", "to", index, "channel"] = f"there is no channel {one.channel}. There are: {', '.join(blocks) or 'none'}."
    if mistakes or config is None:
        raise Mistakes([f"{_dotted(place)}: {sentence}" for place, sentence in mistakes.items()])
    return config.model_copy(update={"data_dir": folder / config.data_dir})


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Mistakes([f"{path} cannot be read: {error.strerror}. gateway.example.toml shows what stands in it."]) from error
    except UnicodeDecodeError as error:
        raise Mistakes([f"{path} is not UTF-8 text. Save it as UTF-8 in your editor."]) from error
    except ValueError as error:
        raise Mistakes(
            [f'{path} is not TOML: {error}. Words stand in quotation marks (name = "Lapor PPU"), numbers without; a block begins with [its.name].']
        ) from error


def _channels(blocks: Mapping[str, Any], folder: Path, mistakes: dict[Place, str]) -> dict[str, ChannelConfig]:
    """Those that are right; what is wrong with the others joins the mistakes."""
    channels = {}
    for name, block in blocks.items():
        place = ("channels", name)
        if not CHANNEL_NAME.fullmatch(name):
            mistakes[place] = "should be named with 1 to 40 small letters, digits and hyphens: it stands in addresses."
            # What stands in it is looked at all the same: all mistakes at once.
            if isinstance(block, dict):
                _channel(block, place, folder, mistakes)
        elif not isinstance(block, dict):
            mistakes[place] = f"should be a table: [channels.{name}]"
        elif channel := _channel(block, place, folder, mistakes):
            channels[name] = channel
    return channels


def _channel(block: Mapping[str, Any], place: Place, folder: Path, mistakes: dict[Place, str]) -> ChannelConfig | None:
    kind = block.get("kind")
    if kind not in KINDS:
        mistakes.setdefault((*place, "kind"), f"should be one of {', '.join(KINDS)}.")
        return None
    model: type[BaseModel] = pkgutil.resolve_name(KINDS[kind].settings)
    own = {key: value for key, value in block.items() if key not in _SHARED}
    settings = _validated(model, own, place, folder, mistakes)
    shared = {key: block[key] for key in _SHARED if key in block}
    return _validated(ChannelConfig, {**shared, "settings": settings or Block()}, place, folder, mistakes)


# What every channel has beside its own settings.
_SHARED = ChannelConfig.model_fields.keys() - {"settings"}


def _validated(model: type[_Model], raw: Mapping[str, Any], place: Place, folder: Path, mistakes: dict[Place, str]) -> _Model | None:
    """The model, or None; mistakes join the others, unless a secret that is missing has said it already."""
    for openly in written_openly(model, raw, place):
        mistakes[openly] = "is a secret and must not stand in this file: write it as { env = … } or { file = … }."
    try:
        # What is a path in it may lie beside the file.
        return model.model_validate(raw, context={"folder": folder})
    except ValidationError as wrong:
        for error in wrong.errors(include_url=False, include_input=False):
            at = (*place, *error["loc"])
            if not any(at[: len(known)] == known and known != place for known in mistakes):
                mistakes[at] = _sentence(model, error)
        return None


def _sentence(model: type[BaseModel], error: ErrorDetails) -> str:
    """What a person can act on; never the value itself, which may be secret."""
    *outer, key = error["loc"] or ("",)
    block = _block_at(model, outer)
    match error["type"]:
        case "extra_forbidden":
            known = sorted(block.model_fields.keys() | (_SHARED if model is not Config else set()))
            close = difflib.get_close_matches(str(key), known, 1)
            return f"is not known here. Did you mean {close[0]}?" if close else f"is not known here. Known: {', '.join(known)}."
        case "value_error":
            return str(error["ctx"]["error"])
        case "model_type" | "model_attributes_type" | "dict_type":
            return "should be a table."
        case "missing":
            complaint = "is missing"
        case "too_short" | "string_too_short":
            complaint = f"is too short, it needs at least {error['ctx']['min_length']}"
        case "string_pattern_mismatch":
            complaint = "is not written as it should be"
        case "tuple_type":
            complaint = "should be a list"
        case _:
            complaint = error["msg"].removeprefix("Input ").removeprefix("String ")
    # Of one in a list or a table, what is said of all of them.
    field = block.model_fields.get(str(key)) or (block.model_fields.get(str(outer[-1])) if outer else None)
    return f"{complaint}. {field.description}" if field and field.description else f"{complaint}."


def _block_at(model: type[BaseModel], loc: Sequence[str | int]) -> type[BaseModel]:
    """The table in which a mistake was found."""
    for key in loc:
        field = model.model_fields.get(str(key))
        model = (field and model_in(field.annotation)) or model
    return model


def _dotted(place: Place) -> str:
    """Show a place as a person would look for it.

    >>> _dotted(("channels", "city-sms", "auth_tokens", 1))
    'channels.city-sms.auth_tokens[1]'
    """
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")
