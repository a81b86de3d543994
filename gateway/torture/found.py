"""What stands in the store and on the disks at the end, read with plain SQL: nothing of ours that could share a mistake with what is judged."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Rows = Callable[[str], Awaitable[list[tuple[Any, ...]]]]


@dataclass(frozen=True, slots=True)
class Arrived:
    """One row of `arrivals`, with the words that its message has."""

    journal: str
    seq: int
    channel: str
    wire_id: str
    number: str
    outcome: str
    # Id; empty: none.
    case: str
    # Of its message, which sorts by time; empty: it has none.
    message: str
    text: str

    @property
    def report(self) -> tuple[str, str]:
        """What becomes one case."""
        return self.channel, self.wire_id

    def __str__(self) -> str:
        return f"row {self.seq} of journal {self.journal} ({self.channel} {self.wire_id})"


@dataclass(frozen=True, slots=True)
class Notified:
    """One row of `notices`."""

    id: str
    case: str
    kind: str
    to: str
    state: str
    maybe_sent: bool


@dataclass(frozen=True, slots=True)
class File:
    """One row of `attachments`; `drawn`: a picture that may be shown was made of it."""

    digest: str
    state: str
    reason: str
    drawn: bool


@dataclass(frozen=True, slots=True)
class Found:
    """All of it."""

    arrivals: tuple[Arrived, ...]
    # Id to (number, owner).
    cases: dict[str, tuple[str, str]]
    # Each number to the case that it leads to.
    numbers: dict[str, str]
    notices: tuple[Notified, ...]
    # By message.
    files: dict[str, tuple[File, ...]]
    agencies: frozenset[str]
    # Digests of the files that lie on a disk, whole.
    on_disk: frozenset[str]


async def look(rows: Rows, blobs: Iterable[Path]) -> Found:
    """Read everything; `blobs` are the nodes' folders of files."""
    said = {(journal, seq): (_id(id_), text) for id_, journal, seq, text in await rows("SELECT id, journal, seq, text FROM messages WHERE direction = 'in'")}
    nothing = ("", "")
    arrivals = tuple(
        Arrived(journal, seq, channel, wire_id, number, outcome, _id(case), *said.get((journal, seq), nothing))
        for journal, seq, channel, wire_id, number, outcome, case in await rows(
            'SELECT journal, seq, channel, wire_id, number, outcome, "case" FROM arrivals ORDER BY journal, seq'
        )
    )
    notices = await rows('SELECT id, "case", kind, to_value, state, maybe_sent FROM notices')
    return Found(
        arrivals,
        {_id(id_): (number, owner) for id_, number, owner in await rows("SELECT id, number, owner FROM cases")},
        {number: _id(case) for number, case in await rows('SELECT number, "case" FROM case_numbers')},
        tuple(Notified(_id(id_), _id(case), kind, to, state, bool(maybe)) for id_, case, kind, to, state, maybe in notices),
        await _files(rows),
        frozenset(code for (code,) in await rows("SELECT code FROM agencies")),
        frozenset(digest for folder in blobs for digest in _whole(folder)),
    )


async def _files(rows: Rows) -> dict[str, tuple[File, ...]]:
    those = await rows("SELECT message, position, blob, state, reason, derived_from FROM attachments ORDER BY message, position")
    drawn = {(message, origin) for message, _, _, _, _, origin in those if origin is not None}
    files: dict[str, tuple[File, ...]] = {}
    for message, position, blob, state, reason, origin in those:
        if origin is None:
            files[_id(message)] = (*files.get(_id(message), ()), File(blob or "", state, reason, (message, position) in drawn))
    return files


def _whole(folder: Path) -> Iterable[str]:
    """Names of files that are what their names say."""
    return (file.name for file in folder.glob("??/*") if hashlib.sha256(file.read_bytes()).hexdigest() == file.name)


def _id(said: object) -> str:
    """PostgreSQL writes an id with dashes, SQLite without."""
    return str(said or "").replace("-", "")
