"""What becomes of a mail that we send: taken once, or told why not and whose fault it was."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from pydantic import ValidationError

from channels import Checked, SendFailed
from channels.mail import relay as relay_module
from channels.mail import settings as mail
from channels.mail.relay import Relay
from tests.certificates import Pair, needs_openssl, pair
from tests.fate import CANCEL, FAILURES, TELLTALE, each, under
from tests.fate import HANG as HANGS
from tests.mail_relay import DROP, GARBAGE, HANG, RelayPeer, relay_peer
from tests.ports import free_port
from tests.postfix import HOW, needs_postfix, postfix
from tests.test_smtp_listener import until

CITIZEN = "warga@contoh.example"
LETTER = b"From: <lapor@ppu.example>\r\nSubject: Laporan 1234\r\n\r\nKami terima.\r\n.titik\r\n"


def relay(port: int, **settings: Any) -> Relay:  # noqa: ANN401  # fields of the settings
    return Relay(mail.Relay.model_validate({"server": f"localhost:{port}", "tls": "none"} | settings), "ppu.example")


@asynccontextmanager
async def far_end(peer: RelayPeer | None = None, **settings: Any) -> AsyncIterator[tuple[RelayPeer, Relay]]:  # noqa: ANN401  # fields of the settings
    peer = peer or RelayPeer()
    async with relay_peer(peer) as port:
        ours = relay(port, **settings)
        try:
            yield peer, ours
        finally:
            await ours.close()


async def failed(ours: Relay, to: str = CITIZEN) -> SendFailed:
    with pytest.raises(SendFailed) as told:
        await ours.send(LETTER, to)
    # Sentences for an operator: no address, no secret, nothing of what a server says.
    for secret in (to, "rahasia", "dragons", "neighbour"):
        assert secret not in told.value.reason
    return told.value


async def test_a_mail_is_taken_from_nobody_for_one_recipient_and_its_dots_are_safe() -> None:
    async with far_end() as (peer, ours):
        await ours.send(LETTER, CITIZEN)
        assert peer.commands == ["EHLO ppu.example", "MAIL FROM:<>", f"RCPT TO:<{CITIZEN}>", "DATA"]
        assert peer.mails == [LETTER.replace(b"\r\n.titik", b"\r\n..titik")]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "warga",
        "warga@",
        "@contoh.example",
        "a@b@c",
        "a b@contoh.example",
        "a@contoh.example>\r\nRCPT TO:<b@contoh.example",
        "a@contoh.example\r\nDATA",
        "a@contoh.example\n",
        "<a@contoh.example>",
        "a@contoh.example SIZE=1",
        '"a b"@contoh.example',
        "a@contoh.example,b@contoh.example",
        "Warga <a@contoh.example>",
        "a\0@contoh.example",
        "мария@contoh.example",
        "a@contoh_example",
        "a" * 65 + "@contoh.example",
        "a@" + "b" * 300,
        "a@-contoh.example-",
    ],
)
async def test_what_is_no_address_is_not_sent_to_and_says_nothing_of_the_others(address: str) -> None:
    async with far_end() as (peer, ours):
        with pytest.raises(SendFailed) as told:
            await ours.send(LETTER, address)
        assert (told.value.permanent, told.value.channel_wide, told.value.maybe_sent) == (True, False, False)
        assert (peer.connections, peer.commands) == (0, [])


@dataclass(frozen=True, slots=True)
class Told:
    """What the outbox learns."""

    permanent: bool = False
    channel_wide: bool = False
    maybe_sent: bool = False
    kind: str = ""


# When and what the server says, and what that means.
REFUSALS = [
    ("GREETING", "554 neighbour go away", Told(channel_wide=True, kind="provider")),
    ("GREETING", "421 neighbour later", Told(channel_wide=True, kind="provider")),
    ("GREETING", DROP, Told(channel_wide=True, kind="unreachable")),
    ("GREETING", HANG, Told(channel_wide=True, kind="timeout")),
    ("GREETING", GARBAGE, Told(channel_wide=True, kind="provider")),
    ("EHLO", "502 neighbour what", Told(channel_wide=True, kind="provider")),
    ("AUTH", "535 5.7.8 neighbour wrong", Told(channel_wide=True, kind="auth")),
    ("AUTH", "454 4.7.0 neighbour later", Told(channel_wide=True, kind="provider")),
    ("AUTH", DROP, Told(channel_wide=True, kind="unreachable")),
    ("MAIL", "530 5.7.0 neighbour sign in", Told(channel_wide=True, kind="auth")),
    ("MAIL", "553 5.1.8 neighbour who", Told(channel_wide=True, kind="provider")),
    ("MAIL", "452 4.3.1 neighbour full", Told(channel_wide=True, kind="provider")),
    ("MAIL", HANG, Told(channel_wide=True, kind="timeout")),
    ("RCPT", "550 5.1.1 neighbour nobody", Told(permanent=True)),
    ("RCPT", "550 neighbour nobody", Told(permanent=True)),
    ("RCPT", "552 5.2.2 neighbour full", Told(permanent=True)),
    ("RCPT", "550 5.4.1 neighbour denied", Told(permanent=True)),
    ("RCPT", "554 5.7.1 neighbour relay denied", Told(kind="provider")),
    ("RCPT", "530 5.7.0 neighbour sign in", Told(channel_wide=True, kind="auth")),
    ("RCPT", "450 4.2.0 neighbour greylisted", Told()),
    ("RCPT", "451 4.3.0 neighbour broken", Told(channel_wide=True, kind="provider")),
    ("RCPT", "421 neighbour closing", Told(channel_wide=True, kind="provider")),
    ("RCPT", DROP, Told(channel_wide=True, kind="unreachable")),
    ("DATA", "451 neighbour later", Told()),
    ("DATA", "554 neighbour no", Told(kind="provider")),
    ("DATA", DROP, Told(channel_wide=True, kind="unreachable")),
    ("DATA", HANG, Told(channel_wide=True, kind="timeout")),
    ("CONTENT", "554 5.7.1 neighbour spam", Told(kind="provider")),
    ("CONTENT", "550 5.1.1 neighbour nobody", Told(permanent=True)),
    ("CONTENT", "452 4.3.1 neighbour full", Told(channel_wide=True, kind="provider")),
    ("CONTENT", "451 neighbour later", Told()),
    ("CONTENT", DROP, Told(channel_wide=True, maybe_sent=True, kind="unreachable")),
    ("CONTENT", HANG, Told(channel_wide=True, maybe_sent=True, kind="timeout")),
    ("CONTENT", GARBAGE, Told(channel_wide=True, maybe_sent=True, kind="provider")),
    ("CONTENT", "354 neighbour what", Told(channel_wide=True, maybe_sent=True, kind="provider")),
]


@pytest.mark.parametrize(("step", "says", "wanted"), REFUSALS, ids=[f"{row[0]} {row[1]}" for row in REFUSALS])
async def test_a_bad_day_of_the_relay_is_told_as_whose_fault_it_is_and_passes(step: str, says: str, wanted: Told) -> None:
    peer = RelayPeer({step: [says]})
    async with far_end(peer, timeout_seconds=1 if says == HANG else 30, user="lapor", password="rahasia") as (_, ours):
        told = await failed(ours)
        assert Told(told.permanent, told.channel_wide, told.maybe_sent, told.kind) == wanted
        assert told.reason.endswith(".")
        before = len(peer.mails)
        await ours.send(LETTER, CITIZEN)
        assert len(peer.mails) == before + 1
        # What went wrong for everybody may be that connection's fault.
        assert peer.connections == (2 if wanted.channel_wide else 1)


async def test_a_relay_that_is_not_there_has_not_got_it() -> None:
    ours = relay(free_port())
    told, checked = await failed(ours), await ours.check()
    assert (told.permanent, told.channel_wide, told.maybe_sent, told.kind) == (False, True, False, "unreachable")
    assert checked == Checked(ok=False, sentence="The mail server could not be reached.", kind="unreachable")


async def test_a_name_that_nobody_knows_is_unreachable() -> None:
    ours = Relay(mail.Relay(server="tidak-ada.invalid:25", tls="none"), "ppu.example")
    assert (await failed(ours)).kind == "unreachable"


# Connections


async def test_one_connection_serves_one_mail_after_the_other() -> None:
    async with far_end() as (peer, ours):
        for _ in range(5):
            await ours.send(LETTER, CITIZEN)
        assert (peer.connections, len(peer.mails)) == (1, 5)


async def test_many_at_once_share_so_many_connections() -> None:
    async with far_end(connections=3) as (peer, ours):
        await asyncio.gather(*(ours.send(LETTER, f"warga{i}@contoh.example") for i in range(20)))
        assert (peer.connections, len(peer.mails)) == (3, 20)
        assert {line for line in peer.commands if line.startswith("RCPT")} == {f"RCPT TO:<warga{i}@contoh.example>" for i in range(20)}


@pytest.mark.parametrize("how", ["closed", "reset refused", "mail refused", "mail dropped", "answers late"])
async def test_a_connection_that_has_gone_stale_costs_no_mail(how: str) -> None:
    async with far_end(timeout_seconds=1 if how == "answers late" else 30) as (peer, ours):
        await ours.send(LETTER, CITIZEN)
        match how:
            case "closed":
                peer.hang_up()
            case "reset refused":
                peer.answers["RSET"] = ["421 too many mails"]
            case "mail refused":
                peer.answers["MAIL"] = ["421 too many mails"]
            case "mail dropped":
                peer.answers["MAIL"] = [DROP]
            case "answers late":
                peer.answers["RSET"] = [HANG]
        await ours.send(LETTER, CITIZEN)
        assert (peer.connections, len(peer.mails)) == (2, 2)


async def test_a_refused_address_costs_no_connection() -> None:
    async with far_end(RelayPeer({"RCPT": ["550 nobody"], "CONTENT": ["554 spam"]})) as (peer, ours):
        assert (await failed(ours)).permanent
        assert not (await failed(ours)).permanent
        await ours.send(LETTER, CITIZEN)
        assert peer.connections == 1


async def test_what_nobody_uses_is_given_back_politely(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_module, "IDLE_SECONDS", 0.05)
    async with far_end() as (peer, ours):
        await ours.send(LETTER, CITIZEN)
        await until(lambda: peer.open == 0)
        assert peer.commands[-1] == "QUIT"
        await ours.send(LETTER, CITIZEN)
        await ours.close()
        await until(lambda: peer.open == 0)
        assert peer.commands[-1] == "QUIT"


@pytest.mark.parametrize("what", [*FAILURES, CANCEL, HANGS])
async def test_a_send_that_is_struck_at_any_await_leaves_no_connection_that_answers_something_else(what: str) -> None:
    async with far_end(connections=1) as (peer, ours):
        for fate in each(what):
            before = len(peer.mails)
            sending = asyncio.create_task(under(fate, ours.send(LETTER, f"a{fate.at}@contoh.example")))
            struck = asyncio.create_task(fate.struck.wait())
            await asyncio.wait([sending, struck], return_when=asyncio.FIRST_COMPLETED)
            if what == HANGS:
                # As the outbox does when it takes too long.
                sending.cancel()
            [ended] = await asyncio.gather(sending, return_exceptions=True)
            struck.cancel()
            assert ended is None or fate.struck.is_set()
            assert TELLTALE not in str(getattr(ended, "reason", ""))
            # The next one is whole, and its own.
            await ours.send(LETTER, f"b{fate.at}@contoh.example")
            assert [line for line in peer.commands if line.startswith("RCPT")][-1] == f"RCPT TO:<b{fate.at}@contoh.example>"
            assert before + 1 <= len(peer.mails) <= before + 2


async def test_a_send_that_is_given_up_leaves_nothing_behind_that_is_answered_late() -> None:
    async with far_end(RelayPeer({"CONTENT": [HANG]})) as (peer, ours):
        sending = asyncio.create_task(ours.send(LETTER, CITIZEN))
        await until(lambda: len(peer.mails) == 1)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert ours._idle == []  # noqa: SLF001  # else the next mail would meet it
        await ours.send(LETTER, CITIZEN)
        assert peer.connections == 2


# TLS and signing in


@pytest.fixture
def papers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    """Whom this machine trusts."""
    made = pair(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.certificate))
    return made


def shows(papers: Pair) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(papers.certificate, papers.key)
    return context


@needs_openssl
@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_a_mail_goes_out_under_tls(papers: Pair, tls: str) -> None:
    peer = RelayPeer(context=shows(papers))
    async with relay_peer(peer, context=shows(papers) if tls == "implicit" else None) as port:
        ours = relay(port, tls=tls, user="lapor", password="rahasia")
        await ours.send(LETTER, CITIZEN)
        assert (await ours.check()).ok
        await ours.close()
        assert len(peer.mails) == 1
        assert ("STARTTLS" in peer.commands) == (tls == "starttls")


@needs_openssl
@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_a_certificate_of_somebody_else_gets_no_word_of_the_mail_nor_the_password(papers: Pair, tmp_path: Path, tls: str) -> None:
    stranger = shows(pair(tmp_path, "penyusup.example"))
    peer = RelayPeer(context=stranger)
    async with relay_peer(peer, context=stranger if tls == "implicit" else None) as port:
        ours = relay(port, tls=tls, user="lapor", password="rahasia")
        told = await failed(ours)
        assert (told.channel_wide, told.permanent, told.maybe_sent, told.kind) == (True, False, False, "provider")
        assert "certificate does not hold" in told.reason
        assert not (await ours.check()).ok
        assert not any(line.startswith(("AUTH", "MAIL")) for line in peer.commands)


async def test_a_relay_without_the_tls_that_is_configured_gets_nothing() -> None:
    async with far_end(RelayPeer(always={"EHLO": "250 relay.example"}), tls="starttls", user="lapor", password="rahasia") as (peer, ours):
        told = await failed(ours)
        assert (told.channel_wide, told.kind, "STARTTLS" in told.reason) == (True, "provider", True)
        assert not any(line.startswith(("AUTH", "MAIL")) for line in peer.commands)


async def test_a_relay_that_knows_no_way_to_sign_in_is_told_as_that() -> None:
    async with far_end(RelayPeer(always={"EHLO": "250 relay.example"}), user="lapor", password="rahasia") as (_, ours):
        told = await failed(ours)
        assert (told.channel_wide, told.kind) == (True, "auth")


async def test_the_check_signs_in_and_sends_nothing() -> None:
    async with far_end(user="lapor", password="rahasia") as (peer, ours):
        assert await ours.check() == Checked(ok=True, sentence="The mail server answers and accepts our name and password.")
        await until(lambda: peer.open == 0)
        assert [line.split()[0] for line in peer.commands] == ["EHLO", "AUTH", "NOOP", "QUIT"]
        peer.always["AUTH"] = "535 wrong"
        checked = await ours.check()
        assert (checked.ok, checked.kind) == (False, "auth")


@pytest.mark.parametrize(
    "wrong", [{"server": "localhost"}, {"tls": "ssl"}, {"user": "lapor"}, {"password": "rahasia"}, {"connections": 0}, {"timeout_seconds": 0}]
)
def test_a_mistake_in_the_settings_is_found_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        relay(25, **wrong)


# Real servers


class Sink:
    """What aiosmtpd hands over: a mail server of the standard kind, with names and passwords."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # the library's name
        self.taken.append(envelope)
        return "250 2.0.0 ok"


# The library warns whoever does without TLS; the far end stands on this machine.
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
async def test_a_server_of_the_standard_kind_takes_it_after_signing_in() -> None:
    sink, loop = Sink(), asyncio.get_running_loop()

    def known(server: SMTP, session: Session, envelope: Envelope, mechanism: str, said: Any) -> AuthResult:  # noqa: ANN401  # the library's
        return AuthResult(success=said.login == b"lapor" and said.password == b"rahasia", handled=False)

    server = await loop.create_server(
        lambda: SMTP(sink, hostname="relay.example", authenticator=known, auth_required=True, auth_require_tls=False, loop=loop), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    ours = relay(port, user="lapor", password="rahasia")
    for _ in range(3):
        await ours.send(LETTER, CITIZEN)
    stranger = relay(port, user="lapor", password="salah")
    assert ((await failed(stranger)).kind, (await stranger.check()).kind) == ("auth", "auth")
    await ours.close()
    assert [(envelope.mail_from, envelope.rcpt_tos, envelope.content) for envelope in sink.taken] == [("<>", [CITIZEN], LETTER)] * 3
    server.close()


@pytest.mark.peer("smtp-sink", HOW)
async def test_smtp_sink_takes_many() -> None:
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    sink = await asyncio.create_subprocess_exec("smtp-sink", *user, "-c", f"127.0.0.1:{port}", "100", stdout=asyncio.subprocess.DEVNULL)
    try:
        await asyncio.to_thread(_until_it_listens, port)
        ours = relay(port)
        await asyncio.gather(*(ours.send(LETTER, f"warga{i}@contoh.example") for i in range(100)))
        assert (await ours.check()).ok
        await ours.close()
    finally:
        sink.terminate()
        await sink.wait()


def _until_it_listens(port: int) -> None:
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return


@needs_postfix
async def test_postfix_as_smarthost_takes_it_and_hears_no_sender() -> None:
    with postfix(default_transport="discard:") as smarthost:
        ours = relay(smarthost.port)
        for i in range(10):
            await ours.send(LETTER, f"warga{i}@contoh.example")
        await ours.close()
        await until(lambda: smarthost.log().count("status=sent") == 10)
        assert smarthost.log().count("from=<>") == 10
        # One connection for all of them.
        assert smarthost.log().count(": connect from") == 2


async def test_whoever_looks_after_the_relay_ends_when_told_to_whatever_is_answered_in_that_moment() -> None:
    turns = 0
    async with relay_peer(RelayPeer()) as port:
        # No name to look up: that would be a thread, and turns of the loop would not count.
        ours = relay(port, server=f"127.0.0.1:{port}")
        while True:
            looking = asyncio.create_task(ours.check())
            # One turn later each time, so that it is told at every point once.
            for _ in range(turns):
                await asyncio.sleep(0)
            if not looking.cancel():
                break
            with pytest.raises(asyncio.CancelledError):
                await looking
            turns += 1
    assert turns > 10
