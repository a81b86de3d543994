"""The one map from what goes wrong with a mail server to a Trouble. Sentences are for an operator: of the server's own words only its response code is told.

Sources: RFC 9051, section 7.1 and RFC 5530 (response codes); IMAPClient 4.1 and imaplib (what they raise).
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from imapclient import exceptions

from channels.mail.imap_client import HungUp

# RFC 5530, section 3: the server or its account base has a fault, or we are not alone; name and password may be right.
_NOT_OUR_PASSWORD = frozenset({"UNAVAILABLE", "CONTACTADMIN", "INUSE", "LIMIT", "SERVERBUG"})
_CODE = re.compile(r"\[([A-Z][A-Z-]{1,30})[\] ]")


class Trouble(Exception):
    """The connection is of no use any more. `sentence`: how it is and what to do, for an operator; `kind`: as in Checked."""

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.sentence = sentence


class Withheld(Exception):
    """The server answers, but does not do this for this one mail."""


@contextmanager
def told() -> Iterator[None]:
    """Whatever a library raises within becomes a Trouble."""
    try:
        yield
    except (Trouble, Withheld):
        raise
    except Exception as error:  # an answer that breaks the protocol raises anything at all in the libraries
        raise _trouble(error) from error


def refuses(error: Exception) -> bool:
    """Whether this is a server's clear no to one command: the connection is as good as before."""
    return isinstance(error, exceptions.IMAPClientError) and not isinstance(
        error, exceptions.IMAPClientAbortError | exceptions.ProtocolError | exceptions.CapabilityError | exceptions.IllegalStateError
    )


def code_of(error: BaseException) -> str:
    """What the server says in a word, in brackets for a sentence; empty: nothing.

    >>> code_of(ValueError("b'[UNAVAILABLE] Temporary authentication failure. [host:2026]'"))
    ' (UNAVAILABLE)'
    """
    found = _CODE.search(str(error))
    return f" ({found[1]})" if found else ""


def _trouble(error: Exception) -> Trouble:
    match error:
        case exceptions.LoginError():
            return _not_signed_in(error)
        case exceptions.IMAPClientReadOnlyError():
            return Trouble("provider", "The folder is read-only for our account: allow it to set flags there.")
        case exceptions.CapabilityError():
            return Trouble("provider", "The mail server does not offer STARTTLS: should tls be implicit?")
        case exceptions.IMAPClientAbortError() | HungUp():
            return Trouble("unreachable", f"The connection to the mail server broke off{code_of(error)}. It is made anew by itself.")
        case exceptions.IMAPClientError():
            return Trouble("provider", f"The mail server refuses what we ask for{code_of(error)}. Is the folder right, and may our account use it?")
        case _:
            return _network(error)


def _network(error: Exception) -> Trouble:
    match error:
        case TimeoutError():
            return Trouble("timeout", "The mail server did not answer in time. It is tried again by itself.")
        case ssl.SSLCertVerificationError():
            return Trouble(
                "provider", f"The mail server's certificate is not trusted ({error.verify_message}). Is server right? A certificate of your own: ca."
            )
        case ssl.SSLError():
            return Trouble("provider", "The mail server and we find no common TLS. Are port and tls right?")
        case socket.gaierror():
            return Trouble("unreachable", "The mail server's name is not known. Is server right, and does this machine's name service work?")
        case OSError():
            return Trouble("unreachable", "The mail server cannot be reached. Is it running, is server right, does a firewall let us through?")
        case _:
            return Trouble("provider", f"The mail server's answer could not be understood ({type(error).__name__}). It is tried again by itself.")


def _not_signed_in(error: exceptions.LoginError) -> Trouble:
    # The library calls everything that goes wrong while it signs in a failed login; what it really was stands behind it.
    cause = error.__context__
    if isinstance(cause, exceptions.IMAPClientAbortError):
        return _trouble(cause)
    if code_of(error).strip(" ()") in _NOT_OUR_PASSWORD:
        return Trouble("provider", f"The mail server signs nobody in at the moment{code_of(error)}. It is tried again by itself.")
    return Trouble("auth", f"The mail server does not accept our name and password or token{code_of(error)}.")
