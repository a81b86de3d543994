"""Citizens' photos, drawn anew before anybody sees them: without position, names and whatever else the file carried, and in a process that may die of it."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from channels.filetypes import HEAD_BYTES, type_of
from gateway.blobs import Blobs
from normalizer import Location

_ROOT = Path(__file__).resolve().parent.parent
# Each process may take a gigabyte.
_AT_ONCE = 2
_CHUNK_BYTES = 64 * 1024
# What the process says is one line of four numbers; one that a photo took over may go on for ever.
_MAX_SAID_BYTES = 1024
# MAX_SIDE and the codes of gateway/picture_process.py, which is not imported here: a decoder of pictures stays out of the gateway.
_MAX_SIDE = 2048
_MADE = frozenset({"image/jpeg", "image/png"})
_REFUSED = {os.EX_DATAERR: "not an image", os.EX_UNAVAILABLE: "too large an image"}
# So an operator, or systemd for the whole group, stops a process; a decoder that crashes sends itself others.
_STOPPED = {-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP}


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo that may be shown: re-encoded, without metadata."""

    # The new file, in Blobs: a JPEG, or a PNG if something of it is transparent.
    digest: str
    # Bytes.
    size: int
    # MIME type, by content.
    type: str
    # Pixels, the way up it was taken.
    width: int
    height: int
    # Where it was taken, from the original's EXIF; None: it did not say.
    position: Location | None


class NotAPicture(Exception):
    """Nothing will help. The reason says nothing of the file's contents: "not an image", "too large an image", "took too long"."""


class Pictures:
    """One process a photo, and not many at once."""

    def __init__(self, blobs: Blobs, *, seconds: float = 20) -> None:
        """`seconds` is what a photo may take, the start of its process included."""
        self._blobs = blobs
        self._seconds = seconds
        self._turn = asyncio.Semaphore(_AT_ONCE)

    def has(self, digest: str) -> bool:
        """Whether that file lies here, and not on another node."""
        return self._blobs.path(digest).exists()

    async def clean(self, digest: str) -> Picture:
        """What may be shown of that file; the file itself stays as it is.

        Raises NotAPicture (nothing will help) or OSError (our disk, or no process can be started: try later).
        """
        original = self._blobs.path(digest)
        async with self._turn:
            # Without a name, so that nothing stays behind however this ends; on the disk of files, as /tmp may be memory.
            with tempfile.TemporaryFile(dir=original.parent) as new:
                width, height, position = await self._redraw(original, new.fileno())
                new.seek(0)
                kind = type_of(new.read(HEAD_BYTES))
                if kind not in _MADE:
                    raise NotAPicture("not an image")
                kept, size = await self._blobs.keep(_chunks(new))
        return Picture(kept, size, kind, width, height, position)

    async def _redraw(self, original: Path, new: int) -> tuple[int, int, Location | None]:
        # -P and an environment without our secrets: what opens strangers' files shall not know them.
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "gateway.picture_process", str(original), f"/dev/fd/{new}"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            env={"PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"},
            limit=_MAX_SAID_BYTES,
            pass_fds=(new,),
            # Ctrl-C is the gateway's to hear.
            process_group=0,
        )
        try:
            async with asyncio.timeout(self._seconds):
                said = await _line(process)
                code = await process.wait()
        except TimeoutError:
            raise NotAPicture("took too long") from None
        finally:
            await _end(process)
        return understood(code, said)


def understood(code: int, said: bytes) -> tuple[int, int, Location | None]:
    """Width, height and position, from how the process ended and what it said. Raises as `clean` does.

    >>> understood(0, b'{"width": 640, "height": 480, "latitude": null, "longitude": null}')
    (640, 480, None)
    """
    if code in _REFUSED or (code < 0 and code not in _STOPPED):
        raise NotAPicture(_REFUSED.get(code, "not an image"))
    if code != 0:
        raise OSError(errno.EIO, "The process that draws pictures anew does not work. Is the disk full, or the machine out of memory?")
    try:
        return _sane(**json.loads(said))
    except Exception:  # noqa: BLE001  # a photo that took the process over may have it say anything
        raise NotAPicture("not an image") from None


def _sane(width: int, height: int, latitude: float | None, longitude: float | None) -> tuple[int, int, Location | None]:
    """Raises anything, where these are not the numbers of a picture."""
    if not (0 < width <= _MAX_SIDE and 0 < height <= _MAX_SIDE):
        raise ValueError("no picture's size")
    if latitude is None or longitude is None:
        return int(width), int(height), None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):  # noqa: PLR2004  # the poles and the date line
        raise ValueError("nowhere")
    return int(width), int(height), Location(float(latitude), float(longitude))


async def _line(process: asyncio.subprocess.Process) -> bytes:
    wire = process.stdout
    assert wire is not None  # noqa: S101  # asked for above
    try:
        return await wire.readline()
    except ValueError:
        raise NotAPicture("not an image") from None


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        # Not process.kill(): it polls first, and if the process has just died by itself takes its end from under the loop's watcher (cpython 127049).
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    await asyncio.shield(process.wait())


async def _chunks(file: BinaryIO) -> AsyncIterator[bytes]:
    # The process wrote by a handle of its own; where that shares its place with ours (macOS), it stands at the end.
    file.seek(0)
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk
