"""A real Postfix in a folder of its own: what our door for mail is measured beside, and for tests a border server before it or the relay behind it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
myhostname = border.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_relay_restrictions = permit_mynetworks,reject
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_tls_security_level = may
alias_maps =
alias_database =
local_recipient_maps =
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
maillog_file = {folder}/data/mail.log
maillog_file_prefixes = {folder}
{more}
"""
# One line a service, as it ships, without a chroot: nothing of the machine's own is needed.
_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
# Seconds.
_PATIENCE = 30


@dataclass(frozen=True, slots=True)
class Postfix:
    """Running."""

    port: int
    folder: Path

    def log(self) -> str:
        """All that it said."""
        file = self.folder / "data" / "mail.log"
        return file.read_text() if file.exists() else ""

    def waiting(self) -> int:
        """Mails in its queue."""
        command = ["postqueue", "-c", str(self.folder / "conf"), "-j"]
        return len(subprocess.run(command, check=True, capture_output=True).stdout.splitlines())


def can_run() -> bool:
    """Whether it is here, and we may start it."""
    return os.geteuid() == 0 and shutil.which("postfix") is not None and shutil.which("smtp-source") is not None


def free_port() -> int:
    """One that nobody had a moment ago."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def postfix(**settings: str) -> Iterator[Postfix]:
    """Listening while the block runs. Its programs change to users of their own, so only root can start it (can_run), and not in a folder of pytest's."""
    with tempfile.TemporaryDirectory(prefix="postfix-") as name:
        folder, port = Path(name), free_port()
        folder.chmod(0o755)
        for part in ("conf", "queue", "data"):
            (folder / part).mkdir()
        subprocess.run(["chown", "postfix", folder / "data"], check=True)
        (folder / "conf" / "main.cf").write_text(_MAIN.format(folder=folder, more="\n".join(f"{key} = {value}" for key, value in settings.items())))
        (folder / "conf" / "master.cf").write_text(_MASTER.format(port=port))
        subprocess.run(["postfix", "-c", folder / "conf", "start"], check=True, capture_output=True)
        try:
            _until_it_listens(port)
            yield Postfix(port, folder)
        finally:
            subprocess.run(["postfix", "-c", folder / "conf", "stop"], check=True, capture_output=True)


def _until_it_listens(port: int) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if time.monotonic() > until:
            raise TimeoutError("Postfix does not listen")
        time.sleep(0.05)
