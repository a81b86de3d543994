"""What holds for every mail that could ever come."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.mail.addresses import canonical, mailboxes
from channels.mail.charsets import decoded
from channels.mail.encodings import inlaid, unpacked
from channels.mail.filenames import neutral
from channels.mail.headers import decode_words
from channels.mail.incoming import Envelope, read_incoming
from channels.mail.markup import seen
from channels.mail.parameters import kind_of, parameters
from channels.mail.reply import reply
from channels.mail.sealed import signed_content, without_armour
from channels.mail.tnef import inside
from channels.mail.tokens import message_id, our_message_ids, plus_address, token_of_address, tokens_in_message_ids
from tests.mails import joined, mail, multipart, part

# The same examples at every run; a busy machine is no broken law.
LAW = settings(derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])

WORDS = st.lists(st.text("abcdefghijklmnopqrstuvwxyzéñ道路", min_size=1, max_size=8), min_size=1, max_size=6).map(" ".join)
# Bytes with more of what parsers trip over.
CRUMBS = st.sampled_from(
    [
        *(b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b";", b"=", b'"', b"\\", b"(", b")", b"<", b">", b"@", b"?", b"\0", b"\xff", b"\xc3"),
        *(b"=?utf-8?Q?", b"?=", b"--bdy", b"--bdy--", b"<b>", b"<!--", b"&#", b"\n> ", b"SmFs", b"0\x80", bytes.fromhex("789f3e22"), b"begin 644 a\n"),
        *(b"Content-Type: ", b"multipart/mixed; boundary=bdy", b"multipart/alternative; boundary=bdy", b"message/rfc822", b"text/plain"),
        *(b"text/html; charset=", b"utf-16", b"utf-7", b"application/ms-tnef", b"application/pkcs7-mime"),
        *(b"Content-Transfer-Encoding: base64", b"quoted-printable", b"Content-Disposition: attachment; filename*0*="),
        *(b"From: ", b"Subject: ", b"Message-ID: <a@b>", b"\nOn 1 Jan 2020 10:00 a@b.example wrote:\n", b"MAILER-DAEMON@x.example"),
        *(b"could not be delivered", b"<a@b.example>:", b"multipart/report; report-type=delivery-status; boundary=bdy", b"Final-Recipient: rfc822;"),
    ]
)
ANY_BYTES = st.lists(CRUMBS | st.binary(max_size=6), max_size=60).map(b"".join)
ANY_TEXT = ANY_BYTES.map(lambda raw: raw.decode("utf-8", "surrogateescape"))


def written(*words: object) -> bytes:
    """As the store keeps it; raises for what cannot be written."""
    text = json.dumps(words, ensure_ascii=False, default=str)
    assert "\\u0000" not in text
    return text.encode()


@LAW
@given(ANY_BYTES)
def test_every_mail_is_read_and_can_be_written_down(raw: bytes) -> None:
    letter = read_incoming(raw, Envelope(own=("lapor@ppu.example",), authserv_id="mx"))
    assert written(letter.subject, letter.sender.name, letter.sender.address, letter.text, letter.reply, letter.references, letter.message_id, letter.bounce)
    assert written([(file.name, file.kind) for file in letter.content.files], letter.remarks)
    assert "partly_read" not in letter.remarks
    assert read_incoming(raw, Envelope(own=("lapor@ppu.example",), authserv_id="mx")) == letter


@LAW
@given(WORDS, st.sampled_from(["utf-8", "utf-16", "gb18030", "utf-7"]), st.sampled_from(["8bit", "base64", "quoted-printable"]), st.booleans())
def test_every_word_that_was_written_arrives(words: str, charset: str, encoding: str, is_page: bool) -> None:  # noqa: FBT001  # drawn
    body = (f"<p>{words}</p>" if is_page else words).encode(charset)
    kind = f"text/{'html' if is_page else 'plain'}; charset={charset}"
    if encoding == "base64":
        raw = part(kind, body, encoding="base64")
    elif encoding == "quoted-printable":
        raw = part(kind, b"".join(b"=%02X" % byte for byte in body), Content_Transfer_Encoding=encoding)
    else:
        raw = part(kind, body.replace(b"\n", b"\r\n"), Content_Transfer_Encoding=encoding)
    if charset == "utf-16" and encoding == "8bit":
        return
    assert words.split() == read_incoming(raw, Envelope()).text.split()


def tree(leaves: st.SearchStrategy[tuple[bytes, tuple[str, ...]]]) -> st.SearchStrategy[tuple[bytes, tuple[str, ...]]]:
    """A part of parts, with all words in it."""
    return st.tuples(st.lists(leaves, min_size=1, max_size=3), st.sampled_from(["mixed", "related", "signed", "parallel"]), st.integers(0, 10**9)).map(boxed)


def boxed(drawn: tuple[list[tuple[bytes, tuple[str, ...]]], str, int]) -> tuple[bytes, tuple[str, ...]]:
    """(the part, all words in it)."""
    leaves, kind, number = drawn
    boundary = f"b{number}"
    raw = f"Content-Type: multipart/{kind}; boundary={boundary}\r\n\r\n".encode() + joined(*[leaf for leaf, _ in leaves], boundary=boundary.encode())
    return raw, tuple(word for _, words in leaves for word in words)


LEAF = st.tuples(WORDS, st.sampled_from(["text/plain; charset=utf-8", "text/html; charset=utf-8"])).map(
    lambda drawn: (part(drawn[1], drawn[0]), tuple(drawn[0].split()))
)


@LAW
@given(st.recursive(LEAF, tree, max_leaves=8))
def test_every_text_in_every_box_is_shown(drawn: tuple[bytes, tuple[str, ...]]) -> None:
    raw, words = drawn
    assert set(words) <= set(read_incoming(b"From: a@b.example\r\n" + raw, Envelope()).text.split())


@LAW
@given(st.lists(st.binary(min_size=1, max_size=80), min_size=1, max_size=4))
def test_every_file_keeps_its_bytes(files: list[bytes]) -> None:
    raw = multipart(*[part(f"application/x; name=f{number}", data, encoding="base64") for number, data in enumerate(files)])
    # A file that begins as winmail.dat does is opened.
    assert [file.data for file in read_incoming(raw, Envelope()).content.files] == files or any(data.startswith(bytes.fromhex("789f3e22")) for data in files)


@LAW
@given(ANY_BYTES, ANY_TEXT, st.sampled_from(["", "utf-8", "utf-16", "iso-2022-jp", "gb2312", "punycode", "zlib", "x"]))
def test_no_step_ever_raises(raw: bytes, text: str, charset: str) -> None:
    written(decoded(raw, charset), decode_words(text).encode("utf-8", "replace"), kind_of(raw), parameters(raw))
    for encoding in ("base64", "quoted-printable", "x-uuencode", "7bit"):
        unpacked(raw, encoding, text=True)
        unpacked(raw, encoding, text=False)
    written([box.address for box in mailboxes(text)], neutral(text).encode("utf-8", "replace"))
    inlaid(raw)
    signed_content(raw)
    inside(bytes.fromhex("789f3e220100") + raw)
    seen(text)
    without_armour(text)
    reply(text)


@LAW
@given(ANY_TEXT)
def test_an_address_is_canonical_or_none(text: str) -> None:
    once = canonical(text)
    assert canonical(once) == once
    assert not re.search(r"[\s<>\r\n]", once) or once.startswith('"')


@LAW
@given(ANY_TEXT)
def test_a_name_is_one_piece(text: str) -> None:
    name = neutral(text)
    assert not re.search(r"[/\\\x00-\x1f\u202e]", name)
    assert name not in {".", ".."}
    assert len(name.encode("utf-8", "replace")) <= 200


@LAW
@given(st.from_regex(r"\A[0-9a-z]{28}\Z"), st.from_regex(r"\A[0-9a-f-]{1,36}\Z"), st.booleans())
def test_a_token_that_we_send_comes_back(token: str, notice: str, shouted: bool) -> None:  # noqa: FBT001  # drawn
    own = ["lapor@ppu.example"]
    address, ours = plus_address(own[0], token), message_id(token, notice, "ppu.example")
    sent = (address.upper(), ours.upper()) if shouted else (address, ours)
    assert token_of_address(sent[0], own) == token
    assert tokens_in_message_ids(f"x {sent[1]} y", own) == [token]
    assert our_message_ids(sent[1], own) == [ours]


# Each twice as long takes at most about twice as long; what is quadratic takes four times.
GROWING: dict[str, Callable[[int], bytes]] = {
    "fields": lambda size: b"X: y\r\n" * size + mail("x"),
    "boxes": lambda size: multipart(*[part("text/plain", f"w{number}") for number in range(size // 10)]),
    "tags": lambda size: mail("<p>x" * size, Content_Type="text/html"),
    "unclosed": lambda size: mail("<div <!-- <style <a href='" * size, Content_Type="text/html"),
    "brackets": lambda size: mail("x", From="(" * size),
    "lines": lambda size: mail("On 1 Jan 2020 at 10:00 x <a@b.example>\nFrom: x\n" * (size // 20)),
    "words": lambda size: mail("x", Subject="=?utf-8?Q?x?= y " * (size // 10)),
    "bounce": lambda size: mail("could not <a@b.example>\n" * size, From="MAILER-DAEMON@b.example", Subject="Undelivered"),
    "files": lambda size: mail(b"begin 644 a\n" * size + b"\nend\n"),
}


@pytest.mark.parametrize("name", GROWING)
def test_twice_the_mail_takes_about_twice_the_time(name: str) -> None:
    def seconds(size: int) -> float:
        raw = GROWING[name](size)
        spent = []
        for _ in range(3):
            begun = time.process_time()
            read_incoming(raw, Envelope())
            spent.append(time.process_time() - begun)
        return min(spent)

    assert seconds(32_000) < 8 * 3 * max(seconds(4_000), 0.002)
