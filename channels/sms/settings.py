"""One block of configuration of kind "twilio-sms"."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator
from yarl import URL

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def _base_url(text: str) -> str:
    url = URL(text)
    if url.scheme not in {"http", "https"} or not url.host or url.user or url.query_string or url.fragment:
        message = "must be an address such as https://lapor.example"
        raise ValueError(message)
    return text.rstrip("/")


def _origin(text: str) -> str:
    url = URL(_base_url(text))
    if url.path != "/" or (url.scheme == "http" and url.host not in _LOOPBACK):
        message = "must be https://host without a path (http on this machine only: the token travels with every request)"
        raise ValueError(message)
    return str(url.origin())


BaseUrl = Annotated[str, AfterValidator(_base_url)]
Origin = Annotated[str, AfterValidator(_origin)]
# A number with its country, a short code, or letters (an alphanumeric sender).
Sender = Annotated[str, StringConstraints(pattern=r"^(\+[1-9]\d{6,14}|[A-Za-z0-9 ]{3,11})$")]

# As Twilio writes it in `To`: a number with its country or a short code; whatsapp: before it.
Number = Annotated[str, StringConstraints(pattern=r"^(whatsapp:)?(\+[1-9]\d{6,14}|\d{3,8})$")]


class TwilioSmsSettings(BaseModel):
    """What must be known to speak for one Twilio account."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account_sid: str = Field(pattern=r"^AC[0-9a-fA-F]{32}$", description="the account: AC and 32 hexadecimal digits")
    auth_tokens: tuple[SecretStr, ...] = Field(
        min_length=1,
        max_length=4,
        description="secrets that sign webhooks: first the auth token (also used for the REST API), then the other one of a rotation, webhook shared keys",
    )
    public_urls: tuple[BaseUrl, ...] = Field(default=(), description="addresses that the provider calls, primary first, then fallback; none: the deployment's")
    from_numbers: dict[Literal["sms", "whatsapp"], Sender] = Field(default={}, description='what we send from: {sms = "+62...", whatsapp = "+62..."}')
    numbers: tuple[Number, ...] = Field(
        default=(),
        description="what citizens write to, where that is not from_numbers or the messaging service: whose missed messages are looked for in the account",
        examples=[["+62899001708", "whatsapp:+62899001708"]],
    )
    messaging_service_sid: str | None = Field(
        default=None, pattern=r"^MG[0-9a-fA-F]{32}$", description="a messaging service that chooses the sender of SMS, instead of from_numbers.sms"
    )
    check_number: bool = Field(
        default=True, description="ask Twilio once a minute where it brings what people write to from_numbers.sms, and what it met there (not charged)"
    )
    api_base: Origin = Field(default="https://api.twilio.com", description="origin of the REST API, and the only one that is shown the token")
    timeout_seconds: float = Field(default=10, gt=0, le=60, description="seconds that one request to the REST API may take")
    accept_seconds: float = Field(default=5, gt=0, le=14, description="seconds after which a webhook is told to come again (the provider gives up after 15)")
    max_body_bytes: int = Field(default=64 * 1024, ge=4096, description="bytes of a webhook's body at the most")
    max_media_bytes: int = Field(default=10 * 1024 * 1024, ge=1024, description="bytes of one attached file at the most")
    media_seconds: float = Field(default=60, gt=0, le=110, description="seconds that one request for an attached file may take")

    @property
    def written_to(self) -> frozenset[str]:
        """What people can write to, as Twilio writes it; empty: the messaging service's, else any number of the account."""
        senders = (number if kind == "sms" else f"{kind}:{number}" for kind, number in self.from_numbers.items())
        # Nobody can answer letters.
        return frozenset(self.numbers) or frozenset(sender for sender in senders if sender.rpartition(":")[2].removeprefix("+").isdecimal())

    @model_validator(mode="after")
    def _one_sender_for_sms(self) -> TwilioSmsSettings:
        if self.messaging_service_sid and "sms" in self.from_numbers:
            message = "messaging_service_sid and from_numbers.sms: give one of them"
            raise ValueError(message)
        return self
