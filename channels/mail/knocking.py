"""A mail to our own port, as another mail server brings it: whether it is taken. Source: RFC 5321; aiosmtplib speaks it."""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as LINES
from email.utils import format_datetime, make_msgid

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

_SECONDS = 10.0


async def knock(host: str, port: int, address: str, words: str, now: datetime) -> str:
    """Bring a mail with nothing but these words to the address; why it was not taken, empty: it was. Never raises."""
    domain = address.rpartition("@")[2]
    mail = EmailMessage(policy=LINES)
    mail["From"], mail["To"], mail["Subject"] = f"canary@{domain}", address, "canary"
    mail["Date"], mail["Message-ID"] = format_datetime(now), make_msgid("canary", domain)
    mail.set_content(words)
    try:
        # On this machine, and nothing in it is anybody's: a certificate would be for another name.
        async with SMTP(hostname=host, port=port, start_tls=False, timeout=_SECONDS, local_hostname=domain) as server:
            await server.sendmail(f"canary@{domain}", [address], mail.as_bytes())
    except SMTPResponseException as refused:
        return f"status {refused.code}"
    except (SMTPException, OSError, TimeoutError) as error:
        return type(error).__name__
    return ""
