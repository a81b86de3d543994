"""A notice as a mail. Pure. Sources: RFC 5322 (its head), RFC 2045 and 2047 (everything in seven bits), RFC 3834 (what answers by itself says so).

Nothing of the mail that it answers is in it: whoever forged a sender would make us carry their words.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from email.header import Header
from email.utils import format_datetime

from channels.contract import Notice
from channels.mail.settings import MailSettings

# RFC 5322, section 3.6.4, as far as it is harmless on a line of its own (section 2.1.1: 998 characters).
_MESSAGE_ID = re.compile(r"<?([!-;=?-~]{1,240})>?")
# Headers say what was asked first and last; the middle of a long thread helps nobody.
_MOST_REFERENCES = 20
# A subject is a line, not a text. Characters.
_LONGEST_SUBJECT = 200
# What fits on a line behind the header's name (RFC 5322, section 2.1.1: 78). Characters.
_LONGEST_WORD = 60


def letter(notice: Notice, settings: MailSettings, message_id: str, reply_to: str, name: str, now: datetime) -> bytes:
    """The mail as a relay takes it: ASCII, CR LF, no line longer than 78 but for a message id.

    `message_id`: with or without its brackets. `reply_to`: the address that answers come to. `name`: what citizens know the service by. `now`: UTC.
    """
    head = [
        f"From: {_encoded(name, 'From')} <{settings.address}>",
        f"To: <{_one_word(notice.to.value)}>",
        f"Subject: {_encoded(_one_line(notice.subject)[:_LONGEST_SUBJECT], 'Subject')}",
        f"Date: {format_datetime(now)}",
        *_ids("Message-ID", [message_id]),
        f"Reply-To: <{_one_word(reply_to)}>",
        *_ids("In-Reply-To", notice.thread[:1]),
        *_ids("References", _thread(notice.thread)),
        # RFC 3834, section 5: no other machine shall answer this; the next two say it to those that do not know the first.
        "Auto-Submitted: auto-replied",
        "Precedence: bulk",
        "X-Auto-Response-Suppress: All",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
    ]
    return "\r\n".join([*head, "", ""]).encode("ascii") + _body(notice.full)


def _thread(nearest_first: tuple[str, ...]) -> Iterator[str]:
    """Oldest first (RFC 5322, section 3.6.4): the one that began it, and the nearest."""
    oldest_first = nearest_first[::-1]
    yield from oldest_first[:1]
    yield from oldest_first[1:][-_MOST_REFERENCES:]


def _ids(header: str, ids: Iterable[str]) -> list[str]:
    """One a line; what is no message id is left out."""
    good = [f"<{found[1]}>" for one in ids if (found := _MESSAGE_ID.fullmatch(one.strip()))]
    return [f"{header}: " + "\r\n ".join(good)] if good else []


def _encoded(text: str, header: str) -> str:
    """In words that every mail program reads (RFC 2047), on as many lines as it takes.

    >>> _encoded("Lapor PPU", "From"), _encoded("Lapor, PPU", "From"), _encoded("Jalan — rusak", "Subject")
    ('Lapor PPU', '=?utf-8?q?Lapor=2C_PPU?=', '=?utf-8?b?SmFsYW4g4oCUIHJ1c2Fr?=')
    """
    text = _one_line(text)
    # A name with a comma or a bracket would need quoting; encoding serves for that, too.
    plain = re.fullmatch(r"[A-Za-z0-9 !*+/_-]*" if header == "From" else r"[ -~]*", text) and "=?" not in text
    # Encoded words can be broken anywhere.
    plain = plain and all(len(word) <= _LONGEST_WORD for word in text.split())
    return Header(text, "us-ascii" if plain else "utf-8", header_name=header).encode(linesep="\r\n")


def _one_line(text: str) -> str:
    r"""Without anything that could begin another header.

    >>> _one_line(" Laporan\r\nBcc: x\x00 ")
    'Laporan Bcc: x'
    """
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def _one_word(address: str) -> str:
    """The same of an address, which the relay looks at more closely."""
    return re.sub(r"[^!-;=?-~]", "", address)


def _body(text: str) -> bytes:
    text = re.sub(r"\r\n?", "\n", text).rstrip("\n") + "\n"
    return quopri.encodestring(text.encode("utf-8", "replace")).replace(b"\n", b"\r\n")
