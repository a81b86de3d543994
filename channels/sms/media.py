"""Files that Twilio only refers to: fetched from the API's own origin with the token, from public addresses elsewhere without, and from nowhere else.

Twilio docs, "Media subresource": the address answers with a redirect to a content network.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, NoReturn

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from channels.contract import Fetched, FetchFailed, Limit
from channels.filetypes import HEAD_BYTES, type_of
from channels.sms import guard

_MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Not found, gone: it will not come back.
_LOST = frozenset({404, 410})


_CHUNK_BYTES = 65536


class Media:
    """One account's files."""

    def __init__(self, origin: str, account: tuple[str, str], max_bytes: int, seconds: float, resolver: AbstractResolver | None = None) -> None:
        """`account`: who we are at `origin`, and only there. `seconds`: for each address on the way, with all its bytes."""
        self._home = URL(origin).origin()
        self._authorization = {"Authorization": aiohttp.encode_basic_auth(*account)}
        self.size = Limit("max_media_bytes", max_bytes)
        self.in_time = Limit("media_seconds", seconds)
        self._limit = aiohttp.ClientTimeout(total=seconds)
        self._resolver = resolver
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def fetch(self, reference: str) -> Fetched:
        """A file of an allowed kind, whose bytes are counted while they come. Raises FetchFailed."""
        stack = AsyncExitStack()
        try:
            answer = await self._follow(reference, stack)
            head = await self._head(answer)
            kind = type_of(head)
            if kind is None:
                raise FetchFailed("not an allowed kind of file", permanent=True)
            return Fetched(kind, self._chunks(answer, head, stack.pop_all()))
        except (aiohttp.ClientError, TimeoutError, OSError, UnicodeError) as error:
            self._fail(error)
        finally:
            await stack.aclose()

    async def close(self) -> None:
        """Give back the connections."""
        for session in self._sessions.values():
            await session.close()

    async def _follow(self, reference: str, stack: AsyncExitStack) -> aiohttp.ClientResponse:
        """The answer at the end of the redirects, each of them judged like the first address."""
        url = _url(reference)
        for _ in range(_MAX_REDIRECTS + 1):
            answer = await self._ask(url)
            if answer.status not in _REDIRECTS:
                stack.push_async_exit(answer)
                return _good(answer)
            answer.close()
            url = _url(answer.headers.get("Location", ""), base=url)
        raise FetchFailed("sent from one address to the next without end", permanent=True)

    async def _ask(self, url: URL) -> aiohttp.ClientResponse:
        at_home = url.origin() == self._home
        if not at_home and (url.scheme, url.port) != ("https", 443):
            raise FetchFailed("leads to an address that is neither the provider's nor https", permanent=True)
        return await self._session(at_home).get(url, allow_redirects=False)

    def _session(self, at_home: bool) -> aiohttp.ClientSession:  # noqa: FBT001  # which of two
        """One that carries the token, and one that is guarded; no session is both, so the token cannot travel."""
        if at_home not in self._sessions:
            connector = aiohttp.TCPConnector() if at_home else guard.connector(self._resolver)
            headers = self._authorization if at_home else None
            self._sessions[at_home] = aiohttp.ClientSession(connector=connector, headers=headers, timeout=self._limit, cookie_jar=aiohttp.DummyCookieJar())
        return self._sessions[at_home]

    async def _head(self, answer: aiohttp.ClientResponse) -> bytes:
        self._count(answer.content_length or 0)
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


def _url(text: str, base: URL | None = None) -> URL:
    try:
        url = base.join(URL(text)) if base else URL(text)
        url.origin()
        # A host that no resolver would take, such as one with a label of 64 letters.
        (url.raw_host or "").encode("idna")
    except ValueError:
        raise FetchFailed("not an address that can be fetched", permanent=True) from None
    if url.user or url.password or not text:
        raise FetchFailed("not an address that can be fetched", permanent=True)
    return url


def _good(answer: aiohttp.ClientResponse) -> aiohttp.ClientResponse:
    if answer.status in _LOST:
        raise FetchFailed("no longer there", permanent=True)
    if answer.status != 200:  # noqa: PLR2004  # OK
        raise FetchFailed(f"the other side answered {answer.status}")
    return answer


def _failed(error: Exception) -> NoReturn:
    """One map for what the network can do. Its own words may hold the address, which opens the file: they are not repeated."""
    if isinstance(error, TimeoutError):
        raise FetchFailed("took too long") from error
    if _private(error):
        raise FetchFailed("leads into a private network", permanent=True) from error
    if isinstance(error, aiohttp.InvalidURL):
        raise FetchFailed("not an address that can be fetched", permanent=True) from error
    raise FetchFailed("the connection failed or broke off") from error


def _private(error: Any) -> bool:  # noqa: ANN401  # whatever aiohttp wraps it in
    return isinstance(error, guard.Private) or isinstance(getattr(error, "os_error", None), guard.Private)
