"""Telegram under torture: updates that are brought again until a node took them, also to all nodes at once; photos; and what people read in their chats."""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.demo import bot_resources as resources
from gateway.demo.bot_api import BotApi
from gateway.demo.bot_chats import SECRET_HEADER, Waiting
from gateway.demo.bot_resources import Person
from gateway.demo.faults import Drop, Fault, Garbage, Hang, Slow, Status, Timeout, TooMany
from gateway.torture.ledger import Delivery
from gateway.torture.nodes import Node, Said
from gateway.torture.ports import quiet_port
from gateway.torture.town import FOLLOWS, PATIENCES, FarEndFault, Means, acknowledges, insist, more_words, photo, words

_NUMBER = re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b")
# Of all messages: with a photo; brought again after it was taken; brought to all nodes at once.
_WITH_PHOTO, _AGAIN, _AT_ONCE = 0.05, 0.12, 0.06
# A repeat may come long after. Seconds.
_LATER = (0.5, 20.0)
# What Telegram does on a bad day. None: it refuses connections.
_WEATHERS: tuple[Fault | None, ...] = (
    *(Timeout(), Timeout(accepted=True), Hang(), Drop(), Slow(0.5), Slow(2.0), Slow(2.8)),
    *(Status(500), Status(502), Status(504), TooMany(), TooMany(2), Garbage(), None, None),
)


class Account(BotApi):
    """The simulated provider; what people write is brought by Chatting, which remembers what was answered."""

    def __init__(self) -> None:
        super().__init__(f"7000002:{secrets.token_hex(16)}")
        # The update that was written last.
        self.written = Waiting(0, b"")

    async def post_bytes(self, raw: bytes) -> None:
        """Nobody waits in a queue here."""
        self.written = Waiting(self._next_update, raw)
        self._next_update += 1

    async def _bring(self) -> None:
        """Chatting does."""


class Chatting:
    """People with the app, and Telegram between them and the nodes."""

    share = 2.0
    unsaid = 0

    def __init__(self, means: Means) -> None:
        self._means = means
        self._account = Account()
        self.secrets = {"TORTURE_BOT": self._account.token}
        self.faults: dict[str, FarEndFault] = {"telegram broken": self._broken}

    def block(self, _: Node) -> str:
        """Under the name `telegram`; all nodes are behind one address."""
        return (
            '[channels.telegram]\nkind = "telegram"\ntoken = { env = "TORTURE_BOT" }\nreceive = "webhook"\npublic_url = "https://bot.uji.example"\n'
            f'api_base = "{self._account.base_url}"\ntimeout_seconds = 3\nchat_seconds = 0.1\n'
        )

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Telegram answers."""
        async with self._account.serve(port=quiet_port()):
            yield

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
        """What people read in their chats."""
        told = ((str(chat), said["text"]) for chat in self._account.people for said in self._account.sent(chat))
        return Counter((chat, number) for chat, text in told if acknowledges(text) for number in _NUMBER.findall(text))

    async def deliver(self, who: int, turn: int, chance: random.Random) -> None:
        """One message of the who-th person."""
        # Only a node can say what Telegram must show at its door.
        await self._account.until(lambda: self._account.hook is not None)
        person, token = Person(80_000_000 + who), f"T{who}T{turn}V0"
        picture = photo(chance) if chance.random() < _WITH_PHOTO else b""
        follows = turn > 0 and chance.random() < FOLLOWS
        text = more_words(token) if follows else words(token, chance)
        if picture:
            await self._account.write(person, caption=text, **resources.photo(self._account.keep(picture, "jpg")))
        else:
            await self._account.write(person, text)
        update, patience = self._account.written, chance.choice(PATIENCES)
        name = str(update.id)
        self._means.ledger.begun.add(("telegram", name))

        async def attempt(node: Node, _: int) -> Said | None:
            hook = self._account.hook
            headers = {"Content-Type": "application/json", SECRET_HEADER: hook.secret if hook else ""}
            return await node.ask(self._means.session, "/in/telegram/update", patience, data=update.raw, headers=headers)

        async def until_taken() -> None:
            node, _ = await insist(self._means, chance, attempt, f"update {name}")
            files = (hashlib.sha256(picture).hexdigest(),) if picture else ()
            address = str(person.id)
            said = Delivery("telegram", name, token, node.name, address, turn, answer_to=address, files=files, follows=follows)
            self._means.ledger.accepted.append(said)

        if chance.random() < _AT_ONCE:
            await asyncio.gather(*(attempt(node, 0) for node in [*self._means.nodes] * 2))
        await until_taken()
        if chance.random() < _AGAIN:
            again = random.Random(chance.random())  # noqa: S311  # not a secret

            async def once_more() -> None:
                await asyncio.sleep(again.uniform(*_LATER))
                await until_taken()

            self._means.also(once_more())
