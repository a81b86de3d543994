"""The form as a browser gets and sends it: through our own public address, with everything that stands before us (name service, firewall, proxy, certificate).

Nothing comes of what is sent: a form without a word is handed back (422).
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus

import aiohttp
from yarl import URL

from channels.certificates import ends_at
from channels.contract import Checked

# All of it may take so long. Seconds.
_SECONDS = 9.0
# A page of ours is some tens of kilobytes.
_MAX_PAGE_BYTES = 512 * 1024
_KEY = re.compile(rb'name="kunci" value="([0-9a-f]{32}-[0-9a-f]{8}-[A-Za-z0-9_-]{22})"')


class Wrong(Exception):
    """What a browser met, as a sentence."""


class Outside:
    """One form's."""

    def __init__(self, address: str, is_ours: Callable[[str], bool]) -> None:
        """`address`: of the form, as citizens have it. `is_ours`: whether this deployment made that key. Opens nothing."""
        self._address = URL(address)
        self._is_ours = is_ours
        self._trusted: ssl.SSLContext | None = None

    async def ask(self) -> Checked:
        """Get the page, and send it back empty. Never raises."""
        ends = {}
        try:
            async with asyncio.timeout(_SECONDS):
                if self._address.scheme == "https":
                    ends = {"address": await self._certificate()}
                await self._used()
        except Wrong as wrong:
            return Checked(ok=False, sentence=str(wrong), kind="outside", ends=ends)
        except TimeoutError:
            return Checked(ok=False, sentence=f"The form at {self._address} does not answer in time.", kind="outside", ends=ends)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return replace(self._unreached(error), ends=ends)
        return Checked(ok=True, sentence=f"The form can be used at {self._address}.", ends=ends)

    def _unreached(self, error: Exception) -> Checked:
        if isinstance(error, ssl.SSLCertVerificationError):
            return Checked(ok=False, sentence=f"Browsers do not trust the certificate of {self._address} ({error.verify_message}).", kind="outside")
        if isinstance(error, socket.gaierror | aiohttp.ClientConnectorDNSError):
            return Checked(ok=False, sentence=f"The name in {self._address} is not known.", kind="outside")
        return Checked(ok=False, sentence=f"The form at {self._address} cannot be reached ({type(error).__name__}).", kind="outside")

    async def _certificate(self) -> datetime:
        """Until when it holds; raises ssl.SSLCertVerificationError if a browser would turn away."""
        self._trusted = self._trusted or ssl.create_default_context()
        _, writer = await asyncio.open_connection(self._address.host, self._address.port, ssl=self._trusted)
        try:
            shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        finally:
            # Without a farewell: nobody there waits for one.
            writer.transport.abort()
        return ends_at(shown)

    async def _used(self) -> None:
        connector = aiohttp.TCPConnector(ssl=self._trusted or True)
        async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as browser:
            async with browser.get(self._address, max_redirects=3) as answer:
                status, page = answer.status, await answer.content.read(_MAX_PAGE_BYTES)
            key = _KEY.search(page)
            if status != HTTPStatus.OK or key is None:
                raise Wrong(f"At {self._address} stands no form of ours (HTTP {status}).")
            if not self._is_ours(key[1].decode()):
                raise Wrong(f"At {self._address} stands the form of another deployment.")
            form = aiohttp.FormData({"kunci": key[1].decode()}, default_to_multipart=True)
            async with browser.post(answer.url, data=form, allow_redirects=False) as answer:
                if answer.status != HTTPStatus.UNPROCESSABLE_ENTITY:
                    raise Wrong(f"The form at {self._address} can be seen, and cannot be sent (HTTP {answer.status}).")
