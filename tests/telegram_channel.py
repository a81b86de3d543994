"""A Telegram channel as the tests set it up, the bot that it speaks for, and who writes to it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from channels import About
from channels.telegram.channel import Telegram
from channels.telegram.settings import TelegramSettings
from gateway.demo.bot_resources import Person
from normalizer import Setting

# A part of it is what no log may hold (conftest.py).
TOKEN = "700100:rahasia-akun"
NAME = "LaporPPUbot"
NOW = datetime(2026, 3, 17, 8, 30, tzinfo=UTC)
PUBLIC = "https://lapor.example"
ABOUT = About("Lapor Uji", Setting(), (PUBLIC,), lambda: NOW, doors={"telegram": NAME})
SITI, BUDI = Person(81234001), Person(81234002, "Budi", "", "budi")


def channel(**settings: Any) -> Telegram:  # noqa: ANN401  # fields of the settings
    """A channel "tg" of the bot; nothing in it waits longer than a test."""
    block: dict[str, Any] = {"token": TOKEN, "chat_seconds": 0, "retry_seconds": 0.01, "poll_seconds": 5}
    return Telegram("tg", TelegramSettings(**block | settings), ABOUT)
