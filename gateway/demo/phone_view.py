"""The phone as HTML: what was texted and what came back, rendered with everything escaped that a person wrote. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from gateway.demo.gsm import measure
from gateway.demo.phone_words import LANGUAGES
from gateway.demo.twilio import Texted
from gateway.demo.twilio_wire import Message

_PAGE = Template((Path(__file__).parent / "phone.html").read_text(encoding="utf-8"))
_BUBBLE = Template('<div class="msg sms$mine"><div class="said">$words</div>$note</div>')
_NOTE = Template('<p class="sent">$note</p>')
_PARAGRAPH = Template("<p>$words</p>")
_PROBLEM = Template('<p class="error" id="$id"><svg class="i" aria-hidden="true"><use href="#i-alert"/></svg><span>$words</span></p>')
_ARRIVED = Template('<p class="arrived"><svg class="i" aria-hidden="true"><use href="#i-check"/></svg>$words</p>')
_WAITING = Template('<p class="xs soft">$words</p>')
_TONGUE = Template('<a href="$href" lang="$code" hreflang="$code"><span>$short<span class="vh"> $name</span></span></a>')
_TONGUE_NOW = Template('<b aria-current="true"><span>$short<span class="vh"> $name</span></span></b>')
_OFFICES = Template('<div class="field"><label for="ke">$label</label><select class="in in-short" id="ke" name="ke">$options</select></div>')
_OFFICE = Template('<option value="$number"$chosen>$number</option>')
_FORM = Template(
    '<section class="device" aria-labelledby="web"><h2 id="web">$web</h2><div class="shell window"><div class="top"><span class="url">$url</span></div>'
    '<div class="view"><p>$web_hint</p><p><a class="btn btn-s" href="$url?bahasa=$lang" target="_blank" rel="noopener">$web_open</a></p></div></div></section>'
)
_NAMES = {"id": "Bahasa Indonesia", "en": "English"}


class Html(str):
    """Ready to be shown. Whatever is not of this type is escaped before it meets a page."""

    __slots__ = ()


def _fill(template: Template, **values: str) -> Html:
    return Html(template.substitute({name: value if isinstance(value, Html) else escape(value) for name, value in values.items()}))


def _join(parts: Sequence[Html]) -> Html:
    return Html("".join(parts))


@dataclass(frozen=True, slots=True)
class Screen:
    """What one look at the phone needs."""

    lang: str
    # The citizen's own number, E.164; and the one that is written to.
    number: str
    office: str
    # All that can be written to.
    offices: Sequence[str]
    zone: ZoneInfo
    # Of this pair of numbers, oldest first.
    texted: Sequence[Texted]
    replies: Sequence[Message]
    # What was typed and could not be sent; a key of the words for why.
    draft: str = ""
    problem: str | None = None
    # What was given as a number and is none.
    wrong_number: str | None = None
    # Where the web form stands; empty: there is none.
    form_url: str = ""


def render(screen: Screen) -> Html:
    """The whole page."""
    words = LANGUAGES[screen.lang]
    missed = screen.wrong_number is not None
    return _fill(
        _PAGE,
        **(words | {"mistake": words["mistake"] if screen.problem or missed else ""}),
        tongues=_join([_tongue(screen, code) for code in LANGUAGES]),
        news=_news(screen, words),
        office=screen.office,
        bubbles=_bubbles(screen, words),
        here=_here(screen, screen.lang),
        problem=_fill(_PROBLEM, id="tulisan-e", words=words[screen.problem]) if screen.problem else "",
        invalid=Html(' aria-invalid="true" aria-describedby="tulisan-e"') if screen.problem else "",
        draft=screen.draft or _unsent(screen),
        own_class=" wrong" if missed else "",
        own_problem=_fill(_PROBLEM, id="nomor-e", words=words["own_wrong"]) if missed else "",
        own_invalid=Html(' aria-invalid="true" aria-describedby="nomor-h nomor-e"' if missed else ' aria-describedby="nomor-h"'),
        number=screen.wrong_number or screen.number,
        offices=_offices(screen, words),
        form=_fill(_FORM, url=screen.form_url, **words) if screen.form_url else "",
    )


def _unsent(screen: Screen) -> str:
    """The last words, if no door took them: nobody types twice."""
    last = screen.texted[-1:]
    return "" if not last or last[0].arrived else last[0].message.body


def _here(screen: Screen, lang: str) -> str:
    return "/?" + urlencode({"lang": lang, "nomor": screen.number, "ke": screen.office})


def _tongue(screen: Screen, code: str) -> Html:
    template = _TONGUE_NOW if code == screen.lang else _TONGUE
    return _fill(template, href=_here(screen, code), code=code, short=code.upper(), name=_NAMES[code])


def _offices(screen: Screen, words: Mapping[str, str]) -> Html:
    if len(screen.offices) == 1:
        return Html("")
    options = [_fill(_OFFICE, number=number, chosen=" selected" if number == screen.office else "") for number in screen.offices]
    return _fill(_OFFICES, label=words["to"], options=_join(options))


def _news(screen: Screen, words: Mapping[str, str]) -> Html:
    """How long the answer to the last SMS took, or that there is none yet."""
    if not (screen.texted and screen.texted[-1].arrived):
        return Html("")
    asked = screen.texted[-1].message.accepted_at
    answered = [reply.accepted_at for reply in screen.replies if reply.accepted_at >= asked]
    if not answered:
        return _fill(_WAITING, words=words["waiting"])
    seconds = f"{(answered[0] - asked).total_seconds():.1f}".replace(".", words["decimal"])
    return _fill(_ARRIVED, words=words["arrived"].format(seconds=seconds))


def _bubbles(screen: Screen, words: Mapping[str, str]) -> Html:
    bubbles = [(texted.message.accepted_at, _mine(texted, screen, words)) for texted in screen.texted]
    bubbles += [(reply.accepted_at, _theirs(reply, screen, words)) for reply in screen.replies]
    if not bubbles:
        return _fill(_WAITING, words=words["nothing"])
    return _join([bubble for _, bubble in sorted(bubbles, key=lambda pair: pair[0])])


def _mine(texted: Texted, screen: Screen, words: Mapping[str, str]) -> Html:
    message = texted.message
    files = [words["attached"].format(name=file.name, size=-(-len(file.content) // 1024)) for file in message.media]
    if texted.arrived:
        note = _fill(_NOTE, note=words["sent"].format(at=_clock(message.accepted_at, screen, words)))
    else:
        note = _fill(_PROBLEM, id=message.sid, words=words["not_sent"].format(to=message.to))
    return _fill(_BUBBLE, mine=" mine", words=_join([_fill(_PARAGRAPH, words=line) for line in [*message.body.splitlines(), *files]]), note=note)


def _theirs(reply: Message, screen: Screen, words: Mapping[str, str]) -> Html:
    length = measure(reply.body)
    at = _clock(reply.accepted_at, screen, words)
    note = words["received"].format(at=at, segments=length.segments, units=length.units, room=length.room)
    lines = [_fill(_PARAGRAPH, words=line) for line in reply.body.splitlines()]
    return _fill(_BUBBLE, mine="", words=_join(lines), note=_fill(_NOTE, note=note))


def _clock(at: datetime, screen: Screen, words: Mapping[str, str]) -> str:
    return at.astimezone(screen.zone).strftime(f"%H{words['clock']}%M")
