"""A real Dovecot on loopback, in a folder of its own, for one test: no service of the machine, no user of the machine."""

from __future__ import annotations

import imaplib
import itertools
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.ports import free_ports

ACCOUNT, PASSWORD = "intake", "rahasia-akun"
_SECONDS = 20.0

_CONFIG = """
base_dir = {folder}/base
state_dir = {folder}/base
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
{tls}
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2 oauthbearer
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%u
mail_max_userip_connections = 50
# A fault here costs no time: it is what tests ask for.
auth_failure_delay = 0
{oauth}
passdb {{
  driver = passwd-file
  {mechanisms}
  args = scheme=PLAIN username_format=everybody {folder}/passwords
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
  # Nor does a wrong password make the next one slower.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""
_OAUTH = """
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf.ext
}}
"""
_INTROSPECTION = """
introspection_mode = get
introspection_url = {url}
username_attribute = username
active_attribute = active
active_value = true
"""


@dataclass
class Dovecot:
    """Running, until it is stopped."""

    folder: Path
    port: int
    tls_port: int
    uid: int
    gid: int
    _count: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _process: subprocess.Popen[bytes] | None = None

    @property
    def certificate(self) -> str:
        """PEM; for "localhost" only."""
        return (self.folder / "cert.pem").read_text()

    def start(self) -> None:
        """Until it greets."""
        # As root it becomes nobody; as anybody else it stays who we are.
        who = {"user": self.uid, "group": self.gid, "extra_groups": []} if os.geteuid() == 0 else {}
        self._process = subprocess.Popen(["dovecot", "-F", "-c", str(self.folder / "dovecot.conf")], stdin=subprocess.DEVNULL, start_new_session=True, **who)  # type: ignore[call-overload]
        _until(self._greets, "Dovecot greets")

    def stop(self) -> None:
        """It, and every session that is open."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(subprocess.CalledProcessError):
                self.kick()
            process.send_signal(signal.SIGTERM)
            process.wait(_SECONDS)

    def end(self) -> None:
        """At once, with all that it has started: a second quicker than asking."""
        process, self._process = self._process, None
        if process is not None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(_SECONDS)

    def kick(self, account: str = ACCOUNT) -> None:
        """End the account's sessions, as an administrator does."""
        self._admin("kick", account)

    def renumber(self, validity: int, account: str = ACCOUNT) -> None:
        """The folder gets another UIDVALIDITY, as after a restore."""
        self._admin("mailbox", "update", "--uid-validity", str(validity), "-u", account, "INBOX")

    def set_password(self, password: str) -> None:
        """Of every account there is."""
        (self.folder / "passwords").write_text(f"everybody:{password}\n", encoding="utf-8")

    def deliver(self, *mails: bytes, account: str = ACCOUNT, at: float | None = None) -> None:
        """As a mail server does that got them. `at`: when, in seconds since 1970."""
        box = self.folder / "mail" / account
        for part in (box, *(box / name for name in ("tmp", "new", "cur"))):
            if not part.exists():
                part.mkdir(parents=True)
                os.chown(part, self.uid, self.gid)
        for mail in mails:
            # Dovecot numbers them in the order of their names.
            name = f"1790000000.{next(self._count):09}.here"
            (box / "tmp" / name).write_bytes(mail)
            (box / "tmp" / name).chmod(0o644)
            if at is not None:
                os.utime(box / "tmp" / name, (at, at))
            (box / "tmp" / name).rename(box / "new" / name)

    @contextmanager
    def person(self, folder: str = "INBOX", account: str = ACCOUNT) -> Iterator[imaplib.IMAP4]:
        """Somebody with a mail program."""
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=_SECONDS) as program:
            program.login(account, PASSWORD)
            program.select(f'"{folder}"')
            yield program

    def flags(self, folder: str = "INBOX", account: str = ACCOUNT) -> dict[int, set[str]]:
        """Of each mail there, by its UID."""
        with self.person(folder, account) as program:
            # Where there is no such folder, nothing is selected.
            lines = program.uid("FETCH", "1:*", "(FLAGS)")[1] if program.state == "SELECTED" else []
        found = (re.search(rb"FLAGS \((.*?)\) UID (\d+)|UID (\d+) FLAGS \((.*?)\)", line) for line in lines if isinstance(line, bytes))
        return {int(one[2] or one[3]): set((one[1] or one[4] or b"").decode().split()) - {"\\Recent"} for one in found if one}

    def _admin(self, *words: str) -> None:
        subprocess.run(["doveadm", "-c", str(self.folder / "dovecot.conf"), *words], check=True, capture_output=True, timeout=_SECONDS)

    def _greets(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=_SECONDS) as line:
                return line.recv(4) == b"* OK"
        except OSError:
            assert self._process is not None
            assert self._process.poll() is None, (self.folder / "dovecot.log").read_text()
            return False


@contextmanager
def dovecot(*, tls: bool = False, introspection: str = "") -> Iterator[Dovecot]:
    """`introspection`: where it asks whether a token is good; empty: it knows passwords only."""
    # Its sockets have short names, and nobody may come into a folder of the tests' own.
    folder = Path(tempfile.mkdtemp(prefix="dc"))
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    # It takes no port 0.
    port, tls_port = free_ports(2)
    server = Dovecot(folder, port, tls_port, user.pw_uid, user.pw_gid)
    try:
        (folder / "mail").mkdir()
        _write(server, user.pw_name, tls=tls, introspection=introspection)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, server.uid, server.gid)
        server.start()
        yield server
    finally:
        server.end()
        shutil.rmtree(folder, ignore_errors=True)


def _write(server: Dovecot, user: str, *, tls: bool, introspection: str) -> None:
    folder = server.folder
    if tls:
        _certificate(folder)
    group = subprocess.run(["id", "-gn", user], check=True, capture_output=True, text=True).stdout.strip()
    text = _CONFIG.format(
        folder=folder,
        user=user,
        group=group,
        port=server.port,
        tls_port=server.tls_port if tls else 0,
        tls=f"ssl = yes\nssl_cert = <{folder}/cert.pem\nssl_key = <{folder}/key.pem" if tls else "ssl = no",
        # With a choice of mechanisms it finds no account for its own tools any more.
        mechanisms="mechanisms = plain login" if introspection else "",
        oauth=_OAUTH.format(folder=folder) if introspection else "",
    )
    (folder / "dovecot.conf").write_text(text)
    server.set_password(PASSWORD)
    (folder / "oauth2.conf.ext").write_text(_INTROSPECTION.format(url=introspection))


def _certificate(folder: Path) -> None:
    names = "subjectAltName=DNS:localhost"
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(folder / "key.pem")]
    certificate = ["-x509", "-days", "2", "-subj", "/CN=localhost", "-addext", names, "-out", str(folder / "cert.pem")]
    subprocess.run(["openssl", "req", *key, *certificate], check=True, capture_output=True)


def _until(ready: object, what: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while not ready():  # type: ignore[operator]
        assert time.monotonic() < deadline, f"not within {_SECONDS} seconds: {what}"
        time.sleep(0.005)
