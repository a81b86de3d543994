"""A small disk for one node's data, so that it can be filled without harm to anybody. Only root may mount one; who may not is told so."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MIB = 1024 * 1024
# What a node keeps free and aside on it.
MIN_FREE_BYTES, RESERVE_BYTES = 4 * MIB, 4 * MIB
_BALLAST = "ballast"


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[bool]:
    """Mounted there until the block ends; False: that is not allowed here, and the folder lies on the machine's own disk, which is never filled."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes},mode=700", "torture", str(folder)]
    try:
        mounted = os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603  # as the module says
    except FileNotFoundError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=False)  # noqa: S603, S607  # as above


def fill(folder: Path, leave_bytes: int) -> None:
    """All but so much of a small disk."""
    if not os.path.ismount(folder):
        raise AssertionError("the machine's own disk is never filled")
    disk = os.statvfs(folder)
    room = disk.f_bavail * disk.f_frsize - leave_bytes
    with (folder / _BALLAST).open("wb", buffering=0) as ballast:
        if room > 0:
            with suppress(OSError):
                os.posix_fallocate(ballast.fileno(), 0, room)
        with suppress(OSError):
            ballast.seek(0, os.SEEK_END)
            while not leave_bytes:
                ballast.write(bytes(4096))


def empty(folder: Path) -> None:
    """Take the ballast away."""
    (folder / _BALLAST).unlink(missing_ok=True)
