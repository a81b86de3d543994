"""What is confidential without being asked for: who speaks of corruption or of violence against women and children must be able to. Pure."""

from __future__ import annotations

from normalizer import Complaint

CORRUPTION, VIOLENCE = "corruption_extortion", "women_child"
# A suspicion is enough to close, also where nearly all words speak of the school or the office in which it happened (11 of 250 real complaints are closed);
# a person can open what was closed too often, and nobody can close what was read already.
_SUSPECTED = 0.05


def sensitive(complaint: Complaint) -> str:
    """Which of the two it may be about, the likelier first; empty: neither."""
    return next((found.code for found in complaint.categories if found.code in {CORRUPTION, VIOLENCE} and found.score >= _SUSPECTED), "")


def confidential(complaint: Complaint) -> bool:
    """Whether it is hidden from the public until a person decides."""
    return complaint.confidential or bool(sensitive(complaint))
