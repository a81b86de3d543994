"""The one map from what the Bot API answers to SendFailed. Reasons are for an operator: never Telegram's own text, and never an address with the token in it.

Source: Telegram Bot API, "Making requests" and "ResponseParameters"; the descriptions are those of its own server (tdlib/telegram-bot-api).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from channels.contract import SendFailed

# Nothing can be sent to this chat: trying again cannot help, and says nothing of the next chat. Words of the description to our sentence.
_THIS_CHAT = {
    "blocked by the user": "The person has blocked our bot",
    "user is deactivated": "The person's account is gone",
    "can't initiate conversation": "The person has never written to our bot in private",
    "kicked": "Our bot was removed from this chat",
    "chat not found": "Telegram knows no such chat",
    "peer_id_invalid": "Telegram knows no such chat",
    "user not found": "Telegram knows no such person",
    "have no rights to send": "Our bot may not write into this chat",
    "upgraded to a supergroup": "This chat has become another one",
}
# A provider that asks for more than a day is not believed.
_LONGEST_PAUSE_SECONDS = 24 * 3600


class TooFast(SendFailed):
    """We write too fast: to this chat, or to all; Telegram does not say which (pacing.py finds out)."""


class NotTaken(SendFailed):
    """Something about this one request is wrong; nothing was sent."""


def failure(status: int, body: bytes) -> SendFailed:
    """What an answer that is no success means."""
    answer = _answer(body)
    said = str(answer.get("description", "")).lower()
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return TooFast(f"Telegram says that we send too fast ({status}).", retry_after=_pause(answer), kind="provider")
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND}:
        return SendFailed(f"Telegram does not accept our token ({status}).", channel_wide=True, kind="auth")
    if status == HTTPStatus.CONFLICT:
        return _conflict(said)
    return _of_the_request(status, answer, said)


def _of_the_request(status: int, answer: Mapping[str, Any], said: str) -> SendFailed:
    if sentence := next((sentence for words, sentence in _THIS_CHAT.items() if words in said), ""):
        return SendFailed(f"{sentence} ({status}).", permanent=True, kind="blocked")
    if status == HTTPStatus.FORBIDDEN:
        return SendFailed(f"Telegram does not let us write into this chat ({status}).", permanent=True, kind="blocked")
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return NotTaken(f"Telegram did not take this request ({status}).", kind="provider")
    # A gateway time-out is somebody before Telegram who did not wait: Telegram itself may have it.
    late = status == HTTPStatus.GATEWAY_TIMEOUT
    return SendFailed(f"What answered was no working Telegram ({status}).", retry_after=_pause(answer), maybe_sent=late, channel_wide=True, kind="provider")


def garbage() -> SendFailed:
    """Success by its status and nonsense by its words: it may have been Telegram."""
    return SendFailed("Telegram's answer could not be understood.", maybe_sent=True, channel_wide=True, kind="provider")


def _conflict(said: str) -> SendFailed:
    if "webhook" in said:
        return SendFailed(
            "Telegram brings this bot's messages to a webhook, so nobody can ask for them (409). Another gateway has set it, or `receive` is wrong.",
            channel_wide=True,
            kind="elsewhere",
        )
    return SendFailed(
        'Another program asks for this bot\'s messages, and only one may (409). End it, or let Telegram call all nodes: receive = "webhook".',
        channel_wide=True,
        kind="elsewhere",
    )


def _answer(body: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _pause(answer: Mapping[str, Any]) -> timedelta | None:
    parameters = answer.get("parameters")
    seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
    if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds <= 0:
        return None
    return timedelta(seconds=min(seconds, _LONGEST_PAUSE_SECONDS))
