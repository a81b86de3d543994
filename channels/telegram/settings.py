"""One block of configuration of kind "telegram"."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from yarl import URL

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def _origin(text: str) -> str:
    url = URL(text)
    plain = url.scheme in {"http", "https"} and url.host and not (url.user or url.query_string or url.fragment) and url.path == "/"
    if not plain or (url.scheme == "http" and url.host not in _LOOPBACK):
        message = "must be https://host without a path (http on this machine only: the token travels with every request)"
        raise ValueError(message)
    return str(url.origin())


def _token(secret: SecretStr) -> SecretStr:
    number, colon, rest = secret.get_secret_value().partition(":")
    if not (colon and number.isascii() and number.isdigit() and rest.isascii() and rest.replace("_", "").replace("-", "").isalnum()):
        message = "must be a token as @BotFather gives it: digits, a colon, letters and digits"
        raise ValueError(message)
    return secret


def _base_url(text: str) -> str:
    url = URL(text)
    if url.scheme not in {"http", "https"} or not url.host or url.user or url.query_string or url.fragment:
        message = "must be an address such as https://lapor.example"
        raise ValueError(message)
    return text.rstrip("/")


Origin = Annotated[str, AfterValidator(_origin)]
Token = Annotated[SecretStr, AfterValidator(_token)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]


class TelegramSettings(BaseModel):
    """What must be known to speak for one Telegram bot."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    token: Token = Field(description="secret: the bot's token, from @BotFather")
    receive: Literal["polling", "webhook"] = Field(
        default="polling",
        description='"polling": we ask for messages, nothing needs to reach us; "webhook": Telegram calls https://HOST/in/NAME/update (for several nodes)',
    )
    public_url: BaseUrl | None = Field(
        default=None, description="address that Telegram calls, for a webhook; none: the deployment's first", examples=["https://lapor.example"]
    )
    api_base: Origin = Field(default="https://api.telegram.org", description="origin of the Bot API, and the only one that is shown the token")
    timeout_seconds: float = Field(default=10, gt=0, le=60, description="seconds that one request to the Bot API may take")
    poll_seconds: float = Field(default=25, ge=0, le=50, description="seconds that Telegram may wait for a message before it says that there is none")
    retry_seconds: float = Field(
        default=2, gt=0, le=600, description="seconds after which a failed connection is tried again; doubled each time, a minute at the most"
    )
    accept_seconds: float = Field(default=10, gt=0, le=50, description="seconds after which a webhook is told to come again")
    max_body_bytes: int = Field(default=1024 * 1024, ge=4096, description="bytes of a webhook's body at the most")
    max_file_bytes: int = Field(
        default=20 * 1024 * 1024, ge=1024, description="bytes of one file at the most; Telegram's own servers hand out 20 MiB (20971520) at the most"
    )
    file_seconds: float = Field(default=60, gt=0, le=110, description="seconds that one file may take")
    messages_per_second: float = Field(default=30, gt=0, le=1000, description="messages a second to all chats together (Telegram allows 30)")
    chat_seconds: float = Field(default=1, ge=0, le=60, description="seconds between two messages to the same chat (Telegram asks for 1)")
