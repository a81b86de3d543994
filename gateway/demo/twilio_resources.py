"""What Twilio's API v2010 answers, as documented in its OpenAPI description (twilio-oai, spec/json/twilio_api_v2010.json): pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from gateway.demo.gsm import measure
from gateway.demo.twilio_wire import API_VERSION, Media, Message, media_path

# https://www.twilio.com/docs/api/errors
_REASONS = {
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "Internal Server Error",
    21211: "Invalid 'To' Phone Number",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21610: "Attempt to send to unsubscribed recipient",
    21617: "The concatenated message body exceeds the 1600 character limit.",
}
# https://www.twilio.com/docs/usage/twilios-response#pagination
_DEFAULT_PAGE, _LARGEST_PAGE = 50, 1000


def error(code: int, status: int) -> dict[str, Any]:
    """Twilio's error body."""
    return {"code": code, "message": _REASONS.get(code, "Error"), "more_info": f"https://www.twilio.com/docs/errors/{code}", "status": status}


def account(sid: str, token: str, status: str, since: datetime) -> dict[str, Any]:
    """The account itself."""
    path = f"/{API_VERSION}/Accounts/{sid}"
    return {
        "sid": sid,
        "friendly_name": "Peragaan",
        "status": status,
        "type": "Full",
        "auth_token": token,
        "owner_account_sid": sid,
        "date_created": format_datetime(since),
        "date_updated": format_datetime(since),
        "uri": f"{path}.json",
        "subresource_uris": {"messages": f"{path}/Messages.json"},
    }


def message(kept: Message, account_sid: str) -> dict[str, Any]:
    """One message; prices are never known on loopback."""
    path = f"/{API_VERSION}/Accounts/{account_sid}/Messages/{kept.sid}"
    at = format_datetime(kept.accepted_at)
    return {
        "sid": kept.sid,
        "account_sid": account_sid,
        "messaging_service_sid": kept.messaging_service_sid,
        "from": kept.from_ or None,
        "to": kept.to,
        "body": kept.body,
        "status": kept.status,
        "direction": kept.direction,
        "num_segments": str(measure(kept.body).segments),
        "num_media": str(len(kept.media)),
        "price": None,
        "price_unit": "USD",
        "error_code": kept.error_code,
        "error_message": None if kept.error_code is None else "Unreachable destination handset",
        "date_created": at,
        "date_updated": at,
        "date_sent": None if kept.status == "queued" else at,
        "api_version": API_VERSION,
        "uri": f"{path}.json",
        "subresource_uris": {"media": f"{path}/Media.json"},
    }


def media(kept: Media, of: Message, account_sid: str) -> dict[str, Any]:
    """One file of a message."""
    at = format_datetime(of.accepted_at)
    return {
        "sid": kept.sid,
        "account_sid": account_sid,
        "parent_sid": of.sid,
        "content_type": kept.type,
        "date_created": at,
        "date_updated": at,
        "uri": media_path(account_sid, of.sid, kept.sid) + ".json",
    }


def wanted(kept: Message, query: Mapping[str, str]) -> bool:
    """Does a message pass the filters of a list? Dates count as days, both ends included."""
    if any(name in query and query[name] != value for name, value in (("To", kept.to), ("From", kept.from_))):
        return False
    moments = {name: _moment(query[name]) for name in ("DateSent", "DateSent<", "DateSent>") if name in query}
    return all(_within(kept.accepted_at, name, moment) for name, moment in moments.items())


def _moment(value: str) -> datetime | date:
    return date.fromisoformat(value) if len(value) == len("2026-01-31") else datetime.fromisoformat(value)


def _within(at: datetime, name: str, moment: datetime | date) -> bool:
    if not isinstance(moment, datetime) or name == "DateSent":
        day = moment.date() if isinstance(moment, datetime) else moment
        return {"DateSent": at.date() == day, "DateSent<": at.date() <= day, "DateSent>": at.date() >= day}[name]
    bound = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return at <= bound if name == "DateSent<" else at >= bound


def page(name: str, items: Sequence[dict[str, Any]], path: str, query: Mapping[str, str]) -> dict[str, Any]:
    """One page of a list. The token names the last one seen, so that what arrives meanwhile moves nothing."""
    size = max(1, min(int(query.get("PageSize", _DEFAULT_PAGE)), _LARGEST_PAGE))
    number = int(query.get("Page", 0))
    start = _start(items, query.get("PageToken", ""), size)
    shown = list(items[start : start + size])
    filters = {key: value for key, value in query.items() if key not in {"Page", "PageToken", "PageSize"}}

    def uri(at: int, token: str | None) -> str:
        return f"{path}?{urlencode(filters | {'PageSize': size, 'Page': at} | ({'PageToken': token} if token else {}))}"

    more, before = start + size < len(items), start > 0
    return {
        name: shown,
        "page": number,
        "page_size": size,
        "start": start,
        "end": start + max(len(shown) - 1, 0),
        "uri": uri(number, query.get("PageToken")),
        "first_page_uri": uri(0, None),
        "next_page_uri": uri(number + 1, "PA" + shown[-1]["sid"]) if more else None,
        "previous_page_uri": uri(number - 1, "PB" + shown[0]["sid"]) if before and shown else None,
    }


def _start(items: Sequence[dict[str, Any]], token: str, size: int) -> int:
    places = {item["sid"]: place for place, item in enumerate(items)}
    place = places.get(token[2:])
    if place is None:
        return 0
    return place + 1 if token.startswith("PA") else max(place - size, 0)
