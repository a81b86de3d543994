"""A mailbox signs in by what its owner gave, tells nobody else, and says in words what is wrong when it is not let in."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from channels import certificates
from channels.mail.oauth import Tokens
from channels.mail.settings import ImapIn, OAuth
from tests.dovecot import PASSWORD, Dovecot, dovecot
from tests.letterbox import NOW, Letterbox, attended, mail, mailbox, mails, until, until_it_says
from tests.manual_clock import ManualClock
from tests.meddler import HANG_UP, meddler, tag
from tests.token_office import CLIENT, PERMISSION, SECRET, TokenOffice, token_office

DOVECOT = pytest.mark.peer("dovecot", "apt-get install dovecot-imapd")


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with dovecot() as running:
        yield running


@pytest.fixture
def tls_server() -> Iterator[Dovecot]:
    with dovecot(tls=True) as running:
        yield running


# TLS


@DOVECOT
@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_mails_come_over_tls_from_the_first_byte_or_from_starttls_on(tls_server: Dovecot, tls: str) -> None:
    inlet = Letterbox()
    port = tls_server.tls_port if tls == "implicit" else tls_server.port
    tls_server.deliver(*mails(3), mail("Foto", size=200_000))
    async with attended(mailbox(port, server=f"localhost:{port}", tls=tls, ca=tls_server.certificate), inlet) as box:
        await inlet.until(4)
        await until(lambda: box.idle)
        tls_server.deliver(mail("Banjir"))
        await inlet.until(5)
        assert (await box.check()).ends == {"server": certificates.ends_at(ssl.PEM_cert_to_DER_cert(tls_server.certificate))}
        # Ended in the middle of TLS.
    assert inlet.raws == [*mails(3), mail("Foto", size=200_000), mail("Banjir")]


@DOVECOT
@pytest.mark.parametrize("tls", ["implicit", "starttls"])
@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"], ids=["signed by nobody of ours", "for another name"])
async def test_a_server_whose_certificate_is_not_trusted_learns_no_password(tls_server: Dovecot, tls: str, name: str) -> None:
    port = tls_server.tls_port if tls == "implicit" else tls_server.port
    async with meddler(port) as between:
        between.by_line = False
        ca = {"ca": tls_server.certificate} if name != "localhost" else {}
        checked = await mailbox(between.port, server=f"{name}:{between.port}", tls=tls, **ca).check()
    assert (checked.ok, checked.kind) == (False, "provider")
    assert "certificate is not trusted" in checked.sentence
    assert between.said(b"LOGIN") + between.said(b"AUTHENTICATE") == 0


@DOVECOT
async def test_a_server_that_offers_no_starttls_learns_no_password(server: Dovecot) -> None:
    async with meddler(server.port) as between:
        checked = await mailbox(between.port, tls="starttls").check()
        assert (checked.ok, checked.kind) == (False, "provider")
        assert "STARTTLS" in checked.sentence
        # Who stands between may also say that we are known already, so that we would not ask.
        between.change = lambda line: line.replace(b"* OK ", b"* PREAUTH ", 1) if b"Dovecot ready" in line else line
        assert not (await mailbox(between.port, tls="starttls").check()).ok
        assert between.said(b"LOGIN") + between.said(b"AUTHENTICATE") == 0


@DOVECOT
async def test_a_port_that_speaks_no_tls_is_told(server: Dovecot) -> None:
    checked = await mailbox(server.port, tls="implicit").check()
    assert (checked.ok, checked.kind) == (False, "provider")
    assert "Are port and tls right" in checked.sentence


# Passwords


@DOVECOT
async def test_a_wrong_password_is_told_and_tried_only_at_each_look_until_it_is_right(server: Dovecot) -> None:
    inlet = Letterbox()
    server.deliver(mail("Banjir"))
    async with meddler(server.port) as between:
        with capture_logs() as logs:
            async with attended(mailbox(between.port, password="rahasia-akun-lama", look_seconds=1500), inlet) as box:
                await until(lambda: box.failed > 0)
                checked = await box.check()
                assert (checked.ok, checked.kind) == (False, "auth")
                assert "(AUTHENTICATIONFAILED)" in checked.sentence
                assert between.connections == 1
        assert [line["event"] for line in logs] == ["mailbox out of reach"]
        assert "rahasia" not in str(logs)
        async with attended(mailbox(between.port), inlet):
            await inlet.until(1)


@DOVECOT
@pytest.mark.parametrize("password", [PASSWORD, 'sandi "dengan\\ tanda', "sandi rahasia dengan é dan 密"])
async def test_a_password_of_any_letters_reaches_the_server(server: Dovecot, password: str) -> None:
    server.set_password(password)
    assert (await mailbox(server.port, password=password).check()).ok
    assert not (await mailbox(server.port, password=password + "x").check()).ok


@DOVECOT
async def test_a_server_without_plain_is_signed_in_to_by_login(server: Dovecot) -> None:
    inlet = Letterbox()
    server.deliver(mail("Banjir"))
    async with meddler(server.port) as between:
        between.change = lambda line: line.replace(b" AUTH=PLAIN", b"")
        async with attended(mailbox(between.port), inlet):
            await inlet.until(1)
        assert (between.said(b"LOGIN"), between.said(b"AUTHENTICATE")) == (1, 0)


REFUSALS = {
    "a fault of the account base": (b"<tag> NO [UNAVAILABLE] Temporary authentication failure. [host:2026-11-25]\r\n", "provider", "(UNAVAILABLE)"),
    "too many sessions": (b"<tag> NO [LIMIT] Too many\r\n", "provider", "(LIMIT)"),
    "a wrong password": (b"<tag> NO [AUTHENTICATIONFAILED] Wrong\r\n", "auth", "(AUTHENTICATIONFAILED)"),
    "a no without a reason": (b"<tag> NO go away\r\n", "auth", "password"),
    "a no in a foreign language": ("<tag> NO kata sandi salah, é 密\r\n".encode(), "auth", "password"),
    "the end of the connection": (HANG_UP, "unreachable", "broke off"),
    "bye": (b"* BYE [UNAVAILABLE] overloaded\r\n" + HANG_UP, "unreachable", "broke off"),
    "silence": (b"", "timeout", "in time"),
    "nonsense": (b"\xff\xfe\r\n", "unreachable", "broke off"),
}


@DOVECOT
@pytest.mark.parametrize(("answer", "kind", "words"), REFUSALS.values(), ids=REFUSALS)
async def test_what_a_server_answers_to_our_name_is_told_for_what_it_is(server: Dovecot, answer: bytes, kind: str, words: str) -> None:
    async with meddler(server.port) as between:
        # The library calls all of these a failed login; only one is for a person to mend.
        between.answer = lambda line: answer.replace(b"<tag>", tag(line)) if b"AUTHENTICATE" in line else None
        checked = await mailbox(between.port, timeout_seconds=0.5).check()
    assert (checked.ok, checked.kind) == (False, kind)
    assert words in checked.sentence
    assert "sandi" not in checked.sentence


# Nobody there


async def test_a_server_that_is_not_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    checked = await mailbox(port).check()
    assert (checked.ok, checked.kind) == (False, "unreachable")
    assert "cannot be reached" in checked.sentence


async def test_a_name_that_is_not_known_is_told() -> None:
    checked = await mailbox(1, server="surel.invalid:993", tls="implicit").check()
    assert (checked.ok, checked.kind) == (False, "unreachable")
    assert "name is not known" in checked.sentence


async def test_a_server_that_takes_the_call_and_says_nothing_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        checked = await mailbox(silent.getsockname()[1], timeout_seconds=0.2).check()
    assert (checked.ok, checked.kind) == (False, "timeout")


# Tokens


def oauth(office: TokenOffice, **more: Any) -> dict[str, Any]:  # noqa: ANN401  # as pydantic takes it
    """What the owner of a mailbox gave us."""
    return {"token_url": office.token_url, "client_id": CLIENT, "client_secret": SECRET, "refresh_token": PERMISSION, **more}


@asynccontextmanager
async def offices() -> AsyncIterator[tuple[TokenOffice, Dovecot]]:
    """Who gives out tokens, and the mail server that believes it."""
    async with token_office() as office:
        with dovecot(introspection=office.introspection) as server:
            yield office, server


@DOVECOT
@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
async def test_a_mailbox_is_opened_by_a_token(mechanism: str) -> None:
    inlet = Letterbox()
    async with offices() as (office, server):
        server.deliver(*mails(2))
        async with meddler(server.port) as between:
            async with attended(mailbox(between.port, oauth=oauth(office, mechanism=mechanism, scope="imap offline")), inlet):
                await inlet.until(2)
            assert between.said(b"AUTHENTICATE", mechanism.upper().encode()) == 1
        grant = {"grant_type": "refresh_token", "refresh_token": PERMISSION}
        assert office.asked == [grant | {"client_id": CLIENT, "client_secret": SECRET, "scope": "imap offline"}]


@DOVECOT
@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
async def test_a_token_that_was_taken_back_is_fetched_anew_once_and_then_told(mechanism: str) -> None:
    inlet = Letterbox()
    async with offices() as (office, server):
        box = mailbox(server.port, oauth=oauth(office, mechanism=mechanism), look_seconds=1500)
        with capture_logs() as logs:
            async with attended(box, inlet):
                await until(lambda: box.idle)
                office.good.clear()
                server.kick()
                server.deliver(mail("Banjir"))
                # With a new one at once: an old token is nobody's fault.
                await inlet.until(1)
                assert len(office.given) == 2
                # Now none is good any more.
                office.good = _Nothing()
                server.kick()
                await until_it_says(box, "does not accept our name and password or token")
                assert (await box.check()).kind == "auth"
                assert len(office.given) == 3
        assert [line["event"] for line in logs] == ["mailbox out of reach"]
        assert "rahasia" not in str(logs)
        assert "token-of" not in str(logs)


@DOVECOT
async def test_a_permission_that_was_taken_back_is_told_and_asked_for_only_at_each_look() -> None:
    async with offices() as (office, server):
        office.lasts = 0
        async with attended(mailbox(server.port, oauth=oauth(office), look_seconds=1500), Letterbox()) as box:
            for number in range(1, 4):
                await until(lambda: len(office.asked) == number and box.idle)  # noqa: B023  # waited for right here
                if number == 3:
                    office.instead = (400, {"error": "invalid_grant"})
                server.kick()
            await until_it_says(box, "taken back")
            assert (await box.check()).kind == "auth"
        assert len(office.asked) == 4


class _Nothing(set[str]):
    """Nothing that is put in stays."""

    def add(self, element: str) -> None:
        """It does not."""


async def test_a_token_is_fetched_anew_before_it_ends_and_not_sooner() -> None:
    clock = ManualClock()
    async with token_office() as office:
        tokens = Tokens(OAuth.model_validate(oauth(office)), 10, clock.now)
        first = await tokens.token()
        clock.advance(minutes=58)
        assert await tokens.token() == first
        clock.advance(minutes=1)
        assert await tokens.token() != first
        assert len(office.given) == 2


async def test_a_token_that_lasts_no_minute_is_used_all_the_same() -> None:
    clock = ManualClock()
    async with token_office() as office:
        office.lasts = 10
        tokens = Tokens(OAuth.model_validate(oauth(office)), 10, clock.now)
        assert await tokens.token() == await tokens.token()
        clock.advance(seconds=6)
        await tokens.token()
        assert len(office.given) == 2


async def test_a_permission_that_changes_with_each_token_is_used_as_it_changes() -> None:
    clock = ManualClock()
    async with token_office() as office:
        office.next_permission = "token of the account izin baru"
        tokens = Tokens(OAuth.model_validate(oauth(office)), 10, clock.now)
        await tokens.token()
        clock.advance(hours=2)
        await tokens.token()
    assert [asked["refresh_token"] for asked in office.asked] == [PERMISSION, office.next_permission]


async def test_a_client_that_needs_no_permission_asks_in_its_own_name() -> None:
    async with token_office() as office:
        await Tokens(OAuth.model_validate(oauth(office, refresh_token=None, scope="imap/.default")), 10, ManualClock().now).token()
    assert office.asked == [{"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET, "scope": "imap/.default"}]


ANSWERS = {
    "the permission has ended": (400, {"error": "invalid_grant", "error_description": "rahasia-dalam"}, "auth", "its owner"),
    "the client is not known": (401, {"error": "invalid_client"}, "auth", "client_id"),
    "the scope is wrong": (400, {"error": "invalid_scope"}, "auth", "scope"),
    "not at the moment": (400, {"error": "temporarily_unavailable"}, "provider", "at the moment"),
    "it is broken": (500, {"error": "invalid_grant"}, "provider", "(500)"),
    "it is somewhere else": (302, "", "provider", "(302)"),
    "a page for people": (200, "<html>Selamat datang</html>", "provider", "token_url"),
    "no token": (200, {"expires_in": 5}, "provider", "token_url"),
    "a token that is none": (200, {"access_token": 5}, "provider", "token_url"),
    "a token that would begin a line": (200, {"access_token": "a\r\nb"}, "provider", "token_url"),
    "an end that is none": (200, {"access_token": "a", "expires_in": "besok"}, "provider", "token_url"),
    "an end beyond all time": (200, {"access_token": "a", "expires_in": "1e300"}, "provider", "token_url"),
    "a book": (200, {"access_token": "a" * 1_000_000}, "provider", "token_url"),
}


@pytest.mark.parametrize(("status", "words", "kind", "told"), ANSWERS.values(), ids=ANSWERS)
async def test_what_is_answered_instead_of_a_token_is_told_for_what_it_is(status: int, words: object, kind: str, told: str) -> None:
    async with token_office() as office:
        office.instead = (status, words)
        checked = await mailbox(1, oauth=oauth(office)).check()
    assert (checked.ok, checked.kind) == (False, kind)
    assert told in checked.sentence
    assert "rahasia" not in checked.sentence


async def test_an_office_that_is_closed_or_silent_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/token"
        office = TokenOffice()
        checked = await mailbox(1, oauth=oauth(office, token_url=url), timeout_seconds=0.2).check()
        assert (checked.ok, checked.kind) == (False, "timeout")
    checked = await mailbox(1, oauth=oauth(office, token_url=url)).check()
    assert (checked.ok, checked.kind) == (False, "unreachable")


# Configuration

IMAP = {"server": "imap.example:993", "user": "lapor", "password": "x"}
TOKEN = {"token_url": "https://token.example/", "client_id": "x", "refresh_token": "x"}
MISTAKES = {
    "a password in the open": ({**IMAP, "tls": "none"}, "anybody could read"),
    "a token in the open": ({**IMAP, "password": None, "oauth": {**TOKEN, "token_url": "http://token.example/"}}, "anybody on the way"),
    "a token by nothing": ({**IMAP, "password": None, "oauth": {**TOKEN, "refresh_token": None}}, "nobody would give a token"),
    "two ways to sign in": ({**IMAP, "oauth": TOKEN}, "one of them"),
    "no way to sign in": ({**IMAP, "password": None}, "one of them"),
    "moved to where it comes from": ({**IMAP, "processed": "INBOX"}, "another folder"),
}


@pytest.mark.parametrize(("block", "told"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_the_configuration_is_told(block: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        ImapIn.model_validate(block)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_on_this_machine_no_tls_is_needed(host: str) -> None:
    assert ImapIn.model_validate({**IMAP, "server": f"{host}:143", "tls": "none"}).tls == "none"


@pytest.mark.parametrize(
    ("said", "until"), [(86400, NOW + timedelta(days=1)), (None, None), (0, None), (-5, None), (10**15, None), ("86400", None), (True, None)]
)
async def test_a_permission_that_ends_says_when_if_the_provider_does(said: object, until: datetime | None) -> None:
    async with token_office() as office:
        office.more = {"refresh_token_expires_in": said} if said is not None else {}
        tokens = Tokens(OAuth.model_validate(oauth(office)), 5, lambda: NOW)
        await tokens.token()
        assert tokens.permission_until == until
