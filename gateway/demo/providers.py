"""The world around the demo's gateway: all simulated providers, and the pages that play a citizen before them. A new one is added here and in demo.toml."""

from __future__ import annotations

import secrets
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from aiohttp import web

from gateway.config import Config
from gateway.demo import chat, chat_view, mail_program, mail_view, pages, phone, start
from gateway.demo.bot_api import BotApi
from gateway.demo.post_office import PostOffice
from gateway.demo.twilio import Line, Twilio

HOST = "127.0.0.1"
_ACCOUNT = "AC" + "0" * 32


@dataclass(frozen=True, slots=True)
class Providers:
    """Who is there."""

    twilio: Twilio
    post_office: PostOffice
    bot_api: BotApi
    # Where the gateway takes mail: other servers know it, nobody types it.
    smtp_port: int
    # What a configuration must know of them, by its name in demo.toml.
    settings: Mapping[str, str]


@asynccontextmanager
async def providers() -> AsyncIterator[Providers]:
    """All of them, on loopback, until the block ends."""
    twilio, post_office, [smtp_port] = Twilio(_ACCOUNT, secrets.token_hex(16)), PostOffice(), free_ports(1)
    bot_api = BotApi(f"7000001:{secrets.token_hex(16)}")
    async with twilio.serve() as api_base, post_office.serve() as relay, bot_api.serve() as bot_base:
        settings = {"account_sid": _ACCOUNT, "api_base": api_base, "relay": relay, "smtp_port": str(smtp_port), "bot_api": bot_base, "bot": bot_api.username}
        yield Providers(twilio, post_office, bot_api, smtp_port, settings)


def site(around: Providers, config: Config, config_path: Path) -> web.Application:
    """A page for each, behind the page that leads to them."""
    home, zone = config.public_urls[0], ZoneInfo(config.zone)
    frame = pages.Frame({"sms": phone.PATH, "chat": chat_view.PATH, "mail": mail_view.PATH, "web": f"{home}/lapor"})
    app = web.Application(client_max_size=pages.MAX_FORM_BYTES)
    frame.add_to(app)
    start.add_to(app, frame, config_path)
    doors = [f"{url}/in/sms/message" for url in config.public_urls]
    around.twilio.numbers[config.site.sms] = Line(doors[0])
    phone.add_to(app, frame, around.twilio, doors, [config.site.sms], zone)
    chat.add_to(app, frame, around.bot_api, zone)
    mail_program.add_to(app, frame, around.post_office, around.smtp_port, config.site.email, zone)
    return app


def free_ports(count: int) -> list[int]:
    """Ports that nobody has."""
    with ExitStack() as held:
        return [held.enter_context(socket.create_server((HOST, 0))).getsockname()[1] for _ in range(count)]
