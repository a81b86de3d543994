"""How each channel and each part of the house is, as one page of truth: a state, a word, a sentence, since when. Pure.

Whoever watches a part says so at each heartbeat; a part of which nobody says anything any more is unknown, not well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

OK, DEGRADED, DOWN, UNKNOWN = "ok", "degraded", "down", "unknown"
# So many heartbeats of silence, and nothing is known any more.
_SILENCE = 2.5


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found."""

    state: str
    # For machines: "" when all is well.
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


class Board:
    """The latest of everything that is watched."""

    def __init__(self, heartbeat_seconds: float) -> None:
        self._patience = heartbeat_seconds * _SILENCE
        self._conditions: dict[tuple[str, str], Condition] = {}

    def expect(self, name: str, direction: str, now: datetime, counted: float) -> None:
        """Nobody has looked yet."""
        self._conditions[name, direction] = Condition(Finding(UNKNOWN, "not_looked", "Nobody has looked yet; wait for the first heartbeat."), now, now, counted)

    def say(self, name: str, direction: str, finding: Finding, now: datetime, counted: float) -> Condition | None:
        """At a heartbeat. What it was before, if it is something else now: worth a line in the log."""
        before = self._conditions.get((name, direction))
        same = before is not None and (before.finding.state, before.finding.kind) == (finding.state, finding.kind)
        since = before.since if before is not None and same else now
        self._conditions[name, direction] = Condition(finding, since, now, counted)
        return None if same else before

    def look(self, counted: float) -> dict[tuple[str, str], Condition]:
        """Everything, in the order in which it was expected."""
        return {key: self._as_known(condition, counted) for key, condition in self._conditions.items()}

    def _as_known(self, condition: Condition, counted: float) -> Condition:
        if counted - condition.counted <= self._patience:
            return condition
        sentence = "Nobody has looked for a while: what watches it hangs. If it stays so, restart the gateway; nothing that was accepted is lost."
        return replace(condition, finding=Finding(UNKNOWN, "silent", sentence, condition.finding.last_at), since=condition.looked_at)
