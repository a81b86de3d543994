"""systemd's units in docs/systemd/: systemd itself finds nothing wrong with them, and what they say agrees with the code."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from gateway import server
from gateway.commands.serve import LAST_RESORT_SECONDS
from gateway.config_blocks import ListenBlock
from tests.handbook import ROOT

FOLDER = ROOT / "docs" / "systemd"
UNITS = sorted(file.name for file in FOLDER.iterdir() if file.suffix)


def said(unit: str, key: str) -> list[str]:
    """All values of a key."""
    lines = (FOLDER / unit).read_text(encoding="utf-8").splitlines()
    return [value for name, equals, value in (line.partition("=") for line in lines) if equals and name == key]


@pytest.mark.peer("systemd-analyze", "apt-get install systemd")
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_finds_nothing_wrong(unit: str, tmp_path: Path) -> None:
    for name in UNITS:
        # What it starts must be there; on this machine it is /bin/true.
        text = (FOLDER / name).read_text(encoding="utf-8").replace("/opt/no-wrong-door/run", str(shutil.which("true")))
        (tmp_path / name).write_text(text.replace("WorkingDirectory=/opt/no-wrong-door", "WorkingDirectory=/"))
    looked = subprocess.run(["systemd-analyze", "verify", tmp_path / unit], capture_output=True, text=True, check=False)
    assert (looked.returncode, looked.stderr) == (0, "")


@pytest.mark.peer("systemd-analyze", "apt-get install systemd")
def test_the_service_may_do_little() -> None:
    looked = subprocess.run(
        # 10 is "unsafe", a service without any of it has 96; this one has 17.
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", FOLDER / "no-wrong-door.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert looked.returncode == 0, looked.stdout[-200:]


def test_the_units_agree_with_the_code() -> None:
    assert said("no-wrong-door.socket", "ListenStream") == [str(ListenBlock().public)]
    assert said("no-wrong-door.socket", "Backlog") == [str(server.BACKLOG)]
    [stop] = said("no-wrong-door.service", "TimeoutStopSec")
    assert int(stop) > LAST_RESORT_SECONDS
    assert int(said("no-wrong-door.service", "LimitNOFILE")[0]) > 2 * server.MAX_CONNECTIONS
    assert said("no-wrong-door.service", "Requires") == ["no-wrong-door.socket"]
    assert said("no-wrong-door.service", "Type") == ["notify"]
    command = (FOLDER / "no-wrong-door").read_text(encoding="utf-8")
    for unit in ("no-wrong-door.service", "no-wrong-door-backup.service"):
        [user] = said(unit, "User")
        assert f"--user={user}" in command
        assert all(setting in command for setting in said(unit, "Environment"))
