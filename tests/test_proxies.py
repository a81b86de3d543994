"""The proxies' files of docs/proxy/ before a real gateway: signatures hold, nobody lies about where they are, limits agree, and what is down is 5xx."""

from __future__ import annotations

import asyncio
import io
import os
import re
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from channels.sms.settings import TwilioSmsSettings
from channels.webform.settings import WebFormSettings
from gateway import server
from gateway.demo.twilio import Twilio
from tests.ports import free_ports
from tests.sms_channel import ACCOUNT
from tests.web_citizen import Citizen
from tests.world import KEY, Deployment

ROOT = Path(__file__).parent.parent
FILES = {"nginx": ROOT / "docs" / "proxy" / "nginx.conf", "caddy": ROOT / "docs" / "proxy" / "Caddyfile"}
NAME = "lapor.example"
MIB = 1024 * 1024
PDF = b"%PDF-1.7\n"
CHANNELS = f"""
[channels.web]
kind = "web-form"
max_per_minute = 1
[channels.sms]
kind = "twilio-sms"
account_sid = "{ACCOUNT}"
auth_tokens = [{{ env = "KEY" }}]
from_numbers = {{ sms = "1708" }}
api_base = "http://127.0.0.1:1"
"""


@dataclass(frozen=True, slots=True)
class Front:
    """A proxy on loopback, with a certificate of its own making."""

    port: int
    trust: ssl.SSLContext

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[Citizen]:
        """Whoever types the public name and is led to this machine."""
        connector = aiohttp.TCPConnector(ssl=self.trust, resolver=Here())
        async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            yield Citizen(session, f"https://{NAME}:{self.port}")


class Here(aiohttp.abc.AbstractResolver):
    """Every name is this machine."""

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[aiohttp.abc.ResolveResult]:
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        pass


def certificate(folder: Path) -> tuple[Path, Path]:
    """Of the public name, trusted by nobody else."""
    folder.mkdir()
    chain, key = folder / "fullchain.pem", folder / "privkey.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    subprocess.run([*command, *names, "-keyout", key, "-out", chain], check=True, capture_output=True)
    return chain, key


def nginx(folder: Path, upstream: int, plain: int, secure: int, chain: Path, key: Path) -> list[str]:
    """Its command, for the file of the docs with other ports and paths."""
    text = FILES["nginx"].read_text()
    text = replaced(text, "127.0.0.1:8080", f"127.0.0.1:{upstream}")
    text = replaced(text, "listen 80;", f"listen 127.0.0.1:{plain};")
    text = replaced(text, "listen 443 ssl;", f"listen 127.0.0.1:{secure} ssl;")
    text = replaced(text, f"/etc/letsencrypt/live/{NAME}/fullchain.pem", str(chain))
    text = replaced(text, f"/etc/letsencrypt/live/{NAME}/privkey.pem", str(key))
    (folder / "site.conf").write_text(text)
    own = "".join(f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    frame = f"daemon off;\npid {folder}/pid;\nuser {'root' if os.geteuid() == 0 else 'nobody'};\nevents {{}}\n"
    (folder / "nginx.conf").write_text(f"{frame}http {{\n{own}access_log off;\ninclude {folder}/site.conf;\n}}\n")
    command = ["nginx", "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    return command


def caddy(folder: Path, upstream: int, plain: int, secure: int, chain: Path, key: Path) -> list[str]:
    """The same."""
    text = FILES["caddy"].read_text()
    text = replaced(text, "127.0.0.1:8080", f"127.0.0.1:{upstream}")
    text = replaced(text, f"\n{NAME} {{", f"\n{NAME}:{secure} {{\n\tbind 127.0.0.1\n\ttls {chain} {key}")
    text = replaced(text, "\n{\n", f"\n{{\n\tadmin off\n\thttp_port {plain}\n\thttps_port {secure}\n\tauto_https disable_redirects\n")
    (folder / "Caddyfile").write_text(text)
    command = ["caddy", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    subprocess.run([command[0], "validate", *command[1:]], check=True, capture_output=True, env=at_home(folder))
    return [command[0], "run", *command[1:]]


def replaced(text: str, old: str, new: str) -> str:
    """A file that no longer says what is replaced here is another file."""
    assert old in text
    return text.replace(old, new)


def at_home(folder: Path) -> dict[str, str]:
    """Nothing is written elsewhere."""
    return {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}


@asynccontextmanager
async def front(kind: str, folder: Path, upstream: int) -> AsyncIterator[Front]:
    """It runs, and takes connections."""
    chain, key = certificate(folder)
    plain, secure = free_ports(2)
    command = (nginx if kind == "nginx" else caddy)(folder, upstream, plain, secure, chain, key)
    process = await asyncio.create_subprocess_exec(*command, env=at_home(folder), stderr=asyncio.subprocess.DEVNULL)
    try:
        async with asyncio.timeout(30):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", secure)
                except OSError:
                    assert process.returncode is None
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    break
        yield Front(secure, ssl.create_default_context(cafile=str(chain)))
    finally:
        process.terminate()
        await process.wait()


@pytest.fixture(
    params=[
        pytest.param("nginx", marks=pytest.mark.peer("nginx", "apt-get install nginx-light")),
        pytest.param("caddy", marks=pytest.mark.peer("caddy", "apt-get install caddy")),
    ]
)
def kind(request: pytest.FixtureRequest) -> str:
    """Which proxy."""
    return str(request.param)


@pytest.mark.peer("openssl", "apt-get install openssl")
async def test_behind_a_proxy_signatures_hold_large_reports_come_through_and_nobody_lies_about_where_they_are(
    kind: str, on_sqlite: Deployment, tmp_path: Path
) -> None:
    config = on_sqlite.config(channels=CHANNELS).model_copy(update={"public_urls": (f"https://{NAME}",)})
    twilio = Twilio(ACCOUNT, KEY)
    async with on_sqlite.node(config=config) as gateway, front(kind, tmp_path / "proxy", gateway.port) as proxy, proxy.browser() as siti:
        # Twilio signs the public address.
        params, headers = twilio.incoming(f"https://{NAME}/in/sms/message", from_="+6281234567890", to="1708", body="Jalan rusak")
        async with siti.session.post(f"{siti.base}/in/sms/message", data=params, headers=headers) as answer:
            assert answer.status == 200
        # As large as one file may be.
        whole = PDF + bytes(WebFormSettings().max_file_bytes - len(PDF))
        receipt = await siti.report("Jembatan putus", [("besar.pdf", "application/pdf", io.BytesIO(whole))])  # type: ignore[list-item]  # aiohttp wants it so
        assert receipt.number
        # One report a minute and address: who names another address is still the same.
        again = await siti.send([("kunci", await siti.key()), ("isi", "Lampu"), ("tempat", "Sotek")], headers={"X-Forwarded-For": "203.0.113.9"})
        assert again.status == 429
        # And the citizen has her words back.
        assert "Lampu" in again.html
        assert (await siti.get("/health/channels")).status == 404
        await on_sqlite.until("cases", lambda rows: len(rows) == 2)
    async with front(kind, tmp_path / "another", free_ports(1)[0]) as proxy, proxy.browser() as siti:
        # Nobody behind it: Twilio asks the fallback URL.
        assert (await siti.get("/lapor")).status == 502


@pytest.mark.peer("openssl", "apt-get install openssl")
async def test_what_is_too_large_is_answered_by_the_form_and_not_by_the_proxy(kind: str, on_sqlite: Deployment, tmp_path: Path) -> None:
    config = on_sqlite.config(channels='[channels.web]\nkind = "web-form"\n').model_copy(update={"public_urls": (f"https://{NAME}",)})
    async with on_sqlite.node(config=config) as gateway, front(kind, tmp_path / "proxy", gateway.port) as proxy, proxy.browser() as siti:
        key = await siti.key()
        boundary = "batas"
        head = "".join(f'--{boundary}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in (("kunci", key), ("isi", "Jembatan putus")))
        file = f'--{boundary}\r\nContent-Disposition: form-data; name="berkas"; filename="a.pdf"\r\nContent-Type: application/pdf\r\n\r\n'

        async def body() -> AsyncIterator[bytes]:
            yield head.encode()
            for _ in range(4):
                yield file.encode() + PDF
                for _ in range(17):
                    yield bytes(MIB)
                yield b"\r\n"
            yield f"--{boundary}--\r\n".encode()

        page = await siti.post(body(), headers={"Content-Type": f"multipart/form-data; boundary={boundary}"})
        assert page.status == 413
        assert "Jembatan putus" in page.html


def test_the_proxies_numbers_agree_with_the_gateways() -> None:
    form, sms = WebFormSettings(), TwilioSmsSettings(account_sid=ACCOUNT, auth_tokens=["x"])  # type: ignore[arg-type]  # pydantic makes a secret of it
    for name, file in FILES.items():
        text = file.read_text()
        size, connect, wait, keep = (float(_number(text, what[name])) for what in _NUMBERS)
        assert form.max_body_bytes < size * MIB
        assert connect < 5
        assert max(2 * form.accept_seconds, sms.accept_seconds) < wait
        assert keep < server.KEEPALIVE_SECONDS
    assert float(_number(FILES["nginx"].read_text(), r"client_body_timeout (\d+)s")) >= form.idle_seconds


_NUMBERS = (
    {"nginx": r"client_max_body_size (\d+)m", "caddy": r"max_size (\d+)MiB"},
    {"nginx": r"proxy_connect_timeout (\d+)s", "caddy": r"dial_timeout (\d+)s"},
    {"nginx": r"proxy_read_timeout (\d+)s", "caddy": r"response_header_timeout (\d+)s"},
    {"nginx": r"\n    keepalive_timeout (\d+)s", "caddy": r"keepalive (\d+)s"},
)


def _number(text: str, pattern: str) -> str:
    found = re.search(pattern, text)
    assert found, pattern
    return found[1]
