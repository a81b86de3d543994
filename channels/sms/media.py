"""Files that Twilio only refers to: fetched from the API's own origin with the token, from public addresses elsewhere without, and from nowhere else.

Twilio docs, "Media subresource": the address answers with a redirect to a content network.
"""

from __future__ import annotations

import json
import re
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from channels.contract import Fetched, FetchFailed, Limit
from channels.download import BROKE, LOST, Downloads, told
from channels.sms import guard

_MAX_REDIRECTS = 5
# A file of a message that Twilio's list had: where its files are listed, and which of them it is.
_LISTED = re.compile(r"(/2010-04-01/Accounts/AC[0-9a-fA-F]{32}/Messages/[A-Z]{2}[0-9a-fA-F]{32}/Media)\.json#(\d)")
_MEDIA_SID = re.compile(r"ME[0-9a-fA-F]{32}")
# Ten files are described in a few thousand bytes.
_MAX_LIST_BYTES = 256 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Media:
    """One account's files."""

    def __init__(self, origin: str, account: tuple[str, str], max_bytes: int, seconds: float, resolver: AbstractResolver | None = None) -> None:
        """`account`: who we are at `origin`, and only there. `seconds`: for each address on the way, with all its bytes."""
        self._home = URL(origin).origin()
        self._authorization = {"Authorization": aiohttp.encode_basic_auth(*account)}
        self.downloads = Downloads(Limit("max_media_bytes", max_bytes), Limit("media_seconds", seconds), _explained)
        self._resolver = resolver
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def fetch(self, reference: str) -> Fetched:
        """A file of an allowed kind, whose bytes are counted while they come. Raises FetchFailed."""
        stack = AsyncExitStack()
        try:
            address = await self._named(reference)
            return await self.downloads.take(await self._follow(address, stack), stack)
        except BROKE as error:
            self.downloads.fail(error)
        finally:
            await stack.aclose()

    async def close(self) -> None:
        """Give back the connections."""
        for session in self._sessions.values():
            await session.close()

    async def _named(self, reference: str) -> str:
        """The address of a file that is only known by its place in a list."""
        found = _LISTED.fullmatch(reference)
        if not found:
            return reference
        async with await self._ask(self._home.join(URL(f"{found[1]}.json"))) as answer:
            if answer.status in LOST:
                raise FetchFailed("no longer there", permanent=True)
            said = await answer.content.read(_MAX_LIST_BYTES)
            while len(said) < _MAX_LIST_BYTES and (more := await answer.content.read(_MAX_LIST_BYTES - len(said))):
                said += more
        if answer.status != 200:  # noqa: PLR2004  # OK
            raise FetchFailed(f"the other side answered {answer.status}")
        return str(self._home.join(URL(f"{found[1]}/{_sid(said, int(found[2]))}")))

    async def _follow(self, reference: str, stack: AsyncExitStack) -> aiohttp.ClientResponse:
        """The answer at the end of the redirects, each of them judged like the first address."""
        url = _url(reference)
        for _ in range(_MAX_REDIRECTS + 1):
            answer = await self._ask(url)
            if answer.status not in _REDIRECTS:
                stack.push_async_exit(answer)
                return answer
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
            jar = aiohttp.DummyCookieJar()
            self._sessions[at_home] = aiohttp.ClientSession(connector=connector, headers=headers, timeout=self.downloads.timeout, cookie_jar=jar)
        return self._sessions[at_home]


def _sid(said: bytes, place: int) -> str:
    try:
        sid = json.loads(said)["media_list"][place]["sid"]
    except IndexError:
        raise FetchFailed("no longer there", permanent=True) from None
    except (ValueError, LookupError, TypeError, RecursionError):
        raise FetchFailed("the other side's list could not be understood") from None
    if not isinstance(sid, str) or not _MEDIA_SID.fullmatch(sid):
        raise FetchFailed("the other side's list could not be understood")
    return sid


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


def _explained(error: Exception) -> FetchFailed:
    if _private(error):
        return FetchFailed("leads into a private network", permanent=True)
    if isinstance(error, aiohttp.InvalidURL):
        return FetchFailed("not an address that can be fetched", permanent=True)
    return told(error)


def _private(error: Any) -> bool:  # noqa: ANN401  # whatever aiohttp wraps it in
    return isinstance(error, guard.Private) or isinstance(getattr(error, "os_error", None), guard.Private)
