"""What updates say: as Telegram's description shows them, and nonsense."""

from __future__ import annotations

import json
from typing import Any

import pytest

from channels import MESSAGE, STATUS, Arrival, DeliveryUpdate, Ignored
from channels.telegram.arrivals import Arrivals
from channels.telegram.reading import fingerprint, read
from channels.telegram.updates import NotUpdates, Unreadable, cut, id_of, kind_of
from normalizer import Address, Attachment, Location, Report
from tests.telegram_channel import NAME, NOW, TOKEN

SITI = {"id": 81234001, "is_bot": False, "first_name": "Siti", "last_name": "Warga", "language_code": "id"}
BOT = {"id": 700100, "is_bot": True, "first_name": "Lapor", "username": NAME}
PRIVATE = {"id": 81234001, "type": "private", "first_name": "Siti"}
GROUP = {"id": -1001234, "type": "supergroup", "title": "Warga Girimukti"}
ADDRESS = Address("telegram", "81234001")
ARRIVALS = Arrivals("tg", TOKEN, NAME, lambda: NOW)


def update(kind: str = "message", /, **said: Any) -> dict[str, Any]:  # noqa: ANN401  # fields of a message
    return {"update_id": 5, kind: {"message_id": 7, "from": SITI, "chat": PRIVATE, "date": 1773736200, **said}}


def arrival(of: object) -> Arrival:
    return ARRIVALS.of(json.dumps(of).encode())


def report(**said: Any) -> Report:  # noqa: ANN401  # fields of a message
    known = read(arrival(update(**said)))
    assert isinstance(known, Report)
    return known


def file(name: str = "BQAC", **more: Any) -> dict[str, Any]:  # noqa: ANN401  # fields of a file
    return {"file_id": name, "file_unique_id": "u", **more}


def photo(*ids: str) -> list[dict[str, Any]]:
    return [file(name, width=90 * (1 + place % 2 * 9), height=67, file_size=1000 + place) for place, name in enumerate(ids)]


def attached(kind: str, reference: str = "BQAC", name: str = "", size: int | None = None) -> tuple[Attachment, ...]:
    return (Attachment(name, kind, reference=reference, size=size),)


PIN = {"latitude": -1.25, "longitude": 116.7}


@pytest.mark.parametrize(
    ("said", "known"),
    [
        pytest.param({"text": "Jalan rusak 🕳"}, {"text": "Jalan rusak 🕳"}, id="words"),
        pytest.param({"photo": photo("small", "large", "tiny")}, {"attachments": attached("image/jpeg", "large", size=1001)}, id="a photo: its largest size"),
        pytest.param({"photo": photo("a"), "caption": "Lubang"}, {"text": "Lubang", "attachments": attached("image/jpeg", "a", size=1000)}, id="a caption"),
        pytest.param(
            {"document": file(file_name="surat.pdf", mime_type="application/pdf", file_size=9)},
            {"attachments": attached("application/pdf", name="surat.pdf", size=9)},
            id="a document",
        ),
        pytest.param({"voice": file(duration=3, mime_type="audio/ogg")}, {"attachments": attached("audio/ogg")}, id="a voice"),
        pytest.param({"video": file(duration=3)}, {"attachments": attached("video/mp4")}, id="a video"),
        pytest.param({"video_note": file(length=9)}, {"attachments": attached("video/mp4")}, id="a video note"),
        pytest.param({"audio": file(file_name="a.mp3")}, {"attachments": attached("audio/mpeg", name="a.mp3")}, id="audio"),
        pytest.param(
            {"animation": file("CgAC"), "document": file(mime_type="video/mp4")}, {"attachments": attached("video/mp4")}, id="an animation is one document"
        ),
        pytest.param({"sticker": file(emoji="😡")}, {"text": "😡", "remarks": ("sticker",)}, id="a sticker"),
        pytest.param({"location": PIN | {"horizontal_accuracy": 12.5}}, {"location": Location(-1.25, 116.7, 12.5)}, id="a pin"),
        pytest.param({"location": PIN | {"live_period": 900}}, {"location": Location(-1.25, 116.7), "remarks": ("live_location",)}, id="a live location"),
        pytest.param(
            {"venue": {"location": PIN, "title": "SDN 3", "address": "Jl. Poros"}, "location": PIN},
            {"text": "SDN 3, Jl. Poros", "location": Location(-1.25, 116.7)},
            id="a venue",
        ),
        pytest.param(
            {"contact": {"phone_number": "1708", "first_name": "Pak", "last_name": "RT"}}, {"text": "Pak RT, 1708", "remarks": ("contact",)}, id="a contact"
        ),
        pytest.param({"text": "x", "forward_origin": {"type": "hidden_user"}}, {"text": "x", "remarks": ("forwarded",)}, id="forwarded"),
        pytest.param({"dice": {"emoji": "🎲", "value": 3}}, {"remarks": ("not_understood",)}, id="what nobody knows yet"),
        pytest.param({"text": "ya", "reply_to_message": {"message_id": 3}}, {"text": "ya", "references": ("telegram:81234001:3",)}, id="a reply"),
        pytest.param({"text": "\ud83d lubang"}, {"text": "\ufffd lubang"}, id="half a character"),
        pytest.param({"text": f"/status@{NAME} 1234"}, {"text": "/status 1234"}, id="a command that names us"),
        pytest.param({"location": {"latitude": 91, "longitude": 10**400}}, {"remarks": ()}, id="not on earth"),
    ],
)
def test_what_a_citizen_sends_is_read(said: dict[str, Any], known: dict[str, Any]) -> None:
    found = report(**said)
    usual = {"text": "", "attachments": (), "location": None, "references": (), "remarks": ()} | known
    if said.get("location", {}).get("latitude") == 91:
        usual["remarks"] = ("not_understood",)
    assert {name: getattr(found, name) for name in usual} == usual
    assert (found.sender, found.sender_name, found.message_id, found.keyed) == (ADDRESS, "Siti Warga", "telegram:81234001:7", False)


def test_a_private_message_can_be_answered_and_is_called_by_its_number() -> None:
    came = arrival(update(text="Jalan rusak"))
    assert (came.channel, came.kind, came.wire_id, came.reply_to, came.received_at) == ("tg", MESSAGE, "5", ADDRESS, NOW)


def test_an_edited_message_says_which_one_it_amends() -> None:
    found = read(arrival(update("edited_message", text="Jalan dan jembatan rusak", edit_date=1773736300)))
    assert isinstance(found, Report)
    assert (found.text, found.message_id, found.remarks) == ("Jalan dan jembatan rusak", "telegram:81234001:7", ("edited",))


def test_the_parts_of_an_album_come_under_one_name() -> None:
    parts = [arrival({"update_id": n, "message": update(photo=photo(f"p{n}"), media_group_id="1399")["message"]}) for n in (1, 2)]
    reports = [read(part) for part in parts]
    assert {part.wire_id for part in parts} == {"album:81234001:1399"}
    assert len({fingerprint(part) for part in parts}) == 2
    assert [(found.keyed, found.references) for found in reports if isinstance(found, Report)] == [(True, ("album:81234001:1399",))] * 2


def test_the_same_album_number_in_another_chat_is_another_album() -> None:
    theirs = update(photo=photo("p"), media_group_id="1399", chat=PRIVATE | {"id": 5}, **{"from": SITI | {"id": 5}})
    assert arrival(theirs).wire_id != arrival(update(photo=photo("p"), media_group_id="1399")).wire_id


def test_an_edited_caption_in_an_album_is_an_edit_and_no_part() -> None:
    came = arrival(update("edited_message", photo=photo("p"), caption="x", media_group_id="1399"))
    found = read(came)
    assert isinstance(found, Report)
    assert (came.wire_id, found.keyed, found.references) == ("5", False, ())


def test_a_button_says_what_it_stands_for() -> None:
    query = {"id": "99", "from": SITI, "chat_instance": "1", "data": "/kirim", "message": {"message_id": 3, "from": BOT, "chat": PRIVATE, "date": 0}}
    came = arrival({"update_id": 6, "callback_query": query})
    found = read(came)
    assert isinstance(found, Report)
    assert (found.text, found.sender, found.references, found.remarks) == ("/kirim", ADDRESS, ("telegram:81234001:3",), ("button",))
    assert found.language == "id"
    assert (came.kind, came.reply_to) == (MESSAGE, ADDRESS)


@pytest.mark.parametrize(("code", "known"), [("en", "en"), ("pt-br", "pt-br"), ("", None), (None, None), (7, None), ("\ud800", "\ufffd")])
def test_what_the_senders_app_is_set_to_is_told_as_it_is(code: object, known: str | None) -> None:
    assert report(text="x", **{"from": SITI | {"language_code": code}}).language == known


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        ({"text": "Siapa tahu nomor PLN?"}, False),
        ({"text": f"@{NAME} jalan rusak"}, True),
        ({"text": f"tolong @{NAME.lower()}, jalan rusak"}, True),
        ({"text": f"@{NAME}2 jalan rusak"}, False),
        ({"text": "/lapor jalan rusak"}, True),
        ({"text": f"/lapor@{NAME} jalan rusak"}, True),
        ({"text": "/lapor@OtherBot jalan rusak"}, False),
        ({"text": "ya", "reply_to_message": {"message_id": 3, "from": BOT}}, True),
        ({"text": "ya", "reply_to_message": {"message_id": 3, "from": SITI}}, False),
        ({"photo": photo("p"), "caption": f"@{NAME} lihat"}, True),
    ],
)
def test_in_a_group_we_hear_only_what_is_said_to_us_and_answer_only_in_private(said: dict[str, Any], ours: bool) -> None:  # noqa: FBT001  # a table
    came = arrival(update(chat=GROUP, **said))
    found = read(came)
    assert came.reply_to is None
    if ours:
        assert isinstance(found, Report)
        assert (found.sender, found.remarks, found.message_id) == (ADDRESS, ("group",), "telegram:-1001234:7")
    else:
        assert found == Ignored("in a group, and not to us")


def test_who_writes_in_a_groups_name_is_nobody() -> None:
    found = read(arrival(update(chat=GROUP, text="/lapor x", sender_chat=GROUP, **{"from": {"id": 1087968824, "is_bot": True}})))
    assert isinstance(found, Report)
    assert found.sender is None


@pytest.mark.parametrize(
    ("what", "kind", "reason"),
    [
        (update("edited_message", location=PIN | {"live_period": 900}), MESSAGE, "a live location moved"),
        (update(text="x", **{"from": BOT}), MESSAGE, "written by a bot"),
        (update(chat=GROUP, new_chat_members=[SITI]), MESSAGE, "written by Telegram: new_chat_members"),
        (update(pinned_message={"message_id": 1}), MESSAGE, "written by Telegram: pinned_message"),
        ({"update_id": 1, "channel_post": {"message_id": 1, "chat": {"id": -5, "type": "channel"}, "text": "x"}}, STATUS, "a channel's post"),
        (update(chat={"id": -5, "type": "channel"}, text="x"), MESSAGE, "not from a person's chat"),
        ({"update_id": 1, "my_chat_member": {"chat": PRIVATE, "from": SITI, "new_chat_member": {"status": "restricted"}}}, STATUS, "our own state"),
        ({"update_id": 1, "my_chat_member": {"chat": GROUP, "from": SITI, "new_chat_member": {"status": "left"}}}, STATUS, "our bot in a group: left"),
        ({"update_id": 1, "message_reaction": {}}, STATUS, "unknown kind: message_reaction"),
        ({"update_id": 1, "<b>\n": {}}, STATUS, "unknown kind: ?b??n"),
        ({"update_id": 1}, STATUS, "unknown kind: "),
        ({"update_id": 1, "callback_query": {"from": SITI, "game_short_name": "x"}}, MESSAGE, "a button that says nothing"),
    ],
)
def test_what_nobody_said_to_us_is_kept_with_the_reason(what: dict[str, Any], kind: str, reason: str) -> None:
    came = arrival(what)
    assert (came.kind, read(came)) == (kind, Ignored(reason, unknown=reason.startswith("unknown kind")))


def test_the_fingerprint_is_over_what_was_said_however_it_is_written() -> None:
    said = update(text="Jalan é rusak")
    spaced = json.dumps(said, ensure_ascii=False, indent=2).encode()
    turned = json.dumps(dict(reversed(said.items()))).encode()
    ways = {fingerprint(ARRIVALS.of(raw)) for raw in (json.dumps(said).encode(), spaced, turned)}
    assert len(ways) == 1
    assert fingerprint(arrival(update(text="Jalan rusak"))) not in ways


DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.mark.parametrize(
    ("raw", "wire_id", "kind"),
    [
        pytest.param(b'{"update_id":9,"message":' + DEEP + b"}", "9", MESSAGE, id="too deep"),
        pytest.param(b'{"message":{"x":' + b"9" * 5000 + b'},"update_id":9}', "9", MESSAGE, id="a number of 5,000 digits"),
        pytest.param(b'{"update_id":9,"message":{"text":"', "9", MESSAGE, id="cut off"),
        pytest.param(b'{"update_id":9,"poll":\xff}', "9", STATUS, id="no UTF-8"),
        pytest.param(b"[1]", None, STATUS, id="no object"),
        pytest.param(b"", None, STATUS, id="nothing"),
    ],
)
def test_an_update_that_nobody_can_read_is_kept_all_the_same(raw: bytes, wire_id: str | None, kind: str) -> None:
    came = ARRIVALS.of(raw)
    assert (came.raw, came.kind) == (raw, kind)
    assert came.wire_id == wire_id or (wire_id is None and came.wire_id.startswith("sha256:"))
    with pytest.raises(Unreadable):
        read(came)


def test_one_that_nobody_can_read_spoils_no_other() -> None:
    bad = b'{"message":' + DEEP + b',"update_id":8}'
    good = [json.dumps(update(text='a "quoted" ] \\" }, word')).encode(), b'{"update_id":9}']
    assert cut(b' {"result" : [' + b" , ".join([good[0], bad, good[1]]) + b'], "ok": true}') == [good[0], bad, good[1]]
    assert [id_of(raw) for raw in (good[0], bad, good[1])] == [5, 8, 9]
    assert kind_of(bad) == "message"


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b'{"ok":true}', b'{"ok":true,"result":{}}', b'{"result":[{"a":1}', b"<html>", b'{"x":{"result":[1]}}'])
def test_an_answer_that_is_no_list_of_updates_is_told_from_an_empty_one(answer: bytes) -> None:
    assert cut(b'{"ok":true,"result":[]}') == []
    with pytest.raises(NotUpdates):
        cut(answer)


@pytest.mark.parametrize(("state", "said"), [("kicked", "blocked"), ("member", "unblocked")])
def test_who_blocks_the_bot_and_who_lets_it_write_again_is_known(state: str, said: str) -> None:
    came = arrival({"update_id": 1, "my_chat_member": {"chat": PRIVATE, "from": SITI, "new_chat_member": {"status": state}}})
    assert (came.kind, read(came)) == (STATUS, DeliveryUpdate("", said, to=Address("telegram", str(SITI["id"]))))
