"""The pages by number and by private link. A wrong number, a hidden one and one that is not stored yet are answered alike, in text and in time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path

from aiohttp import web

from channels import About, Box, Limit, caller
from channels.pages import PRIVATE_PATH, TRACK_PATH, Look, Pages
from gateway import tracking
from gateway.blobs import Blobs
from gateway.case import ARCHIVED, AWAITING_VERIFICATION, CLOSED, ENDED, RECEIVED, WITHDRAWN, stops
from gateway.codes import Codes
from gateway.office import Office
from gateway.public.by_code import ByCode
from gateway.public.guesses import Guesses
from gateway.public.turn import Turn
from gateway.store import public
from gateway.store.engine import Store, StoreAway
from gateway.store.public import Progress, Said, Step

_LINK = re.compile(r"[A-Za-z0-9_-]{22}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
# No number: it is asked for all the same, so that nobody learns from the time that takes which numbers could be one.
_NONE = "-"
_RETRY_SECONDS = 30
# What people type: /Lapor, /lacak/. Doors of channels lie deeper or are found first.
_ONE_WORD = "/{word:[^/]{1,64}}{end:/?}"
# How a message looks, by the kind of address at its other end; on the web there is none.
_SHAPES = {"sms": "sms", "whatsapp": "chat", "telegram": "chat", "email": "mail", "web": "web"}


class PublicPages:
    """For the public listener."""

    def __init__(self, about: About, store: Store, blobs: Blobs, office: Office, codes: Codes, box: Box | None) -> None:
        """`box`: where reports are written on the web; None: nowhere."""
        self._about = about
        self._store = store
        self._blobs = blobs
        self._calendar = office.calendar
        self._reopen_days = office.reopen_within_working_days
        self._reaches = office.reaches
        self._box = box
        self._pages = Pages(Path(__file__).parent, about)
        self._guesses = Guesses()
        self._by_code = ByCode(about, codes, self._guesses, self._pages, self._form_path)

    def limits(self) -> Iterable[Limit]:
        """Of guessing, and of asking for codes."""
        return (self._guesses.limit(self._about.clock()), self._by_code.limit())

    def add_to(self, app: web.Application) -> None:
        """Its doors."""
        app.router.add_get("/", self._start)
        app.router.add_get(TRACK_PATH, self._track)
        self._by_code.add_to(app)
        app.router.add_get(f"{PRIVATE_PATH}/{{link}}", self._private)
        app.router.add_get(f"{PRIVATE_PATH}/{{link}}/{{picture}}", self._picture)
        app.router.add_get(_ONE_WORD, self._elsewhere)

    async def _start(self, request: web.Request) -> web.StreamResponse:
        # One page less on a slow network.
        where = self._box.form_path if self._box else TRACK_PATH
        return web.Response(status=302, headers={"Location": f"{where}?bahasa={self._pages.look(request).words.language}"})

    async def _elsewhere(self, request: web.Request) -> web.Response:
        """An address typed from a poster: led on where it is nearly one of ours, and otherwise told where the two are."""
        look, meant = self._pages.look(request), f"/{request.match_info['word'].lower()}"
        if meant in {TRACK_PATH, self._form_path}:
            return web.Response(status=302, headers={"Location": f"{meant}?{request.rel_url.raw_query_string or f'bahasa={look.words.language}'}"})
        return self._refused(look, 404, "nowhere", "")

    async def _track(self, request: web.Request) -> web.StreamResponse:
        look, asked = self._pages.look(request), request.query.get("nomor", "").strip()
        if not asked:
            return self._pages.answer("track.html", look, {"asked": "", "form_path": self._form_path})
        address = caller.address(request)
        if not self._guesses.may(address, self._about.clock()):
            return self._refused(look, 429, "crowded", asked)
        own = request.cookies.get("laporan", "")
        try:
            async with self._store.snapshot() as tx:
                progress = await public.by_number(tx, tracking.parse(asked) or _NONE)
                # Always, so that the time that it takes says nothing.
                receipt = await public.by_link(tx, tracking.link_digest(own) if _LINK.fullmatch(own) else _NONE)
                mine = progress is not None and receipt is not None and receipt.case == progress.case
                steps = await public.steps(tx, progress.case) if progress and not progress.confidential else []
        except StoreAway:
            return self._refused(look, 503, "away", asked)
        if mine:
            return web.Response(status=303, headers={"Location": f"{PRIVATE_PATH}/{own}?bahasa={look.words.language}"})
        # Law 10: what is confidential is not known to anybody but who sent it; so is what nobody could read yet.
        if progress is None or progress.confidential:
            self._guesses.missed(address, self._about.clock())
            return self._refused(look, 404, "unknown", asked)
        shown = {
            "progress": progress,
            "steps": _path(steps),
            "next_day": self._next_day(progress, steps),
            "asked": progress.number,
            "form_path": self._form_path,
        }
        return self._pages.answer("progress.html", look, shown)

    async def _private(self, request: web.Request) -> web.StreamResponse:
        look = self._pages.look(request)
        try:
            async with self._store.snapshot() as tx:
                progress = await public.by_link(tx, _digest(request))
                steps = await public.steps(tx, progress.case) if progress else []
                said = await public.conversation(tx, progress.case) if progress else []
        except StoreAway:
            return self._refused(look, 503, "away", "")
        if progress is None:
            return self._refused(look, 404, "unknown", "")
        shown = {
            "progress": progress,
            "steps": _path(steps),
            "said": said,
            "wires": self._wire,
            "shapes": _SHAPES,
            **asdict(self._turn(look, progress)),
            "next_day": self._next_day(progress, steps),
            "taken_at": None if any(step.kind == "placed" for step in steps) else _position(said),
            "link": request.match_info["link"],
            "form_path": self._form_path,
            # The box in which words are added.
            "key": self._box.new_key() if self._box else "",
            "add_path": self._box.add_path if self._box else "",
            "balas": "",
            "position": [],
            "files": [],
        }
        return self._pages.answer("report.html", look, shown)

    async def _picture(self, request: web.Request) -> web.StreamResponse:
        look, digest = self._pages.look(request), request.match_info["picture"]
        try:
            async with self._store.snapshot() as tx:
                progress = await public.by_link(tx, _digest(request))
                kind = await public.shown_picture(tx, progress.case, digest) if progress and _DIGEST.fullmatch(digest) else None
        except StoreAway:
            return self._refused(look, 503, "away", "")
        file = self._blobs.path(digest)
        if kind is None or not file.is_file():
            return self._refused(look, 404, "unknown", "")
        # Never shown within a page of ours: whatever it is, it is saved.
        headers = {"Content-Type": kind, "Content-Disposition": f'attachment; filename="{digest[:12]}.{kind.partition("/")[2]}"'}
        return web.FileResponse(
            file, headers={**headers, "Content-Security-Policy": "sandbox", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
        )

    def _refused(self, look: Look, status: int, why: str, asked: str) -> web.Response:
        headers = {"Retry-After": str(self._guesses.wait_seconds() if why == "crowded" else _RETRY_SECONDS)} if status in {429, 503} else {}
        return self._pages.answer("track.html", look, {"why": why, "asked": asked[:40], "form_path": self._form_path}, status, headers)

    def _next_day(self, progress: Progress, steps: Sequence[Step]) -> date | None:
        """By when somebody has read it; None: that is done, or its clock stands because we wait for its complainant."""
        if progress.status not in {RECEIVED, AWAITING_VERIFICATION}:
            return None
        stood = stops((step.awaited, step.at) for step in steps)
        return self._calendar.due(progress.opened_at, self._about.verification_working_days, stood).on

    def _turn(self, look: Look, progress: Progress) -> Turn:
        """What its complainant may do next."""
        today = self._calendar.day(self._about.clock())
        lately = progress.closed_at is not None and today <= self._calendar.due(progress.closed_at, self._reopen_days).on
        return Turn(
            question=look.words(f"question.{progress.question}") if progress.question else None,
            may_withdraw=progress.status not in ENDED,
            may_rate=progress.status == CLOSED and lately,
            may_reopen=progress.status == WITHDRAWN or (progress.status in {ARCHIVED, CLOSED} and lately),
        )

    def _wire(self, said: Said) -> str:
        """Which of the shapes it has; a mail's sender is not told by its wire, but its channel knows mail only."""
        kinds = [said.kind, *sorted(self._reaches.get(said.channel, frozenset()))]
        return next((kind for kind in kinds if kind in _SHAPES), "web")

    @property
    def _form_path(self) -> str:
        return self._box.form_path if self._box else ""


def _digest(request: web.Request) -> str:
    link = request.match_info["link"]
    return tracking.link_digest(link) if _LINK.fullmatch(link) else _NONE


def _path(steps: Sequence[Step]) -> list[Step]:
    """What is told of the way; that somebody began another report is not."""
    return [step for step in steps if step.kind != "set_aside"]


def _position(said: Sequence[Said]) -> tuple[str, str] | None:
    """Where a photo of the citizen was taken: to be offered as the place."""
    places = [(file.latitude, file.longitude) for one in said for file in one.files if file.latitude is not None and file.longitude is not None]
    return (f"{places[-1][0]:.5f}", f"{places[-1][1]:.5f}") if places else None
