"""What a mail's own signatures prove: nothing that was changed on the way passes for its sender's words, and nobody is accused by what is merely odd."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from channels.mail.dkim import MOST_SIGNATURES, Signature, proved, signatures
from channels.mail.dkim_key import Key
from tests.mails import NOW, mail
from tests.signer import SIGNED, body_of, owner, relaxed
from tests.test_mail_reading_laws import ANY_BYTES, LAW

SITI = owner()
UNIX = int(NOW.timestamp())
BODY = "Jalan  di depan SD 5\tberlubang. \n\n  Sejak kemarin.\n\n\n"
SIMPLE, RELAXED = (SITI.sign(mail(BODY, Subject="Jalan\r\n  rusak"), form=form) for form in ("simple/simple", "relaxed/relaxed"))

# RFC 8463, appendix A: the keys of A.2 and the mail of A.3.
PUBLISHED_KEYS = {
    "brisbane": "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    "test": (
        "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC"
        "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
    ),
}
PUBLISHED = """\
DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.

""".replace("\n", "\r\n").encode()


def said(raw: bytes, record: str | None = None) -> list[str]:
    """Of each signature, with Siti's key in the DNS."""
    return [one.word or proved(one, (SITI.record() if record is None else record).encode()) for one in signatures(raw, NOW)]


def test_the_published_mail_is_proved_by_its_rsa_key_and_its_ed25519_signature_says_nothing() -> None:
    ed25519, rsa = signatures(PUBLISHED, NOW)
    assert (ed25519.word, rsa.word) == ("neutral", "")
    assert (rsa.domain, rsa.key_name) == ("football.example.com", "test._domainkey.football.example.com.")
    assert proved(rsa, PUBLISHED_KEYS["test"].encode()) == "pass"
    assert proved(rsa, PUBLISHED_KEYS["brisbane"].encode()) == "permerror"
    assert proved(rsa, SITI.record().encode()) == "fail"
    assert [one.word for one in signatures(PUBLISHED.replace(b"hungry", b"thirsty"), NOW)] == ["neutral", "fail"]


@pytest.mark.parametrize(
    ("how", "raw"),
    [
        ("as it was sent, simple", SIMPLE),
        ("as it was sent, relaxed", RELAXED),
        ("with what servers put on top", b"Received: from a\r\n\tby b; now\r\nX-Spam: no\r\n" + SIMPLE),
        ("with what servers put between", RELAXED.replace(b"To: ", b"X-Seen: 1\r\nTo: ")),
        ("folded elsewhere", RELAXED.replace(b"Subject: Jalan\r\n  rusak", b"SUBJECT :Jalan \t rusak ")),
        ("with other spaces", RELAXED.replace(b"SD 5\t", b"SD \t 5  \t")),
        ("with spaces behind lines", RELAXED.replace(b"kemarin.", b"kemarin. \t")),
        ("with blank lines at the end", RELAXED + b"  \r\n\t\r\n"),
        ("with blank lines at the end, simple", SIMPLE + b"\r\n\r\n"),
        ("without the last line's end", SIMPLE.rstrip(b"\r\n")),
        ("in the name of a domain below", SITI.sign(mail(), i="siti@kota.warga.example")),
        ("by a form that is half said", SITI.sign(mail(), form="relaxed/simple", c="relaxed")),
        ("by no form said", SITI.sign(mail(), form="simple/simple", c=None)),
        ("with fields signed that are not there", SITI.sign(mail(), names=(*SIGNED, "from", "subject", "cc", "x"))),
        ("with a time that has not passed", SITI.sign(mail(), t=str(UNIX), x=str(UNIX + 5))),
        ("without words", SITI.sign(mail(""))),
        ("without words, simple", SITI.sign(mail(""), form="simple/simple")),
        ("large", SITI.sign(mail("Jalan  \t rusak \n" * 20_000))),
    ],
)
def test_a_mail_is_its_senders_whatever_honest_servers_do_to_it(how: str, raw: bytes) -> None:
    assert said(raw) == ["pass"], how


@pytest.mark.parametrize(
    ("how", "word", "raw"),
    [
        ("other words", "fail", RELAXED.replace(b"berlubang", b"mulus")),
        ("words added", "fail", RELAXED + b"Dan lagi."),
        ("words taken away", "fail", RELAXED.replace(b"Sejak", b"")),
        ("spaces where they count", "fail", SIMPLE.replace(b"SD 5", b"SD  5")),
        ("a fold where it counts", "fail", SIMPLE.replace(b"Jalan\r\n  rusak", b"Jalan rusak")),
        ("another subject", "fail", RELAXED.replace(b"rusak", b"bagus")),
        ("another sender", "fail", RELAXED.replace(b"From: Siti", b"From: Budi")),
        ("no date", "fail", RELAXED.replace(b"Date: ", b"X-Date: ")),
        ("a copy added that was signed as none", "fail", b"Cc: x@y.example\r\n" + SITI.sign(mail(), names=(*SIGNED, "cc"))),
        ("another signature", "fail", RELAXED.replace(b"\tb=", b"\tb=AAAA")),
        ("no signature", "fail", RELAXED[: RELAXED.index(b"\tb=") + 3] + b"\r\n" + mail(BODY, Subject="Jalan\r\n  rusak")),
        # Proves nothing, accuses nobody.
        ("a second subject on top", "policy", b"Subject: Lain\r\n" + RELAXED),
        ("a second sender on top", "policy", b"From: budi@warga.example\r\n" + RELAXED),
        ("a second sender below", "policy", RELAXED.replace(b"To: ", b"From: budi@warga.example\r\nTo: ")),
        ("a second kind of content on top", "policy", b"Content-Type: a/b\r\nContent-Type: text/html\r\n" + RELAXED),
        ("a subject that was never signed", "policy", SITI.sign(mail(), names=("from", "to"))),
        ("only a beginning was signed", "policy", SITI.sign(mail("Jalan"), l="5")),
        ("nothing of the words was signed", "policy", SITI.sign(mail(""), l="0") + b"Jalan mulus."),
        ("all was signed, by its length", "policy", SITI.sign(mail("Jalan"), l="7")),
        ("the sender was not signed", "permerror", SITI.sign(mail(), names=("to", "subject"))),
        ("in another domain's name", "permerror", SITI.sign(mail(), i="@kota.example")),
        ("in the name of a domain that only ends so", "permerror", SITI.sign(mail(), i="@bukanwarga.example")),
        ("its time has passed", "neutral", SITI.sign(mail(), t=str(UNIX - 9), x=str(UNIX - 1))),
        ("a time that ends before it begins", "neutral", SITI.sign(mail(), t=str(UNIX), x=str(UNIX))),
        ("a time to come", "neutral", SITI.sign(mail(), t=str(UNIX + 90_000))),
        ("no time", "neutral", SITI.sign(mail(), t="besok")),
        ("an old algorithm", "neutral", SITI.sign(mail(), a="rsa-sha1")),
        ("another version", "neutral", SITI.sign(mail(), v="2")),
        ("no version", "neutral", SITI.sign(mail(), v=None)),
        ("another form", "neutral", SITI.sign(mail(), c="relaxed/nofws")),
        ("another place for keys", "neutral", SITI.sign(mail(), q="http")),
        ("no domain", "neutral", SITI.sign(mail(), d=None)),
        ("a domain that is none", "neutral", SITI.sign(mail(), d="warga..example")),
        ("a selector that is none", "neutral", SITI.sign(mail(), s="s 1")),
        ("a tag twice", "neutral", SITI.sign(mail(), x="5; d=warga.example")),
        ("what is no tag", "neutral", SITI.sign(mail(), x="5; what")),
        ("a digest that is none", "neutral", SITI.sign(mail(), bh="?")),
        ("endless", "neutral", SITI.sign(mail(), z="x" * 20_000)),
    ],
)
def test_what_was_changed_or_is_odd_does_not_pass(how: str, word: str, raw: bytes) -> None:
    assert said(raw) == [word], how


@pytest.mark.parametrize(
    ("how", "raw"),
    [
        ("bare line feeds in the head", RELAXED.replace(b"To: ", b"X: a\nTo: ", 1)),
        ("bare line feeds below", RELAXED + b"a\nb\r\n"),
        ("bare returns", RELAXED + b"a\rb\r\n"),
        ("line feeds only", RELAXED.replace(b"\r\n", b"\n")),
        ("a line that may be the blank one", RELAXED.replace(b"To: ", b" \t\r\nTo: ", 1)),
        ("a line that is no field", RELAXED.replace(b"To: ", b"hello\r\nTo: ", 1)),
        ("a line without a name", RELAXED.replace(b"To: ", b":\r\nTo: ", 1)),
        ("a mailbox's first line", b"From siti Mon Mar  2 10:00:00 2026\r\n" + RELAXED),
        ("no head", b"\r\n" + RELAXED),
        ("nothing", b""),
        ("not signed", mail()),
    ],
)
def test_a_mail_that_may_be_read_in_two_ways_has_no_signatures(how: str, raw: bytes) -> None:
    assert said(raw) == [], how


@pytest.mark.parametrize(
    ("how", "word", "record"),
    [
        ("as most write it", "pass", SITI.record()),
        ("the least", "pass", SITI.record().removeprefix("v=DKIM1; k=rsa; ")),
        ("with spaces in it", "pass", SITI.record().replace("p=MI", "p= M I\t")),
        ("for mail, by its digest, strictly", "pass", SITI.record("s=email; h=sha1:sha256; t=s; n=catatan; ")),
        ("none", "permerror", ""),
        ("revoked", "permerror", "v=DKIM1; k=rsa; p="),
        ("without a key", "permerror", "v=DKIM1; k=rsa"),
        ("of another version", "permerror", SITI.record().replace("DKIM1", "DKIM2")),
        ("of another kind", "permerror", SITI.record().replace("k=rsa", "k=ed25519")),
        ("for another digest", "permerror", SITI.record("h=sha1; ")),
        ("for another service", "permerror", SITI.record("s=web; ")),
        ("only tried out", "neutral", SITI.record("t=s:y; ")),
        ("of another", "fail", owner("jahat.example").record()),
        ("cut short", "permerror", SITI.record()[:-60]),
        ("longer than it is", "permerror", SITI.record() + "AAAA"),
        ("no key at all", "permerror", "v=DKIM1; p=SmFsYW4gcnVzYWs="),
        ("something else", "neutral", "google-site-verification: x"),
        ("small", "policy", owner(bits=512).record()),
        ("huge", "permerror", SITI.record("n=" + "x" * 9000 + "; ")),
    ],
)
def test_a_key_is_good_for_what_its_owner_says(how: str, word: str, record: str) -> None:
    assert said(RELAXED, record) == [word], how


def test_a_key_that_is_strict_is_not_for_domains_below() -> None:
    assert said(SITI.sign(mail(), i="@kota.warga.example"), SITI.record("t=s; ")) == ["permerror"]


def test_a_larger_key_is_a_key() -> None:
    large = owner(bits=2048)
    assert said(large.sign(mail()), large.record()) == ["pass"]


def test_a_padding_that_only_begins_well_is_forged() -> None:
    # Bleichenbacher's: with the exponent 3 a cube can be found that begins as a signature does.
    weak = owner("tiga.example", bits=2048, exponent=3)
    digest = hashlib.sha256(b"Jalan rusak").digest()
    begin = b"\0\1\xff\xff\xff\xff\xff\xff\xff\xff\0" + bytes.fromhex("3031300d060960864801650304020105000420") + digest
    wanted = int.from_bytes(begin.ljust(256, b"\xff"))
    low, high = 0, 1 << 700
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= wanted else (low, middle - 1)
    assert (low**3).to_bytes(256).startswith(begin)
    key = Key(weak.modulus, weak.exponent)
    assert not key.proves(digest, low.to_bytes(256))
    assert key.proves(digest, weak.seal(digest))
    # The same number again is no second signature.
    assert not key.proves(digest, (int.from_bytes(weak.seal(digest)) + weak.modulus).to_bytes(257))


def test_each_signature_is_looked_at_and_the_topmost_five_of_ten_thousand() -> None:
    both = owner("daftar.example").sign(SITI.sign(mail()))
    keys = {one.domain: one.record().encode() for one in (SITI, owner("daftar.example"))}
    assert [(one.domain, proved(one, keys[one.domain])) for one in signatures(both, NOW)] == [("daftar.example", "pass"), ("warga.example", "pass")]
    flood = b"DKIM-Signature: v=1; d=a.example; s=a; b=\r\n" * 10_000 + RELAXED
    assert said(flood) == ["neutral"] * MOST_SIGNATURES


def grows(make: Callable[[int], bytes]) -> tuple[float, float]:
    """Seconds for so much, and for four times as much."""
    seconds = []
    for size in (1, 4):
        raw, took = make(size), []
        # The best of three: after thousands of tests, Python's own tidying takes longer than any mail.
        for _ in range(3):
            began = time.process_time()
            assert signatures(raw, NOW) is not None
            took.append(time.process_time() - began)
        seconds.append(min(took))
    return seconds[0], seconds[1]


def with_body(body: bytes) -> bytes:
    """Five signatures over it, in both forms."""
    one = b"DKIM-Signature: v=1; a=rsa-sha256; c=%s; d=a.example; s=a; h=from:subject; bh=AAAA; b=AAAA\r\n"
    return one % b"simple/simple" + one % b"relaxed/relaxed" * 4 + mail(body)


@pytest.mark.parametrize(
    ("how", "make"),
    [
        ("spaces", lambda size: with_body(b" " * size * 2**21)),
        ("spaces before a word", lambda size: with_body(b" " * size * 2**21 + b"x")),
        ("blank lines", lambda size: with_body(b"\r\n" * size * 2**20)),
        ("spaces and words", lambda size: with_body(b"a \t" * size * 2**20)),
        ("many fields", lambda size: b"a:\r\n" * size * 4000 + with_body(b"")),
        ("a long field", lambda size: b"a:" + b" \t" * size * 2**16 + b"x\r\n" + with_body(b"")),
        ("many names", lambda size: (b"DKIM-Signature: v=1; a=rsa-sha256; d=a.example; s=a; b=; h=" + b"from:" * size * 700 + b"\r\n") * 5 + mail()),
        ("many tags", lambda size: (b"DKIM-Signature: " + b"a=;" * size * 1000 + b"\r\n") * 5 + mail()),
    ],
)
def test_a_larger_mail_takes_longer_only_by_its_size(how: str, make: Callable[[int], bytes]) -> None:
    small, large = grows(make)
    # Sixteen times as long, if it went by the square; and a machine of any day is given a moment.
    assert large < small * 10 + 0.2, how


@LAW
@given(st.sampled_from([SIMPLE, RELAXED]), st.data())
def test_no_octet_that_was_signed_can_be_changed(raw: bytes, data: st.DataObject) -> None:
    begin = raw.index(b"From: ")
    at = data.draw(st.integers(begin, len(raw) - 1))
    octets = data.draw(st.binary(max_size=3))
    changed = raw[:at] + octets + raw[at + 1 :]
    form = "relaxed" if raw is RELAXED else "simple"
    assume(canonical(changed, form) != canonical(raw, form))
    assert said(changed) != ["pass"]


def canonical(raw: bytes, form: str) -> tuple[list[bytes], bytes]:
    """All that stands below the signature, as the tests' own signer sees it."""
    head, _, body = raw[raw.index(b"From: ") :].partition(b"\r\n\r\n") if b"From: " in raw else (raw, b"", b"")
    fields = head.replace(b"\r\n ", b" \r\n").replace(b"\r\n\t", b"\t").split(b"\r\n") if form == "relaxed" else [head]
    return [relaxed(field) for field in fields] if form == "relaxed" else fields, body_of(body, form)


@LAW
@given(ANY_BYTES, ANY_BYTES, ANY_BYTES)
def test_whatever_strangers_and_name_servers_say_something_is_said_of_it(value: bytes, below: bytes, record: bytes) -> None:
    for raw in (value, b"DKIM-Signature: " + value + b"\r\n" + mail(), RELAXED.replace(b"\tb=", b"\t" + value + b"b="), RELAXED[:-40] + below):
        for one in signatures(raw, NOW):
            open_one = replace(one, word="") if one.word else one
            assert {one.word, proved(open_one, record), proved(open_one, SITI.record().encode() + record)} <= WORDS
    assert proved(Signature("a", "b"), record) in WORDS


@LAW
@given(ANY_BYTES.map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b"\r\n")), st.sampled_from(["simple/simple", "relaxed/relaxed", "simple/relaxed"]))
def test_whatever_words_a_sender_has_signed_are_proved(body: bytes, form: str) -> None:
    assert said(SITI.sign(mail(body), form=form)) == ["pass"]


WORDS = {"", "pass", "fail", "neutral", "policy", "permerror"}
