"""What Twilio says of our number is told: where it brings what people write, and what it met at our door."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from channels import Checked
from channels.sms.channel import TwilioSms
from gateway import server
from gateway.demo.faults import Status
from gateway.demo.twilio import Line, Twilio
from tests.shelf import Shelf
from tests.sms_channel import ACCOUNT, CITIZEN, FALLBACK, NOW, OURS, PUBLIC, TOKEN, about_at, channel

DOOR = f"{PUBLIC}/in/sms/message"
NUMBER = OURS["sms"]


class Now:
    """A moment that a test moves."""

    at = NOW

    def __call__(self) -> datetime:
        return self.at


@asynccontextmanager
async def account(lines: dict[str, Line], now: Now | None = None, **settings: Any) -> AsyncIterator[tuple[Twilio, TwilioSms]]:  # noqa: ANN401  # fields of the settings
    """An account with these numbers, and our channel, of which one is."""
    now = now or Now()
    twilio = Twilio(ACCOUNT, TOKEN, now)
    twilio.numbers = lines
    async with twilio.serve() as api:
        sms = channel(about_at(now), api_base=api, timeout_seconds=5, **settings)
        try:
            yield twilio, sms
        finally:
            await sms.close()


async def said(line: Line, **settings: Any) -> Checked:  # noqa: ANN401  # fields of the settings
    async with account({NUMBER: line}, **settings) as (_, sms):
        return await sms.check_in()


@pytest.mark.parametrize(
    "url",
    [
        DOOR,
        f"{FALLBACK}/in/sms/message",
        f"{DOOR}#rc=2&rp=all",
        f"{DOOR}?a=b",
        DOOR.replace("https://lapor", "HTTPS://LAPOR"),
        DOOR.replace(".example", ".example:443"),
    ],
)
async def test_a_number_that_leads_to_us_is_well_however_that_is_written(url: str) -> None:
    assert await said(Line(url)) == Checked(ok=True, sentence="")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (Line(), "Twilio has no address for our number's messages."),
        (Line("https://user:rahasia-akun@other.example/a?token=rahasia-akun"), "Twilio brings our number's messages to another address (at other.example)."),
        (Line(f"{PUBLIC}/in/sms/pesan"), "Twilio brings our number's messages to another address (at lapor.example)."),
        (Line(DOOR.replace("https", "http")), "Twilio brings our number's messages to another address (at lapor.example)."),
        (Line("https://[", "POST"), "Twilio brings our number's messages to no address that could be called."),
    ],
)
async def test_a_number_that_leads_elsewhere_is_told_with_what_to_put_there_and_no_secret(line: Line, words: str) -> None:
    checked = await said(line)
    assert (checked.ok, checked.kind) == (False, "elsewhere")
    assert (
        checked.sentence
        == f"{words} In its console, at the number, under A message comes in, put {DOOR}. If a Messaging Service has the number: check_number = false."
    )


async def test_a_number_that_is_called_by_get_is_told() -> None:
    assert (await said(Line(DOOR, sms_method="GET"))).sentence.endswith("choose HTTP POST.")


async def test_of_a_number_that_a_program_at_twilio_answers_nothing_is_known() -> None:
    assert (await said(Line("https://other.example", sms_application_sid="AP" + "a" * 32))).ok


async def test_a_short_code_is_looked_up_among_the_short_codes() -> None:
    async with account({"1708": Line("https://other.example")}, from_numbers={"sms": "1708"}) as (_, sms):
        assert (await sms.check_in()).kind == "elsewhere"


@pytest.mark.parametrize("settings", [{"check_number": False}, {"from_numbers": {"sms": "LAPOR"}}, {"from_numbers": {"whatsapp": NUMBER}}])
async def test_where_nobody_is_asked_or_nobody_can_write_nothing_is_said(settings: dict[str, Any]) -> None:
    async with account({NUMBER: Line()}, **settings) as (_, sms):
        assert (await sms.check_in()).ok


async def test_while_all_is_well_twilio_is_asked_once_a_minute_and_of_a_fault_each_time() -> None:
    now = Now()
    async with account({NUMBER: Line(DOOR)}, now) as (twilio, sms):
        for _ in range(3):
            assert (await sms.check_in()).ok
        assert twilio.calls == 2
        now.at += timedelta(seconds=60)
        twilio.numbers[NUMBER] = Line()
        assert (await sms.check_in()).kind == "elsewhere"
        twilio.numbers[NUMBER] = Line(DOOR)
        assert (await sms.check_in()).ok


async def test_while_twilio_cannot_be_asked_what_was_known_stays_so_and_the_way_in_is_not_blamed() -> None:
    now = Now()
    async with account({NUMBER: Line()}, now) as (twilio, sms):
        twilio.weather = Status(503)
        assert (await sms.check_in()).ok
        twilio.weather = None
        assert (await sms.check_in()).kind == "elsewhere"
        twilio.weather = Status(503)
        assert (await sms.check_in()).kind == "elsewhere"


async def test_what_twilio_met_at_our_door_is_told_until_something_comes_through_or_it_is_old() -> None:
    now = Now()
    async with account({NUMBER: Line(DOOR)}, now) as (twilio, sms):
        # Nobody listens there.
        twilio.hosts[PUBLIC] = "http://127.0.0.1:9"
        for _ in range(2):
            await twilio.text(DOOR, from_=CITIZEN, to=NUMBER, body="Jalan rusak")
        # Another program of the same account.
        await twilio.text("http://127.0.0.1:9/voice", from_=CITIZEN, to=NUMBER, body="Jalan rusak")
        warned = await sms.check_in()
        assert (warned.kind, warned.sentence) == (
            "warned",
            "Twilio met errors at our door in the last quarter of an hour: 11205 (2 times). They are explained in Twilio's error dictionary.",
        )
        runner, port = await server.listen(server.public([(sms, Shelf())]), "127.0.0.1", 0)
        twilio.hosts[PUBLIC] = f"http://127.0.0.1:{port}"
        now.at += timedelta(seconds=5)
        [answer] = await twilio.text(DOOR, from_=CITIZEN, to=NUMBER, body="Jalan rusak")
        assert answer.status == 200
        assert (await sms.check_in()).ok
        await runner.cleanup()


async def test_what_twilio_met_while_the_gateway_was_being_started_alarms_nobody() -> None:
    now = Now()
    async with account({NUMBER: Line(DOOR)}, now) as (twilio, sms):
        twilio.hosts[PUBLIC] = "http://127.0.0.1:9"
        await twilio.text(DOOR, from_=CITIZEN, to=NUMBER, body="Jalan rusak")
        # To whoever only asks, it is told.
        assert (await sms.check_in()).kind == "warned"
        now.at += timedelta(seconds=5)
        await sms.run(Shelf())
        assert (await sms.check_in()).ok
        now.at += timedelta(seconds=5)
        await twilio.text(DOOR, from_=CITIZEN, to=NUMBER, body="Jalan rusak")
        now.at += timedelta(minutes=2)
        assert (await sms.check_in()).kind == "warned"


async def test_a_number_whose_messages_come_all_the_same_is_decided_by_something_else() -> None:
    now = Now()
    async with account({NUMBER: Line("https://other.example/a")}, now) as (twilio, sms):
        runner, port = await server.listen(server.public([(sms, Shelf())]), "127.0.0.1", 0)
        twilio.hosts[PUBLIC] = f"http://127.0.0.1:{port}"
        assert (await sms.check_in()).kind == "elsewhere"
        for minutes, kind in ((4, "elsewhere"), (2, "")):
            # What comes soon after the change was on its way.
            now.at += timedelta(minutes=minutes)
            await twilio.text(DOOR, from_=CITIZEN, to=NUMBER, body="Jalan rusak")
            assert (await sms.check_in()).kind == kind
        await runner.cleanup()


async def test_what_twilio_met_long_ago_is_not_told() -> None:
    now = Now()
    async with account({NUMBER: Line(DOOR)}, now) as (twilio, sms):
        twilio.hosts[PUBLIC] = "http://127.0.0.1:9"
        await twilio.text(DOOR, from_=CITIZEN, to=NUMBER, body="Jalan rusak")
        assert not (await sms.check_in()).ok
        now.at += timedelta(minutes=16)
        assert (await sms.check_in()).ok
