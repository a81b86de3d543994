"""When an operator is told that something is wrong, and that it is over; and by which ways. Pure.

One trouble is one alert, however often the link comes and goes meanwhile, and ends with one message. A blip is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.health import DEGRADED, DOWN, OK, PAUSED, UNKNOWN, Condition, Key
from normalizer import Address

# One bad look is a blip: a packet that was lost, a provider that was started anew. A second one so soon is a trouble. And when it was well for so long
# without a break, the trouble is over: whoever flaps does not ring each time. Seconds.
STEADY_SECONDS = 900.0
# Down, and nothing but a person mends it: whoever was told that it mends by itself must hear that it does not.
STUCK = "stuck"
_NEEDS_A_PERSON = frozenset({"auth", "elsewhere", "ended"})
# How bad each is; the others are not.
_BAD = {DEGRADED: 1, UNKNOWN: 1, DOWN: 2, STUCK: 3}
# What happened to a trouble.
BEGAN, WORSE, OVER, DROPPED = "began", "worse", "over", "dropped"


@dataclass(frozen=True, slots=True)
class Alarm:
    """What was seen and said of one channel or part. All times are seconds that only count on."""

    # The last look that counted.
    looked_at: float = float("-inf")
    # The last two bad looks, the last two at which it was down, and those at which it was stuck.
    bad: tuple[float, ...] = ()
    down: tuple[float, ...] = ()
    stuck: tuple[float, ...] = ()
    # How bad it is that was told: 0: nothing was.
    told: int = 0


def how_bad(state: str, kind: str) -> str:
    """As step() takes it: the state, or STUCK."""
    return STUCK if state == DOWN and kind in _NEEDS_A_PERSON else state


def step(alarm: Alarm, state: str, at: float) -> tuple[Alarm, str]:
    """A look at that time (how_bad), and what is to be said now: BEGAN, WORSE, OVER, DROPPED (nothing to anybody: somebody paused it), or empty.

    >>> alarm, said = step(Alarm(), "down", 0)
    >>> alarm, said = step(alarm, "down", 30)
    >>> said
    'began'
    >>> alarm, said = step(alarm, "ok", 60)
    >>> said
    ''
    >>> step(alarm, "ok", 960)
    (Alarm(looked_at=-inf, bad=(), down=(), stuck=(), told=0), 'over')
    """
    if state == PAUSED:
        return Alarm(), DROPPED if alarm.told else ""
    severity = _BAD.get(state, 0)
    if not severity:
        over = alarm.told and at - alarm.bad[-1] >= STEADY_SECONDS
        return (Alarm(), OVER) if over else (replace(alarm, looked_at=at), "")
    bad = (*alarm.bad[-1:], at)
    down = (*alarm.down[-1:], at) if severity >= _BAD[DOWN] else alarm.down
    stuck = (*alarm.stuck[-1:], at) if state == STUCK else alarm.stuck
    seen = next((level for level, looks in ((3, stuck), (2, down), (1, bad)) if _twice(looks, at)), 0)
    said = "" if seen <= alarm.told else WORSE if alarm.told else BEGAN
    return Alarm(at, bad, down, stuck, max(seen, alarm.told)), said


def _twice(looks: tuple[float, ...], at: float) -> bool:
    return len(looks) == 2 and at - looks[0] < STEADY_SECONDS  # noqa: PLR2004  # the last two


def remembered(severe: str, at: float) -> Alarm:
    """Of a trouble that was told before this node was started: it ends like any other."""
    return Alarm(at, (at,), told=_BAD[severe])


def own(key: Key, found: Mapping[Key, Condition]) -> str | None:
    """How bad a channel or part is, as far as it is its own; None: what is wrong is another's, of which it is told already."""
    finding = found[key].finding
    if finding.kind in {"not_looked", "failing"}:
        # One message failed, or one mailbox wants it later: if the channel fails, its breaker says so.
        return None
    if finding.kind == "not_accepting" and key[1] and _state(found, "journal") == DOWN:
        return None
    if finding.kind == "waiting" and (key[1] or _state(found, "store") != OK):
        # Reports that wait are told of intake, and if the store is away, of the store.
        return None
    return how_bad(finding.state, finding.kind)


def _state(found: Mapping[Key, Condition], part: str) -> str:
    condition = found.get((part, ""))
    return condition.finding.state if condition else UNKNOWN


@dataclass(frozen=True, slots=True)
class Target:
    """Who is told, and how."""

    # Name of the outbox that brings it: a channel's, or a webhook's.
    way: str
    to: Address


def ways(targets: Sequence[Target], part: str, found: Mapping[Key, Condition]) -> list[Target]:
    """Those of whom nothing says that they would not hear of it: never by the channel in trouble, nor by one that cannot send. If nobody is left: all."""
    elsewhere = [one for one in targets if one.way != part]
    sending = [one for one in elsewhere if (one.way, "out") not in found or found[one.way, "out"].finding.state in {OK, DEGRADED}]
    # By a way that is broken it may come late; that nobody ever hears of it is worse.
    return sending or elsewhere or list(targets)
