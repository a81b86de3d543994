"""The door for mail servers, and who really comes there: swaks, smtp-source, and a Postfix that stands at the border."""

from __future__ import annotations

import asyncio
import json
import smtplib
from pathlib import Path

import pytest

from channels import Arrival, Receipt, Refused
from channels.mail.listener import Listener
from gateway.journal import Journal
from tests.certificates import needs_openssl, pair
from tests.mail_door import ABOUT, CITIZEN, OURS, MailDoor, fingerprint, mail_door, settings
from tests.postfix import HOW, Postfix, needs_postfix, postfix
from tests.test_smtp_listener import until
from tests.world import an_inlet

needs_swaks = pytest.mark.peer("swaks", "apt-get install swaks libnet-ssleay-perl")


async def run(*command: str) -> tuple[int, str]:
    """A program of somebody else: how it ended, and all that it said."""
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode(errors="replace")


async def swaks(port: int | None, *more: str, to: str = OURS) -> tuple[int, str]:
    return await run("swaks", "--server", f"127.0.0.1:{port}", "--from", CITIZEN, "--to", to, "--body", "Jalan rusak", *more)


@needs_swaks
async def test_swaks_brings_a_mail(tmp_path: Path) -> None:
    async with mail_door(tmp_path) as door:
        ended, said = await swaks(door.listener.port)
        assert (ended, "250 2.0.0 We have it." in said) == (0, True)
        assert b"Jalan rusak" in (await door.kept())[-1].raw


@needs_swaks
async def test_swaks_hears_that_nobody_has_that_address(tmp_path: Path) -> None:
    async with mail_door(tmp_path) as door:
        ended, said = await swaks(door.listener.port, to="bupati@ppu.example")
        assert (ended != 0, "550 5.1.1" in said) == (True, True)
        assert await door.kept() == []


@needs_swaks
@needs_openssl
async def test_swaks_brings_a_mail_under_tls(tmp_path: Path) -> None:
    papers = pair(tmp_path)
    async with mail_door(tmp_path, certificate=papers.certificate, private_key=papers.key) as door:
        ended, said = await swaks(door.listener.port, "--tls")
        assert (ended, "TLS started" in said) == (0, True)
        assert [arrival.meta["tls"] for arrival in await door.kept()] == ["1"]


@needs_swaks
@pytest.mark.parametrize(("version", "family"), [("1", "TCP4"), ("2", "AF_INET")])
async def test_swaks_comes_through_a_balancer(tmp_path: Path, version: str, family: str) -> None:
    async with mail_door(tmp_path, listen_proxied="127.0.0.1:0") as door:
        who = ["--proxy-source", "203.0.113.9", "--proxy-source-port", "4000", "--proxy-dest", "192.0.2.1", "--proxy-dest-port", "25"]
        ended, _ = await swaks(door.listener.proxied_port, "--proxy-version", version, "--proxy-family", family, *who)
        assert ended == 0
        assert [arrival.meta["peer"] for arrival in await door.kept()] == ["203.0.113.9"]


@pytest.mark.peer("smtp-source", HOW)
@pytest.mark.parametrize("reused", [False, True], ids=["a connection a mail", "connections reused"])
async def test_a_flood_of_smtp_source_is_kept_to_the_last_mail(tmp_path: Path, reused: bool) -> None:  # noqa: FBT001  # a table
    async with mail_door(tmp_path) as door:
        ended, said = await run(
            "smtp-source",
            *(["-d"] if reused else []),
            "-s",
            "15",
            "-m",
            "500",
            "-l",
            "3000",
            "-f",
            CITIZEN,
            "-t",
            OURS,
            f"127.0.0.1:{door.listener.port}",
        )
        assert (ended, said) == (0, "")
        assert len(await door.kept()) == 500


@pytest.mark.peer("smtp-source", HOW)
async def test_more_connections_than_there_is_room_for_cost_nobody_else_a_mail(tmp_path: Path) -> None:
    async with mail_door(tmp_path, max_connections=10, max_connections_per_address=5) as door:
        flood = asyncio.create_task(run("smtp-source", "-s", "30", "-m", "300", "-f", CITIZEN, "-t", OURS, f"127.0.0.1:{door.listener.port}"))
        await until(lambda: door.gauge("connections_per_address").rejected > 0)
        await flood
        await door.until_alone()
        async with door.client() as client:
            await client.greet()
            assert (await client.deliver(b"Subject: Jalan rusak\r\n")).startswith("250 ")


# A border server


def post(border: Postfix, *, count: int = 1, text: str = "Jalan rusak") -> None:
    """A citizen's mails arrive at the border."""
    with smtplib.SMTP("127.0.0.1", border.port, timeout=30) as wire:
        for i in range(count):
            wire.sendmail(CITIZEN, [OURS], f"From: {CITIZEN}\r\nTo: {OURS}\r\nSubject: {text} {i}\r\n\r\n.{text}\r\n" + "panjang " * 3000)


class ShyInlet:
    """Refuses each arrival the first time."""

    def __init__(self, journal: Journal) -> None:
        self._inner = an_inlet(journal, fingerprint)
        self.seen: set[str] = set()

    async def receive(self, arrival: Arrival) -> Receipt:
        if arrival.wire_id in self.seen:
            return await self._inner.receive(arrival)
        self.seen.add(arrival.wire_id)
        raise Refused("not the first time")


@needs_postfix
async def test_a_border_server_waits_while_we_are_away_and_brings_each_mail_once_when_we_are_back(tmp_path: Path) -> None:
    # The port is ours, and nobody listens.
    listener, journal = Listener("mail", settings(), ABOUT), Journal(tmp_path / "journal.db")
    inlet = an_inlet(journal, fingerprint)
    async with listener.listening(inlet):
        port = listener.port
    with postfix(relayhost=f"[127.0.0.1]:{port}") as border:
        await asyncio.to_thread(post, border, count=5)
        await until(lambda: border.log().count("status=deferred") >= 5)
        back = Listener("mail", settings(listen=f"127.0.0.1:{port}"), ABOUT)
        async with back.listening(inlet):
            await until(lambda: border.log().count("status=sent") == 5 and border.waiting() == 0)
        kept = await MailDoor(back, journal).kept()
    assert len(kept) == 5
    assert all(arrival.raw.startswith(b"Received: from") and b"\r\n.Jalan rusak\r\n" in arrival.raw for arrival in kept)
    assert {(arrival.meta["mail_from"], arrival.meta["helo"]) for arrival in kept} == {(CITIZEN, "border.example")}
    assert json.loads(kept[0].meta["rcpt_to"]) == [OURS]
    await journal.close()


@needs_postfix
async def test_a_border_server_brings_again_what_we_could_not_keep(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    listener, inlet = Listener("mail", settings(), ABOUT), ShyInlet(journal)
    async with listener.listening(inlet):  # type: ignore[arg-type]  # all that is asked of it
        with postfix(relayhost=f"[127.0.0.1]:{listener.port}") as border:
            await asyncio.to_thread(post, border, count=3)
            await until(lambda: border.log().count("status=sent") == 3)
            assert border.log().count("451 4.3.0 Not now.") == 3
        assert len(inlet.seen) == len(await MailDoor(listener, journal).kept()) == 3
    await journal.close()


@needs_postfix
@needs_openssl
async def test_a_border_server_uses_tls_where_we_have_it(tmp_path: Path) -> None:
    papers = pair(tmp_path)
    async with mail_door(tmp_path, certificate=papers.certificate, private_key=papers.key) as door:
        with postfix(relayhost=f"[127.0.0.1]:{door.listener.port}") as border:
            await asyncio.to_thread(post, border)
            await until(lambda: "status=sent" in border.log())
        assert [arrival.meta["tls"] for arrival in await door.kept()] == ["1"]
