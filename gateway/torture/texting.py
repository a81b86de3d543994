"""SMS by Twilio under torture: signed webhooks, again and again, also by the fallback URL; pictures, status callbacks; and what phones got."""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from gateway.demo.faults import Drop, Fault, Garbage, Hang, Slow, Status, Timeout, TooMany
from gateway.demo.twilio import Twilio
from gateway.demo.twilio_wire import Message
from gateway.torture.ledger import Delivery
from gateway.torture.nodes import Node, Said
from gateway.torture.ports import quiet_port
from gateway.torture.town import FOLLOWS, PATIENCES, FarEndFault, Means, acknowledges, insist, more_words, photo, words

ACCOUNT = "AC" + "0" * 32
PRIMARY, FALLBACK = "https://satu.uji.example", "https://dua.uji.example"
OFFICE = "1708"
_NUMBER = re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b")
# https://www.twilio.com/docs/api/errors: "HTTP error response code" and "HTTP connection failure".
_REFUSED, _UNREACHABLE = "11217", "11205"
# Of all messages: with a picture; delivered again after it was taken; delivered at all nodes at once.
_WITH_PICTURE, _AGAIN, _AT_ONCE = 0.03, 0.12, 0.06
# Of all that phones got: nothing is reported; the reports change places.
_NO_REPORTS, _DISORDER = 0.3, 0.2
# How often a report is tried; Twilio asks the fallback once, and that is all.
_REPORT_TRIES = 2
# A repeat may come long after. Seconds.
_LATER = (0.5, 20.0)
# What a provider does on a bad day. None: it refuses connections.
_WEATHERS: tuple[Fault | None, ...] = (
    *(Timeout(), Timeout(accepted=True), Hang(), Drop(), Slow(0.5), Slow(2.0), Slow(2.8)),
    *(Status(500), Status(503), Status(504), TooMany(), TooMany(2), Garbage(), None, None),
)


class Account(Twilio):
    """The simulated provider; its reports on what it sent are delivered by Texting, which remembers what was answered."""

    def __init__(self, token: str) -> None:
        super().__init__(ACCOUNT, token)
        self.handed: asyncio.Queue[Message] = asyncio.Queue()
        # By address and number: how often a phone was told.
        self.told: Counter[tuple[str, str]] = Counter()

    async def _deliver(self, message: Message) -> None:
        self.told.update((message.to, number) for number in _NUMBER.findall(message.body) if acknowledges(message.body))
        self.handed.put_nowait(message)


class Texting:
    """Phones, and the provider between them and the nodes."""

    share = 5.0

    def __init__(self, means: Means) -> None:
        self._means = means
        self._account = Account(secrets.token_hex(16))
        self.secrets = {"TORTURE_TOKEN": self._account.auth_token}
        self.faults: dict[str, FarEndFault] = {"provider broken": self._broken}

    def block(self, _: Node) -> str:
        """Under the name `sms`."""
        return (
            f'[channels.sms]\nkind = "twilio-sms"\naccount_sid = "{ACCOUNT}"\nauth_tokens = [{{ env = "TORTURE_TOKEN" }}]\n'
            f'public_urls = ["{PRIMARY}", "{FALLBACK}"]\nfrom_numbers = {{ sms = "{OFFICE}" }}\napi_base = "{self._account.base_url}"\ntimeout_seconds = 3\n'
        )

    @property
    def unsaid(self) -> int:
        """Messages of which the provider has not reported yet."""
        return self._account.handed.qsize()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """The provider answers, and reports what became of messages."""
        async with self._account.serve(port=quiet_port()):
            reporting = asyncio.create_task(self._report())
            try:
                yield
            finally:
                reporting.cancel()

    @asynccontextmanager
    async def _broken(self, chance: random.Random) -> AsyncIterator[None]:
        weather = chance.choice(_WEATHERS)
        if weather is None:
            async with self._account.refusing():
                yield
            return
        self._account.weather = weather
        try:
            yield
        finally:
            self._account.weather = None

    def heard(self) -> Counter[tuple[str, str]]:
        """What phones were told."""
        return self._account.told

    async def deliver(self, who: int, turn: int, chance: random.Random) -> None:
        """One SMS of the who-th phone."""
        sid = f"{'MM' if (with_picture := chance.random() < _WITH_PICTURE) else 'SM'}{chance.getrandbits(128):032x}"
        phone, token = f"+62812{who:08d}", f"S{who}T{turn}V0"
        media = [("foto.jpg", "image/jpeg", photo(chance))] if with_picture else []
        follows = turn > 0 and chance.random() < FOLLOWS
        text = more_words(token) if follows else words(token, chance)
        self._means.ledger.begun.add(("sms", sid))
        said = {"from_": phone, "to": OFFICE, "body": text, "sid": sid, "media": media}
        patience = chance.choice(PATIENCES)

        async def attempt(node: Node, tries: int) -> Said | None:
            # First to the one URL and then, with what went wrong, to the other.
            url = f"{(PRIMARY, FALLBACK)[tries % 2]}/in/sms/message"
            extra = {"ErrorCode": chance.choice((_REFUSED, _UNREACHABLE)), "ErrorUrl": f"{PRIMARY}/in/sms/message"} if tries % 2 else {}
            params, headers = self._account.incoming(url, **said, extra=extra)  # type: ignore[arg-type]  # as it has them
            return await node.ask(self._means.session, urlsplit(url).path, patience, data=params, headers=headers)

        if chance.random() < _AT_ONCE:
            await asyncio.gather(*(attempt(node, i) for i, node in enumerate([*self._means.nodes] * 2)))
        files = tuple(hashlib.sha256(content).hexdigest() for _, _, content in media)

        async def until_taken() -> None:
            node, _ = await insist(self._means, chance, attempt, sid)
            self._means.ledger.accepted.append(Delivery("sms", sid, token, node.name, phone, turn, answer_to=phone, files=files, follows=follows))

        await until_taken()
        if chance.random() < _AGAIN:
            again = random.Random(chance.random())  # noqa: S311  # not a secret

            async def once_more() -> None:
                await asyncio.sleep(again.uniform(*_LATER))
                await until_taken()

            self._means.also(once_more())

    async def _report(self) -> None:
        """Until cancelled: what becomes of each message that a node sent, as the provider reports it."""
        chance = random.Random(0)  # noqa: S311  # not a secret
        while True:
            message = await self._account.handed.get()
            if message.status_callback and chance.random() > _NO_REPORTS:
                statuses = ["sent", "delivered"]
                if chance.random() < _DISORDER:
                    statuses.reverse()
                self._means.also(self._reports(message, statuses, random.Random(message.sid)))  # noqa: S311  # not a secret

    async def _reports(self, message: Message, statuses: list[str], chance: random.Random) -> None:
        url = message.status_callback or ""
        parts = urlsplit(url)
        for status in statuses:
            params, headers = self._account.status(url, message, status)
            name = f"{message.sid}:{status}"
            self._means.ledger.begun.add(("sms", name))
            for _ in range(_REPORT_TRIES):
                node = chance.choice(self._means.nodes)
                said = await node.ask(self._means.session, f"{parts.path}?{parts.query}", chance.choice(PATIENCES), data=params, headers=headers)
                if said is not None and said.status == 200:  # noqa: PLR2004  # RFC 9110, 15.3.1
                    self._means.ledger.accepted.append(Delivery("sms", name, "", node.name))
                    break
