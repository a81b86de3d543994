"""The folder listed anew and compared with what has come in: for mails that carry our mark and are not here, as after a backup was brought back.

What has no mark is fetched anyway (mailbox.py). Nothing is marked, moved or read here: the session only looks.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from channels.contract import Arrival, Known
from channels.mail.imap_failures import Withheld
from channels.mail.imap_line import Line
from channels.mail.imap_session import Mail
from channels.mail.reading import fingerprint

# What is compared at once.
_AT_ONCE = 500
# IMAP knows days, of a zone that the server does not tell (RFC 9051, section 6.4.4).
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Relisting:
    """Of one mailbox."""

    # Where mails lie: the folder, and that to which they are moved, if they are.
    folders: tuple[str, ...]
    # Folder, numbering, UID and mail to an arrival.
    arrival: Callable[[str, int, int, Mail], Arrival]
    # The same without the mail: how it would be called.
    wire_id: Callable[[str, int, int], str]

    async def missed(self, line: Line, since: datetime, known: Known) -> AsyncGenerator[Arrival, None]:
        """What came there since then and is not known, oldest first. Raises Trouble."""
        for folder in self.folders:
            listing = await line.do(line.session.since, folder, (since - _A_DAY).date())
            for some in _pieces(listing.waiting):
                ids = {uid: self.wire_id(folder, listing.validity, uid) for uid in some}
                here = await known.ids(ids.values())
                for uid in (uid for uid, wire_id in ids.items() if wire_id not in here):
                    mail = await self._mail(line, uid, since)
                    arrival = mail and self.arrival(folder, listing.validity, uid, mail)
                    # Another numbering, another folder: another name for the same bytes.
                    if arrival and not await known.words({fingerprint(arrival)}):
                        yield arrival

    async def _mail(self, line: Line, uid: int, since: datetime) -> Mail | None:
        # One that the server does not give out, or not any more, holds up no other.
        with suppress(Withheld):
            came_at = await line.do(line.session.came_at, uid)
            if came_at is None or came_at >= since:
                return await line.do(line.session.fetch, uid, marked=True)
        return None


def _pieces(uids: Iterable[int]) -> Iterator[list[int]]:
    rest = iter(uids)
    while some := list(islice(rest, _AT_ONCE)):
        yield some
