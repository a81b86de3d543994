"""The one map from what Twilio's REST API answers to SendFailed. Reasons are for an operator: never Twilio's own text, which repeats the number.

Source: Twilio docs, "Error and warning dictionary"; the codes stand in its addresses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus

from channels.contract import SendFailed

# Nothing can be sent to this number: trying again cannot help, and says nothing of the next number.
_THIS_NUMBER = {
    21211: "is not a telephone number",
    21214: "cannot be reached",
    21217: "is not a telephone number",
    21265: "cannot be a short code",
    21408: "is in a country that the account may not send to",
    21610: "has unsubscribed from us",
    21612: "cannot be reached from our sender",
    21614: "cannot receive SMS",
    21635: "is a landline",
    63003: "is not on WhatsApp",
    63015: "has not joined the WhatsApp sandbox",
    63016: "wrote longer ago than WhatsApp lets us answer freely",
    63024: "is not on WhatsApp",
}
# Nothing can be sent by anybody until a person has mended the account.
_ACCOUNT = {
    20003: "does not accept our token",
    20005: "says that the account is not active",
    21212: "does not know our sender",
    21603: "wants a sender",
    21606: "says that our sender is not the account's",
    21659: "says that our sender is not the account's",
    21660: "says that our sender is not the account's",
    21701: "does not know our messaging service",
    21703: "says that our messaging service has no sender",
    63007: "does not know our WhatsApp sender",
}
# What a status says where no code says more.
_REASONS = {
    401: "Twilio does not accept our account and token",
    403: "Twilio does not allow our account to do this",
    404: "Twilio does not know our account",
    429: "Twilio says that we send too fast",
}
_AUTH = frozenset({401, 403})
_WRONG_TOKEN = 20003
# A provider that asks for more than a day is not believed.
_LONGEST_PAUSE_SECONDS = 24 * 3600


def failure(status: int, headers: Mapping[str, str], body: bytes) -> SendFailed:
    """What an answer that is no success means for the notice."""
    code = _code(body)
    if code in _THIS_NUMBER:
        return SendFailed(f"The number {_THIS_NUMBER[code]} (Twilio {code}).", permanent=True)
    if code in _ACCOUNT:
        return SendFailed(f"Twilio {_ACCOUNT[code]} ({code}).", channel_wide=True, kind="auth" if code == _WRONG_TOKEN else "provider")
    if status in _REASONS:
        return SendFailed(f"{_REASONS[status]} ({status}).", retry_after=_pause(headers), channel_wide=True, kind="auth" if status in _AUTH else "provider")
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return SendFailed(f"Twilio did not take this message ({code or status}).")
    # A gateway time-out is somebody before Twilio who did not wait: Twilio itself may have it.
    late = status == HTTPStatus.GATEWAY_TIMEOUT
    return SendFailed(f"What answered was no working Twilio ({status}).", retry_after=_pause(headers), maybe_sent=late, channel_wide=True, kind="provider")


def garbage() -> SendFailed:
    """Success by its status and nonsense by its words: it may have been Twilio."""
    return SendFailed("Twilio's answer could not be understood.", maybe_sent=True, channel_wide=True, kind="provider")


def _code(body: bytes) -> int | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    code = answer.get("code") if isinstance(answer, dict) else None
    return code if isinstance(code, int) else None


def _pause(headers: Mapping[str, str]) -> timedelta | None:
    text = headers.get("Retry-After", "").strip()
    seconds = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004  # more digits than any pause has
    return timedelta(seconds=min(seconds, _LONGEST_PAUSE_SECONDS)) if seconds else None
