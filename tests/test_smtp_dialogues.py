r"""What is said at the door for mail servers, as scripts: each file of tests/smtp/ is one connection.

# a sentence           what it shows
SET max_errors 3       a setting of the listener
PROXIED                at the balancer's door
C: text                the client says this line (\r \n \0 \t \xFF stand for octets)
C*100: text            a hundred times
C~ text                the same without the end of a line
C: (ends)              it has said all, and goes on listening
S: text                the server answers this line; ... stands for anything
S: (closes)            the server has closed
KEPT: text             one mail was kept, of these octets
WITH: name = text      and the door said this of it
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from channels import Arrival
from tests.mail_door import Client, mail_door

SCRIPTS = sorted((Path(__file__).parent / "smtp").glob("*.dialogue"))
# Octets that a script has no other way to write.
_ESCAPE = re.compile(rb"\\(r|n|t|0|\\|x[0-9A-F]{2})")
_OCTETS = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0", b"\\": b"\\"}


@dataclass
class Script:
    """A file, read."""

    settings: dict[str, Any] = field(default_factory=dict)
    proxied: bool = False
    steps: list[tuple[str, str]] = field(default_factory=list)
    kept: list[bytes] = field(default_factory=list)
    said: list[dict[str, str]] = field(default_factory=list)


def octets(text: str) -> bytes:
    return _ESCAPE.sub(lambda found: _OCTETS.get(found[1]) or bytes.fromhex(found[1][1:].decode()), text.encode())


def lines(path: Path) -> Iterator[str]:
    return (line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))


def parsed(path: Path) -> Script:
    script = Script()
    for line in lines(path):
        word, _, text = line.partition(" ")
        match word:
            case "SET":
                script.settings[text.split()[0]] = int(text.split()[1])
            case "PROXIED":
                script.proxied = True
            case "KEPT:":
                script.kept.append(octets(text))
                script.said.append({})
            case "WITH:":
                name, _, value = text.partition(" =")
                script.said[-1][name] = value.strip()
            case _:
                script.steps.append((word, text))
    return script


async def play(client: Client, step: str, text: str, place: str) -> None:
    if step == "S:":
        heard = await client.hear()
        wanted = ".*".join(map(re.escape, text.split("..."))) if text != "(closes)" else ""
        assert re.fullmatch(wanted, heard), f"{place}: heard {heard!r}"
    elif text == "(ends)":
        client.writer.write_eof()
    elif step == "C~":
        client.writer.write(octets(text))
    else:
        times = re.fullmatch(r"C(?:\*(\d+))?:", step)
        assert times, f"{place}: this is no line of a script"
        client.writer.write((octets(text) + b"\r\n") * int(times[1] or 1))


@pytest.mark.parametrize("path", SCRIPTS, ids=[path.stem.replace("-", " ") for path in SCRIPTS])
async def test_a_dialogue(path: Path, tmp_path: Path) -> None:
    script = parsed(path)
    async with mail_door(tmp_path, **script.settings, listen_proxied="127.0.0.1:0") as door:
        async with door.client(proxied=script.proxied) as client:
            for i, (step, text) in enumerate(script.steps):
                await play(client, step, text, f"{path.name}, step {i + 1} ({step} {text[:60]})")
        await door.until_alone()
        kept = await door.kept()
    assert [arrival.raw for arrival in kept] == script.kept
    for arrival, said in zip(kept, script.said, strict=True):
        assert {name: shown(arrival, name) for name in said} == said


def shown(arrival: Arrival, name: str) -> str:
    text = arrival.meta.get(name, "-")
    return ", ".join(json.loads(text)) if name == "rcpt_to" else text


@pytest.mark.parametrize("path", SCRIPTS, ids=[path.stem for path in SCRIPTS])
def test_a_script_says_what_it_shows(path: Path) -> None:
    assert re.match(r"# .+\.\n", path.read_text(encoding="utf-8"))
    assert parsed(path).steps
