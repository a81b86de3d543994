"""A trial report of our own goes the whole way and is nobody's case; without a receipt the way in is down; and no citizen's words are ever taken for one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import canary, reconcile
from gateway.health import DOWN, OK
from gateway.node import Gateway
from normalizer import Attachment, Declared, Location, Report
from tests.manual_clock import ManualClock
from tests.postbox import letter
from tests.web_citizen import CHANNEL, citizen
from tests.world import KEY, Deployment, handed_over, receive_all

NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
SECRET = KEY.encode()


# The mark


def mark(channel: str = "web", at: datetime = NOON, key: bytes = SECRET) -> str:
    """Of one trial."""
    return canary.mark(key, channel, at, b"12345678")


@pytest.mark.parametrize(
    ("text", "channel", "minutes", "ours"),
    [
        pytest.param(mark(), "web", 0, True, id="as it was sent"),
        pytest.param(f"\r\n{mark()} \n", "web", 1, True, id="with what a wire puts around it"),
        pytest.param(mark(), "web", 59, True, id="an hour on its way"),
        pytest.param(mark(), "web", 61, False, id="said again later"),
        pytest.param(mark(), "web", -61, False, id="before it was made"),
        pytest.param(mark(), "sms", 0, False, id="by another channel"),
        pytest.param(mark(key=b"x" * 32), "web", 0, False, id="with another key"),
        pytest.param(f"{mark()} Jalan rusak di depan pasar", "web", 0, False, id="a citizen's words behind it"),
        pytest.param(f"Jalan rusak. {mark()}", "web", 0, False, id="a citizen's words before it"),
        pytest.param(mark()[:-1] + ("A" if mark()[-1] != "A" else "B"), "web", 0, False, id="one letter is another"),
        pytest.param("nwd-canary-00000000-0000000000000000-AAAAAAAAAAAAAAAAAAAAAA", "web", 0, False, id="made up"),
        pytest.param("", "web", 0, False, id="nothing"),
    ],
)
def test_only_our_own_words_of_this_hour_and_nothing_beside_them_are_a_trial(text: str, channel: str, minutes: float, *, ours: bool) -> None:
    assert canary.is_one(SECRET, channel, text, NOON + timedelta(minutes=minutes)) is ours


@pytest.mark.parametrize(
    ("beside", "ours"),
    [
        ({}, True),
        ({"subject": "canary"}, True),
        ({"attachments": (Attachment("lubang.jpg", "image/jpeg"),)}, False),
        ({"location": Location(-1.29, 116.51)}, False),
        ({"declared": Declared(title="Jalan rusak")}, False),
        ({"declared": Declared(where="Desa Girimukti")}, False),
        ({"declared": Declared(contact="081234567890")}, False),
    ],
)
def test_a_photo_a_place_or_a_title_beside_it_is_a_citizens(beside: dict[str, Any], *, ours: bool) -> None:
    assert canary.is_trial(SECRET, "web", Report(None, mark(), NOON, **beside)) is ours


@given(st.text() | st.from_regex(r"nwd-canary-[0-9a-f]{8}-[0-9a-f]{16}-[A-Za-z0-9_-]{22}", fullmatch=True))
def test_no_words_of_a_citizen_are_taken_for_one(text: str) -> None:
    assert not canary.is_one(SECRET, "web", text, NOON)


async def test_who_says_something_like_it_has_a_case(on_sqlite: Deployment) -> None:
    now = datetime.now(UTC)
    texts = [mark("post", now - timedelta(hours=2)), mark("web", now), f"{mark('post', now)} lampu mati", mark("post", now, b"x" * 32)]
    async with on_sqlite.node() as gateway:
        await receive_all(gateway, [letter(text, f"SM{n}", at=now) for n, text in enumerate([*texts, mark("post", now)])])
        rows = await on_sqlite.until("arrivals", lambda rows: len(rows) == 5)
        assert {row["wire_id"]: row["outcome"] for row in rows} == {**{f"SM{n}": "case" for n in range(4)}, "SM4": "canary"}


# The whole way


@dataclass
class Trial:
    """A node with a form, whose trials a test begins."""

    gateway: Gateway
    clock: ManualClock
    deployment: Deployment

    async def beat(self) -> tuple[str, str, str]:
        """State, type and sentence after the next heartbeat."""
        await self.gateway.canaries.beat("web")
        found = self.gateway.monitor.board.components("web", "in", self.clock.counted())["canary"].finding
        return found.state, found.kind, found.sentence

    async def arrivals(self) -> list[dict[str, Any]]:
        """As the store has them."""
        return await self.deployment.rows("arrivals")


@asynccontextmanager
async def form(deployment: Deployment) -> AsyncIterator[Trial]:
    """Only the test's own trials are sent."""
    clock = ManualClock(NOON)
    async with deployment.node(channels=CHANNEL + "[health]\nheartbeat_seconds = 1000000\n", clock=clock) as gateway:
        yield Trial(gateway, clock, deployment)


async def test_it_goes_all_the_way_is_no_case_and_counts_nowhere(deployment: Deployment) -> None:
    async with form(deployment) as trial:
        assert (await trial.beat())[2] == "No trial report has been sent yet."
        trial.gateway.canaries.trials["web"].due = 0
        state, kind, sentence = await trial.beat()
        assert (state, kind) == (OK, "")
        assert sentence == "A trial report of our own was acknowledged at 04:00 UTC and has arrived."
        [row] = await trial.arrivals()
        assert (row["outcome"], row["case"], row["channel"]) == ("canary", None, "web")
        for table in ("cases", "messages", "notices", "case_numbers", "links", "correspondents"):
            assert await deployment.rows(table) == [], table
        inlet = trial.gateway.inlets["web"]
        assert (inlet.accepted, inlet.last_at) == (0, None)
        await handed_over(trial.gateway)
        assert [account.verdict for account in await deployment.accounts()] == [reconcile.OK]
        # Not before it is due again.
        await trial.beat()
        assert len(await trial.arrivals()) == 1
        # And citizens are served as ever.
        async with citizen(trial.gateway) as siti:
            assert (await siti.report("Lampu jalan mati")).number
        await deployment.until("cases", lambda rows: len(rows) == 1)


async def test_a_form_that_gives_no_receipt_is_down_and_up_again_at_the_next_heartbeat(on_sqlite: Deployment) -> None:
    async with form(on_sqlite) as trial:
        trials, door = trial.gateway.canaries.trials["web"], trial.gateway.canaries.door
        trials.due = 0
        hole = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        async with hole:
            trial.gateway.canaries.door = f"http://127.0.0.1:{hole.sockets[0].getsockname()[1]}"
            state, kind, sentence = await trial.beat()
        assert (state, kind) == (DOWN, "canary")
        assert "got no receipt (Client" in sentence
        trial.gateway.inlets["web"].closed = "The gateway is stopping."
        trial.gateway.canaries.door = door
        state, kind, sentence = await trial.beat()
        assert (state, kind) == (DOWN, "canary")
        assert "(status 503)" in sentence
        # Looking and polling says nothing of it.
        trial.gateway.inlets["web"].closed = None
        await trial.gateway.monitor.look_at("web")
        assert trial.gateway.monitor.board.look(trial.clock.counted())["web", "in"].finding.kind == "canary"
        assert (await trial.beat())[0] == OK
        assert trial.gateway.monitor.board.look(trial.clock.counted())["web", "in"].finding.state == OK


async def test_one_that_is_acknowledged_and_never_arrives_is_down_unless_all_wait_for_the_store(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    async with form(on_sqlite) as trial:
        trials, intake = trial.gateway.canaries.trials["web"], trial.gateway.intake

        # In the journal it stays.
        async def hangs(*_: object, **__: object) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(intake, "_store_batch", hangs)
        for accepted, (trouble, expected) in enumerate(((None, (DOWN, "canary")), ("The store does not answer.", (OK, ""))), 1):
            trials.due = 0
            monkeypatch.setattr(intake, "trouble", trouble)
            beat = asyncio.create_task(trial.beat())
            while trial.gateway.journal.counts.accepted < accepted or not beat.done():
                if trial.gateway.journal.counts.accepted >= accepted:
                    trial.clock.advance(seconds=20)
                await asyncio.sleep(0.01)
            assert (await beat)[:2] == expected


async def test_a_channel_without_a_form_or_that_wants_none_has_no_trial(on_sqlite: Deployment) -> None:
    more = '[channels.post]\nkind = "postbox"\n[channels.lain]\nkind = "web-form"\npath = "/lain"\ncanary_minutes = 0\n'
    async with on_sqlite.parts(channels=CHANNEL + more) as gateway:
        assert list(gateway.canaries.trials) == ["web"]
        assert gateway.canaries.trials["web"].every_seconds == 300


MAIL = '[channels.mail]\nkind = "mail"\naddress = "lapor@ppu.example"\nsmtp = { listen = "127.0.0.1:0" }\n'


async def test_a_mail_to_our_own_port_goes_all_the_way_too_and_a_closed_port_is_down(on_sqlite: Deployment) -> None:
    clock = ManualClock(NOON)
    async with on_sqlite.node(channels=MAIL + "[health]\nheartbeat_seconds = 1000000\n", clock=clock) as gateway:
        canaries, board = gateway.canaries, gateway.monitor.board
        async with asyncio.timeout(30):
            while gateway.channels["mail"].listener.port is None:  # type: ignore[attr-defined]  # noqa: ASYNC110  # it has no bell
                await asyncio.sleep(0.01)
        canaries.trials["mail"].due = 0
        await canaries.beat("mail")
        assert board.components("mail", "in", 0)["canary"].finding.sentence == "A trial report of our own was acknowledged at 04:00 UTC and has arrived."
        assert [(row["outcome"], row["case"]) for row in await on_sqlite.rows("arrivals")] == [("canary", None)]
        assert await on_sqlite.rows("cases") == await on_sqlite.rows("correspondents") == []
        for closed, why in (("The gateway is stopping.", "status 451"), (None, "the port is closed")):
            gateway.inlets["mail"].closed = closed
            if closed is None:
                gateway.channels["mail"].listener.port = None  # type: ignore[attr-defined]
            canaries.trials["mail"].due = 0
            await canaries.beat("mail")
            found = board.components("mail", "in", 0)["canary"].finding
            assert (found.state, found.kind) == (DOWN, "canary")
            assert f"({why})" in found.sentence


async def test_a_mail_that_is_only_fetched_has_no_trial(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDI", "rahasia")
    fetched = 'imap = { server = "127.0.0.1:1", user = "u", password = { env = "SANDI" }, tls = "none" }\n'
    async with on_sqlite.parts(channels=MAIL.replace('smtp = { listen = "127.0.0.1:0" }\n', fetched)) as gateway:
        assert gateway.canaries.trials == {}
