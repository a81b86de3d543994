"""What the form's pages carry and bring back: the key of one report, and files that are here already. Signed, so that nobody can make them up."""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from channels.webform.parts import File

Sign = Callable[..., str]
# 128 random bits, and when the page was made (seconds since 1970, hexadecimal).
_KEY = re.compile(r"([0-9a-f]{32})-([0-9a-f]{8})-([A-Za-z0-9_-]{22})")
# A file that no report refers to is swept after a day.
_FILE_LIVES = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Key:
    """One report's: whoever sends it again says the same report again, or says it anew."""

    # The wire's id.
    id: str
    # UTC, by the second.
    made_at: datetime


def new_key(sign: Sign, now: datetime) -> str:
    """For a fresh page."""
    id_, made = secrets.token_hex(16), f"{int(now.timestamp()):08x}"
    return f"{id_}-{made}-{sign('form key', id_, made)}"


def read_key(sign: Sign, text: str) -> Key | None:
    """None: not one of ours."""
    found = _KEY.fullmatch(text)
    if not found or not secrets.compare_digest(sign("form key", found[1], found[2]), found[3]):
        return None
    return Key(found[1], datetime.fromtimestamp(int(found[2], 16), UTC))


def token(sign: Sign, key: str, file: File, now: datetime) -> str:
    """Stands for a file on the page that is shown again; good for that page's key only."""
    said = json.dumps([file.name, file.type, file.digest, file.size, int(now.timestamp())])
    return f"{base64.urlsafe_b64encode(said.encode()).decode()}.{sign('form file', key, said)}"


def read_token(sign: Sign, key: str, text: str, now: datetime) -> File | None:
    """None: not one of ours, or too old to be sure that the file is still there."""
    packed, _, mac = text.rpartition(".")
    try:
        said = base64.urlsafe_b64decode(packed.encode()).decode()
    except ValueError:
        return None
    if not secrets.compare_digest(sign("form file", key, said).encode(), mac.encode("utf-8", "replace")):
        return None
    name, type_, digest, size, at = json.loads(said)
    return File(name, type_, digest, size) if now - datetime.fromtimestamp(at, UTC) < _FILE_LIVES else None
