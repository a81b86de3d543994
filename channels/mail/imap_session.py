"""One connection to a mailbox: what blocks stands here, and runs in one thread. The mark of a mail that we have is a keyword of ours, or that it was moved.

Sources: RFC 9051 and RFC 3501 (IMAP), 2177 (IDLE), 6851 (MOVE), 4616 (PLAIN), 7628 (OAUTHBEARER);
Google, "OAuth 2.0 Mechanism" (XOAUTH2).
"""

from __future__ import annotations

import select
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

from imapclient import SEEN, exceptions

from channels import certificates
from channels.mail.imap_client import Client, Cord
from channels.mail.imap_failures import Withheld, refuses, told
from channels.mail.settings import ImapIn, host_and_port

# Of a mail over the limit: room for any sane head, and 64 KiB.
KEPT_BYTES = 128 * 1024
# imaplib reads no line of more than a million characters: so many mails are listed at once, each with ten digits at the most.
_LISTED_AT_ONCE = 50_000
# RFC 7162, section 4: a command line should have no more than 8,192 octets.
_MARKED_AT_ONCE = 500
# RFC 9051, section 9, date-month: in English, whatever this machine speaks.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies in the folder now, by UID, oldest first."""

    # The name of this numbering of the folder; another one, and all numbers are other mails.
    validity: int
    # Those without our mark.
    waiting: tuple[int, ...]
    # Those with our keyword that were to be moved, and were not.
    unmoved: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, as the server gave it."""

    raw: bytes
    # Bytes of the whole, where only a part was taken.
    cut: int | None
    # When the server got it; None: it does not say.
    came_at: datetime | None


class Session:
    """All but hang_up() is for one thread. Everything that goes wrong is a Trouble, and the session is of no use then, or Withheld."""

    def __init__(self, settings: ImapIn, keyword: str) -> None:
        """Opens nothing. `keyword`: as no other deployment, no person and no sender would name it."""
        self._settings = settings
        self._keyword = keyword
        self._cord = Cord()
        self._client: Any = None
        # What the server can, once we are signed in.
        self.idles = self.moves = False
        # Whether it keeps our keyword; known from the first listing on.
        self.keeps_keyword = False
        self._prepared = False
        # Until when its certificate holds, as channels.Checked.ends has it; empty: there is no TLS.
        self.ends: Mapping[str, datetime] = {}
        # Whether the server has promised, at this moment, to tell by itself.
        self.idling = False

    def hang_up(self) -> None:
        """From any thread: whatever waits for the server ends at once."""
        self._cord.cut()

    def close(self) -> None:
        """Without a farewell: the server may be gone."""
        if self._client is not None:
            with suppress(Exception):
                self._client.shutdown()
        self._cord.close()

    def open(self, secret: str) -> None:
        """Connect and sign in. `secret`: the password, or the token of the moment."""
        with told():
            self._client = self._connected()
            line = self._client.socket()
            self.ends = certificates.shown_by(line if isinstance(line, ssl.SSLSocket) else None)
            self._sign_in(secret)
            self.idles = self._client.has_capability("IDLE")
            self.moves = bool(self._settings.processed) and self._client.has_capability("MOVE")

    def look(self) -> None:
        """Whether the folder is there, without touching it."""
        with told():
            self._client.select_folder(self._settings.folder, readonly=True)

    def listed(self) -> Listing:
        """Opens the folder anew each time: that shows a new numbering, and clears what the library has gathered of old answers."""
        with told():
            if self.moves and not self._prepared:
                self._prepare()
            folder = self._client.select_folder(self._settings.folder)
            self._keywords(folder)
            count = folder[b"EXISTS"]
            return Listing(
                # A server that does not number for good: the mails' bytes tell them apart.
                int(folder.get(b"UIDVALIDITY", 0)),
                tuple(self._search(count, "UNKEYWORD", self._keyword) if self.keeps_keyword else self._search(count)),
                tuple(self._search(count, "KEYWORD", self._keyword) if self.keeps_keyword and self.moves else ()),
            )

    def since(self, folder: str, day: date) -> Listing:
        """All that came to a folder from that day on, marked or not; nothing where there is no such folder. Changes nothing there."""
        with told():
            if not self._client.folder_exists(folder):
                return Listing(0, (), ())
            opened = self._client.select_folder(folder, readonly=True)
            found = self._search(opened[b"EXISTS"], "SINCE", f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}")
            return Listing(int(opened.get(b"UIDVALIDITY", 0)), tuple(found), ())

    def came_at(self, uid: int) -> datetime | None:
        """When the server got it; None: it does not say. Raises Withheld."""
        with told():
            return _with_zone(self._fetch(uid, "INTERNALDATE").get(b"INTERNALDATE"))

    def fetch(self, uid: int, *, marked: bool = False) -> Mail | None:
        """Without marking it read. None: somebody else has marked it by now, and it was not asked for `marked` as it may be.

        Raises Withheld: the server does not give it, or it is gone.
        """
        with told():
            about = self._fetch(uid, "FLAGS", "RFC822.SIZE", "INTERNALDATE")
            # The library makes a number of a keyword that looks like one.
            if not marked and self._keyword.lower().encode() in {flag.lower() for flag in about.get(b"FLAGS", ()) if isinstance(flag, bytes)}:
                return None
            size = about.get(b"RFC822.SIZE", 0)
            too_large = size > self._settings.max_message_bytes
            given = self._fetch(uid, f"BODY.PEEK[]<0.{KEPT_BYTES}>" if too_large else "BODY.PEEK[]")
            raw = given.get(b"BODY[]<0>", given.get(b"BODY[]"))
            if not isinstance(raw, bytes) or (size and not raw):
                raise Withheld
            return Mail(raw, size if too_large else None, _with_zone(about.get(b"INTERNALDATE")))

    def mark(self, uids: Sequence[int]) -> None:
        """As taken: for us by our keyword, for people as read; moved away if it shall be. Raises Withheld: the server does not let us."""
        rest = iter(uids)
        with told():
            while some := list(islice(rest, _MARKED_AT_ONCE)):
                self._done_or_withheld(self._client.add_flags, some, [SEEN, self._keyword] if self.keeps_keyword else [SEEN], silent=True)
                if self.moves:
                    self._done_or_withheld(self._client.move, some, self._settings.processed)

    def wait(self, seconds: float) -> None:
        """Until the server has something to tell, or so long."""
        with told():
            try:
                news = self._client.idle()
            except exceptions.IMAPClientError as error:
                if not refuses(error):
                    raise
                self.idles = False
                return
            if not news:
                self._quiet(seconds)
            # Here the server must answer, so that silence is not mistaken for quiet.
            self._client.idle_done()

    @property
    def mark_lasts(self) -> bool:
        """Whether a mail that was taken can be told from others by those who come after us."""
        return self.keeps_keyword or self.moves

    # Connecting

    def _connected(self) -> Client:
        host, port = host_and_port(self._settings.server)
        context = None if self._settings.tls == "none" else ssl.create_default_context(cadata=self._settings.ca)
        client = Client(
            self._cord,
            host,
            port,
            seconds=self._settings.timeout_seconds,
            # Sizes are told roughly by some servers.
            max_literal_bytes=2 * self._settings.max_message_bytes,
            tls=context if self._settings.tls == "implicit" else None,
        )
        if self._settings.tls == "starttls":
            # From here on it is ours to close, whatever STARTTLS raises.
            self._client = client
            client.starttls(context)
        return client

    def _sign_in(self, secret: str) -> None:
        user, oauth = self._settings.user, self._settings.oauth
        if oauth is None and not self._client.has_capability("AUTH=PLAIN"):
            # imaplib puts the password into quotes, and not the name.
            self._client.login('"{}"'.format(user.replace("\\", "\\\\").replace('"', '\\"')), secret)
        elif oauth is None:
            # LOGIN could not say what is not ASCII.
            self._client.sasl_login("PLAIN", _answering(f"\0{user}\0{secret}"))
        elif oauth.mechanism == "xoauth2":
            self._client.sasl_login("XOAUTH2", _answering(f"user={user}\1auth=Bearer {secret}\1\1"))
        else:
            # RFC 7628, section 3.2.3: a refusal is answered with one ^A, then the server says no.
            name = user.replace("=", "=3D").replace(",", "=2C")
            self._client.sasl_login("OAUTHBEARER", _answering(f"n,a={name},\1auth=Bearer {secret}\1\1", refused="\1"))

    def _prepare(self) -> None:
        self._prepared = True
        if not self._client.folder_exists(self._settings.processed):
            # Perhaps another node was first; whether one can move there, the first mail shows.
            with suppress(exceptions.IMAPClientError):
                self._client.create_folder(self._settings.processed)

    # Asking

    def _quiet(self, seconds: float) -> None:
        self.idling = True
        try:
            # Not the library's idle_check(): on a connection that is gone it returns at once, with nothing, for ever.
            poll = select.poll()
            poll.register(self._client.socket(), select.POLLIN)
            poll.poll(seconds * 1000)
        finally:
            self.idling = False

    def _keywords(self, folder: Mapping[bytes, Any]) -> None:
        # RFC 9051, section 7.1: \* says that new keywords may be made. Exchange makes none.
        lasting = {flag.lower() for flag in folder.get(b"PERMANENTFLAGS", ())}
        self.keeps_keyword = bool(lasting & {rb"\*", self._keyword.lower().encode()})

    def _search(self, count: int, *criteria: str) -> Iterator[int]:
        """By UID, in their order; asked for piece by piece."""
        found: set[int] = set()
        for first in range(1, count + 1, _LISTED_AT_ONCE):
            found.update(self._client.search([f"{first}:{min(first + _LISTED_AT_ONCE - 1, count)}", *criteria]))
        return iter(sorted(found))

    def _fetch(self, uid: int, *items: str) -> Mapping[bytes, Any]:
        about = self._done_or_withheld(self._client.fetch, [uid], items).get(uid)
        if about is None:
            raise Withheld
        return about  # type: ignore[no-any-return]

    def _done_or_withheld(self, command: Callable[..., Any], *arguments: object, **options: object) -> Any:  # noqa: ANN401  # what the library gives
        try:
            return command(*arguments, **options)
        except exceptions.IMAPClientError as error:
            if refuses(error):
                raise Withheld from error
            raise


def _with_zone(at: datetime | None) -> datetime | None:
    return at if at and at.tzinfo else None


def _answering(first: str, *, refused: str = "") -> Callable[[bytes], str]:
    """What a client says that has one thing to say: that first, then nothing, so that the server comes to its no."""
    words = iter([first])
    return lambda _challenge: next(words, refused)
