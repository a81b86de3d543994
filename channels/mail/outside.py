"""Our door for mail servers as another server finds it: through name service, firewall and whatever stands before us. It says hello, and brings nothing."""

from __future__ import annotations

import asyncio
import re
import ssl

from channels.contract import Checked
from channels.mail.settings import host_and_port

# All of it may take so long. Seconds.
_SECONDS = 9.0
_HELLO = b"EHLO %s\r\n"
# RFC 5321, section 4.2: a reply's last line has a space behind its code.
_LAST = re.compile(rb"[0-9]{3}(?: |\r?\n)")
_READY, _DONE = b"220", b"250"
_MOST_LINES = 50


class Wrong(Exception):
    """What a mail server would meet, as a sentence."""


class Outside:
    """One door's."""

    def __init__(self, endpoint: str, domain: str, *, encrypts: bool) -> None:
        """`endpoint`: host:port. `domain`: what we call ourselves. `encrypts`: it has a certificate to show. Opens nothing."""
        self._endpoint = endpoint
        self._domain = domain
        self._encrypts = encrypts

    async def ask(self) -> Checked:
        """Say hello, and turn to TLS where that is ours. Never raises."""
        try:
            async with asyncio.timeout(_SECONDS):
                await self._visited()
        except Wrong as wrong:
            return Checked(ok=False, sentence=str(wrong), kind="outside")
        except TimeoutError:
            return Checked(ok=False, sentence=f"Our mail server at {self._endpoint} does not answer in time.", kind="outside")
        except (OSError, ValueError, asyncio.IncompleteReadError) as error:
            return Checked(ok=False, sentence=f"Our mail server at {self._endpoint} cannot be reached ({type(error).__name__}).", kind="outside")
        return Checked(ok=True, sentence=f"Other mail servers find us at {self._endpoint}.")

    async def _visited(self) -> None:
        reader, writer = await asyncio.open_connection(*host_and_port(self._endpoint))
        try:
            await self._greeted(reader, writer)
        finally:
            writer.transport.abort()

    async def _greeted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not (await _reply(reader))[-1].startswith(_READY):
            raise Wrong(f"At {self._endpoint} answers no mail server, or one that takes nothing.")
        writer.write(_HELLO % self._domain.encode())
        offered = await _reply(reader)
        if not offered[-1].startswith(_DONE):
            raise Wrong(f"At {self._endpoint} answers no mail server, or one that takes nothing.")
        if not self._encrypts:
            return
        if not any(line[4:].strip().upper() == b"STARTTLS" for line in offered):
            raise Wrong(f"Our mail server at {self._endpoint} offers no STARTTLS, and ours has a certificate: something before it takes that away.")
        writer.write(b"STARTTLS\r\n")
        if not (await _reply(reader))[-1].startswith(_READY):
            raise Wrong(f"Our mail server at {self._endpoint} offers STARTTLS and then refuses it.")
        # Whose certificate it is does not matter to other mail servers (RFC 7435); how long it holds is read from its file.
        await writer.start_tls(_trusting(), server_hostname=host_and_port(self._endpoint)[0])
        writer.write(b"QUIT\r\n")


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def _reply(reader: asyncio.StreamReader) -> list[bytes]:
    """Its lines. Raises ValueError: it does not end, or is none."""
    lines: list[bytes] = []
    while not lines or not _LAST.match(lines[-1]):
        if len(lines) > _MOST_LINES:
            raise ValueError("no reply")
        line = await reader.readline()
        if not line:
            raise ConnectionResetError
        lines.append(line)
    return lines
