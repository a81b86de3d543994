"""A door that looks itself whether signatures hold: what a case says of it, and that no name server can keep a citizen's mail out, or keep others waiting."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from channels import MESSAGE, Arrival
from channels.mail import signatures
from channels.mail.channel import Mail
from channels.mail.settings import MailSettings
from channels.mail.signatures import Signatures
from gateway.demo.post_office import PostOffice
from tests.dovecot import ACCOUNT, PASSWORD, dovecot
from tests.letterbox import ABOUT, Letterbox, until
from tests.mails import NOW, OURS, mail, understood
from tests.name_server import Mood, NameServer
from tests.signer import owner
from tests.test_mail_end_to_end import Desk, block
from tests.world import Deployment

HERS, EVIL, LIST = owner(), owner("jahat.example"), owner("daftar.example")
SIGNED = HERS.sign(mail())
TAMPERED = SIGNED.replace(b"berlubang", b"mulus")
# Longer than any test waits for an answer that does not depend on it.
LONG = 5


@pytest.fixture
def names() -> NameServer:
    """Knows whose keys are whose."""
    return NameServer({one.name: one.record() for one in (HERS, EVIL, LIST)})


@asynccontextmanager
async def checking(deployment: Deployment, names: NameServer, seconds: float = LONG) -> AsyncIterator[Desk]:
    """A gateway whose door stands on the internet."""
    office = PostOffice()
    async with office.serve() as relay, names.serve() as server:
        channel = block(relay, more=f'check_dkim = true\ndkim_seconds = {seconds}\nname_servers = ["{server}"]')
        async with deployment.node(channels=channel) as gateway:
            yield Desk(gateway, office, deployment)


@asynccontextmanager
async def checker(names: NameServer, seconds: float = LONG) -> AsyncIterator[Signatures]:
    """What asks, by itself."""
    async with names.serve() as server:
        one = Signatures("surat", options(dkim_seconds=seconds, name_servers=[server]))
        try:
            yield one
        finally:
            one.close()


def options(**more: Any) -> MailSettings:  # noqa: ANN401  # fields of MailSettings
    """A channel's."""
    return MailSettings.model_validate({"address": OURS, "check_dkim": True, **more})


def arrived(raw: bytes, **meta: str) -> Arrival:
    """As a wire brings it."""
    return Arrival("surat", MESSAGE, "1", raw, NOW, meta=meta)


# What a case says


@pytest.mark.parametrize(
    ("how", "raw", "found", "remarks"),
    [
        ("signed", SIGNED, "pass:warga.example", []),
        ("tampered with", TAMPERED, "fail:warga.example", ["forged"]),
        ("not signed", mail(), None, []),
        ("signed by a stranger in her name", EVIL.sign(mail(), d="warga.example"), "fail:warga.example", ["forged"]),
        ("passed on by a list that changed it", LIST.sign(TAMPERED), "pass:daftar.example fail:warga.example", ["forged"]),
        ("passed on by a list as it was", LIST.sign(SIGNED), "pass:daftar.example pass:warga.example", []),
        ("signed with a key that nobody knows", HERS.sign(mail(), s="s2"), "permerror:warga.example", ["forged"]),
        ("only signed by whoever carried it", LIST.sign(mail()), "pass:daftar.example", []),
    ],
)
async def test_a_case_is_marked_where_a_signature_fails_and_everybody_is_answered(
    on_sqlite: Deployment, names: NameServer, how: str, raw: bytes, found: str | None, remarks: list[str]
) -> None:
    async with checking(on_sqlite, names) as desk:
        await desk.gets(raw)
        [arrival] = await desk.arrivals(1)
        [version] = await on_sqlite.until("complaint_versions", bool)
        await desk.office.until(1)
    assert arrival["meta"].get("dkim") == found, how
    assert version["complaint"]["remarks"] == remarks, how
    assert {account.verdict for account in await on_sqlite.accounts()} == {"ok"}


def test_our_own_look_stands_beside_the_border_servers_word() -> None:
    failed = b"Authentication-Results: mx.ppu.example; spf=fail\r\n" + mail()
    assert understood(failed, authserv_id="mx.ppu.example").remarks == ("forged",)
    assert understood(failed, authserv_id="mx.ppu.example", dkim="pass:warga.example").remarks == ()
    assert understood(failed, authserv_id="mx.ppu.example", dkim="pass:jahat.example").remarks == ("forged",)
    disowned = b"Authentication-Results: mx.ppu.example; dmarc=fail\r\n" + mail()
    assert understood(disowned, authserv_id="mx.ppu.example", dkim="pass:warga.example").automatic == "forged"
    # A domain above hers speaks for her; one below, or one that only ends so, does not.
    below = mail(From="siti@kota.warga.example")
    assert understood(below, dkim="fail:x.example pass:warga.example").remarks == ()
    assert understood(mail(), dkim="fail:x.example pass:kota.warga.example").remarks == ("forged",)
    assert understood(mail(From="siti@bukanwarga.example"), dkim="fail:x.example pass:warga.example").remarks == ("forged",)


@pytest.mark.parametrize("word", ["temperror:", "temperror:warga.example", "neutral:warga.example", "policy:warga.example"])
def test_what_could_not_be_found_out_accuses_nobody(word: str) -> None:
    report = understood(mail(), dkim=word)
    assert (report.automatic, report.remarks) == ("", ())


# Name servers


@pytest.mark.parametrize("mood", [Mood.SILENT, Mood.BROKEN, Mood.MAD])
async def test_a_mail_is_taken_whatever_the_name_server_does(on_sqlite: Deployment, names: NameServer, mood: Mood) -> None:
    names.mood = mood
    async with checking(on_sqlite, names, seconds=0.3) as desk:
        await desk.gets(SIGNED)
        [arrival] = await desk.arrivals(1)
        await desk.office.until(1)
    assert (arrival["outcome"], arrival["meta"]["dkim"]) == ("case", "temperror:warga.example")


async def test_while_one_mail_waits_for_a_name_server_others_are_taken(on_sqlite: Deployment, names: NameServer) -> None:
    names.mood = Mood.SILENT
    async with checking(on_sqlite, names, seconds=LONG) as desk:
        slow = asyncio.create_task(desk.gets(SIGNED))
        await names.was_asked.wait()
        async with asyncio.timeout(LONG - 1):
            for number in range(5):
                await desk.gets(mail(Message_ID=f"<{number}@lain.example>"))
        assert not slow.done()
        await slow
        rows = await desk.arrivals(6)
    assert [row["meta"].get("dkim") for row in rows] == [None] * 5 + ["temperror:warga.example"]


async def test_the_same_mail_again_is_one_report_whatever_was_found_out_meanwhile(on_sqlite: Deployment, names: NameServer) -> None:
    names.mood = Mood.SILENT
    async with checking(on_sqlite, names, seconds=0.3) as desk:
        await desk.gets(SIGNED)
        await desk.arrivals(1)
        names.mood = Mood.WELL
        await desk.gets(SIGNED)
        await desk.arrivals(2)
        await desk.office.until(1)
    assert len(await on_sqlite.rows("cases")) == 1
    assert {account.verdict for account in await on_sqlite.accounts()} == {"ok"}


async def test_name_servers_that_do_not_answer_are_left_alone_for_a_while(names: NameServer) -> None:
    names.mood = Mood.SILENT
    async with checker(names, seconds=0.2) as one:
        for _ in range(signatures._PATIENCE):  # noqa: SLF001  # how often is its own affair
            assert await one.told(arrived(SIGNED)) == {"dkim": "temperror:warga.example"}
        names.asked.clear()
        names.mood = Mood.WELL
        assert await one.told(arrived(SIGNED)) == {"dkim": "temperror:warga.example"}
        assert names.asked == []
        one._paused_until = 0.0  # noqa: SLF001  # the while is over
        assert await one.told(arrived(SIGNED)) == {"dkim": "pass:warga.example"}
        # And a key is remembered.
        names.asked.clear()
        assert await one.told(arrived(SIGNED)) == {"dkim": "pass:warga.example"}
        assert names.asked == []


class Choosy(NameServer):
    """Says nothing of one domain."""

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """A question."""
        self.mood = Mood.SILENT if b"daftar" in data else Mood.WELL
        super().datagram_received(data, addr)


async def test_one_key_that_does_not_come_spoils_no_other(names: NameServer) -> None:
    both = LIST.sign(SIGNED)
    async with checker(Choosy(names.records), seconds=0.5) as one:
        for _ in range(signatures._PATIENCE + 1):  # noqa: SLF001  # how often is its own affair
            # Hers is remembered, and remembering counts as well.
            assert await one.told(arrived(both)) == {"dkim": "temperror:daftar.example pass:warga.example"}


async def test_a_key_beside_another_programs_record_is_found_and_no_name_is_completed(names: NameServer) -> None:
    names.records[HERS.name] = ["v=spf1 -all", HERS.record()]
    async with checker(names) as one:
        assert await one.told(arrived(SIGNED)) == {"dkim": "pass:warga.example"}
        assert await one.told(arrived(HERS.sign(mail(), s="tidak-ada"))) == {"dkim": "permerror:warga.example"}
    assert set(names.asked) == {HERS.name, "tidak-ada._domainkey.warga.example"}


async def test_no_key_is_asked_for_a_mail_that_was_changed_or_of_which_only_the_beginning_is_here(names: NameServer) -> None:
    async with checker(names) as one:
        assert await one.told(arrived(TAMPERED)) == {"dkim": "fail:warga.example"}
        assert await one.told(arrived(SIGNED, cut="99999999")) == {}
        assert await one.told(arrived(mail())) == {}
    assert names.asked == []


async def test_large_mails_leave_others_their_turn_and_wait_no_longer_than_they_may(names: NameServer) -> None:
    large = HERS.sign(mail("Jalan  \t rusak berat sekali \n" * 300_000))
    worst, waits = 0.0, True

    async def others() -> None:
        nonlocal worst
        while waits:
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            worst = max(worst, time.perf_counter() - began)

    async with checker(names, seconds=LONG) as one, asyncio.TaskGroup() as tasks:
        tasks.create_task(others())
        told = await asyncio.gather(*(one.told(arrived(large)) for _ in range(4)))
        waits = False
    assert told == [{"dkim": "pass:warga.example"}] * 4
    assert worst < 2
    async with checker(names, seconds=0.001) as one:
        assert await one.told(arrived(large)) == {"dkim": "temperror:"}


async def test_a_gateway_that_ends_takes_what_comes_unchecked(names: NameServer) -> None:
    async with checker(names) as one:
        one.close()
        assert await one.told(arrived(SIGNED)) == {"dkim": "temperror:"}


async def test_a_machine_whose_name_server_is_not_there_takes_mail() -> None:
    async with NameServer().serve() as gone:
        pass
    one = Signatures("surat", options(dkim_seconds=0.3, name_servers=[gone]))
    assert await one.told(arrived(SIGNED)) == {"dkim": "temperror:warga.example"}
    one.close()


# The mailbox, and who does not want it


@pytest.mark.peer("dovecot", "apt-get install dovecot-imapd")
async def test_mail_from_a_mailbox_is_checked_too_and_none_stays_there_for_a_name_server(names: NameServer) -> None:
    inlet = Letterbox()
    with dovecot() as server:
        imap = {"server": f"127.0.0.1:{server.port}", "user": ACCOUNT, "password": PASSWORD, "tls": "none", "look_seconds": 0.05}
        async with names.serve() as address:
            channel = Mail("surat", options(dkim_seconds=0.3, name_servers=[address], imap=imap), ABOUT)
            server.deliver(SIGNED, TAMPERED)
            task = asyncio.create_task(channel.run(inlet))
            await inlet.until(2)
            names.mood = Mood.SILENT
            server.deliver(LIST.sign(mail()))
            await inlet.until(3)
            await until(lambda: all("\\Seen" in flags for flags in server.flags().values()))
            task.cancel()
            await asyncio.wait([task])
            await channel.close()
    assert [one.meta["dkim"] for one in inlet.arrivals] == ["pass:warga.example", "fail:warga.example", "temperror:daftar.example"]


def test_who_does_not_want_it_loads_nothing_for_it() -> None:
    program = (
        "import sys; from channels.mail.channel import Mail; from channels.mail.settings import MailSettings; from tests.letterbox import ABOUT;"
        f"made = [Mail('surat', MailSettings(address={OURS!r}, check_dkim=wanted), ABOUT) and 'dns' in sys.modules for wanted in (False, True)]; print(made)"
    )
    found = subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[False, True]"


def test_a_name_server_is_given_by_its_address() -> None:
    with pytest.raises(ValidationError, match="give their addresses"):
        options(name_servers=["dns.ppu.example:53"])
    assert options(name_servers=["[::1]:53", "127.0.0.1:53"]).name_servers
