"""Domains that sign their mail (RFC 6376), written for the tests and apart from the gateway's own way of checking it."""

from __future__ import annotations

import base64
import hashlib
import random
import re
from dataclasses import dataclass
from functools import cache

_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
SIGNED = ("from", "to", "subject", "date", "message-id")


@dataclass(frozen=True)
class Owner:
    """Of a domain, with one key."""

    domain: str
    modulus: int
    secret: int
    exponent: int = 65537
    selector: str = "s1"

    @property
    def name(self) -> str:
        """Where the key stands."""
        return f"{self.selector}._domainkey.{self.domain}"

    def record(self, more: str = "") -> str:
        """What stands there."""
        return f"v=DKIM1; k=rsa; {more}p={base64.b64encode(self._public()).decode()}"

    def sign(self, raw: bytes, names: tuple[str, ...] = SIGNED, form: str = "relaxed/relaxed", **changed: str | None) -> bytes:
        """The mail with its signature on top; tags may be changed, None leaves one out."""
        head, _, body = raw.partition(b"\r\n\r\n")
        kept = body_of(body, form.rpartition("/")[2])
        digest = base64.b64encode(hashlib.sha256(kept).digest()).decode()
        usual = {"v": "1", "a": "rsa-sha256", "c": form, "d": self.domain, "s": self.selector, "h": ":".join(names), "bh": digest}
        tags = {key: value for key, value in {**usual, **changed, "b": ""}.items() if value is not None}
        own = ("DKIM-Signature: " + ";\r\n\t".join(f"{key}={value}" for key, value in tags.items())).encode()
        put = relaxed if form.startswith("relaxed") else bytes
        said = b"".join(put(field) + b"\r\n" for field in chosen(head, names)) + put(own)
        value = base64.b64encode(self.seal(hashlib.sha256(said).digest()))
        return own + b"\r\n ".join(value[at : at + 60] for at in range(0, len(value), 60)) + b"\r\n" + raw

    def seal(self, digest: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5."""
        size = (self.modulus.bit_length() + 7) // 8
        end = b"\0" + _DIGEST_INFO + digest
        padded = b"\0\1" + b"\xff" * (size - 2 - len(end)) + end
        return pow(int.from_bytes(padded), self.secret, self.modulus).to_bytes(size)

    def _public(self) -> bytes:
        key = _der(0x30, _der(0x02, _octets(self.modulus)) + _der(0x02, _octets(self.exponent)))
        return _der(0x30, _der(0x30, bytes.fromhex("06092a864886f70d0101010500")) + _der(0x03, b"\0" + key))


def chosen(head: bytes, names: tuple[str, ...]) -> list[bytes]:
    """The fields that are signed, of several the lowest first."""
    fields = re.split(rb"\r\n(?![ \t])", head)
    found = []
    for name in names:
        at = max((i for i, field in enumerate(fields) if field.partition(b":")[0].strip().lower() == name.lower().encode()), default=None)
        if at is not None:
            found.append(fields.pop(at))
    return found


def relaxed(field: bytes) -> bytes:
    """One field."""
    name, _, value = field.partition(b":")
    return name.strip().lower() + b":" + re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip()


def body_of(body: bytes, form: str) -> bytes:
    """As it is signed."""
    if form == "relaxed":
        body = re.sub(rb"[ \t]+\r\n", b"\r\n", re.sub(rb"[ \t]+", b" ", body + (b"" if body.endswith(b"\r\n") or not body else b"\r\n")))
        body = re.sub(rb"(\r\n)+\Z", b"", body)
        return body + b"\r\n" if body else b""
    return re.sub(rb"(\r\n)*\Z", b"", body) + b"\r\n"


@cache
def owner(domain: str = "warga.example", bits: int = 1024, exponent: int = 65537) -> Owner:
    """The same key at every run."""
    chance = random.Random(f"{domain} {bits}")  # noqa: S311  # secret to nobody
    p, q = (_prime(chance, bits // 2, exponent) for _ in range(2))
    return Owner(domain, p * q, pow(exponent, -1, (p - 1) * (q - 1)), exponent)


def _prime(chance: random.Random, bits: int, exponent: int) -> int:
    """Two bits on top, so that a product of two has all of its own."""
    while True:
        found = chance.getrandbits(bits) | 3 << (bits - 2) | 1
        if (
            found % exponent != 1
            and all(found % small for small in (3, 5, 7, 11, 13, 17, 19, 23))
            and all(pow(base, found - 1, found) == 1 for base in (2, 3, 5))
        ):
            return found


def _octets(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1)


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x80 | (size.bit_length() + 7) // 8]) + size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag]) + length + content
