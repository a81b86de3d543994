"""The web form: plain HTML forms in (RFC 7578), a receipt as the answer. Nothing goes back this way: a citizen looks at the page, or gave a contact."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import AsyncGenerator, Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import structlog
from aiohttp import web

from channels import caller
from channels.contract import (
    MESSAGE,
    About,
    Arrival,
    Box,
    Checked,
    DeliveryUpdate,
    Door,
    Fetched,
    FetchFailed,
    Ignored,
    Inlet,
    Known,
    Limit,
    Notice,
    Refused,
    SendFailed,
)
from channels.unhurried import Unhurried
from channels.webform import reading
from channels.webform.crowd import Crowd
from channels.webform.outside import Outside
from channels.webform.parts import Fault, Filled, Gone, Unreadable, fill
from channels.webform.settings import WebFormSettings
from channels.webform.sheet import Sheet, blank, filled_in
from channels.webform.tokens import Key, Sign, new_key, read_key
from channels.webform.views import Views
from normalizer import Report

_log = structlog.get_logger(__name__)

_SCRIPT = (Path(__file__).parent / "form.js").read_bytes()
_LATER = timedelta(seconds=30)
_MINUTE = 60
_TEN_MINUTES = 600
# What protects the machine, by its name in the settings.
_LIMITS = ("max_files", "max_file_bytes", "max_body_bytes", "max_text_bytes", "max_fields", "max_per_minute", "max_at_once", "idle_seconds", "accept_seconds")


class WebForm:
    """One form, under one name."""

    reaches: frozenset[str] = frozenset()

    def __init__(self, name: str, settings: WebFormSettings, about: About) -> None:
        """Opens nothing."""
        self.name = name
        self._settings = settings
        self._clock = about.clock
        self._views = Views(settings, about)
        self._crowd = Crowd(max(settings.max_per_minute, settings.flood_per_ten_minutes) + 1)
        # Reports that are coming in now, by address.
        self._coming: Counter[str] = Counter()
        self._limits = {name: Limit(name, getattr(settings, name)) for name in _LIMITS}
        self._hosts = caller.hosts(about.public_urls)
        # What tells our own pages from another deployment's; None: no door is open.
        self._sign: Sign | None = None
        home = next(iter(about.public_urls), "") if settings.look_from_outside else ""
        self._outside = Unhurried(Outside(f"{home.rstrip('/')}{settings.path}", self._is_ours).ask, about.clock) if home else None

    def routes(self, inlet: Inlet) -> Iterable[Door]:
        """The page, its script, and where it is sent to."""
        most, path = self._settings.max_body_bytes, self._settings.path
        self._sign = inlet.sign
        return [
            Door("GET", path, partial(self._show, inlet), 0),
            Door("GET", f"{path}/form.js", _script, 0),
            Door("POST", path, partial(self._take, inlet, adding=False), most),
            Door("POST", self._views.add_path, partial(self._take, inlet, adding=True), most),
        ]

    def box(self, inlet: Inlet) -> Box:
        """The form, and where the page of a report sends more words."""

        def key() -> str:
            return new_key(inlet.sign, self._clock())

        return Box(self._settings.path, self._views.add_path, key, lambda words: [("kunci", key()), ("jenis", "informasi"), ("isi", words)])

    async def run(self, inlet: Inlet) -> None:
        """Browsers come to us."""

    async def _show(self, inlet: Inlet, request: web.Request) -> web.Response:
        return self._views.form(self._views.look(request), blank(inlet.sign, self._clock()), inlet.sign)

    async def _take(self, inlet: Inlet, request: web.Request, *, adding: bool) -> web.Response:
        look, sheet, filled = self._views.look(request), blank(inlet.sign, self._clock()), Filled()
        sheet.adding = adding
        address = caller.address(request)
        self._coming[address] += 1
        try:
            crowded = self._crowded(address)
            try:
                await fill(request, None if crowded else inlet, self._settings, filled)
            finally:
                # From here on there are words to hand back, whatever goes or went wrong.
                sheet, key = filled_in(filled, inlet.sign, self._clock(), self._settings.max_files, adding=adding)
                self._count({crowded, *(fault.limit for fault in sheet.faults)})
                elsewhere = caller.from_elsewhere(request, self._hosts)
                if elsewhere:
                    # Its key and its link are another's: whoever sent them would read what is written on this page next.
                    sheet.disown(inlet.sign, self._clock())
            async with asyncio.timeout(self._settings.accept_seconds):
                await self._look_for_files(inlet, sheet)
            status = self._status(sheet, None if elsewhere else key, crowded=bool(crowded))
            if status or key is None or elsewhere:
                return self._views.form(look, sheet, inlet.sign, status, _MINUTE if crowded else None)
            arrival = self._arrival(sheet, key, address)
            async with asyncio.timeout(self._settings.accept_seconds):
                receipt = await inlet.receive(arrival)
            return self._views.added(look, sheet) if adding else self._views.receipt(look, sheet, inlet.sign, receipt, arrival.received_at)
        except (Unreadable, web.RequestPayloadError):
            return self._views.unreadable(look)
        except Refused as refused:
            self._count({"accept_seconds"} if isinstance(refused.__cause__, TimeoutError) else set())
            after = refused.retry_after
        except Gone as gone:
            # Who hangs up was not turned away.
            self._count(set() if isinstance(gone.__cause__, ConnectionError) else {"idle_seconds"})
            after = _LATER
        except (Exception, asyncio.CancelledError) as error:  # law 1: a time-out or any fault of ours is temporary; its words may be a citizen's
            if _is_ended(error):
                raise
            self._count({"accept_seconds"} if isinstance(error, TimeoutError) else set())
            _log.error("not accepted", channel=self.name, error=type(error).__name__)
            after = _LATER
        finally:
            self._coming[address] -= 1
            self._coming += Counter()
        sheet.faults = [Fault("later", "")]
        return self._views.form(look, sheet, inlet.sign, 503, math.ceil(after.total_seconds()))

    def _crowded(self, address: str) -> str:
        """From which limit the machine must be protected, or empty; no file is taken then. Nobody alone can use up what all share."""
        now, most = self._clock(), self._settings.max_at_once
        self._crowd.seen(address, now)
        if self._crowd.within(address, _MINUTE, now) > self._settings.max_per_minute:
            return "max_per_minute"
        return "max_at_once" if self._coming.total() > most or self._coming[address] > most // 2 else ""

    def _count(self, struck: set[str]) -> None:
        for name in struck & self._limits.keys():
            self._limits[name].rejected += 1

    def _status(self, sheet: Sheet, key: Key | None, *, crowded: bool) -> int:
        """0: it can be taken in. Else the answer's status; what to do stands on the sheet."""
        if crowded:
            status, fault = 429, Fault("busy", "")
        elif sheet.said.cut:
            status, fault = 413, None
        elif key is None or (sheet.adding and not sheet.link):
            # Not from a page of ours, or from one of another deployment: the person shall see it, and send it.
            status, fault = 403, Fault("not_ours", "")
        elif sheet.said.first("hapus") or sheet.said.first("betulkan"):
            sheet.remove(sheet.said.first("hapus"))
            sheet.faults.clear()
            status, fault = 200, None
        elif sheet.faults:
            status, fault = 413 if any(one.limit for one in sheet.faults) else 422, None
        else:
            fault = sheet.lacking()
            status = 422 if fault else 0
        sheet.faults += [fault] if fault else []
        return status

    async def _look_for_files(self, inlet: Inlet, sheet: Sheet) -> None:
        """Files of an earlier try: from now on they are kept for another day, if they are still there."""
        there = [file for file in sheet.files if file in sheet.said.files or await inlet.holds(file.digest)]
        if len(there) < len(sheet.files):
            sheet.files = there
            sheet.faults.append(Fault("file_gone", "berkas"))

    def _arrival(self, sheet: Sheet, key: Key, address: str) -> Arrival:
        now = self._clock()
        # Law 11: what looks odd is told to whoever reads the report, and nobody is refused for it.
        odd = {
            "honeypot": bool(sheet.said.first("situs")),
            "too_fast": (now - key.made_at).total_seconds() < self._settings.too_fast_seconds,
            "flood": self._crowd.within(address, _TEN_MINUTES, now) > self._settings.flood_per_ten_minutes,
        }
        said = [(name, value) for name, value in sheet.said.fields if name in (reading.ADDED if sheet.adding else reading.REPORTED)]
        raw = reading.pack(said, [asdict(file) for file in sheet.files], [name for name, is_so in odd.items() if is_so])
        # The same key on both pages would be two deliveries of one name.
        return Arrival(self.name, MESSAGE, f"add-{key.id}" if sheet.adding else key.id, raw, now)

    def fingerprint(self, arrival: Arrival) -> str:
        """What was said."""
        return reading.fingerprint(arrival)

    def read(self, arrival: Arrival) -> Report | DeliveryUpdate | Ignored:
        """Bytes to meaning."""
        return reading.read(arrival)

    async def fetch(self, reference: str) -> Fetched:
        """Its files came with it."""
        raise FetchFailed("a form refers to no files", permanent=True)

    async def send(self, notice: Notice) -> str:
        """It reaches nobody."""
        raise SendFailed("A form cannot be answered by itself.", permanent=True)

    def limits(self) -> Iterable[Limit]:
        """Of the form."""
        self._limits["max_at_once"].used = self._coming.total()
        return self._limits.values()

    async def check(self) -> Checked:
        """There is no other side."""
        return Checked(ok=True, sentence=f"The form stands at {self._settings.path}.")

    async def check_in(self) -> Checked:
        """Others come to us: how it looks to them, where that is wanted."""
        told = await self._outside.answer() if self._outside else None
        return told or Checked(ok=True, sentence="")

    def _is_ours(self, key: str) -> bool:
        """Whether a page of this deployment had it; from where no door is open (a command), nobody can tell."""
        return self._sign is None or read_key(self._sign, key) is not None

    def missed(self, since: datetime, known: Known) -> AsyncGenerator[Arrival, None] | None:
        """None: a browser keeps what was typed until it was taken."""

    def hold(self, since: datetime | None) -> bool:
        """Others come to us."""
        return False

    async def close(self) -> None:
        """Nothing to give back."""


def _is_ended(error: BaseException) -> bool:
    """Whether it is our own task that shall end; a call that somebody deeper down gave up is a failure like any other."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and (task is None or task.cancelling() > 0)


async def _script(_request: web.Request) -> web.Response:
    headers = {"Cache-Control": "max-age=3600", "X-Content-Type-Options": "nosniff"}
    response = web.Response(body=_SCRIPT, content_type="text/javascript", charset="utf-8", headers=headers)
    response.enable_compression()
    return response
