"""Words to one schema: pure, no I/O, no clock, no knowledge of any wire."""

from normalizer.candidates import named as named_places
from normalizer.category import category_codes
from normalizer.houses import families
from normalizer.pipeline import NORMALISER, normalize, unread
from normalizer.place import answered_place
from normalizer.register import region_name
from normalizer.schema import (
    SCHEMA_VERSION,
    Address,
    Attachment,
    Candidate,
    Category,
    Complaint,
    Declared,
    Finding,
    Incident,
    Location,
    Place,
    Report,
    Setting,
    Span,
    Subject,
)

__all__ = [
    "NORMALISER",
    "SCHEMA_VERSION",
    "Address",
    "Attachment",
    "Candidate",
    "Category",
    "Complaint",
    "Declared",
    "Finding",
    "Incident",
    "Location",
    "Place",
    "Report",
    "Setting",
    "Span",
    "Subject",
    "answered_place",
    "category_codes",
    "families",
    "named_places",
    "normalize",
    "region_name",
    "unread",
]
