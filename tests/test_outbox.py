"""The one way back: whatever a provider does, each notice goes out once, or is marked, or is listed (law 7)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from channels import DeliveryUpdate, SendFailed
from gateway import assembly
from gateway.breaker import Breaker
from gateway.node import Gateway
from gateway.store import outgoing
from tests.manual_clock import ManualClock
from tests.postbox import HANG, PROVIDERS, Provider, away, letter
from tests.world import Deployment, receive_all

TWO = '[channels.post]\nkind = "postbox"\n[channels.other]\nkind = "postbox"'


async def settle(deployment: Deployment, provider: Provider, clock: ManualClock, *, attempts: int, minutes: float) -> None:
    """Move the clock until the provider was asked so often. Not while a send is on its way: its lease would run out under it."""
    async with asyncio.timeout(30):
        while provider.attempts < attempts:
            rows = await deployment.until("notices", bool)
            if not any(row["state"] == "sending" and row["leased_by"] != "dead" for row in rows):
                clock.advance(minutes=minutes)
            await asyncio.sleep(0.005)


SITI = "+6281234567890"


async def accept(gateway: Gateway, clock: ManualClock, wire_id: str = "SM1", channel: str = "post", sender: str = SITI) -> None:
    await receive_all(gateway, [letter("jalan rusak", wire_id, at=clock.now(), channel=channel, sender=sender)])


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(SendFailed("The provider did not answer in time.", maybe_sent=True, channel_wide=True), id="time-out"),
        pytest.param(away(), id="500"),
        pytest.param(SendFailed("Too many.", retry_after=timedelta(seconds=90), channel_wide=True), id="429"),
        pytest.param(SendFailed("Not what the provider's own description says.", channel_wide=True), id="garbage"),
        pytest.param(RuntimeError("our own"), id="a fault of ours"),
    ],
)
async def test_five_failures_and_then_one_accepted_send(deployment: Deployment, fault: Exception) -> None:
    clock = ManualClock()
    async with deployment.node(clock=clock) as gateway:
        provider = PROVIDERS["post"]
        provider.faults = [fault] * 5
        await accept(gateway, clock)
        await settle(deployment, provider, clock, attempts=6, minutes=10)
        [notice] = await deployment.until("notices", lambda rows: rows[0]["state"] == "sent")
    assert (len(provider.sent), provider.attempts) == (1, 6)
    assert notice["maybe_sent"] == (getattr(fault, "maybe_sent", True))


async def test_a_number_that_can_never_be_reached_is_given_up_at_once_and_the_next_notice_goes(on_sqlite: Deployment) -> None:
    clock = ManualClock()
    async with on_sqlite.node(clock=clock) as gateway:
        provider = PROVIDERS["post"]
        provider.faults = [SendFailed("No such number.", permanent=True)]
        await accept(gateway, clock)
        await on_sqlite.until("notices", lambda rows: [row["state"] for row in rows] == ["failed"])
        await accept(gateway, clock, "SM2")
        rows = await on_sqlite.until("notices", lambda rows: rows[-1]["state"] == "sent")
    assert [(row["state"], row["reason"]) for row in rows] == [("failed", "No such number."), ("sent", "")]


async def test_after_the_last_try_a_notice_is_parked_and_listed(on_sqlite: Deployment) -> None:
    clock = ManualClock()
    async with on_sqlite.node(clock=clock) as gateway:
        provider = PROVIDERS["post"]
        provider.faults = [away()] * 7
        await accept(gateway, clock)
        await settle(on_sqlite, provider, clock, attempts=7, minutes=900)
        [notice] = await on_sqlite.until("notices", lambda rows: rows[0]["state"] == "parked")
        assert notice["reason"] == "The provider answered 500."
        assert provider.sent == []
        async with gateway.store.transaction() as tx:
            [listed] = await outgoing.parked(tx)
            assert (listed.number, listed.reason) == ((await on_sqlite.rows_in(tx, "cases"))[0]["number"], "The provider answered 500.")
            await outgoing.requeue(tx, listed.notice, clock.now())
        await settle(on_sqlite, provider, clock, attempts=8, minutes=10)
    assert len(provider.sent) == 1


async def test_a_provider_that_hangs_for_ever_delays_no_other_channel(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    # What hangs at the end hangs for ever.
    monkeypatch.setattr(assembly, "STOP_SECONDS", 0.1)
    clock = ManualClock()
    async with on_sqlite.node(clock=clock, channels=TWO) as gateway:
        stuck, other = PROVIDERS["post"], PROVIDERS["other"]
        stuck.faults = [HANG] * 1000
        for i in range(20):
            await accept(gateway, clock, f"SM{i}", sender=f"+62812{i:08d}")
        async with asyncio.timeout(30):
            await stuck.until(lambda: stuck.attempts >= 5)
        for i in range(20):
            await accept(gateway, clock, f"SM{i}", channel="other", sender=f"+62813{i:08d}")
        async with asyncio.timeout(30):
            await other.until(lambda: len(other.sent) == 20)
        assert stuck.sent == []
        # Its own lease and its own time-out: it is asked again, and what may have been sent is marked.
        clock.advance(seconds=31)
        # How many were begun is chance, 5 to 8: it claims in handfuls.
        rows = await on_sqlite.until("notices", lambda rows: sum(row["channel"] == "post" and row["maybe_sent"] for row in rows) == stuck.attempts)
        assert {row["state"] for row in rows if row["channel"] == "post"} == {"queued"}
        await settle(on_sqlite, stuck, clock, attempts=stuck.attempts + 1, minutes=10)
        assert gateway.outboxes["other"].breaker.open_until is None


async def test_two_workers_send_each_notice_once(deployment: Deployment) -> None:
    clock = ManualClock()
    async with deployment.node("a", clock) as one, deployment.node("b", clock) as two:
        provider = PROVIDERS["post"]
        for i in range(40):
            await accept(one if i % 2 else two, clock, f"SM{i}", sender=f"+62812{i:08d}")
        await deployment.until("notices", lambda rows: len(rows) == 40 and all(row["state"] == "sent" for row in rows))
    assert provider.attempts == len(provider.sent) == 40
    assert len({notice.id for notice in provider.sent}) == 40


async def test_a_worker_that_died_gives_its_notice_back_marked(deployment: Deployment) -> None:
    clock = ManualClock()
    async with deployment.parts(clock=clock) as gateway:
        await receive_all(gateway, [letter("jalan rusak", "SM1", at=clock.now())])
        await gateway.intake.drain()
        async with gateway.store.transaction() as tx:
            claimed = await outgoing.claim(tx, "post", "dead", clock.now(), clock.now() + timedelta(seconds=120), 10)
        assert len(claimed) == 1
    async with deployment.node(clock=clock):
        provider = PROVIDERS["post"]
        clock.advance(seconds=119)
        await asyncio.sleep(0.05)
        assert provider.attempts == 0
        await settle(deployment, provider, clock, attempts=1, minutes=1)
        [notice] = await deployment.until("notices", lambda rows: rows[0]["state"] == "sent")
    assert notice["maybe_sent"]
    assert len(provider.sent) == 1


async def test_an_open_breaker_consumes_no_tries_and_lets_one_through_to_see(on_sqlite: Deployment) -> None:
    clock = ManualClock()
    async with on_sqlite.node(clock=clock) as gateway:
        provider = PROVIDERS["post"]
        provider.faults = [away()] * 1000
        for i in range(30):
            await accept(gateway, clock, f"SM{i}", sender=f"+62812{i:08d}")
        async with asyncio.timeout(30):
            while gateway.outboxes["post"].breaker.limit(8, clock.now()) > 0:  # noqa: ASYNC110  # a breaker has no bell for tests
                await asyncio.sleep(0.005)
        # Five opened it; how many more had been begun by then is chance. From here on nobody's tries are used up.
        await on_sqlite.until("notices", lambda rows: len(rows) == 30 and not any(row["state"] == "sending" for row in rows))
        tried, provider.faults = provider.attempts, []
        clock.advance(minutes=10)
        async with asyncio.timeout(60):
            # A loop whose bell did not ring looks again by its clock, which only moves here.
            while len(provider.sent) < 30:
                clock.advance(seconds=2)
                await asyncio.sleep(0.01)
        rows = await on_sqlite.until("notices", lambda rows: all(row["state"] == "sent" for row in rows))
    assert 5 <= tried <= 5 + 2 * 8
    assert sum(row["attempts"] for row in rows) == provider.attempts == tried + 30


async def test_a_clock_that_was_ahead_keeps_no_answer_waiting(deployment: Deployment) -> None:
    clock, ahead = ManualClock(), ManualClock()
    ahead.advance(hours=8)
    async with deployment.parts(clock=ahead) as gateway:
        await accept(gateway, ahead)
        await gateway.intake.drain()
    async with deployment.node(clock=clock), asyncio.timeout(30):
        await PROVIDERS["post"].until(lambda: len(PROVIDERS["post"].sent) == 1)


@pytest.mark.parametrize("retry_after", [None, timedelta(hours=1)])
def test_a_breaker_that_opened_while_the_clock_was_ahead_lets_one_through_when_it_is_right_again(retry_after: timedelta | None) -> None:
    clock = ManualClock()
    right, ahead = clock.now(), clock.now() + timedelta(hours=8)
    breaker = Breaker()
    for _ in range(5):
        breaker = breaker.failed(ahead, retry_after)
    assert (breaker.limit(8, ahead), breaker.limit(8, right)) == (0, 1)
    probing = breaker.probing(right, right + timedelta(seconds=120))
    assert (probing.limit(8, right), probing.went().limit(8, right)) == (0, 8)


@pytest.mark.parametrize("order", [("sent", "delivered"), ("delivered", "sent"), ("delivered", "delivered", "sending"), ("read", "delivered", "sent")])
async def test_a_delivery_report_never_goes_back_in_whatever_order_it_comes(deployment: Deployment, order: tuple[str, ...]) -> None:
    clock = ManualClock()
    async with deployment.parts(clock=clock) as gateway:
        await receive_all(gateway, [letter("jalan rusak", "SM1", at=clock.now())])
        await gateway.intake.drain()
        [notice] = await deployment.rows("notices")
        async with gateway.store.transaction() as tx:
            # The first one comes before the create call has returned.
            await outgoing.claim(tx, "post", "w", clock.now(), clock.now() + timedelta(seconds=120), 10)
            for status in order:
                assert await outgoing.update(tx, DeliveryUpdate("SMx", status, str(notice["id"])), clock.now())
            await outgoing.sent(tx, notice=str(notice["id"]), provider_id="SMx", now=clock.now())
            assert not await outgoing.update(tx, DeliveryUpdate("SM-nobody", "delivered", "not-a-uuid"), clock.now())
        [after] = await deployment.rows("notices")
    assert after["state"] == ("read" if "read" in order else "delivered")


async def test_a_stranger_cannot_make_us_pay_and_the_next_answer_tells_how_many_were_not_announced(on_sqlite: Deployment) -> None:
    clock = ManualClock()
    async with on_sqlite.node(clock=clock, per_recipient=4) as gateway:
        provider = PROVIDERS["post"]
        receipts = []
        for i in range(7):
            receipts += await receive_all(gateway, [letter(f"Lapor jalan rusak di RT {i}", f"SM{i}", at=clock.now(), sender=SITI)])
        rows = await on_sqlite.until("notices", lambda rows: len(rows) == 7 and sum(row["state"] == "sent" for row in rows) == 4)
        assert [row["state"] for row in rows].count("withheld") == 3
        assert {row["reason"] for row in rows if row["state"] == "withheld"} == {"this address has had its notices for this hour"}
        clock.advance(minutes=61)
        [newest] = await receive_all(gateway, [letter("Lapor jalan rusak di RT 8", "SM8", at=clock.now(), sender=SITI)])
        async with asyncio.timeout(30):
            await provider.until(lambda: len(provider.sent) == 5)
    assert newest.number in provider.sent[-1].short
    assert "3 laporan lain" in provider.sent[-1].short
    assert len(await on_sqlite.rows("cases")) == 8
