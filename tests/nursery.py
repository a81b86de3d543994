"""Commands and readers of the gateway, each a process of its own, born of one that has imported everything: that takes a second, and thousands are started.

What is born is what `python -m gateway` is, or `python -m gateway.reader_process`: it has its own pid, streams, folder and surroundings, and is killed and
waited for like any.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from channels.kinds import KINDS
from gateway import reader_process
from gateway.reader import ENVIRONMENT, LONGEST_BYTES

ROOT = Path(__file__).resolve().parent.parent
# Length of the request, or a pid, or how it ended.
_NUMBER = struct.Struct("!q")
# A process that cannot be born or does not end hangs. Seconds.
_PATIENCE_SECONDS = 100


class Child:
    """A process that was born, like one of asyncio's."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self.pid = _number(line)
        self.returncode: int | None = None
        self._ending: asyncio.Task[int] | None = None

    def watch(self) -> None:
        """Know of its end as soon as it comes."""
        self._line.setblocking(False)  # noqa: FBT003  # the socket's own
        self._ending = asyncio.create_task(self._ended())

    async def _ended(self) -> int:
        said = b""
        with self._line:
            while len(said) < _NUMBER.size:
                more = await asyncio.get_running_loop().sock_recv(self._line, _NUMBER.size)
                assert more, "nobody knows how it ended"
                said += more
        self.returncode = int(_NUMBER.unpack(said)[0])
        return self.returncode

    async def wait(self) -> int:
        """How it ended, as asyncio counts: minus the signal."""
        assert self._ending is not None
        return await asyncio.shield(self._ending)

    def wait_here(self) -> int:
        """The same, for who has no loop."""
        with self._line:
            self.returncode = _number(self._line)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Its pid is nobody else's before its end was read here."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill -9"""
        self.send_signal(signal.SIGKILL)


@dataclass
class Nursery:
    """Starts with the first that is to be born, and ends with whoever asked."""

    # Of what: "gateway" or "reader".
    trade: str
    _asked: threading.Lock = field(default_factory=threading.Lock)
    _line: socket.socket | None = None
    _mother: subprocess.Popen[bytes] | None = None

    def born(self, arguments: Sequence[str], surroundings: Mapping[str, str], folder: Path, streams: tuple[int, int, int] = (0, 1, 2)) -> Child:
        """`python -m gateway` with these arguments."""
        request = json.dumps([list(arguments), dict(surroundings), str(folder)]).encode()
        ours, its = socket.socketpair()
        with self._asked, its:
            line = self._line or self.begin()
            socket.send_fds(line, [_NUMBER.pack(len(request))], [*streams, its.fileno()])
            line.sendall(request)
        ours.settimeout(_PATIENCE_SECONDS)
        return Child(ours)

    def begin(self) -> socket.socket:
        """So that who is born first waits for nothing."""
        self._line, its = socket.socketpair()
        with its:
            surroundings = {**os.environ, "PYTHONPATH": str(ROOT)}
            self._mother = subprocess.Popen(
                [sys.executable, "-m", "tests.nursery", self.trade, str(its.fileno())], pass_fds=[its.fileno()], env=surroundings, cwd=ROOT
            )
        return self._line

    def close(self) -> None:
        """Nobody is born any more."""
        if self._line is not None and self._mother is not None:
            self._line.close()
            self._mother.wait()
            self._line = self._mother = None


NURSERY, READERS = Nursery("gateway"), Nursery("reader")


class BornReader:
    """As what gateway.reader.start_process() starts."""

    def __init__(self, child: Child, stdout: asyncio.StreamReader, stdin: asyncio.StreamWriter) -> None:
        """`stdin` and `stdout`: one line."""
        self._child = child
        self.pid = child.pid
        self.stdout, self.stdin = stdout, stdin

    @property
    def returncode(self) -> int | None:
        """None: it lives."""
        return self._child.returncode

    async def wait(self) -> int:
        """How it ended."""
        return await self._child.wait()


class _Line(asyncio.StreamReaderProtocol):
    """Closed by whoever is at its other end, as a pipe is: nobody else closes that of a process that has died by itself."""

    def eof_received(self) -> bool:
        super().eof_received()
        return False


async def born_reader() -> BornReader:
    """In the place of gateway.reader.start_process()."""
    ours, its = socket.socketpair()
    with its:
        child = READERS.born([], ENVIRONMENT, ROOT, (its.fileno(), its.fileno(), 2))
    child.watch()
    loop = asyncio.get_running_loop()
    stdout = asyncio.StreamReader(LONGEST_BYTES, loop)
    try:
        transport, protocol = await loop.create_unix_connection(lambda: _Line(stdout, loop=loop), sock=ours)
        return BornReader(child, stdout, asyncio.StreamWriter(transport, protocol, stdout, loop))
    except BaseException:
        # Cancelled: nobody else knows of it.
        ours.close()
        child.kill()
        raise


def run(arguments: Sequence[str], surroundings: Mapping[str, str], folder: Path, said: str = "") -> subprocess.CompletedProcess[str]:
    """As subprocess.run() of `python -m gateway`: until its end, with all that it said."""
    with tempfile.TemporaryFile("w+") as stdin, tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        stdin.write(said)
        stdin.seek(0)
        ended = NURSERY.born(arguments, surroundings, folder, (stdin.fileno(), stdout.fileno(), stderr.fileno())).wait_here()
        stdout.seek(0)
        stderr.seek(0)
        return subprocess.CompletedProcess(["gateway", *arguments], ended, stdout.read(), stderr.read())


def _number(line: socket.socket) -> int:
    return int(_NUMBER.unpack(line.recv(_NUMBER.size, socket.MSG_WAITALL))[0])


# From here on: the process of which they are born.


def _attend(line: socket.socket) -> None:
    """Return in each that is born, with its arguments in sys.argv; end when nobody asks any more."""
    gc.freeze()
    while True:
        head, streams, _, _ = socket.recv_fds(line, _NUMBER.size, 4)
        if not head:
            _bury()
            sys.exit()
        arguments, surroundings, folder = json.loads(line.recv(_NUMBER.unpack(head)[0], socket.MSG_WAITALL))
        if os.fork() == 0:
            line.close()
            with socket.socket(fileno=streams[3]) as its:
                born = _midwife(its)
            if born:
                _settle(streams[:3], arguments, surroundings, folder)
                return
        for stream in streams:
            os.close(stream)
        _bury()


def _bury() -> None:
    """Midwives that have gone; the system counts their work as ours only then."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _midwife(its: socket.socket) -> bool:
    """True in the process that is born. The other tells its pid and its end, and keeps its pid from being another's until both were read."""
    pid = os.fork()
    if pid == 0:
        return True
    its.sendall(_NUMBER.pack(pid))
    end = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert end is not None
    its.sendall(_NUMBER.pack(end.si_status if end.si_code == os.CLD_EXITED else -end.si_status))
    # Until it was read.
    its.recv(1)
    os.waitpid(pid, 0)
    os._exit(os.EX_OK)


def _settle(streams: Sequence[int], arguments: list[str], surroundings: dict[str, str], folder: str) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(surroundings)
    os.chdir(folder)
    sys.argv = ["gateway", *arguments]


def _learn(trade: str) -> Callable[[], None]:
    """All that it needs; what it does."""
    if trade == "reader":
        for kind in KINDS.values():
            reader_process.resolve(kind.reader)
        reader_process.resolve("tests.postbox_reader:read")
        reader_process.warm_up()
        return reader_process.main
    for command in reader_process.resolve("gateway.commands:COMMANDS").values():  # type: ignore[attr-defined]  # no reader
        reader_process.resolve(command)
    for kind in KINDS.values():
        reader_process.resolve(kind.channel)
    return reader_process.resolve("gateway.__main__:main")  # type: ignore[return-value]  # nor is this


if __name__ == "__main__":
    _work = _learn(sys.argv[1])
    with socket.socket(fileno=int(sys.argv[2])) as _line:
        _attend(_line)
    _work()
