"""Room on the disk that is kept aside, so that handing over can go on when the disk is full: a DELETE needs space, too."""

from __future__ import annotations

import os
from pathlib import Path


class Reserve:
    """A file beside the journal that holds nothing."""

    def __init__(self, journal: Path, size: int, min_free_bytes: int) -> None:
        """`size`: bytes; 0: none is kept. min_free_bytes: what the disk must still have besides."""
        self.bytes = size
        self._file = journal.with_suffix(".reserve")
        self._min_free_bytes = min_free_bytes

    def free_bytes(self) -> int:
        """On its disk."""
        disk = os.statvfs(self._file.parent)
        return disk.f_bavail * disk.f_frsize

    def give_back(self) -> bool:
        """Make room. False: that was done before."""
        if not self._file.exists():
            return False
        self._file.unlink()
        return True

    def keep(self) -> None:
        """Set it aside once there is plenty of room."""
        if not self.bytes or self._file.exists() or self.free_bytes() < self._min_free_bytes + 2 * self.bytes:
            return
        try:
            with self._file.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self.bytes)
        except OSError:
            # A quota, or a disk that is failing: half a reserve would be taken for a whole one.
            self._file.unlink(missing_ok=True)
