"""STARTTLS at the door for mail servers: one connection before and after, and a certificate that is renewed without anybody's help."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from channels.kinds import KINDS, Kind
from channels.mail.limits import Visit
from channels.mail.listener import Listener
from channels.mail.settings import MailSettings
from tests.certificates import Pair, needs_openssl, pair
from tests.mail_door import ABOUT, OURS, Client, MailDoor, mail_door, settings
from tests.test_smtp_listener import SMALL, HeldListener, _held, until
from tests.world import Deployment

pytestmark = needs_openssl


@pytest.fixture
def papers(tmp_path: Path) -> Pair:
    return pair(tmp_path)


@asynccontextmanager
async def tls_door(folder: Path, papers: Pair, made: type[Listener] = Listener, **smtp: object) -> AsyncIterator[MailDoor]:
    async with mail_door(folder, made, certificate=papers.certificate, private_key=papers.key, **smtp) as door:
        yield door


def trusting(papers: Pair) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(papers.certificate))


async def begin_tls(client: Client, papers: Pair, name: str = "localhost") -> None:
    """The handshake, once STARTTLS was answered."""
    await client.writer.start_tls(trusting(papers), server_hostname=name)


async def test_a_mail_under_tls_is_kept_and_nothing_of_the_open_part_counts(tmp_path: Path, papers: Pair) -> None:
    async with tls_door(tmp_path, papers) as door, door.client() as client:
        await client.hear()
        client.say("EHLO mx")
        offered = [await client.hear() for _ in range(6)]
        assert "250-STARTTLS" in offered
        assert (await client.answer("MAIL FROM:<open@contoh.example>", "STARTTLS")).startswith("220 ")
        await begin_tls(client, papers)
        assert (await client.answer("MAIL FROM:<warga@contoh.example>")).startswith("503 ")
        client.say("EHLO mx2")
        offered = [await client.hear() for _ in range(5)]
        assert not any(word in line for line in offered for word in ("STARTTLS", "AUTH"))
        assert (await client.answer("STARTTLS")).startswith("502 ")
        large = b"x" * 3_000_000 + b"\r\n"
        assert [(await client.deliver(mail))[:3] for mail in (SMALL, large)] == ["250", "250"]
        assert (await client.answer("QUIT")).startswith("221 ")
        kept = await door.kept()
        assert [(arrival.raw, arrival.meta["tls"], arrival.meta["helo"]) for arrival in kept] == [(SMALL, "1", "mx2"), (large, "1", "mx2")]
        assert kept[0].meta["mail_from"] == "warga@contoh.example"


async def test_one_connection_counts_once_before_and_after(tmp_path: Path, papers: Pair) -> None:
    async with tls_door(tmp_path, papers, max_connections=1) as door:
        for _ in range(3):
            async with door.client() as client:
                await client.greet()
                await client.answer("STARTTLS")
                await begin_tls(client, papers)
                assert (await client.answer("EHLO mx")).startswith("250 ")
                assert (door.gauge("connections").used, door.gauge("connections_per_address").used) == (1, 1)
            await door.until_alone()
        assert door.gauge("connections_per_address").used == 0


async def test_what_was_said_openly_behind_starttls_is_not_taken_for_said_under_it(tmp_path: Path, papers: Pair) -> None:
    async with tls_door(tmp_path, papers) as door, door.client() as client:
        await client.greet()
        # In one packet: whoever stands between could have put it there (CVE-2011-0411).
        client.say("STARTTLS", "EHLO evil", "MAIL FROM:<evil@contoh.example>")
        assert (await client.hear()).startswith("220 ")
        await begin_tls(client, papers)
        assert (await client.answer("NOOP")).startswith("250 ")
        assert (await client.answer("MAIL FROM:<warga@contoh.example>")).startswith("503 ")


@pytest.mark.parametrize("how", ["nonsense", "mistrust", "silence", "leaves"])
async def test_a_handshake_that_fails_ends_the_connection_and_nothing_else(tmp_path: Path, papers: Pair, how: str) -> None:
    async with tls_door(tmp_path, papers, session_seconds=2) as door:
        async with door.client() as client:
            await client.greet()
            assert (await client.answer("STARTTLS")).startswith("220 ")
            match how:
                case "nonsense":
                    client.say("EHLO mx")
                case "mistrust":
                    with pytest.raises(ssl.SSLError):
                        await client.writer.start_tls(ssl.create_default_context(), server_hostname="localhost")
                case "leaves":
                    client.writer.close()
            await door.until_alone()
            if how == "silence":
                # Words would be nonsense in the middle of a handshake.
                assert await client.hear() == ""
        async with door.client() as client:
            await client.greet()
            assert (await client.deliver(SMALL)).startswith("250 ")
        await door.until_alone()
        assert door.gauge("connections_per_address").used == 0


async def test_a_session_is_not_longer_for_starttls(tmp_path: Path, papers: Pair) -> None:
    async with tls_door(tmp_path, papers, session_seconds=2) as door, door.client() as client:
        [began] = [visit.began for visit in await _visits(door)]
        await client.greet()
        await client.answer("STARTTLS")
        await begin_tls(client, papers)
        assert [visit.began for visit in await _visits(door)] == [began]
        heard = "250"
        while heard.startswith("250"):
            heard = await client.answer("NOOP")
        assert heard.startswith("421 4.4.2 ")


async def _visits(door: MailDoor) -> list[Visit]:
    visits = door.listener._limits.visits  # noqa: SLF001  # when one began cannot be seen from outside
    await until(lambda: bool(visits))
    return list(visits)


async def test_who_vanishes_under_tls_after_the_last_dot_has_its_mail_kept_once(tmp_path: Path, papers: Pair) -> None:
    async with tls_door(tmp_path, papers, HeldListener) as door:
        async with door.client() as client:
            await client.greet()
            await client.answer("STARTTLS")
            await begin_tls(client, papers)
            await client.answer("EHLO mx")
            await client.envelope()
            client.writer.write(SMALL + b".\r\n")
            client.writer.close()
            held = await _held(door)
            held.let.set()
            await door.until_alone()
        assert [arrival.raw for arrival in await door.kept()] == [SMALL]


async def shown(door: MailDoor, papers: Pair) -> str:
    """The name in the certificate that is shown now."""
    async with door.client() as client:
        await client.greet()
        await client.answer("STARTTLS")
        context = ssl.create_default_context(cafile=str(papers.certificate))
        context.check_hostname = False
        await client.writer.start_tls(context, server_hostname="localhost")
        certificate = client.writer.get_extra_info("peercert")
        await client.answer("EHLO mx", "QUIT")
    return str(dict(part[0] for part in certificate["subject"])["commonName"])


async def test_a_renewed_certificate_is_shown_without_a_restart_and_half_of_one_is_not(tmp_path: Path, papers: Pair) -> None:
    new = pair(tmp_path, "baru.example")
    async with tls_door(tmp_path, papers) as door:
        assert await shown(door, papers) == "localhost"
        old_trust = Pair(tmp_path / "old.pem", papers.key)
        old_trust.certificate.write_bytes(papers.certificate.read_bytes())
        papers.certificate.write_bytes(new.certificate.read_bytes())
        with capture_logs() as logs:
            # Its key is not there yet.
            assert [await shown(door, old_trust) for _ in range(2)] == ["localhost", "localhost"]
            assert [log["event"] for log in logs] == ["the new certificate cannot be used, the old one goes on"]
            os.replace(new.key, papers.key)  # noqa: PTH105  # as certbot does
            assert await shown(door, new) == "baru.example"
            papers.certificate.unlink()
            assert await shown(door, new) == "baru.example"
        assert len(logs) == 2


async def test_a_certificate_that_cannot_be_read_is_told_at_the_start(tmp_path: Path, papers: Pair) -> None:
    papers.key.write_text("nonsense")
    listener = Listener("mail", settings(certificate=papers.certificate, private_key=papers.key), ABOUT)
    with pytest.raises(ssl.SSLError):
        await asyncio.wait_for(listener.run(None), 10)  # type: ignore[arg-type]  # nothing comes so far


def test_certificate_and_key_lie_beside_the_configuration(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "post", Kind(channel="", settings="channels.mail.settings:MailSettings", reader=""))
    block = f'[channels.post]\nkind = "post"\naddress = "{OURS}"\nsmtp = {{ certificate = "tls/cert.pem", private_key = "/etc/key.pem" }}'
    mail = on_sqlite.config(channels=block).channels["post"].settings
    assert isinstance(mail, MailSettings)
    assert mail.smtp is not None
    assert (mail.smtp.certificate, mail.smtp.private_key) == (on_sqlite.folder / "tls" / "cert.pem", Path("/etc/key.pem"))
