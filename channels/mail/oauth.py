"""Tokens to sign in with: fetched by the permission that the mailbox's owner gave, kept until shortly before they end.

Source: RFC 6749, sections 4.4 (client credentials), 5 (answers) and 6 (refreshing).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus

import aiohttp

from channels.mail.imap_failures import Trouble
from channels.mail.settings import OAuth

# An answer is a few thousand bytes; more is nobody's token.
_MAX_ANSWER_BYTES = 256 * 1024
# So long before its end a token is not used any more: the server's clock may be ahead of ours.
_MARGIN = timedelta(minutes=1)
# RFC 6749, section 5.1, only recommends expires_in.
_UNSAID_SECONDS = 300
# No permission is given for longer than a century: that is no number of seconds.
_LONGEST_SECONDS = 100 * 366 * 24 * 3600


class Tokens:
    """Of one mailbox."""

    def __init__(self, settings: OAuth, timeout_seconds: float, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._limit = aiohttp.ClientTimeout(total=timeout_seconds)
        self._clock = clock
        # A provider may change it with each token; the first one is in the configuration and stays valid.
        self._refresh = settings.refresh_token.get_secret_value() if settings.refresh_token else None
        self._token = ""
        self._uses = 0
        self._until: datetime | None = None
        self._one_at_a_time = asyncio.Lock()
        # When the owner's permission ends, where the provider says so (Google and Microsoft do for some); None: not said.
        self.permission_until: datetime | None = None

    async def token(self) -> str:
        """One that is good for another minute. Raises Trouble."""
        async with self._one_at_a_time:
            if self._until is None or self._clock() >= self._until:
                self._until, self._uses = None, 0
                self._take(await self._fetched())
            self._uses += 1
            return self._token

    def forget(self) -> bool:
        """It was refused. Whether it was an old one, so that a new one may help."""
        kept, self._until = self._uses > 1, None
        return kept

    def _take(self, said: Mapping[str, object]) -> None:
        token, seconds, refresh = said.get("access_token"), said.get("expires_in", _UNSAID_SECONDS), said.get("refresh_token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            raise _nonsense()
        try:
            lasts = timedelta(seconds=float(str(seconds)))
        except (ValueError, OverflowError) as error:
            raise _nonsense() from error
        self._token = token
        self._until = self._clock() + lasts - min(_MARGIN, lasts / 2)
        if isinstance(refresh, str) and refresh:
            self._refresh = refresh
        left = said.get("refresh_token_expires_in")
        if isinstance(left, int) and not isinstance(left, bool) and 0 < left < _LONGEST_SECONDS:
            self.permission_until = self._clock() + timedelta(seconds=left)

    async def _fetched(self) -> Mapping[str, object]:
        try:
            async with aiohttp.ClientSession(timeout=self._limit, cookie_jar=aiohttp.DummyCookieJar()) as session:
                answer = await session.post(self._settings.token_url, data=self._asked(), allow_redirects=False)
                async with answer:
                    status, body = answer.status, await _content(answer)
        except TimeoutError as error:
            raise Trouble("timeout", "Who gives out the tokens did not answer in time. It is tried again by itself.") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Trouble("unreachable", "Who gives out the tokens cannot be reached. Is token_url right, does a firewall let us through?") from error
        said = _object(body)
        if status == HTTPStatus.OK:
            return said
        raise _refusal(status, said.get("error"))

    def _asked(self) -> dict[str, str]:
        secret = self._settings.client_secret
        grant = {"grant_type": "refresh_token", "refresh_token": self._refresh} if self._refresh else {"grant_type": "client_credentials"}
        return (
            grant
            | {"client_id": self._settings.client_id}
            | ({"client_secret": secret.get_secret_value()} if secret else {})
            | ({"scope": self._settings.scope} if self._settings.scope else {})
        )


async def _content(answer: aiohttp.ClientResponse) -> bytes:
    content = b""
    async for chunk in answer.content.iter_any():
        content += chunk
        if len(content) > _MAX_ANSWER_BYTES:
            break
    return content


def _refusal(status: int, error: object) -> Trouble:
    # RFC 6749, section 5.2: a word, and 400 or 401. Anything else is no answer to what we asked.
    if status not in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED} or not isinstance(error, str):
        return Trouble("provider", f"Who gives out the tokens does not work ({status}). It is tried again by itself.")
    match error:
        case "invalid_grant":
            return Trouble("auth", "The permission to read the mailbox has ended or was taken back: let its owner give it anew (refresh_token).")
        case "invalid_client" | "unauthorized_client":
            return Trouble("auth", "Who gives out the tokens does not accept client_id and client_secret.")
        case "invalid_scope" | "invalid_request" | "unsupported_grant_type":
            return Trouble("auth", "Who gives out the tokens does not understand what we ask for. Are scope and token_url right?")
        case _:
            return Trouble("provider", "Who gives out the tokens gives none at the moment. It is tried again by itself.")


def _nonsense() -> Trouble:
    return Trouble("provider", "Who gives out the tokens answered without one. Is token_url right?")


def _object(body: bytes) -> Mapping[str, object]:
    """What was said; empty: nothing that could be read."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
