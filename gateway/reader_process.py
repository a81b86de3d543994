"""The process that reads what strangers wrote: `python -m gateway.reader_process`. It imports readers and the normaliser only, and may be killed at any time.

It speaks length-prefixed pickles on stdin and stdout with the gateway that started it, and with nobody else.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import pickle
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import BinaryIO, cast

from channels import Arrival, DeliveryUpdate, Ignored
from gateway import memory
from gateway.blob_file import Folder
from gateway.reading import HEADER, Broke, NoRoom, Spec, Writing, where
from normalizer import Address, Report, Setting, normalize

# A report that eats memory ends as a MemoryError of this process, not as a dead machine. Bytes.
MAX_MEMORY = 1024 * 1024 * 1024

Read = Callable[[Arrival], Report | DeliveryUpdate | Ignored]


def understand(read: Read | None, setting: Setting, arrival: Arrival) -> object:
    """(report, complaint), or what else the channel made of it."""
    if read is None:
        return Broke("no channel of this name is configured")
    try:
        what = read(arrival)
        return (what, normalize(what, setting)) if isinstance(what, Report) else what
    except Exception as error:  # noqa: BLE001  # a fault of one report: it is told, tried again and parked
        return Broke(where(error))


def kept(report: Report, folder: Folder, sender: Address | None) -> Report | NoRoom:
    """The report without its files' bytes: they are on disk, under the digests that it names."""
    try:
        folder.put(report.contents)
    except OSError as error:
        return NoRoom(type(error).__name__, sender)
    return replace(report, contents=())


def resolve(path: str) -> Read:
    """The function that "module:function" names."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)  # type: ignore[no-any-return]


def warm_up() -> None:
    """Read something: what the normaliser loads for its first text would be time of the first report, and a busy machine takes seconds for it."""
    normalize(Report(None, "jalan rusak di desa Giri Mukti kec. Penajam sejak 3 hari lalu", datetime.now(UTC)), Setting())


def main() -> None:
    """Read batches until stdin ends."""
    if sys.platform == "linux":
        # A report that hangs it must not outlive a gateway that was killed (prctl(2), PR_SET_PDEATHSIG).
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    wire_in, wire_out = sys.stdin.buffer, sys.stdout.buffer
    # Whatever a library prints must not get between the frames.
    sys.stdout = sys.stderr
    told = _next(wire_in)
    if told is None:
        # Whoever started us is gone already.
        return
    specs, folder, max_files = cast("tuple[Mapping[str, Spec], Folder, int | None]", told)
    readers = {name: (resolve(spec.reader), spec.setting) for name, spec in specs.items()}
    warm_up()
    memory.settle()
    # Ready: from here on the clock of the first report runs, not before.
    _put(wire_out, None)
    while (batch := _next(wire_in)) is not None:
        for arrival in batch:  # type: ignore[attr-defined]
            read, setting = readers.get(arrival.channel, (None, Setting()))
            what = understand(read, setting, arrival)
            if isinstance(what, tuple) and max_files is not None and len(what[0].contents) > max_files:
                what = NoRoom("so many files", what[1].sender)
            elif isinstance(what, tuple) and what[0].contents:
                _put(wire_out, Writing(what[1].sender))
                report = kept(what[0], folder, what[1].sender)
                what = report if isinstance(report, NoRoom) else (report, what[1])
            # One by one, at once: if the next one hangs, the gateway knows which it is.
            _put(wire_out, what)


def _put(wire: BinaryIO, what: object) -> None:
    payload = pickle.dumps(what, pickle.HIGHEST_PROTOCOL)
    try:
        wire.write(HEADER.pack(len(payload)) + payload)
        wire.flush()
    except BrokenPipeError:
        # The gateway is gone: no traceback in what its log goes to, nor the interpreter's own try to write it once more.
        os._exit(os.EX_OK)


def _next(wire: BinaryIO) -> object:
    header = wire.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    return pickle.loads(wire.read(HEADER.unpack(header)[0]))  # noqa: S301  # from the gateway that started this process, by a pipe


if __name__ == "__main__":
    main()
