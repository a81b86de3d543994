"""Updates as bytes: where one ends and the next begins, and the little that a door must know of each. Pure.

An update is cut out of an answer without being parsed, so that one that nobody can parse (too deep, a number of a million digits) spoils no other.
Source: Telegram Bot API, "Getting updates".
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

# What a person did; everything else is about a person, a chat or nobody.
SAID = frozenset({"message", "edited_message", "callback_query"})
# What we ask Telegram for.
WANTED = (*sorted(SAID), "my_chat_member")
# 52 bits are promised for a chat or user, 64 for anything.
_LARGEST = 2**63

# Words in quotation marks (the last one may have no end), and what gives the rest its shape.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[\]{},]', re.DOTALL)
_NAME = re.compile(rb'"((?:[^"\\]|\\.)*)"\s*:', re.DOTALL)
_ID = re.compile(rb'"update_id"\s*:\s*([0-9]{1,19})(?![0-9.eE])')


class Unreadable(ValueError):
    """Bytes that are no update. Without what a parser says of them: those may be a citizen's words."""


class NotUpdates(ValueError):
    """An answer that is no list of updates."""


def cut(answer: bytes) -> list[bytes]:
    """The updates of an answer of getUpdates, each as it came. Raises NotUpdates.

    >>> cut(b'{"ok":true,"result":[{"update_id":1, "message":{"text":"]}"}},{"update_id":2}]}')
    [b'{"update_id":1, "message":{"text":"]}"}}', b'{"update_id":2}']
    """
    depth, inside, begin, last, found = 0, False, 0, b"", []
    for token in _TOKEN.finditer(answer):
        sign = token.group()
        if sign in b"[{":
            inside = inside or (depth == 1 and sign == b"[" and last == b'"result"')
            depth += 1
            if inside and depth == _WITHIN:
                begin = token.end()
        elif sign in b"]}":
            if inside and depth == _WITHIN:
                found.append(answer[begin : token.start()])
                return [piece for part in found if (piece := part.strip())]
            depth -= 1
        elif sign == b"," and inside and depth == _WITHIN:
            found.append(answer[begin : token.start()])
            begin = token.end()
        elif depth == 1 and sign.startswith(b'"'):
            last = sign
    raise NotUpdates


# Depth of what stands in the list: the object, the list.
_WITHIN = 2


def parsed(raw: bytes) -> Mapping[str, Any]:
    """One update. Raises Unreadable."""
    try:
        update = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Unreadable(type(error).__name__) from None
    if not isinstance(update, dict):
        raise Unreadable("no object")
    return update


def kind_of(raw: bytes) -> str:
    """What an update is about: "message", ... Empty: nobody can tell.

    >>> kind_of(b'{"update_id":1,"message":{}}'), kind_of(b'{"update_id":1}')
    ('message', '')
    """
    return next((name for name in keys(raw) if name != "update_id"), "")


def id_of(raw: bytes) -> int | None:
    """Its number, also of one that cannot be parsed; None: it has none.

    >>> id_of(b'{"message":{"update_id":5},"update_id":7}'), id_of(b'{"update_id":"7"}')
    (7, None)
    """
    for place, depth in _signs(raw):
        found = _ID.match(raw, place) if depth == 1 else None
        if found and int(found[1]) < _LARGEST:
            return int(found[1])
    return None


def wire_id(raw: bytes) -> str:
    """The same at every repeat: its number, else its bytes."""
    number = id_of(raw)
    return str(number) if number is not None else "sha256:" + hashlib.sha256(raw).hexdigest()


def keys(raw: bytes) -> Iterator[str]:
    """The names at the top of an update, also of one that cannot be parsed."""
    for place, depth in _signs(raw):
        if depth == 1 and (name := _NAME.match(raw, place)):
            yield name[1].decode(errors="replace")


def _signs(raw: bytes) -> Iterator[tuple[int, int]]:
    """Where each quoted word begins, and how deep it stands."""
    depth = 0
    for token in _TOKEN.finditer(raw):
        sign = token.group()
        depth += (sign in b"[{") - (sign in b"]}")
        if sign.startswith(b'"'):
            yield token.start(), depth
