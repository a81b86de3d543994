"""`./run practice`: a simulated Twilio alone, beside a gateway of one's own: account, token and number to configure it with, and a phone to try it with.

What is typed on the terminal is an SMS to the number; what the doors said to it, and what comes back, is told there.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from gateway import server
from gateway.commands.console import work
from gateway.demo.phone import FIRST_NUMBER, alone
from gateway.demo.twilio import Answer, Twilio
from gateway.harmless import harmless

_HOST = "127.0.0.1"
_ACCOUNT = "AC" + "0" * 32
_LOOK_SECONDS = 0.1
# In which the phone shows its times; whose gateway it is, nobody knows here.
_ZONE = ZoneInfo("Asia/Jakarta")
_MOST_TYPED = 4096

Webhook = Annotated[str, typer.Option(help='What the console calls "A message comes in": the address of your gateway\'s door.')]
Fallback = Annotated[str, typer.Option(help='What the console calls "Primary handler fails".')]
Number = Annotated[str, typer.Option(help="The number that you rented, so to speak.")]
Folder = Annotated[Path, typer.Option(help="Where the account's token is kept, for the next time.")]
Port = Annotated[int, typer.Option(help="Of the simulated REST API; a phone's page is on the next one.")]


def practice(webhook: Webhook, fallback: Fallback = "", number: Number = "+15005550006", folder: Folder = Path(".practice"), port: Port = 8070) -> None:
    """Play Twilio for your own gateway. Example: ./run practice --webhook 'http://127.0.0.1:8080/in/city-sms/message#rc=5&rp=all'"""
    work(_practice([url for url in (webhook, fallback) if url], number, _token(folder), port), asyncio.run)


def _token(folder: Path) -> str:
    """The same at every start, so that a gateway that was configured once stays so."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "twilio.token"
    if not file.exists():
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as new:
            new.write(secrets.token_hex(16))
    return file.read_text().strip()


async def _practice(doors: list[str], number: str, token: str, port: int) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    twilio = Twilio(_ACCOUNT, token)
    async with twilio.serve(port=port) as api_base:
        runner, page_port = await server.listen(alone(twilio, doors, [number], _ZONE), _HOST, port + 1 if port else 0)
        _say(
            "This is a simulator. No SMS leaves this machine.",
            f"Account SID:     {_ACCOUNT}",
            f"Auth token:      {token}",
            f"api_base:        {api_base}",
            f"Your number:     {number}",
            f"Webhook:         {doors[0]}",
            f"Fallback:        {doors[1] if len(doors) > 1 else 'none: what the webhook refuses waits until the gateway asks for it'}",
            f"A phone's page:  http://{_HOST}:{page_port}/",
            "Type a message and press Enter: it is an SMS to your number. Ctrl-C ends it.",
        )
        telling = asyncio.create_task(_tell(twilio))
        texting = asyncio.create_task(_text(twilio, doors, number))
        await stop.wait()
        for task in (telling, texting):
            task.cancel()
        await asyncio.gather(telling, texting, return_exceptions=True)
        await runner.cleanup()


async def _text(twilio: Twilio, doors: list[str], number: str) -> None:
    """Each line that is typed."""
    lines: asyncio.Queue[str] = asyncio.Queue()
    rest = bytearray()

    def read() -> None:
        typed = os.read(sys.stdin.fileno(), _MOST_TYPED)
        if not typed:
            loop.remove_reader(sys.stdin.fileno())
        rest.extend(typed)
        while b"\n" in rest:
            line, _, left = bytes(rest).partition(b"\n")
            rest[:] = left
            lines.put_nowait(line.decode(errors="replace").strip())

    loop = asyncio.get_running_loop()
    # Nobody types into a file, and epoll does not take one.
    with suppress(PermissionError):
        loop.add_reader(sys.stdin.fileno(), read)
    while True:
        if line := await lines.get():
            await twilio.text(doors, from_=FIRST_NUMBER, to=number, body=line)


async def _tell(twilio: Twilio) -> None:
    """What went by, as it goes by."""
    came = went = 0
    while True:
        for texted in twilio.texted[came:]:
            tries = [(said, len(list(same))) for said, same in itertools.groupby(texted.answers, _said)]
            _say(f"phone   → {texted.message.body}", *(f"          {said}{f' ({count} times)' if count > 1 else ''}" for said, count in tries))
            if not texted.arrived:
                _say("          Twilio does not bring it again. The gateway asks for it by itself.")
            came += 1
        for message in twilio.sent[went:]:
            _say(f"gateway → {message.body}")
            went += 1
        await asyncio.sleep(_LOOK_SECONDS)


def _said(answer: Answer) -> str:
    hints = {
        None: "no answer. Is the gateway running, and is this its address?",
        403: "refused. Does the gateway know this token, and does this address begin as one of its public_urls?",
        404: "there is no such door. The address is /in/NAME/message, and NAME is the channel's in the configuration.",
        503: "not now. What is wrong, ./run health says.",
    }
    hint = "accepted" if answer.accepted else hints.get(answer.status, "refused")
    return f"{answer.url} said {answer.status or 'nothing'}: {hint}"


def _say(*lines: str) -> None:
    for line in lines:
        typer.echo(harmless(line))
