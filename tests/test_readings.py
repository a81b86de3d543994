"""What can be read off a channel, for a monitoring system and for pages, after a day's little traffic."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.demo.twilio import Twilio
from gateway.lately import Lately
from gateway.node import Gateway
from tests.manual_clock import ManualClock
from tests.postbox import PROVIDERS, away, letter
from tests.sms_channel import ACCOUNT
from tests.test_health import NOON, POST, Operator, looked_after, sms
from tests.world import KEY, Deployment, handed_over, receive_all


async def numbers(budi: Operator) -> dict[str, float]:
    _, text = await budi.get("/metrics", Authorization=f"Bearer {KEY}")
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))}


async def read_off(budi: Operator, channel: str) -> dict[str, Any]:
    status, text = await budi.get("/health/readings", Authorization=f"Bearer {KEY}")
    assert status == 200
    found: dict[str, Any] = json.loads(text)["channels"][channel]
    return found


async def text(twilio: Twilio, gateway: Gateway, budi: Operator, sender: str) -> None:
    params, headers = twilio.incoming("http://127.0.0.1:1/in/sms/message", from_=sender, to="1708", body="Jalan rusak di Girimukti")
    async with budi.session.post(f"http://127.0.0.1:{gateway.port}/in/sms/message", data=params, headers=headers) as answer:
        assert answer.status == 200


async def test_what_became_of_answers_is_counted_and_the_share_that_arrived(on_sqlite: Deployment) -> None:
    twilio = Twilio(ACCOUNT, KEY)
    async with twilio.serve() as api, looked_after(on_sqlite, sms(api)) as (gateway, budi):
        twilio.hosts["http://127.0.0.1:1"] = f"http://127.0.0.1:{gateway.port}"
        for i in range(3):
            await text(twilio, gateway, budi, f"+62812000000{i:02d}")
            await twilio.until_called_back(2 * (i + 1))
        twilio.delivery = ("sent", "undelivered", "undelivered")
        await text(twilio, gateway, budi, "+6281200000009")
        await twilio.until_called_back(9)
        twilio.refuses["+6281200000010"] = 21211
        await text(twilio, gateway, budi, "+6281200000010")
        await on_sqlite.until("notices", lambda rows: [row["state"] for row in rows].count("failed") == 1)
        await handed_over(gateway)
        said, measured = await read_off(budi, "sms"), await numbers(budi)
    assert (said["sent"], said["accepted"], said["delivered_share"], said["undeliverable"]) == (4, 5 + 9, 0.75, 2)
    assert measured['nwd_delivery_reports_total{channel="sms",status="delivered"}'] == 3
    # What is told again is told once.
    assert measured['nwd_delivery_reports_total{channel="sms",status="undelivered"}'] == 1
    assert measured['nwd_undeliverable_total{channel="sms"}'] == 2
    assert measured['nwd_acknowledge_seconds_count{channel="sms"}'] == 4
    assert {*said["stored_seconds"]} == {*said["acknowledged_seconds"]} == {"p50", "p95", "p99"}
    assert "+62" not in json.dumps(said)


async def test_arrivals_a_minute_are_those_of_the_last_heartbeats(on_sqlite: Deployment) -> None:
    clock = ManualClock(NOON)
    async with on_sqlite.parts(channels=POST, clock=clock) as gateway:
        lately = gateway.stages.lately["post"]
        await gateway.monitor.look_at("post")
        assert lately.arrivals_per_minute is None
        for heartbeat in range(12):
            await receive_all(gateway, [letter("jalan rusak", f"{heartbeat}-{i}", at=clock.now()) for i in range(2 if heartbeat < 11 else 12)])
            clock.advance(seconds=30)
            # Somebody who sets the clock has sent nothing.
            clock.jump(hours=1)
            await gateway.monitor.look_at("post")
        # Ten heartbeats are five minutes: nine times 2, and 12.
        assert lately.arrivals_per_minute == 6


async def test_how_long_it_took_and_whether_sending_pauses_is_read_off(on_sqlite: Deployment) -> None:
    clock = ManualClock(NOON)
    async with looked_after(on_sqlite, POST, clock=clock) as (gateway, budi):
        PROVIDERS["post"].faults = [away() for _ in range(5)]
        await receive_all(gateway, [letter("jalan rusak", f"SM{i}", at=NOON - timedelta(seconds=10 * i)) for i in range(5)])
        await on_sqlite.until("notices", lambda rows: len(rows) == 5 and all(row["attempts"] for row in rows))
        await handed_over(gateway)
        said = await read_off(budi, "post")
        assert said["stored_seconds"] == {"p50": 20, "p95": 40, "p99": 40}
        assert (said["breaker_open"], (await numbers(budi))['nwd_breaker_open{channel="post"}']) == (True, 1)
        while any(row["state"] != "sent" for row in await on_sqlite.rows("notices")):
            clock.advance(seconds=20)
            await budi.get("/health/live")
        said = await read_off(budi, "post")
        assert (said["breaker_open"], (await numbers(budi))['nwd_breaker_open{channel="post"}']) == (False, 0)
        # The provider's pause, and then as their turn came.
        assert said["acknowledged_seconds"]["p50"] >= 60


async def test_what_is_due_and_how_old_it_is_is_read_off(on_sqlite: Deployment) -> None:
    clock = ManualClock(NOON)
    async with looked_after(on_sqlite, POST, clock=clock) as (gateway, budi):
        await receive_all(gateway, [letter("jalan rusak", "first", at=NOON)])
        await on_sqlite.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"])
        gateway.outboxes["post"].loop.pause(paused=True)
        await receive_all(gateway, [letter("jalan rusak", f"SM{i}", at=NOON) for i in range(3)])
        await on_sqlite.until("notices", lambda rows: len(rows) == 4)
        clock.advance(seconds=50)
        await gateway.monitor.look_at("post")
        said = await read_off(budi, "post")
        assert (said["outbox"], said["outbox_age_seconds"]) == (3, 50)


async def test_a_refused_login_is_counted_at_each_look(on_sqlite: Deployment) -> None:
    async with Twilio(ACCOUNT, "another").serve() as api, looked_after(on_sqlite, sms(api)) as (gateway, budi):
        await budi.until("sms", "out", "down", "auth")
        before = gateway.monitor.logins_refused["sms"]
        assert before >= 1
        await gateway.monitor.look_at("sms")
        assert (await read_off(budi, "sms"))["logins_refused"] > before
        assert (await numbers(budi))['nwd_logins_refused_total{channel="sms"}'] > before


async def test_what_could_not_be_read_is_counted_and_what_is_parked(on_sqlite: Deployment) -> None:
    async with looked_after(on_sqlite, POST) as (gateway, budi):
        await receive_all(gateway, [letter(words, f"SM{i}", at=datetime.now(UTC)) for i, words in enumerate(("raise", "", "jalan rusak"))])
        await handed_over(gateway)
        await gateway.monitor.look_at("post")
        said, measured = await read_off(budi, "post"), await numbers(budi)
    assert (said["unread"], said["parked"]) == (2, 1)
    assert (measured['nwd_unread_total{channel="post"}'], measured['nwd_parked_by_channel{channel="post"}']) == (2, 1)


def test_where_no_end_was_told_no_share_is_made_up() -> None:
    lately = Lately()
    assert lately.delivered_share is None
    lately.reports.update({"sent": 5, "read": 1})
    assert lately.delivered_share is None
    lately.reports.update({"delivered": 1, "failed": 3})
    assert lately.delivered_share == pytest.approx(0.25)


async def test_who_has_no_token_reads_nothing(on_sqlite: Deployment) -> None:
    async with looked_after(on_sqlite, POST) as (_, budi):
        assert (await budi.get("/health/readings"))[0] == 401
