"""Files that Twilio refers to, and the private network that nobody gets to see through us."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from channels import FetchFailed
from channels.sms.guard import is_public
from channels.sms.media import Media
from gateway import server
from gateway.demo.twilio import Twilio
from tests.sms_channel import ACCOUNT, CITIZEN, OURS, TOKEN, channel

PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + bytes(100_000)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Names(AbstractResolver):
    """A name server that says what it is told to, one answer after the other; the last one for ever."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        self._answers = list(answers)
        self.asked = 0

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        self.asked += 1
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        kinds = {True: socket.AF_INET6, False: socket.AF_INET}
        return [ResolveResult(hostname=host, host=a, port=port, family=kinds[":" in a], proto=0, flags=socket.AI_NUMERICHOST) for a in found]

    async def close(self) -> None:
        """Nothing is open."""


@asynccontextmanager
async def provider(answer: Handler, names: AbstractResolver | None = None, **limits: Any) -> AsyncIterator[tuple[str, Media]]:  # noqa: ANN401
    """A provider that answers like this, and one account's files there."""
    app = web.Application()
    app.router.add_get("/{any:.*}", answer)
    runner, port = await server.listen(app, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{port}"
    media = Media(url, (ACCOUNT, TOKEN), **{"max_bytes": 1_000_000, "seconds": 5} | limits, resolver=names)
    try:
        yield url, media
    finally:
        await media.close()
        await runner.cleanup()


async def got(media: Media, url: str) -> tuple[str, bytes]:
    fetched = await media.fetch(url)
    return fetched.type, b"".join([chunk async for chunk in fetched.chunks])


async def lost(media: Media, url: str) -> tuple[str, bool]:
    with pytest.raises(FetchFailed) as failed:
        await got(media, url)
    return failed.value.reason, failed.value.permanent


def saying(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers=headers)

    return answer


def leading_to(location: str) -> Handler:
    return saying(b"", 307, {"Location": location})


@pytest.mark.parametrize("redirect", [None, ""])
async def test_a_picture_is_fetched_from_the_provider_with_and_without_a_redirect(redirect: str | None) -> None:
    twilio = Twilio(ACCOUNT, TOKEN)
    twilio.media_redirect = redirect
    async with twilio.serve() as url:
        params, _ = twilio.incoming(url, from_=CITIZEN, to=OURS["sms"], body="", media=[("foto.png", "image/png", PNG)])
        sms = channel(api_base=url)
        fetched = await sms.fetch(params["MediaUrl0"])
        assert (fetched.type, b"".join([chunk async for chunk in fetched.chunks])) == ("image/png", PNG)
        await sms.close()


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heic"),
        (b"GIF89a\1\0\1\0", "image/gif"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "video/mp4"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "video/mp4"),
        (b"\0\0\0\x18ftyp3gp4\0\0\0\x003gp4isom", "video/3gpp"),
        (b"#!AMR\n<" + bytes(32), "audio/amr"),
        (b"OggS\0\2", "audio/ogg"),
        (b"ID3\4\0\0", "audio/mpeg"),
        (b"\0\0\0\x18ftypM4A \0\0\0\0M4A ", "audio/mp4"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"<html><script>alert(1)</script>", None),
        (b"BEGIN:VCARD\r\n", None),
        (b"MZ\x90\0", None),
        (b"PK\3\4", None),
        (b"", None),
    ],
)
async def test_a_file_is_what_its_content_says_and_only_some_kinds_are_kept(head: bytes, kind: str | None) -> None:
    async with provider(saying(head, headers={"Content-Type": "image/png"})) as (url, media):
        if kind:
            assert await got(media, url) == (kind, head)
        else:
            assert await lost(media, url) == ("not an allowed kind of file", True)


async def test_a_file_that_is_too_large_is_not_kept() -> None:
    async with provider(saying(PNG), max_bytes=50_000) as (url, media):
        assert await lost(media, url) == ("too large", True)


async def test_a_small_gzip_of_a_large_file_is_too_large() -> None:
    async with provider(saying(gzip.compress(PNG), headers={"Content-Encoding": "gzip"}), max_bytes=50_000) as (url, media):
        assert await lost(media, url) == ("too large", True)


async def test_a_file_without_a_length_is_counted_while_it_comes() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(PNG)
        await answer.write(PNG)
        return answer

    async with provider(endless, max_bytes=150_000) as (url, media):
        assert await lost(media, url) == ("too large", True)


@pytest.mark.parametrize(("status", "permanent"), [(404, True), (410, True), (401, False), (403, False), (429, False), (500, False)])
async def test_a_file_that_is_gone_is_gone_and_everything_else_is_tried_again(status: int, permanent: bool) -> None:  # noqa: FBT001  # a table
    async with provider(saying(PNG, status)) as (url, media):
        assert (await lost(media, url))[1] is permanent


async def test_a_file_that_breaks_off_is_tried_again() -> None:
    async def broken(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": str(len(PNG))})
        await answer.prepare(request)
        await answer.write(PNG[:50_000])
        assert request.transport is not None
        request.transport.close()
        return answer

    async with provider(broken) as (url, media):
        assert await lost(media, url) == ("the connection failed or broke off", False)


async def test_a_file_that_never_ends_is_tried_again() -> None:
    closing = asyncio.Event()

    async def hanging(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": str(len(PNG))})
        await answer.prepare(request)
        await answer.write(PNG[:50_000])
        await closing.wait()
        return answer

    async with provider(hanging, seconds=0.2) as (url, media):
        assert await lost(media, url) == ("took too long", False)
        closing.set()


PRIVATE = (
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1"),  # noqa: S104
    *("198.18.0.1", "203.0.113.1", "192.88.99.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::1", "::", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::7f00:1", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "fe80::1", "fe80::1%eth0"),
    *("fec0::1", "fc00::1", "fd00::1", "ff02::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "100::1"),
)


@pytest.mark.parametrize("address", [*PRIVATE, "", "localhost", "2130706433", "127.1", "0x7f.0.0.1"])
def test_a_private_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "52.216.1.1", "2606:4700::1111", "2a00:1450:4001::1"])
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The internet is not here: every attempt to connect to it is written down and refused. Loopback works."""
    attempts: list[object] = []
    really = asyncio.SelectorEventLoop.sock_connect

    async def connect(loop: asyncio.SelectorEventLoop, sock: socket.socket, address: tuple[Any, ...]) -> None:
        if address[0] == "127.0.0.1" and address[1] != 443:
            return await really(loop, sock, address)
        attempts.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_connect", connect)
    return attempts


@pytest.mark.parametrize("address", [address for address in PRIVATE if "%" not in address])
@pytest.mark.parametrize("beside", [(), ("8.8.8.8",)])
async def test_a_name_that_leads_into_a_private_network_is_not_followed(address: str, beside: tuple[str, ...], connected: list[object]) -> None:
    async with provider(leading_to("https://cdn.example/x"), Names((*beside, address))) as (url, media):
        assert await lost(media, url) == ("leads into a private network", True)
        assert await lost(media, "https://cdn.example/x") == ("leads into a private network", True)
    assert connected == []


@pytest.mark.parametrize("host", [f"[{a}]" if ":" in a else a for a in PRIVATE if "%" not in a] + ["2130706433", "127.1", "127.0.0.1.", "[::ffff:7f00:1]"])
async def test_a_private_address_is_not_followed(host: str, connected: list[object]) -> None:
    async with provider(leading_to(f"https://{host}/x"), Names(("127.0.0.1",))) as (url, media):
        assert (await lost(media, url))[1]
        assert (await lost(media, f"https://{host}/x"))[1]
    assert connected == []


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "/relative",
        "nonsense",
        "http://cdn.example/x",
        "https://cdn.example:8443/x",
        "https://user:word@cdn.example/x",
        "http://{home}@cdn.example/x",
        "http://localhost:{port}/x",
        "https://127.0.0.1:{port}/x",
        "http://127.0.0.1:1/x",
        "file:///etc/passwd",
        "ftp://cdn.example/x",
        "http://[::1/x",
        "https://",
        "data:image/png;base64,AAAA",
    ],
)
async def test_nothing_but_the_providers_own_origin_and_https_is_asked(reference: str, connected: list[object]) -> None:
    async with provider(saying(PNG), Names(("8.8.8.8",))) as (url, media):
        home = url.removeprefix("http://")
        assert (await lost(media, reference.format(home=home, port=home.rpartition(":")[2])))[1]
    assert connected == []


async def test_what_is_checked_is_what_is_connected_although_the_name_changes_its_mind(connected: list[object]) -> None:
    names = Names(("8.8.8.8",), ("127.0.0.1",))
    async with provider(leading_to("https://cdn.example/x"), names) as (url, media):
        assert await lost(media, url) == ("the connection failed or broke off", False)
        assert (connected, names.asked) == ([("8.8.8.8", 443)], 1)
        assert await lost(media, url) == ("leads into a private network", True)
        assert connected == [("8.8.8.8", 443)]


async def test_redirects_come_to_an_end() -> None:
    asked: list[str] = []

    async def around(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=302, headers={"Location": f"/{len(asked)}"})

    async with provider(around) as (url, media):
        assert await lost(media, url) == ("sent from one address to the next without end", True)
    assert asked == ["/", "/1", "/2", "/3", "/4", "/5"]


async def test_the_environments_proxy_is_not_asked(monkeypatch: pytest.MonkeyPatch, connected: list[object]) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with provider(saying(PNG), Names(("8.8.8.8",))) as (url, media):
        assert await got(media, url) == ("image/png", PNG)
        await lost(media, "https://cdn.example/x")
    assert connected == [("8.8.8.8", 443)]
