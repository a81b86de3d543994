"""A citizen with a browser that knows no scripts: opens the form, fills it in, sends it, reads the answer."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from gateway.node import Gateway
from tests.world import Deployment

CHANNEL = '[channels.web]\nkind = "web-form"\n'
_NUMBER = re.compile(r"<strong>([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})</strong>")
_INPUT = re.compile(r'<input[^>]*\bname="(\w+)"[^>]*\bvalue="([^"]*)"')
File = tuple[str, str, bytes]


@dataclass(frozen=True, slots=True)
class Page:
    """What the browser shows."""

    status: int
    html: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def number(self) -> str:
        """On the plate; empty: there is none."""
        found = _NUMBER.search(self.html)
        return found[1] if found else ""

    @property
    def link(self) -> str:
        """Of the report's own page; empty: there is none."""
        found = re.search(r"/l/([\w-]{22})", self.html)
        return found[1] if found else ""

    def inputs(self, name: str) -> list[str]:
        """Values of fields of this name."""
        return [html.unescape(value) for key, value in _INPUT.findall(self.html) if key == name]

    @property
    def text(self) -> str:
        """What can be read."""
        return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", self.html)))


@dataclass(frozen=True, slots=True)
class Citizen:
    """With cookies of her own."""

    session: aiohttp.ClientSession
    base: str

    async def get(self, path: str, **options: Any) -> Page:  # noqa: ANN401  # as aiohttp has them
        """A page."""
        async with self.session.get(self.base + path, **options) as answer:
            return Page(answer.status, await answer.text(), dict(answer.headers))

    async def key(self) -> str:
        """A fresh form's."""
        return (await self.get("/lapor")).inputs("kunci")[0]

    async def send(self, fields: Sequence[tuple[str, str]], files: Sequence[File] = (), path: str = "/lapor", **options: Any) -> Page:  # noqa: ANN401  # as aiohttp has them
        """As a browser does: every field a part, files as well."""
        form = aiohttp.MultipartWriter("form-data")
        for name, value in fields:
            form.append(value).set_content_disposition("form-data", name=name)
        for name, type_, content in files:
            form.append(content, {"Content-Type": type_}).set_content_disposition("form-data", quote_fields=False, name="berkas", filename=name)
        return await self.post(form, path, **options)

    async def post(self, body: Any, path: str = "/lapor", **options: Any) -> Page:  # noqa: ANN401  # as aiohttp has them
        """Anything."""
        async with self.session.post(self.base + path, data=body, **options) as answer:
            return Page(answer.status, await answer.text(), dict(answer.headers))

    async def report(self, text: str = "Lampu jalan mati", files: Sequence[File] = (), *, key: str | None = None, **more: str) -> Page:
        """A whole report, at a place."""
        said = {"jenis": "pengaduan", "isi": text, "tempat": "Desa Giri Mukti", **more}
        return await self.send([("kunci", key or await self.key()), *said.items()], files)


@asynccontextmanager
async def citizen(gateway: Gateway) -> AsyncIterator[Citizen]:
    """Somebody at the public doors of this node."""
    connector = aiohttp.TCPConnector(limit=100)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield Citizen(session, f"http://127.0.0.1:{gateway.port}")


@asynccontextmanager
async def at_the_form(deployment: Deployment, channel: str = CHANNEL, **options: Any) -> AsyncIterator[tuple[Gateway, Citizen]]:  # noqa: ANN401  # as config()
    """A node with a form, and somebody who looks at it."""
    async with deployment.node(channels=channel, **options) as gateway, citizen(gateway) as somebody:
        yield gateway, somebody
