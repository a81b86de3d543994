"""Passwords of operators, by argon2id (RFC 9106), in one thread: however many people sign in at once, one core at the most is busy with it."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# NIST SP 800-63B, 3.1.1.2: the length is what counts; long ones are hashed, not cut.
SHORTEST, LONGEST = 12, 256
# OWASP's Password Storage Cheat Sheet, the first of its equals: 46 MiB, once over, in one lane. A small machine does it in a twentieth of a second.
_HASHER = PasswordHasher(time_cost=1, memory_cost=46 * 1024, parallelism=1)
# So many may wait for the thread; whoever comes then is asked to come again.
_WAITING = 8
# Of no password that anybody has: looked at where there is no such person, so that both take equally long.
_NOBODY = _HASHER.hash("nobody")
_Result = TypeVar("_Result")


class TooMany(Exception):
    """More people sign in than one thread can look at."""


class Passwords:
    """Of one process."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="passwords")
        self._waiting = 0

    async def right(self, kept: str | None, shown: str) -> bool:
        """Whether it is the one whose hash is kept (None: there is no such person, and it takes as long). Raises TooMany."""
        return await self._in_turn(lambda: _right(kept or _NOBODY, shown)) and kept is not None

    async def _in_turn(self, work: Callable[[], _Result]) -> _Result:
        if self._waiting >= _WAITING:
            raise TooMany
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def hashed(password: str) -> str:
    """To be kept: with its own salt."""
    return _HASHER.hash(_plain(password))


def wrong_with(password: str) -> str:
    """Why it cannot be taken, for whoever chooses it; empty: it can."""
    if not SHORTEST <= len(_plain(password)) <= LONGEST:
        return f"A password has {SHORTEST} to {LONGEST} symbols: a few words that nobody would guess are good."
    return ""


def _right(kept: str, shown: str) -> bool:
    try:
        return _HASHER.verify(kept, _plain(shown))
    except (VerificationError, InvalidHashError):
        return False


def _plain(password: str) -> str:
    r"""The same letters by whichever keyboard (NIST SP 800-63B, 3.1.1.2, asks for NFKC or NFKD); what is no text has no other form, either.

    >>> _plain("cafe\u0301") == "caf\u00e9"
    True
    """
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace").decode()
