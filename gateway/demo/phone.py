"""The demo's page: a phone in the browser. What is typed goes through the loopback Twilio to the gateway, and its answer comes back to the page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from aiohttp import web

from gateway import look
from gateway.demo.phone_view import Screen, render
from gateway.demo.phone_words import LANGUAGES
from gateway.demo.twilio import Twilio

# An example number of ours, not a person's.
FIRST_NUMBER = "+6281234567890"
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
# https://www.twilio.com/docs/messaging/guides/accepted-mime-types: a message with its media may have 5 MB.
_MAX_PICTURE_BYTES = 5 * 1024 * 1024
# More than the picture, so that the words beside a picture that is too large come through and can be shown again.
_MAX_FORM_BYTES = 4 * _MAX_PICTURE_BYTES

Picture = tuple[str, str, bytes]


def pages(twilio: Twilio, webhook_urls: Sequence[str], numbers: Sequence[str], zone: str = "Asia/Makassar", form_url: str = "") -> web.Application:
    """The application for the demo's own listener. `numbers`: the ones that the gateway answers on; times are shown in `zone`. `form_url`: the other door."""
    app = web.Application(client_max_size=_MAX_FORM_BYTES)
    phone = _Phone(twilio, webhook_urls, numbers, ZoneInfo(zone), form_url)
    app.router.add_get("/", phone.show)
    app.router.add_post("/", phone.send)
    app.router.add_get("/phone.js", look.still((Path(__file__).parent / "phone.js").read_bytes(), "text/javascript"))
    look.add_to(app)
    return app


class _Phone:
    """Every number is a phone of its own; what they hold lies in the simulator."""

    def __init__(self, twilio: Twilio, webhook_urls: Sequence[str], numbers: Sequence[str], zone: ZoneInfo, form_url: str) -> None:
        self._twilio = twilio
        self._webhook_urls = webhook_urls
        self._numbers = numbers
        self._zone = zone
        self._form_url = form_url

    async def show(self, request: web.Request) -> web.Response:
        return _page(self._screen(request))

    async def send(self, request: web.Request) -> web.Response:
        screen = self._screen(request)
        try:
            form = await request.post()
        except web.HTTPRequestEntityTooLarge:
            return _page(replace(screen, problem="far_too_large"), 413)
        # A browser sends line ends as CRLF (HTML, "constructing the entry list"); a phone does not.
        text = str(form.get("tulisan", "")).replace("\r\n", "\n")
        pictures = _pictures(form.get("foto"))
        if any(len(content) > _MAX_PICTURE_BYTES for _, _, content in pictures):
            return _page(replace(screen, draft=text, problem="too_large"), 413)
        if not text.strip() and not pictures:
            return _page(replace(screen, draft=text, problem="empty"), 422)
        await self._twilio.text(self._webhook_urls, from_=screen.number, to=screen.office, body=text, media=pictures)
        # 303: whoever reloads the page afterwards does not send it again.
        return web.Response(status=303, headers={"Location": str(request.rel_url)})

    def _screen(self, request: web.Request) -> Screen:
        lang = request.query.get("lang", "id")
        typed = request.query.get("nomor", FIRST_NUMBER)
        number = _international(typed)
        own = number or FIRST_NUMBER
        office = request.query.get("ke", "")
        office = office if office in self._numbers else self._numbers[0]
        return Screen(
            lang=lang if lang in LANGUAGES else "id",
            number=own,
            office=office,
            offices=self._numbers,
            zone=self._zone,
            texted=[texted for texted in self._twilio.texted if (texted.message.from_, texted.message.to) == (own, office)],
            replies=[message for message in self._twilio.sent if message.to == own and message.from_ in {office, ""}],
            wrong_number=None if number else typed,
            form_url=self._form_url,
        )


def _international(typed: str) -> str | None:
    """A number as the network writes it; None: it is none.

    >>> _international("0812 3456-7890")
    '+6281234567890'
    """
    number = re.sub(r"[\s().-]", "", typed)
    number = re.sub(r"^0", "+62", number)
    number = re.sub(r"^62", "+62", number)
    return number if _NUMBER.fullmatch(number) else None


def _pictures(field: object) -> list[Picture]:
    """The picture of a form; a browser sends an empty one if none was chosen."""
    if not isinstance(field, web.FileField):
        return []
    content = field.file.read()
    return [(field.filename, field.content_type, content)] if content else []


def _page(screen: Screen, status: int = 200) -> web.Response:
    return web.Response(status=status, text=render(screen), content_type="text/html", headers={"Cache-Control": "no-store"})
