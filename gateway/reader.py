"""Reading in a process of its own: a reader that raises, hangs (a small regex can hold an interpreter for seconds) or dies takes nobody with it."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from channels import Arrival, DeliveryUpdate, Ignored
from gateway.blobs import Blobs
from gateway.conversation import Understood
from gateway.reading import HEADER, Broke, NoRoom, Spec, Writing
from normalizer import Address

_ROOT = Path(__file__).resolve().parent.parent
_MIB = 1024 * 1024
# All that it knows of its surroundings.
ENVIRONMENT = {"PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"}
# What it may say at once.
LONGEST_BYTES = 64 * _MIB
# A loaded machine may need seconds to start an interpreter; that is no report's fault.
_START_SECONDS = 30
# So long the files of one report may take to be on disk.
_DISK_SECONDS = 120

Outcome = Understood | DeliveryUpdate | Ignored | Broke


class ReaderAway(Exception):
    """Our own fault: nothing can be read at the moment."""


class Reader:
    """One reading process, started when it is first needed and again after it was killed."""

    def __init__(self, specs: Mapping[str, Spec], blobs: Blobs, *, seconds: float, seconds_per_mib: float, max_files: int | None = None) -> None:
        """`seconds` (+ `seconds_per_mib` of its size) is what a batch may take, and each report in it; the one that it is at by then counts as hanging.

        `max_files`: NoRoom for what brings more.
        """
        self._specs = specs
        self._blobs = blobs
        self._seconds = seconds
        self._seconds_per_mib = seconds_per_mib
        self._max_files = max_files
        self._process: asyncio.subprocess.Process | None = None
        # For the measurements: how often a report took longer than it may.
        self.too_late = 0

    async def read(self, arrivals: Sequence[Arrival]) -> list[Outcome | NoRoom]:
        """What each is, in order. Shorter than asked if one hung or killed the process: the last is then that one, and the rest was not begun.

        NoRoom: nothing is wrong with it, its files could not be written, or are too many.
        Raises ReaderAway: no process could be started; nothing is wrong with any report.
        """
        process, loop = await self._started(), asyncio.get_running_loop()
        outcomes: list[Outcome | NoRoom] = []
        try:
            _put(process, list(arrivals))
            left = self._allowed(arrivals)
            for arrival in arrivals:
                began = loop.time()
                # Not the time of its neighbours: a small one that hangs beside large ones would hold up everybody for as long.
                async with asyncio.timeout(min(left, self._allowed([arrival]))):
                    what = await _next(process)
                left -= loop.time() - began
                if isinstance(what, Writing):
                    what = await self._written(process, what.sender)
                outcomes.append(Understood(*what) if isinstance(what, tuple) else what)  # type: ignore[arg-type]
                if self._process is None:
                    # Killed while it wrote: the rest was not begun.
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            await self.kill()
            outcomes.append(Broke("killed its process"))
        except TimeoutError:
            self.too_late += 1
            await self.kill()
            outcomes.append(Broke("took too long"))
        except BaseException:
            # Cancelled in the middle: what the process still says would be taken for the next batch's answers.
            await self.kill()
            raise
        return outcomes

    def _allowed(self, arrivals: Sequence[Arrival]) -> float:
        return self._seconds + self._seconds_per_mib * sum(len(arrival.raw) for arrival in arrivals) / _MIB

    async def _written(self, process: asyncio.subprocess.Process, sender: Address | None) -> object:
        """What was read, once its files are on disk: a slow disk is no report's fault."""
        try:
            async with asyncio.timeout(_DISK_SECONDS):
                what = await _next(process)
        except TimeoutError:
            await self.kill()
            return NoRoom("TimeoutError", sender)
        report = what[0] if isinstance(what, tuple) else None
        # The sweeper knows nothing of that process: from here on, they are this one's.
        if report and not all([await asyncio.to_thread(self._blobs.touch, file.digest) for file in report.attachments if file.digest]):
            return NoRoom("swept while it was written", sender)
        return what

    async def kill(self) -> None:
        """End the process, whatever it is doing."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            # Not process.kill(): it polls first, and if the process has just died by itself takes its end from under the loop's watcher (cpython 127049).
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        # Its pipes are ours to close; else the loop finds them open after it ended.
        if process.stdin is not None:
            process.stdin.close()
        await asyncio.shield(process.wait())

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            try:
                self._process = await start_process()
                _put(self._process, (dict(self._specs), self._blobs.folder, self._max_files))
                async with asyncio.timeout(_START_SECONDS):
                    await _next(self._process)
            except (asyncio.IncompleteReadError, OSError, TimeoutError) as error:
                await self.kill()
                raise ReaderAway("The process that reads reports does not start. Is the machine out of memory?") from error
            except BaseException:
                await self.kill()
                raise
        return self._process


async def start_process() -> asyncio.subprocess.Process:
    """One that reads (reader_process.py), with nothing read yet. Raises OSError."""
    # -P and an environment without our secrets: what reads strangers' words shall not know them.
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "gateway.reader_process"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=dict(ENVIRONMENT),
        limit=LONGEST_BYTES,
        # Ctrl-C is the gateway's to hear: a reader that it ended would be blamed on the report.
        process_group=0,
    )


async def read_alone(reader: Reader, arrival: Arrival) -> Outcome:
    """What it is. Raises ReaderAway, also where its files cannot be written."""
    [outcome] = await reader.read([arrival])
    if isinstance(outcome, NoRoom):
        raise ReaderAway(f"The files of a report cannot be written ({outcome.what}). Check the disk.")
    return outcome


def _put(process: asyncio.subprocess.Process, what: object) -> None:
    # Never drained: it fits memory, and who does not read it is found out by who waits for the answer.
    wire = process.stdin
    assert wire is not None  # noqa: S101  # asked for above
    payload = pickle.dumps(what, pickle.HIGHEST_PROTOCOL)
    wire.write(HEADER.pack(len(payload)) + payload)


async def _next(process: asyncio.subprocess.Process) -> object:
    wire = process.stdout
    assert wire is not None  # noqa: S101  # asked for above
    length = HEADER.unpack(await wire.readexactly(HEADER.size))[0]
    return pickle.loads(await wire.readexactly(length))  # noqa: S301  # from our own process, by a pipe
