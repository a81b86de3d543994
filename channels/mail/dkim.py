"""Who signed a mail, and whether that still holds: DKIM (RFC 6376, with the limits of RFC 8301). Pure and linear; whoever calls looks the keys up.

It is written here because dkimpy comes as source only, and `./run` builds no package. What is said of a signature is a word of RFC 8601, section 2.7.1.
Whatever is odd proves nothing and accuses nobody: a head that can be read in two ways, l= (anybody may write below what it covers), Ed25519 (RFC 8463).
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from channels.mail.canonical import body_of, is_whole, pieces_of, relaxed_field, without_value
from channels.mail.dkim_key import key_of
from channels.mail.dkim_tags import Unproved, base64_of, labels, listed, require, tags_of

# The topmost; whoever adds ten thousand has read no more of them.
MOST_SIGNATURES = 5
# Bytes of a head, its lines, and bytes of one signature that are looked at.
_MAX_HEAD, _MAX_LINES, _MAX_FIELD = 1024 * 1024, 20_000, 16 * 1024
# Seconds that the signer's clock may be ahead of ours.
_AHEAD = 86400
_FIELD_NAME = re.compile(rb"[!-9;-~]{1,200}[ \t]*")
_NUMBER = re.compile(rb"[0-9]{1,12}")
_FOREVER = b"9" * 12
_FORMS = frozenset({b"simple", b"relaxed"})
# A mail has them once (RFC 5322, section 3.6; RFC 2045). Where there are two, people may see the one that was not signed (RFC 6376, section 8.15).
_ONCE = frozenset(b"from sender reply-to to cc subject date message-id in-reply-to references mime-version content-type content-transfer-encoding".split())


@dataclass(frozen=True, slots=True)
class Signature:
    """One, as far as the mail alone tells."""

    # Whose it says it is, and which of their keys; empty: not to be read.
    domain: str
    selector: str
    # What is said of it; empty: all that is missing is the key.
    word: str = ""
    # It is in the name of a domain below (i=).
    of_subdomain: bool = False
    # SHA-256 of what was signed, and the signature over it.
    digest: bytes = b""
    value: bytes = b""

    @property
    def key_name(self) -> str:
        """Where its key stands in the DNS, in a TXT record."""
        return f"{self.selector}._domainkey.{self.domain}."


def signatures(raw: bytes, now: datetime) -> list[Signature]:
    """Those of a mail, from the top; none where its head or its lines are not as RFC 5322 has them. Never raises."""
    try:
        mail = _Mail(raw)
    except Unproved:
        return []
    places = [at for at, (name, _) in enumerate(mail.fields) if name == b"dkim-signature"]
    return [_read(mail, at, int(now.timestamp())) for at in places[:MOST_SIGNATURES]]


def proved(signature: Signature, record: bytes) -> str:
    """What is said of a signature whose `word` is empty, by its key's record; empty: there is none. Never raises."""
    try:
        key = key_of(record, of_subdomain=signature.of_subdomain)
    except Unproved as unproved:
        return str(unproved)
    return "pass" if key.proves(signature.digest, signature.value) else "fail"


class _Mail:
    """The fields of a head, names in small letters, and where the body begins."""

    def __init__(self, raw: bytes) -> None:
        """Raises Unproved: not a mail that all read alike."""
        end = 0 if raw.startswith(b"\r\n") else raw.find(b"\r\n\r\n")
        head = raw[: min(len(raw) if end < 0 else end, _MAX_HEAD + 1)]
        require(len(head) <= _MAX_HEAD and head.count(b"\n") <= _MAX_LINES and all(map(is_whole, pieces_of(raw, 0, len(raw)))), "neutral")
        self.fields = list(_fields(head.removesuffix(b"\r\n")))
        self._raw = raw
        self._body_at = len(raw) if end < 0 else end + (4 if end else 2)
        self._body_hashes: dict[bytes, bytes] = {}
        count = Counter(name for name, _ in self.fields)
        self.is_clear = count[b"from"] == 1 and all(count[name] <= 1 for name in _ONCE)
        self.has_subject = count[b"subject"] > 0

    def body_hash(self, form: bytes) -> bytes:
        """SHA-256, made once for each form."""
        if form not in self._body_hashes:
            digest = hashlib.sha256()
            for piece in body_of(self._raw, self._body_at, relaxed=form == b"relaxed"):
                digest.update(piece)
            self._body_hashes[form] = digest.digest()
        return self._body_hashes[form]

    def head_hash(self, names: list[bytes], at: int, form: bytes) -> bytes:
        """Section 5.4.2: of several fields of a name the lowest first, and nothing where there is none. Then the signature itself, without its value."""
        put = relaxed_field if form == b"relaxed" else bytes
        waiting: dict[bytes, list[bytes]] = {}
        for place, (name, field) in enumerate(self.fields):
            if place != at:
                waiting.setdefault(name, []).append(field)
        digest = hashlib.sha256()
        for name in names:
            if waiting.get(name):
                digest.update(put(waiting[name].pop()) + b"\r\n")
        digest.update(put(without_value(self.fields[at][1])))
        return digest.digest()


def _fields(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name, and the whole field with its folds. Raises Unproved: a line is none, or might be taken for the blank one."""
    fields: list[list[bytes]] = []
    for line in head.split(b"\r\n") if head else []:
        if line[:1] in {b" ", b"\t"}:
            require(bool(fields) and not line.isspace(), "neutral")
            fields[-1].append(line)
        else:
            name, colon, _ = line.partition(b":")
            require(bool(colon and _FIELD_NAME.fullmatch(name)), "neutral")
            fields.append([line])
    for lines in fields:
        yield lines[0].partition(b":")[0].rstrip(b" \t").lower(), b"\r\n".join(lines)


def _read(mail: _Mail, at: int, now: int) -> Signature:
    """The one at that place; its key is asked for only if its body is still the same."""
    domain = selector = ""
    try:
        field = mail.fields[at][1]
        require(len(field) <= _MAX_FIELD, "neutral")
        tags = tags_of(field.partition(b":")[2])
        domain, selector = labels(tags.get(b"d", b"")), labels(tags.get(b"s", b""))
        form, _, body_form = tags.get(b"c", b"simple").partition(b"/")
        body_form = body_form or b"simple"
        require(tags.get(b"v") == b"1" and tags.get(b"a") == b"rsa-sha256" and {form, body_form} <= _FORMS, "neutral")
        require(b"dns/txt" in listed(tags.get(b"q", b"dns/txt")) and _is_timely(tags, now), "neutral")
        names = [name.strip().lower() for name in tags.get(b"h", b"").split(b":")]
        require(b"from" in names, "permerror")
        identity = labels(tags[b"i"].rpartition(b"@")[2]) if b"i" in tags else domain
        require(f".{identity}".endswith(f".{domain}"), "permerror")
        require(b"l" not in tags and mail.is_clear and (b"subject" in names or not mail.has_subject), "policy")
        value = base64_of(tags.get(b"b", b""))
        require(mail.body_hash(body_form) == base64_of(tags.get(b"bh", b"")), "fail")
        return Signature(domain, selector, "", identity != domain, mail.head_hash(names, at, form), value)
    except Unproved as unproved:
        return Signature(domain, selector, str(unproved))


def _is_timely(tags: dict[bytes, bytes], now: int) -> bool:
    """Its time has not passed (section 3.5, t= and x=). If it has, that accuses nobody: mail may lie in a mailbox for long."""
    began, ends = tags.get(b"t", b"0"), tags.get(b"x", _FOREVER)
    return bool(_NUMBER.fullmatch(began) and _NUMBER.fullmatch(ends)) and int(began) < int(ends) and int(began) - _AHEAD <= now <= int(ends)
