"""What we show in STARTTLS. A certificate is renewed every few weeks; nobody shall have to restart anything for it."""

from __future__ import annotations

import ssl
from datetime import datetime
from pathlib import Path

import structlog

from channels import certificates

_log = structlog.get_logger(__name__)


class Certificate:
    """Read again when its files have changed; until what is new fits together, the old one serves."""

    def __init__(self, chain: Path, key: Path) -> None:
        """Raises OSError (ssl.SSLError is one): the files cannot be read, or do not belong together."""
        self._files = (chain, key)
        self._seen = self._state()
        self._context = self._read()
        self._told = False

    def context(self) -> ssl.SSLContext:
        """For the next handshake."""
        try:
            seen = self._state()
            if seen != self._seen:
                self._context, self._seen, self._told = self._read(), seen, False
        except OSError as error:
            # Once: perhaps only one of the two is written yet.
            if not self._told:
                _log.warning("the new certificate cannot be used, the old one goes on", error=type(error).__name__)
            self._told = True
        return self._context

    @property
    def ends_at(self) -> datetime | None:
        """Until when the one that serves now holds, UTC; None: it does not say so in a way that we understand."""
        self.context()
        return self._ends_at

    def _state(self) -> list[tuple[int, int, int]]:
        return [(file.st_ino, file.st_mtime_ns, file.st_size) for file in (path.stat() for path in self._files)]

    def _read(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*self._files)
        self._ends_at = self._until()
        return context

    def _until(self) -> datetime | None:
        try:
            return certificates.of_file(self._files[0])
        except ValueError:
            # Mail servers may like it all the same.
            return None
