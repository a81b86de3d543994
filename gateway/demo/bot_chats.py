"""The people behind the loopback Bot API: what they write, edit and press becomes updates, which wait until the bot confirms them or its door takes them."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp

from gateway.demo import bot_keyboards
from gateway.demo import bot_resources as resources
from gateway.demo.bot_resources import File, Person

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  # its name
# What is brought when nobody has said what: all but these.
_ONLY_IF_ASKED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


@dataclass(slots=True)
class Hook:
    """Where updates are brought."""

    url: str
    secret: str
    # When and why it last failed.
    failed: tuple[datetime, str] | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """An update that the bot does not have yet."""

    id: int
    raw: bytes


class Chats:
    """All chats of one bot. Everything public may be set at any time; it holds from the next update on."""

    def __init__(self, token: str, username: str, clock: Callable[[], datetime]) -> None:
        self.token = token
        self.username = username
        self.bot_id = int(token.partition(":")[0])
        # Seconds after which a door that failed is tried again; doubled each time.
        self.retry_seconds = 0.05
        # How long a door may take.
        self.webhook_seconds = 15.0
        # Public origin to the one that is really there.
        self.hosts: dict[str, str] = {}
        # Whom we were told to leave alone.
        self.blocked: set[int] = set()
        # Statuses of the door, oldest first; None: no answer.
        self.brought: list[int | None] = []
        # Presses that the bot has heard.
        self.heard: list[str] = []
        self.people: dict[int, Person] = {}
        # By chat, oldest first, as the app shows them.
        self.messages: dict[int, list[dict[str, Any]]] = {}
        # When each was written, more exactly than Telegram says, by its number.
        self.times: dict[int, datetime] = {}
        # What came with the bot's messages as buttons, by their number: also what the app shows elsewhere and tells nobody of.
        self.markups: dict[int, Mapping[str, Any]] = {}
        self.files: dict[str, File] = {}
        self.hook: Hook | None = None
        self.allowed: Sequence[str] | None = None
        self._clock = clock
        # By the name of the press: chat, message, and what the button stands for.
        self._presses: dict[str, tuple[int, int, str]] = {}
        # Messages whose buttons were to be used once, and were.
        self._tucked_away: set[int] = set()
        # One row of numbers for all private chats, as the app has it.
        self._last_message = 0
        self._waiting: list[Waiting] = []
        # As Telegram: they begin somewhere and count upwards.
        self._next_update = 700_000_001
        self._changed = asyncio.Condition()
        self._session: aiohttp.ClientSession | None = None

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        """What the bot has not confirmed."""
        return tuple(self._waiting)

    def sent(self, person: Person | int) -> list[dict[str, Any]]:
        """What the bot wrote to somebody, oldest first."""
        chat = person if isinstance(person, int) else person.id
        return [message for message in self.messages.get(chat, []) if message["from"]["is_bot"]]

    def board(self, chat: int) -> bot_keyboards.Rows:
        """The buttons that somebody has in the place of the letters now."""
        sent = [message["message_id"] for message in self.sent(chat)]
        return bot_keyboards.board([(number, self.markups.get(number, {})) for number in sent], self._tucked_away)

    def turning(self, chat: int) -> set[tuple[int, str]]:
        """Buttons that were pressed and not heard: message, and what the button stands for."""
        return {(number, data) for query, (where, number, data) in self._presses.items() if where == chat and query not in self.heard}

    async def until_sent(self, person: Person, count: int) -> dict[str, Any]:
        """Wait for that many messages of the bot to somebody; the last of them."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.sent(person)) >= count)
        return self.sent(person)[count - 1]

    async def until(self, done: Callable[[], bool]) -> None:
        """Wait until something here is so."""
        async with self._changed:
            await self._changed.wait_for(done)

    # What people do

    async def write(self, person: Person, text: str = "", *, answers: int | None = None, **content: Any) -> dict[str, Any]:  # noqa: ANN401  # fields of a message
        """A message in the private chat with the bot."""
        self.people[person.id] = person
        self.blocked.discard(person.id)
        said = ({"text": text} if text else {}) | content
        if answers is not None:
            said["reply_to_message"] = self._without_reply(self.message(person.id, answers))
        return await self.post("message", self._new(person.id, resources.user(person), resources.private(person), said))

    async def write_in_group(self, person: Person, group: int, text: str, **content: Any) -> dict[str, Any]:  # noqa: ANN401  # fields of a message
        """A message where others read, too."""
        chat = {"id": group, "type": "supergroup", "title": "Warga Girimukti"}
        return await self.post("message", self._new(group, resources.user(person), chat, {"text": text, **content}))

    async def edit(self, person: Person, number: int, text: str) -> dict[str, Any]:
        """Other words in a message of one's own."""
        said = self.message(person.id, number)
        said["caption" if "caption" in said or "photo" in said else "text"] = text
        said["edit_date"] = int(self._clock().timestamp())
        return await self.post("edited_message", dict(said))

    async def press(self, person: Person, number: int, data: str) -> dict[str, Any]:
        """A button below a message of the bot's."""
        query = str(secrets.randbits(62))
        self._presses[query] = (person.id, number, data)
        said = {"id": query, "from": resources.user(person), "chat_instance": str(person.id), "data": data, "message": dict(self.message(person.id, number))}
        return await self.post("callback_query", said)

    async def choose(self, person: Person, text: str, place: tuple[float, float] = (0.0, 0.0)) -> dict[str, Any] | None:
        """A button in the place of the letters: it sends what stands on it, or the place. None: there is no such button."""
        button = next((button for row in self.board(person.id) for button in row if button["text"] == text), None)
        if button is None:
            return None
        number = max(number for number in (message["message_id"] for message in self.sent(person)) if "keyboard" in self.markups.get(number, {}))
        if self.markups[number].get("one_time_keyboard") is True:
            self._tucked_away.add(number)
        return await (self.write(person, **resources.location(*place)) if button.get("request_location") is True else self.write(person, text))

    async def block(self, person: Person, *, blocks: bool = True) -> dict[str, Any]:
        """Stop the bot, or let it write again."""
        (self.blocked.add if blocks else self.blocked.discard)(person.id)
        states = ["member", "kicked"] if blocks else ["kicked", "member"]
        bot = resources.bot(self.bot_id, self.username)
        old, new = ({"user": bot, "status": state} | ({"until_date": 0} if state == "kicked" else {}) for state in states)
        at = int(self._clock().timestamp())
        chat, user = resources.private(person), resources.user(person)
        return await self.post("my_chat_member", {"chat": chat, "from": user, "date": at, "old_chat_member": old, "new_chat_member": new})

    async def post(self, kind: str, said: Mapping[str, Any]) -> dict[str, Any]:
        """Any update; what was said."""
        if kind in self.allowed if self.allowed else kind not in _ONLY_IF_ASKED:
            await self.post_bytes(json.dumps({"update_id": self._next_update, kind: said}, ensure_ascii=False).encode())
        return dict(said)

    async def post_bytes(self, raw: bytes) -> None:
        """Anything at all, under the next number."""
        async with self._changed:
            self._waiting.append(Waiting(self._next_update, raw))
            self._next_update += 1
            self._changed.notify_all()

    def keep(self, content: bytes, extension: str, folder: str = "photos") -> File:
        """A file on Telegram's servers."""
        name = "AgAC" + secrets.token_urlsafe(24)
        file = self.files[name] = File(name, f"{folder}/file_{len(self.files)}.{extension}", content)
        return file

    def message(self, chat: int, number: int) -> dict[str, Any]:
        """One of a chat's messages. Raises KeyError."""
        found = next((message for message in self.messages.get(chat, []) if message["message_id"] == number), None)
        if found is None:
            raise KeyError(number)
        return found

    # What the bot does

    def _new(self, chat_id: int, sender: Mapping[str, Any], chat: Mapping[str, Any], content: Mapping[str, Any]) -> dict[str, Any]:
        """Put it where the app shows it."""
        there = self.messages.setdefault(chat_id, [])
        self._last_message += 1
        at = self.times[self._last_message] = self._clock()
        there.append(resources.message(self._last_message, sender, chat, at, content))
        return there[-1]

    def _without_reply(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """What is replied to tells nothing of what it replied to itself."""
        return {name: value for name, value in message.items() if name != "reply_to_message"}

    async def _confirm(self, offset: int) -> None:
        async with self._changed:
            self._waiting = [update for update in self._waiting if update.id >= offset]
            self._changed.notify_all()

    async def _bring(self) -> None:
        """Until cancelled: to the door that was named, in their order, one at a time, and again until it takes them."""
        pause = self.retry_seconds
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: self.hook is not None and bool(self._waiting))
                hook, first = self.hook, self._waiting[0]
            if hook is None:
                continue
            status = await self._knock(hook, first)
            if status is not None and 200 <= status < 300:  # noqa: PLR2004  # RFC 9110, 15.3: a success
                pause = self.retry_seconds
                await self._confirm(first.id + 1)
            else:
                why = f"Wrong response from the webhook: {status}" if status is not None else "Connection refused"
                hook.failed = (self._clock(), why)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 60.0)

    async def _knock(self, hook: Hook, update: Waiting) -> int | None:
        if self._session is None:
            raise RuntimeError("this Bot API is not serving")
        headers = {"Content-Type": "application/json"} | ({SECRET_HEADER: hook.secret} if hook.secret else {})
        limit = aiohttp.ClientTimeout(total=self.webhook_seconds)
        status = None
        try:
            async with self._session.post(self._really(hook.url), data=update.raw, headers=headers, timeout=limit, allow_redirects=False) as answer:
                called, status = await answer.read(), answer.status
                self._called(called)
        except (aiohttp.ClientError, TimeoutError):
            status = None
        async with self._changed:
            self.brought.append(status)
            self._changed.notify_all()
        return status

    def _called(self, body: bytes) -> None:
        """The answer to an update may call a method: https://core.telegram.org/bots/api#making-requests-when-getting-updates."""
        try:
            said = json.loads(body) if body else {}
        except ValueError:
            return
        if isinstance(said, dict) and said.get("method") == "answerCallbackQuery" and said.get("callback_query_id") in self._presses:
            self.heard.append(str(said["callback_query_id"]))

    def _really(self, url: str) -> str:
        for public, real in self.hosts.items():
            if url.startswith(public):
                return real + url.removeprefix(public)
        return url


def now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)
