"""One connection of the listener: aiosmtpd's SMTP, mended where its way with bytes, limits and faults is not ours. What is answered, the desk decides.

Sources: RFC 5321 (SMTP), RFC 3207 (STARTTLS), RFC 2920 (PIPELINING), HAProxy's proxy-protocol.txt; LIBRARIES.md, 1.3, for what the library does.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address

import structlog
from aiosmtpd.proxy_protocol import V2_CMD, get_proxy
from aiosmtpd.smtp import SMTP

from channels.mail import envelope
from channels.mail.desk import LATER, Desk
from channels.mail.limits import Visit

_log = structlog.get_logger(__name__)
# The library logs addresses and what strangers say.
for _name in ("mail.log", "mail.debug"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)

# All that is spoken here; the library knows more (AUTH, EXPN, HELP).
_COMMANDS = ("DATA", "EHLO", "HELO", "MAIL", "NOOP", "QUIT", "RCPT", "RSET", "STARTTLS", "VRFY")
# What a mail server might say; anything else comes from something that is none (HTTP, TLS, a header that was taken for a command).
_WORD = re.compile(rb"[A-Za-z]{1,12}")
_HTTP = frozenset({"GET", "POST", "PUT", "HEAD", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PRI"})
# RFC 5321, section 4.5.3.1.4, is 512; extensions and long addresses add to it. Octets.
_MAX_COMMAND = 2048
# The only end that there is: RFC 5321, section 4.1.1.4.
_END = b"\r\n.\r\n"
# How long the other side may take to end TLS before the connection is cut. Seconds.
_TLS_END_SECONDS = 2.0
# The other side is gone, or we hung up.
_ENDED = (asyncio.IncompleteReadError, OSError)


class Dialogue(SMTP):
    """Reads commands until one side has had enough. Ends by itself when the connection does, but not before what had come is kept."""

    # What one look into the buffer may give. A line may be as long as a mail; the library's 1,001 octets refuse ordinary ones.
    line_length_limit = 64 * 1024
    _over_ssl: bool

    def __init__(self, desk: Desk, *, proxied: bool) -> None:
        """`proxied`: a balancer speaks first, and says for whom."""
        loop = asyncio.get_running_loop()
        super().__init__(desk, data_size_limit=None, enable_SMTPUTF8=True, hostname=desk.hostname, loop=loop)
        self.visit = Visit(self.stop, loop.time(), loop.time())
        self._desk = desk
        self._settings = desk.settings
        self._proxied = proxied
        # Nothing more is read, nothing more is said.
        self._over = False
        # After what is being kept now, nothing more.
        self._stopping = False
        # Words would be nonsense in the middle of a handshake.
        self._silent = False

    def __dir__(self) -> Iterable[str]:
        """What the library looks through, at each connection, for commands."""
        return [f"smtp_{command}" for command in _COMMANDS]

    # The connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Turn away whom there is no room for."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # a server's
        limits, (address, *_) = self._desk.limits, transport.get_extra_info("peername") or ("",)
        if address and limits.enter(self.visit) and (self._proxied or limits.identify(self.visit, address)):
            super().connection_made(transport)
            assert self._handler_coroutine is not None  # noqa: S101  # just made
            self.visit.task = self._handler_coroutine
            self._handler_coroutine.add_done_callback(lambda _: limits.leave(self.visit))
            return
        limits.leave(self.visit)
        transport.write(b"421 4.7.0 Too many connections. Please come again later.\r\n")
        transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """The library would cancel the dialogue here, and with it the keeping of a mail whose bringer did not wait for the answer."""
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        super(SMTP, self).connection_lost(error)

    def eof_received(self) -> bool | None:
        """They have said all; the library would not look at it any more."""
        return super(SMTP, self).eof_received()

    def data_received(self, data: bytes) -> None:
        """Not silent."""
        self.visit.heard_at = self.loop.time()
        super().data_received(data)

    def _reset_timeout(self, duration: float | None = None) -> None:
        """Called by the library for each connection once; from then on the alarm sets itself."""
        self._timeout_handle = self.loop.call_later(min(self._settings.idle_seconds, self._settings.session_seconds), self._timeout_cb)

    def _timeout_cb(self) -> None:
        """Look what has moved since the alarm was set."""
        now, visit, settings = self.loop.time(), self.visit, self._settings
        ends_at, silent_at = visit.began + settings.session_seconds, visit.heard_at + settings.idle_seconds
        if visit.keeping:
            # We are at it, not they; and it has an alarm of its own.
            ends_at = silent_at = now + settings.accept_seconds
        if now < min(ends_at, silent_at):
            self._timeout_handle = self.loop.call_at(min(ends_at, silent_at), self._timeout_cb)
            return
        self._desk.limits.refuse("session_seconds" if now >= ends_at else "idle_seconds")
        self.hang_up("421 4.4.2 This connection has lasted too long." if now >= ends_at else "421 4.4.2 Nothing was heard for too long.")

    def hang_up(self, reply: str = "") -> None:
        """Say why, and close. What has come on this connection and was not looked at yet never will be."""
        self._over = True
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # a server's
        if reply and not self._silent:
            transport.write(reply.encode() + b"\r\n")
        # Whoever does not read what we say would keep the connection open for as long as they like.
        if self._silent or transport.get_write_buffer_size():
            transport.abort()
        else:
            transport.close()

    def stop(self) -> None:
        """The gateway ends. A mail that is here is kept and answered first."""
        self._stopping = True
        if not self.visit.keeping:
            self.hang_up("421 4.3.2 We are closing. Please come again later.")

    # The dialogue

    def _set_post_data_state(self) -> None:
        """A new envelope."""
        super()._set_post_data_state()  # type: ignore[no-untyped-call]  # the library's
        self.visit.recipients = 0

    async def push(self, status: str | bytes) -> None:
        """Answer. So many answers that were the other side's fault, and it has had its chance. Raises one of _ENDED where we have hung up."""
        if self._over:
            raise ConnectionAbortedError
        assert isinstance(status, str)  # noqa: S101  # all of the library's and ours are
        self._writer.write(status.encode() + b"\r\n")
        if status.startswith("5"):
            self.visit.errors += 1
            if self.visit.errors >= self._settings.max_errors:
                self._desk.limits.refuse("errors")
                self.hang_up("421 4.7.0 Too many errors.")
        await self._writer.drain()

    async def _handle_client(self) -> None:
        """The library's own goes on reading what had come already after it closed, and tells strangers what an exception says."""
        try:
            if not self._proxied or await self._introduced():
                await self.push(f"220 {self.hostname} ESMTP")
                while True:
                    await self._obey(await self._reader.readuntil())
                    if self._reader._buffer:  # type: ignore[attr-defined]  # noqa: SLF001  # nothing else tells whether reading will wait
                        # Thousands of commands in one packet would hold up everybody else.
                        await asyncio.sleep(0)
        except asyncio.LimitOverrunError:
            self._close_on_nonsense()
        except _ENDED:
            pass
        except Exception as error:  # noqa: BLE001  # our own fault; its words may be a citizen's
            _log.error("a dialogue fell over", error=type(error).__name__)
            self.hang_up(LATER)
        finally:
            self.hang_up()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def _introduced(self) -> bool:
        """Whether the balancer said who comes, and there is room for them. One that only looks whether we are there (LOCAL) speaks for itself."""
        proxy = await get_proxy(self._reader)
        if not proxy.valid:
            self._desk.limits.refuse("errors")
            self.hang_up("421 4.7.0 This door is for a balancer of ours.")
            return False
        assert self.transport is not None  # noqa: S101  # it is not lost yet
        local = proxy.command == V2_CMD.LOCAL or not isinstance(proxy.src_addr, IPv4Address | IPv6Address)
        address = self.transport.get_extra_info("peername")[0] if local else str(proxy.src_addr)
        if not self._desk.limits.identify(self.visit, address):
            self.hang_up("421 4.7.0 Too many connections. Please come again later.")
            return False
        return True

    def _close_on_nonsense(self) -> None:
        self._desk.limits.refuse("errors")
        self.hang_up("421 4.7.0 This is a mail server.")

    async def _obey(self, line: bytes) -> None:
        word, _, rest = line.rstrip(b"\r\n").partition(b" ")
        command, argument = word.decode(errors="replace").upper(), rest.decode(errors="replace").strip()
        method = self._smtp_methods.get(command)
        if command in _HTTP or (word and not _WORD.fullmatch(word)):
            self._close_on_nonsense()
        elif len(line) > _MAX_COMMAND or not argument.isprintable():
            await self.push("500 5.5.2 This line is too long, or has characters that belong into none.")
        elif method is None:
            await self.push("502 5.5.1 This command is not known here.")
        else:
            await self._done(method(argument or None))

    async def _done(self, command: asyncio.Future[None]) -> None:
        try:
            await command
        except _ENDED:
            raise
        except Exception as error:  # noqa: BLE001  # law 1: our own fault is temporary, and its words are not for strangers
            _log.error("a command failed", error=type(error).__name__)
            await self.push(LATER)

    # The commands that the library does another way

    async def smtp_EHLO(self, hostname: str) -> None:
        """In one packet; the library sends one a line, and has more of AUTH than one can switch off."""
        if not hostname:
            await self.push("501 5.5.4 Syntax: EHLO name")
            return
        assert self.session is not None  # noqa: S101  # from the first connection on
        self._set_post_data_state()
        self.session.host_name, self.session.extended_smtp = hostname, True
        *lines, last = self._desk.abilities(secret=self._over_ssl)
        await self.push("\r\n".join([*(f"250-{line}" for line in lines), f"250 {last}"]))

    async def smtp_QUIT(self, arg: str) -> None:
        """Whatever is said behind it."""
        self._desk.limits.say_goodbye(self.visit)
        self.hang_up("221 2.0.0 Good bye.")

    async def smtp_VRFY(self, arg: str) -> None:
        """Who is here is told to nobody (RFC 5321, section 7.3)."""
        await self.push("252 2.1.5 Send a mail, and see.")

    async def smtp_STARTTLS(self, arg: str) -> None:
        """On the same dialogue; nothing of what was said openly counts any more (RFC 3207, section 4.2)."""
        context = self._desk.tls()
        if context is None or self._over_ssl or arg:
            await self.push("502 5.5.1 This command is not known here.")
            return
        await self.push("220 2.0.0 Go ahead.")
        self._silent = True
        self._reader._buffer.clear()  # type: ignore[attr-defined]  # noqa: SLF001  # else it would be taken for said under TLS (CVE-2024-34083)
        plain = self._writer.transport
        try:
            secret = await self.loop.start_tls(plain, self, context, server_side=True, ssl_shutdown_timeout=_TLS_END_SECONDS)
        except OSError:
            secret = None
        if secret is None:
            # The loop tells nobody of a connection that ends during its handshake.
            plain.abort()
            self.connection_lost(None)
            raise ConnectionAbortedError
        self.transport = self._transport = self._writer._transport = self._reader._transport = secret  # type: ignore[attr-defined]  # noqa: SLF001  # as StreamWriter.start_tls
        self._over_ssl, self._silent = True, False
        self._set_post_data_state()
        self.session = self._create_session()

    async def smtp_DATA(self, arg: str) -> None:
        """In pieces as they come, not in lines: two octets a line would cost sixty in memory."""
        assert self.envelope is not None  # noqa: S101  # from the first connection on
        if await self.check_helo_needed():
            return
        if arg or not self.envelope.rcpt_tos:
            await self.push("501 5.5.4 Syntax: DATA" if arg else "503 5.5.1 First say to whom: RCPT.")
            return
        await self.push("354 End with <CRLF>.<CRLF>")
        try:
            content = await self._content()
            reply = content if isinstance(content, str) else await self._kept(content)
        finally:
            self._desk.limits.release(self.visit)
        self._set_post_data_state()
        await self.push(reply)
        if self._stopping:
            self.stop()

    async def _content(self) -> bytes | str:
        """The mail with the dots of RFC 5321, section 4.5.2, taken away; or the answer, where it is too large. Read to its end in any case."""
        # Where no line has come, the CRLF of DATA itself is the one before the last dot (RFC 5321, section 4.1.1.4).
        self._reader._buffer[:0] = _END[:2]  # type: ignore[attr-defined]  # noqa: SLF001  # nobody else puts bytes back
        pieces: list[bytes] = []
        refusal = ""
        while True:
            piece, is_last = await self._piece()
            self._desk.limits.hold(self.visit, len(piece))
            refusal = refusal or self._desk.too_much(self.visit)
            pieces.append(piece)
            if refusal:
                pieces.clear()
                self._desk.limits.release(self.visit)
            if is_last:
                content = b"".join(pieces).replace(b"\r\n.", b"\r\n")[2:-2]
                return refusal or self._desk.too_large(len(content)) or content

    async def _piece(self) -> tuple[bytes, bool]:
        try:
            return await self._reader.readuntil(_END), True
        except asyncio.LimitOverrunError as far:
            # It stops short of what may be the beginning of the end.
            return await self._reader.readexactly(far.consumed), False

    async def _kept(self, content: bytes) -> str:
        """The answer, once the mail is on disk. If that takes too long, they are told to come again; it may be kept all the same, and then is a repetition."""
        assert self.envelope is not None  # noqa: S101  # DATA
        assert self.session is not None  # noqa: S101  # DATA
        sender = "" if self.envelope.mail_from in {None, envelope.NULL} else str(self.envelope.mail_from)
        helo, recipients = self.session.host_name or "", tuple(self.envelope.rcpt_tos)
        mail = envelope.Mail(sender, recipients, content, self.visit.address, helo, tls=self._over_ssl)
        late = self.loop.call_later(self._settings.accept_seconds, self._too_late)
        self.visit.keeping, self.visit.heard_at = True, self.loop.time()
        try:
            return await self._desk.keep(mail)
        finally:
            late.cancel()
            self.visit.keeping, self.visit.heard_at = False, self.loop.time()

    def _too_late(self) -> None:
        self._desk.limits.refuse("accept_seconds")
        self.hang_up(LATER)

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """The library asks the standard library's grammar, which takes thirty times as long, and recurses for hostile ones."""
        return envelope.path(arg) or (None, None)
