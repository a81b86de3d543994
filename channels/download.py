"""A file that a provider hands out by HTTP: its kind by its first bytes, its bytes counted while they come, and one map for what the network can do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import NoReturn

import aiohttp

from channels.contract import Fetched, FetchFailed, Limit
from channels.filetypes import HEAD_BYTES, type_of

_CHUNK_BYTES = 65536
# Not found, gone: it will not come back.
LOST = frozenset({404, 410})
# What the network can raise.
BROKE = (aiohttp.ClientError, TimeoutError, OSError, UnicodeError)


class Downloads:
    """One provider's, within limits."""

    def __init__(self, size: Limit, in_time: Limit, explained: Callable[[Exception], FetchFailed]) -> None:
        """`explained`: what an error is called. Its own words may hold the address, which opens the file: they are not repeated."""
        self.size = size
        self.in_time = in_time
        self.timeout = aiohttp.ClientTimeout(total=in_time.allowed)
        self._explained = explained

    async def take(self, answer: aiohttp.ClientResponse, stack: AsyncExitStack) -> Fetched:
        """The file in this answer; the stack closes what it came by and goes with its bytes. Raises FetchFailed, and whatever is BROKE."""
        if answer.status in LOST:
            raise FetchFailed("no longer there", permanent=True)
        if answer.status != 200:  # noqa: PLR2004  # OK
            raise FetchFailed(f"the other side answered {answer.status}")
        head = await self._head(answer)
        kind = type_of(head)
        if kind is None:
            raise FetchFailed("not an allowed kind of file", permanent=True)
        return Fetched(kind, self._chunks(answer, head, stack.pop_all()))

    def fail(self, error: Exception) -> NoReturn:
        """Say what broke."""
        self.in_time.rejected += isinstance(error, TimeoutError)
        raise self._explained(error) from None

    def count(self, size: int) -> None:
        """So many bytes so far, or as announced. Raises FetchFailed: too many."""
        if size > self.size.allowed:
            self.size.rejected += 1
            raise FetchFailed("too large", permanent=True)

    async def _head(self, answer: aiohttp.ClientResponse) -> bytes:
        self.count(answer.content_length or 0)
        head = b""
        while len(head) < HEAD_BYTES and (chunk := await answer.content.read(HEAD_BYTES - len(head))):
            head += chunk
        return head

    async def _chunks(self, answer: aiohttp.ClientResponse, head: bytes, stack: AsyncExitStack) -> AsyncIterator[bytes]:
        async with stack:
            chunk, size = head, 0
            while chunk:
                # After decompression: a small gzip may be a large file.
                size += len(chunk)
                self.count(size)
                yield chunk
                try:
                    chunk = await answer.content.read(_CHUNK_BYTES)
                except BROKE as error:
                    self.fail(error)


def told(error: Exception) -> FetchFailed:
    """What any provider's is called."""
    return FetchFailed("took too long" if isinstance(error, TimeoutError) else "the connection failed or broke off")
