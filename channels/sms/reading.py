"""What Twilio's webhooks say, read from their bytes; pure.

Sources: Twilio docs, "Twilio's request to your incoming message webhook URL" and "Track the message status of outbound messages".
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import datetime

from channels.contract import STATUS, Arrival, DeliveryUpdate, Ignored
from channels.sms.form import fields
from normalizer import Address, Attachment, Location, Report

# Twilio docs, "Message resource", MediaUrl{N}: ten at the most.
_MAX_MEDIA = 10
# How an arrival came that Twilio's list of messages had, and no webhook brought: its bytes are a Message resource (JSON).
LISTED = "list"

# Twilio docs, "Message status values". Those of messages to us (receiving, received) are not here.
_STATUSES = {
    "accepted": "sending",
    "scheduled": "sending",
    "queued": "sending",
    "sending": "sending",
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "undelivered": "undelivered",
    "failed": "failed",
    "canceled": "failed",
}


def read(arrival: Arrival) -> Report | DeliveryUpdate | Ignored:
    """A citizen's report, or what became of something that we sent."""
    said = _said(arrival)
    return _update(arrival, said) if arrival.kind == STATUS else _report(arrival, said)


def fingerprint(arrival: Arrival) -> str:
    """What was said (law 5), so that a retry, the fallback URL with its ErrorCode and ErrorUrl, and the provider's message list are one."""
    said = _said(arrival)
    if arrival.kind == STATUS:
        words = [arrival.kind, message_sid(said), status(said), said.get("ErrorCode", "")]
    else:
        words = [arrival.kind, *(said.get(name, "") for name in ("From", "To", "Body")), said.get("NumMedia") or "0"]
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()


def listed(raw: bytes) -> Mapping[str, str]:
    """A Message resource by the names of a webhook's fields. Files are named by where they are listed, and their place there.

    >>> listed(b'{"sid": "SM1", "from": "+62812", "to": "1708", "body": "lampu padam", "num_media": "0"}')["Body"]
    'lampu padam'
    """
    message = json.loads(raw)
    said = {name: str(message.get(key) or "") for key, name in _NAMES.items()}
    listed_at = message.get("subresource_uris")
    # One that is not as it should be comes in with what it has.
    files = listed_at.get("media") if isinstance(listed_at, dict) else None
    count = int(said["NumMedia"]) if said["NumMedia"].isdecimal() and len(said["NumMedia"]) <= len(str(_MAX_MEDIA)) else 0
    return said | ({f"MediaUrl{n}": f"{files}#{n}" for n in range(min(count, _MAX_MEDIA))} if files else {})


_NAMES = {"sid": "MessageSid", "account_sid": "AccountSid", "from": "From", "to": "To", "body": "Body", "num_media": "NumMedia"}


def _said(arrival: Arrival) -> Mapping[str, str]:
    return listed(arrival.raw) if arrival.meta.get("via") == LISTED else fields(arrival.raw)


def message_sid(said: Mapping[str, str]) -> str:
    """Twilio's id of the message; empty: it gave none."""
    return said.get("MessageSid") or said.get("SmsSid") or said.get("SmsMessageSid") or ""


def status(said: Mapping[str, str]) -> str:
    """What became of a message, in Twilio's word."""
    return said.get("MessageStatus") or said.get("SmsStatus") or ""


def address(text: str) -> Address | None:
    """Twilio writes `+62...` for SMS and `whatsapp:+62...` for WhatsApp; None: it gave none.

    >>> address("whatsapp:+6281234567890")
    Address(kind='whatsapp', value='+6281234567890')
    """
    kind, colon, value = text.strip().rpartition(":")
    return Address(kind if colon else "sms", value) if value else None


def _report(arrival: Arrival, said: Mapping[str, str]) -> Report:
    return Report(
        sender=address(said.get("From", "")),
        text=said.get("Body") or _named_place(said),
        received_at=arrival.received_at,
        written_at=datetime.fromisoformat(arrival.meta["sent_at"]) if "sent_at" in arrival.meta else None,
        sender_name=said.get("ProfileName") or None,
        recipient=address(said.get("To", "")),
        attachments=tuple(_attachment(said, n) for n in range(_MAX_MEDIA) if said.get(f"MediaUrl{n}")),
        location=_location(said),
        # WhatsApp: the message that this one was written as an answer to.
        references=tuple(filter(None, [said.get("OriginalRepliedMessageSid")])),
    )


def _named_place(said: Mapping[str, str]) -> str:
    """A place that was shared on WhatsApp comes without a body."""
    return ", ".join(filter(None, (said.get("Label"), said.get("Address"))))


def _attachment(said: Mapping[str, str], n: int) -> Attachment:
    return Attachment(name="", declared_type=said.get(f"MediaContentType{n}", ""), reference=said[f"MediaUrl{n}"])


def _location(said: Mapping[str, str]) -> Location | None:
    try:
        latitude, longitude = float(said["Latitude"]), float(said["Longitude"])
    except (KeyError, ValueError):
        return None
    on_earth = math.isfinite(latitude) and math.isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180  # noqa: PLR2004  # degrees
    return Location(latitude, longitude) if on_earth else None


def _update(arrival: Arrival, said: Mapping[str, str]) -> DeliveryUpdate | Ignored:
    sid, word = message_sid(said), status(said)
    if not sid or word not in _STATUSES:
        return Ignored("a status callback that says nothing of a message from us", unknown=not (sid and word))
    reason = said.get("ErrorCode") or (word if word == "canceled" else None)
    return DeliveryUpdate(sid, _STATUSES[word], arrival.meta.get("notice"), reason)
