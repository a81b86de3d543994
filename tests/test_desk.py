"""The operators' pages: every channel as a door, and what they press: pause, resume, test, try again."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest
from babel.messages.pofile import read_po

from channels import Checked
from gateway import words
from gateway.desk import telling
from gateway.desk.picture import Card, Way
from gateway.health import DOWN, KINDS, OK, PAUSED
from gateway.ids import new_id
from gateway.store import states
from gateway.store.pauses import Pause
from gateway.store.states import Stretch
from tests.manual_clock import ManualClock
from tests.operator import NAME, POST, QUICK, SCRIPT, at_the_desk, somebody
from tests.postbox import PROVIDERS, letter
from tests.world import Deployment, receive_all

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


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
        # On a busy machine a heartbeat may come late, and then it is not known for a moment.
        page = (await budi.until("/channels?bahasa=id&selesai=pause&kanal=post", lambda answer: ">1 dijeda</h1>" in answer.text)).text
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
    async with at_the_desk(on_sqlite, clock=ManualClock()) as budi:
        outbox, now = budi.gateway.outboxes["post"], budi.gateway.clock.now()
        for _ in range(5):
            outbox.breaker = outbox.breaker.failed(now)
        assert outbox.breaker.limit(10, now) == 0
        assert (await budi.post("/channels/post/retry")).leads_to.startswith("/channels?selesai=retry")
        assert outbox.breaker.limit(10, now) == 1
        # It is mended: the one goes, and after it all others.
        await receive_all(budi.gateway, [letter("jalan rusak", "SM1", at=now)])
        await on_sqlite.until("notices", lambda found: found[0]["state"] == "sent")
        assert outbox.breaker.limit(10, now) == 10
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
