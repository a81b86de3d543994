"""A stranger who means harm: what was tried against the gateway, and must not work again."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from gateway import server
from gateway.blobs import Blobs
from gateway.harmless import harmless


async def knock(port: int, said: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection, and the first words on it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    return reader, writer


async def test_whoever_holds_connections_open_and_says_nothing_keeps_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 20)
    app = server.public([])

    async def door(_: web.Request) -> web.Response:
        return web.Response(text="taken")

    app.router.add_post("/in/sms/message", door)
    runner, port = await server.listen(app, "127.0.0.1", 0)
    silent = [await knock(port) for _ in range(60)]
    reader, writer = await knock(port, b"POST /in/sms/message HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    async with asyncio.timeout(10):
        assert b"200 OK" in await reader.read()
    assert runner.server is not None
    assert len(runner.server.connections) <= 20
    for _, one in [*silent, (reader, writer)]:
        one.close()
    await runner.cleanup()


@pytest.mark.parametrize(
    "said", [b"GET http://[::1/in HTTP/1.1\r\nHost: a\r\n\r\n", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: abc\r\n\r\n", b"\x00\xff\r\n\r\n"]
)
async def test_what_is_no_http_is_answered_and_fills_no_log(said: bytes, caplog: pytest.LogCaptureFixture) -> None:
    runner, port = await server.listen(server.public([]), "127.0.0.1", 0)
    reader, writer = await knock(port, said)
    async with asyncio.timeout(10):
        answer = await reader.read(12)
    assert b" 40" in answer
    assert caplog.records == []
    writer.close()
    await runner.cleanup()


async def test_pictures_never_take_the_room_of_reports(tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(1000)

    free = os.statvfs(tmp_path)
    blobs = Blobs(tmp_path / "blobs", min_free_bytes=2 * free.f_bavail * free.f_frsize)
    with pytest.raises(OSError, match="nearly full") as full:
        await blobs.keep(endless())
    assert full.value.errno == errno.ENOSPC
    assert list((tmp_path / "blobs").iterdir()) == []


def test_a_terminal_obeys_nobody_who_wrote_a_report() -> None:
    assert harmless("a\x1b]0;pwned\x07\x9b31m\u202e\ud800b\n") == "a\\x1b]0;pwned\\x07\\x9b31m\\u202e\\ud800b\n"
    assert harmless("Jalan rusak — café 😀") == "Jalan rusak — café 😀"
