"""A key of DKIM as its TXT record tells it (RFC 6376, section 3.6.1), and what it says of a signature: RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2.2). Pure."""

from __future__ import annotations

from dataclasses import dataclass

from channels.mail.dkim_tags import Unproved, base64_of, listed, require, tags_of

# Bytes of a record that are looked at; the largest real ones are below 1 KB.
_MAX_RECORD = 8 * 1024
# RFC 8301, section 3.2. A larger exponent than any real one would only cost time.
_LEAST_BITS, _MOST_BITS, _MOST_EXPONENT = 1024, 4096, 2**32
# RFC 8017, section 9.2, note 1: SHA-256's DigestInfo up to the digest.
_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
# RFC 3279, section 2.3.1: rsaEncryption, with its NULL.
_RSA_ENCRYPTION = bytes.fromhex("06092a864886f70d0101010500")
# ITU-T X.690, section 8.
_SEQUENCE, _INTEGER, _BITS = 0x30, 0x02, 0x03
_LONG = 0x80


@dataclass(frozen=True, slots=True)
class Key:
    """An RSA key."""

    modulus: int
    exponent: int

    def proves(self, digest: bytes, value: bytes) -> bool:
        """Whether that is its signature over this SHA-256. All of the padding is compared: whoever only looks for a digest in it takes forged ones."""
        size, sealed = (self.modulus.bit_length() + 7) // 8, int.from_bytes(value)
        if len(value) != size or sealed >= self.modulus:
            return False
        end = b"\0" + _DIGEST_INFO + digest
        expected = b"\0\1" + b"\xff" * (size - 2 - len(end)) + end
        return pow(sealed, self.exponent, self.modulus).to_bytes(size) == expected


def key_of(record: bytes, *, of_subdomain: bool) -> Key:
    """The key of a record (empty: there is none), for a signature in the name of its domain or of one below. Raises Unproved: it is not for this."""
    require(0 < len(record) <= _MAX_RECORD, "permerror")
    tags = tags_of(record)
    flags, hashes, services = (listed(tags.get(name, default)) for name, default in ((b"t", b""), (b"h", b"sha256"), (b"s", b"*")))
    # Who is only trying it out is to be treated as one who did not sign.
    require(b"y" not in flags, "neutral")
    require(tags.get(b"v", b"DKIM1") == b"DKIM1" and tags.get(b"k", b"rsa") == b"rsa" and b"sha256" in hashes, "permerror")
    require(not services.isdisjoint({b"*", b"email"}) and not (b"s" in flags and of_subdomain), "permerror")
    # An empty one was revoked.
    require(bool(tags.get(b"p")), "permerror")
    try:
        key = _rsa(base64_of(tags[b"p"]))
    except Unproved as unproved:
        raise Unproved("permerror") from unproved
    require(key.modulus.bit_length() >= _LEAST_BITS, "policy")
    require(key.modulus.bit_length() <= _MOST_BITS and 1 < key.exponent < _MOST_EXPONENT and key.modulus % 2 == key.exponent % 2 == 1, "permerror")
    return key


def _rsa(octets: bytes) -> Key:
    """SubjectPublicKeyInfo (RFC 5280), as all have it, or RSAPublicKey (RFC 8017, appendix A.1.1), as RFC 6376 says. Raises Unproved."""
    content = _only(_SEQUENCE, octets)
    if content[:1] == bytes([_SEQUENCE]):
        algorithm, rest = _element(_SEQUENCE, content)
        require(algorithm == _RSA_ENCRYPTION, "permerror")
        content = _only(_SEQUENCE, _only(_BITS, rest).removeprefix(b"\0"))
    modulus, rest = _element(_INTEGER, content)
    return Key(int.from_bytes(modulus), int.from_bytes(_only(_INTEGER, rest)))


def _element(tag: int, octets: bytes) -> tuple[bytes, bytes]:
    """The content of the first element, and what follows it. Raises Unproved: it is none of this tag, or not whole."""
    require(len(octets) > 1 and octets[0] == tag, "permerror")
    begin = 2 + (octets[1] & ~_LONG if octets[1] & _LONG else 0)
    end = begin + (int.from_bytes(octets[2:begin]) if octets[1] & _LONG else octets[1])
    require(end <= len(octets), "permerror")
    return octets[begin:end], octets[end:]


def _only(tag: int, octets: bytes) -> bytes:
    """The same, where nothing may follow."""
    content, rest = _element(tag, octets)
    require(not rest, "permerror")
    return content
