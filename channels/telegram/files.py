"""Files that Telegram only refers to: asked for by their id, fetched from the Bot API's own origin, and never an address told to anybody: the token is in it.

Source: Telegram Bot API, "getFile".
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import NoReturn

import aiohttp

from channels.contract import Fetched, FetchFailed, Limit, SendFailed
from channels.filetypes import HEAD_BYTES, type_of
from channels.telegram.api import Api

_CHUNK_BYTES = 65536
# Not found, gone: it will not come back.
_LOST = frozenset({404, 410})


class Files:
    """One bot's."""

    def __init__(self, api: Api, max_bytes: int, seconds: float) -> None:
        """Opens nothing."""
        self._api = api
        self.size = Limit("max_file_bytes", max_bytes)
        self.in_time = Limit("file_seconds", seconds)
        self._limit = aiohttp.ClientTimeout(total=seconds)
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, file_id: str) -> Fetched:
        """A file of an allowed kind, whose bytes are counted while they come. Raises FetchFailed."""
        url = await self._where(file_id)
        stack = AsyncExitStack()
        try:
            answer = await stack.enter_async_context(self._open().get(url, allow_redirects=False))
            head = await self._head(answer)
            kind = type_of(head)
            if kind is None:
                raise FetchFailed("not an allowed kind of file", permanent=True)
            return Fetched(kind, self._chunks(answer, head, stack.pop_all()))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._fail(error)
        finally:
            await stack.aclose()

    async def close(self) -> None:
        """Give back the connections."""
        if self._session is not None:
            await self._session.close()

    async def _where(self, file_id: str) -> str:
        try:
            file = await self._api.file(file_id)
        except SendFailed as failed:
            # What Telegram does not take of us, it will not take tomorrow: no such file, or one that is too big for it.
            refused = not failed.channel_wide and failed.retry_after is None
            raise FetchFailed("Telegram does not hand it out (too big, or gone)" if refused else failed.reason, permanent=refused) from None
        self._count(file.file_size or 0)
        url = file.file_path or ""
        if not url.startswith(self._api.files):
            raise FetchFailed("Telegram does not say where it lies", permanent=True)
        return url

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._limit, cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    async def _head(self, answer: aiohttp.ClientResponse) -> bytes:
        if answer.status in _LOST:
            raise FetchFailed("no longer there", permanent=True)
        if answer.status != 200:  # noqa: PLR2004  # OK
            raise FetchFailed(f"the other side answered {answer.status}")
        self._count(answer.content_length or 0)
        head = b""
        while len(head) < HEAD_BYTES and (chunk := await answer.content.read(HEAD_BYTES - len(head))):
            head += chunk
        return head

    async def _chunks(self, answer: aiohttp.ClientResponse, head: bytes, stack: AsyncExitStack) -> AsyncIterator[bytes]:
        async with stack:
            chunk, size = head, 0
            while chunk:
                size += len(chunk)
                self._count(size)
                yield chunk
                try:
                    chunk = await answer.content.read(_CHUNK_BYTES)
                except (aiohttp.ClientError, TimeoutError, OSError) as error:
                    self._fail(error)

    def _fail(self, error: Exception) -> NoReturn:
        self.in_time.rejected += isinstance(error, TimeoutError)
        _failed(error)

    def _count(self, size: int) -> None:
        if size > self.size.allowed:
            self.size.rejected += 1
            raise FetchFailed("too large", permanent=True)


def _failed(error: Exception) -> NoReturn:
    """One map for what the network can do. Its own words hold the address: they are not repeated, and not kept as a cause."""
    raise FetchFailed("took too long" if isinstance(error, TimeoutError) else "the connection failed or broke off") from None
