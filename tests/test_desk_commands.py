"""What is typed on the machine: who may sign in, and which channel is paused."""

from __future__ import annotations

import asyncio
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from channels.holding import Hold
from gateway.health import PAUSED
from tests.manual_clock import ManualClock
from tests.operator import PASSWORD, POST, QUICK, at_the_desk, somebody
from tests.postbox import PROVIDERS, letter
from tests.test_readme import run
from tests.world import Deployment, keyed, receive_all


async def typed(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """In the deployment's folder."""
    return await asyncio.to_thread(run, *arguments, "--config", str(keyed(folder)), folder=folder)


async def test_somebody_is_added_signs_in_gets_another_password_and_is_removed(on_sqlite: Deployment, tmp_path: Path) -> None:
    (tmp_path / "sandi").write_text(f"{PASSWORD}\nnot this\n")
    (tmp_path / "baru").write_text("kata sandi yang lain lagi\r\n")
    web = '[channels.web]\nkind = "web-form"\n' + QUICK
    async with on_sqlite.node(channels=web) as gateway, somebody(gateway) as siti:
        await gateway.store.migrate()
        added = await typed(tmp_path, "user", "add", "siti", "--password-file", "sandi")
        assert (added.returncode, PASSWORD in added.stdout + added.stderr) == (0, False)
        assert "siti is there already" in (await typed(tmp_path, "user", "add", "siti", "--password-file", "sandi")).stderr
        assert (await siti.sign_in("SITI ")).leads_to == "/channels"
        assert "siti  since" in (await typed(tmp_path, "user", "list")).stdout

        assert (await typed(tmp_path, "user", "password", "siti", "--password-file", "baru")).returncode == 0
        assert (await siti.post("/channels/web/test")).leads_to == "/login?kenapa=over"
        assert (await siti.sign_in("siti", "kata sandi yang lain lagi")).leads_to == "/channels"

        assert (await typed(tmp_path, "user", "remove", "siti")).returncode == 0
        assert (await siti.sign_in("siti", "kata sandi yang lain lagi")).status == 403
        for command in ("remove", "password"):
            more = ("--password-file", "sandi") if command == "password" else ()
            assert "There is no siti" in (await typed(tmp_path, "user", command, "siti", *more)).stderr
    # What was done stays written down, also of who is gone.
    assert [(row["what"], row["about"]) for row in await on_sqlite.rows("audit") if row["source"] == ""] == [
        ("user added", "siti"),
        ("user password", "siti"),
        ("user removed", "siti"),
    ]


@pytest.mark.parametrize(("name", "password"), [("siti", "sebelas kar"), ("siti", "x" * 257), ("siti", ""), ("Siti Aminah", PASSWORD), ("<b>", PASSWORD)])
async def test_a_name_or_a_password_that_is_none_is_told_and_kept_nowhere(on_sqlite: Deployment, tmp_path: Path, name: str, password: str) -> None:
    on_sqlite.config(channels=POST.replace("postbox", "web-form"))
    (tmp_path / "sandi").write_text(password)
    refused = await typed(tmp_path, "user", "add", name, "--password-file", "sandi")
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr
    assert not password or password not in refused.stderr
    assert not (tmp_path / "data-a" / "store.db").exists()


async def test_a_channel_is_paused_and_resumed_by_a_command_beside_the_gateway(on_sqlite: Deployment, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("123456:abcdefghijklmnopqrstuvwxyz0123456789")
    both = '[channels.web]\nkind = "web-form"\n[channels.bot]\nkind = "telegram"\napi_base = "http://127.0.0.1:9"\ntoken = { file = "token" }\n'
    async with on_sqlite.node(channels=both + QUICK) as gateway, somebody(gateway):
        await gateway.store.migrate()
        assert "bot is paused" in (await typed(tmp_path, "pause", "bot", "--why", "pindah", "--by", "siti")).stdout
        assert "was paused before" in (await typed(tmp_path, "pause", "bot")).stdout
        assert [(row["part"], row["by"], row["why"]) for row in await on_sqlite.rows("pauses")] == [("bot", "siti", "pindah")]
        assert "bot goes on" in (await typed(tmp_path, "resume", "bot")).stdout
        assert "was not paused" in (await typed(tmp_path, "resume", "bot")).stdout
        form = await typed(tmp_path, "pause", "web")
        assert (form.returncode, "there is nothing to pause" in form.stderr) == (2, True)
        unknown = await typed(tmp_path, "pause", "nowhere")
        assert (unknown.returncode, "There is no channel nowhere. There are: web, bot." in unknown.stderr) == (2, True)
    assert await on_sqlite.rows("pauses") == []


async def test_a_paused_channel_is_no_alarm_and_keeps_accepting(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite) as budi:
        await budi.post("/channels/post/pause", why="pindah nomor")
        await receive_all(budi.gateway, [letter("jalan rusak", "SM1", at=datetime.now(UTC))])
        monitor = budi.gateway.monitor
        await monitor.look_at("post")
        board = monitor.board.look(budi.gateway.clock.counted())
        assert board["post", "out"].finding.state == PAUSED
        assert "Paused by budi. (pindah nomor)" in board["post", "out"].finding.sentence
        # Doors stay open, and say so.
        assert board["post", "in"].finding.state == "ok"
        await on_sqlite.until("cases", lambda rows: len(rows) == 1)
        assert PROVIDERS["post"].sent == []


# Who fetches


async def test_a_hold_lasts_until_somebody_ends_it() -> None:
    clock = ManualClock()
    hold = Hold(clock.now)
    await hold.over()
    hold.begin(clock.now())
    waiting = asyncio.create_task(hold.over())
    await asyncio.wait([waiting], timeout=0.05)
    assert not waiting.done()
    hold.begin(None)
    await asyncio.wait_for(waiting, 5)


async def test_a_hold_never_lasts_so_long_that_what_waits_would_be_lost() -> None:
    clock = ManualClock()
    hold = Hold(clock.now, longest=timedelta(hours=12))
    hold.begin(clock.now() - timedelta(hours=12))
    await asyncio.wait_for(hold.over(), 5)
    hold.begin(clock.now() - timedelta(hours=12) + timedelta(milliseconds=50))
    await asyncio.wait_for(hold.over(), 5)
