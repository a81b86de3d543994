"""A mailbox is listed anew and compared with what has come in: what carries our mark and is not here comes in after all, and nothing comes twice."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from channels import SendFailed
from gateway.node import Gateway
from tests.dovecot import ACCOUNT, PASSWORD, Dovecot, dovecot
from tests.letterbox import mail, until
from tests.ports import free_port
from tests.world import Deployment, handed_over

pytestmark = pytest.mark.peer("dovecot", "apt-get install dovecot-imapd")

_CHANNEL = """
[channels.surat]
kind = "mail"
address = "lapor@ppu.example"
[channels.surat.imap]
server = "127.0.0.1:{port}"
tls = "none"
user = "{account}"
password = {{ env = "MAILBOX" }}
retry_seconds = 0.01
look_seconds = 0.05
{more}
"""
MANY = 8
NAMELESS = b"From: warga@contoh.example\r\nTo: lapor@ppu.example\r\nSubject: Lampu padam\r\n\r\nTanpa nama surat\r\n"
ALL = [*(mail(f"Jalan rusak nomor {i}") for i in range(MANY - 1)), NAMELESS]


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with dovecot() as running:
        yield running


@asynccontextmanager
async def attending(deployment: Deployment, server: Dovecot, more: str = "") -> AsyncIterator[Gateway]:
    """A gateway that fetches from it."""
    os.environ["MAILBOX"] = PASSWORD
    async with deployment.node(channels=_CHANNEL.format(port=server.port, account=ACCOUNT, more=more)) as gateway:
        yield gateway


async def all_here(deployment: Deployment, count: int = MANY) -> None:
    """Each is a case, and none is two."""
    await deployment.until("cases", lambda rows: len(rows) >= count)
    assert len(await deployment.rows("cases")) == count


async def ask(gateway: Gateway, hours: float = 1) -> tuple[int, int]:
    """How many were taken in, and how many were here."""
    found = await gateway.missed.ask("surat", datetime.now(UTC) - timedelta(hours=hours))
    await handed_over(gateway)
    return found.taken, found.known


def forget(deployment: Deployment) -> None:
    """Journal and store, as a backup has them that was made before the first mail."""
    shutil.rmtree(deployment.folder / "data-a")


@pytest.mark.parametrize("more", ["", 'processed = "Selesai"'], ids=["marked", "moved"])
async def test_mails_that_we_had_before_a_backup_was_brought_back_come_in_again_once(on_sqlite: Deployment, server: Dovecot, more: str) -> None:
    server.deliver(*ALL)
    async with attending(on_sqlite, server, more) as gateway:
        await all_here(on_sqlite)
        await handed_over(gateway)
    forget(on_sqlite)
    folder = "Selesai" if more else "INBOX"
    # The number of an account's mails is the same before and after: nothing is marked, moved or read by looking.
    await until(lambda: len(server.flags(folder)) == MANY)
    before = server.flags(folder)
    async with attending(on_sqlite, server, more) as gateway:
        await on_sqlite.until("agencies", bool)
        assert await ask(gateway) == (MANY, 0)
        await all_here(on_sqlite)
        assert await ask(gateway) == (0, MANY)
        await all_here(on_sqlite)
    assert server.flags(folder) == before


async def test_in_another_numbering_the_same_bytes_are_the_same_mails(deployment: Deployment, server: Dovecot) -> None:
    server.deliver(*ALL)
    async with attending(deployment, server) as gateway:
        await all_here(deployment)
        await handed_over(gateway)
        assert await ask(gateway) == (0, MANY)
        rows = len(await deployment.rows("arrivals"))
        server.renumber(4711)
        assert await ask(gateway) == (0, MANY)
        assert len(await deployment.rows("arrivals")) == rows
        await all_here(deployment)


async def test_a_copy_that_lies_there_is_known_for_good_and_leaves_no_new_row_at_each_look(on_sqlite: Deployment, server: Dovecot) -> None:
    server.deliver(*ALL, ALL[0])
    async with attending(on_sqlite, server) as gateway:
        await on_sqlite.until("arrivals", lambda rows: len(rows) == MANY + 1)
        await handed_over(gateway)
        assert [await ask(gateway) for _ in range(2)] == [(0, MANY + 1)] * 2
        assert len(await on_sqlite.rows("arrivals")) == MANY + 1
        await all_here(on_sqlite)


async def test_what_somebody_has_read_or_marked_as_ours_comes_in_all_the_same(on_sqlite: Deployment, server: Dovecot) -> None:
    server.deliver(*ALL[:2])
    async with attending(on_sqlite, server) as gateway:
        await all_here(on_sqlite, 2)
        await handed_over(gateway)
        await until(lambda: sum(any(flag.startswith("NoWrongDoor-") for flag in flags) for flags in server.flags().values()) == 2)
    [mark] = {flag for flags in server.flags().values() for flag in flags if flag.startswith("NoWrongDoor-")}
    server.deliver(*ALL[2:])
    with server.person() as program:
        # Opened in a mail program; and one whose rule copies all flags.
        program.uid("STORE", "3:8", "+FLAGS", r"(\Seen)")
        program.uid("STORE", "5:8", "+FLAGS", f"({mark})")
    async with attending(on_sqlite, server) as gateway:
        await on_sqlite.until("cases", lambda rows: len(rows) == 4)
        await handed_over(gateway)
        assert await ask(gateway) == (4, 4)
        await all_here(on_sqlite)


async def test_what_is_older_is_left_where_it_is(on_sqlite: Deployment, server: Dovecot) -> None:
    server.deliver(*ALL[:3], at=(datetime.now(UTC) - timedelta(hours=5)).timestamp())
    server.deliver(*ALL[3:])
    async with attending(on_sqlite, server) as gateway:
        await all_here(on_sqlite)
        await handed_over(gateway)
    forget(on_sqlite)
    async with attending(on_sqlite, server) as gateway:
        await on_sqlite.until("agencies", bool)
        assert (await ask(gateway))[0] == MANY - 3
        assert (await ask(gateway, hours=6))[0] == 3
        await all_here(on_sqlite)


async def test_a_server_that_is_away_is_told(on_sqlite: Deployment, server: Dovecot) -> None:
    async with attending(on_sqlite, server) as gateway:
        await on_sqlite.until("agencies", bool)
        server.stop()
        with pytest.raises(SendFailed) as failed:
            await ask(gateway)
        assert "cannot be reached" in failed.value.reason


async def test_where_others_bring_mail_there_is_nobody_to_ask(on_sqlite: Deployment) -> None:
    channels = f'[channels.surat]\nkind = "mail"\naddress = "lapor@ppu.example"\n[channels.surat.smtp]\nlisten = "127.0.0.1:{free_port()}"'
    async with on_sqlite.node(channels=channels) as gateway:
        found = await gateway.missed.ask("surat")
    assert found.ok
    assert "keeps no list" in found.sentence
