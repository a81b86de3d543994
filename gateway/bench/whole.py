"""A whole gateway that is measured: `python -m gateway.bench.whole NAME FOLDER FAR_END STORE`; prints its port and serves until killed.

serve: with a door for SMS. mail: the same, with a door for mail: that is the port that it prints.
Nothing is imported that such a gateway does not load by itself: its memory is measured.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from gateway import logs, memory
from gateway.assembly import running
from gateway.bench.known import ACCOUNT, KEY, MAILBOX, PUBLIC, TOKEN
from gateway.config import Config, load
from gateway.node import Gateway

NAMES = ("serve", "mail")
# File in which it says where its operators' listener is.
OPERATORS_PORT = "operators.port"

_CONFIG = """
name = "Ukur"
public_urls = ["{public}"]
data_dir = "data"
zone = "Asia/Makassar"
keywords = {{ PPU = "64.09" }}
deployment_key = {{ env = "BENCH_KEY" }}
[store]
url = "{store}"
[listen]
public = "127.0.0.1:0"
operators = "127.0.0.1:0"
[journal]
min_free_bytes = 0
[outbox]
per_channel_per_hour = {most}
per_recipient_per_hour = {most}
mails_per_address_per_week = {most}
mails_per_domain_per_week = {most}
[channels.sms]
kind = "twilio-sms"
account_sid = "{account}"
auth_tokens = [{{ env = "BENCH_TOKEN" }}]
from_numbers = {{ sms = "1708" }}
api_base = "{api}"
{more}
"""
_MAIL = """
[channels.mail]
kind = "mail"
address = "{address}"
canary_minutes = 0
[channels.mail.smtp]
listen = "127.0.0.1:0"
max_connections_per_address = 200
[channels.mail.relay]
server = "{relay}"
tls = "none"
"""
# Enough for any measurement.
_NO_CAPS = 10**9


def configured(folder: Path, store: str, api: str = "http://127.0.0.1:9", relay: str = "") -> Config:
    """A whole gateway's, in this folder. `relay`: host:port of a mail server that takes answers; empty: it has no mail."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "gateway.toml"
    file.write_text(
        _CONFIG.format(public=PUBLIC, account=ACCOUNT, api=api, store=store, most=_NO_CAPS, more=_MAIL.format(address=MAILBOX, relay=relay) if relay else "")
    )
    return load(file, {"BENCH_TOKEN": TOKEN, "BENCH_KEY": KEY.decode()})


async def _door(gateway: Gateway) -> int | None:
    """The port of mail, where it is configured; else of HTTP."""
    mail: Any = gateway.channels.get("mail")
    if mail is None:
        return gateway.port
    while mail.listener.port is None:  # noqa: ASYNC110  # it has no bell, and is there in a moment
        await asyncio.sleep(0.01)
    return int(mail.listener.port)


async def _serve(name: str, folder: Path, far_end: str, store: str) -> None:
    config = configured(folder, store, relay=far_end) if name == "mail" else configured(folder, store, api=far_end)
    async with running(config) as gateway:
        (folder / OPERATORS_PORT).write_text(str(gateway.operators_port))
        port = await _door(gateway)
        memory.settle()
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    which, where, far_end, url = sys.argv[1:]
    # Not on stdout, where the port is told.
    logs.start(terminal=False)
    Path(where).mkdir(parents=True, exist_ok=True)
    asyncio.run(_serve(which, Path(where), far_end, url))
