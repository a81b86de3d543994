"""One page of truth: each fault is told of the right part, in a sentence, within two heartbeats, and mends itself; the others stay well."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from channels import Refused
from gateway import assembly
from gateway.claims import ClaimLoop
from gateway.demo.twilio import Twilio
from gateway.health import OK, UNKNOWN, Board, Finding
from gateway.node import Gateway
from gateway.store import dues
from gateway.store.tables import due
from tests.manual_clock import ManualClock
from tests.postbox import HANG, PROVIDERS, letter
from tests.sms_channel import ACCOUNT
from tests.test_disk_full import fill, tiny_disk
from tests.test_store_away import start, stop
from tests.web_citizen import citizen
from tests.world import Deployment, postgres, receive_all

__all__ = ["tiny_disk"]
# As much of one as tells what it is.
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 300
NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
TOKEN = "rahasia-akun"
HEALTH = '[health]\nheartbeat_seconds = 0.1\ntoken = { env = "KEY" }\n'
POST = '[channels.post]\nkind = "postbox"\n'


def sms(api: str, token: str = "KEY") -> str:
    """A Twilio channel beside the post box; its token comes from the test's environment."""
    senders = 'from_numbers = { sms = "1708" }\ntimeout_seconds = 0.5'
    return f'[channels.sms]\nkind = "twilio-sms"\naccount_sid = "{ACCOUNT}"\nauth_tokens = [{{ env = "{token}" }}]\napi_base = "{api}"\n{senders}\n'


@dataclass(frozen=True, slots=True)
class Operator:
    """Who looks at the operators' listener."""

    session: aiohttp.ClientSession
    base: str

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        async with self.session.get(self.base + path, headers=headers) as answer:
            return answer.status, await answer.text()

    async def parts(self) -> dict[str, Any]:
        async with self.session.get(self.base + "/health/channels", headers={"Authorization": f"Bearer {KEY}"}) as answer:
            assert answer.status == 200
            found: dict[str, Any] = (await answer.json())["parts"]
            return found

    async def until(self, part: str, direction: str, state: str, kind: str | None = None) -> dict[str, Any]:
        """Its finding, once it is so."""
        async with asyncio.timeout(30):
            while True:
                parts = await self.parts()
                finding: dict[str, Any] = parts[part][direction]
                if finding["state"] == state and kind in {None, finding["type"]}:
                    return parts
                await asyncio.sleep(0.02)


KEY = "kunci-rahasia-untuk-pengujian-saja-0123456789"


@asynccontextmanager
async def looked_after(deployment: Deployment, channels: str, **options: Any) -> AsyncIterator[tuple[Gateway, Operator]]:  # noqa: ANN401  # as config()
    """A node with quick heartbeats, and an operator."""
    async with deployment.node(channels=channels + HEALTH, **options) as gateway, aiohttp.ClientSession() as session:
        yield gateway, Operator(session, f"http://127.0.0.1:{gateway.operators_port}")


async def test_all_is_well_and_says_that_nothing_has_to_be_done(on_sqlite: Deployment) -> None:
    async with Twilio(ACCOUNT, KEY).serve() as api, looked_after(on_sqlite, sms(api) + POST) as (gateway, budi):
        await receive_all(gateway, [letter("jalan rusak", "SM1", at=datetime.now(UTC))])
        for part, direction in (("sms", "in"), ("sms", "out"), ("post", "in"), ("post", "out"), ("journal", "all"), ("store", "all"), ("intake", "all")):
            parts = await budi.until(part, direction, "ok")
            assert "Nothing has to be done" in parts[part][direction]["sentence"]
        async with asyncio.timeout(30):
            while (parts := await budi.parts())["post"]["in"]["last"] is None:  # noqa: ASYNC110  # another listener has no bell for us
                await asyncio.sleep(0.02)
        assert parts["sms"]["in"]["last"] is None
        assert await budi.get("/health/live") == (200, "ok\n")
        assert await budi.get("/health/ready") == (200, "ready\n")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", f"Basic {KEY}", f"bearer{KEY}", f"Bearer {KEY}x", "Bearer \xe9"])
async def test_who_has_no_token_learns_nothing(on_sqlite: Deployment, header: str) -> None:
    async with looked_after(on_sqlite, POST) as (gateway, _), aiohttp.ClientSession() as stranger:
        for path in ("/health/channels", "/metrics"):
            async with stranger.get(f"http://127.0.0.1:{gateway.operators_port}{path}", headers={"Authorization": header} if header else {}) as answer:
                assert answer.status == 401
                assert "post" not in await answer.text()
        for path in ("/health/live", "/health/channels", "/metrics"):
            async with stranger.get(f"http://127.0.0.1:{gateway.port}{path}") as answer:
                assert answer.status == 404


async def test_a_token_is_made_at_the_first_start_and_nobody_else_may_read_it(on_sqlite: Deployment) -> None:
    async with on_sqlite.node(channels=POST) as gateway, aiohttp.ClientSession() as session:
        file = gateway.config.data_dir / "operators.token"
        assert file.stat().st_mode & 0o077 == 0
        budi = Operator(session, f"http://127.0.0.1:{gateway.operators_port}")
        assert (await budi.get("/metrics", Authorization=f"Bearer {file.read_text()}"))[0] == 200


# One fault at a time


def nowhere() -> str:
    """An address at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


async def test_a_wrong_token_is_told_of_that_channel_with_what_to_do(on_sqlite: Deployment) -> None:
    async with Twilio(ACCOUNT, "another").serve() as api, looked_after(on_sqlite, sms(api) + POST) as (_, budi):
        parts = await budi.until("sms", "out", "down", "auth")
        assert "Put the right account and token" in parts["sms"]["out"]["sentence"]
        assert parts["sms"]["in"]["state"] == "ok"
        assert (await budi.until("post", "out", "ok"))["post"]["in"]["state"] == "ok"


async def test_messages_that_are_refused_for_their_signature_are_told_of_that_way_in_until_one_is_accepted(on_sqlite: Deployment) -> None:
    twilio = Twilio(ACCOUNT, KEY)
    async with twilio.serve() as api, looked_after(on_sqlite, sms(api) + POST) as (gateway, budi):
        await budi.until("sms", "in", "ok")
        door, url = f"http://127.0.0.1:{gateway.port}/in/sms/message", f"{gateway.config.public_urls[0]}/in/sms/message"
        for signed_for, status, state in (("https://another.example/in/sms/message", 403, "degraded"), (url, 200, "ok")):
            params, headers = twilio.incoming(signed_for, from_="+6281200000001", to="1708", body="Jalan rusak")
            async with budi.session.post(door, data=params, headers=headers) as answer:
                assert answer.status == status
            parts = await budi.until("sms", "in", state)
            assert parts["sms"]["out"]["state"] == parts["post"]["in"]["state"] == "ok"
            if state == "degraded":
                assert "begin exactly as one of public_urls" in parts["sms"]["in"]["sentence"]


async def test_a_provider_that_refuses_connections_is_unreachable_and_mends_itself(on_sqlite: Deployment) -> None:
    twilio = Twilio(ACCOUNT, KEY)
    async with twilio.serve() as api:
        pass
    port = int(api.rpartition(":")[2])
    async with looked_after(on_sqlite, sms(api) + POST) as (_, budi):
        parts = await budi.until("sms", "out", "down", "unreachable")
        since = parts["sms"]["out"]["since"]
        assert (await budi.until("sms", "out", "down", "unreachable"))["sms"]["out"]["since"] == since
        await budi.until("post", "out", "ok")
        async with twilio.serve(port=port):
            await budi.until("sms", "out", "ok")


async def test_a_name_that_nobody_knows_is_unreachable(on_sqlite: Deployment) -> None:
    async with looked_after(on_sqlite, sms("https://tidak-ada.invalid") + POST) as (_, budi):
        await budi.until("sms", "out", "down", "unreachable")
        await budi.until("post", "out", "ok")


async def test_a_black_hole_is_a_time_out(on_sqlite: Deployment) -> None:
    held: list[asyncio.StreamWriter] = []
    hole = await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", 0)
    async with hole, looked_after(on_sqlite, sms(f"http://127.0.0.1:{hole.sockets[0].getsockname()[1]}") + POST) as (_, budi):
        await budi.until("sms", "out", "down", "timeout")
        await budi.until("post", "out", "ok")
    for writer in held:
        writer.close()
        await writer.wait_closed()


async def test_a_provider_that_answers_nonsense_is_the_providers_fault(on_sqlite: Deployment) -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    far_end = await asyncio.start_server(nonsense, "127.0.0.1", 0)
    async with far_end, looked_after(on_sqlite, sms(f"http://127.0.0.1:{far_end.sockets[0].getsockname()[1]}") + POST) as (_, budi):
        await budi.until("sms", "out", "down", "provider")
        await budi.until("post", "out", "ok")


async def test_a_full_disk_is_not_ready_and_says_so_at_every_way_in(tiny_disk: Path) -> None:
    deployment = Deployment(tiny_disk, "sqlite+aiosqlite:///store.db")
    config = deployment.config(channels=POST + HEALTH, reserve=0)
    config = config.model_copy(update={"journal": config.journal.model_copy(update={"min_free_bytes": 1024 * 1024})})
    async with deployment.node(config=config) as gateway, aiohttp.ClientSession() as session:
        budi = Operator(session, f"http://127.0.0.1:{gateway.operators_port}")
        await budi.until("post", "in", "ok")
        fill(tiny_disk / "other")
        parts = await budi.until("post", "in", "down", "not_accepting")
        assert "disk is nearly full" in parts["post"]["in"]["sentence"]
        assert (await budi.get("/health/ready"))[0] == 503
        assert await budi.get("/health/ready", Authorization=f"Bearer {KEY}") == (503, "The disk is nearly full: the journal accepts nothing more.\n")
        (tiny_disk / "other").unlink()
        await budi.until("post", "in", "ok")
        await budi.until("journal", "all", "ok")


async def test_a_journal_at_its_own_limit_is_not_ready_and_says_which(on_sqlite: Deployment) -> None:
    async with looked_after(on_sqlite, POST, journal="max_bytes = 400000") as (gateway, budi):
        await budi.until("journal", "all", "ok")
        with closing(sqlite3.connect(gateway.config.data_dir / "store.db", isolation_level=None, timeout=20, check_same_thread=False)) as other:
            # Somebody else has it, so nothing leaves the journal.
            await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
            refused = 0
            for i in range(60):
                try:
                    await gateway.inlets["post"].receive(letter(f"{i} " + "x" * 10_000, f"SM{i}", at=datetime.now(UTC)))
                except Refused:
                    refused += 1
            assert refused
            parts = await budi.until("journal", "all", "down", "not_accepting")
            assert "journal.max_bytes" in parts["journal"]["all"]["sentence"]
            await budi.until("post", "in", "down", "not_accepting")
            assert (await budi.get("/health/ready", Authorization=f"Bearer {KEY}"))[0] == 503
            await budi.until("store", "all", "down")
            _, text = await budi.get("/metrics", Authorization=f"Bearer {KEY}")
            other.execute("ROLLBACK")
        numbers = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        assert float(numbers['nwd_limit{limit="max_bytes",part="journal"}']) == 400_000
        assert 300_000 < float(numbers['nwd_limit_used{limit="max_bytes",part="journal"}']) <= 400_000
        assert float(numbers['nwd_limit_rejected_total{limit="max_bytes",part="journal"}']) == refused
        assert float(numbers['nwd_limit_rejected_total{limit="min_free_bytes",part="journal"}']) == 0
        for part, direction in (("journal", "all"), ("store", "all"), ("intake", "all"), ("post", "in")):
            await budi.until(part, direction, "ok")


async def test_the_store_away_is_still_ready(tmp_path: Path) -> None:
    with postgres() as server:
        deployment = Deployment(tmp_path, f"postgresql+asyncpg://postgres@/postgres?host={server.get_postmaster_info().socket_dir}")
        async with looked_after(deployment, POST) as (gateway, budi):
            await budi.until("store", "all", "ok")
            stop(server)
            await budi.until("store", "all", "down", "away")
            await receive_all(gateway, [letter("jalan rusak", "SM1", at=datetime.now(UTC))])
            parts = await budi.until("post", "in", "degraded", "waiting")
            assert "Reports are accepted and wait" in parts["post"]["in"]["sentence"]
            assert (await budi.get("/health/ready"))[0] == 200
            start(server)
            await budi.until("post", "in", "ok")
            await budi.until("store", "all", "ok")


async def test_a_reading_process_that_is_killed_is_started_again_and_nobody_is_worse_for_it(on_sqlite: Deployment) -> None:
    async with looked_after(on_sqlite, POST) as (gateway, budi):
        await receive_all(gateway, [letter("die", "SM1", at=datetime.now(UTC)), letter("jalan rusak", "SM2", at=datetime.now(UTC), sender="+6281200000001")])
        await on_sqlite.until("cases", lambda rows: len(rows) == 2)
        await budi.until("post", "in", "ok")
        await budi.until("intake", "all", "ok")


async def test_a_check_that_hangs_makes_that_channel_unknown_and_no_other(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    async with looked_after(on_sqlite, POST + '[channels.lain]\nkind = "postbox"\n') as (gateway, budi):
        await budi.until("lain", "out", "ok")
        stuck = asyncio.Event()
        mends = gateway.channels["lain"].check

        async def hangs() -> Any:  # noqa: ANN401  # nothing
            await stuck.wait()
            return await mends()

        monkeypatch.setattr(gateway.channels["lain"], "check", hangs)
        await budi.until("lain", "out", "unknown", "stale")
        await budi.until("post", "out", "ok")
        stuck.set()
        await budi.until("lain", "out", "ok")


async def test_what_sends_for_a_channel_falls_over_and_is_told_of_that_channel(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.supervisor._STANDS_AFTER", 0.2)
    async with looked_after(on_sqlite, POST + '[channels.lain]\nkind = "postbox"\n') as (gateway, budi):
        await budi.until("lain", "out", "ok")
        loop, mended = gateway.outboxes["lain"].loop, gateway.outboxes["lain"].loop._claim  # noqa: SLF001  # a fault that nothing from outside can make

        async def falls(*_: object) -> list[Any]:
            raise RuntimeError("rahasia warga")

        monkeypatch.setattr(loop, "_claim", falls)
        loop.ring()
        parts = await budi.until("lain", "out", "down", "fell_over")
        assert "falls over (RuntimeError at test_health.py" in parts["lain"]["out"]["sentence"]
        assert parts["lain"]["in"]["state"] == parts["post"]["out"]["state"] == "ok"
        monkeypatch.setattr(loop, "_claim", mended)
        await budi.until("lain", "out", "ok")


async def test_messages_that_nobody_takes_are_late(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    # What hangs here hangs at the end, too.
    monkeypatch.setattr(assembly, "STOP_SECONDS", 0.1)
    clock = ManualClock(NOON)
    async with looked_after(on_sqlite, POST, clock=clock) as (gateway, budi):
        await budi.until("post", "out", "ok")
        loop, hung = gateway.outboxes["post"].loop, asyncio.Event()
        mended = loop._claim  # noqa: SLF001  # as above

        async def hangs(*_: object) -> list[Any]:
            hung.set()
            await asyncio.Event().wait()
            return []

        # Outside of a transaction: the store shall not hang with it.
        monkeypatch.setattr(loop, "_claimed", hangs)
        loop.ring()
        await hung.wait()
        await receive_all(gateway, [letter("jalan rusak", "SM1", at=NOON)])
        await on_sqlite.until("notices", lambda rows: len(rows) == 1)
        clock.advance(minutes=2)
        parts = await budi.until("post", "out", "degraded", "late")
        assert parts["post"]["in"]["state"] == "ok"
        assert mended is loop._claim  # noqa: SLF001  # nothing else was changed


async def test_late_messages_are_told(on_sqlite: Deployment) -> None:
    clock = ManualClock(NOON)
    async with looked_after(on_sqlite, POST, clock=clock) as (gateway, budi):
        PROVIDERS["post"].faults = [HANG]
        await receive_all(gateway, [letter("jalan rusak", "SM1", at=NOON)])
        await on_sqlite.until("notices", lambda rows: len(rows) == 1)
        clock.advance(minutes=6)
        parts = await budi.until("post", "out", "degraded", "late")
        assert "late" in parts["post"]["out"]["sentence"]


async def test_a_budget_that_is_spent_is_told_until_the_next_hour(on_sqlite: Deployment) -> None:
    clock = ManualClock(NOON)
    async with looked_after(on_sqlite, POST, clock=clock, per_channel=3) as (gateway, budi):
        await budi.until("post", "out", "ok")
        await receive_all(gateway, [letter("jalan rusak", f"SM{i}", at=NOON, sender=f"+62812000000{i:02d}") for i in range(5)])
        await on_sqlite.until("notices", lambda rows: [row["state"] for row in rows].count("sent") == 3)
        clock.advance(seconds=11)
        parts = await budi.until("post", "out", "degraded", "budget")
        assert parts["post"]["in"]["state"] == "ok"
        clock.advance(hours=1)
        await budi.until("post", "out", "ok")


async def test_reports_that_nobody_moves_to_the_store_are_told_of_intake_and_every_way_in(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock(NOON)
    async with looked_after(on_sqlite, POST, clock=clock) as (gateway, budi):
        await budi.until("intake", "all", "ok")
        stuck, mended = asyncio.Event(), gateway.intake._store_batch  # noqa: SLF001  # a fault that nothing from outside can make

        async def hangs(*words: Any, **more: Any) -> None:  # noqa: ANN401  # as it is
            await stuck.wait()
            await mended(*words, **more)

        monkeypatch.setattr(gateway.intake, "_store_batch", hangs)
        await receive_all(gateway, [letter("jalan rusak", "SM1", at=NOON)])
        # A heartbeat, and no more: so many may pass on a busy machine that it is late already.
        await gateway.monitor.look_at_house()
        assert gateway.monitor.oldest_in_journal is not None
        # Somebody who set the clock has made nobody wait.
        clock.jump(hours=1)
        clock.advance(seconds=1)
        await budi.until("intake", "all", "ok")
        clock.advance(seconds=30)
        await budi.until("intake", "all", "degraded", "hangs")
        clock.advance(seconds=1)
        await budi.until("post", "in", "degraded", "waiting")
        for part, direction in (("post", "out"), ("journal", "all"), ("store", "all"), ("files", "all")):
            await budi.until(part, direction, "ok")
        stuck.set()
        await on_sqlite.until("cases", lambda rows: len(rows) == 1)
        clock.advance(seconds=1)
        await budi.until("intake", "all", "ok")
        clock.advance(seconds=1)
        await budi.until("post", "in", "ok")


async def test_what_moves_reports_falls_over_and_is_told_of_intake(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    async with looked_after(on_sqlite, POST) as (gateway, budi):
        await budi.until("intake", "all", "ok")
        mended = gateway.intake._batch  # noqa: SLF001  # as above

        async def falls(*_: object) -> None:
            raise RuntimeError("rahasia warga")

        monkeypatch.setattr(gateway.intake, "_batch", falls)
        await receive_all(gateway, [letter("jalan rusak", "SM1", at=datetime.now(UTC))])
        parts = await budi.until("intake", "all", "degraded", "fell_over")
        assert "falls over (RuntimeError at test_health.py" in parts["intake"]["all"]["sentence"]
        assert {parts[part]["all"]["state"] for part in ("journal", "store", "files", "clock")} == {parts["post"]["out"]["state"]} == {"ok"}
        await budi.until("post", "in", "degraded", "waiting")
        monkeypatch.setattr(gateway.intake, "_batch", mended)
        await budi.until("intake", "all", "ok")
        await budi.until("post", "in", "ok")


@pytest.mark.parametrize("which", ["fetcher", "pictures"])
async def test_what_looks_after_files_falls_over_and_is_told_of_files(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch, which: str) -> None:
    async with looked_after(on_sqlite, POST) as (gateway, budi):
        await budi.until("files", "all", "ok")
        loop: ClaimLoop[Any] = gateway.fetchers["post"].loop if which == "fetcher" else gateway.darkroom.loop
        mended = loop._claim  # noqa: SLF001  # as above

        async def falls(*_: object) -> list[Any]:
            raise RuntimeError("rahasia warga")

        monkeypatch.setattr(loop, "_claim", falls)
        parts = await budi.until("files", "all", "degraded", "fell_over")
        assert parts["post"]["in"]["state"] == parts["post"]["out"]["state"] == "ok"
        monkeypatch.setattr(loop, "_claim", mended)
        await budi.until("files", "all", "ok")


async def test_files_that_nobody_fetches_are_late(on_sqlite: Deployment) -> None:
    clock = ManualClock(NOON)
    async with looked_after(on_sqlite, POST, clock=clock) as (gateway, budi):
        await budi.until("files", "all", "ok")
        async with gateway.store.transaction() as tx:
            await tx.run(due.insert(), [dues.row("fetch", "of a node that is away", {}, NOON)])
        clock.advance(minutes=6)
        parts = await budi.until("files", "all", "degraded", "late")
        assert parts["files"]["all"]["sentence"].startswith("1 files are late")


def test_silence_is_not_well_and_a_clock_that_jumps_is_no_silence() -> None:
    board = Board(10)
    board.say("sms", "out", Finding(OK, "", "well"), NOON, 100.0)
    assert board.look(125.0)["sms", "out"].finding.state == OK
    assert board.look(126.0)["sms", "out"].finding.state == UNKNOWN


@pytest.mark.parametrize("hours", [1, -1])
async def test_a_jump_of_the_clock_is_told_and_forgotten_and_nobody_else_is_worse_for_it(on_sqlite: Deployment, hours: int) -> None:
    clock = ManualClock(NOON)
    async with looked_after(on_sqlite, POST, clock=clock) as (_, budi):
        for part, direction in (("post", "in"), ("post", "out"), ("clock", "all")):
            await budi.until(part, direction, "ok")
        clock.jump(hours=hours)
        assert {finding["state"] for directions in (await budi.parts()).values() for finding in directions.values()} == {"ok"}
        clock.advance(seconds=1)
        parts = await budi.until("clock", "all", "degraded", "jumped")
        assert f"jumped by {hours * 3600:+} seconds" in parts["clock"]["all"]["sentence"]
        assert {finding["state"] for part, directions in parts.items() if part != "clock" for finding in directions.values()} == {"ok"}
        clock.advance(minutes=11)
        await budi.until("clock", "all", "ok")


async def test_what_is_measured_adds_up_and_names_nobody(on_sqlite: Deployment) -> None:
    async with looked_after(on_sqlite, POST) as (gateway, budi):
        with closing(sqlite3.connect(gateway.config.data_dir / "store.db")):
            await receive_all(gateway, [letter(f"jalan rusak {i}", f"SM{i}", at=datetime.now(UTC)) for i in range(7)])
        await on_sqlite.until("notices", lambda rows: len(rows) == 7 and all(row["state"] == "sent" for row in rows))
        await gateway.monitor.look_at_house()
        await gateway.monitor.look_at("post")
        _, text = await budi.get("/metrics", Authorization=f"Bearer {KEY}")
    numbers = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(numbers["nwd_accepted_total"]) == 7
    assert float(numbers["nwd_accepted_total"]) == float(numbers["nwd_handed_over_total"]) + float(numbers["nwd_journal_depth"])
    assert float(numbers['nwd_in_total{channel="post"}']) == float(numbers['nwd_sent_total{channel="post"}']) == 7
    for stage in ("accept", "send"):
        assert float(numbers[f'nwd_{stage}_seconds_count{{channel="post"}}']) == 7
    assert float(numbers['nwd_intake_lag_seconds_count{channel="post"}']) == 7
    assert float(numbers['nwd_state{direction="all",part="store",state="ok"}']) == 1
    assert (float(numbers["nwd_parked"]), float(numbers["nwd_journal_age_seconds"])) == (0, 0)
    assert float(numbers['nwd_outbox_depth{channel="post"}']) == 0
    limits = {name: (allowed, rejected) for name, allowed, rejected in limits_of(numbers)}
    assert limits['limit="per_recipient_per_hour",part="notices"'] == (1000, 0)
    assert limits['limit="connections",part="public"'] == (512, 0)
    assert {'limit="min_free_bytes",part="journal"', 'limit="misses_in_ten_minutes",part="tracking"', 'limit="tries",part="intake"'} <= limits.keys()
    assert "+62" not in text
    assert "jalan" not in text


def limits_of(numbers: dict[str, str]) -> list[tuple[str, float, float]]:
    """Each limit, what it allows, and how often it turned something away: none is without its counter."""
    names = [name.removeprefix("nwd_limit{").rstrip("}") for name in numbers if name.startswith("nwd_limit{")]
    return [(name, float(numbers[f"nwd_limit{{{name}}}"]), float(numbers[f"nwd_limit_rejected_total{{{name}}}"])) for name in names]


async def test_sends_and_readings_that_take_too_long_are_counted(on_sqlite: Deployment) -> None:
    clock = ManualClock(NOON)
    async with looked_after(on_sqlite, POST, clock=clock) as (gateway, budi):
        provider = PROVIDERS["post"]
        provider.faults = [HANG]
        await receive_all(gateway, [letter("jalan rusak", "SM1", at=NOON)])
        async with asyncio.timeout(60):
            await provider.until(lambda: provider.attempts == 1)
        clock.advance(seconds=31)
        await on_sqlite.until("notices", lambda rows: rows[0]["attempts"] == 1)
        await receive_all(gateway, [letter("hang", "SM2", at=NOON)])
        await on_sqlite.until("arrivals", lambda rows: len(rows) == 2)
        _, text = await budi.get("/metrics", Authorization=f"Bearer {KEY}")
    rejected = {name: value for name, _, value in limits_of(dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")))}
    assert next(value for name, value in rejected.items() if "send_seconds" in name and '"post"' in name) == 1
    # In the batch, and then once for each try alone.
    assert next(value for name, value in rejected.items() if "read_seconds" in name) >= 3


async def test_each_limit_counts_what_it_turned_away(on_sqlite: Deployment) -> None:
    small = "max_files = 1\nmax_file_bytes = 2048\nmax_text_bytes = 16384\nmax_fields = 40\nmax_body_bytes = 65536\nmax_per_minute = 8\nidle_seconds = 1"
    photo = ("a.png", "image/png", PNG)
    async with looked_after(on_sqlite, f'[channels.web]\nkind = "web-form"\n{small}\n') as (gateway, budi), citizen(gateway) as siti:
        key = await siti.key()
        for fields, files in (
            ([], [photo, photo]),
            ([], [("b.png", "image/png", PNG + b"x" * 4000)]),
            ([("isi", "Lampu mati " * 2000)], []),
            ([(f"lain{i}", "x") for i in range(60)], []),
            ([], [("c.png", "image/png", PNG + b"x" * 100_000)]),
        ):
            assert (await siti.send([("kunci", key), *fields], files)).status == 413
        # Whose network fell silent in the middle is asked to send it again, too.
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(b"POST /lapor HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 900\r\n\r\n--x\r\n")
        assert b" 503 " in await reader.readline()
        writer.close()
        while (await siti.send([("kunci", key), ("isi", "Lampu mati")])).status != 429:
            pass
        _, text = await budi.get("/metrics", Authorization=f"Bearer {KEY}")
    limits = {name: rejected for name, _, rejected in limits_of(dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")))}
    mine = {name.split('"')[1]: rejected for name, rejected in limits.items() if 'part="web"' in name}
    # Of the last photo nothing is read behind what a body may have.
    expected = {"max_files": 1, "max_file_bytes": 1, "max_text_bytes": 1, "max_fields": 1, "max_body_bytes": 1, "max_per_minute": 1, "max_at_once": 0}
    expected |= {"idle_seconds": 1, "accept_seconds": 0}
    assert mine == expected
