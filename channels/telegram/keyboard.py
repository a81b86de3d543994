"""What a person may pick, as Telegram's buttons, of which there are two kinds, and a message has one of them or none.

Buttons below the message say something that need not stand on them, and come back as a press. Buttons in the place of the letters send what stands on them as
the person's own words, or where the person is; the app keeps them until it is told otherwise.

Source: Telegram Bot API, "InlineKeyboardMarkup", "ReplyKeyboardMarkup", "ReplyKeyboardRemove".
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TypeVar

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, KeyboardButton, ReplyKeyboardMarkup, ReplyKeyboardRemove

from channels.contract import Choice

Keyboard = InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove
_Button = TypeVar("_Button")

# "InlineKeyboardButton": callback_data has 1-64 bytes.
_MOST_BYTES = 64
# So many letters stand side by side on a small screen, and so many buttons at the most.
_LETTERS, _BUTTONS = 32, 8
# So many chats are remembered.
_MANY = 10_000


class Keyboards:
    """Of one bot. Remembers who may have buttons in the place of the letters.

    Another node does not know; they then stay until our next message without any.
    """

    def __init__(self) -> None:
        self._open: OrderedDict[int, None] = OrderedDict()

    def below(self, chat: int, choices: Sequence[Choice]) -> Keyboard:
        """What hangs on the next message there. It takes away what may be left of an earlier one: nobody shall answer a question that is over."""
        shown = [choice for choice in choices if choice.label.strip()]
        if not shown:
            return ReplyKeyboardRemove()
        # Two kinds cannot be mixed, and only one of the same kind takes the place of those that are there.
        letters = chat in self._open or any(choice.place or len(_said(choice).encode()) > _MOST_BYTES for choice in shown)
        return _instead_of_letters(shown) if letters else _below_the_message(shown)

    def hung(self, chat: int, keyboard: Keyboard | None) -> None:
        """Telegram has it."""
        if isinstance(keyboard, ReplyKeyboardMarkup):
            self._open[chat] = None
        elif isinstance(keyboard, ReplyKeyboardRemove):
            self._open.pop(chat, None)
        if len(self._open) > _MANY:
            self._open.popitem(last=False)


def _below_the_message(choices: Sequence[Choice]) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(_rows(choices, lambda choice: choice.label, lambda choice, label: InlineKeyboardButton(label, callback_data=_said(choice))))


def _instead_of_letters(choices: Sequence[Choice]) -> ReplyKeyboardMarkup:
    rows = _rows(choices, _written, lambda choice, label: KeyboardButton(label, request_location=choice.place or None))
    return ReplyKeyboardMarkup(rows, resize_keyboard=True, one_time_keyboard=True)


def _said(choice: Choice) -> str:
    return choice.label if choice.place else choice.says or choice.label


def _written(choice: Choice) -> str:
    """What stands on a button that sends just that: the words themselves, unless the label is the same but for capitals.

    >>> _written(Choice("Anonim", "anonim")), _written(Choice("Tanpa nama", "anonim")), _written(Choice("Kirim lokasi", "lokasi", place=True))
    ('Anonim', 'anonim', 'Kirim lokasi')
    """
    said = _said(choice)
    return choice.label if choice.label.casefold() == said.casefold() else said


def _rows(choices: Sequence[Choice], label: Callable[[Choice], str], button: Callable[[Choice, str], _Button]) -> list[list[_Button]]:
    """As many side by side as the longest lets."""
    longest = max(len(label(choice)) for choice in choices)
    abreast = max(1, min(_BUTTONS, _LETTERS // longest))
    buttons = [button(choice, label(choice)) for choice in choices]
    return [buttons[place : place + abreast] for place in range(0, len(buttons), abreast)]
