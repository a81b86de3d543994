"""Until when a certificate holds, read from its bytes. Source: RFC 5280, section 4.1 (its parts and their order) and 4.1.2.5 (how its times are written)."""

from __future__ import annotations

import ssl
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
# Tags of ASN.1 (X.690): a sequence, what is tagged [0], and the two ways to write a time.
_SEQUENCE, _VERSION, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18
# Section 4.1.2.5.1: two digits of a year from here on are of the last century.
_LAST_CENTURY = 50


def of_file(chain: Path) -> datetime:
    """Of the first certificate in a PEM file: what a server shows of itself. UTC. Raises OSError, ValueError (there is none)."""
    text = chain.read_text(encoding="ascii", errors="replace")
    return ends_at(ssl.PEM_cert_to_DER_cert(text[text.index(_BEGIN) : text.index(_END) + len(_END)]))


def shown_by(tls: ssl.SSLObject | ssl.SSLSocket | None) -> dict[str, datetime]:
    """Until when what the other side has shown holds, as channels.Checked.ends has it; empty: there is no TLS, or nothing that we understand."""
    with suppress(ValueError):
        if tls is not None and (shown := tls.getpeercert(binary_form=True)):
            return {"server": ends_at(shown)}
    return {}


def ends_at(der: bytes) -> datetime:
    """UTC; no signature is looked at. Raises ValueError: these bytes are no certificate."""
    _, signed, _ = _part(_part(der)[1])
    tag, _, rest = _part(signed)
    # Only old ones begin without their version.
    parts = rest if tag == _VERSION else signed
    for _ in range(3):
        # Its number, how it is signed, and by whom.
        _, _, parts = _part(parts)
    tag, validity, _ = _part(parts)
    _, _, until = _part(validity)
    kind, said, _ = _part(until)
    if tag != _SEQUENCE or kind not in {_UTC_TIME, _GENERALIZED_TIME}:
        raise ValueError("no certificate")
    text = said.decode("ascii")
    if kind == _UTC_TIME:
        text = ("19" if int(text[:2]) >= _LAST_CENTURY else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _part(der: bytes) -> tuple[int, bytes, bytes]:
    """Its tag, its content, and what follows it."""
    if len(der) < 2:  # noqa: PLR2004  # a tag and a length
        raise ValueError("no certificate")
    tag, length, at = der[0], der[1], 2
    if length & 0x80:
        at += length & 0x7F
        length = int.from_bytes(der[2:at])
    content = der[at : at + length]
    if len(content) < length:
        raise ValueError("no certificate")
    return tag, content, der[at + length :]
