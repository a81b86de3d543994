"""As much of systemd as the pages need, without root: it reads the units that a page had installed, holds the door, starts services and hears READY=1."""

from __future__ import annotations

import shlex
import signal
import socket
import socketserver
import subprocess
import sys
import threading
from collections import defaultdict
from pathlib import Path

_PATIENCE_SECONDS = 60.0
_STATION = "systemctl.sock"
# What stands in for systemctl: it passes on what it was told, and ends as it is told.
CLIENT = f"""#!{sys.executable}
import os, shlex, socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
    wire.connect(os.path.join(os.environ["MACHINE"], "{_STATION}"))
    wire.sendall((shlex.join(sys.argv[1:]) + "\\n").encode())
    answer = wire.makefile().read()
print(answer, end="", file=sys.stderr)
sys.exit(bool(answer))
"""
# The door becomes the first handle behind the standard ones, and the process is told so, as sd_listen_fds(3) wants it.
_HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ["LISTEN_FDS"], os.environ["LISTEN_PID"] = "1", str(os.getpid())
os.execvp(sys.argv[2], sys.argv[2:])
"""
Unit = dict[str, list[str]]


class LittleSystemd:
    """Of one machine in a folder: units/ holds its units, log what services said."""

    def __init__(self, folder: Path, surroundings: dict[str, str]) -> None:
        self._folder = folder
        self._surroundings = surroundings
        self._doors: dict[str, socket.socket] = {}
        self._services: dict[str, subprocess.Popen[bytes]] = {}
        self._server = socketserver.UnixStreamServer(str(folder / _STATION), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Everything ends."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for name in [*self._services, *self._doors]:
            self.stop(name)

    def asked(self, words: list[str]) -> None:
        """As systemctl; raises whatever goes wrong."""
        verb, *rest = words
        units = [name if "." in name else f"{name}.service" for name in rest if not name.startswith("--")]
        if verb in {"stop", "restart"}:
            for name in units:
                self.stop(name)
        if verb in {"start", "restart"} or (verb == "enable" and "--now" in rest):
            for name in units:
                self.start(name)
        elif verb not in {"stop", "daemon-reload"}:
            raise ValueError(f"systemctl {verb} is not played here")

    def start(self, name: str) -> None:
        """A door, a service, or nothing for a timer."""
        unit = self.read(name)
        if name.endswith(".socket") and name not in self._doors:
            host, _, port = unit["ListenStream"][0].rpartition(":")
            self._doors[name] = socket.create_server((host, int(port)), backlog=int(unit["Backlog"][0]))
        elif unit.get("Type") == ["oneshot"]:
            for line in (*unit["ExecStart"], *unit["ExecStartPost"]):
                subprocess.run(_command(line), env=self._environment(unit), check=True)
        elif unit.get("Type") == ["notify"] and name not in self._services:
            for needed in unit["Requires"]:
                self.start(needed)
            self._serve(name, unit)

    def stop(self, name: str) -> None:
        """Ask it, and wait."""
        if door := self._doors.pop(name, None):
            door.close()
        if service := self._services.pop(name, None):
            service.send_signal(signal.SIGTERM)
            assert service.wait(_PATIENCE_SECONDS) == 0

    def read(self, name: str) -> Unit:
        """Its keys, each with all its values."""
        found: Unit = defaultdict(list)
        for line in (self._folder / "units" / name).read_text(encoding="utf-8").splitlines():
            key, equals, value = line.partition("=")
            if equals and not line.startswith("#"):
                found[key].append(value)
        return found

    def _serve(self, name: str, unit: Unit) -> None:
        [door] = [self._doors[needed] for needed in unit["Requires"]]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ears:
            address = self._folder / "notify"
            address.unlink(missing_ok=True)
            ears.bind(str(address))
            ears.settimeout(_PATIENCE_SECONDS)
            microseconds = int(unit["WatchdogSec"][0]) * 1_000_000
            environment = {**self._environment(unit), "NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": str(microseconds)}
            command = [sys.executable, "-c", _HAND_OVER, str(door.fileno()), *_command(unit["ExecStart"][0])]
            with (self._folder / "log").open("ab") as log:
                self._services[name] = subprocess.Popen(command, env=environment, stdout=log, stderr=log, pass_fds=[door.fileno()])
            while ears.recv(100) != b"READY=1":
                pass

    def _environment(self, unit: Unit) -> dict[str, str]:
        return {**self._surroundings, **dict(line.split("=", 1) for line in unit["Environment"])}

    def _handler(self) -> type[socketserver.BaseRequestHandler]:
        asked = self.asked

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                try:
                    asked(shlex.split(self.rfile.readline().decode()))
                except Exception as error:  # noqa: BLE001  # whatever it is, the page's command fails with it
                    self.wfile.write(f"{type(error).__name__}: {error}\n".encode())

        return Handler


def _command(line: str) -> list[str]:
    return [word.replace("%%", "%") for word in shlex.split(line)]
