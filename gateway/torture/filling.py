"""The web form under torture: browsers that fetch a form, send it with photos, send it again, go back and change the words; and the receipts they are shown."""

from __future__ import annotations

import hashlib
import random
import re
from collections import Counter
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from html import unescape

import aiohttp

from gateway.torture.ledger import Delivery
from gateway.torture.nodes import Node, Said
from gateway.torture.town import PATIENCES, FarEndFault, Means, insist, photo, words

_KEY = re.compile(r'name="kunci"[^>]*value="([^"]+)"')
_RECEIPT = re.compile(r"<strong>([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})</strong>")
# Of all forms: with a photo; sent again after the receipt; changed and sent again; with a telephone number to be told at.
_WITH_PHOTO, _AGAIN, _CHANGED, _WITH_CONTACT = 0.12, 0.15, 0.2, 0.25


class Filling:
    """Citizens with browsers."""

    share = 2.0
    unsaid = 0

    def __init__(self, means: Means) -> None:
        self._means = means
        self.secrets: dict[str, str] = {}
        self.faults: dict[str, FarEndFault] = {}

    def block(self, _: Node) -> str:
        """Under the name `web`; one machine plays all citizens."""
        return '[channels.web]\nkind = "web-form"\nmax_per_minute = 1000000\nflood_per_ten_minutes = 1000000\ncanary_minutes = 0\n'

    def open(self) -> AbstractAsyncContextManager[None]:
        """Browsers have no far end."""
        return nullcontext()

    def heard(self) -> Counter[tuple[str, str]]:
        """Nothing goes back by it."""
        return Counter()

    async def deliver(self, who: int, turn: int, chance: random.Random) -> None:
        """One form, as often as this citizen sends it."""
        key = await self._key(chance, f"form {who}/{turn}")
        wire_id = key.partition("-")[0]
        self._means.ledger.begun.add(("web", wire_id))
        contact = f"+62857{who:06d}{turn:02d}" if chance.random() < _WITH_CONTACT else ""
        version = 0
        while True:
            token = f"W{who}T{turn}V{version}"
            content = photo(chance) if chance.random() < _WITH_PHOTO else None
            files = (hashlib.sha256(content).hexdigest(),) if content else ()
            fields = {"kunci": key, "jenis": "pengaduan", "isi": words(token, chance), "tempat": "Desa Giri Mukti", "kontak": contact}
            delivery = Delivery("web", wire_id, token, "", wire_id, version, answer_to=contact, files=files)
            for _ in range(1 + (chance.random() < _AGAIN)):
                await self._send(fields, content, delivery, chance)
            if chance.random() > _CHANGED:
                return
            version += 1

    async def _key(self, chance: random.Random, name: str) -> str:
        async def attempt(node: Node, _: int) -> Said | None:
            return await node.ask(self._means.session, "/lapor", chance.choice(PATIENCES), method="GET")

        _, page = await insist(self._means, chance, attempt, name)
        found = _KEY.search(page.text)
        if found is None:
            self._means.ledger.strange.append(f"A page for {name} had no key.")
            return ""
        return unescape(found[1])

    async def _send(self, fields: dict[str, str], content: bytes | None, delivery: Delivery, chance: random.Random) -> None:
        patience = chance.choice(PATIENCES)

        async def attempt(node: Node, _: int) -> Said | None:
            return await node.ask(self._means.session, "/lapor", patience, data=_body(fields, content))

        node, page = await insist(self._means, chance, attempt, f"{delivery.wire_id} ({delivery.token})")
        found = _RECEIPT.search(page.text)
        if found is None:
            self._means.ledger.strange.append(f"Node {node.name} answered 200 to {delivery.wire_id} ({delivery.token}) and showed no number.")
            return
        self._means.ledger.accepted.append(replace(delivery, node=node.name, number=found[1]))


def _body(fields: dict[str, str], content: bytes | None) -> aiohttp.MultipartWriter:
    """As a browser does: every field a part, the file as well."""
    form = aiohttp.MultipartWriter("form-data")
    for name, value in fields.items():
        form.append(value).set_content_disposition("form-data", name=name)
    if content is not None:
        form.append(content, {"Content-Type": "image/jpeg"}).set_content_disposition("form-data", quote_fields=False, name="berkas", filename="foto.jpg")
    return form
