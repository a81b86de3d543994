"""What a form says, read from what its door kept of it; pure.

The door keeps a form as its parts in order: {"fields": [[name, value], ...], "files": [{name, type, digest, size}, ...], "remarks": [...]}.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from channels.contract import Arrival, DeliveryUpdate, Ignored
from normalizer import Attachment, Declared, Location, Report

# What a person fills in, by the form's own names. The page's key, its tokens and the trap say nothing.
REPORTED = ("jenis", "judul", "isi", "tanggal", "tempat", "instansi", "tutup", "kontak", "lintang", "bujur", "akurasi")
ADDED = ("balas", "tautan", "lintang", "bujur", "akurasi")
SAID = frozenset({*REPORTED, *ADDED})
KINDS = {"pengaduan": "complaint", "aspirasi": "aspiration", "informasi": "information_request"}


def pack(fields: Sequence[tuple[str, str]], files: Sequence[Mapping[str, object]], remarks: Sequence[str]) -> bytes:
    """The bytes of an arrival."""
    return json.dumps({"fields": fields, "files": files, "remarks": remarks}, ensure_ascii=False).encode("utf-8", "surrogatepass")


def read(arrival: Arrival) -> Report | DeliveryUpdate | Ignored:
    """A citizen's report, an amendment of one, or words that are added to one."""
    form = json.loads(arrival.raw)
    said = [(str(name), str(value)) for name, value in form["fields"]]
    hidden = _all(said, "tutup")
    return Report(
        sender=None,
        text=_first(said, "balas") or _first(said, "isi"),
        received_at=arrival.received_at,
        attachments=tuple(_attachment(file) for file in form["files"]),
        location=_location(said),
        declared=Declared(
            kind=KINDS.get(_first(said, "jenis")),
            title=_first(said, "judul") or None,
            when=_first(said, "tanggal") or None,
            where=_first(said, "tempat") or None,
            agency=_first(said, "instansi") or None,
            contact=_first(said, "kontak") or None,
            anonymous="anonim" in hidden,
            confidential="rahasia" in hidden,
        ),
        keyed=True,
        link=_first(said, "tautan") or None,
        remarks=tuple(str(remark) for remark in form["remarks"]),
    )


def fingerprint(arrival: Arrival) -> str:
    """What was said (law 5): the fields that a person fills and the digests of the files, in order."""
    form = json.loads(arrival.raw)
    said = [[name, value] for name, value in form["fields"] if name in SAID and value]
    words = [arrival.kind, said, [file["digest"] for file in form["files"]]]
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()


def _attachment(file: Mapping[str, Any]) -> Attachment:
    return Attachment(str(file["name"]), str(file["type"]), digest=str(file["digest"]), size=int(file["size"]))


def _location(said: Sequence[tuple[str, str]]) -> Location | None:
    """Where the phone was; None: it did not say, or not where on earth."""
    latitude, longitude, accuracy = (_number(_first(said, name)) for name in ("lintang", "bujur", "akurasi"))
    return None if latitude is None or longitude is None else Location(latitude, longitude, accuracy)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _first(said: Sequence[tuple[str, str]], name: str) -> str:
    return next((value for key, value in said if key == name), "")


def _all(said: Sequence[tuple[str, str]], name: str) -> set[str]:
    return {value for key, value in said if key == name}
