"""What a mail says, read from its bytes; pure. It runs in the reading process: only the standard library and charset-normalizer stand below it."""

from __future__ import annotations

import hashlib

from channels.contract import Arrival, DeliveryUpdate, Ignored
from channels.mail import tokens
from channels.mail.bounces import Bounce
from channels.mail.content import File
from channels.mail.letter import Envelope, Letter, read_letter
from normalizer import Address, Attachment, Report

# RFC 3464's actions that mean it arrived, or went on to where nobody tells us any more.
_ARRIVED = {"delivered": "delivered", "relayed": "sent", "expanded": "sent"}


def read(arrival: Arrival) -> Report | DeliveryUpdate | Ignored:
    """A citizen's mail, or what became of one that we sent."""
    envelope = Envelope.of(arrival.meta)
    letter = read_letter(arrival.raw, envelope)
    return _update(letter.bounce, envelope) if letter.bounce else _report(arrival, letter)


def fingerprint(arrival: Arrival) -> str:
    """What was said (law 5): the bytes."""
    return hashlib.sha256(arrival.raw).hexdigest()


def _report(arrival: Arrival, letter: Letter) -> Report:
    files = letter.content.files
    return Report(
        sender=Address("email", letter.sender.address) if letter.sender.address else None,
        text=letter.text,
        received_at=arrival.received_at,
        subject=letter.subject or None,
        sender_name=letter.sender.name or None,
        recipient=Address("email", letter.recipient) if letter.recipient else None,
        attachments=tuple(map(_attachment, files)),
        references=letter.references,
        remarks=letter.remarks,
        tokens=letter.tokens,
        automatic=letter.automatic,
        content_key=letter.content_key,
        contents=tuple(file.data for file in files),
        reply=letter.reply,
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
