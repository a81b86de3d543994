"""A file of the gateway's user only, from its first byte."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def make_private(path: Path) -> None:
    """An empty one, unless there is one of that name; SQLite's other files take its mode. Raises OSError.

    A file that is there is never opened here, and the new one not under its name: whoever closes a file loses all locks that the process has on it
    (POSIX), and SQLite's with them. The next command that had looked into the store took itself for the last, and what the gateway wrote
    from then on was lost (seen).
    """
    if path.exists():
        return
    handle, new = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    os.close(handle)
    try:
        with suppress(FileExistsError):
            os.link(new, path)
    finally:
        Path(new).unlink()
