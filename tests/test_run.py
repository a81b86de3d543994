"""`./run` on a machine that has only Python: it sets itself up once, also when two are started at once, and says what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A checkout whose locks are empty, so that nothing is fetched, with a gateway that repeats what it was told."""
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "bootstrap.py", tmp_path / "tools")
    shutil.copy(ROOT / "run", tmp_path)
    for lock in ("requirements.lock", "requirements-dev.lock"):
        (tmp_path / lock).write_text("# nothing\n", encoding="utf-8")
    (tmp_path / "gateway").mkdir()
    (tmp_path / "gateway" / "__init__.py").touch()
    (tmp_path / "gateway" / "__main__.py").write_text("import sys\nprint(sys.argv[1:])\n", encoding="utf-8")
    return tmp_path


def started(clone: Path, *arguments: str) -> subprocess.Popen[str]:
    """`./run` with these arguments, from another folder."""
    return subprocess.Popen([clone / "run", *arguments], cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str], told: str) -> str:
    """What it said on the way; what the gateway said must be `told`."""
    out, err = process.communicate()
    assert (process.returncode, out) == (0, told), err
    return err


def test_a_fresh_clone_is_set_up_once_and_again_when_it_has_to_be(clone: Path) -> None:
    together = [started(clone, "serve"), started(clone, "trace", "a b")]
    said = [ended(together[0], "['serve']\n"), ended(together[1], "['trace', 'a b']\n")]
    assert ["Set up." in words for words in said].count(True) == 1
    assert ended(started(clone, "serve"), "['serve']\n") == ""

    # Something that runs from .venv is not swept away under its feet by a lock that changed.
    (clone / ".venv" / "mine").touch()
    (clone / "requirements.lock").write_text("# nothing else\n", encoding="utf-8")
    assert "Set up." in ended(started(clone, "serve"), "['serve']\n")
    assert (clone / ".venv" / "mine").exists()

    # As an interrupted install leaves it.
    (clone / ".venv" / "installed").unlink()
    assert "Set up." in ended(started(clone, "serve"), "['serve']\n")
    assert not (clone / ".venv" / "mine").exists()


def test_the_laboratory_is_given_what_comes_with_development(clone: Path) -> None:
    (clone / "requirements-dev.lock").write_text("# nothing for development either\n", encoding="utf-8")
    assert "requirements-dev.lock" in ended(started(clone, "torture", "--minutes", "1"), "['torture', '--minutes', '1']\n")


def test_without_python_it_says_how_to_install_it(clone: Path) -> None:
    programs = clone / "bin"
    programs.mkdir()
    for name in ("sh", "dirname", "cat"):
        (programs / name).symlink_to(shutil.which(name) or os.devnull)
    done = subprocess.run([clone / "run", "demo"], env={"PATH": str(programs)}, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "found: none" in done.stderr
    assert "apt-get install python3 python3-venv" in done.stderr
