"""Whatever an update holds, reading it never raises, and nothing that a store could not take comes out. Drawn from Telegram's own description."""

from __future__ import annotations

import json
from contextlib import suppress
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from channels import DeliveryUpdate, Ignored
from channels.telegram.arrivals import Arrivals, pressed
from channels.telegram.reading import fingerprint, read
from channels.telegram.updates import Unreadable, cut, id_of, kind_of, wire_id
from normalizer import Report, Setting, normalize
from tests.bot_contract import contract, made
from tests.telegram_channel import NAME, NOW, TOKEN

ARRIVALS = Arrivals("tg", TOKEN, NAME, lambda: NOW)
KINDS = ["message", "edited_message", "callback_query", "my_chat_member"]
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.sampled_from(["chat", "from", "id", "type", "text", "photo"]), inner, max_size=3)
    ),
    max_leaves=12,
)


def holds(raw: bytes) -> None:
    """All that is promised of one update."""
    came = ARRIVALS.of(raw)
    assert came.raw == raw
    assert came.wire_id
    found = read(came)
    assert isinstance(found, Report | DeliveryUpdate | Ignored)
    fingerprint(came)
    pressed(raw)
    if isinstance(found, Report):
        # What no store takes, and no other program.
        json.dumps(
            [found.text, found.sender_name, found.message_id, *found.references, *(file.name for file in found.attachments)], ensure_ascii=False
        ).encode()
        normalize(found, Setting())


@settings(deadline=None, max_examples=400)
@given(st.sampled_from(KINDS), st.integers(0, 2**40), st.integers(0, 2**64))
def test_whatever_stands_in_the_fields_of_an_update_it_is_read(kind: str, number: int, seed: int) -> None:
    [field] = [field for field in contract()["types"]["Update"]["fields"] if field["name"] == kind]
    holds(json.dumps({"update_id": number, kind: made(Random(seed), field["types"][0])}).encode())  # noqa: S311  # no secret


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(KINDS), ANY_JSON)
def test_whatever_stands_in_the_place_of_a_message_it_is_read(kind: str, anything: object) -> None:
    holds(json.dumps({"update_id": 1, kind: anything}).encode())


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(st.sampled_from(["from", "chat", "text", "caption", "photo", "location", "contact", "venue", "sticker", "media_group_id"]), ANY_JSON))
def test_whatever_a_private_message_holds_it_is_read(fields: dict[str, object]) -> None:
    person = {"from": {"id": 9, "is_bot": False}, "chat": {"id": 9, "type": "private"}, "message_id": 1}
    holds(json.dumps({"update_id": 1, "message": person | fields}).encode())


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:\\ a1"update_id', max_size=60).map(str.encode))
def test_whatever_the_bytes_are_nothing_but_unreadable_is_raised(raw: bytes) -> None:
    came = ARRIVALS.of(raw)
    with suppress(Unreadable):
        read(came)
    pressed(raw)
    with suppress(ValueError):
        cut(raw)
    assert wire_id(raw) == came.wire_id or came.wire_id.startswith("album:")


@settings(deadline=None, max_examples=150)
@given(st.lists(ANY_JSON.map(lambda one: {"message": one}), max_size=4), st.sampled_from([None, 1, 4]))
def test_updates_are_cut_apart_as_a_parser_would(messages: list[dict[str, object]], indent: int | None) -> None:
    updates = [{"update_id": place, **message} for place, message in enumerate(messages)]
    pieces = cut(json.dumps({"ok": True, "description": '"result":[', "result": updates}, indent=indent).encode())
    assert [json.dumps(json.loads(piece)) for piece in pieces] == [json.dumps(update) for update in updates]
    assert [(id_of(piece), kind_of(piece)) for piece in pieces] == [(place, "message") for place in range(len(updates))]
