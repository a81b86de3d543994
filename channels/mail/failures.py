"""The one map from what a relay does or says to SendFailed. Reasons are for an operator: never the relay's own words, which repeat the address.

Sources: RFC 5321, section 4.2 (codes); RFC 3463 and its registry (enhanced codes); RFC 4954, section 6 (signing in).
"""

from __future__ import annotations

import re
import socket
import ssl

from aiosmtplib import SMTPAuthenticationError, SMTPException, SMTPResponseException

from channels.contract import SendFailed

CONNECT, LOGIN, MAIL, RCPT, DATA, CONTENT = "connecting", "signing in", "the sender", "the recipient", "the mail", "the mail's text"
# A server that wants a name and a password, or other ones.
_AUTH = frozenset({530, 534, 535, 538})
_CLOSING = 421
_PERMANENT = 500
# RFC 3463, section 3.2 and 3.3: what is wrong is the address or the mailbox behind it.
_ADDRESS = ("1", "2")
# Section 3.4 and 3.5: what is wrong is the server, or the way from it.
_SERVER = ("3", "4")
# Section 3.8: it is not allowed. Whether for everybody or for this one, nobody can tell.
_POLICY = "7"
_ENHANCED = re.compile(r"[245]\.(\d{1,3})\.\d{1,3}\b")


def failure(error: Exception, step: str) -> SendFailed:
    """What went wrong at this step, and whose fault it is. From CONTENT on, the relay may have the mail."""
    if isinstance(error, SMTPResponseException):
        return _refused(error, step)
    maybe_sent = step == CONTENT
    if isinstance(error, TimeoutError):
        return SendFailed(f"The mail server did not answer in time ({step}).", maybe_sent=maybe_sent, channel_wide=True, kind="timeout")
    tls = next((one for one in (error, error.__cause__) if isinstance(one, ssl.SSLError)), None)
    if isinstance(tls, ssl.SSLCertVerificationError):
        return SendFailed(f"The mail server's certificate does not hold: {tls.verify_message}.", channel_wide=True, kind="provider")
    if tls:
        return SendFailed("No secure connection to the mail server could be made.", maybe_sent=maybe_sent, channel_wide=True, kind="provider")
    if isinstance(error, OSError):
        lost = f"broke the connection off ({step})" if step != CONNECT else "could not be reached"
        what = "has a name that is not known" if isinstance(error.__cause__, socket.gaierror) else lost
        return SendFailed(f"The mail server {what}.", maybe_sent=maybe_sent, channel_wide=True, kind="unreachable")
    # The library's own: no STARTTLS, no way to sign in that both know.
    lacks = "offers no way to sign in that we know" if step == LOGIN else "does not offer what is configured (STARTTLS)"
    return SendFailed(f"The mail server {lacks}.", maybe_sent=maybe_sent, channel_wide=True, kind="auth" if step == LOGIN else "provider")


def _refused(error: SMTPResponseException, step: str) -> SendFailed:
    found = _ENHANCED.match(error.message)
    subject = found[1] if found else ""
    said = f"{error.code} {found[0]}" if found else str(error.code)
    if error.code < 400:  # noqa: PLR2004  # RFC 5321, 4.2.1: no failure, and not what belongs here; or no code at all
        return SendFailed(f"What answered was no working mail server ({step}).", maybe_sent=step == CONTENT, channel_wide=True, kind="provider")
    if error.code in _AUTH or (isinstance(error, SMTPAuthenticationError) and error.code >= _PERMANENT):
        return SendFailed(f"The mail server does not accept our name and password ({said}).", channel_wide=True, kind="auth")
    if error.code == _CLOSING or step in {CONNECT, LOGIN, MAIL} or (subject in _SERVER and error.code < _PERMANENT):
        return SendFailed(f"The mail server takes nothing from us now ({step}: {said}).", channel_wide=True, kind="provider")
    if error.code < _PERMANENT:
        return SendFailed(f"The mail server did not take this mail yet ({step}: {said}).")
    if subject in _ADDRESS or (step == RCPT and subject != _POLICY):
        return SendFailed(f"This address does not take mail ({said}).", permanent=True)
    # Our own account may be what is not allowed, or our words: a person should look before a citizen is given up.
    return SendFailed(f"The mail server refuses this mail ({step}: {said}).", kind="provider")


# What speaking to a server may raise. OSError: also TLS, and connections that end.
FAILURES = (SMTPException, OSError)
