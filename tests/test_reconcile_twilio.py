"""After an outage of our own, what Twilio could not deliver is fetched from its list of messages, by itself or when it is asked for; once, whatever happens."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from channels import MESSAGE, Arrival, SendFailed
from channels.sms.channel import TwilioSms
from gateway.demo.twilio import Status, TooMany, Twilio
from normalizer import Report
from tests.manual_clock import ManualClock
from tests.outage import DOOR, NUMBER, account, answering, channels, known_whole, marked, nobody_answers, whole_until, write
from tests.sms_channel import ACCOUNT, OURS, channel
from tests.world import Deployment, handed_over

# The smallest picture there is: a GIF of one pixel.
PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
MANY = 40


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def twilio(monkeypatch: pytest.MonkeyPatch, clock: ManualClock) -> AsyncIterator[Twilio]:
    async with account(monkeypatch, clock) as running:
        yield running


class Nothing:
    """Known: nothing has come in."""

    async def ids(self, wire_ids: object) -> set[str]:
        return set()

    async def words(self, fingerprints: object) -> set[str]:
        return set()


async def each_is_a_case(deployment: Deployment, count: int) -> None:
    """All of them, once, and each is acknowledged once."""
    await deployment.until("notices", lambda rows: len(rows) >= count)
    assert len(await deployment.rows("cases")) == count
    outcomes = Counter((row["wire_id"], row["outcome"]) for row in await deployment.rows("arrivals") if row["kind"] == MESSAGE)
    assert {wire_id for wire_id, outcome in outcomes if outcome == "case"} == {f"SM{i:032x}" for i in range(count)}
    assert Counter(row["case"] for row in await deployment.rows("notices")) == Counter(row["id"] for row in await deployment.rows("cases"))


async def test_after_an_outage_forty_messages_become_forty_cases_by_themselves_and_once(deployment: Deployment, twilio: Twilio, clock: ManualClock) -> None:
    async with answering(deployment, twilio, clock):
        await marked(deployment, clock.now())
    clock.advance(hours=2)
    await write(twilio, 0, MANY)
    clock.advance(hours=1)
    async with answering(deployment, twilio, clock) as gateway:
        await marked(deployment, clock.now())
        await handed_over(gateway)
        await each_is_a_case(deployment, MANY)
        # Asked again by an operator, over the same time and a longer one.
        again = await gateway.missed.ask("sms", clock.now() - timedelta(days=2))
        assert (again.taken, again.known) == (0, MANY)
        await handed_over(gateway)
    await each_is_a_case(deployment, MANY)


async def test_a_webhook_that_comes_at_the_same_moment_is_the_same_report(deployment: Deployment, twilio: Twilio, clock: ManualClock) -> None:
    nobody_answers(twilio)
    await write(twilio, 0, MANY)
    async with answering(deployment, twilio, clock) as gateway:
        tried_again = [twilio.text(DOOR, from_=f"+62812{i:08d}", to=NUMBER, body=f"Lapor jalan rusak nomor {i}", sid=f"SM{i:032x}") for i in range(MANY)]
        await asyncio.gather(*(gateway.missed.ask("sms", clock.now() - timedelta(hours=1)) for _ in range(3)), *tried_again)
        assert all(texted.arrived for texted in twilio.texted[MANY:])
        await handed_over(gateway)
        await each_is_a_case(deployment, MANY)


async def test_nodes_that_ask_at_the_same_moment_make_one_case_of_each(on_postgres: Deployment, twilio: Twilio, clock: ManualClock) -> None:
    nobody_answers(twilio)
    await write(twilio, 0, MANY)
    async with answering(on_postgres, twilio, clock) as one, answering(on_postgres, twilio, clock, "b") as other:
        since = clock.now() - timedelta(hours=1)
        await asyncio.gather(*(gateway.missed.ask("sms", since) for gateway in (one, other)))
        await handed_over(one, other)
        await each_is_a_case(on_postgres, MANY)


async def test_what_waits_in_the_journal_is_known_without_the_store_having_it(on_sqlite: Deployment, twilio: Twilio, clock: ManualClock) -> None:
    async with answering(on_sqlite, twilio, clock) as gateway:
        await marked(on_sqlite, clock.now())
        # Intake takes nothing over from here on.
        async with gateway.intake._handing_over:  # noqa: SLF001  # it is to stand still
            await twilio.text(DOOR, from_="+6281200000000", to=NUMBER, body="Lapor jalan rusak nomor 0", sid=f"SM{0:032x}")
            found = await gateway.missed.ask("sms", clock.now() - timedelta(hours=1))
            assert (found.taken, found.known, gateway.journal.counts.accepted) == (0, 1, 1)
        await handed_over(gateway)
        await each_is_a_case(on_sqlite, 1)


async def test_a_door_that_refused_for_a_while_asks_for_it_as_soon_as_it_is_open(on_sqlite: Deployment, twilio: Twilio, clock: ManualClock) -> None:
    async with answering(on_sqlite, twilio, clock) as gateway:
        await marked(on_sqlite, clock.now())
        gateway.journal.free_bytes = lambda: -1  # type: ignore[method-assign]
        await write(twilio, 0, 3)
        assert {answer.status for texted in twilio.texted for answer in texted.answers} == {503}
        # Nothing is asked for while nothing could be taken in.
        calls = twilio.calls
        for _ in range(10):
            clock.advance(seconds=20)
            await asyncio.sleep(0.01)
        assert twilio.calls - calls <= 10, "each heartbeat asks for the account, and nobody for the list"
        del gateway.journal.free_bytes
        opened = clock.now()
        async with asyncio.timeout(30):
            while await gateway.monitor.ready():
                # It believes what it has just seen, for a second.
                clock.advance(seconds=1)
                await asyncio.sleep(0.05)
        # Perhaps at that very moment.
        assert await _asked_again(clock, on_sqlite, opened - timedelta(seconds=1)) - opened < timedelta(minutes=2)
        await each_is_a_case(on_sqlite, 3)


async def test_a_proxy_that_was_down_left_no_trace_here_and_is_found_out_within_a_quarter_of_an_hour(
    on_sqlite: Deployment, twilio: Twilio, clock: ManualClock
) -> None:
    async with answering(on_sqlite, twilio, clock) as gateway:
        await marked(on_sqlite, clock.now())
        began = clock.now()
        nobody_answers(twilio)
        await write(twilio, 0, 2)
        assert await _asked_again(clock, on_sqlite, began) - began < timedelta(minutes=16)
        await handed_over(gateway)
        await each_is_a_case(on_sqlite, 2)


async def _asked_again(clock: ManualClock, deployment: Deployment, after: datetime) -> datetime:
    """Time goes by until the list was asked for once more; when that began, however long the machine took."""
    async with asyncio.timeout(60):
        while not (marks := [mark for mark in await whole_until(deployment) if mark > after]):
            clock.advance(seconds=20)
            await asyncio.sleep(0.05)
    return min(marks)


async def test_what_was_sent_before_there_was_this_channel_was_not_sent_to_us(on_sqlite: Deployment, twilio: Twilio, clock: ManualClock) -> None:
    nobody_answers(twilio)
    await write(twilio, 0, 3)
    clock.advance(hours=1)
    async with answering(on_sqlite, twilio, clock) as gateway:
        await marked(on_sqlite, clock.now())
        assert (await gateway.missed.ask("sms")).taken == 0
        assert not await on_sqlite.rows("cases")


async def test_what_came_after_a_backup_that_was_brought_back_comes_again_with_its_number(on_sqlite: Deployment, twilio: Twilio, clock: ManualClock) -> None:
    data, backup = on_sqlite.folder / "data-a", on_sqlite.folder / "backup"
    async with answering(on_sqlite, twilio, clock) as gateway:
        await marked(on_sqlite, clock.now())
        await handed_over(gateway)
    shutil.copytree(data, backup)
    clock.advance(hours=5)
    async with answering(on_sqlite, twilio, clock):
        # As every quarter of an hour: it says that all is here, and the backup says that nothing is known since it was made.
        await marked(on_sqlite, clock.now())
        for i in range(2):
            await twilio.text(DOOR, from_=f"+62812{i:08d}", to=NUMBER, body="Lapor jalan rusak", sid=f"SM{i:032x}")
        before = {row["number"] for row in await on_sqlite.until("cases", lambda rows: len(rows) == 2)}
    shutil.rmtree(data)
    backup.rename(data)
    clock.advance(hours=1)
    async with answering(on_sqlite, twilio, clock):
        assert {row["number"] for row in await on_sqlite.until("cases", lambda rows: len(rows) == 2)} == before


async def test_a_search_that_broke_off_begins_where_the_last_whole_one_did(on_sqlite: Deployment, twilio: Twilio, clock: ManualClock) -> None:
    nobody_answers(twilio)
    await write(twilio, 0, 3)
    await known_whole(on_sqlite, clock.now() - timedelta(minutes=1))
    clock.advance(hours=3)
    # With nothing running that asks by itself.
    async with on_sqlite.parts("a", clock, channels=channels(twilio)) as gateway:
        twilio.weather = Status(401)
        with pytest.raises(SendFailed):
            await gateway.missed.ask("sms")
        twilio.weather = None
        # A shorter time leaves the mark where it was.
        assert (await gateway.missed.ask("sms", clock.now() - timedelta(minutes=10))).taken == 0
        assert (await gateway.missed.ask("sms")).taken == 3


async def test_a_citizens_messages_come_in_the_order_of_writing_over_many_pages(on_sqlite: Deployment, twilio: Twilio, clock: ManualClock) -> None:
    nobody_answers(twilio)
    for i in range(120):
        await twilio.text(DOOR, from_="+6281234567890", to=NUMBER, body=f"pesan {i:03d}", sid=f"SM{i:032x}")
        clock.advance(seconds=1)
    found = await _missed(twilio, clock.now() - timedelta(hours=1))
    assert [channel().read(one).text for one in found] == [f"pesan {i:03d}" for i in range(120)]  # type: ignore[union-attr]  # all are reports


async def test_only_what_was_sent_to_our_number_since_then_is_read(twilio: Twilio, clock: ManualClock) -> None:
    nobody_answers(twilio)
    await twilio.text(DOOR, from_="+6281234567890", to=NUMBER, body="terlalu lama")
    clock.advance(hours=2)
    await twilio.text(DOOR, from_="+6281234567890", to="+15005550009", body="kode masuk bank 123")
    await twilio.text(DOOR, from_="+6281234567890", to=NUMBER, body="jalan rusak")
    await twilio.text(DOOR, from_="whatsapp:+6281234567890", to="whatsapp:+628990001709", body="lampu padam")
    since = clock.now() - timedelta(hours=1)
    ours = await _missed(twilio, since)
    assert [channel().read(one).text for one in ours] == ["jalan rusak", "lampu padam"]  # type: ignore[union-attr]  # all are reports
    assert len(await _missed(twilio, since, numbers=["+15005550009"])) == 1


async def _missed(twilio: Twilio, since: datetime, **settings: object) -> list[Arrival]:
    """All that a channel finds."""
    sms = _at(twilio, **settings)
    try:
        return [one async for one in sms.missed(since, Nothing())]
    finally:
        await sms.close()


def _at(twilio: Twilio, **settings: Any) -> TwilioSms:  # noqa: ANN401  # fields of the settings
    settings = {"from_numbers": {"sms": NUMBER, "whatsapp": "+628990001709"}, **settings}
    return channel(api_base=twilio.base_url, auth_tokens=[twilio.auth_token], **settings)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({"body": "Jalan rusak & berlubang = bahaya"}, id="words"),
        pytest.param({"body": "  spasi \u00e9\u00e8 \U0001f6a7 +62\n"}, id="other letters"),
        pytest.param({"body": ""}, id="nothing"),
        pytest.param({"body": "foto", "media": [("a.gif", "image/gif", PIXEL), ("b.gif", "image/gif", PIXEL)]}, id="two pictures"),
        pytest.param({"body": "wa", "from_": "whatsapp:+6281234567890", "to": "whatsapp:+628990001709"}, id="WhatsApp"),
    ],
)
async def test_the_list_and_the_webhook_say_the_same_with_one_fingerprint_and_one_answer(twilio: Twilio, clock: ManualClock, said: dict[str, object]) -> None:
    words = {"from_": "+6281234567890", "to": NUMBER, **said}
    params, _ = twilio.incoming(DOOR, **words)  # type: ignore[arg-type]
    sms = _at(twilio)
    [listed] = await _missed(twilio, clock.now() - timedelta(hours=1))
    brought = sms._arrival(MESSAGE, urlencode(params).encode(), params, DOOR, None)  # noqa: SLF001
    assert (listed.wire_id, listed.reply_to, listed.kind) == (brought.wire_id, brought.reply_to, brought.kind)
    assert sms.fingerprint(listed) == sms.fingerprint(brought)
    one, other = sms.read(listed), sms.read(brought)
    assert isinstance(one, Report)
    assert isinstance(other, Report)
    assert (one.text, one.sender, one.recipient, len(one.attachments)) == (other.text, other.sender, other.recipient, len(other.attachments))


async def test_yesterday_is_the_day_before_it_was_written_and_the_clock_runs_from_when_we_have_it(
    on_sqlite: Deployment, twilio: Twilio, clock: ManualClock
) -> None:
    nobody_answers(twilio)
    wrote = clock.now()
    await twilio.text(DOOR, from_="+6281234567890", to=NUMBER, body="Kemarin jembatan di Sotek putus", sid=f"SM{0:032x}")
    clock.advance(days=3)
    async with answering(on_sqlite, twilio, clock) as gateway:
        await gateway.missed.ask("sms", wrote - timedelta(hours=1))
        await handed_over(gateway)
    [complaint] = await on_sqlite.rows("complaint_versions")
    assert complaint["complaint"]["incident"]["date"] == str((wrote - timedelta(days=1)).date())
    [arrival] = [row for row in await on_sqlite.rows("arrivals") if row["kind"] == MESSAGE]
    assert (arrival["received_at"], datetime.fromisoformat(arrival["meta"]["sent_at"])) == (clock.now(), wrote.replace(microsecond=0))


async def test_a_photo_of_a_missed_message_is_found_in_the_messages_own_list(on_sqlite: Deployment, twilio: Twilio, clock: ManualClock) -> None:
    nobody_answers(twilio)
    other = PIXEL + b"\0"
    await twilio.text(DOOR, from_="+6281234567890", to=NUMBER, body="jembatan putus", media=[("a", "image/gif", PIXEL), ("b", "image/gif", other)])
    async with answering(on_sqlite, twilio, clock) as gateway:
        await gateway.missed.ask("sms", clock.now() - timedelta(hours=1))
        photos = await on_sqlite.until("attachments", lambda rows: [row["state"] for row in rows] == ["kept", "kept"])
    assert [photo["blob"] for photo in photos] == [hashlib.sha256(file).hexdigest() for file in (PIXEL, other)]


async def test_who_says_slow_down_is_asked_again_when_it_said_and_a_long_pause_is_told(twilio: Twilio, clock: ManualClock) -> None:
    nobody_answers(twilio)
    await write(twilio, 0, 1)
    since, sms = clock.now() - timedelta(hours=1), _at(twilio)
    twilio.faults = [TooMany(1), Status(503)]
    began = asyncio.get_running_loop().time()
    assert len([one async for one in sms.missed(since, Nothing())]) == 1
    assert twilio.calls == 3
    assert asyncio.get_running_loop().time() - began >= 2
    twilio.faults = [TooMany(3600)]
    with pytest.raises(SendFailed) as failed:
        assert [one async for one in sms.missed(since, Nothing())]
    assert failed.value.retry_after == timedelta(hours=1)
    assert twilio.calls == 4
    await sms.close()


async def test_nobody_is_asked_again_sooner_than_it_wants(on_sqlite: Deployment, twilio: Twilio, clock: ManualClock) -> None:
    await known_whole(on_sqlite, clock.now() - timedelta(hours=3))
    twilio.weather = TooMany(3600)
    async with answering(on_sqlite, twilio, clock) as gateway:
        asked: list[datetime] = []
        ask = gateway.missed.ask

        async def counted(*given: object, **more: object) -> object:
            asked.append(clock.now())
            return await ask(*given, **more)  # type: ignore[arg-type]

        gateway.missed.ask = counted  # type: ignore[method-assign,assignment]
        async with asyncio.timeout(60):
            while len(asked) < 2:
                clock.advance(seconds=20)
                await asyncio.sleep(0.02)
        assert asked[1] - asked[0] >= timedelta(hours=1)


def test_a_listed_message_that_says_little_is_still_a_message() -> None:
    raw = b'{"sid": "SM1", "body": null, "num_media": "many", "subresource_uris": null}'
    odd = Arrival("sms", MESSAGE, "SM1", raw, datetime(2026, 1, 1, tzinfo=UTC), meta={"via": "list"})
    assert channel().read(odd).text == ""  # type: ignore[union-attr]  # a report


LIST = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"


@pytest.mark.parametrize(
    ("answer", "sentence", "asked"),
    [
        pytest.param({"messages": [], "next_page_uri": f"{LIST}?PageToken=PA1"}, "no end", 2, id="a page that follows itself"),
        pytest.param({"messages": [], "next_page_uri": "http://169.254.169.254/latest/meta-data"}, "understood", 4, id="another host"),
        pytest.param({"messages": [], "next_page_uri": "//evil.example" + LIST}, "understood", 4, id="another host, shorter"),
        pytest.param({"messages": [], "next_page_uri": f"{LIST.replace(ACCOUNT, 'AC' + '1' * 32)}?Page=1"}, "understood", 4, id="another account"),
        pytest.param({"messages": [], "next_page_uri": ["?"]}, "understood", 4, id="no address"),
        pytest.param({"messages": ["SM1"]}, "understood", 4, id="no messages"),
    ],
)
async def test_a_list_that_leads_elsewhere_or_nowhere_is_not_followed(answer: object, sentence: str, asked: int) -> None:
    seen: list[str] = []

    async def answered(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.json_response(answer)

    app = web.Application()
    app.router.add_get("/{path:.*}", answered)
    async with TestServer(app) as server:
        sms = channel(api_base=str(server.make_url("")).rstrip("/"))
        with pytest.raises(SendFailed, match=sentence):
            assert [one async for one in sms.missed(datetime(2026, 1, 1, tzinfo=UTC), Nothing())]
        await sms.close()
    assert seen == [LIST] * len(seen)
    assert len(seen) <= asked


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param({"to": [OURS["sms"]]}, id="a list where a number stands"),
        pytest.param({"to": OURS["sms"], "subresource_uris": ["/Media.json"], "num_media": "1"}, id="a list where addresses stand"),
        pytest.param({"to": OURS["sms"], "subresource_uris": {"media": f"{LIST}"}, "num_media": "9" * 5000}, id="more files than a number can say"),
        pytest.param({"to": OURS["sms"], "from": {"a": []}, "date_sent": "Fri, 99999999999 May 2019", "sid": 7}, id="nothing as it should be"),
    ],
)
async def test_one_message_that_is_listed_oddly_keeps_no_other_from_coming_in(odd: dict[str, object]) -> None:
    plain: dict[str, object] = {"direction": "inbound", "from": "+6281234567890", "date_sent": "Tue, 17 Mar 2026 08:00:00 +0000"}
    messages: list[dict[str, object]] = [plain | {"to": OURS["sms"], "sid": f"SM{n:032x}", "body": f"jalan rusak {n}"} for n in range(2)]
    messages.insert(1, plain | {"sid": f"SM{9:032x}", "body": "lampu padam"} | odd)

    async def answered(_: web.Request) -> web.Response:
        return web.json_response({"messages": messages, "next_page_uri": None})

    app = web.Application()
    app.router.add_get("/{path:.*}", answered)
    async with TestServer(app) as server:
        sms = channel(api_base=str(server.make_url("")).rstrip("/"))
        found = [one async for one in sms.missed(datetime(2026, 1, 1, tzinfo=UTC), Nothing())]
        await sms.close()
    texts = [read.text for one in found if isinstance(read := sms.read(one), Report)]
    assert {"jalan rusak 0", "jalan rusak 1"} <= set(texts)
    assert len({sms.fingerprint(one) for one in found}) == len(found)
    # To whom it was sent cannot be read in the first one: it may be another service's.
    assert ("lampu padam" in texts) is (odd["to"] == OURS["sms"])
