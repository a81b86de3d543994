"""The form's pages: the form itself (also with what is wrong), the receipt, and the answer to words that were added."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from aiohttp import web

from channels.contract import About, Receipt
from channels.pages import Look, Pages
from channels.webform import reading, tokens
from channels.webform.parts import File
from channels.webform.settings import WebFormSettings
from channels.webform.sheet import Sheet
from channels.webform.tokens import Sign
from normalizer.address import typed

_HERE = Path(__file__).parent
# Where the sentence about a field leads.
_ANCHORS = {"judul": "judul", "isi": "isi-laporan", "tempat": "tempat", "berkas": "berkas"}
_MAX_TITLE = 120


class Views:
    """What a browser is shown."""

    def __init__(self, settings: WebFormSettings, about: About) -> None:
        self._settings = settings
        self._about = about
        self._pages = Pages(_HERE, about)
        self.look = self._pages.look
        # Where words and files for a report that is there are sent.
        self.add_path = f"{settings.path}/tambah"
        self._origin = next(iter(about.public_urls), "")

    def form(self, look: Look, sheet: Sheet, sign: Sign, status: int = 200, retry_after: int | None = None) -> web.Response:
        """The page with all that is on the sheet, ready to be sent (again)."""
        shown = {
            "path": self._settings.path,
            "add_path": self.add_path,
            "key": sheet.key,
            "said": sheet.said,
            "balas": sheet.said.first("balas"),
            "position": [(name, sheet.said.first(name)) for name in ("lintang", "bujur", "akurasi") if sheet.said.first(name)],
            "link": sheet.link,
            "files": self._tokens(sheet, sign),
            "faults": sheet.faults,
            "asked": sheet.asked,
            "kinds": sheet.said.all("jenis") or ["pengaduan"],
            "filled": len(sheet.said.fields) > 1,
            "anchors": _ANCHORS,
            "limits": self._settings,
            "working_days": self._about.verification_working_days,
        }
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return self._pages.answer("added.html" if sheet.adding else "form.html", look, shown, status, headers)

    def unreadable(self, look: Look) -> web.Response:
        """What came was no form."""
        return self._pages.answer("unreadable.html", look, {"path": self._settings.path}, 400)

    def added(self, look: Look, sheet: Sheet) -> web.Response:
        """We have it, with the report that it belongs to."""
        return self._pages.answer("added.html", look, {"faults": [], "link": sheet.link})

    def receipt(self, look: Look, sheet: Sheet, sign: Sign, receipt: Receipt, received_at: datetime) -> web.Response:
        """We have it; this is its number. The private link goes along as a cookie, until the browser is closed."""
        kind = sheet.said.first("jenis")
        title = (sheet.said.first("judul") or sheet.said.first("isi")).strip()[:_MAX_TITLE]
        shown = {
            "receipt": receipt,
            "received_at": received_at,
            "said": sheet.said,
            "files": self._tokens(sheet, sign),
            "again": [(name, value) for name, value in sheet.said.fields if name in reading.REPORTED],
            "key": sheet.key,
            "kind": kind if kind in reading.KINDS else "pengaduan",
            "title": title,
            "contact_unclear": self._is_unclear(sheet.said.first("kontak").strip()),
            "path": self._settings.path,
            "public_url": self._origin,
        }
        answer = self._pages.answer("receipt.html", look, shown)
        answer.set_cookie("laporan", receipt.link, path="/", httponly=True, samesite="Lax", secure=self._origin.startswith("https:"))
        return answer

    def _is_unclear(self, contact: str) -> bool:
        """Something was typed, and nobody can be reached by it: better known now than when the answer does not come."""
        return bool(contact) and typed(contact, self._about.setting.country) is None

    def _tokens(self, sheet: Sheet, sign: Sign) -> list[tuple[File, str]]:
        now = self._about.clock()
        return [(file, tokens.token(sign, sheet.key, file, now)) for file in sheet.files]
