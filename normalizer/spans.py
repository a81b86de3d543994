"""Where in a complaint's text things stand, once more after the text has changed (an answer, a correction)."""

from __future__ import annotations

from dataclasses import replace

from normalizer.personal import personal
from normalizer.schema import Complaint, Finding, Incident, Subject


def respanned(complaint: Complaint) -> Complaint:
    """With every span in the text as it is now; what is known does not change."""
    text = complaint.text
    incident = _incident(complaint.incident, text)
    others = (one for time in complaint.dates if (one := _incident(time, text)) and one != incident)
    subjects = complaint.subjects if all(subject.span[1] <= len(text) for subject in complaint.subjects) else ()
    return replace(complaint, personal=personal(text), incident=incident, dates=(*((incident,) if incident else ()), *others), subjects=subjects)


def moved(complaint: Complaint, by: int) -> Complaint:
    """What was read in its words, so many characters further on: for where they stand behind others."""

    def there(found: Finding | None) -> Finding | None:
        return replace(found, spans=tuple((start + by, end + by) for start, end in found.spans)) if found else None

    findings = {name: there(getattr(complaint, name)) for name in ("kind_found", "category", "urgency", "level", "beyond", "language_found")}
    categories = tuple(one for found in complaint.categories if (one := there(found)))
    subjects = tuple(Subject(category, (subject.span[0] + by, subject.span[1] + by)) for subject in complaint.subjects if (category := there(subject.category)))
    return replace(complaint, categories=categories, subjects=subjects, **findings)  # type: ignore[arg-type]  # by name


def _incident(incident: Incident | None, text: str) -> Incident | None:
    """Its words where they stand first; None: they stand elsewhere."""
    if incident is None:
        return None
    at = text.find(incident.text) if incident.how == "text" else -1
    return replace(incident, span=(at, at + len(incident.text)) if at >= 0 else None)
