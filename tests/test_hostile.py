"""A stranger who means harm: what was tried against the gateway, and must not work again."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from channels.mail.settings import SmtpIn
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


async def test_a_door_that_fails_tells_the_log_which_door_and_no_private_link(capsys: pytest.CaptureFixture[str]) -> None:
    async def broken(_: web.Request) -> web.Response:
        raise RuntimeError

    app = server.public([])
    app.router.add_get("/laporan/{link}", broken)
    runner, port = await server.listen(app, "127.0.0.1", 0)
    reader, writer = await knock(port, b"GET /laporan/rahasia HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    async with asyncio.timeout(10):
        assert b" 503 " in await reader.read()
    writer.close()
    await runner.cleanup()
    said = capsys.readouterr().out
    assert "/laporan/{link}" in said
    assert "rahasia" not in said


async def test_the_operators_listener_leaves_file_handles_to_citizens() -> None:
    """A process usually has 1024: whoever fills one door must not close the others."""
    runner, port = await server.listen(server.private(), "127.0.0.1", 0, most=server.MAX_OPERATORS)
    knocks = [await knock(port) for _ in range(server.MAX_OPERATORS + 50)]
    reader, writer = await knock(port, b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    async with asyncio.timeout(10):
        assert b" 404 " in await reader.read()
    limit = server.connections(runner)
    assert (limit.allowed, limit.rejected >= 50, (limit.used or 0) <= server.MAX_OPERATORS) == (server.MAX_OPERATORS, True, True)
    assert server.MAX_CONNECTIONS + server.MAX_OPERATORS + SmtpIn().max_connections < 1024
    for _, one in [*knocks, (reader, writer)]:
        one.close()
    await runner.cleanup()
