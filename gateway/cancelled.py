"""Tells apart who cancelled: whoever owns this task, or somebody deeper down who gave up a call (a library, a connection that went away)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class CallCancelled(Exception):
    """A call was given up, and nobody asked us to end: a failure like any other, which `except Exception` must see, or a loop would end for ever."""


@contextmanager
def only_ours() -> Iterator[None]:
    """Let only our own cancellation pass as one. Raises CallCancelled for any other."""
    try:
        yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        # It happened where the other one happened.
        raise CallCancelled().with_traceback(error.__traceback__) from None
