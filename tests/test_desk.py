"""The operators' pages: every channel as a door, what waits for a person, and what they press; told to all open pages by one look for everybody."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from babel.messages.pofile import read_po

from channels import Checked
from gateway import reconcile, words
from gateway.desk import telling
from gateway.desk.picture import Card, Way
from gateway.health import DOWN, KINDS, OK, PAUSED
from gateway.ids import new_id
from gateway.node import Gateway
from gateway.store import states
from gateway.store.pauses import Pause
from gateway.store.states import Stretch
from tests.manual_clock import ManualClock
from tests.operator import NAME, POST, QUICK, Operator, at_the_desk, somebody
from tests.postbox import PROVIDERS, Provider, away, letter
from tests.world import Deployment, receive_all

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
SCRIPT = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>"


async def test_a_card_tells_how_its_channel_is_and_what_came_and_went(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite) as budi:
        await receive_all(budi.gateway, [letter("jalan rusak di Sotek", f"SM{i}", at=datetime.now(UTC)) for i in range(3)])
        page = await budi.until("/channels?bahasa=en", lambda answer: "<dd>3 / 3</dd>" in answer.text and answer.text.count("badge ok") == 6)
        assert "All doors are open" in page.text
        assert "Takes in and answers as usual." in page.text
        assert 'aria-label="Reports that came in each hour, last 24 hours: 3 reports."' in page.text
        assert "sp-part" in page.text
        # Latencies, of three that took a moment each.
        assert len(re.findall(r"<dd>(?:&lt; )?[\d.]+ s / (?:&lt; )?[\d.]+ s</dd>", page.text)) == 2
        assert "Semua pintu terbuka" in (await budi.get("/channels?bahasa=id")).text
        # The language that was asked for last is remembered.
        assert "Semua pintu terbuka" in (await budi.get("/channels")).text


# Pauses


async def test_a_pause_holds_what_goes_out_on_every_node_shuts_no_door_and_loses_nothing(on_postgres: Deployment) -> None:
    async with at_the_desk(on_postgres) as budi, on_postgres.node("b", channels=POST + QUICK) as other:
        gateway = budi.gateway
        await budi.until("/channels", lambda answer: answer.text.count("badge ok") == 6)
        assert (await budi.post("/channels/post/pause", why=f"pindah nomor {SCRIPT}")).leads_to == "/channels?selesai=pause&kanal=post#kanal-post"
        page = (await budi.get("/channels?bahasa=id&selesai=pause&kanal=post")).text
        assert "1 dijeda" in page
        assert "post dijeda. Yang masuk tetap disimpan" in page
        assert f"Dijeda oleh {NAME}: pindah nomor &lt;script&gt;" in page
        assert SCRIPT not in page
        for node in (gateway, other):
            await receive_all(node, [letter("jalan rusak", f"SM{id(node)}", at=datetime.now(UTC))])
        await on_postgres.until("notices", lambda found: len(found) == 2)
        # Both nodes look more than once.
        for node in (gateway, other):
            node.outboxes["post"].loop.ring()
            async with asyncio.timeout(30):
                while node.monitor.board.look(node.clock.counted())["post", "out"].finding.state != PAUSED:  # noqa: ASYNC110  # the board has no bell
                    await asyncio.sleep(0.02)
        assert {row["state"] for row in await on_postgres.rows("notices")} == {"queued"}
        assert PROVIDERS["post"].sent == []

        # Another node is enough to resume it.
        async with somebody(other) as siti:
            await siti.sign_in()
            assert (await siti.post("/channels/post/resume")).leads_to.startswith("/channels?selesai=resume")
        await on_postgres.until("notices", lambda found: {row["state"] for row in found} == {"sent"})
        assert len(PROVIDERS["post"].sent) == 2
    assert [(row["who"], row["what"], row["about"]) for row in await on_postgres.rows("audit") if row["what"] in {"pause", "resume"}] == [
        (NAME, "pause", "post"),
        (NAME, "resume", "post"),
    ]


async def test_a_pause_outlives_a_restart(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite) as budi:
        await budi.post("/channels/post/pause", why="pindah nomor")
    async with on_sqlite.node(channels=POST + QUICK) as gateway, somebody(gateway) as budi:
        await budi.sign_in()
        await receive_all(gateway, [letter("jalan rusak", "SM1", at=datetime.now(UTC))])
        await budi.until("/channels", lambda answer: "Dijeda oleh budi: pindah nomor." in answer.text)
        await on_sqlite.until("notices", lambda found: len(found) == 1)
        assert PROVIDERS["post"].sent == []


async def test_who_paused_first_stays_the_one_who_did(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite) as budi:
        for why in ("pindah nomor", "lain"):
            await budi.post("/channels/post/pause", why=why)
        [pause] = await on_sqlite.rows("pauses")
        assert (pause["by"], pause["why"]) == (NAME, "pindah nomor")
        assert [row["why"] for row in await on_sqlite.rows("audit") if row["what"] == "pause"] == ["pindah nomor"]


# Test and try again


async def test_a_test_asks_the_provider_now_and_says_what_it_found(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_the_desk(on_sqlite, clock=ManualClock()) as budi:

        async def refused() -> Checked:
            return Checked(ok=False, sentence=f"It refuses us {SCRIPT}.", kind="auth")

        monkeypatch.setattr(budi.gateway.channels["post"], "check", refused)
        assert (await budi.post("/channels/post/test")).leads_to == "/channels?selesai=test&kanal=post#kanal-post"
        page = (await budi.get("/channels?bahasa=en")).text
        assert "1 door is shut" in page
        assert "What comes is taken in as usual. Answers do not go out: the provider refuses our name or token." in page
        assert "Put the right name and token into the configuration" in page
        # What the monitor said stands there with what was in it, as words and nothing else.
        assert "It refuses us &lt;script&gt;" in page
        assert SCRIPT not in page
        assert 'action="/channels/post/retry"' in page


async def test_try_again_sends_one_to_see_while_the_breaker_is_open(on_sqlite: Deployment) -> None:
    PROVIDERS["post"] = provider = Provider(faults=[away() for _ in range(5)])
    async with at_the_desk(on_sqlite, clock=ManualClock()) as budi:
        gateway = budi.gateway
        await receive_all(gateway, [letter("jalan rusak", f"SM{i}", at=gateway.clock.now()) for i in range(6)])
        await provider.until(lambda: provider.attempts == 6)
        breaker = gateway.outboxes["post"].breaker
        assert breaker.open_until is None or provider.sent
        gateway.outboxes["post"].breaker = breaker.failed(gateway.clock.now())
        assert (await budi.post("/channels/post/retry")).leads_to.startswith("/channels?selesai=retry")
    assert "retry" in [row["what"] for row in await on_sqlite.rows("audit")]


@pytest.mark.parametrize("path", ["/channels/nowhere/pause", "/channels/post/destroy", "/channels/%3Cscript%3E/test", "/channels/post/..%2fpause"])
async def test_what_is_not_there_cannot_be_pressed(on_sqlite: Deployment, path: str) -> None:
    async with at_the_desk(on_sqlite) as budi:
        assert (await budi.post(path)).leads_to == "/channels?salah=unknown"
        assert "kanal itu tidak ada" in (await budi.get("/channels?bahasa=id&salah=unknown")).text


async def test_an_address_says_nothing_on_the_page_that_is_not_ours(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite) as budi:
        for path in ("/channels?selesai=test&kanal=<script>", "/channels?selesai=<b>&kanal=post", "/channels?salah=<script>", "/parked?selesai=<script>"):
            page = await budi.get(path)
            assert page.status == 200
            assert 'role="status"><p>' not in page.text
            assert 'role="alert"' not in page.text
            assert "<script>" not in page.text


# What is parked


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


@pytest.mark.parametrize("path", ["/parked/none/1/raw", "/parked/none/1/retry", "/parked/none/999999999999999999/release", "/parked/notice/none/retry"])
async def test_what_is_not_parked_cannot_be_pressed(on_sqlite: Deployment, path: str) -> None:
    async with at_the_desk(on_sqlite) as budi:
        assert (await budi.post(path, why="x")).leads_to == "/parked?salah=clash"
        assert [row["what"] for row in await on_sqlite.rows("audit")] == ["login"]


# Live


@contextmanager
def statements(gateway: Gateway) -> Iterator[list[str]]:
    """Everything that is asked of the store."""
    asked: list[str] = []
    engine = gateway.store._engine.sync_engine  # noqa: SLF001  # the engine tells what it executes

    def note(*told: object) -> None:
        asked.append(str(told[2]))

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


async def test_twenty_open_pages_ask_the_store_and_the_journal_nothing(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock()
    async with at_the_desk(on_sqlite, clock=clock) as budi:
        journal = budi.gateway.journal
        streams = [await budi.session.get(f"{budi.base}/channels/events?seen=0") for _ in range(20)]
        try:
            for stream in streams:
                assert await event(stream) == ("well", {})
                assert "semua" in (await event(stream))[1]
            with statements(budi.gateway) as asked:
                touched: list[str] = []
                for name in ("append", "probe", "oldest"):
                    monkeypatch.setattr(journal, name, lambda *_, name=name: touched.append(name))
                for _ in range(20):
                    for path in ("/channels", "/parked"):
                        assert (await budi.get(path)).status == 200
                assert (asked, touched) == ([], [])
                monkeypatch.undo()
                # One look, and all twenty know.
                clock.advance(seconds=61)
                for stream in streams:
                    name, parts = await event(stream)
                    assert (name, "semua" in parts) == ("parts", True)
            looked = [one for one in asked if "FROM sessions" in one and one.startswith("SELECT")]
            assert len(looked) == 1
        finally:
            for stream in streams:
                stream.close()


async def event(stream: object) -> tuple[str, dict[str, str]]:
    """The next that is no comment."""
    name, data = "", "{}"
    async with asyncio.timeout(30):
        while True:
            line = (await stream.content.readline()).decode().rstrip("\n")  # type: ignore[attr-defined]  # an answer of aiohttp's client
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                data = line[6:]
            elif not line and name:
                return name, json.loads(data)


async def test_an_open_page_is_told_what_changes_and_when_its_session_ends(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite) as budi, somebody(budi.gateway) as other:
        await other.sign_in()
        page = await budi.until("/channels", lambda answer: answer.text.count("badge ok") == 6)
        [version] = re.findall(r'data-version="(\d+)"', page.text)
        async with budi.session.get(f"{budi.base}/channels/events?bahasa=id&seen={version}") as stream:
            assert stream.headers["Content-Type"] == "text/event-stream"
            assert await event(stream) == ("well", {})
            await other.post("/channels/post/pause", why=SCRIPT)
            seen: dict[str, str] = {}
            while "Dijeda" not in seen.get("kanal-post", ""):
                seen |= (await event(stream))[1]
            assert SCRIPT not in seen["kanal-post"]
            # A house that did not change is not told again.
            assert "rumah" not in seen
            await budi.post("/logout")
            while (await event(stream))[0] != "ended":
                pass
            assert await stream.content.read() == b""


async def test_a_gateway_that_stops_sends_open_pages_home(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite) as budi:
        stream = await budi.session.get(f"{budi.base}/channels/events")
        began = asyncio.get_running_loop().time()
    # Else it would wait as long as handlers may take.
    assert asyncio.get_running_loop().time() - began < 8
    stream.close()


@pytest.mark.parametrize("seen", ["", "-1", "x", "9" * 40, "1e9", "99999999999999999"])
async def test_a_version_that_is_none_of_ours_brings_everything(on_sqlite: Deployment, seen: str) -> None:
    async with at_the_desk(on_sqlite) as budi, budi.session.get(f"{budi.base}/channels/events?seen={seen}") as stream:
        assert (await event(stream))[0] == "well"
        assert {"semua", "rumah", "tertahan", "kanal-post"} <= set((await event(stream))[1])


# How it was


async def test_what_was_not_well_stands_there_with_how_long_and_a_month_has_its_share(on_sqlite: Deployment) -> None:
    clock = ManualClock()
    async with at_the_desk(on_sqlite, clock=clock) as budi:
        node, now = budi.gateway.journal.id, clock.now()
        down = Stretch(new_id(), node, "post", "out", now - timedelta(hours=3), now - timedelta(hours=2), DOWN, "auth", f"It refuses {SCRIPT}.")
        well = Stretch(new_id(), node, "post", "out", now - timedelta(hours=2), now, OK, "", "")
        elsewhere = Stretch(new_id(), "another", "post", "in", now - timedelta(hours=3), now, DOWN, "refused", "")
        async with budi.gateway.store.transaction() as tx:
            await states.write(tx, [down, well, elsewhere])
        clock.advance(minutes=6)
        page = await budi.until("/channels?bahasa=en", lambda answer: "usable, 30 days" in answer.text and "Changes, last 24 hours" in answer.text)
        # Two hours of three, and what this node saw since; the way in was well all the time.
        [share] = re.findall(r"<dd>([\d.]+) %</dd>", page.text)
        assert 66 < float(share) < 70
        [row] = [one for one in re.findall(r"<tr>.*?</tr>", page.text) if '<td class="keep n">1 h</td>' in one]
        assert '<th scope="row">post, out</th>' in row
        assert "Answers do not go out: the provider refuses our name or token." in row
        # What another node saw of its own way in is not this one's.
        assert "signature does not hold" not in page.text
        assert "<script>alert" not in page.text


# Words


def codes(language: str) -> set[str]:
    with (words.LOCALE / language / "LC_MESSAGES" / "gateway.po").open("rb") as file:
        return {str(message.id if isinstance(message.id, str) else message.id[0]) for message in read_po(file) if message.id and all(message.string or "")}


def test_every_kind_that_health_can_tell_has_a_sentence_and_what_to_do_in_both_languages() -> None:
    for language in ("id", "en"):
        there = codes(language)
        assert [kind for kind in sorted(KINDS) if f"desk.say.{kind}" not in there and f"desk.say.out.{kind}" not in there] == []
        assert [kind for kind in sorted(KINDS) if f"desk.todo.{kind}" not in there] == []


def test_what_was_not_always_usable_is_never_told_as_always() -> None:
    indonesian = words.load(("id",))["id"]
    assert [telling.percent(indonesian, share) for share in (1.0, 0.99999, 0.9998, 0.0)] == ["100 %", "99,99 %", "99,98 %", "0 %"]


def test_a_kind_that_is_newer_than_the_words_is_told_by_its_state() -> None:
    t = words.load(("en",))["en"]
    ways = (Way("post", "in", OK, "", "", NOW, None), Way("post", "out", DOWN, "brand_new", "It burns.", NOW, None))
    card = Card("post", "sms", ways, (0,) * 24, 0, 0, None, None, None, None, 0)
    told = telling.of_card(t, card)
    assert told.sentences == ("What comes is taken in as usual.", "It does not work.")
    assert told.todo.startswith("Read the technical details")
    assert told.details == ("out: It burns.",)
    paused = Card("post", "sms", ways, (0,) * 24, 0, 0, None, None, None, Pause("budi", NOW, ""), 0)
    # What a person stopped does not hide what is broken.
    assert telling.of_card(t, paused).sentences == ("Paused by budi.", "It does not work.")
