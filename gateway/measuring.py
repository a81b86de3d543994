"""How good a guess is, in figures that say how sure they are. Pure, and the same figures for the same guesses.

Shares have Wilson's interval (E. B. Wilson, 1927); what is no share is drawn again from its own guesses (the bootstrap's percentiles, from a fixed seed).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

# Both sides of 95 %, in standard deviations.
Z95 = 1.959964
# What may be applied without a person is right so often.
WANTED = 0.95
# A threshold that fewer guesses are above was met by luck: of 40 that are right 95 times in 100, 6 or more are wrong once in 80 times.
ENOUGH = 40
# How often the guesses are drawn again, and from where the drawing starts: the same file gives the same figures.
_DRAWS, _SEED = 400, 20260317
_BINS = 10

WILSON, BOOTSTRAP = "wilson", "bootstrap"


class Guess(NamedTuple):
    """One guess that a person has judged."""

    # 0..1, as it was told; 0: nothing was guessed.
    score: float
    right: bool


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure with its interval of 95 %."""

    name: str
    # None: there is nothing to measure it by.
    value: float | None
    low: float | None
    high: float | None
    # Of how many.
    of: int
    # WILSON | BOOTSTRAP
    interval: str


def wilson(right: int, of: int) -> tuple[float, float]:
    """Between which shares the true one lies, 95 times in 100. Of nothing: anywhere.

    >>> [round(end, 3) for end in wilson(95, 100)], wilson(0, 0)
    ([0.888, 0.978], (0.0, 1.0))
    """
    if not of:
        return 0.0, 1.0
    share, spread = right / of, Z95 * Z95 / of
    middle = (share + spread / 2) / (1 + spread)
    half = Z95 * math.sqrt(share * (1 - share) / of + spread / of / 4) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def share(name: str, right: int, of: int) -> Measure:
    """Right ones among all."""
    low, high = wilson(right, of)
    return Measure(name, right / of, low, high, of, WILSON) if of else Measure(name, None, None, None, 0, WILSON)


def redrawn(name: str, guesses: Sequence[Guess], figure: Callable[[Sequence[Guess]], float]) -> Measure:
    """A figure of all guesses, and where it lies when as many are drawn from them again and again."""
    if not guesses:
        return Measure(name, None, None, None, 0, BOOTSTRAP)
    drawing = random.Random(_SEED)  # noqa: S311  # no secret: it must give the same each time
    found = sorted(figure(drawing.choices(guesses, k=len(guesses))) for _ in range(_DRAWS))
    return Measure(name, figure(guesses), found[int(0.025 * _DRAWS)], found[int(0.975 * _DRAWS) - 1], len(guesses), BOOTSTRAP)


@dataclass(frozen=True, slots=True)
class Above:
    """What is gained by taking only the guesses of at least this score."""

    # None: no score is high enough.
    score: float | None
    # How many have it, how many of these are right, and how many there are in all.
    taken: int
    right: int
    of: int


def surest(guesses: Iterable[Guess], wanted: float = WANTED) -> Above:
    """The lowest score from which on at least `wanted` of the guesses are right. Guesses of one score are taken together or not at all.

    >>> surest([Guess(0.9, True), Guess(0.8, True), Guess(0.3, False)]).score
    0.8
    """
    falling = sorted(guesses, key=lambda guess: -guess.score)
    best = Above(None, 0, 0, len(falling))
    taken = right = 0
    for score, alike in groupby(falling, key=lambda guess: guess.score):
        some = list(alike)
        taken, right = taken + len(some), right + sum(guess.right for guess in some)
        if score > 0 and right >= wanted * taken:
            best = Above(score, taken, right, len(falling))
    return best


def coverage(guesses: Sequence[Guess]) -> float:
    """The share of all that could be taken without a person, were 95 % of those to be right."""
    return surest(guesses).taken / len(guesses)


def calibration_error(guesses: Sequence[Guess]) -> float:
    """How far scores are from the shares that were right, on the average over ten steps of the score (expected calibration error).

    >>> round(calibration_error([Guess(0.75, True)] * 3 + [Guess(0.75, False)]), 3), round(calibration_error([Guess(0.95, False)]), 2)
    (0.0, 0.95)
    """
    bins: dict[int, list[Guess]] = {}
    for guess in guesses:
        bins.setdefault(min(int(guess.score * _BINS), _BINS - 1), []).append(guess)
    return sum(abs(sum(guess.right - guess.score for guess in each)) for each in bins.values()) / len(guesses)
