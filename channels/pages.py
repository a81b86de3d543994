"""Pages for citizens: one frame, one way to say a date, one policy. What a channel and the core both show is made here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import jinja2
from aiohttp import web
from babel.dates import format_date
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from channels.contract import About, Words

# A report's number, and a day.
_PIECES = re.compile(r"\b(?:[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}|\d\d-\d\d-\d{4})\b", re.ASCII)
_HERE = Path(__file__).parent / "page"
# Where a report's pages stand; the private link is a secret, so its page is never told to another site.
TRACK_PATH = "/lacak"
PRIVATE_PATH = "/l"
# Nothing inline, nothing from elsewhere, in no frame; scripts are our own files.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self)",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
# Names of the languages in themselves, for the switch.
_TONGUES = {"id": "Bahasa Indonesia", "en": "English"}
_KIB, _MIB = 1024, 1024 * 1024


@dataclass(frozen=True, slots=True)
class Look:
    """How one request is answered: in which language, in which zone."""

    words: Words
    zone: ZoneInfo

    def day(self, day: date) -> str:
        """With its weekday: Jumat, 27 Maret 2026."""
        return format_date(day, "EEEE, d MMMM y", locale=self.words.language)

    def short_day(self, day: date) -> str:
        """27 Maret."""
        return format_date(day, "d MMMM", locale=self.words.language)

    def moment(self, at: datetime) -> str:
        """Selasa, 17 Maret 2026, 09.14 WITA."""
        here = at.astimezone(self.zone)
        return f"{self.day(here.date())}, {here:%H.%M} {here.tzname()}"

    def size(self, size: int) -> str:
        """1,2 MB."""
        big = size >= _MIB
        return format_decimal(size / (_MIB if big else _KIB), "0.#" if big else "0", locale=self.words.language) + (" MB" if big else " KB")


def unbroken(text: str) -> Markup:
    """A line of what somebody wrote, escaped; report numbers and days in it are never cut at their hyphens.

    >>> unbroken("Laporan 7K2M-9QXF-4T1Z <b>")
    Markup('Laporan <span class="keep">7K2M-9QXF-4T1Z</span> &lt;b&gt;')
    """
    return Markup(_PIECES.sub(r'<span class="keep">\g<0></span>', str(escape(text))))  # noqa: S704  # escaped, and what is put around it is ours


class Pages:
    """The templates of one part of the house, in the frame that all pages share."""

    def __init__(self, folder: Path, about: About, tongue_cookie: str = "") -> None:
        """`folder`: its templates. `tongue_cookie`: where the language that somebody asked for is remembered; empty: nowhere."""
        self._tongue_cookie = tongue_cookie
        self._about = about
        self._zone = ZoneInfo(about.setting.zone)
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader([folder, _HERE]), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._templates.filters["unbroken"] = unbroken

    def look(self, request: web.Request) -> Look:
        """The language that was asked for in the address, or before, else the browser's first that we speak, else the deployment's."""
        words = self._about.words
        asked = [request.query.get("bahasa", ""), request.cookies.get(self._tongue_cookie, ""), *_accepted(request.headers.get("Accept-Language", ""))]
        return Look(words[next((one for one in asked if one in words), next(iter(words)))], self._zone)

    def answer(self, template: str, look: Look, shown: Mapping[str, object], status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
        """The page; `shown` is what its template asks for."""
        response = web.Response(status=status, text=self.render(template, look, shown), content_type="text/html", headers={**_HEADERS, **(headers or {})})
        response.enable_compression()
        return response

    def render(self, template: str, look: Look, shown: Mapping[str, object]) -> str:
        """A page, or a part of one."""
        return self._templates.get_template(template).render(
            t=look.words,
            look=look,
            lang=look.words.language,
            site=self._about,
            tongues=self._tongues(look),
            track_path=TRACK_PATH,
            private_path=PRIVATE_PATH,
            **shown,
        )

    def _tongues(self, look: Look) -> Sequence[tuple[str, str, bool]]:
        return [(code, _TONGUES.get(code, code), code == look.words.language) for code in self._about.words]


def _accepted(header: str) -> list[str]:
    """Languages in the order of the header; weights are in that order with every browser that we know of (RFC 9110, 12.5.4).

    >>> _accepted("en-GB,en;q=0.9,id;q=0.8")
    ['en', 'en', 'id']
    """
    return [one.split(";")[0].strip().split("-")[0].lower() for one in header[:200].split(",") if one.strip()]
