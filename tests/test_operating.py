"""Who operates it: a clean stop however much hangs, what systemd hears, what the doctor says, and logs that name nobody."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import typer

from gateway import systemd
from gateway.commands.health import health
from gateway.config import Config
from tests.nursery import ROOT
from tests.ports import free_port
from tests.test_kill import serving
from tests.test_readme import run

CONFIG = """
name = "Lapor Uji"
public_urls = ["http://127.0.0.1:{port}"]
[listen]
public = "127.0.0.1:{port}"
operators = "127.0.0.1:0"
[journal]
min_free_bytes = 0
[channels.web]
kind = "web-form"
"""


_FOR_A_MOMENT = """
import asyncio, sys
from pathlib import Path
from gateway.assembly import running
from gateway.config import load

async def main():
    async with running(load(Path(sys.argv[1]), {})) as gateway:
        while not gateway.intake._prepared:
            await asyncio.sleep(0.01)

asyncio.run(main())
"""


def configured(folder: Path) -> tuple[Path, int]:
    """A gateway with a form."""
    port = free_port()
    file = folder / "gateway.toml"
    file.write_text(CONFIG.format(port=port))
    return file, port


def test_systemd_hears_what_it_is_told_and_nobody_else_needs_it(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ears:
        ears.bind(str(tmp_path / "notify"))
        systemd.tell("READY=1", {"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert ears.recv(100) == b"READY=1"
    systemd.tell("READY=1", {"NOTIFY_SOCKET": str(tmp_path / "nowhere")})
    systemd.tell("READY=1", {})


async def test_a_watchdog_hears_that_the_gateway_lives(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ears:
        ears.bind(str(tmp_path / "notify"))
        ears.setblocking(False)  # noqa: FBT003  # the socket's own
        telling = asyncio.create_task(systemd.still_alive({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "20000"}))
        for _ in range(3):
            assert await asyncio.get_running_loop().sock_recv(ears, 100) == b"WATCHDOG=1"
        telling.cancel()
    await systemd.still_alive({})


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
async def test_a_service_says_ready_and_stopping_and_ends_well(tmp_path: Path, name: signal.Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    config, port = configured(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ears:
        ears.bind(str(tmp_path / "notify"))
        ears.setblocking(False)  # noqa: FBT003  # the socket's own
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        loop = asyncio.get_running_loop()
        async with serving(config, port) as process, asyncio.timeout(100):
            assert await loop.sock_recv(ears, 100) == b"READY=1"
            process.send_signal(name)
            assert await loop.sock_recv(ears, 100) == b"STOPPING=1"
            assert await process.wait() == 0


def test_the_doctor_says_what_is_there_and_no_secret(tmp_path: Path) -> None:
    config, _ = configured(tmp_path)
    newest = max(file.name[:4] for file in (ROOT / "gateway" / "store" / "migrations" / "versions").glob("0*.py"))
    said = run("doctor", "--config", str(config), folder=tmp_path)
    assert "is not there yet" in said.stdout
    subprocess.run([sys.executable, "-c", _FOR_A_MOMENT, str(config)], env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)
    said = run("doctor", "--config", str(config), folder=tmp_path)
    assert f"version {newest}" in said.stdout
    assert "wait for the store" in said.stdout
    secrets = [(tmp_path / "data" / name).read_text() for name in ("deployment.key", "operators.token")]
    assert not any(secret in said.stdout for secret in secrets)
    facts = json.loads(run("doctor", "--json", "--config", str(config), folder=tmp_path).stdout)
    assert facts["python"]["ok"] is True


def test_what_a_library_logs_of_an_exception_says_none_of_its_words() -> None:
    program = """
import logging
from gateway import logs
logs.start(terminal=False)
try:
    raise ValueError("rahasia " + "warga")
except ValueError:
    logging.getLogger("library").exception("it failed")
"""
    said = subprocess.run([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True)
    assert said.stderr.splitlines() == ["ERROR library it failed", "ValueError at <string>:6"]


async def test_health_says_each_part_in_a_sentence_and_ends_by_whether_all_is_well(tmp_path: Path) -> None:
    config, port = configured(tmp_path)
    operators = free_port()
    config.write_text(config.read_text().replace('operators = "127.0.0.1:0"', f'operators = "127.0.0.1:{operators}"'))
    asleep = await asyncio.to_thread(run, "health", "--config", str(config), folder=tmp_path)
    assert (asleep.returncode, asleep.stdout) == (2, "")
    assert f"Nobody answers at 127.0.0.1:{operators}" in asleep.stderr
    async with serving(config, port):
        # Nobody has looked at first; that is not well, and is said.
        async with asyncio.timeout(100):
            while (awake := await asyncio.to_thread(run, "health", "--config", str(config), folder=tmp_path)).returncode != 0:
                assert "?" in awake.stdout
                assert "Traceback" not in awake.stderr
        assert awake.stdout.splitlines() == [
            "✓ web in: Reports are accepted. Nothing has to be done.",
            *(f"✓ {part}: Nothing has to be done." for part in ("journal", "store", "intake", "files", "clock")),
        ]
        token = tmp_path / "data" / "operators.token"
        told = json.loads((await asyncio.to_thread(run, "health", "--json", "--config", str(config), folder=tmp_path)).stdout)
        assert told["parts"]["web"]["in"]["state"] == "ok"
        assert token.read_text() not in awake.stdout
        token.write_text("another")
        stranger = await asyncio.to_thread(run, "health", "--config", str(config), folder=tmp_path)
        assert (stranger.returncode, stranger.stdout) == (2, "")
        assert "does not know this token" in stranger.stderr


_HOLD_THE_DOOR = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execv(sys.executable, [sys.executable, "-m", "gateway", "serve", "--config", sys.argv[2]])
"""


@asynccontextmanager
async def handed(door: socket.socket, config: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A gateway that systemd would start."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = (sys.executable, "-c", _HOLD_THE_DOOR, str(door.fileno()), str(config))
    process = await asyncio.create_subprocess_exec(*command, pass_fds=[door.fileno()], env=environment)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def test_who_may_not_read_the_token_is_told_so_and_not_that_nobody_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config, _ = configured(tmp_path)

    def forbidden(_: Config) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", "data/operators.token")

    # Root, as whom tests may run, is forbidden nothing.
    monkeypatch.setattr("gateway.commands.running._token", forbidden)
    with pytest.raises(typer.Exit) as ended:
        health(config)
    assert ended.value.exit_code == 2
    assert "data/operators.token cannot be read by who types this" in capsys.readouterr().err


async def test_who_calls_while_it_is_started_again_waits_and_is_not_refused(tmp_path: Path) -> None:
    config, port = configured(tmp_path)
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(("127.0.0.1", port))
        door.listen(512)
        door.setblocking(False)  # noqa: FBT003  # the socket's own
        async with aiohttp.ClientSession() as session, asyncio.timeout(100):

            async def ask() -> int:
                async with session.get(f"http://127.0.0.1:{port}/lapor", headers={"Connection": "close"}) as answer:
                    return answer.status

            for ending in (signal.SIGTERM, signal.SIGKILL):
                # Nobody is there yet; they are answered all the same.
                early = [asyncio.create_task(ask()) for _ in range(20)]
                async with handed(door, config) as process:
                    assert await asyncio.gather(*early) == [200] * 20
                    process.send_signal(ending)
                    await process.wait()


def test_a_door_of_another_process_or_another_port_is_not_taken() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        assert systemd.door(port, {}) is None
        assert systemd.door(port, {"LISTEN_PID": "1", "LISTEN_FDS": "1"}) is None
        assert systemd.door(port, {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "0"}) is None
