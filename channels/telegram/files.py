"""Files that Telegram only refers to: asked for by their id, fetched from the Bot API's own origin, and never an address told to anybody: the token is in it.

Source: Telegram Bot API, "getFile".
"""

from __future__ import annotations

from contextlib import AsyncExitStack

import aiohttp

from channels.contract import Fetched, FetchFailed, Limit, SendFailed
from channels.download import BROKE, Downloads, told
from channels.telegram.api import Api
from channels.telegram.failures import TooFast


class Files:
    """One bot's."""

    def __init__(self, api: Api, max_bytes: int, seconds: float) -> None:
        """Opens nothing."""
        self._api = api
        self.downloads = Downloads(Limit("max_file_bytes", max_bytes), Limit("file_seconds", seconds), told)
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, file_id: str) -> Fetched:
        """A file of an allowed kind, whose bytes are counted while they come. Raises FetchFailed."""
        url = await self._where(file_id)
        stack = AsyncExitStack()
        try:
            answer = await stack.enter_async_context(self._open().get(url, allow_redirects=False))
            return await self.downloads.take(answer, stack)
        except BROKE as error:
            self.downloads.fail(error)
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
            # What Telegram does not take of us, it will not take tomorrow: no such file, or one that is too big for it. That we ask too fast is another thing.
            refused = not failed.channel_wide and not isinstance(failed, TooFast)
            raise FetchFailed("Telegram does not hand it out (too big, or gone)" if refused else failed.reason, permanent=refused) from None
        self.downloads.count(file.file_size or 0)
        url = file.file_path or ""
        if not url.startswith(self._api.files):
            raise FetchFailed("Telegram does not say where it lies", permanent=True)
        return url

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self.downloads.timeout, cookie_jar=aiohttp.DummyCookieJar())
        return self._session
