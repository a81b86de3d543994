"""What the account's owner sees of the loopback Twilio besides its messages: where each number's messages are brought, and what went wrong at the doors.

Written from Twilio's OpenAPI description: IncomingPhoneNumber, ShortCode, Notification.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import format_datetime
from typing import Any

from gateway.demo.twilio_wire import API_VERSION

_LONGEST_SHORT_CODE = 6


@dataclass(frozen=True, slots=True)
class Line:
    """A number's settings."""

    sms_url: str = ""
    sms_method: str = "POST"
    # A program of the owner's at Twilio that decides instead; empty: there is none.
    sms_application_sid: str = ""


@dataclass(frozen=True, slots=True)
class Notification:
    """Something that went wrong at a door."""

    code: str
    url: str
    # UTC.
    at: datetime
    sid: str = ""


def is_short(number: str) -> bool:
    """Twilio keeps short codes apart.

    >>> is_short("1708"), is_short("+6281200000001")
    (True, False)
    """
    return number.isdigit() and len(number) <= _LONGEST_SHORT_CODE


def incoming_number(number: str, line: Line, account_sid: str, since: datetime) -> dict[str, Any]:
    """One that can be dialled."""
    sid, at = _sid("PN", number), format_datetime(since)
    nothing = dict.fromkeys(
        ("address_sid", "emergency_address_sid", "identity_sid", "bundle_sid", "trunk_sid", "voice_url", "voice_fallback_url", "voice_application_sid")
    )
    return nothing | {
        "account_sid": account_sid,
        "address_requirements": "none",
        "api_version": API_VERSION,
        "beta": False,
        "capabilities": {"voice": True, "sms": True, "mms": True, "fax": False},
        "date_created": at,
        "date_updated": at,
        "emergency_status": "Inactive",
        "emergency_address_status": "unregistered",
        "friendly_name": number,
        "origin": "twilio",
        "phone_number": number,
        "sid": sid,
        "sms_application_sid": line.sms_application_sid or None,
        "sms_fallback_method": "POST",
        "sms_fallback_url": "",
        "sms_method": line.sms_method,
        "sms_url": line.sms_url,
        "status_callback": "",
        "status_callback_method": "POST",
        "status": "in-use",
        "type": "mobile",
        "uri": f"/{API_VERSION}/Accounts/{account_sid}/IncomingPhoneNumbers/{sid}.json",
        "voice_caller_id_lookup": False,
        "voice_fallback_method": "POST",
        "voice_method": "POST",
        "voice_receive_mode": "voice",
    }


def short_code(number: str, line: Line, account_sid: str, since: datetime) -> dict[str, Any]:
    """One of few digits."""
    sid, at = _sid("SC", number), format_datetime(since)
    return {
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "date_created": at,
        "date_updated": at,
        "friendly_name": number,
        "short_code": number,
        "sid": sid,
        "sms_fallback_method": "POST",
        "sms_fallback_url": None,
        "sms_method": line.sms_method,
        "sms_url": line.sms_url or None,
        "uri": f"/{API_VERSION}/Accounts/{account_sid}/SMS/ShortCodes/{sid}.json",
    }


def notification(kept: Notification, account_sid: str) -> dict[str, Any]:
    """One error, as Twilio keeps it."""
    at = format_datetime(kept.at)
    return {
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "call_sid": None,
        "date_created": at,
        "date_updated": at,
        "error_code": kept.code,
        "log": "0",
        "message_date": at,
        "message_text": f"ErrorCode={kept.code}&LogLevel=ERROR",
        "more_info": f"https://www.twilio.com/docs/errors/{kept.code}",
        "request_method": "POST",
        "request_url": kept.url,
        "sid": kept.sid,
        "uri": f"/{API_VERSION}/Accounts/{account_sid}/Notifications/{kept.sid}.json",
    }


def wanted(kept: Notification, query: Mapping[str, str]) -> bool:
    """Does it pass the filters of a list? Ours are all errors; days count whole, both ends included."""
    after, before, day = (query.get(f"MessageDate{sign}") for sign in (">", "<", ""))
    within = (not after or kept.at.date() >= date.fromisoformat(after)) and (not before or kept.at.date() <= date.fromisoformat(before))
    return within and query.get("Log", "0") == "0" and (not day or kept.at.date() == date.fromisoformat(day))


def _sid(kind: str, number: str) -> str:
    return kind + uuid.uuid5(uuid.NAMESPACE_URL, number).hex
