"""A chat in the browser. What is written goes through the loopback Bot API to the gateway, and its answer comes back into the chat."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from gateway.demo import bot_resources as resources
from gateway.demo.bot_api import BotApi
from gateway.demo.bot_resources import Person
from gateway.demo.chat_view import PATH, Said, Screen, mine, shown
from gateway.demo.pages import MIB, Frame, form_text, language

# An account of nobody's.
_FIRST_ACCOUNT = 81234567
_ACCOUNT = re.compile(r"[1-9][0-9]{3,14}")
# Telegram Bot API, "sendPhoto": what the app sends as a photo has 10 MB at most.
_MAX_PICTURE_BYTES = 10 * MIB
_LONGEST = 4096
# Girimukti, Penajam: the demo knows no place of its visitor's, and asks for none.
_PLACE = (-1.2531, 116.7297)


def add_to(app: web.Application, frame: Frame, bot_api: BotApi, zone: ZoneInfo) -> None:
    """Serve the chat; times are shown in `zone`."""
    chat = _Chat(frame, bot_api, zone)
    app.router.add_get(PATH, chat.show)
    app.router.add_post(PATH, chat.send)


class _Chat:
    """Every account is a person of its own; what they wrote lies in the simulator."""

    def __init__(self, frame: Frame, bot_api: BotApi, zone: ZoneInfo) -> None:
        self._frame = frame
        self._bot_api = bot_api
        self._zone = zone

    async def show(self, request: web.Request) -> web.Response:
        return self._page(self._screen(request))

    async def send(self, request: web.Request) -> web.Response:
        screen = self._screen(request)
        try:
            form = await request.post()
        except web.HTTPRequestEntityTooLarge:
            return self._page(replace(screen, problem="far_too_large"), 413)
        if await self._pressed(screen, form_text(form.get("tekan")), form_text(form.get("papan"))):
            return _back(screen)
        text, picture = form_text(form.get("tulisan")), _picture(form.get("foto"))
        if len(picture) > _MAX_PICTURE_BYTES:
            return self._page(replace(screen, draft=text, problem="too_large"), 413)
        if len(text.encode("utf-16-le")) > 2 * _LONGEST:
            return self._page(replace(screen, draft=text, problem="too_long"), 422)
        if not (text.strip() or picture or form.get("lokasi")):
            return self._page(replace(screen, draft=text, problem="empty"), 422)
        await self._say(screen, text, picture, place=bool(form.get("lokasi")))
        return _back(screen)

    async def _say(self, screen: Screen, text: str, picture: bytes, *, place: bool) -> None:
        if screen.editing:
            await self._bot_api.edit(screen.person, screen.editing["message_id"], text)
            return
        answers = screen.answering["message_id"] if screen.answering else None
        if picture:
            content: Mapping[str, Any] = resources.photo(self._bot_api.keep(picture, "jpg")) | ({"caption": text} if text else {})
            await self._bot_api.write(screen.person, answers=answers, **content)
        elif text.strip():
            await self._bot_api.write(screen.person, text, answers=answers)
        if place:
            await self._bot_api.write(screen.person, **resources.location(*_PLACE))

    async def _pressed(self, screen: Screen, below: str, board: str) -> bool:
        """A button below a message, or one in the place of the letters; whether it was one at all."""
        number, _, data = below.partition(":")
        if message := _found(screen.messages, number):
            await self._bot_api.press(screen.person, message["message_id"], data)
        if board:
            await self._bot_api.choose(screen.person, board, _PLACE)
        return bool(below or board)

    def _screen(self, request: web.Request) -> Screen:
        typed = request.query.get("akun", str(_FIRST_ACCOUNT)).strip()
        right = _ACCOUNT.fullmatch(typed)
        # The app speaks the language of the page.
        lang = language(request)
        person = Person(int(typed) if right else _FIRST_ACCOUNT, "Siti", "", "", lang)
        messages = self._bot_api.messages.get(person.id, [])
        answering, editing = (_found(messages, request.query.get(name, "")) for name in ("balas", "ubah"))
        return Screen(
            lang=lang,
            person=person,
            bot=self._bot_api.username,
            zone=self._zone,
            messages=messages,
            times=self._bot_api.times,
            board=self._bot_api.board(person.id),
            turning=self._bot_api.turning(person.id),
            answering=answering,
            editing=editing if editing and mine(editing) else None,
            wrong_account=None if right else typed,
        )

    def _page(self, screen: Screen, status: int = 200) -> web.Response:
        wrong = bool(screen.problem) or screen.wrong_account is not None
        return self._frame.answer("chat.html", screen.words, screen.here, shown(screen), status=status, wrong=wrong)


def _found(messages: Any, number: str) -> Said | None:  # noqa: ANN401  # a list of messages in Telegram's form
    return next((message for message in messages if str(message["message_id"]) == number), None)


def _back(screen: Screen) -> web.Response:
    """303: whoever reloads the page afterwards does not send it again."""
    return web.Response(status=303, headers={"Location": screen.at(screen.lang)})


def _picture(field: object) -> bytes:
    """The picture of a form; a browser sends an empty one if none was chosen."""
    return field.file.read() if isinstance(field, web.FileField) else b""
