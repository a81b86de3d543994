"""Mails that were made to hurt whoever reads them: each gives a result, soon, in little memory, and no text is silently lost.

Time is the processor's, which a busy machine does not stretch.
"""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from channels import Ignored
from channels.mail.reading import read
from normalizer import Report
from tests.mails import OURS, arrival, joined, mail, multipart, part

# Seconds of the processor, and megabytes: what the issue allows. Today's worst is a fifth of it.
SECONDS, SECONDS_LARGE, MEGABYTES = 2, 5, 300
# How many times a mail's own bytes its files may take on the disk.
COPIES = 6
WORD = "tenggelam"
RANDOM = random.Random(5)  # noqa: S311  # rubbish that is the same at every run
DAEMON = {"From": "MAILER-DAEMON@x.example", "Return_Path": "<>", "Subject": "Undelivered"}
DSN = part("message/delivery-status", "Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\n\r\n") + b"\r\n"


def nested(depth: int, kind: str = "mixed") -> bytes:
    """A word in so many boxes."""
    opened = b"".join(b'Content-Type: multipart/%s; boundary="b%d"\r\n\r\n--b%d\r\n' % (kind.encode(), level, level) for level in range(depth))
    closed = b"".join(b"--b%d--\r\n" % level for level in reversed(range(depth)))
    return b"From: a@b.example\r\n" + opened + b"\r\n" + WORD.encode() + b"\r\n" + closed


def headed(field: bytes) -> bytes:
    """A mail with one more field in front."""
    return field + b"\r\n" + mail(WORD)


def page(body: str) -> bytes:
    """HTML."""
    return mail(body, Content_Type="text/html; charset=utf-8")


MAILS = {
    "5,000 multiparts in one another": nested(5000),
    "5,000 alternatives in one another": nested(5000, "alternative"),
    "5,000 mails in one another": b"From: a@b.example\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 5000 + b"\r\n" + WORD.encode(),
    "200 mails in one another, each of them a file": b"From: a@b.example\r\n"
    + b"Content-Type: message/rfc822\r\nContent-Disposition: attachment; filename=a.eml\r\n\r\n" * 200
    + b"Subject: x\r\n\r\n"
    + (WORD.encode() + b" rusak\r\n") * 60_000,
    "one boundary for all of them": multipart(b"Content-Type: multipart/mixed; boundary=bdy\r\n\r\n--bdy\r\n" * 5000 + b"\r\n" + WORD.encode()),
    "100,000 parts": multipart(part("text/plain", WORD), *[part("application/x; name=\xe9\xfd", "x")] * 100_000),
    "100,000 texts in charsets to be guessed": multipart(part("text/plain", WORD), *[b"\r\n\xe9\xfd\xe3 %d" % number for number in range(100_000)]),
    "100,000 alternatives": multipart(part("text/plain", WORD), *[part("text/html", "<p>x")] * 100_000, kind="alternative"),
    "10,000 fields": headed(b"\r\n".join(b"X-%d: y" % number for number in range(10_000))),
    "200,000 fields": headed(b"\r\n".join(b"X-%d: y" % number for number in range(200_000))),
    "broken lines in the head": headed(b"X: y\r\n" + b"no field\r\n" * 50_000),
    "a field of a megabyte of folds": headed(b"X: y" + b"\r\n z" * 300_000),
    "4 kB of brackets in From": mail(WORD, From="(" * 4096 + "a@b.example"),
    "60 kB of brackets in From": mail(WORD, From="(" * 60_000 + "a@b.example"),
    "60 kB of quotes in From": mail(WORD, From='"' * 60_001 + "a@b.example"),
    "angles, brackets and quotes in From": mail(WORD, From='(<"' * 20_000),
    "addresses and colons in From": mail(WORD, From="a@b" + ":b" * 30_000),
    "100,000 recipients": mail(WORD, To=", ".join(f"a{number}@b.example" for number in range(30_000))),
    "a type with 10,000 parameters": mail(WORD, Content_Type="text/plain; " + "; ".join(f"p{number}=v" for number in range(10_000))),
    "a name in 9,000 pieces": mail(WORD, Content_Type="text/plain; " + "; ".join(f"name*{number}*=%41" for number in range(9000))),
    "quotes and backslashes that never end": mail(WORD, Content_Type='text/plain; name="' + "\\" * 60_000),
    "50,000 references": mail(WORD, References=" ".join(f"<{number}@b.example>" for number in range(50_000))),
    "20,000 encoded words": mail(WORD, Subject="=?utf-8?Q?=41?= " * 20_000),
    "20,000 encoded words that never end": mail(WORD, Subject="=?utf-8?Q?" * 20_000),
    "4,000 encoded words in charsets of their own": mail(WORD, Subject=" x ".join(f"=?c{number}?Q?=E9=FD?=" for number in range(4000))),
    "comments in Authentication-Results": headed(b"Authentication-Results: mx; " + b"(" * 60_000),
    "100,000 comments of HTML that never end": page("<!--" * 100_000 + WORD),
    "100,000 divs": page("<div>" * 100_000 + WORD),
    "100,000 quotations in HTML": page("<blockquote>" * 100_000 + WORD),
    "60,000 unclosed formats": page("<p><b>" * 60_000 + WORD),
    "a million less-than": page("<" * 1_000_000 + " " + WORD),
    "tags that never end": page(WORD + " <a " * 200_000),
    "quotes in tags that never end": page(WORD + " <a b='>" * 100_000),
    "styles that never end": page("<style>" * 100_000 + WORD),
    "a number of HTML of 20,000 digits": page("&#" + "9" * 20_000 + "; " + WORD),
    "quoted-printable rubbish": mail(b"=ZZ=\xff= =3D=" * 200_000 + b"\r\n", Content_Transfer_Encoding="quoted-printable"),
    "a break with a megabyte of spaces": mail(WORD.encode() + b" =" + b" " * 1_000_000, Content_Transfer_Encoding="quoted-printable"),
    "a million pieces of base64": mail(b"QUJD=" * 1_000_000, Content_Transfer_Encoding="base64"),
    "rubbish as base64": mail(RANDOM.randbytes(2_000_000), Content_Transfer_Encoding="base64"),
    "NULs": mail(b"\0" * 1_000_000 + WORD.encode()),
    "lone surrogates in UTF-7": mail(b"+2D0- " * 100_000 + WORD.encode(), Content_Type="text/plain; charset=utf-7"),
    "lone surrogates in UTF-16": mail(b"\x00\xd8" * 100_000, Content_Type="text/plain; charset=utf-16le"),
    "surrogates in UTF-8": mail(b"\xed\xa0\x80 " + WORD.encode(), Content_Type="text/plain; charset=utf-8"),
    "a codec of quadratic time": mail(WORD.encode() + b"-" + b"a" * 100_000, Content_Type="text/plain; charset=punycode"),
    "one line of two megabytes": mail(WORD + " " + "x" * 2_000_000),
    "a text of dashes": mail(WORD + "\n" + "-" * 190_000),
    "100,000 quoted lines": mail(WORD + "\n" + "> x\n" * 40_000),
    "20,000 lines that might say who wrote": mail(WORD + "\n" + "On 1 Jan 2020 at 10:00 x wrote\n" * 6000),
    "20,000 lines that might be a head": mail(WORD + "\n" + "From: x\n" * 20_000),
    "a last line without spaces": mail(WORD + "\n" + "x" * 190_000),
    "100,000 files that begin": mail(WORD.encode() + b"\r\n" + b"begin 644 a.txt\r\n" * 100_000 + b"\r\nend\r\n"),
    "100,000 files that begin, yEnc": mail(WORD.encode() + b"\r\n" + b"=ybegin line=1 size=1 name=a\r\n" * 100_000 + b"=yend\r\n"),
    "50,000 files in one text": mail(WORD.encode() + b"\r\n" + b"begin 644 a\r\n#0V%T\r\nend\r\n" * 50_000),
    "20,000 signatures that begin": mail(WORD + "\n" + "-----BEGIN PGP SIGNED MESSAGE-----\n" * 20_000 + "-----BEGIN PGP SIGNATURE-----"),
    "winmail.dat of 200,000 attributes": multipart(
        part("text/plain", WORD),
        part("application/ms-tnef", bytes.fromhex("789f3e220100") + bytes.fromhex("02029006000000000000 00") * 200_000, encoding="base64"),
    ),
    "winmail.dat that counts to four billion": multipart(
        part("text/plain", WORD),
        part(
            "application/ms-tnef",
            bytes.fromhex("789f3e220100") + b"\x01\x03\x90\x06\0\x10\0\0\0" + b"\xff" * 4 + b"\3\0\1\0\0\0\0\0" + b"\0" * 6,
            encoding="base64",
        ),
    ),
    "a signature of 100,000 boxes": multipart(
        part("text/plain", WORD), part("application/pkcs7-mime", bytes.fromhex("308006092a864886f70d010702a0803080") + b"\x30\x80" * 100_000, encoding="base64")
    ),
    "a mail in base64 in base64 in base64": multipart(
        part("text/plain", WORD),
        part(
            "message/rfc822",
            multipart(part("message/rfc822", multipart(part("message/rfc822", mail(), encoding="base64")), encoding="base64")),
            encoding="base64",
        ),
    ),
}

# Bounces, and what only looks like a mail.
OTHERS = {
    "a bounce of 20,000 addresses": mail("<a@b.example>\n" * 20_000, **DAEMON),
    "a bounce of one address that never ends": mail("a" * 100_000 + "@", **DAEMON),
    "a bounce of half sentences": mail("failed trying to error while could not " * 20_000, **DAEMON),
    "5,000 reports in one": mail(joined(*[DSN] * 5000), **DAEMON, Content_Type="multipart/report; report-type=delivery-status; boundary=bdy"),
    "nothing": b"",
    "a line break": b"\n",
    "a field without a body": b"Subject: x",
    "NULs in the head": b"\0\0From: a\0@b.example\0\r\n\r\nx",
    "rubbish": RANDOM.randbytes(1_000_000),
    "rubbish in lines": b"\n".join(RANDOM.randbytes(70) for _ in range(20_000)),
}


def said(what: object) -> str:
    """All words of a report, as the store would write them; raises where they cannot be written."""
    if isinstance(what, Report):
        text = json.dumps([what.subject, what.text, what.reply, what.sender_name, what.remarks, [file.name for file in what.attachments]], ensure_ascii=False)
        return text.encode().decode()
    return ""


@pytest.mark.parametrize("raw", MAILS.values(), ids=MAILS.keys())
def test_a_mail_made_to_hurt_is_read_soon_and_whole(raw: bytes) -> None:
    begun = time.process_time()
    what = read(arrival(raw, authserv_id="mx"))
    assert time.process_time() - begun < SECONDS
    assert isinstance(what, Report)
    whole = said(what) + "".join(content.decode("latin-1") for content in what.contents)
    assert WORD in whole or WORD.encode() not in raw
    assert sum(map(len, what.contents)) <= COPIES * len(raw)


@pytest.mark.parametrize("raw", OTHERS.values(), ids=OTHERS.keys())
def test_whatever_comes_gives_a_result(raw: bytes) -> None:
    begun = time.process_time()
    what = read(arrival(raw))
    assert time.process_time() - begun < SECONDS
    assert said(what) or isinstance(what, Ignored)


def test_a_thousand_rubbish_mails_are_read() -> None:
    whole = multipart(
        part("text/plain; charset=utf-8", "Jalan rusak é"), part("text/html", "<p>x"), part("image/png; name=a.png", b"x" * 50, encoding="base64")
    )
    for _ in range(1000):
        broken = bytearray(whole)
        for _ in range(RANDOM.randrange(1, 12)):
            at = RANDOM.randrange(len(broken))
            broken[at : at + RANDOM.randrange(4)] = RANDOM.randbytes(RANDOM.randrange(4))
        assert said(read(arrival(bytes(broken))))


LARGE = {
    "photo": lambda: multipart(part("text/plain", WORD), part("image/jpeg; name=a.jpg", random.Random(1).randbytes(18 << 20), encoding="base64")),  # noqa: S311  # a photo
    "plain text": lambda: mail((WORD + " rusak di Waru.\r\n").encode() * (25 * 2**20 // 26)),
    "one letter of four bytes": lambda: mail("😀 ".encode() * (5 << 20) + WORD.encode()),
    "text in base64": lambda: mail(base64.encodebytes((WORD + " ").encode() * (18 * 2**20 // 10)), Content_Transfer_Encoding="base64"),
    "tags": lambda: page(WORD + "<b>x</b>" * (25 * 2**20 // 8)),
    "lines that look like boundaries": lambda: multipart(part("text/plain", WORD + "\r\n" + "--x\r\n" * (5 << 20))),
    "uuencoded": lambda: mail(WORD.encode() + b"\r\nbegin 644 a.jpg\r\n" + (b"M" + b"A" * 60 + b"\r\n") * 400_000 + b"`\r\nend\r\n"),
    "winmail.dat of nothing but attributes": lambda: multipart(
        part("text/plain", WORD),
        part("application/ms-tnef", bytes.fromhex("789f3e220100") + bytes.fromhex("0202900600000000000000") * (18 * 2**20 // 11), encoding="base64"),
    ),
    "a subject": lambda: b"From: a@b.example\r\nSubject: " + WORD.encode() + b"x" * (25 << 20),
}


@pytest.mark.parametrize("name", LARGE)
def test_25_megabytes_are_read_in_little_memory(name: str, tmp_path: Path) -> None:
    (tmp_path / "mail").write_bytes(LARGE[name]())
    program = (
        "import json, sys, time; from datetime import UTC, datetime; from pathlib import Path\n"
        "from channels import Arrival; from channels.mail.reading import read\n"
        "raw = Path(sys.argv[1]).read_bytes(); begun = time.process_time()\n"
        f"what = read(Arrival('surat', 'message', '1', raw, datetime(2026, 3, 2, tzinfo=UTC), meta={{'own': '[\"{OURS}\"]'}}))\n"
        f"found = {WORD!r} in what.text + (what.subject or '') or any({WORD.encode()!r} in content for content in what.contents)\n"
        # Not ru_maxrss: that begins with what the tests hold, whose child this is (getrusage(2), execve(2)).
        "peak = next(line for line in Path('/proc/self/status').read_text().splitlines() if line.startswith('VmHWM'))\n"
        "print(json.dumps([found, time.process_time() - begun, int(peak.split()[1]) / 1024]))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "mail")], cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=True)
    found, seconds, megabytes = json.loads(done.stdout)
    assert found
    assert seconds < SECONDS_LARGE
    assert megabytes < MEGABYTES
