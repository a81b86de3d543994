"""SMTP in: other mail servers bring mail, each is on disk before it is answered (law 1)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import structlog

from channels import closing
from channels.contract import MESSAGE, About, Arrival, Inlet, Limit, Refused
from channels.mail import envelope
from channels.mail.certificate import Certificate
from channels.mail.desk import LATER, Desk
from channels.mail.dialogue import Dialogue
from channels.mail.envelope import Mail
from channels.mail.knocking import knock
from channels.mail.limits import Limits
from channels.mail.settings import MailSettings, SmtpIn, host_and_port

_log = structlog.get_logger(__name__)

# How long mails that are being kept may take when the gateway stops. Seconds.
STOP_SECONDS = 5.0
# From here on a digest is a thread's work: it takes longer than all other connections should wait. Bytes.
_LARGE = 1024 * 1024


class Listener:
    """One address's door for mail servers, and another for a balancer of ours where that is configured."""

    def __init__(self, name: str, settings: MailSettings, about: About) -> None:
        """`name`: the channel's. Opens nothing."""
        self.name = name
        self._settings = settings
        self._clock = about.clock
        self._smtp = settings.smtp or SmtpIn()
        self._limits = Limits(self._smtp)
        # While it listens: the ports, which the system chose where 0 was asked; None: no such door.
        self.port: int | None = None
        self.proxied_port: int | None = None
        # While it listens, what STARTTLS shows; None: it offers none.
        self.certificate: Certificate | None = None

    async def run(self, inlet: Inlet) -> None:
        """Listen until cancelled; return at once if nobody brings mail this way. Raises OSError: the address is taken, the certificate cannot be read."""
        if self._settings.smtp is None:
            return
        async with self.listening(inlet):
            await asyncio.get_running_loop().create_future()

    @asynccontextmanager
    async def listening(self, inlet: Inlet) -> AsyncIterator[None]:
        """The same for as long as the block runs. Then doors close first, and what is being kept is kept and answered."""
        smtp = self._smtp
        self.certificate = Certificate(smtp.certificate, smtp.private_key) if smtp.certificate and smtp.private_key else None
        desk = Desk(self._settings, smtp, self._limits, self.certificate, lambda mail: self.keep(inlet, mail))
        servers: list[asyncio.Server] = []
        try:
            if smtp.listen is not None:
                servers.append(await _opened(smtp.listen, desk, proxied=False))
                self.port = servers[-1].sockets[0].getsockname()[1]
            if smtp.listen_proxied is not None:
                servers.append(await _opened(smtp.listen_proxied, desk, proxied=True))
                self.proxied_port = servers[-1].sockets[0].getsockname()[1]
            yield
        finally:
            for server in servers:
                await closing.close(server)
            self.port = self.proxied_port = self.certificate = None
            await self._end_visits()

    async def keep(self, inlet: Inlet, mail: Mail) -> str:
        """What is answered to a mail: 250 once it is on disk, and for any fault of ours the same 451."""
        try:
            await inlet.receive(await self._arrival(mail))
        except Refused:
            return LATER
        except BaseException as error:
            if _is_ended(error):
                raise
            _log.error("not accepted", channel=self.name, error=type(error).__name__)
            return LATER
        # Law 4: the number is told by nobody but the acknowledgement.
        return "250 2.0.0 We have it."

    @property
    def is_open_to_all(self) -> bool:
        """Whether there is a door at which anybody may knock, not only a balancer of ours."""
        return self._settings.smtp is not None and self._smtp.listen is not None

    async def trial(self, words: str) -> str:
        """A mail with these words to our own address, as another server brings it; why it was not taken, empty: it was."""
        if self.port is None:
            return "the port is closed"
        host = host_and_port(self._smtp.listen or "")[0]
        here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # read, not listened on
        return await knock(here, self.port, self._settings.address, words, self._clock())

    def limits(self) -> Iterable[Limit]:
        """Its limits, as they are now."""
        return self._limits.told(asyncio.get_running_loop().time())

    async def _arrival(self, mail: Mail) -> Arrival:
        wire_id = mail.wire_id() if len(mail.content) < _LARGE else await asyncio.to_thread(mail.wire_id)
        meta = {"via": "smtp", "mail_from": mail.sender, "rcpt_to": envelope.as_list(mail.recipients), "peer": mail.peer, "helo": mail.helo}
        return Arrival(self.name, MESSAGE, wire_id, mail.content, self._clock(), meta=meta | ({"tls": "1"} if mail.tls else {}))

    async def _end_visits(self) -> None:
        for visit in tuple(self._limits.visits):
            visit.stop()
        tasks = [visit.task for visit in self._limits.visits if visit.task]
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _opened(endpoint: str, desk: Desk, *, proxied: bool) -> asyncio.Server:
    return await asyncio.get_running_loop().create_server(lambda: Dialogue(desk, proxied=proxied), *host_and_port(endpoint))


def _is_ended(error: BaseException) -> bool:
    """Whether it is our own task that shall end; a call that somebody deeper down gave up is a failure like any other."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and (task is None or task.cancelling() > 0)
