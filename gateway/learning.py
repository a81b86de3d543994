"""The nightly refit: from decisions by people to word weights, champion against challenger. Pure, and the same for the same decisions in any order.

A challenger is fitted on what was decided so far; fitted without the latest fifth it must not be worse than the champion there. Then it stands in shadow:
what it would have suggested is kept beside the champion's suggestion. It is promoted only when, on decisions made after it was fitted, it was right where the
champion was wrong more often than the other way round, beyond the interval of 95 % of that share.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from math import sqrt

from gateway.measuring import ENOUGH, Above, Guess, surest, wilson
from gateway.weights import Table, Weights, scores

# Decisions before anything is fitted, and after that before a shadow is judged.
FEWEST, JUDGED = 60, 30
# A shadow that was not promoted when there are so many times as many decisions as it has seen is fitted anew.
_STALE = 2.0
# Share of the latest decisions that a challenger is first held against.
_HELD_OUT = 0.2
# A word of fewer reports is no word of many: it may be a name.
_REPORTS = 3
_STEP, _SHRINK = 0.35, 0.002
# How often it goes through them: few decisions are gone through more often than many, which say the same again.
_MOST_EPOCHS, _FEWEST_EPOCHS, _STEPS = 6, 2, 20_000
# What pulls less than this is not worth an update; and no word alone decides everything.
_SMALL_GRADIENT, _LARGEST, _SMALLEST = 0.02, 4.0, 0.02
# Decisions by which it is measured from which score on 95 % are right: so many at the least, the latest so many at the most.
MEASURED, _LATEST = 100, 1_000


@dataclass(frozen=True, slots=True)
class Example:
    """A report whose agency a person decided."""

    # Its case, to put equal moments in an order.
    key: str
    at: datetime
    features: tuple[str, ...]
    # What the lexicon thought of, with its score.
    base: tuple[tuple[str, float], ...]
    right: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Two that guessed at the same decisions."""

    of: int
    # How often each was right.
    champion: int
    challenger: int
    # Where only one was right: the challenger, and the champion.
    won: int
    lost: int

    @property
    def better(self) -> bool:
        """Beyond its interval."""
        return self.of >= JUDGED and wilson(self.won, self.won + self.lost)[0] > 1 / 2  # of those that differ

    @property
    def no_worse(self) -> bool:
        """As far as one can see."""
        return self.challenger >= self.champion


@dataclass(frozen=True, slots=True)
class Night:
    """What was found, and what holds from now on."""

    labels: int
    champion: Weights | None
    shadow: Weights | None
    # "too_few" | "promoted" | "waits" (in shadow) | "fitted" | "no_better"
    outcome: str
    # Of the shadow of the day; None: there was none, or too little to judge it by.
    verdict: Verdict | None
    # Of a challenger that was fitted tonight, on the decisions that it had not seen.
    trial: Verdict | None
    # Of the champion: the score from which on 95 % are right; None: too few decisions to say.
    sure: Above | None


def night(decisions: Iterable[Example], champion: Weights | None, shadow: Weights | None, next_version: int) -> Night:
    """One night. No champion: the lexicon alone. What is fitted gets `next_version`."""
    known = sorted(decisions, key=lambda one: (one.at, one.key))
    verdict, outcome = None, "too_few"
    if shadow:
        since = [one for one in known if one.at > shadow.until]
        verdict = judged(champion, shadow, since) if len(since) >= JUDGED else None
        outcome = "waits"
        if verdict and verdict.better:
            champion, shadow, outcome = shadow, None, "promoted"
        elif len(known) >= _STALE * shadow.labels:
            shadow = None
    trial = None
    if shadow is None and len(known) >= FEWEST:
        trial, fitted = _challenger(known, champion, next_version)
        shadow = fitted if trial.no_worse else None
        if outcome != "promoted":
            outcome = "fitted" if shadow else "no_better"
    return Night(len(known), champion, shadow, outcome, verdict, trial, sure_of(champion, known))


def _challenger(known: Sequence[Example], champion: Weights | None, version: int) -> tuple[Verdict, Weights]:
    cut = int(len(known) * (1 - _HELD_OUT))
    past, latest = known[:cut], known[cut:]
    trial = judged(champion, Weights(version, past[-1].at, len(past), fit(past)), latest)
    return trial, Weights(version, known[-1].at, len(known), fit(known))


def judged(champion: Weights | None, challenger: Weights, decisions: Sequence[Example]) -> Verdict:
    """Both at the same decisions."""
    pairs = [(guess(champion, one)[0] == one.right, guess(challenger, one)[0] == one.right) for one in decisions]
    ours, theirs = sum(one for one, _ in pairs), sum(other for _, other in pairs)
    won, lost = sum(other and not one for one, other in pairs), sum(one and not other for one, other in pairs)
    return Verdict(len(pairs), ours, theirs, won, lost)


def guess(weights: Weights | None, example: Example) -> tuple[str, float]:
    """The likeliest agency and its score; ("", 0.0): nobody."""
    base = dict(example.base)
    found = scores(weights.table, example.features, base, sorted(weights.agencies | base.keys())) if weights else base
    return min(found.items(), key=lambda one: (-one[1], one[0]), default=("", 0.0))


def sure_of(weights: Weights | None, known: Sequence[Example]) -> Above | None:
    """From which score on it is right 95 times in 100, by decisions that it has not seen. None: too few of them. Its score is None where too few are above."""
    unseen = [one for one in known if weights is None or one.at > weights.until][-_LATEST:]
    if len(unseen) < MEASURED:
        return None
    guesses = [Guess(score, agency == one.right) for one in unseen for agency, score in (guess(weights, one),)]
    found = surest(guesses)
    return found if found.taken >= ENOUGH else Above(None, 0, 0, len(guesses))


def fit(decisions: Iterable[Example]) -> Table:
    """Word weights (AdaGrad: Duchi, Hazan and Singer, 2011): bounded, sparse, of words that several reports have, the same for any order of the decisions."""
    # In an order that says nothing: not by time, or the last day would weigh the most.
    ordered = sorted(decisions, key=lambda one: (blake2b(one.key.encode(), digest_size=8).digest(), one.at, one.right))
    reports = Counter(feature for one in ordered for feature in one.features)
    agencies = sorted({one.right for one in ordered}.union(agency for one in ordered for agency, _ in one.base))
    said = [tuple(feature for feature in one.features if reports[feature] >= _REPORTS) for one in ordered]
    table: dict[str, dict[str, float]] = defaultdict(dict)
    seen: dict[str, dict[str, float]] = defaultdict(dict)
    for _ in range(min(_MOST_EPOCHS, max(_FEWEST_EPOCHS, _STEPS // max(len(ordered), 1)))):
        for one, features in zip(ordered, said, strict=True):
            chances = scores(table, features, dict(one.base), agencies)
            errors = {agency: chance - (agency == one.right) for agency, chance in chances.items()}
            pulls = [(agency, error) for agency, error in errors.items() if abs(error) > _SMALL_GRADIENT]
            for feature in features:
                _step(table[feature], seen[feature], pulls)
    return _sparse(table)


def _step(row: dict[str, float], seen: dict[str, float], pulls: Sequence[tuple[str, float]]) -> None:
    for agency, error in pulls:
        weight = row.get(agency, 0.0)
        gradient = error + _SHRINK * weight
        total = seen[agency] = seen.get(agency, 1.0) + gradient * gradient
        row[agency] = min(_LARGEST, max(-_LARGEST, weight - _STEP * gradient / sqrt(total)))


def _sparse(table: Table) -> Table:
    rows = {feature: {agency: round(weight, 3) for agency, weight in sorted(table[feature].items()) if abs(weight) >= _SMALLEST} for feature in sorted(table)}
    return {feature: row for feature, row in rows.items() if row}
