"""The code that proves a contact: six digits, made of the deployment key and the notice that brings them. Pure.

It stands nowhere, neither in the store nor in its copies: the outbox writes it into the words at the last moment, and for whoever types one it is made anew.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from channels import Notice

# A code opens its page for so long.
LIVES = timedelta(minutes=30)
# Typed codes that are looked at, of each code that was sent.
TRIES = 5
# Codes that are sent for one report within these spans: 60 tries a week at the most, of a million codes, for however many ask from however many addresses.
CAPS = {timedelta(hours=1): 3, timedelta(days=1): 6, timedelta(days=7): 12}
_DIGITS = 6
# Stands in the kept words where the code will stand; as many letters of the GSM alphabet, so that it is known beforehand that an SMS holds them.
MARK = "#" * _DIGITS
# What people and their phones write between digits.
_BETWEEN = re.compile(r"[\s.-]")
_TYPED = re.compile(rf"[0-9]{{{_DIGITS}}}")


def passcode(key: bytes, notice: UUID) -> str:
    """The digits that this notice brings.

    >>> len(passcode(b"k" * 32, UUID(int=1))), passcode(b"k" * 32, UUID(int=1)) == passcode(b"k" * 32, UUID(int=2))
    (6, False)
    """
    # 128 bits before the division: what is uneven about a million is less than anybody could count.
    value = int.from_bytes(hmac.digest(key, b"passcode\0" + notice.bytes, hashlib.sha256)[:16])
    return f"{value % 10**_DIGITS:0{_DIGITS}d}"


def typed(text: str) -> str | None:
    r"""What a person typed, as we write it; None: it can be no code.

    >>> typed(" 123 456 "), typed("12345"), typed("\uff11\uff12\uff13456")
    ('123456', None, '123456')
    """
    if len(text) > 4 * _DIGITS:
        return None
    digits = "".join(str(int(letter)) if letter.isdecimal() else letter for letter in _BETWEEN.sub("", text))
    return digits if _TYPED.fullmatch(digits) else None


def matches(key: bytes, notice: UUID | None, text: str) -> bool:
    """Whether it is this notice's; None: it is nobody's, and that takes as long to say."""
    expected = passcode(key, notice or UUID(int=0))
    return hmac.compare_digest(expected.encode(), text.encode()) and notice is not None


def written(key: bytes, notice: Notice) -> Notice:
    """The notice as it goes out."""
    code = passcode(key, UUID(notice.id))
    return replace(notice, short=notice.short.replace(MARK, code), full=notice.full.replace(MARK, code), subject=notice.subject.replace(MARK, code))
