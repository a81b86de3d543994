"""What the store keeps of values: one maker for each kind of row. Pure but for fresh ids."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import TypeAdapter

from gateway import case as cases
from gateway.context import Message, gist
from gateway.conversation import Decision
from gateway.ids import new_id
from gateway.journal_file import Entry
from gateway.store import dues
from gateway.store.filing import Rows
from gateway.store.writing import Row
from normalizer import NORMALISER, Complaint
from normalizer.text import clean

_COMPLAINT = TypeAdapter(Complaint)


def arrival(entry: Entry, journal: str, now: datetime, content_key: str | None = None) -> Row:
    """A delivery; its outcome is filled in by whoever decides it."""
    it, reply = entry.arrival, entry.arrival.reply_to
    return {
        "journal": journal,
        "seq": entry.seq,
        "channel": it.channel,
        "wire_id": it.wire_id,
        "fingerprint": entry.fingerprint,
        "number": entry.number,
        "kind": it.kind,
        "reply_kind": reply.kind if reply else None,
        "reply_value": reply.value if reply else None,
        "meta": dict(it.meta),
        "raw": it.raw,
        "received_at": it.received_at,
        "stored_at": now,
        "outcome": "",
        "reason": "",
        "case": None,
        "content_key": content_key,
    }


def message(rows: Rows, journal: str, message: Message, decision: Decision, case: UUID | None, person: UUID | None, now: datetime) -> None:
    """The words, on their case if they have one, and the files that must still be fetched or drawn anew."""
    entry, read = message.entry, message.read
    message_id, vouched = new_id(), entry.arrival.reply_to is not None
    rows.messages.append(
        {
            "id": message_id,
            "journal": journal,
            "seq": entry.seq,
            "correspondent": person,
            "direction": "in",
            "text": read.complaint.text,
            "shown": clean(read.report.reply) if read.report.reply else None,
            "decision": decision.kind,
            "reason": decision.reason,
            "at": entry.arrival.received_at,
            # Only where the wire vouches for who wrote: by mail anybody may use anybody's Message-ID.
            "wire_name": read.report.message_id if vouched else None,
            "gist": gist(person, read) if vouched and person and case else None,
        }
    )
    if case is not None:
        rows.message_cases.append({"message": message_id, "case": case})
    for position, attachment in enumerate(read.complaint.attachments):
        state = {"blob": attachment.digest, "reference": attachment.reference, "state": "kept" if attachment.digest else "wanted", "reason": ""}
        seen: Row = {"derived_from": None, "latitude": None, "longitude": None}
        rows.attachments.append({"message": message_id, "position": position, "name": attachment.name, "type": attachment.declared_type, **state, **seen})
        if attachment.digest:
            rows.blobs.append({"digest": attachment.digest, "size": attachment.size or 0, "place": "folder"})
            if attachment.declared_type in dues.PICTURES:
                rows.due.append(dues.photo_row(entry.arrival.channel, message_id, position, attachment.digest, now))
        elif attachment.reference:
            data = {"message": str(message_id), "position": position, "reference": attachment.reference}
            rows.due.append(dues.row("fetch", entry.arrival.channel, data, now))


def case(case: cases.Case) -> Row:
    """As the table has it."""
    return {name: getattr(case, name) for name in cases.Case.__dataclass_fields__}


def event(event: cases.Event) -> Row:
    """As the table has it."""
    return {name: getattr(event, name) for name in cases.Event.__dataclass_fields__}


def complaint(case: cases.Case, version: int, complaint: Complaint, now: datetime) -> Row:
    """How a case is understood, as its so-many-th version."""
    return {"case": case.id, "version": version, "normaliser": NORMALISER, "complaint": _COMPLAINT.dump_python(complaint, mode="json"), "made_at": now}


def understood(row: Row) -> Complaint:
    """The complaint of such a row."""
    return _COMPLAINT.validate_python(row)
