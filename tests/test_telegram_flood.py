"""Ten thousand messages at once, as after an earthquake: all are kept, answers go out in order and as fast as Telegram lets, and nobody else waits for them.

Inlet, intake and outbox are those of a node, and the far end is a Bot API; only time is a test's.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from channels.telegram.channel import Telegram
from channels.telegram.pacing import Pace
from gateway.demo.bot_api import BotApi
from gateway.demo.bot_resources import Person
from gateway.node import Gateway
from tests.manual_clock import ManualClock
from tests.postbox import PROVIDERS, letter
from tests.telegram_channel import NAME, TOKEN
from tests.world import Deployment, handed_over, receive_all

MANY = 10_000
# One in ten writes so often, one message after the other.
IN_A_ROW = 3
# So long they may take to come in; and so long we watch them being answered, while an SMS is written each second. Seconds.
COMING, WATCHED = 60, 30
# What Telegram allows in a second.
RATE = 30
_CHANNELS = """
[channels.post]
kind = "postbox"
[channels.tg]
kind = "telegram"
token = {{ env = "TOKEN" }}
api_base = "{api}"
"""


@dataclass
class Day:
    """Time that goes on when so many answers wait for it that no more are taken from the store, and at no other moment.

    How fast the machine is, says nothing, then.
    """

    clock: ManualClock
    gateway: Gateway
    asleep: int = 0

    def pace(self) -> Pace:
        """The channel's own, by this time."""
        return Pace(RATE, 1, self.clock.counted, self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.asleep += 1
        try:
            await self.clock.sleep(seconds)
        finally:
            self.asleep -= 1

    async def until(self, seconds: float) -> None:
        """So late."""
        loop, enough = self.gateway.outboxes["tg"].loop, self.gateway.config.outbox.concurrent_sends // 2
        while self.clock.counted() < seconds:
            if loop.busy == self.asleep > enough:
                self.clock.advance_to_next()
            # Everybody else first.
            await asyncio.sleep(0.001)

    async def until_none_is_on_its_way(self) -> None:
        """The node is about to end, and begins nothing new."""
        loop = self.gateway.outboxes["tg"].loop
        loop.stop()
        while loop.busy:
            if loop.busy == self.asleep:
                self.clock.advance_to_next()
            await asyncio.sleep(0.001)


def writers() -> Iterator[Person]:
    """In the order of writing."""
    written = 0
    while written < MANY:
        times = min(IN_A_ROW if written % 10 == 0 else 1, MANY - written)
        yield from [Person(90_000_000 + written)] * times
        written += times


@pytest.mark.timeout(300)
async def test_ten_thousand_messages_are_kept_within_a_minute_and_answered_as_fast_as_telegram_lets(
    on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "TOKEN", TOKEN)
    clock = ManualClock()
    api = BotApi(TOKEN, NAME, clock.now)
    async with api.serve() as url:
        written = [(await api.write(person, f"Jalan nomor {n} rusak"))["message_id"] for n, person in enumerate(writers())]
        began = asyncio.get_running_loop().time()
        async with on_sqlite.node(clock=clock, channels=_CHANNELS.format(api=url)) as gateway:
            telegram, day = gateway.channels["tg"], Day(clock, gateway)
            assert isinstance(telegram, Telegram)
            telegram.pace = day.pace()
            await api.until(lambda: not api.waiting)
            took = asyncio.get_running_loop().time() - began
            assert (gateway.inlets["tg"].accepted, took < COMING) == (MANY, True)
            for second in range(1, WATCHED + 1):
                await day.until(second)
                await receive_all(gateway, [letter("lampu padam", f"SM{second}", at=clock.now(), sender=f"+62812{second:08d}")])
                # Time stands still until it is answered.
                await PROVIDERS["post"].until(lambda so_many=second: len(PROVIDERS["post"].sent) == so_many)  # type: ignore[misc]
            await day.until_none_is_on_its_way()
            await handed_over(gateway)
        accounts = await on_sqlite.accounts()
    answers = {chat: sent for chat in api.people if (sent := api.sent(chat))}
    times = sorted(api.times[message["message_id"]] for chat in answers.values() for message in chat)
    # As fast as it may, and never faster: to all together, and to each.
    assert sum(at <= times[0] + timedelta(seconds=WATCHED) for at in times) > RATE * WATCHED * 0.9
    not_faster(times, RATE)
    for chat in answers.values():
        not_faster([api.times[message["message_id"]] for message in chat], 1)
    # In the order of writing: each one's, and among those who wrote once.
    answered = {chat: [message["reply_to_message"]["message_id"] for message in sent] for chat, sent in answers.items()}
    assert all(numbers == sorted(numbers) for numbers in answered.values())
    once = [(sent[0]["message_id"], numbers[0]) for sent, numbers in zip(answers.values(), answered.values(), strict=True) if len(numbers) == 1]
    assert [number for _, number in sorted(once)] == sorted(number for _, number in once)
    # Nothing is lost and nothing is there twice: what is not answered yet, is a row.
    assert {account.verdict for account in accounts} == {"ok"}
    arrivals = [row for row in await on_sqlite.rows("arrivals") if row["channel"] == "tg"]
    assert len(arrivals) == len({row["wire_id"] for row in arrivals}) == MANY == len(written)
    assert {row["outcome"] for row in arrivals} <= {"case", "message"}
    notices = [row for row in await on_sqlite.rows("notices") if row["channel"] == "tg"]
    assert Counter(row["case"] for row in notices if row["kind"] == "acknowledgement") == Counter(row["case"] for row in arrivals if row["outcome"] == "case")
    states = Counter(row["state"] for row in notices)
    assert (states["sent"], set(states)) == (sum(map(len, answers.values())), {"sent", "queued"})


def not_faster(times: list[datetime], most: int) -> None:
    """Never more than that many within a second."""
    assert all(later - earlier > timedelta(seconds=0.999) for earlier, later in zip(times, times[most:], strict=False))
