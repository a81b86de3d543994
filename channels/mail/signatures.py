"""The signatures of mails that come, checked: off the loop, with keys from the DNS. What goes wrong or takes too long is "temperror"; no mail is lost by it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import structlog
from dns.asyncresolver import Resolver
from dns.exception import DNSException, Timeout
from dns.nameserver import Do53Nameserver
from dns.resolver import NXDOMAIN, LRUCache, NoAnswer

from channels.contract import Arrival
from channels.mail import dkim
from channels.mail.dkim import Signature
from channels.mail.settings import MailSettings, host_and_port

_log = structlog.get_logger(__name__)

# Mails that are read at the same time, and keys that are asked for at the same time.
_THREADS, _QUESTIONS = 2, 64
# Keys that are remembered, for as long as their owner says.
_REMEMBERED = 200
# After so many mails in a row for which nobody answered anything no key is asked for for a while: a mailbox full of mail would wait for each. Seconds.
_PATIENCE, _PAUSE = 3, 30.0
# What every name server and every way carries in one datagram (RFC 9715); longer answers are asked for by TCP.
_DATAGRAM = 1232
_NOT_NOW = "temperror"


class Signatures:
    """For one channel. Opens nothing before the first signed mail."""

    def __init__(self, name: str, settings: MailSettings) -> None:
        """`name`: the channel's."""
        self._name = name
        self._seconds = settings.dkim_seconds
        self._servers = [host_and_port(server) for server in settings.name_servers]
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix=f"dkim {name}")
        self._questions = asyncio.Semaphore(_QUESTIONS)
        self._keys = LRUCache(_REMEMBERED)
        self._resolver: Resolver | None = None
        # Mails in a row without an answer; by the loop's clock, when the last answer came and until when none is asked for.
        self._unanswered = 0
        self._heard_at = self._paused_until = 0.0

    async def told(self, arrival: Arrival) -> dict[str, str]:
        """For its meta: {"dkim": "pass:warga.example fail:list.example"}, a word for each signature; empty: there is none, or not all of the mail is here.

        Never raises, and never takes much longer than `dkim_seconds`.
        """
        if "cut" in arrival.meta:
            return {}
        try:
            words = await self._words(arrival)
        except Exception as error:  # noqa: BLE001  # law 11: what we cannot find out about a mail is no reason to refuse it
            _log.error("signatures not checked", channel=self._name, error=type(error).__name__)
            words = [f"{_NOT_NOW}:"]
        return {"dkim": " ".join(words)} if words else {}

    def close(self) -> None:
        """What is being read is read to its end; nobody waits for it."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _words(self, arrival: Arrival) -> list[str]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        ends_at = began + self._seconds
        try:
            async with asyncio.timeout_at(ends_at):
                found = await loop.run_in_executor(self._threads, dkim.signatures, arrival.raw, arrival.received_at)
        except TimeoutError:
            return [f"{_NOT_NOW}:"]
        async with asyncio.TaskGroup() as questions:
            tasks = [questions.create_task(self._word(one, ends_at)) for one in found]
        words = [task.result() for task in tasks]
        # Whoever signs with the name of a domain that does not answer shall not keep others' keys from being asked for.
        if None in words and self._heard_at < began:
            self._silence()
        return [f"{word or _NOT_NOW}:{one.domain}" for word, one in zip(words, found, strict=True)]

    async def _word(self, signature: Signature, ends_at: float) -> str | None:
        """None: nobody answered."""
        if signature.word:
            return signature.word
        if asyncio.get_running_loop().time() < self._paused_until:
            return _NOT_NOW
        try:
            async with asyncio.timeout_at(ends_at), self._questions:
                record = await self._record(signature.key_name)
        except (TimeoutError, Timeout):
            return None
        except (DNSException, OSError):
            self._heard()
            return _NOT_NOW
        self._heard()
        return dkim.proved(signature, record)

    async def _record(self, name: str) -> bytes:
        """Empty: there is none. Raises DNSException, OSError."""
        if self._resolver is None:
            self._resolver = self._made()
        try:
            answer = await self._resolver.resolve(name, "TXT", search=False)
        except (NXDOMAIN, NoAnswer):
            return b""
        records = [b"".join(record.strings) for record in answer]
        # More than one means nothing (RFC 6376, section 3.6.2.2), but some have another program's beside it.
        return next((record for record in records if record.startswith(b"v=DKIM1")), records[0])

    def _made(self) -> Resolver:
        resolver = Resolver(configure=not self._servers)
        if self._servers:
            resolver.nameservers = [Do53Nameserver(*server) for server in self._servers]
        resolver.lifetime, resolver.timeout = self._seconds, self._seconds / 3
        resolver.cache = self._keys
        resolver.use_edns(0, 0, _DATAGRAM)
        return resolver

    def _silence(self) -> None:
        self._unanswered += 1
        if self._unanswered >= _PATIENCE:
            if self._unanswered == _PATIENCE:
                _log.warning("name servers do not answer, mails are taken unchecked", channel=self._name)
            self._paused_until = asyncio.get_running_loop().time() + _PAUSE
            # This machine may have others by then.
            self._resolver = None

    def _heard(self) -> None:
        if self._unanswered >= _PATIENCE:
            _log.info("name servers answer again", channel=self._name)
        self._unanswered, self._heard_at = 0, asyncio.get_running_loop().time()
