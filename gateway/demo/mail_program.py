"""A mail program in the browser. What is written goes through the loopback post office to the gateway, and its answer comes back into the thread."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import replace
from zoneinfo import ZoneInfo

from aiohttp import web
from multidict import MultiDictProxy

from gateway.demo import mailbox
from gateway.demo.mail_view import PATH, Screen, shown
from gateway.demo.mailbox import Draft, File
from gateway.demo.pages import MIB, Frame, form_text, language
from gateway.demo.post_office import PostOffice

# An address of nobody (RFC 2606).
_FIRST_ADDRESS = "warga@contoh.example"
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
# Of all attachments of one mail; written down for the wire they are a third larger, and still below what the gateway takes.
_MAX_FILES_BYTES = 20 * MIB


def add_to(app: web.Application, frame: Frame, post_office: PostOffice, smtp_port: int, office: str, zone: ZoneInfo) -> None:
    """Serve the program. `smtp_port`: where the gateway takes mail for `office`, its address; times are shown in `zone`."""
    program = _MailProgram(frame, post_office, smtp_port, office, zone)
    app.router.add_get(PATH, program.show)
    app.router.add_post(PATH, program.send)


class _MailProgram:
    """Every address is a mailbox of its own; what they hold lies in the post office."""

    def __init__(self, frame: Frame, post_office: PostOffice, smtp_port: int, office: str, zone: ZoneInfo) -> None:
        self._frame = frame
        self._post_office = post_office
        self._smtp_port = smtp_port
        self._office = office
        self._zone = zone

    async def show(self, request: web.Request) -> web.Response:
        return self._page(self._screen(request))

    async def send(self, request: web.Request) -> web.Response:
        screen = self._screen(request)
        try:
            form = await request.post()
        except web.HTTPRequestEntityTooLarge:
            return self._page(replace(screen, problem="far_too_large"), 413)
        draft = _draft(screen, form)
        screen = replace(screen, subject=draft.subject, text=draft.text)
        if sum(len(file.content) for file in draft.files) > _MAX_FILES_BYTES:
            return self._page(replace(screen, problem="too_large"), 413)
        if not (draft.text.strip() or draft.files):
            return self._page(replace(screen, problem="empty"), 422)
        message_id = f"<{uuid.uuid4().hex}@{screen.address.rpartition('@')[2]}>"
        raw = mailbox.compose(draft, message_id, self._post_office.clock())
        posted = await self._post_office.post(self._smtp_port, raw, sender=draft.sender, to=draft.to)
        if not posted.arrived:
            return self._page(replace(screen, problem="not_sent"), 503)
        # 303: whoever reloads the page afterwards does not send it again.
        return web.Response(status=303, headers={"Location": screen.at(screen.thread.id if screen.thread else message_id)})

    def _screen(self, request: web.Request) -> Screen:
        typed = request.query.get("alamat", _FIRST_ADDRESS).strip()
        address = typed if _ADDRESS.fullmatch(typed) else _FIRST_ADDRESS
        threads = mailbox.threads(self._letters(address))
        chosen = request.query.get("utas", "")
        return Screen(
            lang=language(request),
            address=address,
            office=self._office,
            zone=self._zone,
            threads=threads,
            thread=next((thread for thread in threads if thread.id == chosen), None),
            wrong_address=None if address == typed else typed,
        )

    def _letters(self, address: str) -> Iterable[mailbox.Letter]:
        """All that this address sent and got."""
        for posted in self._post_office.posted:
            if posted.arrived and posted.sender == address:
                yield mailbox.letter(posted.raw, posted.at, mine=True)
        for delivered in self._post_office.delivered:
            if delivered.to == address:
                yield mailbox.letter(delivered.raw, delivered.at, mine=False)

    def _page(self, screen: Screen, status: int = 200) -> web.Response:
        wrong = bool(screen.problem) or screen.wrong_address is not None
        return self._frame.answer("mail.html", screen.words, screen.here, shown(screen), status=status, wrong=wrong)


def _draft(screen: Screen, form: MultiDictProxy[str | bytes | bytearray | web.FileField]) -> Draft:
    """What the form says; in a thread, the answer to its latest mail."""
    written = Draft(screen.address, screen.reply_to, form_text(form.get("perihal")), form_text(form.get("tulisan")), _files(form.getall("lampiran", [])))
    if screen.thread is None:
        return written
    answered = screen.thread.latest
    if form.get("cuti"):
        return Draft(screen.address, screen.reply_to, screen.words["away_subject"], screen.words["away_text"], answers=answered, automatic=True)
    return replace(written, subject=mailbox.reply_subject(answered.subject), answers=answered)


def _files(fields: Iterable[object]) -> list[File]:
    """The attachments of a form; where none was chosen, a browser sends a field without a name."""
    return [File(field.filename, field.content_type, field.file.read()) for field in fields if isinstance(field, web.FileField)]
