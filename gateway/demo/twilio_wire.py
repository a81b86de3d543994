"""What Twilio posts to a gateway: incoming messages and status callbacks, signed. Written from Twilio's pages, never from our own reader or the SDK.

https://www.twilio.com/docs/messaging/guides/webhook-request
https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
https://www.twilio.com/docs/usage/webhooks/webhooks-security
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gateway.demo.gsm import measure

API_VERSION = "2010-04-01"
WHATSAPP = "whatsapp:"

Algorithm = Literal["sha1", "sha256"]
Direction = Literal["inbound", "outbound-api"]


@dataclass(frozen=True, slots=True)
class Media:
    """A file of a message."""

    sid: str
    name: str
    type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """One message as Twilio keeps it, either way."""

    sid: str
    from_: str
    to: str
    body: str
    direction: Direction
    # As in MessageStatus: queued, sent, delivered, ... or received.
    status: str
    # UTC: when Twilio took it, from the gateway or from the phone.
    accepted_at: datetime
    media: tuple[Media, ...] = ()
    messaging_service_sid: str | None = None
    # Where the gateway wants to hear of it; None: nowhere.
    status_callback: str | None = None
    # Of a message that was not delivered.
    error_code: int | None = None


def media_sid(message_sid: str, position: int) -> str:
    """The same at every repetition of a delivery."""
    return "ME" + hashlib.sha256(f"{message_sid}/{position}".encode()).hexdigest()[:32]


def incoming_params(message: Message, account_sid: str, base_url: str, profile: str) -> dict[str, str]:
    """The form fields of an incoming message, empty ones too: they are signed as well."""
    params = {
        "SmsMessageSid": message.sid,
        "NumMedia": str(len(message.media)),
        "SmsSid": message.sid,
        "SmsStatus": "received",
        "Body": message.body,
        "To": message.to,
        "NumSegments": str(measure(message.body).segments),
        "MessageSid": message.sid,
        "AccountSid": account_sid,
        "From": message.from_,
        "ApiVersion": API_VERSION,
    }
    for position, media in enumerate(message.media):
        params[f"MediaContentType{position}"] = media.type
        params[f"MediaUrl{position}"] = base_url + media_path(account_sid, message.sid, media.sid)
    return params | (_whatsapp(message.from_, profile) if message.from_.startswith(WHATSAPP) else _GEOGRAPHY)


def _whatsapp(from_: str, profile: str) -> dict[str, str]:
    return {"ProfileName": profile, "WaId": from_.removeprefix(WHATSAPP).removeprefix("+"), "MessageType": "text", "ReferralNumMedia": "0"}


# What Twilio knows of an Indonesian number: the country.
_GEOGRAPHY = {"ToCountry": "ID", "ToState": "", "ToCity": "", "ToZip": "", "FromCountry": "ID", "FromState": "", "FromCity": "", "FromZip": ""}


def media_path(account_sid: str, message_sid: str, sid: str) -> str:
    """Where a file lies."""
    return f"/{API_VERSION}/Accounts/{account_sid}/Messages/{message_sid}/Media/{sid}"


def status_params(message: Message, status: str, account_sid: str, at: datetime) -> dict[str, str]:
    """The form fields of a status callback."""
    params = {
        "SmsSid": message.sid,
        "SmsStatus": status,
        "MessageStatus": status,
        "To": message.to,
        "MessageSid": message.sid,
        "AccountSid": account_sid,
        "From": message.from_,
        "ApiVersion": API_VERSION,
    }
    if message.messaging_service_sid:
        params["MessagingServiceSid"] = message.messaging_service_sid
    if message.error_code is not None:
        params["ErrorCode"] = str(message.error_code)
    if status in {"delivered", "undelivered"}:
        # The carrier's own time, minutes, zone unknown (Twilio's changelog of 14 February 2023).
        params["RawDlrDoneDate"] = f"{at:%y%m%d%H%M}"
    return params


def signature(token: str, url: str, params: Mapping[str, str], algorithm: Algorithm) -> str:
    """The whole URL, then each field's name and value in the order of the names, nothing between; HMAC with the token; base64."""
    said = url + "".join(name + params[name] for name in sorted(params))
    return base64.b64encode(hmac.digest(token.encode(), said.encode(), algorithm)).decode()


def signed_headers(token: str, url: str, params: Mapping[str, str], algorithm: Algorithm) -> dict[str, str]:
    """The headers that prove where a webhook comes from; with SHA-256 another header names the algorithm and a shared key."""
    headers = {"X-Twilio-Signature": signature(token, url, params, algorithm), "User-Agent": "TwilioProxy/1.1"}
    if algorithm == "sha256":
        headers["X-Twilio-Webhooks-Signature-Settings"] = "key=webhooks_sharedkey_demo,algorithm=HMAC_SHA256"
    return headers
