"""The demo's page: a phone in the browser. What is typed goes through the loopback Twilio to the gateway, and its answer comes back to the page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from aiohttp import web

from gateway.demo.pages import MAX_FORM_BYTES, MIB, Frame, form_text, language
from gateway.demo.phone_view import Screen, shown
from gateway.demo.twilio import Twilio

PATH = "/hp"
# An example number of ours, not a person's.
FIRST_NUMBER = "+6281234567890"
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
# https://www.twilio.com/docs/messaging/guides/accepted-mime-types: a message with its media may have 5 MB.
_MAX_PICTURE_BYTES = 5 * MIB

Picture = tuple[str, str, bytes]


def add_to(app: web.Application, frame: Frame, twilio: Twilio, webhook_urls: Sequence[str], numbers: Sequence[str], zone: ZoneInfo) -> None:
    """Serve the phone. `numbers`: the ones that the gateway answers on; times are shown in `zone`."""
    phone = _Phone(frame, twilio, webhook_urls, numbers, zone)
    app.router.add_get(PATH, phone.show)
    app.router.add_post(PATH, phone.send)


def alone(twilio: Twilio, webhook_urls: Sequence[str], numbers: Sequence[str], zone: ZoneInfo) -> web.Application:
    """The application of a phone and nothing else."""
    app, frame = web.Application(client_max_size=MAX_FORM_BYTES), Frame({"sms": PATH})
    frame.add_to(app)
    add_to(app, frame, twilio, webhook_urls, numbers, zone)
    app.router.add_get("/", _to_the_phone)
    return app


async def _to_the_phone(request: web.Request) -> web.Response:
    return web.Response(status=303, headers={"Location": str(request.rel_url.with_path(PATH, keep_query=True))})


class _Phone:
    """Every number is a phone of its own; what they hold lies in the simulator."""

    def __init__(self, frame: Frame, twilio: Twilio, webhook_urls: Sequence[str], numbers: Sequence[str], zone: ZoneInfo) -> None:
        self._frame = frame
        self._twilio = twilio
        self._webhook_urls = webhook_urls
        self._numbers = numbers
        self._zone = zone

    async def show(self, request: web.Request) -> web.Response:
        return self._page(self._screen(request))

    async def send(self, request: web.Request) -> web.Response:
        screen = self._screen(request)
        try:
            form = await request.post()
        except web.HTTPRequestEntityTooLarge:
            return self._page(replace(screen, problem="far_too_large"), 413)
        text = form_text(form.get("tulisan"))
        pictures = _pictures(form.get("foto"))
        if any(len(content) > _MAX_PICTURE_BYTES for _, _, content in pictures):
            return self._page(replace(screen, draft=text, problem="too_large"), 413)
        if not text.strip() and not pictures:
            return self._page(replace(screen, draft=text, problem="empty"), 422)
        await self._twilio.text(self._webhook_urls, from_=screen.number, to=screen.office, body=text, media=pictures)
        # 303: whoever reloads the page afterwards does not send it again.
        return web.Response(status=303, headers={"Location": str(request.rel_url)})

    def _screen(self, request: web.Request) -> Screen:
        typed = request.query.get("nomor", FIRST_NUMBER)
        number = _international(typed)
        own = number or FIRST_NUMBER
        office = request.query.get("ke", "")
        office = office if office in self._numbers else self._numbers[0]
        return Screen(
            lang=language(request),
            number=own,
            office=office,
            offices=self._numbers,
            zone=self._zone,
            texted=[texted for texted in self._twilio.texted if (texted.message.from_, texted.message.to) == (own, office)],
            replies=[message for message in self._twilio.sent if message.to == own and message.from_ in {office, ""}],
            wrong_number=None if number else typed,
        )

    def _page(self, screen: Screen, status: int = 200) -> web.Response:
        wrong = bool(screen.problem) or screen.wrong_number is not None
        return self._frame.answer("phone.html", screen.words, screen.here, shown(screen), status=status, wrong=wrong)


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
