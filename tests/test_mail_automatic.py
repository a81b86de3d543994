"""Who is not acknowledged: machines, lists, bounces. And who always is: a person, whatever they write about."""

from __future__ import annotations

import pytest

from channels.mail.incoming import Envelope, Incoming, read_incoming
from tests.mails import OURS, mail, multipart, part

ENVELOPE = Envelope(own=(OURS,))


def letter(raw: bytes, envelope: Envelope = ENVELOPE) -> Incoming:
    """Read."""
    return read_incoming(raw, envelope)


@pytest.mark.parametrize(
    ("label", "fields", "code"),
    [
        ("RFC 3834", {"Auto_Submitted": "auto-replied"}, "auto_submitted"),
        ("a program's own mail", {"Auto_Submitted": "auto-generated (cron)"}, "auto_submitted"),
        ("null sender, as the server noted it", {"Return_Path": "<>"}, "null_sender"),
        ("ourselves", {"From": f"Lapor <{OURS.upper()}>"}, "own_address"),
        ("a list", {"List_Id": "<warga.milis.example>"}, "mailing_list"),
        ("a newsletter", {"List_Unsubscribe": "<https://x.example>"}, "mailing_list"),
        ("bulk", {"Precedence": "bulk"}, "bulk"),
        ("junk", {"Precedence": "Junk"}, "bulk"),
        ("list", {"Precedence": "list"}, "bulk"),
        ("an old answering machine", {"X_Autoreply": "yes"}, "auto_submitted"),
        ("Exchange asks for no answer", {"X_Auto_Response_Suppress": "DR, OOF, AutoReply"}, "suppressed"),
        ("nobody reads there", {"From": "no-reply@bank.example"}, "no_reply"),
        ("nobody reads there, with a name", {"From": "Jira <jira-noreply@x.example>"}, "no_reply"),
        ("nobody reads there, Indonesian", {"From": "jangan-dibalas@dinas.example"}, "no_reply"),
        ("a mail server", {"From": "postmaster@x.example"}, "no_reply"),
        ("Outlook is away", {"Subject": "Automatic reply: Laporan 7K2M-9QXF-4T1Z"}, "vacation"),
        ("Outlook is away, Indonesian", {"Subject": "Jawaban otomatis: Laporan 7K2M"}, "vacation"),
        ("out of office", {"Subject": "Out of Office: Laporan"}, "vacation"),
        ("German", {"Subject": "Automatische Antwort: Laporan"}, "vacation"),
        ("French", {"Subject": "Réponse automatique : Laporan"}, "vacation"),
        ("Chinese", {"Subject": "自动回复: Laporan"}, "vacation"),
        ("Japanese", {"Subject": "自動応答: Laporan"}, "vacation"),
    ],
)
def test_a_machine_is_not_acknowledged(label: str, fields: dict[str, str], code: str) -> None:
    assert letter(mail(**fields)).automatic == code, label


@pytest.mark.parametrize(
    "said",
    [
        "Terima kasih atas pesan Anda. Saya sedang cuti sampai 5 Maret dan akan membalas setelah kembali.",
        "Pesan ini dikirim secara otomatis. Mohon tidak membalas.",
        "Ini adalah balasan otomatis.",
        "Saya saat ini berada di luar kantor.",
        "I am currently out of the office until Monday.",
        "Thank you. I'm on annual leave with limited access to email.",
        "This is an automated response. Your ticket has been created.",
        "Ich bin bis zum 5. März nicht im Büro.",
        "Je suis actuellement absent du bureau.",
        "Estoy fuera de la oficina.",
        "只今不在にしております。",
    ],
)
def test_an_answering_machine_without_any_mark_is_known_by_its_words_in_an_answer(said: str) -> None:
    assert letter(mail(said, In_Reply_To="<0@ppu.example>")).automatic == "vacation"
    assert letter(mail(said, Subject="Re: Laporan")).automatic == "vacation"
    # A citizen who begins to write may say all of that.
    assert letter(mail(said)).automatic == ""


def test_reports_of_machines_are_not_acknowledged() -> None:
    feedback = multipart(
        part("text/plain", "abuse"),
        part("message/feedback-report", "Feedback-Type: abuse"),
        part("message/rfc822", mail()),
        kind="report; report-type=feedback-report",
    )
    assert letter(feedback).automatic == "abuse_report"
    receipt = multipart(
        part("text/plain", "read"),
        part("message/disposition-notification", "Disposition: manual-action/MDN-sent-manually; displayed"),
        kind="report; report-type=disposition-notification",
    )
    assert (letter(receipt).automatic, letter(receipt).bounce) == ("report", None)
    told = multipart(part("message/rfc822", mail()), From="staff@hotmail.example", Subject="complaint about message from 192.0.2.1")
    assert letter(told).automatic == "abuse_report"
    assert letter(mail('{"Message": "{\\"notificationType\\":\\"Complaint\\"}"}', From="ses@x.example")).automatic == "abuse_report"


@pytest.mark.parametrize(
    ("label", "raw"),
    [
        ("plain", mail()),
        ("said to be no machine", mail(Auto_Submitted="no")),
        ("said to be no machine, with a comment", mail(Auto_Submitted="No (really)")),
        ("high priority", mail(Precedence="first-class", X_Priority="1")),
        ("about automatic answers", mail(Subject="Jawaban otomatis SP4N tidak membantu")),
        ("about leave", mail("Petugas sedang cuti terus, loket tutup.", Subject="Cuti petugas loket")),
        ("about leave, in an answer", mail("Kata petugas, saya harus menunggu karena ia cuti.", In_Reply_To="<0@ppu.example>")),
        ("about a car", mail(Subject="Auto - parkir liar")),
        ("about mail that did not arrive", mail("Surat saya ke dinas kembali: user unknown, mailbox full.", Subject="Mail delivery failed")),
        (
            "passes a bounce on",
            mail("Lihat:\n> This is the mail system at host x.\n> could not be delivered", Subject="Fwd: Undelivered Mail Returned to Sender"),
        ),
        ("answers about a bounce", mail("Email saya undeliverable, could not be delivered.", Subject="Re: Undeliverable mail", In_Reply_To="<0@ppu.example>")),
        ("a complaint about a message", mail(Subject="Complaint about message from the regent")),
        ("a name like a daemon's", mail(From="Damon <damon@warga.example>")),
        ("an address with reply in it", mail(From="noriply@warga.example")),
        ("an office", mail(From="Kantor Desa <admin@desa.example>", Subject="Laporan warga: surat ditolak (rejected)")),
        ("by a mailing program", mail(X_Mailer="PHPMailer 6", Feedback_ID="1:2:3")),
        ("delivery of goods", mail("The delivery of cement failed and nobody could be reached.", Subject="Delivery problem at the market")),
        ("wants a receipt", mail(Disposition_Notification_To="siti@warga.example", Return_Receipt_To="siti@warga.example")),
        ("with a loop's mark of a forwarder", mail(X_Loop="siti@warga.example", Delivered_To=OURS)),
        (
            "with a bounce beside it",
            multipart(part("text/plain", "Surat saya kembali."), part("message/rfc822", mail("could not be delivered", From="MAILER-DAEMON@x.example"))),
        ),
        ("HTML", mail("<p>Jalan rusak", Content_Type="text/html")),
        ("encrypted", mail("-----BEGIN PGP MESSAGE-----\nx")),
        ("by web mail of a list's member", mail(Sender="siti@warga.example")),
        ("thread of ours", mail(References="<a@ppu.example>", In_Reply_To="<a@ppu.example>", Subject="Re: Laporan 7K2M")),
    ],
)
def test_a_person_is_always_acknowledged(label: str, raw: bytes) -> None:
    found = letter(raw)
    assert (found.automatic, found.bounce) == ("", None), label


def test_the_wire_knows_better_than_the_head_who_sent_it() -> None:
    assert letter(mail(), Envelope(mail_from="")).automatic == "null_sender"
    assert letter(mail(Return_Path="<>"), Envelope(mail_from="siti@warga.example")).automatic == ""


# ---- bounces

QMAIL = """Hi. This is the qmail-send program at mx.example.
I'm afraid I wasn't able to deliver your message to the following addresses.

<warga@x.example>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 No such user

--- Below this line is a copy of the message.

Return-Path: <lapor@ppu.example>
"""
EXIM = """This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. The following address(es) failed:

  warga@x.example
    SMTP error from remote mail server after RCPT TO:<warga@x.example>:
    550 5.2.2 Mailbox full
"""
SENDMAIL = """   ----- Transcript of session follows -----
550 <warga@x.example>... User unknown

   ----- Unsent message follows -----
Received: by mx
"""
EXCHANGE = """Your message

  To:      lapor@ppu.example
  Subject: Laporan

did not reach the following recipient(s):

warga@x.example on Mon, 2 Mar 2026
    The recipient name is not recognized
"""
YAHOO = """Sorry, we were unable to deliver your message to the following address.

<warga@x.example>:
554: delivery error: dd This user doesn't have an account

--- Below this line is a copy of the message.
"""
DELAY = """THIS IS A WARNING ONLY. YOU DO NOT NEED TO RESEND YOUR MESSAGE.
Your message could not be delivered for 4 hours. It will be retried until it is 5 days old.

<warga@x.example>: connect to x.example: timed out
"""
REPORT = "Reporting-MTA: dns; x\n\nOriginal-Recipient: rfc822;asli@x.example\nFinal-Recipient: rfc822; warga@x.example\nAction: {action}\nStatus: {status}\n"
JSON = r"""{"Type": "Notification", "Message": "{\"notificationType\":\"Bounce\",\"status\":\"5.1.1\",\"emailAddress\":\"warga@x.example\"}"}"""
ONE = ("warga@x.example",)
BOUNCES: dict[str, tuple[bytes, tuple[str, ...], str, str]] = {
    "qmail": (mail(QMAIL, From="MAILER-DAEMON@mx.example", Subject="failure notice"), ONE, "failed", "5.1.1"),
    "Exim": (mail(EXIM, From="Mail Delivery System <Mailer-Daemon@mx.example>", Subject="Mail delivery failed"), ONE, "failed", "5.2.2"),
    "Exim, in its head": (mail("x", From="a@mx.example", X_Failed_Recipients="warga@x.example"), ONE, "failed", ""),
    "sendmail of old": (mail(SENDMAIL, From="MAILER-DAEMON@mx.example", Subject="Returned mail: User unknown"), ONE, "failed", "550"),
    "Exchange of old": (mail(EXCHANGE, From="System Administrator <postmaster@x.example>", Subject="Undeliverable: Laporan"), ONE, "failed", ""),
    "Yahoo": (mail(YAHOO, From="MAILER-DAEMON@yahoo.example", Subject="Failure Notice"), ONE, "failed", ""),
    "two recipients": (
        mail(
            "The following recipients did not receive this message:\n\n<a@x.example>\n<b@x.example>\n",
            From="MAILER-DAEMON@x.example",
            Subject="Mail not delivered",
        ),
        ("a@x.example", "b@x.example"),
        "failed",
        "",
    ),
    "still trying": (mail(DELAY, From="MAILER-DAEMON@x.example", Subject="Delayed Mail (still being retried)"), ONE, "delayed", ""),
    "Indonesian": (
        mail(
            "Pesan Anda tidak dapat dikirim ke alamat berikut:\n\nwarga@x.example\n\nKotak surat penuh.",
            From="MAILER-DAEMON@x.example",
            Subject="Pesan tidak terkirim",
        ),
        ONE,
        "failed",
        "",
    ),
    "from no daemon, but with the mail that came back": (
        multipart(
            part("text/plain", "Unable to deliver message to <warga@x.example>\r\n550 5.1.1 unknown user\r\n"),
            part("message/rfc822", mail()),
            From="imss@x.example",
            Subject="Mail could not be delivered",
        ),
        ONE,
        "failed",
        "5.1.1",
    ),
    "a report in a mixed mail": (
        multipart(part("text/plain", "sorry"), part("message/delivery-status", REPORT.format(action="failed", status="5.0.0"))),
        ONE,
        "failed",
        "5.0.0",
    ),
    "a report as text": (
        mail(REPORT.format(action="delayed", status="4.4.7"), From="MAILER-DAEMON@x.example", Subject="Delivery Status"),
        ONE,
        "delayed",
        "4.4.7",
    ),
    "Amazon's JSON": (mail(JSON, From="no-reply@sns.example"), ONE, "failed", "5.1.1"),
}


@pytest.mark.parametrize(("raw", "recipients", "action", "status"), BOUNCES.values(), ids=BOUNCES.keys())
def test_a_bounce_is_known_with_whom_and_why(raw: bytes, recipients: tuple[str, ...], action: str, status: str) -> None:
    found = letter(raw)
    assert found.automatic == "bounce"
    assert found.bounce is not None
    assert (found.bounce.recipients, found.bounce.action, found.bounce.status) == (recipients, action, status)


def test_an_answering_machine_with_a_null_sender_is_no_bounce() -> None:
    found = letter(mail("I am out of the office, mail could not be answered.", Return_Path="<>", Subject="Automatic reply: Laporan"))
    assert (found.automatic, found.bounce) == ("null_sender", None)
