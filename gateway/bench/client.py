"""The load, in a process of its own: `python -m gateway.bench.client PORT CONNECTIONS SECONDS FILE [PER_SECOND]`; prints what came of it as JSON."""

from __future__ import annotations

import asyncio
import json
import pickle
import sys
import time
from collections.abc import Iterator
from pathlib import Path


class _Caller(asyncio.Protocol):
    """One connection that asks again as soon as it is answered."""

    def __init__(self, work: Iterator[bytes], until: float, took: list[float], refused: list[str], gap: float) -> None:
        self._work = work
        self._until = until
        self._took = took
        self._refused = refused
        self._gap = gap
        self._buffer = b""
        self._began = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # TCP
        self._wire = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, mark, body = self._buffer.partition(b"\r\n\r\n")
        if not mark or len(body) < int(head.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0]):
            return
        self._took.append(time.perf_counter() - self._began)
        if not head.startswith(b"HTTP/1.1 200"):
            self._refused.append(head[:40].decode())
        self._buffer = b""
        if self._gap:
            asyncio.get_running_loop().call_later(max(0.0, self._gap - (time.perf_counter() - self._began)), self._ask)
        else:
            self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def _ask(self) -> None:
        self._began = time.perf_counter()
        delivery = next(self._work, None) if self._began < self._until else None
        if delivery is None:
            self._wire.close()
        else:
            self._wire.write(delivery)


async def _run(port: int, connections: int, seconds: float, work: Iterator[bytes], per_second: float) -> dict[str, float]:
    took: list[float] = []
    refused: list[str] = []
    began = time.perf_counter()
    gap = connections / per_second if per_second else 0.0
    loop = asyncio.get_running_loop()
    callers = [_Caller(work, began + seconds, took, refused, gap) for _ in range(connections)]
    for caller in callers:
        await loop.create_connection(lambda c=caller: c, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*(caller.done for caller in callers))
    elapsed = time.perf_counter() - began
    took.sort()
    at = {name: took[min(len(took) - 1, int(len(took) * share))] * 1000 if took else 0.0 for name, share in (("p50_ms", 0.5), ("p99_ms", 0.99))}
    return {"count": len(took), "refused": len(refused), "per_second": len(took) / elapsed, "seconds": elapsed, **at}


def main() -> None:
    """As the module's first line says."""
    port, connections, seconds, file, *rest = sys.argv[1:]
    work = iter(pickle.loads(Path(file).read_bytes()))  # noqa: S301  # written by the bench itself
    done = asyncio.run(_run(int(port), int(connections), float(seconds), work, float(rest[0]) if rest else 0.0))
    sys.stdout.write(json.dumps(done) + "\n")


if __name__ == "__main__":
    main()
