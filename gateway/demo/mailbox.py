"""A citizen's mailbox: mails as a mail program reads them, threads them and writes them. Pure; by the standard library, not by the reader of ours.

Sources: RFC 5322, section 3.6.4 (threads), RFC 3834, section 5 (what answers by itself says so).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.encoders import encode_base64
from email.errors import HeaderParseError
from email.header import Header, decode_header, make_header
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, parseaddr

# A long Message-ID is neither broken nor encoded (RFC 5322, section 2.1.1: a line may have 998 characters).
_AS_IT_STANDS = compat32.clone(linesep="\r\n", max_line_length=998)
_MESSAGE_ID = re.compile(r"<[^<>\s]+>")
# What is put into a mail as it is; of other kinds the standard library would look inside.
_KIND = re.compile(r"(application|audio|font|image|text|video)/([\w.+-]+)")


@dataclass(frozen=True, slots=True)
class File:
    """An attachment."""

    name: str
    # Its media type, as whoever attached it says.
    kind: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail, read."""

    # Its Message-ID, in angle brackets.
    id: str
    sender: str
    to: str
    # Where an answer goes.
    reply_to: str
    subject: str
    text: str
    files: Sequence[File]
    # The mails before it in its thread, oldest first.
    references: Sequence[str]
    at: datetime
    # The citizen wrote it, or their program.
    mine: bool
    automatic: bool


@dataclass(frozen=True, slots=True)
class Thread:
    """What belongs together, oldest first; never empty."""

    letters: Sequence[Letter]

    @property
    def id(self) -> str:
        """The Message-ID of the first one."""
        return self.letters[0].id

    @property
    def latest(self) -> Letter:
        """The one that an answer answers: the latest from somebody else, if there is one."""
        return next((letter for letter in reversed(self.letters) if not letter.mine), self.letters[-1])


@dataclass(frozen=True, slots=True)
class Draft:
    """A mail that is not written down yet."""

    sender: str
    to: str
    subject: str
    text: str
    files: Sequence[File] = ()
    # None: it begins a thread.
    answers: Letter | None = None
    # By a program that answers while its owner is away.
    automatic: bool = False


def letter(raw: bytes, at: datetime, *, mine: bool) -> Letter:
    """Read a mail; of its words, the first part that is text."""
    mail = message_from_bytes(raw)
    leaves = [part for part in mail.walk() if not part.is_multipart()]
    words = next((part for part in leaves if part.get_content_maintype() == "text" and not part.get_filename()), None)
    sender = _address(mail, "From")
    return Letter(
        id=_field(mail, "Message-ID"),
        sender=sender,
        to=_address(mail, "To"),
        reply_to=_address(mail, "Reply-To") or sender,
        subject=_field(mail, "Subject"),
        text=_text(words) if words else "",
        files=[File(_name(part), part.get_content_type(), _content(part)) for part in leaves if part is not words],
        references=_MESSAGE_ID.findall(f"{_field(mail, 'References')} {_field(mail, 'In-Reply-To')}"),
        at=at,
        mine=mine,
        automatic=bool(_field(mail, "Auto-Submitted")),
    )


def threads(letters: Iterable[Letter]) -> list[Thread]:
    """Each mail where a mail is that it names, or that names what it names; the thread with the latest mail first."""
    home: dict[str, list[Letter]] = {}
    together: list[list[Letter]] = []
    for one in sorted(letters, key=lambda one: one.at):
        found = next((home[name] for name in reversed(one.references) if name in home), None)
        if found is None:
            together.append(found := [])
        found.append(one)
        for name in (one.id, *one.references):
            home.setdefault(name, found)
    return [Thread(one) for one in sorted(together, key=lambda one: one[-1].at, reverse=True)]


def compose(draft: Draft, message_id: str, at: datetime) -> bytes:
    """A mail as it travels. Not by EmailMessage: it takes a long Message-ID for words that must be encoded."""
    mail = MIMEMultipart()
    mail["From"] = draft.sender
    mail["To"] = draft.to
    mail["Subject"] = Header(" ".join(draft.subject.split()), header_name="Subject").encode()
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = message_id
    if draft.answers:
        mail["In-Reply-To"] = draft.answers.id
        mail["References"] = " ".join(dict.fromkeys((*draft.answers.references, draft.answers.id)))
    if draft.automatic:
        mail["Auto-Submitted"] = "auto-replied"
    mail.attach(MIMEText(draft.text, "plain", "utf-8"))
    for file in draft.files:
        mail.attach(_attached(file))
    return mail.as_bytes(policy=_AS_IT_STANDS)


def reply_subject(subject: str) -> str:
    """With one "Re:".

    >>> reply_subject("Jalan rusak"), reply_subject("RE: Jalan rusak")
    ('Re: Jalan rusak', 'RE: Jalan rusak')
    """
    return subject if re.match(r"(?i)re:", subject) else f"Re: {subject}"


def _attached(file: File) -> MIMEBase:
    kind = _KIND.fullmatch(file.kind)
    part = MIMEBase(kind[1], kind[2]) if kind else MIMEBase("application", "octet-stream")
    part.set_payload(file.content)
    encode_base64(part)
    name = " ".join(file.name.split())
    part.add_header("Content-Disposition", "attachment", filename=name if name.isascii() else ("utf-8", "", name))
    return part


def _field(mail: Message, name: str) -> str:
    """Decoded, on one line; what cannot be decoded, as it came."""
    came = str(mail.get(name, ""))
    with suppress(HeaderParseError, LookupError, ValueError):
        came = str(make_header(decode_header(came)))
    return " ".join(came.split())


def _address(mail: Message, name: str) -> str:
    return parseaddr(str(mail.get(name, "")))[1]


def _name(part: Message) -> str:
    """Empty: it has none."""
    return " ".join((part.get_filename() or "").split())


def _content(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _text(part: Message) -> str:
    try:
        return _content(part).decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        return _content(part).decode("utf-8", "replace")
