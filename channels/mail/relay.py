"""The way out: our own mail server, or the provider's, takes each mail and brings it on. Source: RFC 5321; aiosmtplib speaks it.

A mail that we send by ourselves has no sender (MAIL FROM:<>), so that nobody is ever bounced or answered for it (RFC 3834, section 3.3).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiosmtplib import SMTP, SMTPDataError, SMTPServerDisconnected

from channels import certificates
from channels.contract import Checked, SendFailed
from channels.mail import settings
from channels.mail.failures import CONNECT, CONTENT, DATA, FAILURES, LOGIN, MAIL, RCPT, failure

# RFC 5321, section 4.1.2, without quotes and comments: what cannot be written so is nobody's address, or an attack. Without % and !, too, which to a relay may
# mean a way through it to somebody else (RFC 1123, section 5.2.16), and only with a domain that the world knows: not "localhost", not 127.0.0.1.
_ADDRESS = re.compile(r"[A-Za-z0-9.#$&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9][A-Za-z0-9-]{0,62}\.){1,20}(?=[0-9-]*[A-Za-z])[A-Za-z0-9-]{2,63}")
# A connection that nobody uses is given back after this. Seconds; servers wait minutes (RFC 5321, section 4.5.3.2.7).
IDLE_SECONDS = 20.0
# One that was used before answers at once, or is dead.
PROOF_SECONDS = 5.0
_GO_ON, _DONE = 354, 250


class Relay:
    """A few connections, kept for the next mail, never shared by two."""

    def __init__(self, relay: settings.Relay, domain: str) -> None:
        """`domain`: what we call ourselves. Opens nothing."""
        self._settings = relay
        self._host, self._port = settings.host_and_port(relay.server)
        self._domain = domain
        self._free = asyncio.Semaphore(relay.connections)
        # The one that was used last, last.
        self._idle: list[SMTP] = []
        self._alarm: asyncio.TimerHandle | None = None

    async def send(self, message: bytes, to: str) -> None:
        """Return when the relay has taken it. Raises SendFailed."""
        if not _ADDRESS.fullmatch(to):
            raise SendFailed("This is no address that a mail could be sent to.", permanent=True)
        async with self._free:
            client = await self._begun()
            try:
                await _hand_over(client, message, to)
            finally:
                self._keep(client)

    async def check(self) -> Checked:
        """Connect and sign in as for a mail, and send none."""
        try:
            client = await self._opened()
            async with _step(client, CONNECT):
                await client.noop()
                ends = certificates.shown_by(client.get_transport_info("ssl_object"))
            _give_back(client)
            _unless_ended()
        except SendFailed as failed:
            return Checked(ok=False, sentence=failed.reason, kind=failed.kind)
        return Checked(ok=True, sentence="The mail server answers" + (" and accepts our name and password." if self._settings.user else "."), ends=ends)

    async def close(self) -> None:
        """Give back the connections."""
        self._let_go()

    async def _begun(self) -> SMTP:
        """A connection on which a mail has begun: one that was used before, if any of them still takes one, and nobody is told of those that do not."""
        while self._idle:
            client = self._idle.pop()
            with suppress(SendFailed):
                async with _step(client, MAIL):
                    await client.rset(timeout=min(PROOF_SECONDS, self._settings.timeout_seconds))
                    await client.mail("")
                return client
        client = await self._opened()
        async with _step(client, MAIL):
            await client.mail("")
        return client

    async def _opened(self) -> SMTP:
        """A new one, signed in. Raises SendFailed."""
        tls, secret = self._settings.tls, self._settings.password
        client = SMTP(
            hostname=self._host,
            port=self._port,
            local_hostname=self._domain,
            timeout=self._settings.timeout_seconds,
            use_tls=tls == "implicit",
            start_tls=tls == "starttls",
        )
        async with _step(client, CONNECT):
            await client.connect()
            await client.ehlo()
        if self._settings.user is not None:
            async with _step(client, LOGIN):
                await client.login(self._settings.user, secret.get_secret_value() if secret else "")
        return client

    def _keep(self, client: SMTP) -> None:
        """For the next mail; one on which something unclear has happened is closed by now."""
        if not client.is_connected:
            return
        self._idle.append(client)
        if self._alarm:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._let_go)

    def _let_go(self) -> None:
        if self._alarm:
            self._alarm.cancel()
        idle, self._idle = self._idle, []
        for client in idle:
            _give_back(client)


async def _hand_over(client: SMTP, message: bytes, to: str) -> None:
    async with _step(client, RCPT):
        await client.rcpt(to)
    async with _step(client, DATA):
        began = await client.execute_command(b"DATA")
        if began.code != _GO_ON:
            raise SMTPDataError(began.code, began.message)
        # Not the library's own way: it does not tell whether the connection ended before this, when nothing was sent, or behind it.
        wire = client.protocol
        if wire is None:
            raise SMTPServerDisconnected("")
        wire.write(_on_the_wire(message))
    async with _step(client, CONTENT):
        taken = await wire.read_response(timeout=client.timeout)
        if taken.code != _DONE:
            raise SMTPDataError(taken.code, taken.message)


@asynccontextmanager
async def _step(client: SMTP, name: str) -> AsyncIterator[None]:
    """Whatever goes wrong in it is told as SendFailed. A connection that may say something unexpected next is closed."""
    try:
        yield
    except FAILURES as error:
        failed = failure(error, name)
        if failed.channel_wide:
            client.close()
        raise failed from error
    except ValueError as error:
        # The library would not put it on a wire.
        client.close()
        raise SendFailed(f"This mail cannot be written down for a mail server ({name}).") from error
    except BaseException:
        client.close()
        raise


def _unless_ended() -> None:
    """The library waits by asyncio.wait_for, which before Python 3.12 may swallow that we shall end (cpython 86296): who looks again and again never would."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _on_the_wire(message: bytes) -> bytes:
    r"""With its end, and with dots before dots (RFC 5321, section 4.5.2).

    >>> _on_the_wire(b"a\r\n.\r\n..b\r\n"), _on_the_wire(b".")
    (b'a\r\n..\r\n...b\r\n.\r\n', b'..\r\n.\r\n')
    """
    message = message if message.endswith(b"\r\n") else message + b"\r\n"
    return (b"\r\n" + message).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"


def _give_back(client: SMTP) -> None:
    """Politely, and without waiting for the answer."""
    with suppress(*FAILURES):
        if client.protocol is not None:
            client.protocol.write(b"QUIT\r\n")
    client.close()
