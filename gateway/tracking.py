"""Tracking numbers: known at the door, the same on every node and at every repeat, without a store (law 4)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from operator import mul

# No vowels, so no words; no O, I, L, U, so nothing that is misread. 29 is prime: the check symbol below needs that.
ALPHABET = "0123456789BCDFGHJKMNPQRSTVWXZ"
_BASE = len(ALPHABET)
# 11 symbols of 29 are 53 bits; the twelfth checks them.
_PAYLOAD = 11
# In place of a channel's name, which is never empty: what is made so is no wire's, whatever ids it may invent.
NO_CHANNEL = ""
_FORGIVEN = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None, "\u2013": None, "\u2010": None, "\u2011": None, "\u00a0": None, "\t": None})
# 12..2, and 1 for the check symbol itself, modulo a prime: no wrong symbol and no swap of two can cancel out.
_WEIGHTS = range(_PAYLOAD + 1, 1, -1)
_WRITTEN = re.compile(r"(?i)\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b")
_VALUE = {symbol: value for value, symbol in enumerate(ALPHABET)}


def number(key: bytes, channel: str, wire_id: str, counter: int = 0) -> str:
    """The tracking number of one delivery, as XXXX-XXXX-XXXX.

    `counter` is 0 at the door; only a case whose number is already a stranger's takes another.

    >>> number(b"k" * 32, "city-sms", "SM1") == number(b"k" * 32, "city-sms", "SM1")
    True
    >>> parse(number(b"k" * 32, "city-sms", "SM1")) == number(b"k" * 32, "city-sms", "SM1")
    True
    """
    said = "\0".join(("number", channel, wire_id, *((str(counter),) if counter else ())))
    # What lies above the payload says nothing; without it the division is one of small numbers.
    value = int.from_bytes(hmac.digest(key, said.encode(), hashlib.sha256)[:16]) % _BASE**_PAYLOAD
    symbols = ""
    for _ in range(_PAYLOAD):
        value, rest = divmod(value, _BASE)
        symbols += ALPHABET[rest]
    return shown(symbols + _check(symbols))


def parse(text: str) -> str | None:
    """The number that a person wrote, as XXXX-XXXX-XXXX; None if it is not one (or has a typing mistake).

    Forgives case, dashes, spaces, O for 0, I and L for 1.

    >>> parse("not a number") is None
    True
    """
    symbols = text.strip().upper().translate(_FORGIVEN)
    if len(symbols) != _PAYLOAD + 1 or any(symbol not in _VALUE for symbol in symbols):
        return None
    return shown(symbols) if _check(symbols[:_PAYLOAD]) == symbols[_PAYLOAD] else None


def numbers_in(text: str) -> list[str]:
    """The numbers that stand in a line of text, as we write them.

    >>> numbers_in("Re: [0123-4567-89BC] jalan rusak") == [n for n in ["0123-4567-89BC"] if parse(n)]
    True
    """
    return [number for written in _WRITTEN.findall(text) if (number := parse(written))]


def shown(symbols: str) -> str:
    """Four by four: people read it aloud so.

    >>> shown("0123456789BC")
    '0123-4567-89BC'
    """
    return "-".join([symbols[i : i + 4] for i in range(0, len(symbols), 4)])


def link(key: bytes, channel: str, wire_id: str) -> str:
    """Opens the page of one report; who has it has sent the report. 128 bits, for an address.

    >>> len(link(b"k" * 32, "web", "1"))
    22
    """
    return sign(key, "link", channel, wire_id)


def link_digest(link: str) -> str:
    """How the store knows a link without being able to open its page."""
    return hashlib.sha256(link.encode()).hexdigest()


def sign(key: bytes, *words: str) -> str:
    """128 bits that only this deployment makes of these words, for an address."""
    return base64.urlsafe_b64encode(hmac.digest(key, "\0".join(words).encode("utf-8", "surrogatepass"), hashlib.sha256)[:16]).decode().rstrip("=")


def fingerprint(key: bytes) -> str:
    """Names a deployment key without telling it: it stands in the store, so that a node with another key is found out."""
    return hmac.digest(key, b"deployment key", hashlib.sha256).hex()[:16]


def _check(payload: str) -> str:
    total = sum(map(mul, _WEIGHTS, map(_VALUE.__getitem__, payload)))
    return ALPHABET[-total % _BASE]
