"""Who owns a case. Pure. So far: the coordinator, whoever wrote and whatever about (law 8); rules and agencies join here."""

from __future__ import annotations

from gateway.case import Owner
from normalizer import Complaint

# Kept with every decision, so that it can be told later which rules made it.
RULES = "1"


def owner_of(_complaint: Complaint, coordinator: str) -> Owner:
    """The agency that takes charge, and why."""
    return Owner(coordinator, "rule:coordinator")
