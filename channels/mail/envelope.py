"""Who writes, and to whom, as SMTP says it. Pure. Source: RFC 5321, sections 2.3.11, 4.1.2 and 4.5.1."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from channels.mail.settings import MailSettings

# The null sender, of bounces (RFC 5321, section 4.5.5); the library holds an empty one for none.
NULL = "<>"
# With its brackets, which old clients forget; a route before it means nothing any more (RFC 5321, appendix C).
_PATH = re.compile(r'(?:<(?:@[^\s<>":]*:)?((?:"(?:[^"\\]|\\.)*"|[^\s<>"@]+)(?:@[^\s<>"@]+)?|)>|([^\s<>"]+))(?:\s+(.*))?')


@dataclass(frozen=True, slots=True)
class Mail:
    """What came after one DATA, with what was said before it."""

    # Empty: the null sender.
    sender: str
    recipients: tuple[str, ...]
    # As received, only the dots taken away that SMTP had added.
    content: bytes
    # IP address of whoever brought it, as far as balancers of ours say.
    peer: str
    # As it called itself.
    helo: str
    tls: bool

    def wire_id(self) -> str:
        """The same at every repeat of the same delivery, whoever brings it."""
        digest = hashlib.sha256(json.dumps([self.sender, sorted(self.recipients)]).encode() + b"\n")
        digest.update(self.content)
        return digest.hexdigest()


def path(text: str) -> tuple[str, str] | None:
    """The address of a MAIL or RCPT, and the parameters behind it; None: there is none.

    >>> path("<warga@contoh.example> SIZE=2000"), path("<>"), path("warga@contoh.example"), path("<@a.example,@b.example:warga@contoh.example>")
    (('warga@contoh.example', 'SIZE=2000'), ('<>', ''), ('warga@contoh.example', ''), ('warga@contoh.example', ''))
    >>> path("<warga@contoh.example"), path("<a b@contoh.example>"), path("")
    (None, None, None)
    """
    found = _PATH.fullmatch(text.strip())
    return (found[1] or found[2] or NULL, found[3] or "") if found else None


class Ours:
    """The addresses that mail may come to: each also with +anything, and the postmaster of each domain (RFC 5321, section 4.5.1)."""

    def __init__(self, settings: MailSettings) -> None:
        """Domain and local part are compared without regard to case."""
        boxes = (settings.address, *settings.also)
        self._domains = {box.rpartition("@")[2].lower() for box in boxes}
        self._boxes = {box.lower() for box in boxes} | {f"postmaster@{domain}" for domain in self._domains} | {"postmaster"}

    def has(self, address: str) -> bool:
        """Whether it is one of them."""
        local, at, domain = address.lower().rpartition("@")
        return (local.partition("+")[0] + at + domain if at else domain) in self._boxes

    def is_near(self, address: str) -> bool:
        """Whether at least the domain is ours."""
        return address.lower().rpartition("@")[2] in self._domains


def as_list(recipients: Iterable[str]) -> str:
    """For an arrival's meta."""
    return json.dumps(list(recipients))
