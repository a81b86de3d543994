"""Answers to pick, as buttons in Telegram: drawn below the last message, judged by Telegram's own description, pressed and heard."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from channels import Arrival, Choice, Notice, SendFailed
from channels.telegram.channel import Telegram
from channels.telegram.keyboard import Keyboards
from gateway.demo.bot_api import BotApi
from gateway.demo.faults import Status
from normalizer import Report
from tests.bot_contract import contract, wrong
from tests.shelf import Shelf
from tests.telegram_channel import BUDI, NAME, SITI, TOKEN
from tests.test_telegram_polling import asking
from tests.test_telegram_sending import far_end, notice
from tests.test_telegram_webhook import announced

KIND = (Choice("Pengaduan", "pengaduan"), Choice("Aspirasi", "aspirasi"), Choice("Permintaan informasi", "permintaan informasi"))
WHERE = (Choice("Kirim lokasi saya", place=True), Choice("Tidak tahu", "lewati"))
LONG = "Saya tidak setuju, karena jalan itu belum diperbaiki sama sekali"


def asks(*choices: Choice, full: str = "Ini laporan apa?", name: str = "n1", chat: int = SITI.id) -> Notice:
    return replace(notice(full, str(chat), name=name), choices=choices)


def texts(rows: Any) -> list[list[str]]:  # noqa: ANN401  # rows of buttons in Telegram's form
    return [[button["text"] for button in row] for row in rows]


def last_markup(api: BotApi) -> dict[str, Any]:
    return dict(api.markups[api.sent(SITI)[-1]["message_id"]])


async def test_choices_hang_below_the_message_and_a_press_says_their_words() -> None:
    async with far_end() as (api, telegram):
        name = await telegram.send(asks(*KIND))
        [message] = api.sent(SITI)
        buttons = [button for row in message["reply_markup"]["inline_keyboard"] for button in row]
        assert [(button["text"], button["callback_data"]) for button in buttons] == [(choice.label, choice.says) for choice in KIND]
        await api.press(SITI, message["message_id"], buttons[1]["callback_data"])
        heard = telegram.read(_arrival(telegram, api))
        assert isinstance(heard, Report)
        assert (heard.text, heard.references, heard.remarks) == ("aspirasi", (name,), ("button",))


def _arrival(telegram: Telegram, api: BotApi) -> Arrival:
    assert telegram.poller is not None
    return telegram.poller._arrivals.of(api.waiting[-1].raw)  # noqa: SLF001  # what the poller makes of it


async def test_a_place_is_asked_for_in_the_place_of_the_letters_and_the_other_choices_stand_there_as_they_are_typed() -> None:
    async with far_end() as (api, telegram):
        await telegram.send(asks(*WHERE))
        assert texts(api.board(SITI.id)) == [["Kirim lokasi saya"], ["lewati"]]
        assert "reply_markup" not in api.sent(SITI)[0]
        await api.choose(SITI, "Kirim lokasi saya", (-1.2531, 116.7297))
        where = telegram.read(_arrival(telegram, api))
        assert isinstance(where, Report)
        assert where.location is not None
        assert (where.location.latitude, where.text) == (-1.2531, "")
        # Used once, and the letters are there again.
        assert api.board(SITI.id) == ()
        await telegram.send(asks(*WHERE, name="n2"))
        await api.choose(SITI, "lewati")
        skipped = telegram.read(_arrival(telegram, api))
        assert isinstance(skipped, Report)
        assert skipped.text == "lewati"


@pytest.mark.parametrize(
    ("choices", "kind", "stands"),
    [
        pytest.param((Choice("Ya", "x" * 64),), "inline_keyboard", "Ya", id="64 bytes fit"),
        pytest.param((Choice("Ya", "x" * 65),), "keyboard", "x" * 65, id="65 do not"),
        pytest.param((Choice("Ya", "é" * 33),), "keyboard", "é" * 33, id="bytes are counted and not letters"),
        pytest.param((Choice("Saya tidak setuju", LONG + "."),), "keyboard", LONG + ".", id="a sentence"),
        pytest.param((Choice("Anonim"),), "inline_keyboard", "Anonim", id="a label says itself"),
    ],
)
async def test_words_that_a_press_cannot_carry_stand_on_the_button_itself(choices: tuple[Choice, ...], kind: str, stands: str) -> None:
    async with far_end() as (api, telegram):
        await telegram.send(asks(*choices))
        markup = last_markup(api)
        assert (next(iter(markup)), texts(markup[kind])) == (kind, [[stands]])


async def test_a_label_that_is_its_own_words_but_for_capitals_stays() -> None:
    async with far_end() as (api, telegram):
        await telegram.send(asks(Choice("Kirim lokasi", place=True), Choice("Anonim", "anonim"), Choice("Tanpa nama", "anonim")))
        assert texts(api.board(SITI.id)) == [["Kirim lokasi", "Anonim"], ["anonim"]]


async def test_what_is_left_of_an_earlier_question_is_taken_away_by_the_next_message() -> None:
    async with far_end() as (api, telegram):
        await telegram.send(asks(*WHERE))
        await telegram.send(asks(name="n2", full="Terima kasih."))
        assert api.board(SITI.id) == ()
        # Who types instead of pressing still has them when the next question comes, and its own take their place.
        await telegram.send(asks(*WHERE, name="n3"))
        await telegram.send(asks(*KIND, name="n4"))
        assert [text.lower() for row in texts(api.board(SITI.id)) for text in row] == [choice.says for choice in KIND]
        assert "reply_markup" not in api.sent(SITI)[-1]
        await telegram.send(asks(name="n5", full="Terima kasih."))
        await telegram.send(asks(*KIND, name="n6"))
        assert "inline_keyboard" in last_markup(api)


async def test_one_persons_keyboard_is_nobody_elses() -> None:
    async with far_end() as (api, telegram):
        await api.write(BUDI, "Lampu padam")
        await telegram.send(asks(*WHERE))
        await telegram.send(asks(*KIND, name="n2", chat=BUDI.id))
        assert "reply_markup" in api.sent(BUDI)[0]
        assert api.board(BUDI.id) == ()
        assert api.board(SITI.id) != ()


async def test_of_a_long_text_the_last_part_has_the_buttons() -> None:
    async with far_end() as (api, telegram):
        await telegram.send(asks(*KIND, full="Kalimat yang sama. " * 500))
        told = ["reply_markup" in message for message in api.sent(SITI)]
        assert told == [False] * (len(told) - 1) + [True]
        assert len(told) > 1


async def test_a_long_text_that_broke_off_before_its_last_part_has_the_buttons_there() -> None:
    async with far_end() as (api, telegram):
        asked = asks(*WHERE, full="\n\n".join(f"{n}" * 3000 for n in range(2)))
        first = asyncio.create_task(telegram.send(asked))
        await api.until_sent(SITI, 1)
        api.faults_of["sendmessage"] = [Status(500)]
        with pytest.raises(SendFailed):
            await first
        await telegram.send(asked)
        assert [message["text"][0] for message in api.sent(SITI)] == ["0", "1"]
        assert texts(api.board(SITI.id)) == [["Kirim lokasi saya"], ["lewati"]]


async def test_buttons_that_telegram_does_not_take_keep_no_words_back() -> None:
    async with far_end() as (api, telegram):
        api.faults_of["sendmessage"] = [Status(400)]
        await telegram.send(asks(*WHERE))
        assert [message["text"] for message in api.sent(SITI)] == ["Ini laporan apa?"]
        assert api.board(SITI.id) == ()
        # What it does not take without buttons either, is told.
        api.faults_of["sendmessage"] = [Status(400), Status(400)]
        with pytest.raises(SendFailed) as told:
            await telegram.send(asks(*KIND, name="n2"))
        assert (told.value.permanent, told.value.channel_wide) == (False, False)


ROWS = [
    pytest.param([Choice(str(n)) for n in range(1, 6)], [5], id="a rating in one row"),
    pytest.param([Choice("Pengaduan"), Choice("Aspirasi"), Choice("Tanya")], [3], id="short ones"),
    pytest.param([Choice("Permintaan informasi"), Choice("Ya")], [1, 1], id="a long one has a row of its own, and so have all"),
    pytest.param([Choice(str(n % 10)) for n in range(10)], [8, 2], id="eight at the most"),
    pytest.param([Choice("", "ya"), Choice("Ya")], [1], id="nothing to read is no button"),
]


@pytest.mark.parametrize(("choices", "lengths"), ROWS)
@pytest.mark.parametrize("place", [False, True])
def test_as_many_stand_side_by_side_as_a_small_screen_lets(choices: list[Choice], lengths: list[int], place: bool) -> None:  # noqa: FBT001  # a table
    asked = [replace(choice, place=place and choice.label != "") for choice in choices]
    markup = json.loads(Keyboards().below(SITI.id, asked).to_json())
    assert [len(row) for row in markup["keyboard" if place else "inline_keyboard"]] == lengths


@pytest.mark.parametrize("choices", [KIND, WHERE, (), (Choice("Ya", "x" * 65),)])
async def test_whatever_hangs_below_a_message_fits_telegrams_own_description(choices: tuple[Choice, ...]) -> None:
    [field] = [field for field in contract()["methods"]["sendMessage"]["fields"] if field["name"] == "reply_markup"]
    async with far_end() as (api, telegram):
        await telegram.send(asks(*choices))
        assert min((wrong(last_markup(api), type_, "reply_markup") for type_ in field["types"]), key=len) == []


# Pressed and heard


@pytest.mark.parametrize("receive", ["polling", "webhook"])
async def test_no_press_is_heard_before_it_is_kept(receive: str) -> None:
    heard: list[int] = []

    async def not_at_once(arrival: Arrival) -> None:
        if b"callback_query" in arrival.raw:
            heard.append(len(api.heard))
            if len(heard) == 1:
                raise OSError("the disk is full")

    if receive == "webhook":
        async with announced(not_at_once) as door:
            api = door.api
            await api.write(SITI, "Jalan rusak")
            press = await api.press(SITI, 1, "ya")
            await api.until(lambda: api.heard == [press["id"]])
            assert len(door.shelf.kept) == 2
    else:
        api, shelf = BotApi(TOKEN, NAME), Shelf(not_at_once)
        async with api.serve():
            await api.write(SITI, "Jalan rusak")
            press = await api.press(SITI, 1, "ya")
            async with asking(api, shelf):
                await api.until(lambda: api.heard == [press["id"]])
                assert len(shelf.kept) == 2
    # It came to the inlet twice, and both times nobody had told the phone.
    assert heard == [0, 0]
    assert api.turning(SITI.id) == set()


async def test_a_press_that_cannot_be_answered_is_kept_all_the_same_and_holds_up_nobody() -> None:
    api, shelf = BotApi(TOKEN, NAME), Shelf()
    async with api.serve():
        await api.write(SITI, "Jalan rusak")
        await api.press(SITI, 1, "ya")
        api.faults_of["answercallbackquery"] = [Status(400)]
        async with asking(api, shelf) as telegram:
            await shelf.until(2)
            await api.write(SITI, "lagi")
            await shelf.until(3)
            assert (await telegram.check_in()).ok
        assert api.turning(SITI.id) == {(1, "ya")}


async def test_a_button_that_is_pressed_twice_says_the_same_word_twice_below_the_same_message() -> None:
    api, shelf = BotApi(TOKEN, NAME), Shelf()
    async with api.serve():
        await api.write(SITI, "Jalan rusak")
        for _ in range(2):
            await api.press(SITI, 1, "ya")
        async with asking(api, shelf) as telegram:
            await shelf.until(3)
            await api.until(lambda: len(api.heard) == 2)
            said = [telegram.read(arrival) for arrival in shelf.kept[1:]]
    assert len({arrival.wire_id for arrival in shelf.kept[1:]}) == 2
    assert [(one.text, one.references) for one in said if isinstance(one, Report)] == [("ya", (f"telegram:{SITI.id}:1",))] * 2
