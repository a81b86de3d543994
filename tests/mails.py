"""Mails for the tests, written for them: bytes as they travel."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from channels import MESSAGE, Arrival, DeliveryUpdate, Ignored
from channels.mail.reading import read
from normalizer import Report

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
OURS = "lapor@ppu.example"
TOKEN = "7k2m9qxf4t1z0123456789abcdef"
HEAD = {"From": "Siti <siti@warga.example>", "To": OURS, "Subject": "Jalan rusak", "Message-ID": "<1@warga.example>", "Date": "Mon, 2 Mar 2026 10:00:00 +0700"}


def mail(body: str | bytes = "Jalan di depan SD 5 berlubang.", **fields: str | None) -> bytes:
    """A mail with the usual head; `In_Reply_To="..."` adds or changes a field, None leaves it out."""
    head = {**HEAD, **{name.replace("_", "-"): value for name, value in fields.items()}}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items() if value is not None)
    return lines.encode() + b"\r\n" + (body if isinstance(body, bytes) else body.replace("\n", "\r\n").encode())


def multipart(*parts: bytes, kind: str = "mixed", **fields: str | None) -> bytes:
    """A mail of parts, each with a head of its own."""
    return mail(joined(*parts), Content_Type=f'multipart/{kind}; boundary="bdy"', **fields)


def joined(*parts: bytes, boundary: bytes = b"bdy") -> bytes:
    """The parts between their delimiters."""
    return b"".join(b"--" + boundary + b"\r\n" + one + b"\r\n" for one in parts) + b"--" + boundary + b"--\r\n"


def part(kind: str, body: str | bytes = "", *, encoding: str = "", **fields: str) -> bytes:
    """One part; `encoding`: "base64" encodes the body, too."""
    raw = body.encode() if isinstance(body, str) else body
    head = {"Content-Type": kind, **({"Content-Transfer-Encoding": encoding} if encoding else {}), **{n.replace("_", "-"): v for n, v in fields.items()}}
    return "".join(f"{name}: {value}\r\n" for name, value in head.items()).encode() + b"\r\n" + (base64.encodebytes(raw) if encoding == "base64" else raw)


def arrival(raw: bytes, **meta: str) -> Arrival:
    """As the core hands it to the reader."""
    return Arrival("surat", MESSAGE, "wire-1", raw, NOW, meta={"own": f'["{OURS}"]', **meta})


def understood(raw: bytes, **meta: str) -> Report:
    """A citizen's mail, read."""
    report = read(arrival(raw, **meta))
    assert isinstance(report, Report)
    return report


def told(raw: bytes, **meta: str) -> DeliveryUpdate | Ignored:
    """A bounce, read."""
    what = read(arrival(raw, **meta))
    assert not isinstance(what, Report)
    return what


PHOTO_MAIL = multipart(
    part("text/plain; charset=utf-8", "Di Waru.\r\n\r\nOn 2 Mar 2026, at 10:00, Lapor <lapor@ppu.example> wrote:\r\n> Di mana?"),
    part("image/jpeg", b"\xff\xd8\xff", encoding="base64", Content_Disposition='attachment; filename="jalan.jpg"'),
    Subject="Re: Jalan rusak",
    In_Reply_To="<0@ppu.example>",
)
