"""Make .venv from the hash-locked requirement files, once for each content and interpreter, then become the program. Standard library only."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
# What is installed. Removed before an install and written after it, so that one that was interrupted is done again.
STAMP = ENVIRONMENT / "installed"
# The second contains the first.
RUN, DEVELOP = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"


def main(arguments: list[str]) -> None:
    """Set up what the command needs, then run it."""
    command, *rest = arguments or ["--help"]
    set_up(DEVELOP if command in {"test", "lint", "torture"} else RUN)
    if command == "test":
        os.chdir(ROOT)
        # Starting workers takes longer than one file, so only a whole run is spread over the cores. One more than there are: half of the time a test waits.
        become("-m", "pytest", *(rest or ["-n", str((os.cpu_count() or 1) + 1), "--dist", "worksteal"]))
    if command == "lint":
        sys.exit(lint())
    become("-m", "gateway", command, *rest)


def set_up(lock: Path) -> None:
    """Bring .venv to what the lock says; nothing to do is the usual case and costs a few milliseconds."""
    with alone():
        if {whereabouts(), digest(lock)} <= installed():
            return
        say(f"Setting up .venv from {lock.name}: once, one to three minutes.")
        try:
            make_environment()
            install(lock)
            STAMP.write_text("\n".join([whereabouts(), digest(lock), digest(RUN)]))
        except OSError as error:
            stop(f"{ENVIRONMENT} cannot be written: {error.strerror}. Clone it again as yourself into a folder of your own, on a disk with room.")
        say("Set up.")


@contextmanager
def alone() -> Iterator[None]:
    """Two `./run` at once: the second waits for the first. The lock is on the folder, so that it leaves no file behind."""
    handle = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another ./run is setting up; waiting for it.")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def installed() -> set[str]:
    """What the stamp tells; nothing, if an install did not come to its end."""
    try:
        return set(STAMP.read_text().split()) if PYTHON.exists() else set()
    except OSError:
        return set()


def whereabouts() -> str:
    """Changes with the interpreter and with the place of the checkout, because the scripts in .venv hold both."""
    return hashlib.sha256("\0".join([sys.version, sys.base_prefix, str(ENVIRONMENT)]).encode()).hexdigest()


def digest(lock: Path) -> str:
    """Changes with the lock."""
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def make_environment() -> None:
    """An empty .venv with pip. A whole one of this interpreter stays, because a gateway may be running in it; half a one goes."""
    whole = whereabouts() in installed()
    STAMP.unlink(missing_ok=True)
    if whole:
        return
    if importlib.util.find_spec("ensurepip") is None:
        stop("This Python cannot make virtual environments.\n  Debian, Ubuntu:  sudo apt-get install python3-venv")
    try:
        venv.EnvBuilder(clear=True, symlinks=True, with_pip=True).create(ENVIRONMENT)
    except subprocess.CalledProcessError as error:
        stop(f"pip could not be put into {ENVIRONMENT}:\n{(error.output or b'').decode(errors='replace')}")


def install(lock: Path) -> None:
    """Only what the lock names, byte for byte; no code of a package runs while it is installed."""
    options = ["--disable-pip-version-check", "--no-input", "--require-hashes", "--only-binary=:all:"]
    # pip speaks on stdout, which belongs to the program that runs afterwards.
    done = subprocess.run([PYTHON, "-m", "pip", "install", *options, "-r", lock], stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
    if done.returncode:
        stop(f"pip could not install {lock.name}, for the reason above. The next ./run tries again.")


def lint() -> int:
    """Every linter, also after one has complained; the worst exit code."""
    checks = (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"])
    return max(subprocess.run([PYTHON, "-m", *check], cwd=ROOT, check=False).returncode for check in checks)


def become(*arguments: str) -> NoReturn:
    """Replace this process, so that signals and exit codes are the program's own. The folder stays, so that a path means what it meant when it was typed."""
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    os.execv(PYTHON, [str(PYTHON), *arguments])


def say(sentence: str) -> None:
    """For the person who waits."""
    print(sentence, file=sys.stderr, flush=True)


def stop(sentence: str) -> NoReturn:
    """It cannot go on."""
    say(sentence)
    sys.exit(1)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        stop("Interrupted. The next ./run does it again.")
