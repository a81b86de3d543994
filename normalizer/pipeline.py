"""Stand-in of the lead until the normaliser is written: overwrite this file."""

from __future__ import annotations

from datetime import datetime

from normalizer.schema import SCHEMA_VERSION, Address, Complaint, Report, Setting

NORMALISER = "0"


def normalize(report: Report, setting: Setting) -> Complaint:
    """As it came."""
    return Complaint(SCHEMA_VERSION, NORMALISER, None, report.text[:80], report.text, "id", report.sender, None, None, None, None, None, None, report.attachments, False, False, (), (), report.received_at)


def unread(sender: Address | None, received_at: datetime, setting: Setting) -> Complaint:
    """Nothing."""
    return Complaint(SCHEMA_VERSION, NORMALISER, None, "", "", None, sender, None, None, None, None, None, None, (), True, True, ("what", "where", "when"), ("unread",), received_at)
