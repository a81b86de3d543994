"""What all pages of the demo share: the frame, the languages, the way from door to door."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import jinja2
from aiohttp import web

from channels import pages as citizens
from gateway import look
from gateway.demo import page_words

MIB = 1024 * 1024
# More than any page takes, so that the words beside a file that is too large come through and can be shown again.
MAX_FORM_BYTES = 25 * MIB

_HERE = Path(__file__).parent
_NAMES = {"id": "Bahasa Indonesia", "en": "English"}


@dataclass(frozen=True, slots=True)
class Door:
    """Where a citizen may go in, as a page of the demo leads there."""

    # "sms" | "chat" | "mail" | "web": its words, and its icon.
    name: str
    href: str
    # Not a page of the demo: it opens beside it.
    elsewhere: bool


class Frame:
    """Templates in two languages, each with the way to every door."""

    def __init__(self, doors: Mapping[str, str]) -> None:
        """`doors`: name and address of each, in the order in which they are shown."""
        self._doors = doors
        folders = [_HERE, Path(citizens.__file__).parent / "page"]
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(folders), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._templates.filters["unbroken"] = citizens.unbroken

    def add_to(self, app: web.Application) -> None:
        """Serve what every page loads."""
        app.router.add_get("/live.js", look.still((_HERE / "live.js").read_bytes(), "text/javascript"))
        look.add_to(app)

    def answer(
        self, template: str, words: Mapping[str, str], here: Callable[[str], str], shown: Mapping[str, object], *, status: int = 200, wrong: bool = False
    ) -> web.Response:
        """The page. `words`: its own, beside those of the frame. `here`: its address in a language. `wrong`: the title says so first."""
        lang = words["lang"]
        html = self._templates.get_template(template).render(
            t={**page_words.LANGUAGES[lang], **words},
            lang=lang,
            here=here(lang),
            tongues=[(code, name, here(code)) for code, name in _NAMES.items()],
            doors=[_door(name, address, lang) for name, address in self._doors.items()],
            wrong=wrong,
            **shown,
        )
        return web.Response(status=status, text=html, content_type="text/html", headers={"Cache-Control": "no-store"})


def language(request: web.Request) -> str:
    """The one that was asked for, if we speak it."""
    asked = request.query.get("lang", "")
    return asked if asked in _NAMES else next(iter(_NAMES))


def form_text(field: object) -> str:
    """What was typed. A browser sends line ends as CRLF (HTML, "constructing the entry list"); a person's device does not."""
    return field.replace("\r\n", "\n") if isinstance(field, str) else ""


def _door(name: str, address: str, lang: str) -> Door:
    elsewhere = not address.startswith("/")
    # The gateway's own pages are asked in the citizens' language, Indonesian.
    return Door(name, f"{address}?{'bahasa' if elsewhere else 'lang'}={lang}", elsewhere)
