"""What the gateway and the process that reads for it say to each other: length-prefixed pickles of these."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from normalizer import Address, Setting

HEADER = struct.Struct("!I")


@dataclass(frozen=True, slots=True)
class Spec:
    """How one channel is read."""

    # As "module:function".
    reader: str
    setting: Setting


@dataclass(frozen=True, slots=True)
class Writing:
    """A report was read; now the files that came in it are written. A slow disk is no report's fault."""

    # Who wrote it; None: nobody can say.
    sender: Address | None = None


@dataclass(frozen=True, slots=True)
class NoRoom:
    """The files that came in a report could not be written, or are too many for this lane: nothing is wrong with the report."""

    # The kind of error, or that.
    what: str
    # Who wrote it, so that what they write meanwhile waits behind it; None: nobody can say.
    sender: Address | None = None


@dataclass(frozen=True, slots=True)
class Broke:
    """A report that could not be read."""

    # What happened and where, never an exception's text: that may be a citizen's words.
    reason: str


def where(error: BaseException) -> str:
    """What kind of exception, and where it was raised: all that may be told of it."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return f"{type(error).__name__} at {Path(last.tb_frame.f_code.co_filename).name}:{last.tb_lineno}" if last else type(error).__name__
