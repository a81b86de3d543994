"""The one thread in which a session waits for its server, so that the loop waits for nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, TypeVar

from channels.mail.imap_session import Session

_Given = ParamSpec("_Given")
_Got = TypeVar("_Got")

# A thread that was told to end does so at once, unless the machine's name service hangs; then it ends by itself, later. Seconds.
_ENDS_WITHIN = 2.0


@dataclass(frozen=True, slots=True)
class Line:
    """A session and its thread."""

    session: Session
    thread: ThreadPoolExecutor

    async def do(self, step: Callable[_Given, _Got], *given: _Given.args, **more: _Given.kwargs) -> _Got:
        """One step of the session. Whoever is cancelled meanwhile must leave the line: the step goes on until the session is hung up."""
        return await asyncio.get_running_loop().run_in_executor(self.thread, partial(step, *given, **more))


@asynccontextmanager
async def connected(name: str, session: Session) -> AsyncIterator[Line]:
    """A line for the session; afterwards its thread has ended, whatever it was waiting for."""
    thread = ThreadPoolExecutor(1, thread_name_prefix=f"imap {name}")
    try:
        yield Line(session, thread)
    finally:
        session.hang_up()
        closed = thread.submit(session.close)
        thread.shutdown(wait=False)
        with suppress(TimeoutError):
            async with asyncio.timeout(_ENDS_WITHIN):
                await asyncio.shield(asyncio.wrap_future(closed))
