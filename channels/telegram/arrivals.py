"""An update as an arrival: who sent it and how it is called, told from its bytes; the bytes stay as they are (law 2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from channels.contract import MESSAGE, STATUS, Arrival
from channels.telegram import reading, updates
from channels.telegram.reading import BOT_ID, BOT_NAME


class Arrivals:
    """Of one channel."""

    def __init__(self, channel: str, token: str, bot_name: str, clock: Callable[[], datetime]) -> None:
        """`bot_name`: as the deployment tells citizens, until Telegram says it."""
        self._channel = channel
        self._bot_id = token.partition(":")[0]
        self.bot_name = bot_name
        self._clock = clock
        # Updates that nobody could read; kept like all others.
        self.unreadable = 0

    def of(self, raw: bytes) -> Arrival:
        """Never raises: one that nobody can read is kept as well, under its number or its bytes."""
        kind = MESSAGE if updates.kind_of(raw) in updates.SAID else STATUS
        meta = {BOT_ID: self._bot_id} | ({BOT_NAME: self.bot_name} if self.bot_name else {})
        try:
            update = updates.parsed(raw)
        except updates.Unreadable:
            self.unreadable += 1
            return Arrival(self._channel, kind, updates.wire_id(raw), raw, self._clock(), meta=meta)
        # An album's parts are one report.
        wire_id = reading.album(update) or updates.wire_id(raw)
        return Arrival(self._channel, kind, wire_id, raw, self._clock(), reply_to=reading.reply_to(update), meta=meta)


def pressed(raw: bytes) -> str:
    """The id of a press on a button, which wants to be heard; empty: it is none."""
    if updates.kind_of(raw) != "callback_query":
        return ""
    try:
        query = updates.parsed(raw).get("callback_query")
    except updates.Unreadable:
        return ""
    name = query.get("id") if isinstance(query, dict) else None
    return name if isinstance(name, str) else ""
