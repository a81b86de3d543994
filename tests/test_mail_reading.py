"""What a citizen's mail becomes, and what becomes of a mail that says what happened to one of ours."""

from __future__ import annotations

import hashlib
import pickle

import pytest

from channels import DeliveryUpdate, Ignored
from channels.mail.reading import fingerprint, read
from channels.mail.tokens import message_id, plus_address
from normalizer import Address, Attachment, Setting, normalize
from tests.mails import NOW, OURS, TOKEN, arrival, joined, mail, multipart, part, told, understood

PHOTO = bytes(range(256)) * 4


def test_a_mail_with_a_photo_is_a_report_with_its_photo() -> None:
    raw = multipart(
        part("text/plain; charset=utf-8", "Jalan di depan SD 5 berlubang."),
        part('image/jpeg; name="jalan.jpg"', PHOTO, encoding="base64", Content_Disposition='attachment; filename="jalan.jpg"'),
    )
    report = understood(raw)
    assert report.sender == Address("email", "siti@warga.example")
    assert report.sender_name == "Siti"
    assert report.recipient == Address("email", OURS)
    assert (report.subject, report.text.strip(), report.received_at) == ("Jalan rusak", "Jalan di depan SD 5 berlubang.", NOW)
    assert report.attachments == (Attachment("jalan.jpg", "image/jpeg", digest=hashlib.sha256(PHOTO).hexdigest(), size=len(PHOTO)),)
    assert report.contents == (PHOTO,)
    assert (report.automatic, report.remarks, report.tokens, report.references) == ("", (), (), ())


def test_what_was_read_goes_through_a_pipe_and_becomes_a_complaint() -> None:
    report = understood(mail())
    assert pickle.loads(pickle.dumps(report)) == report  # noqa: S301  # our own
    complaint = normalize(report, Setting())
    assert (complaint.title, complaint.text) == ("Jalan rusak", "Jalan di depan SD 5 berlubang.")


def test_an_answer_to_a_notice_brings_its_token_back_by_message_id_and_by_address() -> None:
    ours = message_id(TOKEN, "0198c0de", "ppu.example")
    answer = mail("Di Waru.", To=plus_address(OURS, TOKEN.upper()), In_Reply_To=ours, References=f"<0@ppu.example> {ours}")
    report = understood(answer)
    assert report.tokens == (TOKEN,)
    assert report.references == (ours, "<0@ppu.example>")
    assert report.recipient == Address("email", OURS)


@pytest.mark.parametrize(
    ("label", "fields", "meta"),
    [
        ("plus address as a copy", {"Cc": f"lapor+{TOKEN}@PPU.example"}, {}),
        ("plus address in the envelope only", {}, {"rcpt_to": f'["lapor+{TOKEN}@ppu.example"]'}),
        ("plus address as the server noted it", {"Delivered_To": f"lapor+{TOKEN}@ppu.example"}, {}),
        ("an old reference", {"References": f"<a@b.example> <{TOKEN}.0198@ppu.example> <c@d.example>"}, {}),
    ],
)
def test_a_token_comes_back_in_many_ways(label: str, fields: dict[str, str], meta: dict[str, str]) -> None:
    assert understood(mail(**fields), **meta).tokens == (TOKEN,), label


@pytest.mark.parametrize(
    "fields",
    [
        {"To": f"lapor+{TOKEN}@other.example"},
        {"To": f"someone+{TOKEN}@ppu.example"},
        {"In_Reply_To": f"<{TOKEN}.0198@other.example>"},
        {"To": "lapor+short@ppu.example"},
        {"Subject": f"Re: [{TOKEN}] jalan"},
    ],
)
def test_a_token_anywhere_else_is_none(fields: dict[str, str]) -> None:
    assert understood(mail(**fields)).tokens == ()


def test_references_are_nearest_first_and_never_more_than_a_hundred() -> None:
    many = " ".join(f"<{number}@x.example>" for number in range(50_000))
    report = understood(mail(In_Reply_To="<last@x.example>", References=many))
    assert report.references[0] == "<last@x.example>"
    assert len(report.references) == 100


def test_the_same_mail_by_another_wire_has_the_same_key() -> None:
    first = multipart(part("text/plain", "Jalan rusak.\r\n"), part("image/jpeg; name=a.jpg", PHOTO, encoding="base64"))
    again = b"Received: from elsewhere\r\n" + first.replace(b"bdy", b"another") + b"\r\n"
    assert understood(first).content_key == understood(again).content_key is not None
    assert fingerprint(arrival(first)) != fingerprint(arrival(again))


@pytest.mark.parametrize(
    "other",
    [
        mail("Jalan rusak sekali."),
        mail("Jalan rusak.", Message_ID="<2@warga.example>"),
        mail("Jalan rusak.", From="budi@warga.example"),
        multipart(part("text/plain", "Jalan rusak."), part("image/jpeg; name=a.jpg", b"other", encoding="base64")),
    ],
)
def test_other_words_another_sender_or_another_photo_have_another_key(other: bytes) -> None:
    assert understood(mail("Jalan rusak.")).content_key != understood(other).content_key


def test_without_a_message_id_only_the_wire_decides() -> None:
    assert understood(mail(Message_ID=None)).content_key is None


def test_of_a_mail_that_was_too_large_the_beginning_is_a_report_that_says_so() -> None:
    whole = multipart(part("text/plain", "Jalan rusak, foto terlampir."), part("image/jpeg; name=a.jpg", PHOTO * 100, encoding="base64"))
    report = understood(whole[:5000], cut=str(len(whole)))
    assert report.text.strip() == "Jalan rusak, foto terlampir."
    assert "mail_cut" in report.remarks
    assert report.content_key != understood(whole).content_key


def test_an_answer_keeps_all_its_text_and_shows_what_is_new() -> None:
    said = "Di Waru.\n\nPada Sen, 2 Mar 2026 10.00 Lapor <lapor@ppu.example> menulis:\n> Di mana?\n"
    report = understood(mail(said, In_Reply_To="<0@ppu.example>"))
    assert "Di mana?" in report.text
    assert report.reply == "Di Waru."
    assert understood(mail("Semua baru.")).reply is None


# ---- forged and from nobody


def test_what_the_domains_owner_disowns_is_marked_and_not_answered() -> None:
    raw = b"Authentication-Results: mx.ppu.example; spf=fail; dkim=none; dmarc=fail (p=reject)\r\n" + mail()
    report = understood(raw, authserv_id="mx.ppu.example")
    assert (report.automatic, report.remarks) == ("forged", ("forged",))


@pytest.mark.parametrize(
    ("label", "field", "authserv_id", "remarks"),
    [
        ("a stranger's verdict", "Authentication-Results: mx.evil.example; dmarc=fail", "mx.ppu.example", ()),
        ("nobody is believed", "Authentication-Results: mx.ppu.example; dmarc=fail", "", ()),
        ("passed on by a list, still signed", "Authentication-Results: mx.ppu.example 1; spf=fail; dkim=pass; dmarc=pass", "mx.ppu.example", ()),
        ("nothing holds", "Authentication-Results: MX.ppu.example; spf=fail smtp.mailfrom=a.example; dkim=none", "mx.ppu.example", ("forged",)),
        ("a comment that lies", "Authentication-Results: mx.ppu.example; spf=pass (dmarc=fail; dmarc=fail)", "mx.ppu.example", ()),
    ],
)
def test_only_our_own_border_server_is_believed(label: str, field: str, authserv_id: str, remarks: tuple[str, ...]) -> None:
    report = understood(field.encode() + b"\r\n" + mail(), authserv_id=authserv_id)
    assert (report.automatic, report.remarks) == ("", remarks), label


def test_a_mail_of_two_senders_is_the_firsts_and_marked() -> None:
    report = understood(mail(From="a@x.example, b@y.example"))
    assert (report.sender, report.remarks) == (Address("email", "a@x.example"), ("several_senders",))


def test_a_mail_without_a_sender_is_his_who_sent_it() -> None:
    report = understood(mail(From=None), mail_from="siti@Warga.example")
    assert (report.sender, report.remarks) == (Address("email", "siti@warga.example"), ("sender_not_named",))
    assert understood(mail(From=None)).sender is None


# ---- bounces


def bounce(status: str, *, original: str, action: str = "failed") -> bytes:
    """As RFC 3464 wants it."""
    return multipart(
        part("text/plain", "This is the mail system at host mx.example.\r\nYour message could not be delivered.\r\n"),
        part(
            "message/delivery-status",
            f"Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; siti@warga.example\r\nAction: {action}\r\nStatus: {status}\r\n",
        ),
        part("message/rfc822", f"From: {OURS}\r\nTo: siti@warga.example\r\nMessage-ID: {original}\r\nSubject: Laporan\r\n\r\nTerima kasih."),
        kind="report; report-type=delivery-status",
        From="MAILER-DAEMON@mx.example",
        Subject="Undelivered Mail Returned to Sender",
        Return_Path="<>",
    )


def test_a_bounce_of_a_notice_is_its_end() -> None:
    ours = message_id(TOKEN, "0198c0de", "ppu.example")
    assert told(bounce("5.1.1", original=ours)) == DeliveryUpdate(ours, "undelivered", None, "5.1.1")


def test_capitals_that_a_server_changed_still_name_our_notice() -> None:
    ours = message_id(TOKEN, "0198c0de", "ppu.example")
    assert told(bounce("5.1.1", original=ours.upper())) == DeliveryUpdate(ours, "undelivered", None, "5.1.1")


def test_a_bounce_in_a_mail_servers_own_words_is_understood_too() -> None:
    ours = message_id(TOKEN, "0198c0de", "ppu.example")
    said = "Hi. This is the mailer at mx.example.\nI was unable to deliver your message to:\n\n<siti@warga.example>:\n550 5.2.2 mailbox is full\n\n"
    said += f"--- Below this line is a copy of the message.\n\nReceived: from x\nMessage-ID: {ours}\nSubject: Laporan\n\nTerima kasih."
    assert told(mail(said, From="MAILER-DAEMON@mx.example", Subject="failure notice")) == DeliveryUpdate(ours, "undelivered", None, "5.2.2")


@pytest.mark.parametrize("action", ["delayed", "failed"])
def test_a_delay_is_never_an_end(action: str) -> None:
    what = told(bounce("4.4.1", original=message_id(TOKEN, "0198", "ppu.example"), action=action))
    assert isinstance(what, Ignored) if action == "delayed" else what == DeliveryUpdate(message_id(TOKEN, "0198", "ppu.example"), "undelivered", None, "4.4.1")


def test_a_report_of_success_says_delivered() -> None:
    ours = message_id(TOKEN, "0198", "ppu.example")
    assert told(bounce("2.1.5", original=ours, action="delivered")) == DeliveryUpdate(ours, "delivered", None, "2.1.5")


def test_a_bounce_of_nothing_of_ours_is_kept_and_ignored() -> None:
    assert told(bounce("5.1.1", original="<spam@elsewhere.example>")) == Ignored("a bounce of nothing that we sent")


def test_a_bounce_that_a_person_passes_on_is_a_report() -> None:
    inner = bounce("5.1.1", original="<x@y.example>")
    raw = multipart(
        part("text/plain", "Surat saya ke dinas kembali, tolong."), part("message/rfc822", inner), Subject="Fwd: Undelivered Mail Returned to Sender"
    )
    report = understood(raw)
    assert report.automatic == ""
    assert "Surat saya ke dinas kembali" in report.text


def test_nothing_is_read_twice_differently() -> None:
    raw = multipart(part("text/plain", "a"), part("text/html", "<p>b"), joined(part("text/plain", "c"), boundary=b"x"))
    assert read(arrival(raw)) == read(arrival(raw))
