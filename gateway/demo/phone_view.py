"""The phone as its page shows it: what was texted and what came back, in words. Pure; the template escapes all that a person wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from gateway.demo.gsm import measure
from gateway.demo.page_view import News, clock, seconds
from gateway.demo.phone_words import LANGUAGES
from gateway.demo.twilio import Texted
from gateway.demo.twilio_wire import Message


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

    @property
    def words(self) -> Mapping[str, str]:
        """Of its language."""
        return LANGUAGES[self.lang]

    def here(self, lang: str) -> str:
        """Its address in that language."""
        return "/hp?" + urlencode({"lang": lang, "nomor": self.number, "ke": self.office})


@dataclass(frozen=True, slots=True)
class Bubble:
    """One SMS."""

    id: str
    at: datetime
    mine: bool
    lines: Sequence[str]
    # What stands below it.
    note: str
    # No door took it.
    lost: bool = False


def shown(screen: Screen) -> Mapping[str, object]:
    """What the template asks for."""
    return {"screen": screen, "said": _news(screen), "bubbles": _bubbles(screen), "draft": screen.draft or _unsent(screen)}


def _unsent(screen: Screen) -> str:
    """The last words, if no door took them: nobody types twice."""
    last = screen.texted[-1:]
    return "" if not last or last[0].arrived else last[0].message.body


def _news(screen: Screen) -> News | None:
    """How long the answer to the last SMS took, or that there is none yet."""
    if not (screen.texted and screen.texted[-1].arrived):
        return None
    asked = screen.texted[-1].message.accepted_at
    answered = [reply.accepted_at for reply in screen.replies if reply.accepted_at >= asked]
    if not answered:
        return News(screen.words["waiting"], arrived=False)
    return News(screen.words["arrived"].format(seconds=seconds(answered[0] - asked, screen.lang)), arrived=True)


def _bubbles(screen: Screen) -> list[Bubble]:
    bubbles = [_mine(texted, screen) for texted in screen.texted] + [_theirs(reply, screen) for reply in screen.replies]
    return sorted(bubbles, key=lambda bubble: bubble.at)


def _mine(texted: Texted, screen: Screen) -> Bubble:
    message, words = texted.message, screen.words
    files = [words["attached"].format(name=file.name, size=-(-len(file.content) // 1024)) for file in message.media]
    note = words["sent"].format(at=clock(message.accepted_at, screen.zone, screen.lang)) if texted.arrived else words["not_sent"].format(to=message.to)
    return Bubble(message.sid, message.accepted_at, mine=True, lines=[*message.body.splitlines(), *files], note=note, lost=not texted.arrived)


def _theirs(reply: Message, screen: Screen) -> Bubble:
    length = measure(reply.body)
    at = clock(reply.accepted_at, screen.zone, screen.lang)
    note = screen.words["received"].format(at=at, segments=length.segments, units=length.units, room=length.room)
    return Bubble(reply.sid, reply.accepted_at, mine=False, lines=reply.body.splitlines(), note=note)
