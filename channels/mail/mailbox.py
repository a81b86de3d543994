"""The way in by IMAP: fetch a mail, keep it, and only then mark it on the server (law 1). What the server does not call ours is fetched, read or not.

The loop decides, one thread speaks with the server. Nothing here is written down on this node: the mark is the server's, and what comes twice all the
same (killed in between, two nodes at one mailbox) has the same wire id and is a duplicate.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from channels.contract import MESSAGE, About, Arrival, Checked, Inlet, Known, Limit, Refused, SendFailed
from channels.holding import Hold
from channels.mail.imap_failures import Trouble, Withheld
from channels.mail.imap_line import Line, connected
from channels.mail.imap_session import Mail, Session
from channels.mail.imap_waiting import Untaken
from channels.mail.oauth import Tokens
from channels.mail.relisting import Relisting
from channels.mail.settings import MailSettings, host_and_port

_log = structlog.get_logger(__name__)

# The longest pause between two attempts to connect; a wrong password waits for the next look, so that nobody locks the account. Seconds.
_LONGEST_PAUSE = 60.0
# What came while we asked for it may be hidden in the library until IDLE ends: where one came more come, so the first wait is short. Seconds.
_FIRST_WAIT = 1.0
# Whatever our inlet raises is taken for a fault of all; after so many times in a row, for one of this mail.
_PATIENCE = 3
_NOT_YET = Trouble("", "Nobody has looked into the mailbox yet.")


class Mailbox:
    """One folder of one account. Plain numbers since the start are its attributes."""

    def __init__(self, name: str, settings: MailSettings, about: About) -> None:
        """For the channel of that name; opens nothing."""
        if settings.imap is None:
            raise ValueError("no mailbox is configured")
        self._name = name
        self._imap = settings.imap
        self._clock = about.clock
        oauth = self._imap.oauth
        self._tokens = Tokens(oauth, self._imap.timeout_seconds, about.clock) if oauth else None
        self._account = f"imap:{self._imap.user}@{host_and_port(self._imap.server)[0].lower()}"
        self._untaken = Untaken(self._imap.retry_seconds)
        # What is larger is kept cut.
        self.size = Limit("fetched_message_bytes", self._imap.max_message_bytes)
        # Mails that were kept; times that our inlet took none; times that the server gave none, or a connection broke.
        self.fetched = self.refused = self.failed = 0
        # When the last mail was kept, and when the server last answered; None: not since the start.
        self.last_at: datetime | None = None
        self.heard_at: datetime | None = None
        # Mails that lie there as if we did not have them: the server cannot, or does not let us mark or move them.
        self.unmarked = 0
        # It keeps what nobody fetches, however long.
        self.hold = Hold(about.clock)
        self._session: Session | None = None
        self._runs = False
        self._refusing = False
        # Whether marks last there, and what to tell if they do not.
        self._marks, self._advice = True, ""
        self._trouble: Trouble | None = _NOT_YET
        # Connections in a row that brought nothing.
        self._attempts = 0
        # The kind of trouble that the log knows of.
        self._told = ""

    @property
    def waiting(self) -> int:
        """Mails that lie there and were not kept yet."""
        return self._untaken.count

    @property
    def oldest_at(self) -> datetime | None:
        """Since when the oldest of them lies there; None: there is none."""
        return self._untaken.oldest

    @property
    def idle(self) -> bool:
        """Whether the server has promised, at this moment, to tell of new mail by itself."""
        return self._session is not None and self._session.idling

    async def run(self, inlet: Inlet) -> None:
        """Until cancelled; then its thread has ended."""
        self._runs = True
        try:
            while True:
                await self.hold.over()
                await self._attend_until_it_breaks(inlet)
        finally:
            self._runs, self._session = False, None

    async def check(self) -> Checked:
        """How the running session is; where nothing runs, a short one of its own that only looks."""
        if self._runs:
            return self._condition()
        try:
            async with connected(self._name, Session(self._imap, _NAME)) as line:
                await self._open(line)
                await line.do(line.session.look)
                return Checked(ok=True, sentence="The mail server answers, and the folder is there.")
        except Trouble as trouble:
            return Checked(ok=False, sentence=trouble.sentence, kind=trouble.kind)

    async def missed(self, since: datetime, known: Known) -> AsyncGenerator[Arrival, None]:
        """By a short session of its own, beside the one that runs. Raises SendFailed."""
        folders = (self._imap.folder, self._imap.processed) if self._imap.processed else (self._imap.folder,)
        try:
            async with connected(self._name, Session(self._imap, _NAME)) as line:
                await self._open(line)
                async with aclosing(Relisting(folders, self._arrival, self._wire_id).missed(line, since, known)) as found:
                    async for arrival in found:
                        yield arrival
        except Trouble as trouble:
            raise SendFailed(trouble.sentence, channel_wide=True, kind=trouble.kind) from trouble

    # Connections

    async def _open(self, line: Line) -> None:
        password = self._imap.password
        secret = await self._tokens.token() if self._tokens else password.get_secret_value() if password else ""
        await line.do(line.session.open, secret)

    async def _attend_until_it_breaks(self, inlet: Inlet) -> None:
        try:
            async with connected(self._name, Session(self._imap, _keyword(inlet))) as line:
                self._session = line.session
                await self._open(line)
                await self._attend(line, inlet)
        except Trouble as trouble:
            if trouble.kind == "auth" and self._tokens and self._tokens.forget():
                return
            self._broke(trouble)
            await asyncio.sleep(self._pause(trouble))

    def _broke(self, trouble: Trouble) -> None:
        # Connections end now and then, and are made anew at once; that is worth a line only if it fails.
        lasting = self._trouble not in {None, _NOT_YET} or trouble.kind in {"auth", "provider"}
        if lasting and self._told != trouble.kind:
            self._told = trouble.kind
            _log.warning("mailbox out of reach", channel=self._name, kind=trouble.kind, sentence=trouble.sentence)
        self._trouble = trouble
        self.failed += 1
        self._attempts += 1

    def _works(self) -> None:
        if self._told:
            self._told = ""
            _log.info("mailbox works again", channel=self._name)
        self._trouble, self.heard_at = None, self._clock()

    def _pause(self, trouble: Trouble) -> float:
        if trouble.kind == "auth":
            return self._imap.look_seconds
        # Not all gateways at the same moment, when a server is back.
        return min(_LONGEST_PAUSE, self._imap.retry_seconds * 2.0 ** min(self._attempts - 1, 10)) * random.uniform(0.5, 1.5)  # noqa: S311  # not a secret

    # Mails

    async def _attend(self, line: Line, inlet: Inlet) -> None:
        while True:
            # A connection that the server ends meanwhile is made anew.
            await self.hold.over()
            before = self.fetched
            again = await self._look(line, inlet, tidy=True)
            while again:
                # Who paused us meanwhile waits for nothing more than one look.
                await self.hold.over()
                again = await self._look(line, inlet)
            await self._wait(line, came=self.fetched > before)
            # Not sooner: a server that lets us in and then hangs up, again and again, is not asked every other second.
            self._attempts = 0

    async def _look(self, line: Line, inlet: Inlet, *, tidy: bool = False) -> bool:
        """Everything that lies there, oldest first. Whether to look again at once: something came or failed, and more may have come meanwhile.

        tidy: mark again what we have and what was not marked, or not moved; not at each look, for another gateway may be just about to.
        """
        listing = await line.do(line.session.listed)
        self._works()
        self._untaken.see(listing, self._clock())
        self._tell_marks(line.session)
        if tidy:
            unmarked = self._untaken.unmarked
            moved = not line.session.mark_lasts or await self._mark(line, *listing.unmoved, *unmarked)
            self.unmarked = len(unmarked) + (0 if moved else len(listing.unmoved))
        before = self.fetched
        for uid in self._untaken.due(_counted()):
            if not await self._take(line, inlet, listing.validity, uid):
                return True
        return self.fetched > before

    async def _take(self, line: Line, inlet: Inlet, validity: int, uid: int) -> bool:
        """Whether the next one may follow: after a failure the listing is made anew, which clears what is left of it."""
        try:
            mail = await line.do(line.session.fetch, uid)
        except (Trouble, Withheld) as failed:
            self._untaken.failed(uid, _counted())
            if isinstance(failed, Trouble):
                raise
            self.failed += 1
            return False
        if mail is None:
            self._untaken.left(uid)
            return True
        self.heard_at = self._clock()
        self._untaken.came(uid, mail.came_at)
        if not await self._kept(inlet, self._arrival(self._imap.folder, validity, uid, mail)):
            self._untaken.failed(uid, _counted())
            return False
        self._untaken.taken(uid)
        self.fetched += 1
        self._attempts = 0
        self.last_at = self._clock()
        await self._mark(line, uid)
        return True

    def _wire_id(self, folder: str, validity: int, uid: int) -> str:
        # RFC 3501, section 2.3.1.1: account, folder, UIDVALIDITY and UID name a mail for ever.
        return f"{self._account}/{folder}/{validity}/{uid}"

    def _arrival(self, folder: str, validity: int, uid: int, mail: Mail) -> Arrival:
        self.size.rejected += mail.cut is not None
        meta = {"via": "imap"} | ({} if mail.cut is None else {"cut": str(mail.cut)})
        return Arrival(self._name, MESSAGE, self._wire_id(folder, validity, uid), mail.raw, self._clock(), meta=meta)

    async def _kept(self, inlet: Inlet, arrival: Arrival) -> bool:
        """Once the journal has it, however long that takes. False: everything but this mail may be well."""
        for _ in range(_PATIENCE):
            if await self._accepted(inlet, arrival):
                return True
            await asyncio.sleep(self._imap.retry_seconds)
        return False

    async def _accepted(self, inlet: Inlet, arrival: Arrival) -> bool:
        while True:
            try:
                await inlet.receive(arrival)
            except Refused as refused:
                self.refused += 1
                self._refusing = True
                await asyncio.sleep(refused.retry_after.total_seconds())
            except Exception as error:  # noqa: BLE001  # law 1: any fault of ours is temporary; its words may be a citizen's
                self.refused += 1
                self._refusing = True
                _log.error("mail not accepted", channel=self._name, error=type(error).__name__)
                return False
            else:
                self._refusing = False
                return True

    async def _mark(self, line: Line, *uids: int) -> bool:
        """What cannot be marked is ours all the same, and does not hold up the others."""
        if not uids:
            return True
        try:
            await line.do(line.session.mark, uids)
        except Withheld:
            return False
        return True

    def _tell_marks(self, session: Session) -> None:
        advice = _NO_MARK if not session.mark_lasts else _NO_MOVE if self._imap.processed and not session.moves else ""
        if advice and advice != self._advice:
            _log.warning("mailbox keeps no mark", channel=self._name, sentence=advice)
        self._advice, self._marks = advice, session.mark_lasts

    async def _wait(self, line: Line, *, came: bool) -> None:
        longest = self._imap.idle_seconds if line.session.idles else self._imap.look_seconds
        next_at = self._untaken.next_at()
        seconds = max(0.0, min(longest, _FIRST_WAIT if came else longest, next_at - _counted() if next_at is not None else longest))
        await (line.do(line.session.wait, seconds) if line.session.idles else asyncio.sleep(seconds))

    # Health

    def _condition(self) -> Checked:
        ends = {"token": until} if self._tokens and (until := self._tokens.permission_until) else {}
        shown = self._session.ends if self._session else {}
        return replace(self._found(), waiting=self.waiting, oldest_at=self.oldest_at, ends={**shown, **ends})

    def _found(self) -> Checked:
        if self._trouble is not None:
            return Checked(ok=False, sentence=self._trouble.sentence, kind=self._trouble.kind)
        if self._refusing:
            return Checked(ok=True, sentence=f"The mail server answers. This gateway accepts no mail at the moment; waiting there: {self.waiting}.")
        if self.heard_at and self._clock() - self.heard_at > 2 * timedelta(seconds=max(_LONGEST_PAUSE, self._imap.look_seconds)):
            return Checked(ok=False, sentence="The mail server has said nothing for a long time. It is tried again by itself.", kind="timeout")
        if stuck := self._untaken.stuck:
            sentence = f"Mails that cannot be taken: {stuck}; all others are. Look for the oldest unread ones with a mail program. It is tried again by itself."
            return Checked(ok=False, sentence=sentence, kind="provider")
        if self.unmarked and self._marks:
            sentence = f"Mails that are safe here and that the server lets us neither mark nor move: {self.unmarked}. May our account do that, is there room?"
            return Checked(ok=False, sentence=sentence, kind="provider")
        return Checked(ok=True, sentence=f"The mail server answers. {self._advice}".rstrip())


_NAME = "NoWrongDoor"
_NO_MARK = (
    "It cannot remember which mails we have: name a folder in `processed`, or all are fetched anew whenever the gateway starts (none becomes a second case)."
)
_NO_MOVE = "It cannot move mails at once (RFC 6851), so they are flagged and stay where they are."


def _keyword(inlet: Inlet) -> str:
    """Ours alone: another deployment's mark says nothing about us, and nobody can send a mail that carries it. Letters and digits; case does not count."""
    return f"{_NAME}-{inlet.sign('imap keyword').encode().hex()[:12]}"


def _counted() -> float:
    return asyncio.get_running_loop().time()
