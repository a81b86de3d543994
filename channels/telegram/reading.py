"""What an update says, read from its bytes; pure. Whatever stands where Telegram's description has something else counts as not there.

Source: Telegram Bot API, "Update", "Message", "CallbackQuery", "ChatMemberUpdated".
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from channels.contract import Arrival, DeliveryUpdate, Ignored
from channels.telegram.updates import kind_of, parsed
from normalizer import Address, Attachment, Location, Report

# The door's: who our bot is. The reader knows no configuration.
BOT_ID, BOT_NAME = "bot_id", "bot"

# 52 bits at the most are promised for a chat or a user.
_LARGEST = 2**53
_SURROGATE = re.compile("[\ud800-\udfff]")
_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?=\s|$)")
# A file of each kind, and what it is if nobody says so. An animation comes as a document, too.
_FILES = {"document": "", "voice": "audio/ogg", "audio": "audio/mpeg", "video": "video/mp4", "video_note": "video/mp4"}
# What Telegram itself writes into a chat.
_SERVICE = re.compile(
    r"new_chat_(members|title|photo)|left_chat_member|delete_chat_photo|(group|supergroup|channel)_chat_created|message_auto_delete_timer_changed"
    r"|migrate_(to|from)_chat_id|pinned_message|successful_payment|refunded_payment|users_shared|chat_shared|connected_website|write_access_allowed"
    r"|proximity_alert_triggered|boost_added|chat_background_set|forum_topic_\w+|general_forum_topic_\w+|giveaway\w*|video_chat_\w+|web_app_data"
)

Fields = Mapping[str, Any]


def read(arrival: Arrival) -> Report | DeliveryUpdate | Ignored:
    """A citizen's report, or why it is none. Raises Unreadable for bytes that are no update."""
    update = parsed(arrival.raw)
    kind = kind_of(arrival.raw)
    match kind:
        case "message" | "edited_message":
            return _message(_fields(update.get(kind)), arrival, edited=kind == "edited_message")
        case "callback_query":
            return _press(_fields(update.get(kind)), arrival)
        case "my_chat_member":
            return _member(_fields(update.get(kind)))
        case "channel_post" | "edited_channel_post":
            return Ignored("a channel's post")
    return Ignored(f"unknown kind: {_plain(kind)}", unknown=True)


def fingerprint(arrival: Arrival) -> str:
    """The update, however its bytes were written (law 5). Raises Unreadable; the bytes speak for themselves then."""
    return hashlib.sha256(json.dumps(parsed(arrival.raw), sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def album(update: Fields) -> str:
    """One name for all parts of an album: photos that were sent as one come as a message each. Empty: it is none."""
    message = _fields(update.get("message"))
    chat, group = _number(_fields(message.get("chat")).get("id")), _text(message.get("media_group_id"))
    return f"album:{chat}:{_plain(group)}" if chat is not None and group else ""


def reply_to(update: Fields) -> Address | None:
    """Who wrote, where an answer reaches that person alone."""
    said = next((_fields(update.get(name)) for name in ("message", "edited_message", "callback_query") if name in update), {})
    chat = _fields(said.get("chat") or _fields(said.get("message")).get("chat"))
    return _person(_fields(said.get("from"))) if chat.get("type") == "private" else None


def message_name(chat: int, message: int) -> str:
    """How a message is called everywhere in the house: theirs and ours.

    >>> message_name(81234, 7)
    'telegram:81234:7'
    """
    return f"telegram:{chat}:{message}"


# Messages


def _message(message: Fields, arrival: Arrival, *, edited: bool) -> Report | Ignored:
    chat = _fields(message.get("chat"))
    if why := _not_for_us(message, chat, arrival, edited=edited):
        return Ignored(why)
    content, remarks = _content(message, arrival.meta.get(BOT_NAME, "")), []
    if edited:
        remarks.append("edited")
    if message.get("forward_origin") or message.get("forward_date"):
        remarks.append("forwarded")
    if chat.get("type") != "private":
        remarks.append("group")
    group = "" if edited else album({"message": message})
    if group:
        remarks.append("album")
    return Report(
        sender=None if message.get("sender_chat") else _person(_fields(message.get("from"))),
        text=content.text,
        received_at=arrival.received_at,
        sender_name=_name(_fields(message.get("from"))),
        language=_language(_fields(message.get("from"))),
        attachments=content.attachments,
        location=content.location,
        references=tuple(filter(None, (_named(_fields(message.get("reply_to_message")), chat), group))),
        # An album's parts come under one id, and no stranger can come under it: Telegram vouches for the chat.
        keyed=bool(group),
        remarks=(*remarks, *content.remarks),
        # An edited message keeps its name: that is which one it amends.
        message_id=_named(message, chat) or None,
    )


def _not_for_us(message: Fields, chat: Fields, arrival: Arrival, *, edited: bool) -> str:
    """Why nobody need read it; empty: somebody speaks to us."""
    if not message:
        return "a message that is none"
    if _fields(message.get("from")).get("is_bot") is True and not message.get("sender_chat"):
        return "written by a bot"
    if edited and message.get("location"):
        return "a live location moved"
    service = next((name for name in message if _SERVICE.fullmatch(name)), "")
    if service:
        return f"written by Telegram: {service}"
    if _text(chat.get("type")) in {"group", "supergroup"}:
        return "" if _addressed(message, arrival.meta) else "in a group, and not to us"
    return "" if chat.get("type") == "private" else "not from a person's chat"


def _addressed(message: Fields, meta: Mapping[str, str]) -> bool:
    """By @name, as a reply to us, or by a command that names no other bot."""
    text, name = _words(message), meta.get(BOT_NAME, "").lower()
    answered = _fields(_fields(message.get("reply_to_message")).get("from"))
    if str(answered.get("id")) == meta.get(BOT_ID, "") and answered.get("is_bot") is True:
        return True
    if command := _COMMAND.match(text):
        return not command[2] or not name or command[2].lower() == name
    return bool(name) and re.search(rf"@{re.escape(name)}(?![A-Za-z0-9_])", text, re.IGNORECASE) is not None


@dataclass(frozen=True, slots=True)
class _Content:
    text: str
    attachments: tuple[Attachment, ...] = ()
    location: Location | None = None
    remarks: tuple[str, ...] = ()


def _content(message: Fields, bot: str) -> _Content:
    text, files = _words(message, bot), _files(message)
    venue, contact = _fields(message.get("venue")), _fields(message.get("contact"))
    place = _location(_fields(venue.get("location")) or _fields(message.get("location")))
    remarks: tuple[str, ...] = ("live_location",) if _fields(message.get("location")).get("live_period") else ()
    if venue:
        text = ", ".join(filter(None, (_text(venue.get("title")), _text(venue.get("address")))))
    elif contact:
        text = ", ".join(filter(None, (_name(contact), _text(contact.get("phone_number")))))
        remarks += ("contact",)
    elif message.get("sticker"):
        text, remarks = _text(_fields(message.get("sticker")).get("emoji")), (*remarks, "sticker")
    elif not (text or files or place):
        # A poll, a story, or something newer than this program: a person sent it, so a person looks at it.
        remarks += ("not_understood",)
    return _Content(text, files, place, remarks)


def _words(message: Fields, bot: str = "") -> str:
    text = _text(message.get("text")) or _text(message.get("caption"))
    command = _COMMAND.match(text)
    # In a group a command says to whom it is, which says nothing here.
    return f"/{command[1]}{text[command.end() :]}" if command and command[2] and command[2].lower() == bot.lower() else text


def _files(message: Fields) -> tuple[Attachment, ...]:
    sizes = [size for size in _list(message.get("photo")) if _text(size.get("file_id"))]
    photo = max(sizes, key=lambda size: (_number(size.get("width")) or 0) * (_number(size.get("height")) or 0), default=None)
    found = [_file(photo, "image/jpeg")] if photo else []
    found += [_file(file, usual) for name, usual in _FILES.items() if _text((file := _fields(message.get(name))).get("file_id"))]
    return tuple(found)


def _file(file: Fields, usual: str) -> Attachment:
    size = _number(file.get("file_size"))
    kind = _text(file.get("mime_type")) or usual
    return Attachment(_text(file.get("file_name")), kind, reference=_text(file.get("file_id")), size=size if size is not None and size >= 0 else None)


def _location(location: Fields) -> Location | None:
    latitude, longitude = _degrees(location.get("latitude"), 90), _degrees(location.get("longitude"), 180)
    accuracy = _degrees(location.get("horizontal_accuracy"), 1500)
    return None if latitude is None or longitude is None else Location(latitude, longitude, accuracy if accuracy and accuracy > 0 else None)


def _degrees(value: Any, most: float) -> float | None:  # noqa: ANN401  # whatever the wire holds
    number = isinstance(value, int | float) and not isinstance(value, bool)
    # What is no number (NaN) is not smaller than anything.
    return float(value) if number and abs(value) <= most else None


# Everything else


def _press(query: Fields, arrival: Arrival) -> Report | Ignored:
    """A button of ours: what it stands for is what the person says."""
    message = _fields(query.get("message"))
    sender, data = _person(_fields(query.get("from"))), _text(query.get("data"))
    if sender is None or not data:
        return Ignored("a button that says nothing")
    about = _named(message, _fields(message.get("chat")))
    person = _fields(query.get("from"))
    return Report(
        sender=sender,
        text=data,
        received_at=arrival.received_at,
        sender_name=_name(person),
        language=_language(person),
        references=tuple(filter(None, [about])),
        remarks=("button",),
    )


def _member(change: Fields) -> DeliveryUpdate | Ignored:
    status = _text(_fields(change.get("new_chat_member")).get("status"))
    if _fields(change.get("chat")).get("type") != "private":
        return Ignored(f"our bot in a group: {_plain(status)}")
    person, said = _person(_fields(change.get("from"))), {"kicked": "blocked", "member": "unblocked"}.get(status)
    return DeliveryUpdate("", said, to=person) if said and person else Ignored("our own state")


def _named(message: Fields, chat: Fields) -> str:
    chat_id, message_id = _number(chat.get("id")), _number(message.get("message_id"))
    return message_name(chat_id, message_id) if chat_id is not None and message_id is not None else ""


def _person(user: Fields) -> Address | None:
    number = _number(user.get("id"))
    return Address("telegram", str(number)) if number is not None and number > 0 and user.get("is_bot") is not True else None


def _name(person: Fields) -> str | None:
    return " ".join(filter(None, (_text(person.get("first_name")), _text(person.get("last_name"))))) or None


def _language(person: Fields) -> str | None:
    return _text(person.get("language_code")) or None


# Whatever a wire may hold


def _fields(value: object) -> Fields:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Fields]:
    return [_fields(one) for one in value] if isinstance(value, list) else []


def _text(value: object) -> str:
    # Half of a pair is no character, and no store takes it.
    return _SURROGATE.sub("\ufffd", value) if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST else None


def _plain(word: str) -> str:
    """Fit for a reason and for an id, whoever wrote it."""
    return re.sub(r"[^A-Za-z0-9_-]", "?", word)[:64]
