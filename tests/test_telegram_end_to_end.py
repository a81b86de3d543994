"""From what a citizen writes in the app to the answer in the same chat, through a whole gateway and a loopback Bot API."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.telegram.channel import Telegram
from gateway.case import LIFE, Event, rebuild
from gateway.demo import bot_resources as resources
from gateway.demo.bot_api import BotApi
from gateway.demo.bot_resources import Person
from gateway.demo.faults import Slow, Status
from gateway.node import Gateway
from tests.postbox import PROVIDERS, letter
from tests.telegram_channel import BUDI, NAME, SITI, TOKEN
from tests.world import Deployment, handed_over, receive_all

# The smallest picture there is: a GIF of one pixel.
PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
PUBLIC = "https://lapor.example"
_CHANNELS = """
[channels.post]
kind = "postbox"
[channels.tg]
kind = "telegram"
token = {{ env = "TOKEN" }}
receive = "{receive}"
public_url = "https://lapor.example"
api_base = "{api}"
retry_seconds = 0.05
chat_seconds = 0
"""
WAYS = pytest.mark.parametrize("receive", ["polling", "webhook"])


@pytest.fixture
async def api(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[BotApi]:
    """The bot, and who writes to it."""
    monkeypatch.setitem(os.environ, "TOKEN", TOKEN)
    bot_api = BotApi(TOKEN, NAME)
    async with bot_api.serve():
        yield bot_api


@asynccontextmanager
async def speaking(deployment: Deployment, api: BotApi, receive: str = "polling", name: str = "a", per_channel: int = 1_000_000) -> AsyncIterator[Gateway]:
    """A gateway with the bot, and with another channel that has nothing to do with it."""
    async with deployment.node(name, channels=_CHANNELS.format(receive=receive, api=api.base_url), per_channel=per_channel) as gateway:
        api.hosts[PUBLIC] = f"http://127.0.0.1:{gateway.port}"
        yield gateway


@WAYS
async def test_a_citizen_sends_a_photo_and_hears_the_number_in_the_same_chat(deployment: Deployment, api: BotApi, receive: str) -> None:
    async with speaking(deployment, api, receive) as gateway:
        said = await api.write(SITI, caption="Jalan poros Girimukti berlubang besar", **resources.photo(api.keep(PIXEL, "gif")))
        answer = await api.until_sent(SITI, 1)
        [photo] = await deployment.until("attachments", lambda rows: rows[0]["state"] == "kept")
        assert (gateway.config.data_dir / "blobs" / photo["blob"][:2] / photo["blob"]).read_bytes() == PIXEL
        [notice] = await deployment.until("notices", lambda rows: rows[0]["state"] == "sent")
    [case] = await deployment.rows("cases")
    [message] = await deployment.rows("messages")
    assert case["number"] in answer["text"]
    assert answer["reply_to_message"]["message_id"] == said["message_id"]
    assert notice["provider_id"] == f"telegram:{SITI.id}:{answer['message_id']}"
    assert message["text"] == "Jalan poros Girimukti berlubang besar"
    assert photo["blob"] == hashlib.sha256(PIXEL).hexdigest()


async def test_who_writes_english_is_answered_in_english(on_sqlite: Deployment, api: BotApi) -> None:
    async with speaking(on_sqlite, api):
        await api.write(SITI, "The street light in front of the school has been broken for three weeks")
        answer = await api.until_sent(SITI, 1)
    assert "report" in answer["text"]


async def test_who_sends_only_a_place_is_answered_in_the_language_of_the_app(on_sqlite: Deployment, api: BotApi) -> None:
    async with speaking(on_sqlite, api):
        await api.write(Person(81234003, "Sue", "", "", "en-GB"), **resources.location(-1.2531, 116.7297))
        await api.write(Person(81234004, "Sri", "", "", "id"), **resources.location(-1.2531, 116.7297))
        english, indonesian = await api.until_sent(Person(81234003), 1), await api.until_sent(Person(81234004), 1)
    assert ("report" in english["text"], "aporan" in indonesian["text"]) == (True, True)


@WAYS
async def test_what_came_before_a_crash_comes_again_after_it_and_is_there_once(on_sqlite: Deployment, api: BotApi, receive: str) -> None:
    people = [Person(81234010 + n) for n in range(3)]
    for person in people:
        await api.write(person, "Jalan poros rusak berat sekali")
    # It gets them, and Telegram never hears so: the next question is lost, or our answer.
    api.faults_of["getupdates"], api.webhook_seconds = [Slow(0), *[Status(500)] * 10_000], 0.001
    async with speaking(on_sqlite, api, receive) as gateway:
        await on_sqlite.until("arrivals", bool)
        await handed_over(gateway)
        assert len(api.waiting) == 3
    api.faults_of, api.webhook_seconds = {}, 15
    async with speaking(on_sqlite, api, receive):
        await api.until(lambda: not api.waiting)
        for person in people:
            await api.until_sent(person, 1)
        await on_sqlite.until("notices", lambda rows: len(rows) == 3 and all(row["state"] == "sent" for row in rows))
    outcomes = Counter(row["outcome"] for row in await on_sqlite.rows("arrivals"))
    assert outcomes["case"] == 3
    assert set(outcomes) <= {"case", "duplicate"}
    assert [len(api.sent(person)) for person in people] == [1, 1, 1]


def part(api: BotApi, n: int) -> dict[str, Any]:
    """Of an album; the first carries the words."""
    words = {"caption": "Jembatan Riko putus"} if n == 0 else {}
    return {"media_group_id": "13990001", **words, **resources.photo(api.keep(PIXEL + bytes([n]), "gif"))}


async def test_an_album_is_one_report_with_all_its_photos_and_one_answer(on_sqlite: Deployment, api: BotApi) -> None:
    async with speaking(on_sqlite, api) as gateway:
        for n in range(3):
            await api.write(SITI, **part(api, n))
        await on_sqlite.until("attachments", lambda rows: [row["state"] for row in rows] == ["kept"] * 3)
        await api.until_sent(SITI, 1)
        await handed_over(gateway)
    assert len(await on_sqlite.rows("cases")) == len(api.sent(SITI)) == len(await on_sqlite.rows("notices")) == 1
    assert len({row["case"] for row in await on_sqlite.rows("message_cases")}) == 1


async def test_an_albums_caption_stays_when_its_other_photos_come(on_sqlite: Deployment, api: BotApi) -> None:
    async with speaking(on_sqlite, api) as gateway:
        for n in range(2):
            await api.write(SITI, **part(api, n))
        await on_sqlite.until("messages", lambda rows: len(rows) == 2)
        await handed_over(gateway)
    assert (await on_sqlite.rows("complaint_versions"))[-1]["complaint"]["text"] == "Jembatan Riko putus"


async def test_an_albums_caption_counts_under_any_of_its_photos(on_sqlite: Deployment, api: BotApi) -> None:
    async with speaking(on_sqlite, api) as gateway:
        await api.write(SITI, **part(api, 1))
        await on_sqlite.until("messages", lambda rows: len(rows) == 1)
        await api.write(SITI, **part(api, 0))
        await on_sqlite.until("messages", lambda rows: len(rows) == 2)
        await handed_over(gateway)
    [case] = await on_sqlite.rows("cases")
    assert case["title"] == "Jembatan Riko putus"


async def test_an_answer_to_one_of_our_messages_is_added_to_its_report_and_other_words_are_a_new_one(deployment: Deployment, api: BotApi) -> None:
    async with speaking(deployment, api) as gateway:
        await api.write(SITI, "Jalan poros Girimukti berlubang besar")
        first = await api.until_sent(SITI, 1)
        await deployment.until("notices", lambda rows: rows[0]["state"] == "sent")
        await api.write(SITI, "Lapor: lampu di pasar mati")
        await api.until_sent(SITI, 2)
        await api.write(SITI, "Di depan masjid, sejak kemarin", answers=first["message_id"])
        await deployment.until("arrivals", lambda rows: len(rows) == 3)
        await handed_over(gateway)
    arrivals = sorted(await deployment.rows("arrivals"), key=lambda row: row["seq"])
    assert [(row["outcome"], row["reason"]) for row in arrivals[1:]] == [("case", "rule:begins_a_report"), ("message", "rule:answers_our_message")]
    assert arrivals[2]["case"] == arrivals[0]["case"]
    # Nobody is told a number again.
    assert len(api.sent(SITI)) == 2


async def test_who_adds_that_life_is_in_danger_is_seen_first_and_hears_whom_to_call(on_sqlite: Deployment, api: BotApi) -> None:
    async with speaking(on_sqlite, api) as gateway:
        await api.write(SITI, "Tiang listrik miring di depan masjid Girimukti sejak kemarin")
        first = await api.until_sent(SITI, 1)
        await on_sqlite.until("notices", lambda rows: rows[0]["state"] == "sent")
        await api.write(SITI, "Tiangnya roboh menimpa orang, ada korban luka parah, tolong!", answers=first["message_id"])
        told = await api.until_sent(SITI, 2)
        await handed_over(gateway)
    [case] = await on_sqlite.rows("cases")
    assert case["urgent"] == LIFE
    assert "112" in told["text"]
    assert rebuild([Event(**event) for event in await on_sqlite.rows("events")]).urgent == LIFE


@WAYS
async def test_a_button_that_is_pressed_twice_does_what_it_says_and_opens_no_case(on_sqlite: Deployment, api: BotApi, receive: str) -> None:
    async with speaking(on_sqlite, api, receive) as gateway:
        await api.write(SITI, "Jalan poros Girimukti berlubang besar")
        told = await api.until_sent(SITI, 1)
        await on_sqlite.until("notices", lambda rows: rows[0]["state"] == "sent")
        for _ in range(2):
            await api.press(SITI, told["message_id"], "ANONIM")
        await api.until(lambda: len(api.heard) == 2)
        await on_sqlite.until("arrivals", lambda rows: len(rows) == 3)
        await handed_over(gateway)
        accounts = await on_sqlite.accounts()
    [case] = await on_sqlite.rows("cases")
    assert case["anonymous"]
    assert [row["kind"] for row in await on_sqlite.rows("notices")].count("acknowledgement") == 1
    assert {account.verdict for account in accounts} == {"ok"}


async def test_a_message_that_its_writer_changes_amends_the_report_and_the_old_words_stay(deployment: Deployment, api: BotApi) -> None:
    async with speaking(deployment, api) as gateway:
        said = await api.write(SITI, "Jalan poros Girimukti berlubang besar")
        told = await api.until_sent(SITI, 1)
        await deployment.until("notices", lambda rows: rows[0]["state"] == "sent")
        await api.edit(SITI, said["message_id"], "Jalan poros Sotek berlubang besar")
        await deployment.until("arrivals", lambda rows: len(rows) == 2)
        added = await api.write(SITI, "Dekat masjid", answers=told["message_id"])
        await deployment.until("arrivals", lambda rows: len(rows) == 3)
        # What was only added does not become the report by being changed.
        await api.edit(SITI, added["message_id"], "Dekat sekolah")
        await deployment.until("arrivals", lambda rows: len(rows) == 4)
        await handed_over(gateway)
    [case] = await deployment.rows("cases")
    assert case["title"] == "Jalan poros Sotek berlubang besar"
    versions = sorted(await deployment.rows("complaint_versions"), key=lambda row: row["version"])
    assert [row["complaint"]["text"] for row in versions] == ["Jalan poros Girimukti berlubang besar", "Jalan poros Sotek berlubang besar"]
    decisions = [(row["decision"], row["text"]) for row in sorted(await deployment.rows("messages"), key=lambda row: row["seq"])]
    assert decisions == [
        ("new_case", "Jalan poros Girimukti berlubang besar"),
        ("amendment", "Jalan poros Sotek berlubang besar"),
        ("addition", "Dekat masjid"),
        ("addition", "Dekat sekolah"),
    ]
    assert len(api.sent(SITI)) == 1


async def test_who_asks_the_bot_hears_how_the_report_stands(on_sqlite: Deployment, api: BotApi) -> None:
    async with speaking(on_sqlite, api):
        await api.write(SITI, "/start")
        assert "Tulis saja" in (await api.until_sent(SITI, 1))["text"]
        await api.write(SITI, "Jalan poros Girimukti berlubang besar")
        await api.until_sent(SITI, 2)
        await api.write(SITI, "/status")
        number = (await on_sqlite.rows("cases"))[0]["number"]
        assert number in (await api.until_sent(SITI, 3))["text"]


async def test_who_blocks_the_bot_is_not_written_to_and_nobody_tries_again(on_sqlite: Deployment, api: BotApi) -> None:
    api.faults_of["sendmessage"] = [Status(500)]
    async with speaking(on_sqlite, api):
        await api.write(SITI, "Jalan rusak di depan pasar")
        await on_sqlite.until("notices", lambda rows: rows[0]["attempts"] == 1)
        await api.block(SITI)
        await on_sqlite.until("arrivals", lambda rows: len(rows) == 2)
        [address] = await on_sqlite.rows("addresses")
        assert address["undeliverable_at"] is not None
        await api.block(SITI, blocks=False)
        await on_sqlite.until("arrivals", lambda rows: len(rows) == 3)
        # A stranger who never wrote blocks us, too.
        await api.block(BUDI)
        await on_sqlite.until("arrivals", lambda rows: len(rows) == 4)
    assert [(row["outcome"], row["reason"]) for row in (await on_sqlite.rows("arrivals"))[1:]] == [
        ("delivery", "blocked"),
        ("delivery", "unblocked"),
        ("delivery", "nobody whom we know"),
    ]
    [address] = await on_sqlite.rows("addresses")
    assert address["undeliverable_at"] is None


async def test_what_nobody_can_read_is_a_numbered_case_and_the_next_message_comes_at_once(on_sqlite: Deployment, api: BotApi) -> None:
    async with speaking(on_sqlite, api):
        await api.post_bytes(b'{"update_id":700000001,"message":' + b"[" * 50_000 + b"]" * 50_000 + b"}")
        await api.write(SITI, "Jalan rusak di depan pasar")
        await api.until_sent(SITI, 1)
        cases = await on_sqlite.until("cases", lambda rows: len(rows) == 2)
        arrivals = await on_sqlite.rows("arrivals")
    assert {row["outcome"] for row in arrivals} == {"parked", "case"}
    assert {case["anonymous"] for case in cases} == {True, False}


async def test_while_telegram_is_away_from_a_cold_start_on_the_other_channels_do_not_notice(on_sqlite: Deployment, api: BotApi) -> None:
    await api.write(SITI, "Jalan rusak di depan pasar")
    async with api.refusing(), speaking(on_sqlite, api) as gateway:
        telegram = gateway.channels["tg"]
        assert isinstance(telegram, Telegram)
        for n in range(20):
            await receive_all(gateway, [letter(f"lampu padam {n}", f"SM{n}", at=datetime.now(UTC), sender=f"+62812345678{n:02d}")])
        await PROVIDERS["post"].until(lambda: len(PROVIDERS["post"].sent) == 20)
        await gateway.monitor.look_at("tg")
        await gateway.monitor.look_at("post")
        states = {key: condition.finding.state for key, condition in gateway.monitor.board.look(gateway.clock.counted()).items() if key[0] in {"tg", "post"}}
        assert states == {("tg", "in"): "down", ("tg", "out"): "down", ("post", "in"): "ok", ("post", "out"): "ok"}
        assert (await telegram.check_in()).kind == "unreachable"
    async with speaking(on_sqlite, api):
        await api.until_sent(SITI, 1)


async def test_two_people_are_two_reporters(on_sqlite: Deployment, api: BotApi) -> None:
    async with speaking(on_sqlite, api):
        await api.write(SITI, "Jalan rusak di depan pasar")
        await api.write(BUDI, "Jalan rusak di depan pasar")
        await api.until_sent(SITI, 1)
        await api.until_sent(BUDI, 1)
    cases = await on_sqlite.rows("cases")
    assert len({case["correspondent"] for case in cases}) == 2
