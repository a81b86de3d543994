"""A machine in a folder on which a page's commands are typed as they stand there: paths lead into the folder, ports are free ones, systemd is a little one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from tests.handbook import ROOT, shows
from tests.little_systemd import CLIENT, LittleSystemd

_PATIENCE_SECONDS = 60.0
# What is root's alone, or another machine's.
_STAND_INS = {
    "systemctl": CLIENT,
    "runuser": '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n',
    "chown": "#!/bin/sh\nexit 0\n",
    "journalctl": '#!/bin/sh\ncat "$MACHINE/log"\n',
    # The user and the group of the page are not on this machine.
    "install": f"#!{sys.executable}\nimport os, sys\nwords, kept = sys.argv[1:], []\nwhile words:\n"
    "    word = words.pop(0)\n    words[:1] = [] if word in ('-o', '-g') else words[:1]\n    kept += [] if word in ('-o', '-g') else [word]\n"
    "os.execv('/usr/bin/install', ['install', *kept])\n",
}
_SHIPPED = ("gateway", "channels", "normalizer", "docs", "CHANGELOG.md", "gateway.example.toml", "docker-compose.yml")


class Machine:
    """Close it."""

    def __init__(self, folder: Path, ports: dict[int, int]) -> None:
        """`ports`: those of the pages, and the ones that are free here."""
        self.folder = folder
        self._changes = {f"127.0.0.1:{old}": f"127.0.0.1:{new}" for old, new in ports.items()}
        self._changes |= {f"--port {old}": f"--port {new}" for old, new in ports.items()}
        places = {"/opt": "opt", "/etc/systemd/system": "units", "/etc": "etc", "/var/lib": "lib", "/var/backups": "backups", "/usr/local/bin": "bin"}
        for name, place in places.items():
            (folder / place).mkdir()
            own = "" if name in {"/etc/systemd/system", "/usr/local/bin"} else "/no-wrong-door"
            self._changes[name + own] = f"{folder / place}{own}"
        for proxy in ("/etc/caddy", "/etc/nginx"):
            (folder / proxy[1:]).mkdir()
            self._changes[proxy] = str(folder / proxy[1:])
        self._changes["REPOSITORY"] = str(self._upstream())
        for name, text in _STAND_INS.items():
            (folder / "bin" / name).write_text(text)
            (folder / "bin" / name).chmod(0o755)
        path = f"{folder / 'bin'}:{os.environ['PATH']}"
        self._surroundings = {**os.environ, "PATH": path, "MACHINE": str(folder)}
        self.systemd = LittleSystemd(folder, self._surroundings)
        self._second: subprocess.Popen[str] | None = None
        self._second_says: IO[str] | None = None

    def close(self) -> None:
        """Everything ends."""
        if self._second is not None:
            self._second.terminate()
            self._second.communicate()
        if self._second_says is not None:
            self._second_says.close()
        self.systemd.close()

    def here(self, text: str) -> str:
        """What a page says, as it is on this machine."""
        for old, new in self._changes.items():
            text = text.replace(old, new)
        return text

    def _upstream(self) -> Path:
        """A repository of what is being tested, whose `run` has no need to set itself up."""
        upstream = self.folder / "upstream"
        for name in _SHIPPED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, upstream / name, ignore=shutil.ignore_patterns("__pycache__", "*.png"))
            else:
                shutil.copy(source, upstream / name)
        for file in (*(upstream / "docs" / "systemd").iterdir(), *(upstream / "docs" / "proxy").iterdir()):
            file.write_text(self.here(file.read_text()))
        (upstream / "run").write_text(f'#!/bin/sh\nPYTHONPATH=$(cd "$(dirname "$0")" && pwd -P) exec {sys.executable} -m gateway "$@"\n')
        (upstream / "run").chmod(0o755)
        for command in (["init", "--quiet"], ["add", "--all"], ["-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "--quiet", "--message", "a"]):
            subprocess.run(["git", "-C", upstream, *command], check=True)
        return upstream

    def type(self, text: str, stdin: str = "") -> tuple[int, str]:
        """Into a fresh shell; how it ended, and all that it said."""
        script = f"set -eu\n{self.here(text)}"
        done = subprocess.run(
            ["sh", "-c", script],
            cwd=self.folder,
            env=self._surroundings,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_PATIENCE_SECONDS,
        )
        return done.returncode, done.stdout

    def type_in_second_terminal(self, command: str) -> None:
        """It runs until close()."""
        said = self.folder / "second-terminal"
        self._second_says = said.open("w")
        self._second = subprocess.Popen(
            ["sh", "-c", f"exec {self.here(command)}"],
            cwd=self.folder,
            env=self._surroundings,
            stdin=subprocess.PIPE,
            stdout=self._second_says,
            stderr=self._second_says,
            text=True,
        )

    def type_into_it(self, text: str) -> None:
        """Into what runs in the second terminal."""
        assert self._second is not None
        assert self._second.stdin is not None
        self._second.stdin.write(f"{text}\n")
        self._second.stdin.flush()

    def until_second_terminal_shows(self, expected: str, since: int) -> int:
        """Where it has said so, counted in characters; `since`: where to look from."""
        file, end = self.folder / "second-terminal", time.monotonic() + _PATIENCE_SECONDS
        while True:
            seen = file.read_text()
            missing = shows(self.here(expected), seen[since:])
            if not missing:
                return len(seen)
            assert time.monotonic() < end, f"The second terminal does not show {missing!r} but:\n{seen}"
            time.sleep(0.05)
