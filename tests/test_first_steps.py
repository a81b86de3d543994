"""What somebody meets who has a gateway since this morning: each slip is told in words that say what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.assembly import deployment_key
from gateway.config import load
from tests.test_readme import run

LEAST = 'name = "Lapor Sepaku"\npublic_urls = ["https://lapor.example"]\n'
WEB = '[channels.web]\nkind = "web-form"\n'


def configured(folder: Path, text: str) -> None:
    """The folder's gateway.toml."""
    (folder / "gateway.toml").write_text(LEAST + text, encoding="utf-8")


@pytest.mark.parametrize("command", ["check", "doctor"])
def test_a_code_that_no_region_has_is_told(tmp_path: Path, command: str) -> None:
    configured(tmp_path, f'region = "99.99.99"\nkeywords = {{ SPK = "64.09.04", PPU = "64.9" }}\n{WEB}region = "64.09.04"\n')
    said = run(command, folder=tmp_path)
    assert said.returncode == 1
    assert "region: no region has the code 99.99.99." in said.stdout
    assert "keywords.PPU: no region has the code 64.9." in said.stdout
    assert said.stdout.count("no region has the code") == 2


def test_elsewhere_codes_are_nobodys_to_judge(tmp_path: Path) -> None:
    configured(tmp_path, f'country = "TL"\nregion = "DI"\n{WEB}')
    assert "no region has" not in run("check", folder=tmp_path).stdout


def test_before_the_first_start_the_doctor_finds_nothing_wrong(tmp_path: Path) -> None:
    configured(tmp_path, WEB)
    said = run("doctor", folder=tmp_path)
    assert (said.returncode, "!" in said.stdout) == (0, False)
    assert "deployment.key is not there yet; it is made at the first start" in said.stdout
    assert "alerts.to: nobody: no one is told when a channel fails" in said.stdout


def test_a_key_that_is_gone_is_no_first_start(tmp_path: Path) -> None:
    configured(tmp_path, WEB)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "journal.db").touch()
    said = run("doctor", folder=tmp_path)
    assert said.returncode == 1
    assert "! deployment key: " in said.stdout
    assert "is gone. Bring it back from the backup" in said.stdout


def test_a_gateway_that_was_never_started_is_not_running(tmp_path: Path) -> None:
    configured(tmp_path, WEB)
    said = run("health", folder=tmp_path)
    assert said.returncode == 2
    assert said.stderr == "Nobody answers at 127.0.0.1:8090: the gateway does not run. Start it (./run serve), then ask again.\n"


def test_the_owner_has_its_name_without_a_directory_too(tmp_path: Path) -> None:
    configured(tmp_path, '[[agencies]]\ncode = "diskominfo"\nname = "Dinas Komunikasi"\ncoordinator = true\n')
    said = run("route", "lampu jalan mati", "--config", "gateway.toml", folder=tmp_path)
    assert "owner       diskominfo Dinas Komunikasi, because: " in said.stdout


def test_texts_judged_for_a_directory_that_is_not_there_say_so(tmp_path: Path) -> None:
    configured(tmp_path, "")
    (tmp_path / "judged.csv").write_text("text,agency\nlampu jalan mati,dishub\n")
    said = run("evaluate", "judged.csv", folder=tmp_path)
    assert said.returncode == 1
    assert "There is no directory of agencies here (routing.directory" in said.stderr


def test_a_pause_says_when_the_gateway_follows(tmp_path: Path) -> None:
    configured(tmp_path, '[health]\nheartbeat_seconds = 20\n[channels.surel]\nkind = "mail"\naddress = "lapor@sepaku.example"\n')
    with (tmp_path / "gateway.toml").open("a") as file:
        file.write('[channels.surel.smtp]\n[channels.surel.relay]\nserver = "127.0.0.1:2526"\ntls = "none"\n')
    assert "follows within 20 seconds" in run("pause", "surel", folder=tmp_path).stdout
    assert "follows within 20 seconds" in run("resume", "surel", folder=tmp_path).stdout


@pytest.mark.parametrize(
    ("command", "code", "told"),
    [
        (("user", "list"), 0, "0 may sign in. Add the first: ./run user add NAME"),
        (("user", "add", "budi", "--password-file", "password"), 0, "budi may sign in at http://127.0.0.1:8090/"),
        (("trace", "263W-38NH-7J98"), 1, "Nothing is known of 263W-38NH-7J98."),
        (("reconcile",), 0, "Nothing was accepted yet."),
        (("parked", "list"), 0, "0 parked."),
    ],
)
def test_before_the_first_start_a_command_finds_nothing_and_no_fault(tmp_path: Path, command: tuple[str, ...], code: int, told: str) -> None:
    configured(tmp_path, WEB)
    (tmp_path / "password").write_text("kuda laut biru\n")
    said = run(*command, folder=tmp_path)
    assert said.returncode == code
    assert told in said.stdout + said.stderr
    # And no fault of the first start, which makes the key.
    assert load(tmp_path / "gateway.toml", {}).data_dir.is_dir()
    assert deployment_key(load(tmp_path / "gateway.toml", {}))


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_bytes(b"\xff\xfe\x00")
    assert "gateway.toml is not UTF-8 text. Save it as UTF-8" in run("check", folder=tmp_path).stderr
