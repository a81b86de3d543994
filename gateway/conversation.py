"""What is a message for? decide() says it and why. Pure.

A report opens a case of its own, unless it proves that it belongs to one; answers, follow-ups and commands join here, and nowhere else.
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

    # "new_case" | "amendment" | "addition" | "delivery" | "ignored"
    kind: str
    reason: str


def decide(read: Understood | DeliveryUpdate | Ignored, *, known: bool = False) -> Decision:
    """What to do with what was read; `known`: the secret that it carries (its own key, a private link) is that of a case."""
    match read:
        case DeliveryUpdate(status=status):
            return Decision("delivery", status)
        case Ignored(reason=reason):
            return Decision("ignored", reason)
        case Understood(report=Report(link=str())) if known:
            return Decision("addition", "rule:private_link")
        case Understood() if known:
            return Decision("amendment", "rule:own_key")
        case Understood(report=Report(link=str())):
            # Not stored yet, or nobody's: nothing is lost, and the coordinator can put it where it belongs.
            return Decision("new_case", "rule:link_not_known")
        case Understood():
            return Decision("new_case", "rule:every_report_is_a_case")
