"""One block of configuration of kind "mail"."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints, ValidationInfo, model_validator

MIB = 1024 * 1024
# RFC 5321, section 4.1.2, without quoted local parts: an address that we give ourselves.
Mailbox = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,40}@[A-Za-z0-9.-]{1,200}$", to_lower=True)]
Endpoint = Annotated[str, StringConstraints(pattern=r"^(\[[0-9A-Fa-f:]+\]|[0-9A-Za-z.-]+):\d{1,5}$")]


def host_and_port(endpoint: str) -> tuple[str, int]:
    """Its two parts, without the brackets of an IPv6 address.

    >>> host_and_port("[::1]:993")
    ('::1', 993)
    """
    host, _, port = endpoint.rpartition(":")
    return host.strip("[]"), int(port)


def is_this_machine(host: str) -> bool:
    """Whether what is said to this host stays here.

    >>> is_this_machine("127.0.0.2"), is_this_machine("localhost"), is_this_machine("imap.example")
    (True, True, False)
    """
    return ip_address(host).is_loopback if _is_address(host) else host.lower() == "localhost"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _beside(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder")
    return folder / path if folder else path


# Relative to the folder of the configuration's file.
Beside = Annotated[Path, AfterValidator(_beside)]


class _Block(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SmtpIn(_Block):
    """Other mail servers bring us mail."""

    listen: Endpoint | None = Field(default="127.0.0.1:2525", description="where other mail servers come, host:port; none: only by the balancer")
    listen_proxied: Endpoint | None = Field(
        default=None,
        description="where a balancer of ours comes and says whom it speaks for (PROXY protocol, v1 or v2), host:port; nobody else must reach it",
        examples=["10.0.0.5:2526"],
    )
    certificate: Beside | None = Field(
        default=None, description="PEM file of the certificate and its chain, for STARTTLS; relative to this file", examples=["tls/fullchain.pem"]
    )
    private_key: Beside | None = Field(default=None, description="PEM file of the certificate's key; relative to this file", examples=["tls/privkey.pem"])
    outside: Endpoint | None = Field(
        default=None,
        description="where other mail servers find us (as the MX record says), host:port: asked once a minute whether we answer there; none: not asked",
        examples=["mx.ppu.example:25"],
    )
    max_message_bytes: int = Field(default=30 * MIB, ge=MIB, description="bytes of one mail at the most")
    max_bytes_in_flight: int = Field(default=128 * MIB, ge=MIB, description="bytes of all mails that are on their way in at the same time")
    max_recipients: int = Field(default=100, ge=1, description="recipients of one mail at the most")
    max_connections: int = Field(default=200, ge=1, description="connections at the same time")
    max_connections_per_address: int = Field(
        default=20, ge=1, description="connections at the same time from one address; addresses of IPv6 count together by their /64"
    )
    session_seconds: float = Field(default=600, gt=0, description="seconds of one connection at the most, whatever happens on it")
    idle_seconds: float = Field(default=120, gt=0, description="seconds that the other side may be silent")
    accept_seconds: float = Field(default=30, gt=0, description="seconds that keeping a mail may take once it is here; then it is asked for again later")
    max_errors: int = Field(default=10, ge=1, description="wrong commands before the connection is closed")

    @model_validator(mode="after")
    def _can_work(self) -> SmtpIn:
        if self.listen is None and self.listen_proxied is None:
            message = "listen and listen_proxied: give one of them"
            raise ValueError(message)
        if (self.certificate is None) != (self.private_key is None):
            message = "certificate and private_key: one needs the other"
            raise ValueError(message)
        if self.max_bytes_in_flight < self.max_message_bytes:
            message = "max_bytes_in_flight must not be less than max_message_bytes, or a large mail would never find room"
            raise ValueError(message)
        return self


class OAuth(_Block):
    """Signing in with a token that is fetched anew before it ends (Google, Microsoft 365)."""

    mechanism: Literal["xoauth2", "oauthbearer"] = Field(default="xoauth2", description="how the token is shown")
    token_url: str = Field(pattern=r"^https?://", description="where tokens are given out", examples=["https://login.example/token"])
    client_id: str = Field(min_length=1, description="who we are there", examples=["4f3a0c1e"])
    client_secret: SecretStr | None = Field(default=None, description="secret of the client, where one is needed")
    refresh_token: SecretStr | None = Field(
        default=None, description="secret: the permission that the mailbox's owner gave; none: the client asks in its own name (client credentials)"
    )
    scope: str = Field(default="", description="scopes to ask for, as the provider names them; empty: those of the permission")

    @model_validator(mode="after")
    def _secret_and_safe(self) -> OAuth:
        if self.refresh_token is None and self.client_secret is None:
            message = "give refresh_token or client_secret: with neither nobody would give a token."
            raise ValueError(message)
        if self.token_url.startswith("http:") and not is_this_machine(urlsplit(self.token_url).hostname or ""):
            message = "token_url should begin with https:// \N{EM DASH} over http anybody on the way could read the token."
            raise ValueError(message)
        return self


class ImapIn(_Block):
    """We fetch mail from a mailbox."""

    server: Endpoint = Field(description="the mail server, host:port", examples=["imap.example:993"])
    tls: Literal["implicit", "starttls", "none"] = Field(default="implicit", description="none: on this machine only, the password travels openly")
    ca: str | None = Field(
        default=None, min_length=1, description="certificates (PEM) that the server's must be signed by; none: those that this machine trusts"
    )
    user: str = Field(min_length=1, description="the mailbox's name there", examples=["lapor@ppu.example"])
    password: SecretStr | None = Field(default=None, description="secret; none: oauth")
    oauth: OAuth | None = Field(default=None, description="instead of a password")
    folder: str = Field(default="INBOX", min_length=1, description="the folder in which citizens' mail arrives")
    processed: str | None = Field(
        default=None,
        min_length=1,
        description="folder that mails are moved to once they are safe here; none: they are flagged. Needed where the server keeps no flags of ours (Exchange)",
        examples=["Selesai"],
    )
    look_seconds: float = Field(default=300, gt=0, le=1500, description="seconds between two looks where the server does not tell by itself (IDLE)")
    # RFC 2177 wants IDLE anew every 29 minutes; with timeout_seconds it is how long a dead connection may go unnoticed, and that shall be a minute at most.
    idle_seconds: float = Field(default=25, gt=0, le=29, description="seconds of waiting for the server to tell, before a look shows whether it is still there")
    timeout_seconds: float = Field(default=30, gt=0, le=30, description="seconds that one answer of the server may take")
    retry_seconds: float = Field(default=2, gt=0, le=60, description="seconds until the first new attempt after something failed; then twice as long each time")
    max_message_bytes: int = Field(
        default=30 * MIB, ge=MIB, description="bytes of one mail at the most; of a larger one the head and the first 64 KiB are kept"
    )

    @model_validator(mode="after")
    def _one_way_to_sign_in(self) -> ImapIn:
        if (self.password is None) == (self.oauth is None):
            message = "password and oauth: give one of them"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _safe(self) -> ImapIn:
        if self.tls == "none" and not is_this_machine(host_and_port(self.server)[0]):
            message = "tls = none is for a server on this machine: on the way to another anybody could read the password and the mails."
            raise ValueError(message)
        if self.processed == self.folder:
            message = "processed should be another folder than folder."
            raise ValueError(message)
        return self


class Relay(_Block):
    """The mail server that takes our answers."""

    server: Endpoint = Field(description="host:port", examples=["smtp.example:587"])
    tls: Literal["implicit", "starttls", "none"] = Field(default="starttls", description="none: on this machine only")
    user: str | None = Field(default=None, min_length=1, description="name to sign in with; none: without", examples=["lapor@ppu.example"])
    password: SecretStr | None = Field(default=None, description="secret of that name")
    timeout_seconds: float = Field(default=30, gt=0, le=60, description="seconds that one answer of the server may take")
    connections: int = Field(default=4, ge=1, le=50, description="connections at the same time")

    @model_validator(mode="after")
    def _whole_login(self) -> Relay:
        if (self.user is None) != (self.password is None):
            message = "user and password: one needs the other"
            raise ValueError(message)
        return self


class MailSettings(_Block):
    """One address of ours, its ways in and its way out."""

    address: Mailbox = Field(description="where citizens write, and what we write from; address+anything must arrive, too", examples=["lapor@ppu.example"])
    also: tuple[Mailbox, ...] = Field(default=(), description="other addresses of ours that mean the same")
    smtp: SmtpIn | None = Field(default=None, description="other mail servers bring us mail; none: they do not")
    imap: ImapIn | None = Field(default=None, description="we fetch mail from a mailbox; none: we do not")
    relay: Relay | None = Field(default=None, description="the mail server that takes our answers; none: nobody is answered by mail")
    authserv_id: str | None = Field(
        default=None, min_length=1, description="how our own border server signs its Authentication-Results (RFC 8601); none: nobody's are believed"
    )
    check_dkim: bool = Field(
        default=False, description="look whether the signatures of mails hold (DKIM), where no border server of ours does; keys are looked up in the DNS"
    )
    dkim_seconds: float = Field(default=3, gt=0, le=5, description="seconds that this may take for one mail; then it is taken in unchecked")
    name_servers: tuple[Endpoint, ...] = Field(default=(), description="who is asked for those keys, address:port; none: the name servers of this machine")

    @model_validator(mode="after")
    def _can_be_asked(self) -> MailSettings:
        for server in self.name_servers:
            if not _is_address(host_and_port(server)[0]):
                message = "name_servers: give their addresses, not their names."
                raise ValueError(message)
        return self
