"""A mail as the command `read-mail` shows it."""

from __future__ import annotations

from channels.mail.letter import Envelope, read_letter


def show(raw: bytes) -> dict[str, object]:
    """What we make of a mail, for an operator's eyes and for measuring."""
    letter = read_letter(raw, Envelope())
    bounce = letter.bounce
    return {
        "subject": letter.subject,
        "from": letter.sender.address,
        "text": letter.text,
        "reply": letter.text if letter.reply is None else letter.reply,
        "attachments": [file.name for file in letter.content.files],
        "is_auto": bool(letter.automatic),
        "is_bounce": bounce is not None,
        "may_acknowledge": not letter.automatic and bool(letter.sender.address),
        "recipients": list(bounce.recipients) if bounce else [],
        "references": list(letter.references),
        "message_id": letter.message_id,
        "automatic": letter.automatic,
        "remarks": list(letter.remarks),
    }
