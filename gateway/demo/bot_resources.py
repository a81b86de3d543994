"""What the Bot API says, in its own form. Written from Telegram's description, never from our own reader or from a client.

https://core.telegram.org/bots/api#making-requests and "Available types".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

# What the server says of an error, in its own words (tdlib/telegram-bot-api).
UNAUTHORIZED = (401, "Unauthorized")
NOT_FOUND = (404, "Not Found")
BLOCKED = (403, "Forbidden: bot was blocked by the user")
STRANGER = (403, "Forbidden: bot can't initiate conversation with a user")
NO_CHAT = (400, "Bad Request: chat not found")
EMPTY = (400, "Bad Request: message text is empty")
TOO_LONG = (400, "Bad Request: message is too long")
NO_REPLY = (400, "Bad Request: message to be replied not found")
NO_FILE = (400, "Bad Request: invalid file_id")
TOO_BIG = (400, "Bad Request: file is too big")
OLD_QUERY = (400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
NO_MESSAGE = (400, "Bad Request: message to edit not found")
BAD_WEBHOOK = (400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
OTHER_POLL = (409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running")
HOOKED = (409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")

Error = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with the app."""

    id: int
    first_name: str = "Siti"
    last_name: str = "Warga"
    username: str = ""
    language: str = "id"


@dataclass(frozen=True, slots=True)
class File:
    """What lies on Telegram's servers."""

    id: str
    # Where it is fetched.
    path: str
    content: bytes


def error(code: int, description: str, retry_after: int | None = None) -> dict[str, Any]:
    """An answer that is none."""
    return {"ok": False, "error_code": code, "description": description} | ({"parameters": {"retry_after": retry_after}} if retry_after is not None else {})


def user(person: Person) -> dict[str, Any]:
    """A person, as `from`."""
    optional = {"last_name": person.last_name, "username": person.username, "language_code": person.language}
    return {"id": person.id, "is_bot": False, "first_name": person.first_name} | {name: value for name, value in optional.items() if value}


def private(person: Person) -> dict[str, Any]:
    """The chat of a person with the bot: its id is the person's."""
    optional = {"last_name": person.last_name, "username": person.username}
    return {"id": person.id, "type": "private", "first_name": person.first_name} | {name: value for name, value in optional.items() if value}


def bot(bot_id: int, username: str) -> dict[str, Any]:
    """The bot, as `from`."""
    return {"id": bot_id, "is_bot": True, "first_name": "Lapor", "username": username}


def bot_itself(bot_id: int, username: str) -> dict[str, Any]:
    """The bot, as getMe tells it: with what only it may know."""
    can = ("can_join_groups", "can_read_all_group_messages", "supports_inline_queries", "can_connect_to_business", "has_main_web_app")
    return bot(bot_id, username) | dict.fromkeys(can, False)


def message(number: int, sender: Mapping[str, Any], chat: Mapping[str, Any], at: datetime, content: Mapping[str, Any]) -> dict[str, Any]:
    """A message, either way."""
    return {"message_id": number, "from": dict(sender), "chat": dict(chat), "date": int(at.timestamp()), **content}


def photo(file: File) -> dict[str, Any]:
    """In two sizes, the small one first."""
    sizes = (("kecil-", 90, 67, len(file.content) // 10 + 1), ("", 1280, 960, len(file.content)))
    return {
        "photo": [
            {"file_id": f"{prefix}{file.id}", "file_unique_id": f"u{prefix}{file.id}"[:32], "width": width, "height": height, "file_size": size}
            for prefix, width, height, size in sizes
        ]
    }


def document(file: File, name: str, mime: str) -> dict[str, Any]:
    """A file that was sent as such."""
    told = {"file_id": file.id, "file_unique_id": f"u{file.id}"[:32], "file_name": name, "mime_type": mime, "file_size": len(file.content)}
    return {"document": told}


def voice(file: File, seconds: int) -> dict[str, Any]:
    """A spoken message."""
    return {"voice": {"file_id": file.id, "file_unique_id": f"u{file.id}"[:32], "duration": seconds, "mime_type": "audio/ogg", "file_size": len(file.content)}}


def location(latitude: float, longitude: float) -> dict[str, Any]:
    """A pin on the map."""
    return {"location": {"latitude": latitude, "longitude": longitude}}


def file(kept: File) -> dict[str, Any]:
    """Where a file may be fetched for an hour."""
    return {"file_id": kept.id, "file_unique_id": f"u{kept.id}"[:32], "file_size": len(kept.content), "file_path": kept.path}


def webhook(url: str, pending: int, failed: tuple[datetime, str] | None, allowed: Sequence[str] | None) -> dict[str, Any]:
    """How bringing updates goes."""
    said: dict[str, Any] = {"url": url, "has_custom_certificate": False, "pending_update_count": pending}
    if url:
        said |= {"max_connections": 40, "ip_address": "127.0.0.1"}
    if failed:
        said |= {"last_error_date": int(failed[0].timestamp()), "last_error_message": failed[1]}
    return said | ({"allowed_updates": list(allowed)} if allowed else {})
