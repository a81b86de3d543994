"""Keeps a long-running part running: says once that it fell over, backs off, starts it again; its neighbours do not notice."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable

import structlog

from gateway.cancelled import only_ours
from gateway.clock import Clock
from gateway.reading import where

_log = structlog.get_logger(__name__)

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
# Having run this long, it is well again, and its next fall is a new one. Seconds.
_WELL_AFTER = 60.0
# Having run this long, it is not told as fallen any more. Seconds.
_STANDS_AFTER = 2.0


async def supervise(name: str, work: Callable[[], Awaitable[None]], clock: Clock, fallen_parts: dict[str, str] | None = None) -> None:
    """Run until it returns by itself (nothing to run) or is cancelled. `fallen_parts`: where health reads which parts are down, and why."""
    fallen_parts = {} if fallen_parts is None else fallen_parts
    pause, fallen = _FIRST_PAUSE, False
    while True:
        began = clock.now()
        stands = asyncio.get_running_loop().call_later(_STANDS_AFTER, fallen_parts.pop, name, None)
        try:
            with only_ours():
                await work()
        except Exception as error:  # noqa: BLE001  # a bare TaskGroup would cancel the neighbours
            if (clock.now() - began).total_seconds() > _WELL_AFTER:
                pause, fallen = _FIRST_PAUSE, False
            if not fallen:
                _log.error("fell over, will be started again and again", part=name, error=_reason(error))
            fallen = True
            fallen_parts[name] = _reason(error)
        else:
            fallen_parts.pop(name, None)
            return
        finally:
            stands.cancel()
        await clock.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


def _reason(error: BaseException) -> str:
    # A TaskGroup wraps what its tasks raised.
    if isinstance(error, BaseExceptionGroup):
        return ", ".join(_reason(one) for one in error.exceptions)
    # The system's own word for its number ("Address already in use") holds nothing that anybody wrote, and says what to do.
    return f"{os.strerror(error.errno)}, {where(error)}" if isinstance(error, OSError) and error.errno else where(error)
