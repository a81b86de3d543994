"""How Twilio's SDK reaches the network: over one aiohttp session with time-outs. The SDK's own client has none and uses what aiohttp has deprecated.

What goes wrong is raised as SendFailed right here, where it is still known whether the request may have left: the SDK lets it pass.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
from twilio.base.exceptions import TwilioException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from channels.contract import SendFailed
from channels.sms.failures import failure

# What the SDK raises when a success is not Twilio's: no JSON, or JSON of something else.
NOT_TWILIO = (TwilioException, ValueError, TypeError, AttributeError, KeyError, RecursionError)
# An answer is a few thousand bytes; more is not Twilio's.
_MAX_ANSWER_BYTES = 1024 * 1024
# The connection is made or refused in this part of the time, so that a time-out later than that means: it may have been sent.
_CONNECTING = 0.5


class RestClient(Client):  # type: ignore[misc]  # the SDK ships no types
    """The SDK, talking to the origin that is configured."""

    def __init__(self, account_sid: str, auth_token: str, origin: str, wire: Wire) -> None:
        super().__init__(account_sid, auth_token, http_client=wire)
        self._origin = urlsplit(origin)

    def get_hostname(self, uri: str) -> str:
        """The SDK's hook for the address of a request."""
        return urlsplit(uri)._replace(scheme=self._origin.scheme, netloc=self._origin.netloc).geturl()


class Wire(AsyncHttpClient):  # type: ignore[misc]  # the SDK ships no types
    """One session, opened with the first request. It never repeats a request by itself: that could be a second SMS."""

    def __init__(self, timeout_seconds: float) -> None:
        super().__init__(logging.getLogger(__name__), is_async=True)
        self._limit = aiohttp.ClientTimeout(total=timeout_seconds, connect=timeout_seconds * _CONNECTING)
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Give back the connections."""
        if self._session is not None:
            await self._session.close()

    async def request(  # the SDK's signature
        self,
        method: str,
        uri: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
        allow_redirects: bool = False,  # noqa: FBT001, FBT002
    ) -> Response:
        """Raise SendFailed for anything but a success."""
        sent_headers = dict(headers or {}) | ({"Authorization": aiohttp.encode_basic_auth(*auth)} if auth else {})
        body = urlencode(data, doseq=True).encode() if data else None
        try:
            async with self._open().request(method, uri, params=params, data=body, headers=sent_headers, allow_redirects=False) as answer:
                content = await _content(answer)
        except aiohttp.ClientConnectorDNSError as error:
            raise SendFailed("The name of Twilio's server is not known.", channel_wide=True, kind="unreachable") from error
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise SendFailed("Twilio could not be reached.", channel_wide=True, kind="unreachable") from error
        except TimeoutError as error:
            raise SendFailed("Twilio did not answer in time.", maybe_sent=True, channel_wide=True, kind="timeout") from error
        except (aiohttp.ClientError, OSError) as error:
            raise SendFailed("The connection to Twilio broke off.", maybe_sent=True, channel_wide=True, kind="unreachable") from error
        if not answer.ok or answer.status >= 300:  # noqa: PLR2004  # RFC 9110, 15.4: sent elsewhere
            raise failure(answer.status, answer.headers, content)
        return Response(answer.status, content.decode(errors="replace"), answer.headers)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._limit, cookie_jar=aiohttp.DummyCookieJar())
        return self._session


async def _content(answer: aiohttp.ClientResponse) -> bytes:
    content = b""
    async for chunk in answer.content.iter_chunked(65536):
        content += chunk
        if len(content) > _MAX_ANSWER_BYTES:
            break
    return content
