"""A mail as the command `read-mail` shows it."""

from __future__ import annotations

from channels.mail.incoming import Envelope, read_incoming


def show(raw: bytes) -> dict[str, object]:
    """What we make of a mail, for an operator's eyes and for measuring."""
    mail = read_incoming(raw, Envelope())
    bounce = mail.bounce
    return {
        "subject": mail.subject,
        "from": mail.sender.address,
        "text": mail.text,
        "reply": mail.text if mail.reply is None else mail.reply,
        "attachments": [file.name for file in mail.content.files],
        "is_auto": bool(mail.automatic),
        "is_bounce": bounce is not None,
        "may_acknowledge": not mail.automatic and bool(mail.sender.address),
        "recipients": list(bounce.recipients) if bounce else [],
        "references": list(mail.references),
        "message_id": mail.message_id,
        "automatic": mail.automatic,
        "remarks": list(mail.remarks),
    }
