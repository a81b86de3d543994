"""The token that ties an answer to its case (Notice.token), as it stands in what we send and as it comes back. Pure; whether it is ours, the core checks."""

from __future__ import annotations

import re
from collections.abc import Iterable

# A tracking number of 12 symbols and 16 of a signature, in small letters: mail servers are free to change capitals.
_SYMBOLS = "[0-9a-z]{28}"
_PLUS = re.compile(rf"(?i)([^+@\s]{{1,64}})\+({_SYMBOLS})@([^@\s]{{1,255}})\Z")
_MESSAGE_ID = re.compile(rf"(?i)<({_SYMBOLS})\.([a-z0-9._-]{{1,100}})@([a-z0-9.-]{{1,255}})>")


def plus_address(address: str, token: str) -> str:
    """Where answers to this notice shall go; without a token the address itself.

    >>> plus_address("lapor@ppu.example", "7K2M9QXF4T1Z0123456789ABCDEF")
    'lapor+7k2m9qxf4t1z0123456789abcdef@ppu.example'
    """
    local, _, domain = address.rpartition("@")
    return f"{local}+{token.lower()}@{domain}" if token else address


def message_id(token: str, notice_id: str, domain: str) -> str:
    """The Message-ID of a notice, in angle brackets; the same at every attempt to send it.

    >>> message_id("7k2m9qxf4t1z0123456789abcdef", "0198c0de", "ppu.example")
    '<7k2m9qxf4t1z0123456789abcdef.0198c0de@ppu.example>'
    """
    return f"<{token.lower()}.{notice_id}@{domain}>" if token else f"<{notice_id}@{domain}>"


def token_of_address(address: str, own: Iterable[str]) -> str | None:
    """The token in an address of ours; None: it is not ours, or has none.

    >>> token_of_address("Lapor+7K2M9QXF4T1Z0123456789ABCDEF@ppu.example", ["lapor@ppu.example"])
    '7k2m9qxf4t1z0123456789abcdef'
    """
    found = _PLUS.match(address)
    return found[2].lower() if found and f"{found[1]}@{found[3]}".lower() in {one.lower() for one in own} else None


def tokens_in_message_ids(text: str, own: Iterable[str]) -> list[str]:
    """The tokens of all Message-IDs of ours that stand in a text, in order."""
    return [token for token, _ in _ours(text, own)]


def our_message_ids(text: str, own: Iterable[str]) -> list[str]:
    """All Message-IDs of ours that stand in a text, as we sent them, in order."""
    return [message for _, message in _ours(text, own)]


def _ours(text: str, own: Iterable[str]) -> Iterable[tuple[str, str]]:
    domains = {address.rpartition("@")[2].lower() for address in own}
    for found in _MESSAGE_ID.finditer(text):
        if found[3].lower() in domains:
            # The notice's id is ours, too: small letters and digits.
            yield found[1].lower(), found[0].lower()
