"""What is compared, each in a process of its own: `python -m gateway.bench.variants NAME FOLDER`; prints its port and serves until killed.

bare: aiohttp answering a POST. handler: the signed webhook, kept nowhere. journal: kept on disk, intake paused. each: the same with one transaction a request.
form: the form with a photo, kept on disk, intake paused. smtp: mail by SMTP, the same.
A whole gateway is in whole.py.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from channels import About, Arrival, Channel, Inlet, Kept, Receipt
from channels.mail.channel import Mail
from channels.mail.settings import MailSettings
from channels.sms.channel import TwilioSms
from channels.sms.settings import TwilioSmsSettings
from channels.webform.channel import WebForm
from channels.webform.settings import WebFormSettings
from gateway import logs, memory, server, words
from gateway.bench.known import ACCOUNT, FORM, KEY, MAILBOX, PUBLIC, SMS, TOKEN
from gateway.blobs import Blobs
from gateway.deadlines import Calendar
from gateway.inlet import CoreInlet
from gateway.journal import Journal
from gateway.stages import Stages
from normalizer import Setting

NAMES = ("bare", "handler", "journal", "each", "form")

_MIB = 1024 * 1024


class _Nowhere:
    """An inlet that keeps nothing."""

    async def receive(self, arrival: Arrival) -> Receipt:
        return Receipt("")

    async def keep(self, chunks: AsyncIterator[bytes]) -> Kept:
        raise NotImplementedError

    async def holds(self, digest: str) -> bool:
        raise NotImplementedError

    def sign(self, *words: str) -> str:
        raise NotImplementedError


class _OneByOne(Journal):
    """A commit for each: what natural group commit saves."""

    def _commit_batch_now(self, batch: list) -> list:  # type: ignore[type-arg]  # the journal's own
        return [(waiting, self._commit_alone(waiting[0])) for waiting in batch]


async def _bare(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(text='<?xml version="1.0" encoding="UTF-8"?><Response/>', content_type="text/xml")


def _channel(name: str) -> Channel:
    about = About("Ukur", Setting(), (PUBLIC,), lambda: datetime.now(UTC), words.load(("id", "en")))
    if name == "form":
        return WebForm("web", WebFormSettings(max_per_minute=10**9, max_at_once=10**6), about)
    return TwilioSms("sms", TwilioSmsSettings.model_validate({"account_sid": ACCOUNT, "auth_tokens": [TOKEN], "from_numbers": {"sms": "1708"}}), about)


def _inlet(name: str, folder: Path, channel: Channel) -> Inlet:
    if name == "handler":
        return _Nowhere()
    journal = (_OneByOne if name == "each" else Journal)(folder / "journal.db")
    return CoreInlet(journal, KEY, channel.fingerprint, Blobs(folder / "blobs"), Calendar("ID", "Asia/Makassar"), 3, Stages())


async def _door(name: str, folder: Path) -> int:
    if name == "bare":
        app = web.Application(handler_args={"access_log": None}, client_max_size=_MIB)
        app.router.add_post(SMS, _bare)
        app.router.add_post(FORM, _bare)
    else:
        channel = _channel(name)
        app = server.public([(channel, _inlet(name, folder, channel))])
    _, port = await server.listen(app, "127.0.0.1", 0)
    return port


async def _mail(folder: Path, stack: AsyncExitStack) -> int | None:
    about = About("Ukur", Setting(), (PUBLIC,), lambda: datetime.now(UTC))
    settings = MailSettings.model_validate({"address": MAILBOX, "smtp": {"listen": "127.0.0.1:0", "max_connections_per_address": 200}})
    mail = Mail("mail", settings, about)
    assert mail.listener is not None  # noqa: S101  # configured above
    inlet = CoreInlet(Journal(folder / "journal.db"), KEY, mail.fingerprint, Blobs(folder / "blobs"), Calendar("ID", "Asia/Makassar"), 3, Stages())
    await stack.enter_async_context(mail.listener.listening(inlet))
    return mail.listener.port


async def _serve(name: str, folder: Path) -> None:
    async with AsyncExitStack() as stack:
        port = await (_mail(folder, stack) if name == "smtp" else _door(name, folder))
        memory.settle()
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    # A whole gateway is told a far end and a store, too.
    which, where, *_ = sys.argv[1:]
    # Not on stdout, where the port is told.
    logs.start(terminal=False)
    Path(where).mkdir(parents=True, exist_ok=True)
    asyncio.run(_serve(which, Path(where)))
