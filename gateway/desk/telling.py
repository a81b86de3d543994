"""The picture in words, in the language of whoever looks: what the monitor says has a kind, and for each kind there are words. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from babel.dates import format_date
from babel.numbers import format_decimal

from channels import Words
from channels.pages import Look
from gateway import finding_words
from gateway.desk.picture import Card, Picture, Took, Way
from gateway.health import DEGRADED, DOWN, OK, PAUSED, UNKNOWN
from gateway.store.states import Stretch

# As the look names them (look.css), for colour and for the door's shape.
SIGNS = {OK: "ok", DEGRADED: "warn", DOWN: "bad", UNKNOWN: "unk", PAUSED: "hold"}
# In which order the title counts what is not well.
_COUNTED = (DOWN, DEGRADED, UNKNOWN, PAUSED)
_MOMENT, _MINUTE, _HOUR, _LONG = 0.1, 60, 3600, 48 * 3600


@dataclass(frozen=True, slots=True)
class Told:
    """What stands on a card, or in a line of the house."""

    sign: str
    state: str
    # One a way that is not well, else one for all.
    sentences: tuple[str, ...]
    # What to do; empty: nothing is said of it.
    todo: str
    # What the monitor said itself, English, with its details; empty where all is well.
    details: tuple[str, ...]


def headline(words: Words, picture: Picture) -> str:
    """How all doors are, in one sentence."""
    states = [card.worst.state for card in picture.cards]
    counts = [words.many(f"desk.h1.{state}", states.count(state)) for state in _COUNTED if state in states]
    if not counts:
        return words("desk.h1.ok") if states else words("desk.h1.none")
    said = ", ".join(counts)
    return said[:1].upper() + said[1:]


def of_card(words: Words, card: Card) -> Told:
    """A channel."""
    wrong = [way for way in card.ways if way.state != OK]
    sentences = tuple(_each_sentence(words, card, wrong))
    state = _state(words, card.worst)
    return Told(
        SIGNS[card.worst.state], state, sentences, _todo(words, card.worst), tuple(f"{way.direction}: {way.sentence}" for way in wrong if way.state != PAUSED)
    )


def of_part(words: Words, way: Way) -> Told:
    """A part of the house."""
    well = way.state == OK
    return Told(
        SIGNS[way.state], words(f"desk.house.{way.state}"), (_sentence(words, way),), "" if well else _todo(words, way), () if well else (way.sentence,)
    )


def of_past(words: Words, one: Stretch) -> Told:
    """A time in which something was not well."""
    way = Way(one.part, one.direction, one.state, one.kind, one.sentence, one.at, None)
    return Told(SIGNS[way.state], _state(words, way), (_sentence(words, way),), "", ())


def lasts(picture: Picture, one: Stretch) -> bool:
    """Whether it is so still."""
    now = [*picture.house, *(way for card in picture.cards for way in card.ways)]
    return any((way.name, way.direction, way.state, way.kind) == (one.part, one.direction, one.state, one.kind) and way.since <= one.until for way in now)


def _each_sentence(words: Words, card: Card, wrong: Sequence[Way]) -> Iterator[str]:
    if card.pause:
        yield words("desk.paused.why", by=card.pause.by, why=card.pause.why) if card.pause.why else words("desk.paused", by=card.pause.by)
        wrong = [way for way in wrong if way.state != PAUSED]
        if not wrong:
            yield words("desk.paused.kept")
    elif not wrong:
        yield words("desk.say.both.ok" if len(card.ways) > 1 else "desk.say.in.ok")
    elif len(wrong) < len(card.ways):
        yield words(f"desk.still.{'in' if wrong[0].direction == 'out' else 'out'}")
    for way in wrong:
        yield _sentence(words, way)


def part(words: Words, name: str) -> str:
    """What a part of the house is called."""
    return finding_words.part(words, name)


def _state(words: Words, way: Way) -> str:
    return finding_words.state(words, way.state, way.kind)


def _sentence(words: Words, way: Way) -> str:
    return finding_words.sentence(words, (way.name, way.direction), way.state, way.kind)


def _todo(words: Words, way: Way) -> str:
    return finding_words.todo(words, way.state, way.kind)


def moment(look: Look, at: datetime, now: datetime) -> str:
    """Short, in the deployment's zone: the day only if it is another one."""
    here, today = at.astimezone(look.zone), now.astimezone(look.zone).date()
    clock = f"{here:%H.%M}" if look.words.language == "id" else f"{here:%H:%M}"
    if here.date() == today:
        return look.words("desk.today", time=clock)
    return f"{format_date(here.date(), 'd MMM', locale=look.words.language)} {clock}"


def length(words: Words, seconds: float | None) -> str:
    """A time that something took, in its largest unit; None: a dash."""
    if seconds is None:
        return "\N{EN DASH}"
    if seconds < _MINUTE:
        return words("desk.seconds", n=number(words, round(seconds, 1)) if seconds >= _MOMENT else f"< {number(words, _MOMENT)}")
    if seconds < _HOUR:
        return words("desk.minutes", n=number(words, round(seconds / _MINUTE)))
    if seconds < _LONG:
        return words("desk.hours", n=number(words, round(seconds / _HOUR)))
    return words("desk.days", n=number(words, round(seconds / (24 * _HOUR))))


def took(words: Words, found: Took | None) -> str:
    """The middle and the slow end: "0,1 / 0,4 dtk" is read as two times."""
    return f"{length(words, found.p50)} / {length(words, found.p95)}" if found else "\N{EN DASH}"


def percent(words: Words, share: float) -> str:
    """Rounded down: what was not always usable is never 100 %."""
    return f"{number(words, math.floor(share * 10_000) / 100)} %"


def number(words: Words, value: float) -> str:
    """With this language's comma."""
    return str(format_decimal(value, locale=words.language))
