"""Mail under torture: mail servers that bring the same bytes until a node took them, copies by two ways, machines; the relay; and what mailboxes got."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum, auto

import aiosmtplib
from aiosmtpd.smtp import SMTP, Envelope, Session

from gateway.demo import mailbox
from gateway.demo.mailbox import Draft, File
from gateway.demo.post_office import Delivered, PostOffice, bring
from gateway.torture.ledger import Delivery
from gateway.torture.nodes import Node, Said
from gateway.torture.ports import quiet_port
from gateway.torture.town import PATIENCES, FarEndFault, Manners, Means, acknowledges, insist, photo, words

OFFICE = "lapor@uji.example"
# RFC 5321, section 4.2.3.
_SMTP = Manners(250, frozenset({421, 450, 451, 452}))
_NUMBER = re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b")
# Of all mails: by a program; with a photo; brought again after it was taken; by two ways at once. Of all acknowledgements: answered.
_BY_MACHINE, _WITH_PHOTO, _AGAIN, _TWO_WAYS, _ANSWERED = 0.08, 0.08, 0.12, 0.12, 0.25
# A repeat may come long after. Seconds.
_LATER = (0.5, 20.0)
# Longer than the relay's time-out in the nodes' configuration. Seconds.
_TOO_LONG = 4.5
_BUSY = "451 4.3.0 Not now"


class Weather(Enum):
    """What a relay does on a bad day."""

    REFUSING = auto()
    BUSY_FOR_RECIPIENTS = auto()
    BUSY_FOR_MAILS = auto()
    # It does not answer, and has taken nothing.
    HANGING = auto()
    # It has taken the mail, and does not say so: the answer comes too late, or the connection is cut.
    TAKING_TOO_LONG = auto()
    CUTTING = auto()


class Relay(PostOffice):
    """Everybody else's mail server, with its weather."""

    def __init__(self) -> None:
        super().__init__()
        # None: a good day.
        self.weather: Weather | None = None

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802  # the library's hook
        """Perhaps later."""
        return _BUSY if self.weather is Weather.BUSY_FOR_RECIPIENTS else await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # the library's hook
        """By the weather."""
        weather = self.weather
        if weather is Weather.HANGING:
            await asyncio.sleep(_TOO_LONG)
        if weather in {Weather.HANGING, Weather.BUSY_FOR_MAILS}:
            return _BUSY
        answer = await super().handle_DATA(server, session, envelope)
        if weather is Weather.CUTTING and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        if weather in {Weather.CUTTING, Weather.TAKING_TOO_LONG}:
            await asyncio.sleep(_TOO_LONG)
        return answer


class Mailing:
    """Mailboxes, and the mail servers between them and the nodes."""

    share = 3.0
    unsaid = 0

    def __init__(self, means: Means) -> None:
        self._means = means
        self._relay = Relay()
        self._relay.on_delivered = self._got
        # Where nodes hand over what they send.
        self.relay_port = quiet_port()
        self._ports = {node.name: quiet_port() for node in means.nodes}
        self._door = AsyncExitStack()
        # By Message-ID.
        self._written: dict[str, Delivery] = {}
        # By address and number: the Message-IDs of what told it, and how often it was told.
        self._ids: dict[tuple[str, str], str] = {}
        self._told: Counter[tuple[str, str]] = Counter()
        self.secrets: dict[str, str] = {}
        self.faults: dict[str, FarEndFault] = {"relay broken": self._broken}

    def block(self, node: Node) -> str:
        """Under the name `mail`; one machine plays all mail servers."""
        return (
            f'[channels.mail]\nkind = "mail"\naddress = "{OFFICE}"\ncanary_minutes = 0\n'
            f'[channels.mail.smtp]\nlisten = "127.0.0.1:{self._ports[node.name]}"\nmax_connections = 10000\nmax_connections_per_address = 10000\n'
            f'[channels.mail.relay]\nserver = "127.0.0.1:{self.relay_port}"\ntls = "none"\ntimeout_seconds = 3\n'
        )

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """The relay takes mail."""
        async with self._door:
            await self._open_door()
            yield

    async def _open_door(self) -> None:
        await self._door.enter_async_context(self._relay.serve(self.relay_port))

    @asynccontextmanager
    async def _broken(self, chance: random.Random) -> AsyncIterator[None]:
        self._relay.weather = chance.choice(list(Weather))
        if self._relay.weather is Weather.REFUSING:
            await self._door.aclose()
        try:
            yield
        finally:
            if self._relay.weather is Weather.REFUSING:
                await self._open_door()
            self._relay.weather = None

    def heard(self) -> Counter[tuple[str, str]]:
        """What mailboxes were told."""
        return self._told

    async def deliver(self, who: int, turn: int, chance: random.Random) -> None:
        """One mail of the who-th mailbox, by one way or two."""
        by_machine = chance.random() < _BY_MACHINE
        sender, token = f"{'robot' if by_machine else 'warga'}{who}@contoh.example", f"M{who}T{turn}V0"
        files = [File("foto.jpg", "image/jpeg", photo(chance))] if chance.random() < _WITH_PHOTO else []
        message_id = f"<{chance.getrandbits(128):032x}@contoh.example>"
        raw = mailbox.compose(Draft(sender, OFFICE, f"Laporan {token}", words(token, chance), files, automatic=by_machine), message_id, datetime.now(UTC))
        ways = 2 if chance.random() < _TWO_WAYS else 1
        copies = [f"Received: from mx{way}.contoh.example by uji.example; Wed, 1 Jul 2026 08:00:00 +0800\r\n".encode() + raw for way in range(ways)]
        # What a machine wrote is kept as it came, and not taken apart: it has neither words nor files.
        delivery = Delivery(
            *("mail", _wire_id(sender, OFFICE, copies[0]), "" if by_machine else token, "", sender, turn),
            answer_to="" if by_machine else sender,
            files=() if by_machine else tuple(hashlib.sha256(file.content).hexdigest() for file in files),
            by_machine=by_machine,
        )
        self._written[message_id] = delivery
        self._means.ledger.begun.add(delivery.report)
        await asyncio.gather(*(self._bring(copy, sender, OFFICE, delivery, chance) for copy in copies))
        if chance.random() < _AGAIN:
            self._means.also(self._bring_again(copies[0], sender, delivery, random.Random(chance.random())))  # noqa: S311  # not a secret

    async def _bring_again(self, raw: bytes, sender: str, delivery: Delivery, chance: random.Random) -> None:
        await asyncio.sleep(chance.uniform(*_LATER))
        await self._bring(raw, sender, OFFICE, delivery, chance)

    async def _bring(self, raw: bytes, sender: str, to: str, delivery: Delivery, chance: random.Random) -> None:
        """As a mail server does: until it was taken."""
        wire_id, patience = _wire_id(sender, to, raw), chance.choice(PATIENCES)
        if wire_id != delivery.wire_id:
            self._means.ledger.part_of["mail", wire_id] = delivery.report

        async def attempt(node: Node, _: int) -> Said | None:
            try:
                async with asyncio.timeout(patience):
                    answer = await bring(self._ports[node.name], raw, sender=sender, to=to)
            except (aiosmtplib.SMTPException, OSError):
                return None
            return Said(int(answer[:3]), answer, {})

        node, _ = await insist(self._means, chance, attempt, f"mail {wire_id} ({delivery.token})", _SMTP)
        self._means.ledger.accepted.append(replace(delivery, node=node.name))

    def _got(self, mail: Delivered) -> None:
        """A mailbox got something; now and then its owner answers."""
        numbers = set(_NUMBER.findall(mail.text)) or {"no number"}
        if "no number" not in numbers and not acknowledges(mail.text):
            # Another word about a report whose number is known.
            return
        message_id = str(mail.mail["Message-ID"])
        for number in numbers:
            known = (mail.to, number) in self._told
            self._told[mail.to, number] += 1
            if self._ids.setdefault((mail.to, number), message_id) != message_id:
                self._means.ledger.strange.append(f"What told of {number} came again under another Message-ID.")
            chance = random.Random(number)  # noqa: S311  # not a secret
            if not known and chance.random() < _ANSWERED:
                self._answer(mailbox.letter(mail.raw, mail.at, mine=False), chance)

    def _answer(self, got: mailbox.Letter, chance: random.Random) -> None:
        asked = next((self._written[one] for one in got.references if one in self._written), None)
        if asked is None:
            self._means.ledger.strange.append(f"The mail {got.id} answers nothing that was written.")
            return
        token, sender = asked.token.replace("V0", "V1"), asked.answer_to
        draft = Draft(sender, got.reply_to, mailbox.reply_subject(got.subject), words(token, chance), answers=got)
        raw = mailbox.compose(draft, f"<{chance.getrandbits(128):032x}@contoh.example>", datetime.now(UTC))
        answer = replace(asked, token=token, correspondent="", files=())
        self._means.also(self._bring(raw, sender, got.reply_to, answer, chance))


def _wire_id(sender: str, to: str, raw: bytes) -> str:
    """As the gateway names it: a mail's delivery has no name of its own on the wire."""
    return hashlib.sha256(json.dumps([sender, [to]]).encode() + b"\n" + raw).hexdigest()
