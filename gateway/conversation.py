"""What is a message for? decide() says it and why. Pure.

So far every report opens a case of its own; answers, follow-ups and commands join here, and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass

from channels import DeliveryUpdate, Ignored
from normalizer import Complaint, Report


@dataclass(frozen=True, slots=True)
class Understood:
    """A report that was read and normalised."""

    report: Report
    complaint: Complaint


@dataclass(frozen=True, slots=True)
class Unread:
    """Reading failed for good; the words are kept as bytes."""

    # A code and where: never the words of an exception, they may be personal.
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What a message was taken for (law 9)."""

    # "new_case" | "delivery" | "ignored"
    kind: str
    reason: str


def decide(read: Understood | DeliveryUpdate | Ignored) -> Decision:
    """What to do with what was read."""
    match read:
        case DeliveryUpdate(status=status):
            return Decision("delivery", status)
        case Ignored(reason=reason):
            return Decision("ignored", reason)
        case Understood():
            return Decision("new_case", "rule:every_report_is_a_case")
