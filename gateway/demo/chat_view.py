"""The chat as its page shows it: what was written either way, in words. Pure; the template escapes all that a person wrote."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from gateway.demo.bot_resources import Person
from gateway.demo.chat_words import LANGUAGES
from gateway.demo.page_view import News, clock, seconds

PATH = "/telegram"
# So much of a message is shown where another one refers to it.
_SHORT = 60

Said = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Screen:
    """What one look at the chat needs."""

    lang: str
    person: Person
    bot: str
    zone: ZoneInfo
    # Of this chat, oldest first, in Telegram's form; and when each was written, by its number.
    messages: Sequence[Said]
    times: Mapping[int, datetime]
    # Buttons in the place of the letters; and those below messages that were pressed and not heard, by message and data.
    board: Sequence[Sequence[Mapping[str, Any]]] = ()
    turning: Collection[tuple[int, str]] = ()
    # What is being answered or edited; None: a message of its own is being written.
    answering: Said | None = None
    editing: Said | None = None
    # What was typed and could not be sent; a key of the words for why.
    draft: str = ""
    problem: str | None = None
    # What was given as an account and is none.
    wrong_account: str | None = None

    @property
    def words(self) -> Mapping[str, str]:
        """Of its language."""
        return LANGUAGES[self.lang]

    def here(self, lang: str) -> str:
        """Its address in that language, with what is being answered or edited."""
        more = {"balas": self.answering, "ubah": self.editing}
        return self.at(lang, **{name: message["message_id"] for name, message in more.items() if message})

    def at(self, lang: str, **query: int) -> str:
        """The address of the chat; `balas`, `ubah`: with that message to be answered or edited."""
        return f"{PATH}?{urlencode({'lang': lang, 'akun': self.person.id, **query})}"


@dataclass(frozen=True, slots=True)
class Button:
    """Below a message."""

    text: str
    data: str
    # It was pressed, and the bot has not said that it knows.
    turning: bool


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message."""

    number: int
    mine: bool
    # What it answers, in short; empty: nothing.
    quoted: str
    lines: Sequence[str]
    note: str
    # What the link below it says, and where it leads.
    action: str
    href: str
    # Row by row.
    buttons: Sequence[Sequence[Button]]


def shown(screen: Screen) -> Mapping[str, object]:
    """What the template asks for."""
    draft = screen.draft or (written(screen.editing) if screen.editing else "")
    subject = screen.editing or screen.answering
    about = screen.words["editing" if screen.editing else "answering"].format(text=_short(subject, screen)) if subject else ""
    return {"screen": screen, "said": _news(screen), "bubbles": [_bubble(message, screen) for message in screen.messages], "draft": draft, "about": about}


def written(message: Said) -> str:
    """The words of a message."""
    return str(message.get("text") or message.get("caption") or "")


def mine(message: Said) -> bool:
    """A person wrote it."""
    return not message["from"]["is_bot"]


def _bubble(message: Said, screen: Screen) -> Bubble:
    words, own = screen.words, mine(message)
    at = clock(screen.times[message["message_id"]], screen.zone, screen.lang)
    answered = message.get("reply_to_message")
    href = screen.at(screen.lang, **{"ubah" if own else "balas": message["message_id"]}) + "#obrolan"
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return Bubble(
        number=message["message_id"],
        mine=own,
        quoted=_short(answered, screen) if answered else "",
        lines=_lines(message, screen),
        note=f"{at} \u00b7 {words['edited']}" if "edit_date" in message else at,
        action="" if own and not written(message) else words["edit" if own else "answer"],
        href=href,
        buttons=[[_button(button, message["message_id"], screen) for button in row] for row in rows],
    )


def _button(button: Mapping[str, Any], number: int, screen: Screen) -> Button:
    data = str(button.get("callback_data", ""))
    return Button(str(button.get("text", "")), data, (number, data) in screen.turning)


def _lines(message: Said, screen: Screen) -> list[str]:
    lines = written(message).splitlines()
    if "photo" in message:
        lines.append(screen.words["photo"])
    if "location" in message:
        lines.append(screen.words["position"].format(**message["location"]))
    return lines


def _short(message: Said, screen: Screen) -> str:
    text = " ".join(_lines(message, screen))
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "\u2026"


def _news(screen: Screen) -> News | None:
    """How long the answer to the last message took, or that there is none yet."""
    own = [message for message in screen.messages if mine(message)]
    if not own:
        return None
    asked = screen.times[own[-1]["message_id"]]
    answered = [screen.times[message["message_id"]] for message in screen.messages if not mine(message) and message["message_id"] > own[-1]["message_id"]]
    if not answered:
        return News(screen.words["waiting"], arrived=False)
    return News(screen.words["arrived"].format(seconds=seconds(answered[0] - asked, screen.lang)), arrived=True)
