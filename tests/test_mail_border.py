"""A real mail server before a whole gateway, and behind it: what a citizen mails while we are down waits there, and is answered when we are back."""

from __future__ import annotations

import asyncio
import os
import smtplib
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

from gateway.demo.post_office import PostOffice
from tests.mails import OURS, mail
from tests.manual_clock import ManualClock
from tests.ports import free_port
from tests.postfix import HOW, Postfix, needs_postfix, postfix
from tests.test_mail_end_to_end import Desk, block
from tests.test_smtp_listener import until
from tests.world import Deployment

COUNT = 12


def post(border: Postfix, *raws: bytes) -> None:
    """Citizens' servers bring these to the border."""
    with smtplib.SMTP("127.0.0.1", border.port, timeout=30) as wire:
        for raw in raws:
            wire.sendmail("warga@contoh.example", [OURS], raw)


def written(first: int, count: int = COUNT) -> list[bytes]:
    """Mails of as many citizens."""
    return [mail(f"Jalan {i} rusak.\n.titik\n", From=f"warga{i}@gmail.com", Message_ID=f"<{i}@gmail.com>") for i in range(first, first + count)]


def listening(relay: str, port: int) -> str:
    """A channel whose door has an address that a border server can know."""
    return block(relay).replace("127.0.0.1:0", f"127.0.0.1:{port}")


@needs_postfix
async def test_what_comes_while_we_are_down_waits_at_the_border_and_is_answered_when_we_are_back(on_sqlite: Deployment) -> None:
    door, office = free_port(), PostOffice()
    async with office.serve() as relay:
        with postfix(relayhost=f"[127.0.0.1]:{door}") as border:
            channels = listening(relay, door)
            await asyncio.to_thread(post, border, *written(0))
            await until(lambda: border.waiting() == COUNT)
            async with on_sqlite.node(channels=channels):
                await office.until(COUNT)
                await until(lambda: border.waiting() == 0)
                await on_sqlite.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"] * COUNT)
            # And again, with a case that an answer belongs to.
            told = next(one for one in office.delivered if one.to == "warga0@gmail.com")
            more = mail("Sudah dua minggu.", From="warga0@gmail.com", Message_ID="<lagi@gmail.com>", In_Reply_To=told.mail["Message-ID"])
            await asyncio.to_thread(post, border, *written(COUNT), more)
            await until(lambda: border.waiting() == COUNT + 1)
            async with on_sqlite.node(channels=channels):
                await office.until(2 * COUNT)
                await until(lambda: border.waiting() == 0)
                rows = await on_sqlite.until("arrivals", lambda rows: len(rows) == 2 * COUNT + 1)
                await on_sqlite.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"] * 2 * COUNT)
        assert "status=bounced" not in border.log()
    assert sorted(row["outcome"] for row in rows) == ["case"] * 2 * COUNT + ["message"]
    assert sorted(told.to for told in office.delivered) == sorted(f"warga{i}@gmail.com" for i in range(2 * COUNT))
    assert {account.verdict for account in await on_sqlite.accounts()} == {"ok"}


def manage(server: Postfix, what: str) -> None:
    """Its owner stops or starts it."""
    subprocess.run(["postfix", "-c", server.folder / "conf", what], check=True, capture_output=True)


@needs_postfix
async def test_answers_wait_with_us_while_the_relay_is_down_and_go_through_it_once_it_is_back(on_sqlite: Deployment) -> None:
    door, office, clock = free_port(), PostOffice(), ManualClock()
    async with office.serve() as world:
        host, _, port = world.partition(":")
        with postfix(relayhost=f"[{host}]:{port}") as relay, postfix(relayhost=f"[127.0.0.1]:{door}") as border:
            manage(relay, "stop")
            async with on_sqlite.node(channels=listening(f"127.0.0.1:{relay.port}", door), clock=clock) as gateway:
                await asyncio.to_thread(post, border, *written(0))
                await on_sqlite.until("notices", lambda rows: len(rows) == COUNT and any(row["attempts"] for row in rows))
                assert office.delivered == []
                await asyncio.to_thread(manage, relay, "start")
                async with asyncio.timeout(60):
                    while len(office.delivered) < COUNT:
                        # Not while one is on its way: it would seem to take that long.
                        clock.advance(minutes=0 if gateway.outboxes["surat"].loop.busy else 1)
                        await asyncio.sleep(0.05)
                rows = await on_sqlite.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"] * COUNT)
    # Nobody had given anything to a relay that was not there.
    assert not any(row["maybe_sent"] for row in rows)
    assert sorted(told.to for told in office.delivered) == sorted(f"warga{i}@gmail.com" for i in range(COUNT))
    assert {told.mail["Auto-Submitted"] for told in office.delivered} == {"auto-replied"}
    # What no mail server on the way may ever answer.
    assert {told.sender for told in office.delivered} == {""}


@pytest.fixture
def sunk() -> Iterator[Path]:
    """A folder that anybody may write to; not one of pytest's, which are closed to others."""
    with tempfile.TemporaryDirectory(prefix="sink-") as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


@pytest.mark.peer("smtp-sink", HOW)
async def test_a_smarthost_that_only_takes_has_each_answer_once(on_sqlite: Deployment, sunk: Path) -> None:
    out = free_port()
    # As root it wants to become somebody else. -d: each mail in a file of its own, its envelope above it.
    somebody = ["-u", "nobody"] if os.geteuid() == 0 else []
    sink = await asyncio.create_subprocess_exec("smtp-sink", *somebody, "-d", f"{sunk}/", f"127.0.0.1:{out}", "100")
    try:
        await until(lambda: _answers(out))
        async with on_sqlite.node(channels=block(f"127.0.0.1:{out}")) as gateway:
            desk = Desk(gateway, PostOffice(), on_sqlite)
            for raw in written(0):
                await desk.gets(raw)
            await on_sqlite.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"] * COUNT)
    finally:
        sink.terminate()
        await sink.wait()
    mails = in_folder(sunk)
    assert sorted(str(one["X-Rcpt-Args"]) for one in mails) == sorted(f"<warga{i}@gmail.com>" for i in range(COUNT))
    assert {str(one["X-Mail-Args"]).partition(" ")[0] for one in mails} == {"<>"}


def in_folder(folder: Path) -> list[Message]:
    """The mails in its files."""
    return [message_from_bytes(file.read_bytes()) for file in folder.iterdir()]


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
