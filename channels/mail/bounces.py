"""Mail that says what became of another mail: delivery reports (RFC 3464), and what mail systems wrote and write in their own words.

Machines' words are believed from machines, or together with what only machines add (the mail that came back).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from channels.mail import addresses
from channels.mail.addresses import BARE, canonical
from channels.mail.automatic_words import AWAY_SUBJECT
from channels.mail.bounce_words import BODY, COPY_FOLLOWS, DAEMON, DAEMON_NAME, DELAYED, OFFICE, OFFICE_NAME, SUBJECT
from channels.mail.charsets import decoded
from channels.mail.headers import Head
from channels.mail.mime import Part

# Characters of a notification that are read; and of what is searched for our own Message-IDs.
_NOTICE = 16_000
_MAX_RECIPIENTS = 100
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY_CODE = re.compile(r"(?<![\d.#-])(5\d\d|4[2-5]\d)[ -](?!\S*[.:]\d)")
_ADDRESSED = re.compile(r"(?im)^[ \t]*(?:original-recipient|final-recipient|x-actual-recipient)[ \t]*:[ \t]*(?:[\w-]+[ \t]*;)?[ \t]*([^\n]+)$")
_ACTION = re.compile(r"(?im)^[ \t]*action[ \t]*:[ \t]*([a-z]+)")
_REPORTED = re.compile(r"(?im)^[ \t]*status[ \t]*:[ \t]*([245]\.\d{1,3}\.\d{1,3})")
_NOTIFIED = re.compile(r'(?i)"(?:notificationType|eventType)"\s*:\s*"bounce"')
# How systems write whom they could not reach, surest first.
_WRITTEN = (
    # qmail, Postfix, Yahoo, Courier: the address begins the line, what happened follows.
    re.compile(r"(?m)^[ \t>]*<([^<>\s]{1,254}@[^<>\s]{1,254})>[ \t]*(?:\([^\n]{0,200}\))?[ \t]*:"),
    re.compile(r"(?i)(?:rcpt to|recipient|mailto|to)[ \t]*:[ \t]*\[?(?:smtp:)?<?([^<>\s\[\]]{1,254}@[^<>\s\[\]]{1,254}?)[>\]\s]"),
    # Exim, Exchange, sendmail: alone on its line, or before a reason.
    re.compile(r"(?m)^[ \t>*-]*[<\"\[]?([^<>\s\"\[\]()]{1,254}@[\w-]+(?:\.[\w-]+){0,20})(?=[>\"\]]|$|[ \t:;,(<]|\.(?:\s|\.|$))"),
)
_PASSED_ON = re.compile(r"(?i)\s*(?:re|fwd?|bls|trs|tr|aw|wg)\s*:")
_OFFICES = re.compile(r"(?i)\A(?:postmaster|mailer-daemon|abuse|support|helpdesk|hostmaster|no-?reply|admin)@")


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report on a mail that somebody sent."""

    # "failed" | "delayed" | "delivered" | "relayed" | "expanded" (RFC 3464, section 2.3.3).
    action: str
    # Whom the report is about.
    recipients: tuple[str, ...]
    # The enhanced status, or else the reply code; empty: neither was given.
    status: str
    # All that may hold the Message-ID of the mail that it is about.
    about: str


def bounce_of(mail: Part, sender: str, *, null_sender: bool, text: str) -> Bounce | None:
    """The report that a mail is; None: it is none. `text`: what a person reads of it."""
    statuses = [part for part in _own(mail) if part.kind in {"message/delivery-status", "message/global-delivery-status"}]
    notice = _notice(text)
    if not _is_report(mail, statuses) and not _is_told(mail, sender, notice, text, null_sender=null_sender):
        return None
    fields = "\n".join(decoded(part.body.data[:_NOTICE]) for part in statuses) or (notice if _ADDRESSED.search(notice) else "")
    action = _action(fields, mail.head.first("subject"), notice)
    recipients = tuple(_recipients(mail.head, fields, notice, sender))
    return Bounce(action, recipients[:_MAX_RECIPIENTS], _status(fields, notice), _about(mail, text))


def _own(mail: Part) -> Iterator[Part]:
    """The parts, without those of mails that are enclosed; but a report may itself be enclosed as the first thing by a filter that passed it on."""
    enclosed: set[int] = set()
    for part in mail.walk():
        if part.kind == "message/rfc822" and part is not mail and not _is_passed_on(mail, part):
            enclosed.update(id(below) for below in part.walk())
        if id(part) not in enclosed:
            yield part


def _is_passed_on(mail: Part, part: Part) -> bool:
    return "delivery-status" in mail.parameters.get("report-type", "").lower() and bool(mail.parts) and mail.parts[0] is part


def _is_report(mail: Part, statuses: list[Part]) -> bool:
    reports = [part.parameters.get("report-type", "").lower() for part in _own(mail) if part.kind in {"multipart/report", "multipart/mixed", "text/plain"}]
    if any("feedback" in kind or "disposition" in kind for kind in reports):
        return False
    return bool(statuses) or any("delivery-status" in kind for kind in reports) or bool(mail.head.value("x-failed-recipients")) or _is_notification(mail)


def _is_notification(mail: Part) -> bool:
    """Amazon's SNS tells of bounces in JSON, with JSON in it."""
    return mail.is_leaf and mail.body.data[:1] == b"{" and bool(_NOTIFIED.search(decoded(mail.body.data[:_NOTICE]).replace('\\"', '"')))


def _is_told(mail: Part, sender: str, notice: str, text: str, *, null_sender: bool) -> bool:
    """In words: from the null sender once, from what may be a machine twice; anybody else must also bring the mail back, and neither answer nor pass on."""
    said, subject = mail.head.first("from"), mail.head.first("subject")
    if AWAY_SUBJECT.match(subject):
        return False
    in_subject = bool(SUBJECT.search(subject))
    if null_sender or "<>" in said:
        return in_subject or _in_body(notice)
    if DAEMON.match(sender or said) or DAEMON_NAME.search(said):
        times = in_subject + _in_body(notice)
        return times > 1 or (times > 0 and _brings_back(mail, notice, text))
    # Most mails are a person's, and end here: what follows costs more than all the rest of reading (measured).
    if not in_subject or not _in_body(notice):
        return False
    if OFFICE.match(sender) or OFFICE_NAME.search(said):
        return True
    passed_on = mail.head.value("in-reply-to") is not None or _PASSED_ON.match(subject) or "\n>" in notice
    return not passed_on and _brings_back(mail, notice, text)


def _in_body(notice: str) -> bool:
    return bool(BODY.search(" ".join(notice[: _NOTICE // 2].split())))


def _brings_back(mail: Part, notice: str, text: str) -> bool:
    return len(notice) < len(text) or any(part.kind in {"message/rfc822", "text/rfc822-headers"} for part in mail.walk() if part is not mail)


def _notice(text: str) -> str:
    """What the system says, without the mail that it gives back."""
    said = text[:_NOTICE]
    copy = COPY_FOLLOWS.search(said)
    return said[: copy.start()] if copy else said


def _action(fields: str, subject: str, notice: str) -> str:
    actions = {found[1].lower() for found in _ACTION.finditer(fields)}
    for action in ("failed", "delayed", "delivered", "relayed", "expanded"):
        if action in actions:
            return action
    status = _status(fields, "")
    if status.startswith("4") or (not status and DELAYED.search(f"{subject}\n{notice[:4000]}")):
        return "delayed"
    return "delivered" if status.startswith("2") else "failed"


def _status(fields: str, notice: str) -> str:
    found = _REPORTED.search(fields) or _STATUS.search(notice) or _REPLY_CODE.search(notice)
    return found[1] if found else ""


def _recipients(head: Head, fields: str, notice: str, sender: str) -> list[str]:
    """Whom it is about, each once: by the report, by the head, else by how systems write it."""
    reported = _canonical(found[1] for found in _ADDRESSED.finditer(fields))
    if reported:
        return _final(fields) or reported
    if failed := _canonical(piece.address for piece in addresses.of(head, ["x-failed-recipients"])):
        return failed
    # The bounce itself goes to the sender of the mail that failed, and comes from nobody.
    known = {sender.lower(), *(box.address.lower() for box in addresses.of(head, ["to", "cc"]))}
    said = f"{head.first('x-bounced-address')}\n{notice}\n"
    usual: list[str] = []
    for pattern in (*_WRITTEN, BARE):
        found = [address for address in _canonical(match[1].rstrip(".,;:") for match in pattern.finditer(said)) if not _OFFICES.match(address)]
        if others := [address for address in found if address.lower() not in known]:
            return others if pattern is not BARE else others[:1]
        usual = usual or found
    return usual if len(usual) == 1 else []


def _final(fields: str) -> list[str]:
    """Of each recipient's block the one that the mail was sent to: the original, where it is given."""
    blocks = re.split(r"\n[ \t]*\n", fields)
    chosen = []
    for block in blocks:
        found = {match[0].strip().lower()[:1]: match[1] for match in _ADDRESSED.finditer(block)}
        chosen.append(found.get("f") or found.get("o") or found.get("x") or "")
    return _canonical(chosen)


def _canonical(said: Iterator[str] | list[str]) -> list[str]:
    """Those that are addresses, each once, in order."""
    kept: dict[str, str] = {}
    for piece in said:
        text = piece.strip().strip("<>\"'").strip()
        address = canonical(text) or next((box.address for box in addresses.mailboxes(piece[:500]) if box.address), "")
        if address:
            kept.setdefault(address.lower(), address)
    return list(kept.values())


def _about(mail: Part, text: str) -> str:
    """The fields and texts in which the Message-ID of what was sent may stand."""
    heads = [name for part in mail.walk() for name in (*part.head.all("message-id"), *part.head.all("in-reply-to"), *part.head.all("references"))]
    returned = [decoded(part.body.data[:_NOTICE]) for part in mail.walk() if part.is_leaf and part.kind.startswith(("message/", "text/rfc822"))]
    return "\n".join([*heads, *returned, text[: 4 * _NOTICE]])
