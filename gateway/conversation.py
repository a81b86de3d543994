"""What is a message for? decide() says it and why. Pure.

A report opens a case of its own, unless it proves that it belongs to one or is only a word to us (asked.py); answers and follow-ups join here, and nowhere
else.
"""

from __future__ import annotations

from dataclasses import dataclass

from channels import DeliveryUpdate, Ignored
from gateway.asked import Asked, asked_of
from normalizer import Complaint, Report
from normalizer.text import clean

# How a report belongs to a case: it carries a secret of it; it came back to what we sent to the complainant, and the complainant wrote it; it answers one
# of our messages in a chat that the wire vouches for; it is what the complainant made of the first message there; it only says so.
SECRET, THREAD, REPLY, EDIT, CLAIM = "secret", "thread", "reply", "edit", "claim"
# What no person wrote and nobody need read; a mailing list or a careless program may still carry a person's words.
_MACHINES = frozenset({"auto_submitted", "report", "abuse_report", "null_sender"})


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

    # "new_case" | "amendment" | "addition" | "automatic" | "unverified" | "word" | "delivery" | "ignored"
    kind: str
    reason: str
    # What is asked by a "word".
    asked: Asked | None = None


_JOINS = {
    THREAD: Decision("addition", "rule:signed_thread"),
    REPLY: Decision("addition", "rule:answers_our_message"),
    EDIT: Decision("amendment", "rule:edited"),
}


def decide(read: Understood | DeliveryUpdate | Ignored, *, by: str = "") -> Decision:
    """What to do with what was read; `by`: how it belongs to a case that is there; empty: to none."""
    match read:
        case DeliveryUpdate(status=status):
            return Decision("delivery", status)
        case Ignored(reason=reason):
            return Decision("ignored", reason)
        case Understood(report=report):
            return _for_a_case(report, by) if by else _for_itself(read)


def _for_a_case(report: Report, by: str) -> Decision:
    if by == CLAIM:
        # An operator sees it and nobody else: whoever guesses a number must not speak in a stranger's name.
        return Decision("unverified", "rule:names_a_case")
    if report.automatic:
        return Decision("automatic", f"rule:{report.automatic}")
    if by in _JOINS:
        return _JOINS[by]
    if "album" in report.remarks:
        return Decision("addition", "rule:album")
    return Decision("addition", "rule:private_link") if report.link else Decision("amendment", "rule:own_key")


def _for_itself(understood: Understood) -> Decision:
    report = understood.report
    if report.automatic in _MACHINES:
        return Decision("ignored", f"rule:{report.automatic}")
    if report.automatic:
        return Decision("new_case", f"rule:not_answered:{report.automatic}")
    if asked := _asked(understood):
        return Decision("word", f"rule:word:{asked.what}", asked)
    # A link that is not stored yet, or nobody's: nothing is lost, and the coordinator can put it where it belongs.
    return Decision("new_case", "rule:link_not_known" if report.link else "rule:every_report_is_a_case")


def _asked(understood: Understood) -> Asked | None:
    """Only of somebody who can be answered, and only if there is nothing else in it."""
    report, complaint = understood.report, understood.complaint
    if complaint.sender is None or report.attachments or report.location or report.keyed or report.link:
        return None
    # As its sender wrote it, without what a mail program quotes; a mail may have it all in its subject.
    return asked_of(clean(report.reply) if report.reply else complaint.text or complaint.title)
