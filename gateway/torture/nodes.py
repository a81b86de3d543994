"""The nodes under torture, each a process of its own: started, killed, stopped and let go on; what they say is kept in a file."""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

_ROOT = Path(__file__).resolve().parent.parent.parent
_MAX_LINE_BYTES = 1024 * 1024
# A node that does not end by then is ended; more than gateway/commands/serve.py gives itself.
_ENDING_SECONDS = 60
# As a service manager does.
_RESTART_SECONDS = 1.0
# The sentence of a node that cannot even open its journal.
_NO_ROOM = re.compile(rb"^The journal \S+ cannot be opened: ")
# Said when something of ours fell over, or a library had to say what nobody had caught.
_FALLEN = ("fell over, will be started again and again", "a door failed", "could not write what became of it", "failed", "send failed", "fetch failed")


@dataclass(frozen=True, slots=True)
class Said:
    """What a door answered."""

    status: int
    text: str
    headers: Mapping[str, str]


class Node:
    """One gateway; its folder stays, its processes come and go."""

    def __init__(self, name: str, folder: Path, secrets: Mapping[str, str]) -> None:
        self.name = name
        self.folder = folder
        self.config = folder / "gateway.toml"
        self.log = folder / "node.log"
        # The journals that it opened; one, if all is well.
        self.journals: set[str] = set()
        # What must not have happened to its process.
        self.misfortunes: list[str] = []
        # How often it could not start because it had no room, said so, and was started again, as a service manager does.
        self.turned_away = 0
        # Events of its log, by level and name.
        self.events: Counter[str] = Counter()
        self._secrets = secrets
        self._clock = folder / "clock"
        self._port: int | None = None
        self._open = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        # Whoever starts it, starts it once.
        self._starting = asyncio.Lock()
        # Faults that let it write nothing, now; and whether there was one since this process began.
        self._cramping = 0
        self._was_cramped = False

    @property
    def data(self) -> Path:
        """Its own disk."""
        return self.folder / "data"

    @property
    def pid(self) -> int | None:
        """Of its process; None: it is down."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Unless it runs. Its doors open some time after that."""
        async with self._starting:
            if self._process is not None:
                return
            self._was_cramped = self._cramping > 0
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "gateway.torture.node", str(self.config), str(self._clock)),
                stdin=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env=self.environment(),
                limit=_MAX_LINE_BYTES,
            )
            self._reading = asyncio.create_task(self._read(self._process), name=f"log of node {self.name}")

    async def until_open(self) -> None:
        """Until its doors are open."""
        await self._open.wait()

    async def kill(self) -> None:
        """By kill -9. Returns when it is gone."""
        process = self._expect_the_end()
        if process is not None:
            _signal(process, signal.SIGKILL)
            await process.wait()

    async def end(self) -> None:
        """As an operator ends it: what must not be is that it does not end well."""
        process = self._expect_the_end()
        if process is None:
            return
        _signal(process, signal.SIGTERM)
        try:
            async with asyncio.timeout(_ENDING_SECONDS):
                code = await process.wait()
        except TimeoutError:
            _signal(process, signal.SIGKILL)
            code = await process.wait()
        if code:
            self.misfortunes.append(f"node {self.name} did not end well when it was told to (exit code {code})")
        if self._reading is not None:
            await self._reading

    def stop(self) -> None:
        """SIGSTOP: it is there, and does nothing."""
        if self._process is not None:
            _signal(self._process, signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        if self._process is not None:
            _signal(self._process, signal.SIGCONT)

    def put_clock(self, seconds: float) -> None:
        """Its clock is wrong by so much from now on; 0: right."""
        new = self._clock.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self._clock)

    @contextmanager
    def cramped(self) -> Iterator[None]:
        """Until the block ends it has no room to write; whoever says so sees to it."""
        self._cramping += 1
        self._was_cramped = True
        try:
            yield
        finally:
            self._cramping -= 1

    def limit_files(self, most_bytes: int | None) -> None:
        """No file of its process may be longer; None: no limit (prlimit(2), RLIMIT_FSIZE)."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                _, hard = resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE)
                resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (hard if most_bytes is None else most_bytes, hard))

    async def ask(self, session: aiohttp.ClientSession, path: str, patience: float, *, method: str = "POST", **options: Any) -> Said | None:  # noqa: ANN401  # as aiohttp has them
        """What its door says; None: nobody listens, or it takes longer than `patience` seconds, or it breaks off."""
        if self._port is None:
            return None
        limit = aiohttp.ClientTimeout(total=patience)
        try:
            async with session.request(method, f"http://127.0.0.1:{self._port}{path}", timeout=limit, allow_redirects=False, **options) as answer:
                return Said(answer.status, await answer.text(errors="replace"), dict(answer.headers))
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None

    def environment(self) -> dict[str, str]:
        """With what it must know."""
        return {**os.environ, **self._secrets, "PYTHONPATH": str(_ROOT)}

    def _expect_the_end(self) -> asyncio.subprocess.Process | None:
        process, self._process, self._port = self._process, None, None
        self._open.clear()
        return process

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        """What it says, until it is gone; one that went by itself is started again."""
        wire = process.stderr
        assert wire is not None  # noqa: S101  # asked for in start()
        last = b""
        with self.log.open("ab") as file:
            async for line in wire:
                file.write(line)
                file.flush()
                self._hear(line, process)
                last = line
        code = await process.wait()
        if process is self._process:
            if self._was_cramped and not self._open.is_set() and _NO_ROOM.search(last):
                self.turned_away += 1
            else:
                self.misfortunes.append(f"node {self.name} ended by itself (exit code {code})")
            self._expect_the_end()
            await asyncio.sleep(_RESTART_SECONDS)
            await self.start()

    def _hear(self, line: bytes, process: asyncio.subprocess.Process) -> None:
        try:
            said = json.loads(line)
            level, event = said["level"], said["event"]
        except (ValueError, TypeError, KeyError):
            # A library, or Python itself; or a line of ours that a kill broke off.
            if line.endswith(b"\n") and not _NO_ROOM.search(line):
                self.misfortunes.append(f"node {self.name} said what is no event of ours: see its log")
            return
        self.events[f"{level}: {event}" + (f" ({said['error']})" if "error" in said else "")] += 1
        if event in _FALLEN:
            self.misfortunes.append(f"node {self.name} said: {event} ({said.get('error', '')})")
        if event == "open" and process is self._process:
            self.journals.add(said["journal"])
            self._port = said["port"]
            self._open.set()


def _signal(process: asyncio.subprocess.Process, which: signal.Signals) -> None:
    # Not process.send_signal(): it polls first, and may take the end of one that has just died from under the loop's watcher (cpython 127049).
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, which)
