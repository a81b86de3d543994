"""How each channel and each part of the house is, as one page of truth: a state, a word, a sentence, since when. Pure.

Whoever watches a part says so at each heartbeat; a part of which nobody says anything any more is unknown, not well. A channel may be watched in several
ways at once (components): the worst of them speaks for it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime

OK, DEGRADED, DOWN, UNKNOWN, PAUSED = "ok", "degraded", "down", "unknown", "paused"
# Who speaks first. What a person paused is paused, whatever else is found; and what is not known may be worse than what is degraded.
_SPEAKS = {PAUSED: 0, DOWN: 1, UNKNOWN: 2, DEGRADED: 3, OK: 4}
STATES = tuple(_SPEAKS)
# Everything that can be wrong, as a word for machines; docs/health.md explains each. There is no other.
KINDS = frozenset(
    {
        # Of whoever looks.
        *("not_looked", "stale"),
        # Of the house.
        *("not_accepting", "fell_over", "waiting", "hangs", "away", "late", "jumped", "fault"),
        # Of a provider.
        *("auth", "unreachable", "timeout", "provider", "refused", "failing", "warned"),
        # Of where it brings what people write, and of what ends.
        *("elsewhere", "outside", "lying", "changed", "ends", "ended"),
        # Of what goes and comes.
        *("budget", "silent", "canary"),
        # Of a person's doing.
        "paused",
    }
)
# So many heartbeats of silence, and nothing is known any more.
_SILENCE = 2.5
# And so many seconds at least: a look itself takes a while, on a busy machine.
_LEAST_SECONDS = 5.0
# Changes that nobody has fetched; older ones are forgotten first.
_MOST_CHANGES = 2000

# A part's or a channel's name, and "in", "out" or, for a part that has no direction, "".
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found."""

    state: str
    # For machines, one of KINDS: "" when all is well.
    kind: str
    # For an operator: how it is, then what to do (or that nothing is to be done).
    sentence: str
    # When something last came or went; None: not since the start.
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """A finding that lasts."""

    finding: Finding
    # Since when it is so.
    since: datetime
    # When somebody last looked, and by the seconds that only count on: a clock that is set is no silence.
    looked_at: datetime
    counted: float
    # When a look last found it well; None: not since the start.
    succeeded_at: datetime | None = None

    @property
    def what(self) -> tuple[str, str]:
        """State and kind: what makes it another condition."""
        return self.finding.state, self.finding.kind


@dataclass(frozen=True, slots=True)
class Change:
    """A channel or a part became something else."""

    part: str
    direction: str
    at: datetime
    finding: Finding
    # What it was before; None: it was not yet known.
    before: Finding | None


class Board:
    """The latest of everything that is watched."""

    def __init__(self, heartbeat_seconds: float) -> None:
        self._patience = max(heartbeat_seconds * _SILENCE, _LEAST_SECONDS)
        self._conditions: dict[Key, dict[str, Condition]] = {}
        # What was last noted of each, and what nobody has fetched yet.
        self._noted: dict[Key, Change] = {}
        self._changes: deque[Change] = deque(maxlen=_MOST_CHANGES)

    def expect(self, name: str, direction: str, now: datetime, counted: float) -> None:
        """Nobody has looked yet."""
        finding = Finding(UNKNOWN, "not_looked", "Nobody has looked yet; wait for the first heartbeat.")
        self._conditions[name, direction] = {"": Condition(finding, now, now, counted)}
        self._note((name, direction), now, counted)

    def say(self, name: str, direction: str, finding: Finding, now: datetime, counted: float, component: str = "") -> Change | None:
        """At a heartbeat. What the channel has become by it, if that is something else than before: worth a line in the log.

        `component`: of a channel that is watched in several ways, the way.
        """
        if finding.kind and finding.kind not in KINDS:
            # Only a provider's channel brings words of its own.
            finding = replace(finding, kind="provider")
        components = self._conditions.setdefault((name, direction), {})
        before = components.get(component)
        same = before is not None and before.what == (finding.state, finding.kind)
        since = before.since if before is not None and same else now
        finding = replace(finding, last_at=finding.last_at or (before.finding.last_at if before else None))
        succeeded_at = now if finding.state == OK else before.succeeded_at if before else None
        components[component] = Condition(finding, since, now, counted, succeeded_at)
        return self._note((name, direction), now, counted)

    def look(self, counted: float) -> dict[Key, Condition]:
        """Everything, in the order in which it was expected; of each channel what its worst component says."""
        return {key: self._speaking(key, counted) for key in self._conditions}

    def components(self, name: str, direction: str, counted: float) -> dict[str, Condition]:
        """All that is said of one channel, by component."""
        return {component: self._as_known(condition, counted) for component, condition in self._conditions[name, direction].items()}

    def began(self, key: Key, what: tuple[str, str], at: datetime) -> None:
        """It is so (Condition.what) since then already: somebody remembers it from before this process was started."""
        noted = self._noted.get(key)
        if noted is not None and (noted.finding.state, noted.finding.kind) == what and at < noted.at:
            self._noted[key] = replace(noted, at=at)

    def changes(self, now: datetime, counted: float) -> list[Change]:
        """What has changed since this was last asked, the oldest first; also that nobody looks any more."""
        for key in self._conditions:
            self._note(key, now, counted)
        changes = list(self._changes)
        self._changes.clear()
        return changes

    def _note(self, key: Key, now: datetime, counted: float) -> Change | None:
        noted = self._noted.get(key)
        finding = self._worst(key, counted).finding
        if noted is not None and (noted.finding.state, noted.finding.kind) == (finding.state, finding.kind):
            return None
        change = self._noted[key] = Change(*key, now, finding, noted.finding if noted else None)
        self._changes.append(change)
        return change if noted else None

    def _speaking(self, key: Key, counted: float) -> Condition:
        worst, noted = self._worst(key, counted), self._noted[key]
        # Since when the channel is so, not since when this component is: another may have spoken for it meanwhile.
        return replace(worst, since=noted.at) if (noted.finding.state, noted.finding.kind) == worst.what else worst

    def _worst(self, key: Key, counted: float) -> Condition:
        return min((self._as_known(one, counted) for one in self._conditions[key].values()), key=lambda one: _SPEAKS[one.finding.state])

    def _as_known(self, condition: Condition, counted: float) -> Condition:
        if counted - condition.counted <= self._patience:
            return condition
        sentence = "Nobody has looked for a while: what watches it hangs. If it stays so, restart the gateway; nothing that was accepted is lost."
        return replace(condition, finding=Finding(UNKNOWN, "stale", sentence, condition.finding.last_at), since=condition.looked_at)
