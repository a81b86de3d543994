"""A notice as a mail: what a citizen's mail program shows, and what no stranger can put into it."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels import Notice
from channels.mail.letter import letter
from channels.mail.settings import MailSettings
from normalizer import Address

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
SETTINGS = MailSettings(address="lapor@ppu.example")
SAID = "Yang terhormat,\n\nlaporan Anda kami terima — nomor 1234-5678-9012.\n.titik\nFrom sini = jauh\n" + "panjang " * 300


def written(name: str = "Lapor PPU", reply_to: str = "lapor+tanda@ppu.example", message_id: str = "<tanda@ppu.example>", **notice: Any) -> bytes:  # noqa: ANN401  # fields
    what: dict[str, Any] = {
        "id": "n1",
        "to": Address("email", "warga@contoh.example"),
        "short": "s",
        "full": SAID,
        "subject": "Laporan 1234-5678-9012",
    } | notice
    return letter(Notice(**what), SETTINGS, message_id, reply_to, name, NOW)


def read(raw: bytes) -> EmailMessage:
    """As a mail program does."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def text(mail: EmailMessage) -> str:
    content = mail.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n").strip()


def is_safe_on_every_wire(raw: bytes) -> bool:
    lines = raw.split(b"\r\n")
    return raw.isascii() and not re.search(rb"\r(?!\n)|(?<!\r)\n|\0", raw) and raw.endswith(b"\r\n") and all(len(line) <= 998 for line in lines)


def test_a_citizen_sees_who_writes_and_every_word() -> None:
    raw = written(thread=("<kedua@contoh.example>", "<pertama@contoh.example>"))
    mail = read(raw)
    assert {name: str(mail[name]) for name in mail} == {
        "From": "Lapor PPU <lapor@ppu.example>",
        "To": "warga@contoh.example",
        "Subject": "Laporan 1234-5678-9012",
        "Date": "Tue, 24 Nov 2026 04:00:00 +0000",
        "Message-ID": "<tanda@ppu.example>",
        "Reply-To": "lapor+tanda@ppu.example",
        "In-Reply-To": "<kedua@contoh.example>",
        "References": "<pertama@contoh.example> <kedua@contoh.example>",
        "Auto-Submitted": "auto-replied",
        "Precedence": "bulk",
        "X-Auto-Response-Suppress": "All",
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "quoted-printable",
    }
    assert text(mail) == SAID.strip()
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert is_safe_on_every_wire(raw)


def test_without_a_thread_it_begins_one() -> None:
    mail = read(written())
    assert (mail["In-Reply-To"], mail["References"]) == (None, None)


def test_a_long_thread_keeps_its_beginning_and_its_end() -> None:
    thread = tuple(f"<{i}@contoh.example>" for i in range(500, 0, -1))
    references = str(read(written(thread=thread))["References"]).split()
    assert (len(references), references[0], references[-1]) == (21, "<1@contoh.example>", "<500@contoh.example>")


@pytest.mark.parametrize("name", ["Lapor PPU", "Lapor, PPU", 'Lapor "PPU" <x@y.example>', "Лапор — " * 20, "=?utf-8?q?x?=", "a\r\nBcc: x@y.example", ""])
def test_the_services_name_is_a_name_whatever_stands_in_it(name: str) -> None:
    raw = written(name)
    [sender] = read(raw)["From"].addresses
    assert sender.addr_spec == "lapor@ppu.example"
    # The standard library's newer reader puts spaces between encoded words (seen with 3.11).
    older = str(make_header(decode_header(email.message_from_bytes(raw)["From"])))
    assert older == f"{' '.join(name.split())} <lapor@ppu.example>".strip()
    assert read(raw)["Bcc"] is None


@pytest.mark.parametrize(
    "subject", ["Re: jalan — rusak", "=?utf-8?q?palsu?=", "a\r\n\r\nisi", "a\nBcc: x@y.example", "\0\x1b[31m", "x" * 5000, "日本語" * 60, ""]
)
def test_a_subject_is_one_line_whatever_stands_in_it(subject: str) -> None:
    raw = written(subject=subject)
    assert is_safe_on_every_wire(raw)
    mail = read(raw)
    wanted = " ".join("".join(c if c.isprintable() else " " for c in subject).split())[:200]
    assert str(mail["Subject"]) == wanted.strip()
    assert mail["Bcc"] is None
    assert text(mail) == SAID.strip()


@pytest.mark.parametrize("id_", ["<a@b>\r\nBcc: x@y.example", "a b@c", "", "<>", "<a<b>@c>", "<é@c>", "<" + "a" * 300 + "@c>"])
def test_what_is_no_message_id_is_left_out(id_: str) -> None:
    mail = read(written(thread=(id_, "<baik@contoh.example>")))
    assert (str(mail["References"]), mail["In-Reply-To"], mail["Bcc"]) == ("<baik@contoh.example>", None, None)


TEXT = st.text(max_size=300)


@given(full=TEXT, subject=TEXT, name=TEXT, to=TEXT, reply_to=TEXT, message_id=TEXT, thread=st.lists(TEXT, max_size=3))
def test_nothing_that_anybody_writes_becomes_another_header(
    full: str, subject: str, name: str, to: str, reply_to: str, message_id: str, thread: list[str]
) -> None:
    raw = written(name, reply_to, message_id, full=full, subject=subject, to=Address("email", to), thread=tuple(thread))
    assert is_safe_on_every_wire(raw)
    head, _, body = raw.partition(b"\r\n\r\n")
    headers = [line.split(b":")[0].decode() for line in head.split(b"\r\n") if not line.startswith(b" ")]
    known = ["From", "To", "Subject", "Date", "Message-ID", "Reply-To", "In-Reply-To", "References", "Auto-Submitted", "Precedence"]
    known += ["X-Auto-Response-Suppress", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"]
    assert [name for name in known if name in headers] == headers
    whole = email.message_from_bytes(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + body).get_payload(decode=True)
    assert isinstance(whole, bytes)
    normal = re.sub(r"\r\n?", "\n", full).rstrip("\n")
    assert whole.replace(b"\r\n", b"\n").rstrip(b"\n") == normal.encode("utf-8", "replace").rstrip(b"\n")
