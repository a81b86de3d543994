"""Twilio's own list of the messages that were sent to us: what its webhook could not bring lies there, for as long as the account keeps messages.

Source: Twilio's OpenAPI description (twilio-oai, spec/json/twilio_api_v2010.json), ListMessage; Twilio docs, "Twilio's response", pagination.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from channels.contract import SendFailed
from channels.sms.failures import garbage
from channels.sms.http import NOT_TWILIO, RestClient

# 50 of the longest (1,600 characters, each escaped) are less than what is read of an answer.
_PAGE = 50
# A hundred thousand messages; a list that goes on behind them leads nowhere.
_MOST_PAGES = 2000
# A page that cannot be had is asked for so often, with pauses of 1, 2, 4 seconds or as long as Twilio says; one that is longer is for whoever asked us.
_TRIES = 4
_LONGEST_PAUSE = timedelta(seconds=30)


class History:
    """One account's."""

    def __init__(self, rest: RestClient, account_sid: str, ours: Collection[str], service: str | None) -> None:
        """`ours`: the numbers that people write to, as Twilio writes them; `service`: or whose number it is. Neither: all of the account."""
        self._rest = rest
        self._path = f"/2010-04-01/Accounts/{account_sid}/Messages.json"
        self._ours = frozenset(ours)
        self._service = service

    async def incoming(self, since: datetime) -> list[dict[str, Any]]:
        """What people sent to us since then, oldest first, each as the list has it. Raises SendFailed."""
        # The list begins with the newest. An order that the list does not keep would be one between strangers only.
        found = [one async for one in self._all(since) if self._is_for_us(one) and (sent_at(one) or since) >= since]
        return found[::-1]

    async def _all(self, since: datetime) -> AsyncIterator[dict[str, Any]]:
        query: dict[str, object] | None = {"DateSent>": f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", "PageSize": _PAGE}
        uri, seen = self._path, {""}
        for _ in range(_MOST_PAGES):
            page = await self._page(uri, query)
            for one in page["messages"]:
                yield one
            uri, query = self._next(page), None
            if not uri:
                return
            if uri in seen:
                break
            seen.add(uri)
        raise SendFailed("Twilio's list of messages has no end. Ask for a shorter time: --since.", kind="provider")

    def _next(self, page: Mapping[str, Any]) -> str:
        """Where it goes on; empty: nowhere. Only in this very list, wherever else the answer points: the token travels with the question."""
        uri = page.get("next_page_uri") or ""
        if uri and not (isinstance(uri, str) and uri.startswith(f"{self._path}?")):
            raise garbage()
        return uri

    async def _page(self, uri: str, query: dict[str, object] | None) -> dict[str, Any]:
        for tried in range(1, _TRIES):
            try:
                return await self._asked(uri, query)
            except SendFailed as failed:
                pause = failed.retry_after or timedelta(seconds=2 ** (tried - 1))
                if failed.kind == "auth" or pause > _LONGEST_PAUSE:
                    raise
                await asyncio.sleep(pause.total_seconds())
        return await self._asked(uri, query)

    async def _asked(self, uri: str, query: dict[str, object] | None) -> dict[str, Any]:
        try:
            # The host is the client's own affair: RestClient puts in the one that is configured.
            answer = await self._rest.request_async("GET", f"https://api.twilio.com{uri}", params=query)
            page = json.loads(answer.text)
        except NOT_TWILIO as error:
            raise garbage() from error
        messages = page.get("messages") if isinstance(page, dict) else None
        if not isinstance(messages, list) or not all(isinstance(one, dict) for one in messages):
            raise garbage()
        return page  # type: ignore[no-any-return]  # a dict, as was looked at

    def _is_for_us(self, message: Mapping[str, Any]) -> bool:
        """An account may serve others, too: what was sent to their numbers is not ours to read."""
        if message.get("direction") != "inbound":
            return False
        if not self._ours and not self._service:
            return True
        return str(message.get("to")) in self._ours or (self._service is not None and message.get("messaging_service_sid") == self._service)


def sent_at(message: Mapping[str, Any]) -> datetime | None:
    """When Twilio had it from the phone network, UTC; None: it does not say.

    >>> sent_at({"date_sent": "Fri, 24 May 2019 17:44:50 +0000"})
    datetime.datetime(2019, 5, 24, 17, 44, 50, tzinfo=datetime.timezone.utc)
    """
    said = message.get("date_sent") or message.get("date_created")
    try:
        at = parsedate_to_datetime(said) if isinstance(said, str) else None
        return None if at is None else at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
