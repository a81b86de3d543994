"""A mail, read: everything that reading.py and the command `read-mail` say of it. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from channels.mail import addresses, automatic, tokens
from channels.mail.addresses import Mailbox
from channels.mail.authentication import verdict
from channels.mail.bounces import Bounce, bounce_of
from channels.mail.content import Content, content_of
from channels.mail.headers import Head
from channels.mail.mime import parse
from channels.mail.reply import reply

_MAX_REFERENCES = 100
_MAX_TOKENS = 20
# RFC 5322, section 3.6.4, as it comes: with spaces in it, and without the brackets.
_MESSAGE_ID = re.compile(r"<([^<>]{1,500})>")
_ANSWERS = re.compile(r"(?i)\s*(?:re|bls|balas|aw|sv|antw|vs|odp|ynt|rv|ref)\s*(?:\[\d+\])?\s*[:：]")  # noqa: RUF001  # colons of all programs
# Mails that nobody reads, or that another than the sender made. Whoever passes a citizen's mail on in this way (or makes one of it that comes first) must not
# turn the citizen's own into a copy of theirs.
_NOT_THEIRS = frozenset({"forged", "auto_submitted", "report", "abuse_report", "null_sender"})
# Whom it was delivered to, as mail servers note it.
_DELIVERED = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "apparently-to", "x-delivered-to")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the wire knows of a mail beside its bytes."""

    # None: not known (IMAP). Empty: the null sender.
    mail_from: str | None = None
    rcpt_to: tuple[str, ...] = ()
    # Our own addresses.
    own: tuple[str, ...] = ()
    # Whose Authentication-Results are believed; empty: nobody's.
    authserv_id: str = ""
    # What we found its signatures to be: "pass:warga.example fail:list.example"; empty: we did not look, or there are none.
    dkim: str = ""
    # The mail's size, if only its beginning is here; empty: all of it is here.
    cut: str = ""

    @staticmethod
    def of(meta: Mapping[str, str]) -> Envelope:
        """From an arrival's meta."""
        return Envelope(
            mail_from=meta.get("mail_from"),
            rcpt_to=_listed(meta.get("rcpt_to", "")),
            own=_listed(meta.get("own", "")),
            authserv_id=meta.get("authserv_id", ""),
            dkim=meta.get("dkim", ""),
            cut=meta.get("cut", ""),
        )


@dataclass(frozen=True, slots=True)
class Incoming:
    """A mail, read."""

    subject: str
    sender: Mailbox
    # Which of our own addresses it was sent to; empty: not known.
    recipient: str
    content: Content
    text: str
    # What is new in it; None: all of it.
    reply: str | None
    # In angle brackets; empty: none.
    message_id: str
    # Nearest first, in angle brackets.
    references: tuple[str, ...]
    tokens: tuple[str, ...]
    # As in Report.
    automatic: str
    bounce: Bounce | None
    remarks: tuple[str, ...]
    content_key: str | None


def read_incoming(raw: bytes, envelope: Envelope) -> Incoming:
    """Everything that is said of a mail."""
    mail = parse(raw)
    head, content = mail.head, content_of(mail)
    sender, remarks = _sender(head, envelope)
    text, subject = content.text, head.first("subject")
    null_sender = _is_null(head, envelope)
    bounce = bounce_of(mail, sender.address, null_sender=null_sender, text=text)
    view = reply(text) if bounce is None else text
    message_id, references = _message_id(head), _references(head)
    found = _tokens(head, envelope)
    authenticated = verdict(head.all("authentication-results"), envelope.authserv_id, sender.address, envelope.dkim)
    code = (
        ("bounce" if bounce else "")
        or ("forged" if authenticated.forged else "")
        or automatic.by_structure(mail)
        or automatic.by_head(head, sender.address, null_sender=null_sender, own=envelope.own)
        or automatic.by_words(subject, view, answers=bool(references) or bool(found) or bool(_ANSWERS.match(subject)))
        # Whichever of them we answered, another one may be whom a border server has checked.
        or ("several_senders" if "several_senders" in remarks else "")
    )
    remarks += content.remarks + ["forged"] * authenticated.doubtful + ["mail_cut"] * bool(envelope.cut)
    return Incoming(
        subject=subject,
        sender=sender,
        recipient=_recipient(head, envelope),
        content=content,
        text=text,
        reply=None if view.split() == text.split() else view,
        message_id=message_id,
        references=references,
        tokens=found,
        automatic=code,
        bounce=bounce,
        remarks=tuple(dict.fromkeys(remarks)),
        content_key=_content_key(message_id, sender.address, content, envelope.cut, code if code in _NOT_THEIRS else ""),
    )


def _listed(written: str) -> tuple[str, ...]:
    return tuple(str(one) for one in json.loads(written)) if written else ()


def _sender(head: Head, envelope: Envelope) -> tuple[Mailbox, list[str]]:
    """Who wrote it, and remarks. Where From names nobody: who sent it."""
    named = list(addresses.of(head, ["from"]))
    usable = [mailbox for mailbox in named if mailbox.address]
    if usable:
        several = len({mailbox.address.lower() for mailbox in usable}) > 1
        # Whoever reads another one of them for the sender, or reads this one in another way, has checked somebody else.
        unclear = len(named) > 1 or len(list(head.values("from"))) > 1 or not usable[0].plain
        return usable[0], ["several_senders"] * several + ["sender_unclear"] * (unclear and not several)
    shown = next((mailbox.name for mailbox in named if mailbox.name), "")
    for mailbox in addresses.of(head, ["sender", "return-path"]):
        if mailbox.address:
            return Mailbox(shown, mailbox.address), ["sender_not_named"]
    return Mailbox(shown, addresses.canonical(envelope.mail_from or "")), ["sender_not_named"]


def _is_null(head: Head, envelope: Envelope) -> bool:
    """Sent by <>, as only machines do that want no answer (RFC 5321, section 4.5.5)."""
    if envelope.mail_from is not None:
        return not envelope.mail_from
    said = head.value("return-path")
    return said is not None and said.strip().lower() in {b"<>", b"<mailer-daemon>", b"mailer-daemon"}


def _message_id(head: Head) -> str:
    said = head.first("message-id")
    found = _message_ids([said])
    return found[0] if found else f"<{said.split()[0].strip('<>')}>" if said.strip("<> ") else ""


def _references(head: Head) -> tuple[str, ...]:
    """In-Reply-To, then References from the last one back."""
    answered, before = _message_ids(head.all("in-reply-to")), _message_ids(head.all("references"))
    return tuple(dict.fromkeys([*answered, *reversed(before)]))[:_MAX_REFERENCES]


def _message_ids(fields: list[str]) -> list[str]:
    return [f"<{''.join(said.split())}>" for said in _MESSAGE_ID.findall(" ".join(fields)) if said.strip()]


def _recipient(head: Head, envelope: Envelope) -> str:
    own = {address.lower(): address for address in envelope.own}
    named = [*envelope.rcpt_to, *(mailbox.address for mailbox in addresses.of(head, ["to", "cc", *_DELIVERED]) if mailbox.address)]
    for address in named:
        local, _, domain = address.rpartition("@")
        if ours := own.get(f"{local.partition('+')[0]}@{domain}".lower()):
            return ours
    return addresses.canonical(named[0]) if named else ""


def _tokens(head: Head, envelope: Envelope) -> tuple[str, ...]:
    """All that came back, each once: in addresses of ours, and in Message-IDs of ours."""
    if not envelope.own:
        return ()
    named = [*envelope.rcpt_to, *(mailbox.address for mailbox in addresses.of(head, ["to", "cc", *_DELIVERED]))]
    found = [token for address in named if "+" in address and (token := tokens.token_of_address(address, envelope.own))]
    answered = "\n".join([*head.all("in-reply-to"), *head.all("references")])
    return tuple(dict.fromkeys([*found, *tokens.tokens_in_message_ids(answered, envelope.own)]))[:_MAX_TOKENS]


def _content_key(message_id: str, sender: str, content: Content, cut: str, not_theirs: str) -> str | None:
    """The same for the same words of the same sender, whichever wire brought them; None: it has no Message-ID."""
    if not message_id:
        return None
    said = [message_id, sender, cut, *(digest.hex() for digest in content.digests)] + [not_theirs] * bool(not_theirs)
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
