"""The README is true: what it tells a newcomer to type is typed here."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from gateway.assembly import deployment_key
from gateway.commands import COMMANDS
from gateway.config import load
from tests import nursery
from tests.ports import free_ports

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """As `./run`, in a folder of one's own (without the set-up: this Python has it all)."""
    return nursery.run(arguments, surroundings(), folder)


def surroundings() -> dict[str, str]:
    """The environment that `./run` makes."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def test_every_command_stands_in_the_readme_and_in_the_help(tmp_path: Path) -> None:
    helped = run("--help", folder=tmp_path).stdout
    for name in COMMANDS:
        assert f"./run {name}" in README
        assert name in helped
    named = set(re.findall(r"\./run ([a-z-]+)", README))
    assert named - set(COMMANDS) == {"test", "lint"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_commands_help_shows_an_example_or_its_commands(name: str, tmp_path: Path) -> None:
    helped = run(name, "--help", folder=tmp_path)
    assert helped.returncode == 0
    assert "Example: ./run" in " ".join(helped.stdout.split())


def test_every_file_that_the_readme_names_is_there() -> None:
    for name in re.findall(r"`([\w./-]+\.(?:py|toml|md|yml|lock))`", README) + re.findall(r'src="([^"]+)"', README):
        assert (ROOT / name).exists() or name in {"gateway.toml", ".demo/gateway.toml"}, name


def test_the_walk_names_functions_that_exist() -> None:
    walk = README.split("## One message")[1].split("## How to add")[0]
    source = "\n".join(path.read_text(encoding="utf-8") for folder in ("gateway", "channels", "normalizer") for path in (ROOT / folder).rglob("*.py"))
    for name in re.findall(r"`(?:[\w]+\.)*(\w+)`", walk):
        assert re.search(rf"\b(def|class|async def) {name}\b", source), name


def test_the_demo_plays_a_citizen_and_its_commands_find_the_report(tmp_path: Path) -> None:
    port = free_ports(2)[0]
    playing = subprocess.Popen(
        [sys.executable, "-m", "gateway", "demo", "--port", str(port)], cwd=tmp_path, env=surroundings(), stdout=subprocess.PIPE, text=True
    )
    try:
        assert playing.stdout is not None
        start = playing.stdout.readline().split()[-1]
        for door, channel in (("hp", "sms"), ("surel", "mail")):
            assert f'href="/{door}?' in read_until(start, re.compile(r"(?s).+"))
            said = urllib.parse.urlencode({"tulisan": "PPU lampu jalan mati di simpang Sotek"}).encode()
            # It ends where the conversation is shown.
            with urllib.request.urlopen(urllib.request.Request(start + door, said)) as answer:  # noqa: S310  # our own page on loopback
                assert answer.status == 200
                number = read_until(answer.url, NUMBER)
            traced = run("trace", number, "--config", ".demo/gateway.toml", folder=tmp_path)
            assert f"accepted by {channel} as {number}" in traced.stdout
            assert "owner diskominfo" in traced.stdout
        assert run("reconcile", "--config", ".demo/gateway.toml", folder=tmp_path).returncode == 0
        assert "active" in run("check", "--config", ".demo/gateway.toml", folder=tmp_path).stdout
        playing.send_signal(signal.SIGTERM)
        assert playing.wait(25) == 0
    finally:
        playing.kill()
        playing.communicate()


def read_until(page: str, what: re.Pattern[str]) -> str:
    """As a person who presses "reload" until it is there."""
    while True:
        with urllib.request.urlopen(page) as answer:  # noqa: S310  # as above
            found = what.search(answer.read().decode())
        if found:
            return found[0]


def test_the_example_is_a_configuration_that_checks_well(tmp_path: Path) -> None:
    shutil.copy(ROOT / "gateway.example.toml", tmp_path / "gateway.toml")
    assert run("config", folder=tmp_path).returncode == 0
    checked = run("check", folder=tmp_path)
    nobody_yet = "! channels: There are none yet: nobody can write. gateway.example.toml shows one of each kind.\n"
    assert (checked.returncode, checked.stdout) == (0, f"✓ store: It answers.\n{nobody_yet}")
    # Having looked is no first start: the key is made then, and after that it must not be lost.
    config = load(tmp_path / "gateway.toml", {})
    key = deployment_key(config)
    assert deployment_key(config) == key
    assert (config.data_dir / "deployment.key").stat().st_mode & 0o077 == 0


def test_a_configuration_with_mistakes_is_told_all_of_them(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text('nane = "x"\npublic_urls = ["http://lapor.example"]\n[outbox]\nsend_seconds = -1\n')
    checked = run("check", folder=tmp_path)
    assert checked.returncode == 1
    assert checked.stderr.count("✗") >= 4
    assert "name" in checked.stderr
    assert "Traceback" not in checked.stderr


def test_an_address_of_another_machine_is_a_sentence(tmp_path: Path) -> None:
    # RFC 5737: nobody's.
    listen = '[listen]\noperators = "127.0.0.1:0"\npublic = "192.0.2.1:8080"\n[journal]\nmin_free_bytes = 0\n'
    (tmp_path / "gateway.toml").write_text('name = "x"\npublic_urls = ["https://lapor.example"]\n' + listen)
    served = run("serve", folder=tmp_path)
    assert served.returncode == 1
    assert "192.0.2.1:8080 is no address of this machine" in served.stderr


def test_a_demo_whose_port_is_taken_says_how_to_find_free_ones(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        played = run("demo", "--folder", str(tmp_path / "demo"), "--port", str(port), folder=tmp_path)
    assert played.returncode == 1
    assert f"127.0.0.1:{port} is taken" in played.stderr
    assert "./run demo --port 0" in played.stderr


def test_a_port_that_is_taken_is_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f'[listen]\noperators = "127.0.0.1:0"\npublic = "127.0.0.1:{taken.getsockname()[1]}"\n[journal]\nmin_free_bytes = 0\n'
        (tmp_path / "gateway.toml").write_text('name = "x"\npublic_urls = ["https://lapor.example"]\n' + listen)
        served = run("serve", folder=tmp_path)
    assert served.returncode == 1
    assert "is taken: another program listens there" in served.stderr
    assert "choose another port" in served.stderr
    assert "Traceback" not in served.stderr
