"""One node as `serve` runs it, by a clock that a file puts forth or back: `python -m gateway.torture.node CONFIG CLOCK`."""

from __future__ import annotations

import asyncio
import ctypes
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path

import typer

from gateway import logs
from gateway.clock import SystemClock
from gateway.commands.console import configured, work
from gateway.commands.serve import until_told


class PutClock(SystemClock):
    """The machine's own, wrong by as many seconds as stand in a file; without the file it is right. Waiting takes as long as ever, as on a real machine."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> datetime:
        """UTC, as this node believes it to be."""
        try:
            wrong = float(self._file.read_text())
        except FileNotFoundError:
            wrong = 0.0
        return super().now() + timedelta(seconds=wrong)


def node(config: Path, clock: Path) -> None:
    """Until it is told to end."""
    if sys.platform == "linux":
        # It must not outlive a laboratory that was killed (prctl(2), PR_SET_PDEATHSIG).
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    settled = configured(config)
    logs.start(terminal=False)
    work(until_told(settled, PutClock(clock)), asyncio.run)


if __name__ == "__main__":
    typer.run(node)
