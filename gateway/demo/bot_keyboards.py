"""Buttons as the Bot API judges them and as the app shows them. Written from Telegram's description, never from our own code. Pure.

https://core.telegram.org/bots/api#inlinekeyboardmarkup, #replykeyboardmarkup, #replykeyboardremove
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from gateway.demo.bot_resources import Error

Button = Mapping[str, Any]
Rows = Sequence[Sequence[Button]]

_LONGEST_DATA = 64
# The server's own words (tdlib/telegram-bot-api; BUTTON_DATA_INVALID comes from Telegram itself).
_NO_OBJECT: Error = (400, "Bad Request: object expected as reply markup")
_NO_ROWS: Error = (400, "Bad Request: can't parse reply keyboard markup JSON object")
_NO_TEXT: Error = (400, "Bad Request: keyboard button text must be non-empty")
_NO_ACTION: Error = (400, "Bad Request: can't parse inline keyboard button: text buttons are unallowed in the inline keyboard")
_BAD_DATA: Error = (400, "Bad Request: BUTTON_DATA_INVALID")


def refused(markup: object) -> Error | None:
    """Why the server does not take it; None: it does. No markup at all is well, too."""
    if not markup:
        return None
    if not isinstance(markup, dict):
        return _NO_OBJECT
    inline = "inline_keyboard" in markup
    rows = markup.get("inline_keyboard" if inline else "keyboard", [])
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return _NO_ROWS
    buttons = [button if isinstance(button, dict) else {"text": button} for row in rows for button in row]
    return next((error for button in buttons if (error := _wrong(button, inline=inline))), None)


def _wrong(button: Button, *, inline: bool) -> Error | None:
    if not isinstance(button.get("text"), str) or not button["text"].strip():
        return _NO_TEXT
    if not inline:
        return None
    if "callback_data" not in button:
        return None if button.get("url") else _NO_ACTION
    return None if 1 <= len(str(button["callback_data"]).encode()) <= _LONGEST_DATA else _BAD_DATA


def below(markup: Mapping[str, Any]) -> Mapping[str, Any]:
    """What of it belongs to the message itself, and is told to the bot."""
    return {"reply_markup": markup} if "inline_keyboard" in markup else {}


def board(markups: Sequence[tuple[int, Mapping[str, Any]]], tucked_away: Collection[int]) -> Rows:
    """The buttons in the place of the letters, after all that came with messages, oldest first by their number; empty: the letters are there.

    `tucked_away`: those that were to be used once, and were.
    """
    for number, markup in reversed(markups):
        if "keyboard" in markup and number not in tucked_away:
            return [[button if isinstance(button, dict) else {"text": button} for button in row] for row in markup["keyboard"]]
        if "keyboard" in markup or "remove_keyboard" in markup:
            break
    return ()
