"""What is answered to whom who brings a mail by SMTP: the hooks of aiosmtpd, one desk for all connections of a listener."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from aiosmtpd.smtp import Envelope, Session

from channels.mail.certificate import Certificate
from channels.mail.envelope import Mail, Ours
from channels.mail.limits import Limits, Visit
from channels.mail.settings import MailSettings, SmtpIn

# Law 1: whatever fault of ours it is, and never its words.
LATER = "451 4.3.0 Not now. Please send it again later."
_TOO_LARGE = "552 5.3.4 This mail is too large."
_NO_ROOM = "452 4.3.1 Too many mails at once. Please send it again later."
# What the wire adds to a mail: the CR LF before it and the end behind it, and a dot to each line that is nothing but one, a third.
_AROUND = 5
# More digits than any size has.
_MAX_DIGITS = 20


class Visited(Protocol):
    """Who asks: a connection with what it uses."""

    visit: Visit


class Desk:
    """Knows our addresses and the limits; hands on what came."""

    def __init__(self, settings: MailSettings, smtp: SmtpIn, limits: Limits, certificate: Certificate | None, keep: Callable[[Mail], Awaitable[str]]) -> None:
        """`keep` returns the answer to a mail once it is on disk."""
        self.settings = smtp
        self.limits = limits
        self.keep = keep
        # What we call ourselves; neither a version nor the machine's name.
        self.hostname = settings.address.rpartition("@")[2]
        self._ours = Ours(settings)
        self._certificate = certificate

    def tls(self) -> ssl.SSLContext | None:
        """What STARTTLS goes by; None: there is none."""
        return self._certificate.context() if self._certificate else None

    def __dir__(self) -> Iterable[str]:
        """What the library looks through, at each connection, for hooks."""
        return ["handle_MAIL", "handle_RCPT"]

    def abilities(self, *, secret: bool) -> list[str]:
        """What EHLO is answered. No AUTH: whoever brings mail for us needs none. `secret`: under TLS."""
        tls = ["STARTTLS"] if self._certificate and not secret else []
        return [self.hostname, f"SIZE {self.settings.max_message_bytes}", "8BITMIME", "SMTPUTF8", *tls, "PIPELINING"]

    async def handle_MAIL(self, server: Visited, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        """Whoever writes; but what is too large is told before it comes (RFC 1870, section 6.1)."""
        size = next((value for name, _, value in (option.partition("=") for option in options) if name == "SIZE"), "0")
        if not size.isascii() or not size.isdigit() or len(size) > _MAX_DIGITS:
            return "501 5.5.4 Syntax: SIZE=octets"
        if refusal := self.too_large(int(size)):
            return refusal
        if not self.limits.has_room(server.visit, int(size)):
            return _NO_ROOM
        envelope.mail_from = address
        return "250 2.1.0 Go on."

    async def handle_RCPT(self, server: Visited, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        """Our own addresses only."""
        if not self._ours.has(address):
            return "550 5.1.1 Nobody has this address here." if self._ours.is_near(address) else "550 5.7.1 We take no mail for others."
        if len(envelope.rcpt_tos) >= self.settings.max_recipients:
            self.limits.refuse("recipients")
            # RFC 5321, section 4.5.3.1.10.
            return "452 4.5.3 Too many recipients."
        envelope.rcpt_tos.append(address)
        server.visit.recipients = len(envelope.rcpt_tos)
        return "250 2.1.5 Go on."

    def too_much(self, visit: Visit) -> str:
        """The answer to the mail of which a part has come, if it is too large already, or finds no room beside the others; else ""."""
        return self.too_large((visit.body_bytes - _AROUND) * 3 // 4) or ("" if self.limits.has_room(visit, 0) else _NO_ROOM)

    def too_large(self, octets: int) -> str:
        """The answer to a mail of so many octets, as RFC 1870, section 3, counts them, if that is too many; else ""."""
        if octets <= self.settings.max_message_bytes:
            return ""
        self.limits.refuse("message_bytes")
        return _TOO_LARGE
