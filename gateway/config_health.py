"""The tables of the configuration file on how the gateway is looked after, and who is told."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, PositiveFloat, PositiveInt, SecretStr, field_validator, model_validator

from gateway import words
from gateway.config_blocks import Block

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class HealthBlock(Block):
    """How it is looked after."""

    heartbeat_seconds: PositiveFloat = Field(default=30, description="Seconds between two looks at each channel; each look asks the provider once.")
    token: Annotated[SecretStr, Field(min_length=20)] | None = Field(
        default=None,
        description="Secret, 20 characters or more, for Authorization: Bearer ... of operators and monitoring. Absent: made in data_dir/operators.token.",
        examples=[{"env": "OPERATORS_TOKEN"}],
    )
    keep_states_days: PositiveInt = Field(default=90, description="Days for which it is kept how each channel was, for the history that operators see.")


class Recipient(Block):
    """Who is told when something is wrong: by a channel of this gateway, or a webhook."""

    channel: str | None = Field(default=None, description="Name of the channel that brings it. Never the one that is in trouble: name two.")
    address: str = Field(default="", description="Whose: a number, an address of mail, a Telegram chat's id.")
    webhook: SecretStr | None = Field(
        default=None,
        description='Instead of a channel: address that takes a POST of {"text": ...}, as Slack, Mattermost and on-call services give out. Secret.',
        examples=[{"env": "ALERT_WEBHOOK"}],
    )

    @field_validator("webhook")
    @classmethod
    def _unheard(cls, value: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(value.get_secret_value()) if value else None
        if parts and (parts.scheme not in {"https", "http"} or not parts.hostname):
            raise ValueError("should be an address that begins with https://")
        if parts and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise ValueError("should begin with https:// — over http anybody on the way could read it, and write there.")
        return value

    @model_validator(mode="after")
    def _one_way(self) -> Recipient:
        if (self.channel is None) == (self.webhook is None):
            raise ValueError("should have either a channel and an address, or a webhook.")
        if self.channel is not None and not self.address:
            raise ValueError("has a channel, but no address: who is told?")
        return self


class AlertsBlock(Block):
    """Who is told when a channel or a part is not well, and when it is well again."""

    to: tuple[Recipient, ...] = Field(
        default=(),
        description="Everybody here is told: by a `channel` to an `address`, or by a `webhook` (a secret address that takes a POST, as chat rooms have)."
        " None: nobody is; health and measurements say it all the same.",
        examples=[[{"channel": "telegram", "address": "123456789"}, {"channel": "mail", "address": "piket@ppu.example"}]],
    )
    page: str = Field(
        default="",
        description="Address at which operators see the channels; it stands in each alert. Empty: none does.",
        examples=["https://operators.ppu.example/channels"],
    )

    language: str = Field(default="", description="In which it is told. Empty: the first of `languages`.", examples=["id"])

    @field_validator("language")
    @classmethod
    def _spoken(cls, value: str) -> str:
        if value and value not in words.available():
            raise ValueError(f"there are no texts in {value}; there are in {', '.join(words.available())}.")
        return value

    @field_validator("to")
    @classmethod
    def _once(cls, value: tuple[Recipient, ...]) -> tuple[Recipient, ...]:
        known = [(one.channel, one.address, one.webhook.get_secret_value() if one.webhook else "") for one in value]
        if len(set(known)) < len(known):
            raise ValueError("somebody is there twice, and would be told twice.")
        return value
