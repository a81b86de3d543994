"""A complaint about two things as two complaints: pure, once a person has said which words are the second's."""

from __future__ import annotations

from dataclasses import replace

from normalizer.missing import missing
from normalizer.pipeline import normalize
from normalizer.schema import Complaint, Declared, Incident, Place, Report, Setting
from normalizer.subjects import SEVERAL, without_joint

# What depends on the words alone, wherever they came from.
_READ = ("text", "category", "categories", "level", "beyond", "urgency", "personal", "subjects", "language_found")


def parted(complaint: Complaint, passage: tuple[int, int], setting: Setting) -> tuple[Complaint, Complaint]:
    """The first without the words of `passage`, the second with nothing else; each understood by its own words.

    Where and when it happened they share, as far as their own words say nothing of it; who wrote it and what they asked to be hidden, too.
    """
    start, end = passage
    text = complaint.text
    left = without_joint(text[:start])
    rest = _read(complaint, f"{left}\n{text[end:]}" if left else without_joint(text[end:]), setting)
    return _first(complaint, rest), _second(complaint, _read(complaint, text[start:end], setting))


def _read(complaint: Complaint, text: str, setting: Setting) -> Complaint:
    declared = Declared(contact=complaint.contact, anonymous=complaint.anonymous, confidential=complaint.confidential)
    # A local keyword was taken away when it was read first.
    return normalize(Report(complaint.sender, text, complaint.received_at, sender_name=complaint.sender_name, declared=declared), replace(setting, keywords=()))


def _first(before: Complaint, rest: Complaint) -> Complaint:
    """Who, whence and with what stays; all that was read in the words is read in those that are left."""
    told = {field: getattr(rest, field) for field in _READ}
    if before.kind_found:
        told |= {"kind": rest.kind or before.kind, "kind_found": rest.kind_found}
    if before.title_how != "declared":
        told |= {"title": rest.title, "title_how": "text"}
    place = rest.place if before.place is None or (before.place.how == "text" and _says_where(rest.place)) else _elsewhere(before.place)
    incident = rest.incident if before.incident is None or (before.incident.how == "text" and rest.incident) else _then(before.incident)
    several = tuple(remark for remark in before.remarks if remark != SEVERAL or rest.subjects)
    after = replace(before, place=place, incident=incident, language=before.language or rest.language, remarks=several, **told)
    return replace(after, dates=_first_of_all(incident, rest.dates))


def _second(before: Complaint, passage: Complaint) -> Complaint:
    place = passage.place if _says_where(passage.place) else _elsewhere(before.place)
    incident = passage.incident or _then(before.incident)
    return replace(
        passage,
        place=place,
        incident=incident,
        dates=_first_of_all(incident, passage.dates),
        attachments=before.attachments,
        language=passage.language or before.language,
        missing=missing(passage.kind, passage.text, place, incident, passage.remarks),
    )


def _says_where(place: Place | None) -> bool:
    return place is not None and (place.text is not None or place.how == "text")


def _elsewhere(place: Place | None) -> Place | None:
    return replace(place, span=None) if place else None


def _then(incident: Incident | None) -> Incident | None:
    return replace(incident, span=None) if incident else None


def _first_of_all(incident: Incident | None, dates: tuple[Incident, ...]) -> tuple[Incident, ...]:
    return (*((incident,) if incident else ()), *(time for time in dates if time != incident))
