"""How a complaint is understood by a newer normaliser, with everything that people said since it was first read. Pure.

Whatever an answer, a correction or another word of the citizen's has changed stays as they left it; only what nobody has touched is read anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from normalizer import Complaint, Finding, Place
from normalizer.manners import OF_THE_WORDS
from normalizer.missing import missing
from normalizer.spans import respanned
from normalizer.subjects import SEVERAL

# What is read out of the words: fields that belong together are taken or left together. Who wrote, to whom, with which files and what they asked to be hidden
# is nobody's reading.
_READ = {
    "kind": ("kind", "kind_found"),
    "title": ("title", "title_how"),
    "text": ("text",),
    "language": ("language", "language_found"),
    "category": ("category", "categories", "level"),
    "urgency": ("urgency",),
    "beyond": ("beyond",),
    "place": ("place",),
    "incident": ("incident", "dates"),
    "subjects": ("subjects",),
}
# Times that were said follow the incident: whoever answered when it happened has told no other times.
_FOLLOWS = "dates"


@dataclass(frozen=True, slots=True)
class Renewed:
    """A complaint read anew."""

    complaint: Complaint
    # What is understood otherwise, by names of _READ, and "personal", "missing"; "… (details)" where only scores, spans or words that decided are.
    changed: tuple[str, ...]


def original(versions: Sequence[Complaint]) -> int:
    """Of all versions in their order: the first that was read from the arrival which the last one rests on. An amendment is a text of its own."""
    last = versions[-1]
    return next(i for i, version in enumerate(versions) if version.received_at == last.received_at and "unread" not in version.remarks)


def renewed(versions: Sequence[Complaint], fresh: Complaint, question: str = "") -> Renewed:
    """The last of all versions, with what `fresh`, a new reading of its arrival, says of what nobody has touched. `question`: what the citizen is asked now."""
    last = versions[-1]
    touched = _touched(versions[original(versions) :])
    text = last.text if "text" in touched else fresh.text
    source = fresh if text.startswith(fresh.text) else _without_spans(fresh)
    taken = {field: getattr(source, field) for name, fields in _READ.items() if name not in touched for field in fields}
    after = replace(last, **taken, normaliser=fresh.normaliser, schema_version=fresh.schema_version)
    after = replace(after, remarks=_remarks(last, fresh, after))
    after = replace(after, personal=fresh.personal) if text == fresh.text else respanned(after)
    after = replace(after, missing=_still_missing(after, last, question))
    return Renewed(after, tuple(_changed(last, after)))


def _touched(versions: Sequence[Complaint]) -> frozenset[str]:
    """What changed from one version to the next without another normaliser: a person did it."""
    found: set[str] = set()
    for before, after in pairwise(versions):
        if before.normaliser == after.normaliser:
            found |= {name for name, fields in _READ.items() if any(getattr(before, field) != getattr(after, field) for field in fields if field != _FOLLOWS)}
    return frozenset(found)


def _remarks(last: Complaint, fresh: Complaint, after: Complaint) -> tuple[str, ...]:
    """What a door or a person remarked stays; what was read out of the words is read anew, where the words are those."""
    if after.text != fresh.text:
        return last.remarks
    kept = tuple(remark for remark in last.remarks if remark not in OF_THE_WORDS)
    new = (remark for remark in fresh.remarks if remark in OF_THE_WORDS and (remark != SEVERAL or after.subjects))
    return (*kept, *new)


def _still_missing(after: Complaint, last: Complaint, question: str) -> tuple[str, ...]:
    """Never more than before: nobody shall be asked again what they have answered or do not know. What is being asked stays until it is answered."""
    needed = missing(after.kind, f"{after.title}{after.text}", after.place, after.incident, after.remarks)
    return tuple(item for item in last.missing if item in needed or item == question)


def _without_spans(complaint: Complaint) -> Complaint:
    """The words stand in another text."""

    def bare(found: Finding | None) -> Finding | None:
        return replace(found, spans=()) if found else None

    place: Place | None = replace(complaint.place, span=None) if complaint.place else None
    categories = tuple(replace(found, spans=()) for found in complaint.categories)
    findings = {name: bare(getattr(complaint, name)) for name in ("kind_found", "urgency", "level", "beyond", "language_found")}
    bared = replace(complaint, category=categories[0] if categories else None, categories=categories, place=place, subjects=())
    return replace(bared, **findings)  # type: ignore[arg-type]  # by name


def _changed(before: Complaint, after: Complaint) -> list[str]:
    found = []
    for name, fields in (*_READ.items(), ("personal", ("personal",)), ("missing", ("missing",))):
        if any(getattr(before, field) != getattr(after, field) for field in fields):
            found.append(name if _said(before, name) != _said(after, name) else f"{name} (details)")
    return found


def _said(complaint: Complaint, name: str) -> object:
    """The code or value alone."""
    value = getattr(complaint, name)
    match name:
        case "category":
            return [found.code for found in complaint.categories], complaint.level and complaint.level.code
        case "urgency" | "beyond":
            return value and value.code
        case "place":
            return value and (value.code, value.text, value.ambiguous)
        case "subjects":
            return [subject.category.code for subject in value]
        case "incident":
            return value and (value.text, value.date)
        case _:
            return value
