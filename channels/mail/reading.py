"""What a mail says, read from its bytes; pure. It runs in the reading process: only the standard library and charset-normalizer stand below it."""

from __future__ import annotations

import hashlib

from channels.contract import Arrival, DeliveryUpdate, Ignored
from channels.mail import tokens
from channels.mail.bounces import Bounce
from channels.mail.content import File
from channels.mail.incoming import Envelope, Incoming, read_incoming
from channels.mail.lines import with_one_kind_of_line
from normalizer import Address, Attachment, Report

# RFC 3464's actions that mean it arrived, or went on to where nobody tells us any more.
_ARRIVED = {"delivered": "delivered", "relayed": "sent", "expanded": "sent"}


def read(arrival: Arrival) -> Report | DeliveryUpdate | Ignored:
    """A citizen's mail, or what became of one that we sent."""
    envelope = Envelope.of(arrival.meta)
    # By SMTP a bare CR or LF is part of its line: no server on the way has seen a head that it would make.
    raw = with_one_kind_of_line(arrival.raw) if arrival.meta.get("via") == "smtp" else arrival.raw
    mail = read_incoming(raw, envelope)
    return _update(mail.bounce, envelope) if mail.bounce else _report(arrival, mail)


def fingerprint(arrival: Arrival) -> str:
    """What was said (law 5): the bytes."""
    return hashlib.sha256(arrival.raw).hexdigest()


def _report(arrival: Arrival, mail: Incoming) -> Report:
    files = mail.content.files
    return Report(
        sender=Address("email", mail.sender.address) if mail.sender.address else None,
        text=mail.text,
        received_at=arrival.received_at,
        subject=mail.subject or None,
        sender_name=mail.sender.name or None,
        recipient=Address("email", mail.recipient) if mail.recipient else None,
        attachments=tuple(map(_attachment, files)),
        references=mail.references,
        remarks=mail.remarks,
        tokens=mail.tokens,
        automatic=mail.automatic,
        content_key=mail.content_key,
        contents=tuple(file.data for file in files),
        reply=mail.reply,
        message_id=mail.message_id or None,
    )


def _attachment(file: File) -> Attachment:
    return Attachment(file.name, file.kind, digest=hashlib.sha256(file.data).hexdigest(), size=len(file.data))


def _update(bounce: Bounce, envelope: Envelope) -> DeliveryUpdate | Ignored:
    ours = tokens.our_message_ids(bounce.about, envelope.own)
    if not ours:
        return Ignored("a bounce of nothing that we sent")
    if bounce.action == "delayed":
        return Ignored("a delay: the other server is still trying")
    return DeliveryUpdate(ours[0], _ARRIVED.get(bounce.action, "undelivered"), reason=bounce.status or None)
