"""What Twilio's webhooks say: payloads as its documentation shows them, and nonsense."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels import MESSAGE, STATUS, Arrival, DeliveryUpdate, Ignored
from channels.sms.reading import fingerprint, read
from normalizer import Address, Attachment, Location, Report
from tests.sms_channel import ACCOUNT, CITIZEN, NOW, OURS

SID = "SM" + "1" * 32
SMS = {
    "ToCountry": "ID",
    "ToState": "",
    "SmsMessageSid": SID,
    "NumMedia": "0",
    "ToCity": "",
    "FromZip": "",
    "SmsSid": SID,
    "FromState": "",
    "SmsStatus": "received",
    "FromCity": "",
    "Body": "PPU jalan rusak + lubang di Sepaku 🕳",
    "FromCountry": "ID",
    "To": OURS["sms"],
    "ToZip": "",
    "NumSegments": "1",
    "MessageSid": SID,
    "AccountSid": ACCOUNT,
    "From": CITIZEN,
    "ApiVersion": "2010-04-01",
}
WHATSAPP = {
    "SmsMessageSid": SID,
    "NumMedia": "0",
    "ProfileName": "Siti",
    "MessageType": "text",
    "SmsSid": SID,
    "WaId": "6281234567890",
    "SmsStatus": "received",
    "Body": "Lampu jalan mati",
    "To": "whatsapp:" + OURS["whatsapp"],
    "NumSegments": "1",
    "ReferralNumMedia": "0",
    "MessageSid": SID,
    "AccountSid": ACCOUNT,
    "From": "whatsapp:" + CITIZEN,
    "ApiVersion": "2010-04-01",
}
DELIVERED = {
    "SmsSid": SID,
    "SmsStatus": "delivered",
    "MessageStatus": "delivered",
    "To": CITIZEN,
    "MessageSid": SID,
    "AccountSid": ACCOUNT,
    "From": OURS["sms"],
    "ApiVersion": "2010-04-01",
    "RawDlrDoneDate": "2603170830",
}


def arrival(fields: dict[str, str] | bytes, kind: str = MESSAGE, **meta: str) -> Arrival:
    raw = fields if isinstance(fields, bytes) else urlencode(fields).encode()
    return Arrival("sms", kind, SID, raw, NOW, meta=meta)


def report(fields: dict[str, str] | bytes) -> Report:
    said = read(arrival(fields))
    assert isinstance(said, Report)
    return said


def test_an_sms_is_the_citizens_own_words() -> None:
    assert report(SMS) == Report(
        sender=Address("sms", CITIZEN), text="PPU jalan rusak + lubang di Sepaku 🕳", received_at=NOW, recipient=Address("sms", OURS["sms"])
    )


def test_a_whatsapp_message_knows_its_wire_and_the_senders_name() -> None:
    said = report(WHATSAPP)
    assert said.sender == Address("whatsapp", CITIZEN)
    assert said.recipient == Address("whatsapp", OURS["whatsapp"])
    assert said.sender_name == "Siti"


def test_pictures_are_kept_as_references() -> None:
    media = {"NumMedia": "2", "Body": "", "MediaUrl0": "https://a.example/0", "MediaContentType0": "image/jpeg", "MediaUrl1": "https://a.example/1"}
    said = report(SMS | media)
    assert said.text == ""
    assert said.attachments == (
        Attachment(name="", declared_type="image/jpeg", reference="https://a.example/0"),
        Attachment(name="", declared_type="", reference="https://a.example/1"),
    )


def test_a_shared_place_says_where_and_what_it_is_called() -> None:
    place = {"Body": "", "Latitude": "-1.24", "Longitude": "116.75", "Label": "Pasar Waru", "Address": "Jl. Provinsi km 8"}
    said = report(WHATSAPP | place)
    assert said.location == Location(-1.24, 116.75)
    assert said.text == "Pasar Waru, Jl. Provinsi km 8"


@pytest.mark.parametrize("position", [("nan", "1"), ("inf", "1"), ("91", "1"), ("1", "181"), ("utara", "1"), ("", "")])
def test_a_place_that_is_not_on_earth_is_no_place(position: tuple[str, str]) -> None:
    assert report(WHATSAPP | {"Latitude": position[0], "Longitude": position[1]}).location is None


def test_an_answer_to_our_whatsapp_message_says_which() -> None:
    assert report(WHATSAPP | {"OriginalRepliedMessageSid": "SM9"}).references == ("SM9",)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        pytest.param(b"", "", id="nothing"),
        pytest.param(b"Body=%FF%FEjalan", "\ufffd\ufffdjalan", id="not UTF-8"),
        pytest.param("Body=jalan é".encode("latin-1"), "jalan \ufffd", id="not even encoded"),
        pytest.param(b"Body=a%00b", "a\0b", id="NUL"),
        pytest.param(b"Body=first&Body=second", "first", id="said twice"),
        pytest.param(b"&&=&%&x&Body=%zz%", "%zz%", id="no form at all"),
        pytest.param(b"Body=a&" + b"x=1&" * 10_000, "a", id="10,000 fields"),
        pytest.param(b"{}", "", id="JSON"),
    ],
)
def test_nonsense_is_read_as_far_as_it_goes(raw: bytes, text: str) -> None:
    assert report(raw).text == text


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from([MESSAGE, STATUS]))
def test_nothing_that_a_wire_brings_is_an_error(raw: bytes, kind: str) -> None:
    read(arrival(raw, kind))
    fingerprint(arrival(raw, kind))


@pytest.mark.parametrize(
    ("provider", "ours"),
    [
        ("accepted", "sending"),
        ("scheduled", "sending"),
        ("queued", "sending"),
        ("sending", "sending"),
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("read", "read"),
        ("undelivered", "undelivered"),
        ("failed", "failed"),
    ],
)
def test_a_status_callback_says_what_became_of_a_notice(provider: str, ours: str) -> None:
    assert read(arrival(DELIVERED | {"MessageStatus": provider}, STATUS, notice="n1")) == DeliveryUpdate(SID, ours, "n1")


def test_a_message_that_did_not_arrive_says_why() -> None:
    said = read(arrival(DELIVERED | {"MessageStatus": "undelivered", "ErrorCode": "30003"}, STATUS))
    assert said == DeliveryUpdate(SID, "undelivered", reason="30003")


def test_a_message_that_was_called_off_says_so() -> None:
    assert read(arrival(DELIVERED | {"MessageStatus": "canceled"}, STATUS)) == DeliveryUpdate(SID, "failed", reason="canceled")


@pytest.mark.parametrize("fields", [{}, DELIVERED | {"MessageStatus": "received"}, {"MessageStatus": "sent"}])
def test_a_callback_about_nothing_of_ours_is_ignored(fields: dict[str, str]) -> None:
    assert isinstance(read(arrival(fields, STATUS)), Ignored)


def without(fields: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name not in names}


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(SMS, id="a retry"),
        pytest.param(SMS | {"ErrorCode": "11205", "ErrorUrl": "https://lapor.example/in/sms/message"}, id="the fallback URL"),
        pytest.param({name: SMS[name] for name in ("From", "To", "Body", "NumMedia", "MessageSid")}, id="the provider's message list"),
        pytest.param(dict(reversed(SMS.items())), id="another order"),
        pytest.param(without(SMS, "NumMedia"), id="no count of media"),
    ],
)
def test_the_same_words_have_the_same_fingerprint(again: dict[str, str]) -> None:
    assert fingerprint(arrival(again)) == fingerprint(arrival(SMS))


@pytest.mark.parametrize("change", [{"Body": "lain"}, {"From": "+6281234567891"}, {"To": "+628990001700"}, {"NumMedia": "1"}])
def test_other_words_have_another_fingerprint(change: dict[str, Any]) -> None:
    assert fingerprint(arrival(SMS | change)) != fingerprint(arrival(SMS))


@pytest.mark.parametrize(("change", "same"), [({"RawDlrDoneDate": "x"}, True), ({"MessageStatus": "sent"}, False), ({"ErrorCode": "30003"}, False)])
def test_a_status_is_the_same_if_it_says_the_same(change: dict[str, str], same: bool) -> None:  # noqa: FBT001  # a table
    assert (fingerprint(arrival(DELIVERED | change, STATUS)) == fingerprint(arrival(DELIVERED, STATUS))) is same
