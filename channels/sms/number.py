"""What Twilio says of our number: where it brings what people write, and what it met at our door.

Sources: Twilio docs, "IncomingPhoneNumber resource", "ShortCode resource", "Notification resource"; none of these requests is charged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from yarl import URL

from channels.contract import Checked, SendFailed
from channels.sms.http import NOT_TWILIO, RestClient

# What Twilio met is told for so long, unless something came through since.
_TOLD = timedelta(minutes=15)
# What was on its way when the address was changed, or is tried again, comes within this.
_ON_ITS_WAY = timedelta(minutes=5)
# Of one look, at the most.
_MOST = 50
_ERROR = 0
_WELL = Checked(ok=True, sentence="")


class Number:
    """One that people write to, of one account."""

    def __init__(self, rest: RestClient, sender: str, doors: Sequence[str], clock: Callable[[], datetime]) -> None:
        """`sender`: as from_numbers has it. `doors`: the addresses at which we take messages, primary first."""
        self._rest = rest
        self._sender = sender
        self._doors = doors
        self._clock = clock
        # When a message last came through, for whoever asks what is old news; None: not since the start.
        self.came_at: datetime | None = None
        # Since when our door is open; None: it is not, and only asked is.
        self.opened_at: datetime | None = None
        # Since when it does not lead to us.
        self._wrong_since: datetime | None = None

    async def ask(self) -> Checked | None:
        """Where Twilio brings what is written to it, and how that went lately. None: Twilio could not be asked, which the way out tells."""
        try:
            settings = await self._settings()
            elsewhere = self._unless_it_comes(self._elsewhere(settings)) if settings is not None else None
            return elsewhere or self._met(await self._rest.notifications.list_async(log=_ERROR, message_date_after=self._clock().date(), limit=_MOST))
        except (SendFailed, *NOT_TWILIO):
            return None

    async def _settings(self) -> Any | None:  # noqa: ANN401  # the SDK ships no types
        """None: letters that nobody can write to, or the number is not this account's, and nothing can be said."""
        if self._sender.startswith("+"):
            found = await self._rest.incoming_phone_numbers.list_async(phone_number=self._sender, limit=1)
        elif self._sender.isdigit():
            found = await self._rest.api.v2010.account.short_codes.list_async(short_code=self._sender, limit=1)
        else:
            return None
        return found[0] if found else None

    def _elsewhere(self, settings: Any) -> Checked | None:  # noqa: ANN401  # the SDK ships no types
        """Why messages do not come to us, and what to put there. None: they do, or a program at Twilio decides it."""
        if getattr(settings, "sms_application_sid", None):
            return None
        door, told, found = self._doors[0], str(settings.sms_url or ""), None
        if not told:
            found = Checked(
                ok=False,
                sentence=f"Twilio has no address for our number's messages. In its console, at the number, under A message comes in, put {door}."
                " If a Messaging Service has the number: check_number = false.",
                kind="elsewhere",
            )
        elif _plain(told) not in set(map(_plain, self._doors)):
            found = Checked(
                ok=False,
                sentence=f"Twilio brings our number's messages to {_host(told)}. In its console, at the number, under A message comes in, put {door}."
                " If a Messaging Service has the number: check_number = false.",
                kind="elsewhere",
            )
        elif settings.sms_method != "POST":
            found = Checked(
                ok=False,
                sentence="Twilio brings our number's messages by GET. In its console, at the number, under A message comes in, choose HTTP POST.",
                kind="elsewhere",
            )
        return found

    def _unless_it_comes(self, elsewhere: Checked | None) -> Checked | None:
        """What comes all the same shows that something else decides: a Messaging Service that has the number (this API does not tell of those)."""
        if elsewhere is None:
            self._wrong_since = None
            return None
        self._wrong_since = self._wrong_since or self._clock()
        comes = self.came_at is not None and self.came_at > self._wrong_since + _ON_ITS_WAY
        return None if comes else elsewhere

    def _met(self, notifications: Iterable[Any]) -> Checked:
        """The errors at our own doors, if nothing came through since. Never Twilio's own words: what a citizen wrote may stand in them."""
        # What it met while we were being started is no news: it is asked for from its list.
        since = max([self._clock() - _TOLD, *(at for at in (self.came_at, self.opened_at) if at)])
        ours = {_plain(door) for door in self._doors}
        codes = Counter(str(one.error_code) for one in notifications if _at(one.message_date) > since and _plain(str(one.request_url or "")) in ours)
        if not codes:
            return _WELL
        said = ", ".join(f"{code} ({count} times)" for code, count in codes.most_common(3) if code.isdigit())
        return Checked(
            ok=False,
            sentence=f"Twilio met errors at our door in the last quarter of an hour: {said}. They are explained in Twilio's error dictionary.",
            kind="warned",
        )


def _plain(address: str) -> str:
    """What counts of an address: not what Twilio shall do when it fails (a fragment), nor what it adds.

    >>> _plain("HTTPS://Lapor.example:443/in/sms/message?a=b#rc=2")
    'https://lapor.example/in/sms/message'
    """
    try:
        return str(URL(address).with_query(None).with_fragment(None).with_user(None))
    except ValueError:
        return ""


def _host(address: str) -> str:
    """All of it that is told: in the rest, secrets of others may stand; ours, where only the path is another.

    >>> _host("https://user:secret@other.example/a?key=b")
    'another address (at other.example)'
    """
    try:
        host = URL(address).host
    except ValueError:
        host = None
    return f"another address (at {host})" if host else "no address that could be called"


def _at(moment: datetime | None) -> datetime:
    if moment is None:
        return datetime.min.replace(tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
