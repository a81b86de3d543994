"""The door for mail servers: its limits, its faults, its certificate. What is said there, tests/smtp/ shows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from channels import Arrival, Inlet, Limit, Receipt, Refused
from channels.mail.envelope import Mail
from channels.mail.listener import Listener
from gateway.journal import Journal
from tests.fate import CANCEL, FAILURES, HANG, TELLTALE, Fate, each, under
from tests.mail_door import ABOUT, OURS, PATIENCE, Client, MailDoor, fingerprint, mail_door, settings
from tests.world import an_inlet

SMALL = b"Subject: Jalan rusak\r\n\r\nDi depan pasar.\r\n"
MIB = 1024 * 1024


async def until(so: Callable[[], bool]) -> None:
    """Until it is so."""
    async with asyncio.timeout(PATIENCE):
        while not so():  # noqa: ASYNC110  # what is looked at has no bell
            await asyncio.sleep(0.005)


# Limits


async def test_there_is_room_for_so_many_and_who_is_turned_away_may_come_when_one_has_left(tmp_path: Path) -> None:
    async with mail_door(tmp_path, max_connections=2) as door:
        async with door.client() as first, door.client() as second:
            await first.greet()
            await second.greet()
            async with door.client() as third:
                assert (await third.hear()).startswith("421 4.7.0 ")
                assert await third.hear() == ""
            gauge = door.gauge("connections")
            assert (gauge.used, gauge.allowed, gauge.rejected) == (2, 2, 1)
            assert (await first.deliver(SMALL)).startswith("250 ")
        await door.until_alone()
        async with door.client() as fourth:
            await fourth.greet()


async def test_one_address_cannot_take_all_the_room(tmp_path: Path) -> None:
    async with mail_door(tmp_path, max_connections_per_address=1) as door:
        async with door.client() as neighbour:
            await neighbour.greet()
            async with door.client() as same:
                assert (await same.hear()).startswith("421 4.7.0 ")
            reader, writer = await asyncio.open_connection("127.0.0.1", door.listener.port, local_addr=("127.0.0.2", 0))
            await Client(reader, writer).greet()
            assert door.gauge("connections").used == 2
            writer.close()
            gauge = door.gauge("connections_per_address")
            assert (gauge.used, gauge.allowed, gauge.rejected) == (1, 1, 1)
        await door.until_alone()
        assert door.gauge("connections_per_address").used == 0


async def test_behind_a_balancer_it_is_those_it_speaks_for_who_count_and_a_network_of_ipv6_is_one(tmp_path: Path) -> None:
    async with mail_door(tmp_path, max_connections_per_address=1, listen_proxied="127.0.0.1:0") as door, AsyncExitStack() as stack:
        answers = []
        for comes in ("TCP4 203.0.113.1", "TCP4 203.0.113.2", "TCP4 203.0.113.1", "TCP6 2001:db8::1", "TCP6 2001:db8::2", "TCP6 2001:db8:0:1::2"):
            client = await stack.enter_async_context(door.client(proxied=True))
            client.say(f"PROXY {comes} {'192.0.2.1' if '4' in comes[:4] else '2001:db8::25'} 4000 25")
            answers.append((await client.hear())[:3])
        assert answers == ["220", "220", "421", "220", "421", "220"]


async def test_a_session_ends_however_busy_it_is(tmp_path: Path) -> None:
    async with mail_door(tmp_path, session_seconds=0.5) as door, door.client() as client:
        heard = await client.hear()
        while not heard.startswith("421 "):
            heard = await client.answer("NOOP")
            assert heard[:3] in {"220", "250", "421"}
        assert heard.startswith("421 4.4.2 ")
        assert await client.hear() == ""
        assert door.gauge("session_seconds").rejected == 1


async def test_a_mail_that_comes_drop_by_drop_ends_with_its_session_and_gives_its_room_back(tmp_path: Path) -> None:
    async with mail_door(tmp_path, session_seconds=2) as door, door.client() as client:
        await client.greet()
        await client.envelope()
        dripping = asyncio.create_task(client.hear())
        while not dripping.done():
            client.writer.write(b"x\r\n")
            await asyncio.sleep(0.005)
        assert (await dripping).startswith("421 4.4.2 ")
        await door.until_alone()
        assert door.gauge("bytes_in_flight").used == 0
        assert await door.kept() == []


async def test_who_is_silent_is_told_and_cut_off(tmp_path: Path) -> None:
    async with mail_door(tmp_path, idle_seconds=0.2) as door, door.client() as client:
        assert (await client.hear()).startswith("220 ")
        assert (await client.hear()).startswith("421 4.4.2 ")
        assert await client.hear() == ""
        assert door.gauge("idle_seconds").rejected == 1


async def test_a_slow_mail_is_not_silence(tmp_path: Path) -> None:
    async with mail_door(tmp_path) as door, door.client() as client:
        await client.greet()
        await client.envelope()
        [visit] = door.listener._limits.visits  # noqa: SLF001  # the alarm goes by this
        heard_at = visit.heard_at
        client.writer.write(b"x")
        await until(lambda: visit.heard_at > heard_at)


async def test_who_says_much_and_hears_nothing_keeps_no_connection(tmp_path: Path) -> None:
    async with mail_door(tmp_path, session_seconds=1) as door, door.client() as client:
        # The answers find no room any more, neither with us nor on the way.
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]  # noqa: SLF001  # a program that hangs
        client.say(*["EHLO x"] * 500_000)
        await door.until_alone()


async def test_thousands_of_commands_in_one_packet_leave_others_their_turn(tmp_path: Path) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with mail_door(tmp_path) as door, door.client() as greedy:
        await greedy.greet()
        waiting = asyncio.create_task(others())
        greedy.writer.write(b"NOOP\r\n" * 5_000)
        for _ in range(5_000):
            assert await greedy.hear() == "250 OK"
        waiting.cancel()
        assert turns >= 2_500


async def test_a_command_that_does_not_end_is_cut_off_and_a_long_one_is_an_error(tmp_path: Path) -> None:
    async with mail_door(tmp_path) as door:
        async with door.client() as client:
            await client.greet()
            assert (await client.answer("NOOP " + "x" * 3000)).startswith("500 ")
            assert (await client.answer("NOOP " + "x" * 70_000)).startswith("421 ")
            assert await client.hear() == ""
        await door.until_alone()


async def test_lines_of_any_length_are_ordinary_mail(tmp_path: Path) -> None:
    async with mail_door(tmp_path) as door, door.client() as client:
        await client.greet()
        mails = [b"x" * length + b"\r\n" for length in (998, 999, 1001, 65_535, 65_536, 65_537, 200_000)]
        for mail in mails:
            assert (await client.deliver(mail)).startswith("250 ")
        assert [arrival.raw for arrival in await door.kept()] == mails


async def test_all_mails_on_their_way_together_have_so_much_room(tmp_path: Path) -> None:
    async with mail_door(tmp_path, max_message_bytes=MIB, max_bytes_in_flight=MIB) as door, door.client() as slow, door.client() as second:
        await slow.greet()
        await second.greet()
        await slow.envelope()
        slow.writer.write(b"y" * 700_000)
        # What waits for the end of a line is not yet counted, but no more than two looks into the buffer.
        await until(lambda: (door.gauge("bytes_in_flight").used or 0) > 400_000)
        assert (await second.answer(f"MAIL FROM:<a@contoh.example> SIZE={MIB}")).startswith("452 4.3.1 ")
        assert (await second.deliver(b"z" * 900_000 + b"\r\n")).startswith("452 4.3.1 ")
        assert door.gauge("bytes_in_flight").rejected == 2
        assert (door.gauge("message_bytes").used or 0) > 400_000
        slow.writer.write(b"\r\n.\r\n")
        assert (await slow.hear()).startswith("250 ")
        assert door.gauge("bytes_in_flight").used == 0
        assert (await second.deliver(b"z" * 900_000 + b"\r\n")).startswith("250 ")
        assert [len(arrival.raw) for arrival in await door.kept()] == [700_002, 900_002]


async def test_whoever_holds_heavy_mails_back_keeps_out_no_citizens_words(tmp_path: Path) -> None:
    async with mail_door(tmp_path, max_message_bytes=2 * MIB, max_bytes_in_flight=2 * MIB) as door, door.client() as slow, door.client() as siti:
        await slow.greet()
        await slow.envelope()
        slow.writer.write(b"y" * 2 * MIB)
        await until(lambda: (door.gauge("bytes_in_flight").used or 0) > 2 * MIB - 128 * 1024)
        await siti.greet()
        assert (await siti.answer("MAIL FROM:<siti@contoh.example> SIZE=65536")).startswith("250 ")
        assert (await siti.answer("RSET")).startswith("250 ")
        # More than is left, and yet little.
        assert (await siti.deliver(b"z" * 60_000 + b"\r\n")).startswith("250 ")
        assert (await siti.answer("MAIL FROM:<siti@contoh.example> SIZE=200000")).startswith("452 4.3.1 ")
        assert [len(arrival.raw) for arrival in await door.kept()] == [60_002]


async def test_one_address_leaves_room_for_the_largest_mail_of_another(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        door = await stack.enter_async_context(mail_door(tmp_path, listen_proxied="127.0.0.1:0", max_message_bytes=MIB, max_bytes_in_flight=4 * MIB))
        held = []
        for _ in range(4):
            slow = await stack.enter_async_context(door.client(proxied=True))
            slow.say("PROXY TCP4 192.0.2.7 192.0.2.1 1000 25")
            await slow.greet()
            await slow.envelope()
            slow.writer.write(b"y" * 1_000_000)
            held.append(slow)
        await until(lambda: door.gauge("bytes_in_flight").rejected == 1)
        siti = await stack.enter_async_context(door.client(proxied=True))
        siti.say("PROXY TCP4 192.0.2.8 192.0.2.1 1000 25")
        await siti.greet()
        assert (await siti.answer(f"MAIL FROM:<siti@contoh.example> SIZE={MIB}")).startswith("250 ")
        assert (await siti.answer("RSET")).startswith("250 ")
        assert (await siti.deliver(b"z" * 1_000_000 + b"\r\n")).startswith("250 ")
        for slow in held:
            slow.writer.write(b"\r\n.\r\n")
        assert sorted([(await slow.hear())[:3] for slow in held]) == ["250", "250", "250", "452"]
        await until(lambda: door.gauge("bytes_in_flight").used == 0)


async def test_what_is_too_large_takes_no_room_while_its_rest_comes(tmp_path: Path) -> None:
    async with mail_door(tmp_path, max_message_bytes=MIB) as door, door.client() as client:
        await client.greet()
        await client.envelope()
        for _ in range(30):
            client.writer.write(b"y" * 100_000)
        await until(lambda: door.gauge("message_bytes").rejected == 1 and door.gauge("bytes_in_flight").used == 0)
        client.writer.write(b"\r\n.\r\n")
        assert (await client.hear()).startswith("552 ")
        assert door.gauge("message_bytes").rejected == 1


async def test_a_mail_of_the_largest_size_is_taken_and_not_an_octet_more(tmp_path: Path) -> None:
    async with mail_door(tmp_path, max_message_bytes=MIB) as door, door.client() as client:
        await client.greet()
        assert (await client.answer(f"MAIL FROM:<a@contoh.example> SIZE={MIB}", "RSET")).startswith("250 ")
        for largest in (b"y" * (MIB - 2) + b"\r\n", b"y" * (MIB % 3) + b".\r\n" * (MIB // 3)):
            for more, answer in ((b"", "250 "), (b"z", "552 ")):
                wire = (b"\r\n" + more + largest).replace(b"\r\n.", b"\r\n..")[2:]
                await client.envelope()
                client.writer.write(wire.removesuffix(b"\r\n") + b"\r\n.\r\n")
                assert (await client.hear()).startswith(answer)
        assert [len(arrival.raw) for arrival in await door.kept()] == [MIB, MIB]


def test_a_delivery_has_a_name_of_its_envelope_and_its_octets() -> None:
    first = Mail("a@contoh.example", ("b@ppu.example", "c@ppu.example"), b"x\r\n", "192.0.2.1", "mx", tls=False)
    same = [replace(first, recipients=("c@ppu.example", "b@ppu.example")), replace(first, peer="192.0.2.2", helo="mx2", tls=True)]
    others = [replace(first, sender=""), replace(first, recipients=("b@ppu.example",)), replace(first, content=b"y\r\n"), replace(first, content=b"")]
    assert {mail.wire_id() for mail in same} == {first.wire_id()}
    assert len({mail.wire_id() for mail in [first, *others]}) == 5


async def test_the_gauges_tell_of_errors_and_recipients(tmp_path: Path) -> None:
    async with mail_door(tmp_path, max_recipients=3, max_errors=5) as door, door.client() as client:
        await client.greet()
        await client.answer("MAIL FROM:<warga@contoh.example>", *[f"RCPT TO:<{OURS}>"] * 4, "RCPT TO:<b@ppu.example>", "GARBAGE")
        assert (door.gauge("recipients").used, door.gauge("recipients").rejected, door.gauge("errors").used) == (3, 1, 2)
        await client.answer("RSET")
        assert door.gauge("recipients").used == 0
        await client.answer(*["GARBAGE"] * 3)
        assert await client.hear() == "421 4.7.0 Too many errors."
        await door.until_alone()
        assert (door.gauge("errors").used, door.gauge("errors").rejected) == (0, 1)


def test_every_limit_has_a_gauge() -> None:
    smtp = settings().smtp
    assert smtp is not None
    limits = {name.removeprefix("max_") for name in type(smtp).model_fields if name.startswith("max_") or name.endswith("_seconds")}
    listener = Listener("mail", settings(), ABOUT)
    assert {one.name for one in asyncio.run(_limits(listener))} == limits


async def _limits(listener: Listener) -> list[Limit]:
    return list(listener.limits())


@pytest.mark.parametrize(
    "wrong",
    [
        {"listen": "127.0.0.1"},
        {"listen": None},
        {"certificate": "cert.pem"},
        {"private_key": "key.pem"},
        {"max_bytes_in_flight": 10 * MIB},
        {"max_connections": 0},
    ],
)
def test_a_mistake_in_the_settings_is_found_at_once(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings(**wrong)


# Faults


class FatedListener(Listener):
    """As it is, but each mail is kept under a fate."""

    fate = Fate(0, HANG)

    async def keep(self, inlet: Inlet, mail: Mail) -> str:
        return await under(self.fate, super().keep(inlet, mail))


@pytest.mark.parametrize("what", [*FAILURES, HANG])
async def test_a_mail_whose_keeping_is_struck_at_any_await_is_asked_for_again_and_kept_once(tmp_path: Path, what: str) -> None:
    with capture_logs() as logs:
        async with mail_door(tmp_path, FatedListener, accept_seconds=0.5 if what == HANG else 30) as door:
            assert isinstance(door.listener, FatedListener)
            for fate in each(what):
                # A large one has more awaits.
                mail = b"x" * (MIB if fate.at % 2 else 10) + b"%d\r\n" % fate.at
                door.listener.fate = fate
                async with door.client() as client:
                    await client.greet()
                    answer = await client.deliver(mail)
                    assert answer == ("451 4.3.0 Not now. Please send it again later." if fate.struck.is_set() else "250 2.0.0 We have it.")
                door.listener.fate = Fate(0, what)
                async with door.client() as client:
                    await client.greet()
                    assert (await client.deliver(mail)).startswith("250 ")
                assert [arrival.raw for arrival in await door.kept()].count(mail) == 1
            assert fate.at > 1
            assert len(await door.kept()) == fate.at
    assert TELLTALE not in str(logs)


async def test_a_dialogue_that_is_cancelled_while_it_keeps_a_mail_gives_its_room_back(tmp_path: Path) -> None:
    async with mail_door(tmp_path, FatedListener) as door:
        assert isinstance(door.listener, FatedListener)
        for fate in each(CANCEL):
            door.listener.fate = fate
            async with door.client() as client:
                await client.greet()
                answer = await client.deliver(b"%d\r\n" % fate.at)
                assert answer == ("" if fate.struck.is_set() else "250 2.0.0 We have it.")
            await door.until_alone()
            assert door.gauge("bytes_in_flight").used == 0
        assert (fate.at, len(await door.kept())) == (2, 2)


@dataclass
class HeldInlet:
    """The way in of a slow disk: nothing passes before it is let."""

    inner: Inlet
    come: asyncio.Event = field(default_factory=asyncio.Event)
    let: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self, arrival: Arrival) -> Receipt:
        self.come.set()
        await self.let.wait()
        return await self.inner.receive(arrival)

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


class HeldListener(Listener):
    """All of its mails meet a slow disk."""

    held: HeldInlet

    async def keep(self, inlet: Inlet, mail: Mail) -> str:
        self.held = vars(self).setdefault("held", HeldInlet(inlet))
        return await super().keep(self.held, mail)  # type: ignore[arg-type]  # the rest of it is the inner one's


async def _held(door: MailDoor) -> HeldInlet:
    await until(lambda: "held" in vars(door.listener))
    held: HeldInlet = vars(door.listener)["held"]
    await held.come.wait()
    return held


@pytest.mark.parametrize("how", ["closes", "ends", "resets"])
async def test_who_vanishes_after_the_last_dot_has_its_mail_kept_once(tmp_path: Path, how: str) -> None:
    async with mail_door(tmp_path, HeldListener) as door:
        async with door.client() as client:
            await client.greet()
            await client.envelope()
            client.writer.write(SMALL + b".\r\n")
            held = await _held(door)
            match how:
                case "closes":
                    client.writer.close()
                case "ends":
                    client.writer.write_eof()
                case "resets":
                    client.writer.transport.abort()
            # It is gone for us, too, before anything is on disk.
            [visit] = door.listener._limits.visits  # noqa: SLF001  # whose end cannot be seen from outside
            await until(lambda: how == "ends" or visit.task is None or not visit.task.done())
            held.let.set()
            await door.until_alone()
        assert [arrival.raw for arrival in await door.kept()] == [SMALL]
        async with door.client() as client:
            await client.greet()
            assert (await client.deliver(SMALL)).startswith("250 ")
        assert len(await door.kept()) == 1


async def test_what_is_on_its_way_to_the_disk_counts_until_it_is_there_even_if_its_bringer_was_sent_away(tmp_path: Path) -> None:
    async with mail_door(tmp_path, HeldListener, accept_seconds=0.05, max_connections=1) as door:
        async with door.client() as client:
            await client.greet()
            assert (await client.deliver(SMALL)).startswith("451 4.3.0 ")
            assert await client.hear() == ""
        held = await _held(door)
        assert (door.gauge("accept_seconds").rejected, (door.gauge("bytes_in_flight").used or 0) > 0) == (1, True)
        async with door.client() as next_one:
            assert (await next_one.hear()).startswith("421 ")
        held.let.set()
        await door.until_alone()
        assert door.gauge("bytes_in_flight").used == 0
        assert len(await door.kept()) == 1


async def test_a_slow_disk_is_not_their_silence(tmp_path: Path) -> None:
    async with mail_door(tmp_path, HeldListener, idle_seconds=0.2, session_seconds=0.4) as door, door.client() as client:
        client.say("HELO mx", f"MAIL FROM:<>\r\nRCPT TO:<{OURS}>", "DATA", "x", ".")
        held, loop = await _held(door), asyncio.get_running_loop()
        ends_at = loop.time() + 0.6
        await until(lambda: loop.time() > ends_at)
        held.let.set()
        assert [(await client.hear())[:3] for _ in range(6)] == ["220", "250", "250", "250", "354", "250"]


async def test_a_gateway_that_stops_answers_for_what_is_here_and_sends_the_others_away(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    listener = HeldListener("mail", settings(), ABOUT)
    running = asyncio.create_task(listener.run(an_inlet(journal, fingerprint)))
    await until(lambda: listener.port is not None)
    door = MailDoor(listener, journal)
    async with door.client() as bringer, door.client() as idler:
        await bringer.greet()
        await idler.greet()
        await bringer.envelope()
        bringer.writer.write(SMALL + b".\r\n")
        held = await _held(door)
        running.cancel()
        assert (await idler.hear()).startswith("421 4.3.2 ")
        held.let.set()
        assert (await bringer.hear()).startswith("250 ")
        assert (await bringer.hear()).startswith("421 4.3.2 ")
        with pytest.raises(asyncio.CancelledError):
            await running
    assert listener.port is None
    assert [arrival.raw for arrival in await door.kept()] == [SMALL]
    await journal.close()


class RefusingInlet:
    """A full disk."""

    async def receive(self, arrival: Arrival) -> Receipt:
        raise Refused(TELLTALE)


async def test_a_full_disk_is_asked_again_later_and_nothing_is_said_of_it() -> None:
    listener = Listener("mail", settings(), ABOUT)
    async with listener.listening(RefusingInlet()):  # type: ignore[arg-type]  # all that is asked of it
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        client = Client(reader, writer)
        await client.greet()
        assert await client.deliver(SMALL) == "451 4.3.0 Not now. Please send it again later."
        # And the connection goes on.
        assert (await client.answer("NOOP")).startswith("250 ")
        writer.close()


async def test_where_nobody_brings_mail_this_way_nothing_listens() -> None:
    listener = Listener("mail", settings().model_copy(update={"smtp": None}), ABOUT)
    await listener.run(RefusingInlet())  # type: ignore[arg-type]  # nothing comes


async def test_an_address_that_is_taken_is_told_to_the_supervisor(tmp_path: Path) -> None:
    async with mail_door(tmp_path) as door:
        second = Listener("mail", settings(listen=f"127.0.0.1:{door.listener.port}"), ABOUT)
        with pytest.raises(OSError, match="address already in use"):
            await second.run(RefusingInlet())  # type: ignore[arg-type]  # nothing comes so far
