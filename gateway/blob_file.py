"""How a file gets into the folder of files: under the digest of its bytes, on disk with its directory entry. Standard library only: readers load it."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class Folder:
    """Where files lie."""

    path: Path
    # A file is not begun, and not gone on with, where less is free: pictures never take the room of reports.
    min_free_bytes: int = 0

    def place(self, digest: str) -> Path:
        """Where it lies."""
        return self.path / digest[:2] / digest

    def make(self) -> None:
        """If it is not there; for nobody else on the machine."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def part(self) -> Path:
        """A fresh name for one that is coming."""
        self.make()
        return self.path / f"{secrets.token_hex(8)}.part"

    @staticmethod
    def begin(part: Path) -> BinaryIO:
        """To be written; what a citizen sent is for nobody else on the machine from its first byte."""
        return os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")

    def insist_on_room(self) -> None:
        """Raises OSError."""
        disk = os.statvfs(self.path)
        if disk.f_bavail * disk.f_frsize < self.min_free_bytes:
            raise OSError(errno.ENOSPC, "nearly full")

    def settle(self, part: Path, digest: str) -> None:
        """A whole file takes its place; one that is there already is replaced by the same one, and counts as new."""
        self._entered([self._move(part, digest)])

    def _move(self, part: Path, digest: str) -> Path:
        place = self.place(digest)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        part.replace(place)
        return place.parent

    def _entered(self, folders: Iterable[Path]) -> None:
        """What was moved into these is there after a crash, too."""
        for folder in (*dict.fromkeys(folders), self.path):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def put(self, contents: Iterable[bytes]) -> None:
        """Files whose bytes are all here, the directories' entries of all of them together. Raises OSError."""
        self._entered([self._put(content) for content in contents])

    def _put(self, content: bytes) -> Path:
        digest, part = hashlib.sha256(content).hexdigest(), self.part()
        self.insist_on_room()
        try:
            with self.begin(part) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            return self._move(part, digest)
        finally:
            part.unlink(missing_ok=True)
