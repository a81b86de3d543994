"""The same report by SMS, by form and by mail is the same complaint, but for who sent it, and for the title where a mail has a subject."""

from __future__ import annotations

import base64
import os
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from channels import MESSAGE, Arrival
from channels.mail import reading
from gateway.demo.twilio import Twilio
from normalizer import Complaint
from tests.mails import OURS, mail
from tests.sms_channel import ACCOUNT, NOW
from tests.sms_channel import OURS as NUMBERS
from tests.test_kill import TOKEN
from tests.test_mail_end_to_end import Desk, at_the_desk
from tests.test_normalizer_laws import LAW
from tests.test_webform_laws import PUBLIC, by_form, by_sms, complaint
from tests.web_citizen import CHANNEL, citizen
from tests.world import Deployment


def letter(text: str, subject: str | None = None, message_id: str = "<1@warga.example>") -> bytes:
    """As a mail program writes it that takes no risk with letters."""
    body = base64.encodebytes(text.encode()).replace(b"\n", b"\r\n")
    return mail(body, Subject=subject, Message_ID=message_id, Content_Type="text/plain; charset=utf-8", Content_Transfer_Encoding="base64")


def by_mail(text: str, subject: str | None = None) -> Complaint:
    """What a mail becomes."""
    arrival = Arrival("surat", MESSAGE, "1", letter(text, subject), NOW, meta={"own": f'["{OURS}"]', "via": "smtp"})
    return replace(complaint(reading.read(arrival)), sender_name=None)


@LAW
@given(st.text(max_size=300) | st.text("PpUuBN #:,.\r\n\t\u200b\U0001f6a7jalanrusak>-", max_size=60))
@example("PPU jalan rusak")
@example("#bpn: lampu mati")
@example("\U0001f6a7\U0001f6a7 banjir \U0001f64f")
@example("a\x00b\x1b[31m\r\nc\u202e")
@example("")
@example("> dikutip\n\nJalan rusak.\n-- \nSiti")
@example("jalan rusak. " * 3000)
def test_the_same_words_by_sms_by_form_and_by_mail_are_the_same_complaint(text: str) -> None:
    said = by_sms(text)
    assert by_mail(text) == said == by_form(text)


def _about(said: Complaint) -> dict[str, Any]:
    """What a title may tell, too: in which language, of what kind it is, and what it is about."""
    own = ("title", "title_how", "language", "language_found")
    return {name: getattr(said, name) for name in (*own, "kind", "kind_found", "category", "categories", "level", "urgency", "beyond")}


@LAW
@given(st.text("jalanrusk .", max_size=60))
def test_a_subject_is_a_title_and_changes_nothing_else_of_what_was_said(text: str) -> None:
    said, titled = by_mail(text), by_mail(text, "Jalan rusak")
    assert titled.title == "Jalan rusak"
    assert replace(titled, missing=said.missing, **_about(said)) == said
    # As a form's that was given the same title.
    assert replace(by_form(text, ("judul", "Jalan rusak")), title_how=titled.title_how) == titled


_SMS = f"""
{CHANNEL}too_fast_seconds = 0
[channels.sms]
kind = "twilio-sms"
account_sid = "{ACCOUNT}"
auth_tokens = [{{{{ env = "TOKEN" }}}}]
public_urls = ["{PUBLIC}"]
from_numbers = {{{{ sms = "{NUMBERS["sms"]}" }}}}
api_base = "{{api}}"
"""
_KEYWORDS = '[keywords]\nPPU = "64.09"\n'


async def test_the_same_words_through_all_real_doors_are_the_same_complaint(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "TOKEN", TOKEN)
    twilio = Twilio(ACCOUNT, TOKEN)
    texts = ["PPU jalan rusak", "Lampu mati.\nSudah dua minggu!", "\U0001f6a7 banjir \U0001f64f", "The street light is broken", "a\x07b\u202ec  d", "+&=%41;"]
    async with twilio.serve() as api, at_the_desk(on_sqlite, more=_SMS.format(api=api) + _KEYWORDS) as desk:
        twilio.hosts[PUBLIC] = f"http://127.0.0.1:{desk.gateway.port}"
        for i, text in enumerate(texts):
            await _by_every_door(desk, twilio, text, i)
        await on_sqlite.until("cases", lambda rows: len(rows) == 3 * len(texts))
    came: dict[str, list[Any]] = {"sms": [], "web": [], "surat": []}
    channel_of = {row["case"]: row["channel"] for row in await on_sqlite.rows("arrivals") if row["outcome"] == "case"}
    differ = {"sender", "sender_name", "received_at"}
    for version in await on_sqlite.rows("complaint_versions"):
        came[channel_of[version["case"]]].append({name: value for name, value in version["complaint"].items() if name not in differ})
    assert len(came["sms"]) == len(texts)
    assert sorted(came["sms"], key=str) == sorted(came["web"], key=str) == sorted(came["surat"], key=str)
    # And each is answered in its own channel, with its own number.
    assert len(desk.office.delivered) == len(texts)


async def _by_every_door(desk: Desk, twilio: Twilio, text: str, i: int) -> None:
    await twilio.text(f"{PUBLIC}/in/sms/message", from_=f"+6281234567{i:03d}", to=NUMBERS["sms"], body=text)
    async with citizen(desk.gateway) as siti:
        assert (await siti.send([("kunci", await siti.key()), ("isi", text), ("ditanya", "1")])).number
    await desk.gets(letter(text, message_id=f"<{i}@warga.example>"))
