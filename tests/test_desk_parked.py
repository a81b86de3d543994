"""What waits for a person: shown on an explicit press, read again, sent again, or let go with a reason; each press is written down."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from gateway import reconcile
from tests.operator import NAME, SCRIPT, Operator, at_the_desk
from tests.postbox import letter
from tests.world import Deployment, receive_all


async def parked(budi: Operator) -> str:
    """A report that nobody can read; where it stands on the page."""
    await receive_all(budi.gateway, [letter("raise", "SM1", at=datetime.now(UTC))])
    page = await budi.until("/parked", lambda answer: "/raw" in answer.text)
    [path] = set(re.findall(r'action="(/parked/\w+/\d+)/raw"', page.text))
    return str(path)


async def test_what_nobody_could_read_is_shown_to_whoever_presses_for_it_and_that_is_written_down(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite) as budi:
        path = await parked(budi)
        async with budi.gateway.store.transaction() as tx:
            await tx.run(sa.text("UPDATE arrivals SET raw = :raw"), {"raw": f"{SCRIPT} \u202e\x1b[2J rahasia di Sotek \udcff".encode(errors="surrogateescape")})
        for page in ("/channels", "/parked"):
            assert "Sotek" not in (await budi.get(page)).text
        # A link alone shows nothing.
        assert (await budi.get(f"{path}/raw")).status in {404, 405}
        raw = await budi.post(f"{path}/raw")
        assert raw.status == 200
        assert "rahasia di Sotek" in raw.text
        assert "&lt;script&gt;alert" in raw.text
        assert "<script>alert" not in raw.text
        assert "\u202e" not in raw.text
        assert "\x1b" not in raw.text
        [arrival] = await on_sqlite.rows("arrivals")
        assert [(row["who"], row["about"]) for row in await on_sqlite.rows("audit") if row["what"] == "raw"] == [(NAME, arrival["number"])]


async def test_what_can_be_read_after_the_mend_becomes_its_case_and_what_cannot_stays(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_the_desk(on_sqlite) as budi:
        path = await parked(budi)
        assert (await budi.post(f"{path}/retry")).leads_to == "/parked?salah=unreadable"
        assert "tetap tidak terbaca" in (await budi.get("/parked?bahasa=id&salah=unreadable")).text
        # Mended: the words are others, as for a reader that understands them now.
        async with budi.gateway.store.transaction() as tx:
            await tx.run(sa.text("UPDATE arrivals SET raw = :raw"), {"raw": b"lampu jalan mati di Sotek"})
        assert (await budi.post(f"{path}/retry")).leads_to == "/parked?selesai=read"
        assert "Tertahan: 0" in (await budi.get("/parked")).text
    [case], [arrival] = await on_sqlite.rows("cases"), await on_sqlite.rows("arrivals")
    assert (case["number"], arrival["outcome"]) == (arrival["number"], "case")
    assert len(await on_sqlite.rows("notices")) == 1


async def test_two_who_press_at_the_same_moment_read_it_once(deployment: Deployment) -> None:
    async with at_the_desk(deployment) as budi:
        path = await parked(budi)
        async with budi.gateway.store.transaction() as tx:
            await tx.run(sa.text("UPDATE arrivals SET raw = :raw"), {"raw": b"lampu jalan mati di Sotek"})
        ends = await asyncio.gather(*(budi.post(f"{path}/retry") for _ in range(4)))
        assert Counter(end.leads_to for end in ends) == {"/parked?selesai=read": 1, "/parked?salah=clash": 3}
    assert [row["outcome"] for row in await deployment.rows("arrivals")] == ["case"]
    assert [row["kind"] for row in sorted(await deployment.rows("events"), key=lambda row: row["version"])] == ["opened", "filled"]
    assert len([row for row in await deployment.rows("messages") if row["direction"] == "in"]) == 1
    assert len(await deployment.rows("notices")) == 1


async def test_who_lets_one_go_says_why_and_its_case_keeps_its_owner(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite) as budi:
        path = await parked(budi)
        for why in ("", "   ", "\u200b\x00"):
            assert (await budi.post(f"{path}/release", why=why)).leads_to == "/parked?salah=why"
        assert (await budi.post(f"{path}/release", why="diketik ulang")).leads_to == "/parked?selesai=released"
        assert "Tertahan: 0" in (await budi.get("/parked")).text
        # Twice is once.
        assert (await budi.post(f"{path}/release", why="diketik ulang")).leads_to == "/parked?salah=clash"
        assert (await budi.post(f"{path}/raw")).leads_to == "/parked?salah=clash"
    [case], [arrival] = await on_sqlite.rows("cases"), await on_sqlite.rows("arrivals")
    assert (case["owner"], case["status"]) == ("diskominfo", "received")
    assert (arrival["outcome"], arrival["reason"]) == ("case", f"released by {NAME}: diketik ulang")
    assert arrival["raw"]
    assert {account.verdict for account in await on_sqlite.accounts()} == {reconcile.OK}


@pytest.mark.parametrize(("press", "state"), [("retry", "sent"), ("release", "withheld")])
async def test_a_message_that_could_not_be_sent_is_sent_again_or_let_go(on_sqlite: Deployment, press: str, state: str) -> None:
    async with at_the_desk(on_sqlite) as budi:
        await receive_all(budi.gateway, [letter("jalan rusak", "SM1", at=datetime.now(UTC))])
        await on_sqlite.until("notices", lambda found: found[0]["state"] == "sent")
        async with budi.gateway.store.transaction() as tx:
            await tx.run(sa.text("UPDATE notices SET state = 'parked', reason = :why"), {"why": f"refused {SCRIPT}"})
        page = await budi.until("/parked?bahasa=en", lambda answer: "Send again" in answer.text)
        assert SCRIPT not in page.text
        [path] = set(re.findall(r'action="(/parked/notice/[\w-]+)/retry"', page.text))
        assert (await budi.post(f"{path}/{press}", why="tidak perlu")).leads_to.startswith("/parked?selesai=")
        await on_sqlite.until("notices", lambda found: found[0]["state"] == state)


@pytest.mark.parametrize(
    "path",
    [
        "/parked/none/1/raw",
        "/parked/none/1/retry",
        "/parked/none/999999999999999999/release",
        "/parked/notice/none/retry",
        # PostgreSQL takes no such text.
        "/parked/%00/1/raw",
        "/parked/notice/%00/retry",
    ],
)
async def test_what_is_not_parked_cannot_be_pressed(deployment: Deployment, path: str) -> None:
    async with at_the_desk(deployment) as budi:
        assert (await budi.post(path, why="x")).leads_to == "/parked?salah=clash"
        assert [row["what"] for row in await deployment.rows("audit")] == ["login"]
