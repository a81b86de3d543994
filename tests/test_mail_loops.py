"""Machines that answer whatever comes: whoever they say they are and however they answer, we fall silent; and nobody makes us flood a third party."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from gateway.demo.post_office import Delivered, PostOffice
from gateway.node import Gateway
from tests.mails import OURS, mail
from tests.manual_clock import ManualClock
from tests.test_mail_end_to_end import Desk, at_the_desk, block
from tests.world import Deployment

SETTLED = {"sent", "withheld", "failed"}
# Who answers, of all that a machine may be: by the address that we wrote to, and how often it has written.
Who = Callable[[str, int], str]


def same(told: str, _: int) -> str:
    """The address that we wrote to."""
    return told


def another(_: str, i: int) -> str:
    """A new one of its domain each time."""
    return f"m{i}@mesin.example"


def shouting(_: str, i: int) -> str:
    """The same one, in other capitals each time."""
    return "".join(letter.upper() if i >> place & 1 else letter for place, letter in enumerate("mesin")) + "@mesin.example"


def dotted(_: str, i: int) -> str:
    """One mailbox at a provider where dots, and what follows a +, mean nothing."""
    return f"{'me.s.in' if i % 2 else 'mesin'}+{i}@gmail.com"


def elsewhere(_: str, i: int) -> str:
    """A new domain each time."""
    return f"mesin@m{i}.example"


def from_(who: Who, told: str, i: int, **fields: str | None) -> bytes:
    """A mail that says nowhere what it is, under another subject each time."""
    return mail(f"perihal {i}", **{"From": who(told, i), "Subject": f"kabar {i}", "Message_ID": f"<{i}@mesin.example>", **fields})


@dataclass
class Machine:
    """Answers each mail at once."""

    desk: Desk
    clock: ManualClock
    who: Who
    # What it answers, beside its words; and the address that it answers to.
    fields: Callable[[Delivered], dict[str, str | None]] = lambda _: {}
    to: Callable[[Delivered], str] = lambda _: OURS
    wrote: int = 0
    # Mails that are not taken yet.
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    # When each of ours came, by the simulated clock, and to whom.
    came: list[tuple[datetime, str]] = field(default_factory=list)

    def take(self, told: Delivered) -> None:
        """As PostOffice tells."""
        self.came.append((self.clock.now(), told.to))
        self._write(from_(self.who, told.to, self.wrote, **self.fields(told)), self.to(told))

    def begin(self) -> None:
        """Something sets it going."""
        self._write(from_(self.who, "mesin@mesin.example", self.wrote), OURS)

    def _write(self, raw: bytes, to: str) -> None:
        self.wrote += 1
        task = asyncio.ensure_future(self.desk.gets(raw, to=to))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def settled(self) -> None:
        """Until nobody has anything to say any more."""
        async with asyncio.timeout(60):
            while True:
                before = self.wrote
                rows = await self.desk.deployment.rows("arrivals")
                notices = await self.desk.deployment.rows("notices")
                if not self.tasks and self.wrote == before == len(rows) and {row["state"] for row in notices} <= SETTLED:
                    return
                await asyncio.sleep(0.01)


@asynccontextmanager
async def machine(deployment: Deployment, who: Who, *, per_channel: int = 1_000_000) -> AsyncIterator[Machine]:
    """At a gateway with the limits that it ships with, but for the channel's."""
    clock = ManualClock()
    async with at_the_desk(deployment, clock=clock, per_recipient=3, per_channel=per_channel) as desk:
        await deployment.until("agencies", bool)
        it = Machine(desk, clock, who)
        desk.office.on_delivered = it.take
        yield it


@pytest.mark.parametrize("who", [same, another, shouting, dotted])
async def test_a_machine_that_answers_at_once_with_no_header_has_three_an_hour_and_fifteen_a_week(on_sqlite: Deployment, who: Who) -> None:
    async with machine(on_sqlite, who) as it:
        for _ in range(0, 24 * 7, 8):
            it.begin()
            await it.settled()
            it.clock.advance(hours=8)
    assert len(it.came) == 15
    in_an_hour = Counter((at, to.lower() if who is shouting else "mesin" if who is dotted else to) for at, to in it.came)
    assert max(in_an_hour.values()) == (1 if who is another else 3)


@pytest.mark.parametrize("who", [same, another])
@pytest.mark.parametrize("how", ["to the address that answers go to", "naming the mail", "both"])
async def test_a_machine_whose_answer_leads_to_its_case_has_one(on_sqlite: Deployment, who: Who, how: str) -> None:
    async with machine(on_sqlite, who) as it:
        if how != "naming the mail":
            it.to = lambda told: told.mail["Reply-To"].strip("<>")
        if how != "to the address that answers go to":
            it.fields = lambda told: {"In_Reply_To": told.mail["Message-ID"]}
        it.begin()
        await it.settled()
    assert (len(it.came), it.wrote, len(await on_sqlite.rows("cases"))) == (1, 2, 1)
    # In the name of whoever reported it only if it was they.
    assert [row["decision"] for row in await on_sqlite.rows("messages")] == ["new_case", "addition" if who is same else "unverified"]


async def test_a_machine_with_a_new_domain_each_time_leaves_the_others_their_answers(on_sqlite: Deployment) -> None:
    async with machine(on_sqlite, elsewhere, per_channel=50) as it:
        await it.desk.gets(mail(From="siti@dikenal.example", Message_ID="<dulu@x.example>"))
        it.wrote += 1
        await it.settled()
        it.clock.advance(hours=1)
        before = len(it.came)
        it.begin()
        await it.settled()
        assert len(it.came) - before == 10
        # Whoever has mail where everybody has, or where we wrote to before, is answered in the same hour.
        it.desk.office.on_delivered = lambda _: None
        for i, one in enumerate(("warga@gmail.com", "budi@dikenal.example", "baru@baru.example")):
            await it.desk.gets(mail(From=one, Message_ID=f"<{i}@y.example>"))
            it.wrote += 1
        await it.settled()
    assert {told.to for told in it.desk.office.delivered} >= {"warga@gmail.com", "budi@dikenal.example"}
    assert "baru@baru.example" not in {told.to for told in it.desk.office.delivered}
    reasons = {row["reason"] for row in await on_sqlite.rows("notices") if row["state"] == "withheld"}
    assert reasons == {"enough domains that never wrote before were written to in this hour"}


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"Auto_Submitted": "auto-replied", "Subject": "Re: laporan"}, id="RFC 3834"),
        pytest.param({"X_Autoreply": "yes", "Precedence": "bulk"}, id="an old program"),
        pytest.param({"Subject": "Balasan otomatis: Laporan Anda"}, id="by its subject, Indonesian"),
        pytest.param({"Subject": "Sedang cuti"}, id="by its subject alone, Indonesian"),
        pytest.param({"Subject": "Automatic reply: Your report"}, id="by its subject, English"),
        pytest.param({"Subject": "Re: Laporan", "body": "Terima kasih. Saya sedang cuti sampai 20 Maret."}, id="by its words, Indonesian"),
        pytest.param({"Subject": "Re: Your report", "body": "I am out of the office until Monday."}, id="by its words, English"),
        pytest.param({"Subject": "Libur", "to": "Reply-To", "body": "Ini adalah balasan otomatis."}, id="by its words, to where answers go"),
    ],
)
async def test_somebody_on_vacation_is_not_answered(on_sqlite: Deployment, fields: dict[str, str]) -> None:
    async with machine(on_sqlite, same) as it:
        body, to = fields.get("body", "Saya akan membaca surat Anda."), fields.get("to")
        head = {name: value for name, value in fields.items() if name not in {"body", "to"}}

        def away(told: Delivered) -> None:
            it.came.append((it.clock.now(), told.to))
            address = told.mail["Reply-To"].strip("<>") if to else OURS
            it.wrote += 1
            task = asyncio.ensure_future(it.desk.gets(mail(body, From=told.to, To=address, Message_ID="<cuti@mesin.example>", **head), to=address))
            it.tasks.add(task)
            task.add_done_callback(it.tasks.discard)

        it.desk.office.on_delivered = away
        it.begin()
        await it.settled()
    assert (len(it.came), it.wrote) == (1, 2)
    last = max(await on_sqlite.rows("arrivals"), key=lambda row: row["seq"])
    assert last["reason"].removeprefix("rule:").removeprefix("not_answered:") in {"auto_submitted", "vacation"}


# Two gateways

A, B = "lapor@a.example", "lapor@b.example"
# What a careless forwarder leaves out.
SIGNS = ("Auto-Submitted", "Precedence", "X-Auto-Response-Suppress")
THREAD = ("Message-ID", "Reply-To", "In-Reply-To", "References")


@pytest.mark.parametrize(
    ("left_out", "exchanged"),
    [
        pytest.param((), 1, id="as they are"),
        pytest.param(SIGNS, 2, id="without what says that they are machines"),
        # Three an hour from each side.
        pytest.param(SIGNS + THREAD, 6, id="without anything"),
    ],
)
async def test_two_gateways_that_write_to_each_other_fall_silent(tmp_path: Path, left_out: tuple[str, ...], exchanged: int) -> None:
    clock, office = ManualClock(), PostOffice()
    async with AsyncExitStack() as stack:
        relay = await stack.enter_async_context(office.serve())
        desks: dict[str, Desk] = {}
        for address in (A, B):
            name = address[-9]
            (tmp_path / name).mkdir()
            deployment = Deployment(tmp_path / name, "sqlite+aiosqlite:///../data-a/store.db")
            config = deployment.config(channels=block(relay).replace(OURS, address), per_recipient=3, key=f"kunci-rahasia-untuk-pengujian-saja-{name * 10}")
            gateway: Gateway = await stack.enter_async_context(deployment.node(clock=clock, config=config))
            # Alembic makes one store at a time in a process.
            await deployment.until("agencies", bool)
            desks[address] = Desk(gateway, office, deployment)
        post = _Post(desks, left_out)
        office.on_delivered = post.carry
        # Somebody writes to one in the name of the other.
        await desks[A].gets(mail(From=B, To=A), sender=B, to=A)
        post.brought[A] += 1
        await post.settled()
        assert len(office.delivered) == exchanged
        for _ in range(8, 24 * 7, 8):
            clock.advance(hours=8)
            await desks[A].gets(mail(From=B, To=A, Message_ID=f"<{clock.now().timestamp()}@x.example>"), sender=B, to=A)
            post.brought[A] += 1
            await post.settled()
        # What somebody writes to one of them is answered, fifteen times a week, and not by the other.
        assert Counter(told.to for told in office.delivered)[B] == 15
        assert Counter(told.to for told in office.delivered)[A] <= (15 if left_out else 0)


class _Post:
    """Carries the mails of each gateway to the other."""

    def __init__(self, desks: dict[str, Desk], left_out: tuple[str, ...]) -> None:
        self._desks = desks
        self._left_out = left_out
        self._tasks: set[asyncio.Task[None]] = set()
        self.brought = Counter[str]()

    def carry(self, told: Delivered) -> None:
        """As PostOffice tells."""
        letter = told.mail
        for field_name in self._left_out:
            del letter[field_name]
        if self._left_out == SIGNS + THREAD:
            letter["Message-ID"] = f"<{self.brought.total()}@forwarder.example>"
        sender = told.mail["From"].split("<")[1].strip(">") if self._left_out else ""
        self.brought[told.to] += 1
        task = asyncio.ensure_future(self._desks[told.to].gets(letter.as_bytes(), sender=sender, to=told.to))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Until nobody has anything to say any more."""
        async with asyncio.timeout(60):
            while not await self._are_silent():  # noqa: ASYNC110  # they have no bell for tests
                await asyncio.sleep(0.01)

    async def _are_silent(self) -> bool:
        before = self.brought.total()
        for address, desk in self._desks.items():
            rows, notices = await desk.deployment.rows("arrivals"), await desk.deployment.rows("notices")
            if len(rows) != self.brought[address] or not {row["state"] for row in notices} <= SETTLED:
                return False
        return not self._tasks and self.brought.total() == before
