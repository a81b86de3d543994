"""A Twilio channel as the tests set it up, and the account that it speaks for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from channels import About
from channels.sms.channel import TwilioSms
from channels.sms.settings import TwilioSmsSettings
from normalizer import Setting

ACCOUNT = "AC" + "0" * 32
TOKEN = "token of the account"
NOW = datetime(2026, 3, 17, 8, 30, tzinfo=UTC)
PUBLIC = "https://lapor.example"
FALLBACK = "https://cadangan.example:8443"
OURS = {"sms": "+628990001708", "whatsapp": "+628990001709"}
CITIZEN = "+6281234567890"


def about_at(clock: Callable[[], datetime]) -> About:
    """The deployment, at the time of that clock."""
    return About("Lapor Uji", Setting(), (PUBLIC, FALLBACK), clock)


def channel(about: About | None = None, **settings: Any) -> TwilioSms:  # noqa: ANN401  # fields of the settings
    """A channel "sms" of the account."""
    block: dict[str, Any] = {"account_sid": ACCOUNT, "auth_tokens": [TOKEN], "from_numbers": OURS}
    return TwilioSms("sms", TwilioSmsSettings(**block | settings), about or about_at(lambda: NOW))
