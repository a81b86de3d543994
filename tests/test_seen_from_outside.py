"""Our own doors as others find them: the form through the public address, the door for mail servers, and how long their certificates hold."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from channels import About, Checked, certificates
from channels.mail.channel import Mail
from channels.mail.outside import Outside as MailOutside
from channels.mail.relay import Relay
from channels.mail.settings import Relay as RelaySettings
from channels.webform.channel import WebForm
from channels.webform.settings import WebFormSettings
from normalizer import Setting
from tests.certificates import Pair, needs_openssl, pair
from tests.mail_door import ABOUT, mail_door, settings
from tests.mail_relay import DROP, GARBAGE, RelayPeer, relay_peer
from tests.shelf import Shelf
from tests.test_health import nowhere
from tests.world import Deployment

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
Before = Callable[[web.Request], Awaitable[web.Response | None]]


async def _nothing(_: web.Request) -> web.Response | None:
    return None


@asynccontextmanager
async def proxied(behind: int, context: ssl.SSLContext | None = None, before: Before = _nothing) -> AsyncIterator[str]:
    """Something that stands before a gateway, as in any deployment; it may answer in its place. Its address."""

    async def passes(request: web.Request) -> web.Response:
        if instead := await before(request):
            return instead
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{behind}{request.path_qs}"
            headers = {"Content-Type": request.headers.get("Content-Type", "")}
            async with session.request(request.method, url, data=await request.read(), headers=headers) as answer:
                return web.Response(status=answer.status, body=await answer.read(), content_type=answer.content_type)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", passes)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        yield f"{'https' if context else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def form(home: str) -> WebForm:
    """As a node at that public address has it; it knows no door."""
    return WebForm("web", WebFormSettings(look_from_outside=True), About("Lapor Uji", Setting(), (home,), lambda: NOW))


def serving(papers: Pair) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(papers.certificate, papers.key)
    return context


@asynccontextmanager
async def web_node(deployment: Deployment) -> AsyncIterator[int]:
    """Its port."""
    async with deployment.node(channels='[channels.web]\nkind = "web-form"\n') as gateway:
        yield gateway.port


async def test_the_form_is_got_and_sent_as_by_a_browser_and_nothing_comes_of_it(on_sqlite: Deployment) -> None:
    async with on_sqlite.node(channels='[channels.web]\nkind = "web-form"\n') as gateway, proxied(gateway.port) as home:
        assert await form(home).check_in() == Checked(ok=True, sentence=f"The form can be used at {home}/lapor.")
        assert gateway.journal.counts.accepted == 0


async def test_it_is_not_looked_at_unless_that_is_wanted() -> None:
    web_form = WebForm("web", WebFormSettings(), About("Lapor Uji", Setting(), (nowhere(),), lambda: NOW))
    assert await web_form.check_in() == Checked(ok=True, sentence="")


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"GET": 502, "POST": 502}, "stands no form of ours (HTTP 502)."),
        ({"GET": 200, "POST": 200}, "stands no form of ours (HTTP 200)."),
        ({"POST": 403}, "can be seen, and cannot be sent (HTTP 403)."),
        ({"POST": 301}, "can be seen, and cannot be sent (HTTP 301)."),
    ],
)
async def test_what_stands_before_us_and_lets_nobody_through_is_told(on_sqlite: Deployment, answers: dict[str, int], words: str) -> None:
    async def instead(request: web.Request) -> web.Response | None:
        return web.Response(status=answers[request.method], text="not yours") if request.method in answers else None

    async with web_node(on_sqlite) as port, proxied(port, before=instead) as home:
        checked = await form(home).check_in()
        assert (checked.ok, checked.kind) == (False, "outside")
        assert checked.sentence.endswith(words)


async def test_nobody_there_is_told() -> None:
    home = nowhere()
    assert (await form(home).check_in()).sentence == f"The form at {home}/lapor cannot be reached (ClientConnectorError)."
    assert (await form("http://tidak-ada.invalid").check_in()).sentence == "The name in http://tidak-ada.invalid/lapor is not known."


async def test_a_form_of_another_deployment_is_not_ours(on_sqlite: Deployment) -> None:
    async with web_node(on_sqlite) as port, proxied(port) as home:
        ours = form(home)
        # The inlet of a node with another key.
        ours.routes(Shelf())
        assert (await ours.check_in()).sentence == f"At {home}/lapor stands the form of another deployment."


@needs_openssl
async def test_a_certificate_that_browsers_trust_is_known_with_its_end_and_another_is_told(
    on_sqlite: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers, other = pair(tmp_path), pair(tmp_path, "other")
    monkeypatch.setenv("SSL_CERT_FILE", str(papers.certificate))
    async with web_node(on_sqlite) as port:
        async with proxied(port, serving(papers)) as home:
            checked = await form(home).check_in()
        assert (checked.ok, checked.ends) == (True, {"address": end_of(papers)})
        async with proxied(port, serving(other)) as home:
            checked = await form(home).check_in()
        assert (checked.ok, checked.kind) == (False, "outside")
        assert checked.sentence.startswith(f"Browsers do not trust the certificate of {home}/lapor (self")


def end_of(papers: Pair) -> datetime:
    """As openssl reads it."""
    said = subprocess.run(["openssl", "x509", "-in", papers.certificate, "-noout", "-enddate"], capture_output=True, check=True, text=True).stdout
    return datetime.strptime(said.strip(), "notAfter=%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC)


@needs_openssl
@pytest.mark.parametrize("days", [1, 30, 11_000])
def test_the_end_of_a_certificate_is_what_openssl_says(tmp_path: Path, days: int) -> None:
    # From 2050 on, times are written with four digits of the year.
    papers = pair(tmp_path, days=days)
    assert certificates.of_file(papers.certificate) == end_of(papers)


@needs_openssl
def test_what_is_no_certificate_says_nothing(tmp_path: Path) -> None:
    der = ssl.PEM_cert_to_DER_cert(pair(tmp_path).certificate.read_text())
    for length in range(len(der)):
        with pytest.raises(ValueError, match=r"no certificate|not found"):
            certificates.ends_at(der[:length])
    (tmp_path / "empty.pem").write_text("")
    with pytest.raises(ValueError, match=r"no certificate|not found"):
        certificates.of_file(tmp_path / "empty.pem")


# Mail servers


async def asked(port: int, *, encrypts: bool = False) -> Checked:
    return await MailOutside(f"127.0.0.1:{port}", "ppu.example", encrypts=encrypts).ask()


@needs_openssl
@pytest.mark.parametrize("encrypts", [False, True])
async def test_our_own_door_is_found_and_nothing_is_left_behind(tmp_path: Path, *, encrypts: bool) -> None:
    papers = pair(tmp_path)
    shown: dict[str, Any] = {"certificate": papers.certificate, "private_key": papers.key} if encrypts else {}
    async with mail_door(tmp_path, **shown) as door:
        assert door.listener.port is not None
        checked = await asked(door.listener.port, encrypts=encrypts)
        assert checked == Checked(ok=True, sentence=f"Other mail servers find us at 127.0.0.1:{door.listener.port}.")
        await door.until_alone()
        assert await door.kept() == []


@pytest.mark.parametrize(
    ("answers", "encrypts", "words"),
    [
        ({"GREETING": "554 no"}, False, "At {} answers no mail server, or one that takes nothing."),
        ({"GREETING": "421 too many"}, False, "At {} answers no mail server, or one that takes nothing."),
        ({"EHLO": "502 what"}, False, "At {} answers no mail server, or one that takes nothing."),
        ({"GREETING": DROP}, False, "Our mail server at {} cannot be reached (ConnectionResetError)."),
        ({"EHLO": "250 relay.example"}, True, "Our mail server at {} offers no STARTTLS, and ours has a certificate: something before it takes that away."),
        ({"STARTTLS": "454 later"}, True, "Our mail server at {} offers STARTTLS and then refuses it."),
        ({"GREETING": "\r\n".join([GARBAGE] * 60)}, False, "Our mail server at {} cannot be reached (ValueError)."),
    ],
)
async def test_what_another_server_would_meet_is_told(answers: dict[str, str], words: str, *, encrypts: bool) -> None:
    async with relay_peer(RelayPeer(always=answers)) as port:
        assert (await asked(port, encrypts=encrypts)).sentence == words.format(f"127.0.0.1:{port}")


async def test_a_door_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.mail.outside._SECONDS", 0.2)
    hole = await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", 0)
    held: list[asyncio.StreamWriter] = []
    async with hole:
        port = hole.sockets[0].getsockname()[1]
        assert (await asked(port)).sentence == f"Our mail server at 127.0.0.1:{port} does not answer in time."
        for writer in held:
            writer.close()


@needs_openssl
async def test_the_listener_says_until_when_its_certificate_holds_also_after_a_renewal(tmp_path: Path) -> None:
    old, new = pair(tmp_path, days=5), pair(tmp_path, "new", days=90)
    mail = Mail("mail", settings(certificate=old.certificate, private_key=old.key), ABOUT)
    assert mail.listener is not None
    assert (await mail.check_in()).ends == {}
    async with mail.listener.listening(Shelf()):
        first = (await mail.check_in()).ends["certificate"]
        expected = end_of(new)
        new.key.replace(old.key)
        new.certificate.replace(old.certificate)
        assert (await mail.check_in()).ends["certificate"] == expected > first + timedelta(days=80)


# The other side


@needs_openssl
async def test_the_relay_is_told_with_the_end_of_its_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    papers = pair(tmp_path, days=9)
    monkeypatch.setenv("SSL_CERT_FILE", str(papers.certificate))
    async with relay_peer(RelayPeer(), context=serving(papers)) as port:
        relay = Relay(settings_of_relay(server=f"localhost:{port}", tls="implicit"), "ppu.example")
        assert (await relay.check()).ends == {"server": end_of(papers)}
    async with relay_peer(RelayPeer()) as port:
        assert (await Relay(settings_of_relay(server=f"localhost:{port}", tls="none"), "ppu.example").check()).ends == {}


def settings_of_relay(**block: Any) -> RelaySettings:  # noqa: ANN401  # its fields
    return RelaySettings.model_validate(block)
