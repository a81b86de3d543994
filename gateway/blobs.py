"""Files by their content: a folder named by SHA-256, each file and its directory entry on disk before anybody refers to it."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

from gateway.blob_file import Folder


class Blobs:
    """One folder; a file that is there twice is one file."""

    def __init__(self, folder: Path, *, min_free_bytes: int = 0) -> None:
        """`min_free_bytes`: a file is not begun, and not gone on with, where less is free."""
        self.folder = Folder(folder, min_free_bytes)
        self._settling = threading.Lock()

    async def keep(self, chunks: AsyncIterator[bytes]) -> tuple[str, int]:
        """Its digest and size. What the iterator raises passes through, and nothing stays behind."""
        part = self.folder.part()
        digest, size = hashlib.sha256(), 0
        try:
            with self.folder.begin(part) as file:  # a write goes to the page cache; what waits for the disk is in a thread
                async for chunk in chunks:
                    self.folder.insist_on_room()
                    digest.update(chunk)
                    size += len(chunk)
                    file.write(chunk)
                await asyncio.to_thread(_to_disk, file.fileno(), file.flush)
            await asyncio.to_thread(self._settle, part, digest.hexdigest())
        finally:
            part.unlink(missing_ok=True)
        return digest.hexdigest(), size

    def has_room(self) -> bool:
        """Whether a file may be begun now."""
        try:
            self.folder.make()
            self.folder.insist_on_room()
        except OSError:
            return False
        return True

    def older_than(self, before: datetime, after: str, limit: int) -> list[str]:
        """Digests of files that nobody brought or asked for since then, in order, behind `after`; what a crash left unfinished in that time goes at once."""
        for part in self.folder.path.glob("*.part"):
            if _changed(part) < before:
                part.unlink(missing_ok=True)
        folders = sorted(folder for folder in self.folder.path.glob("??") if folder.name >= after[:2])
        names = (file for folder in folders for file in sorted(folder.iterdir()) if file.name > after)
        return list(itertools.islice((file.name for file in names if _changed(file) < before), limit))

    def touch(self, digest: str) -> bool:
        """It counts as new from now on; False: it is not here."""
        with self._settling:
            try:
                os.utime(self.path(digest))
            except FileNotFoundError:
                return False
            return True

    def remove(self, digest: str, before: datetime) -> bool:
        """Take it away, unless somebody has brought it again meanwhile."""
        with self._settling:
            file = self.path(digest)
            if not file.exists() or _changed(file) >= before:
                return False
            file.unlink()
            return True

    def path(self, digest: str) -> Path:
        """Where it lies."""
        return self.folder.place(digest)

    def _settle(self, part: Path, digest: str) -> None:
        with self._settling:
            self.folder.settle(part, digest)


def _changed(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)


def _to_disk(handle: int, flush: object) -> None:
    flush()  # type: ignore[operator]
    os.fsync(handle)
