"""IMAPClient over a connection that any thread can end at once, whatever the library waits for on it: name, connection, TLS, answer.

Sources: IMAPClient 4.1 and the standard library's imaplib, whose `_create_socket` and `read` are made to be replaced.
"""

from __future__ import annotations

import imaplib
import logging
import socket
import ssl
from contextlib import suppress
from typing import Any

from imapclient import IMAPClient

# It warns with the server's own words in the line, and those may name a person.
logging.getLogger("imapclient").setLevel(logging.CRITICAL)


class HungUp(Exception):
    """We ended the connection ourselves."""


class Cord:
    """Holds on to the connection by a second handle, so that it can be ended while the library is busy with its own."""

    def __init__(self) -> None:
        self._handle: socket.socket | None = None
        self._cut = False

    def connect(self, host: str, port: int, seconds: float) -> socket.socket:
        """To the first address of the host that answers. Raises OSError, HungUp."""
        failure = OSError("The name has no address.")
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            try:
                return self._connected(socket.socket(family, kind, protocol), address, seconds)
            except OSError as error:
                failure = error
        raise failure

    def cut(self) -> None:
        """From any thread, and for good: what waits on the connection wakes at once."""
        self._cut = True
        handle = self._handle
        if handle is not None:
            with suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the handle back; only from the thread that connects."""
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.close()

    def _connected(self, plug: socket.socket, address: Any, seconds: float) -> socket.socket:  # noqa: ANN401  # as getaddrinfo has it
        try:
            self._hold(plug)
            plug.settimeout(seconds)
            plug.connect(address)
            self._uncut()
        except BaseException:
            plug.close()
            raise
        return plug

    def _hold(self, plug: socket.socket) -> None:
        self.close()
        # First held, then asked: whoever cuts does it the other way round, so one of the two sees the other.
        self._handle = plug.dup()
        self._uncut()

    def _uncut(self) -> None:
        if self._cut:
            raise HungUp


class Client(IMAPClient):  # type: ignore[misc]  # it ships no types
    """The library, over our cord."""

    def __init__(self, cord: Cord, host: str, port: int, *, seconds: float, max_literal_bytes: int, tls: ssl.SSLContext | None) -> None:
        """Connected and greeted. `tls`: from the first byte on; None: in the open, so far."""
        self._cord = cord
        self._max_literal_bytes = max_literal_bytes
        super().__init__(host, port, ssl=tls is not None, ssl_context=tls, timeout=seconds)
        # The library sets it to 5, at which imaplib writes a copy of each mail, escaped, for a log that nobody reads.
        self._imap.debug = 0
        # Dates with their zone.
        self.normalise_times = False

    def idle(self) -> bool:
        """Whether the server had something to tell before it began to wait: Exchange says so first, which the library takes for a refusal."""
        self._idle_tag, news = self._imap.begin_idle()
        return bool(news)

    def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802  # the library's hook
        return _Protocol(self._cord, self.host, self.port, self._timeout.read, self._max_literal_bytes, self.ssl_context)


class _Protocol(imaplib.IMAP4):
    def __init__(self, cord: Cord, host: str, port: int, seconds: float, max_literal_bytes: int, tls: ssl.SSLContext | None) -> None:
        self._cord = cord
        self._seconds = seconds
        self._max_literal_bytes = max_literal_bytes
        self._tls = tls
        super().__init__(host, port)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        plug = self._cord.connect(self.host, self.port, self._seconds)
        return self._tls.wrap_socket(plug, server_hostname=self.host) if self._tls else plug

    def read(self, size: int) -> bytes:
        """As imaplib's; a size that nobody asked for would be set aside in memory before the first byte has come."""
        if size > self._max_literal_bytes:
            raise self.abort("literal too large")
        return super().read(size)

    def begin_idle(self) -> tuple[bytes, bool]:
        """The command's tag, and whether anything was said before the server's `+`. Raises IMAP4.error: it does not want to."""
        tag, news = self._command("IDLE"), False
        while self._get_response() is not None:
            if self.tagged_commands[tag]:
                raise self.error("no IDLE now")
            news = True
        return tag, news
