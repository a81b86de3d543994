"""What the normaliser and the routing are worth, held against texts that a person has judged. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway import routing
from gateway.families import family_of
from gateway.labelled import Labelled
from gateway.measuring import Above, Guess, Measure, calibration_error, coverage, redrawn, share, surest
from gateway.routing import Desk
from normalizer import Complaint, Place, Report, Setting, named_places, normalize

# Characters of a regency's code.
_REGENCY = 5
_MOST = 3


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All figures."""

    # What was compared: "agency" | "family" | "category"; empty: no line says.
    by: str
    measures: tuple[Measure, ...]
    # The score from which on 95 % were right here.
    surest: Above


@dataclass(frozen=True, slots=True)
class _Placed:
    """Places that were read, and those that a person read."""

    said: frozenset[str]
    right: frozenset[str]


def evaluate(labels: Sequence[Labelled], desk: Desk, setting: Setting, at: datetime) -> Evaluation:
    """`at`: when each is taken to have been received."""
    by = next((label.by for label in labels if label.by), "")
    ranks: list[int | None] = []
    guesses: list[Guess] = []
    placed: list[_Placed] = []
    for label in labels:
        complaint = normalize(Report(None, label.text, at, subject=label.title or None), setting)
        if label.by:
            found = _guessed(complaint, label.by, desk)
            rank = next((place for place, (code, _) in enumerate(found) if code in label.right), None)
            ranks.append(rank)
            guesses.append(Guess(found[0][1] if found else 0.0, rank == 0))
        if label.places is not None:
            placed.append(_Placed(_read(complaint.place), label.places))
    first, three = sum(rank == 0 for rank in ranks), sum(rank is not None and rank < _MOST for rank in ranks)
    measures = (
        share("first guess right", first, len(ranks)),
        share("right within three", three, len(ranks)),
        redrawn("covered at 95 % right", guesses, coverage),
        redrawn("calibration error", guesses, calibration_error),
        *_of_places("regency", [_Placed(_regencies(one.said), _regencies(one.right)) for one in placed]),
        *_of_places("whole code", placed),
    )
    return Evaluation(by, measures, surest(guesses))


def _guessed(complaint: Complaint, by: str, desk: Desk) -> list[tuple[str, float]]:
    """The likeliest first, each once, with its score."""
    if by == "agency":
        return [(one.agency, one.score) for one in routing.suggest(complaint, desk).candidates]
    if by == "category":
        return [(found.code, found.score) for found in complaint.categories]
    level = complaint.level.code if complaint.level else ""
    together: dict[str, float] = {}
    for place, found in enumerate(complaint.categories):
        family = family_of(found.code, level if place == 0 and level == "village" else "")
        # Two categories of one family speak for the same one.
        together[family] = together.get(family, 0.0) + found.score
    return sorted(together.items(), key=lambda one: -one[1])


def _read(place: Place | None) -> frozenset[str]:
    """Only what the words name for sure: the channel's own region was read by nobody."""
    if place is None or place.code is None or place.ambiguous or not (place.keyword or place.score is not None):
        return frozenset()
    return frozenset(named_places(place))


def _regencies(codes: Iterable[str]) -> frozenset[str]:
    return frozenset(code[:_REGENCY] for code in codes if len(code) >= _REGENCY)


def _of_places(name: str, placed: Sequence[_Placed]) -> tuple[Measure, Measure]:
    hit = sum(len(one.said & one.right) for one in placed)
    said, right = sum(len(one.said) for one in placed), sum(len(one.right) for one in placed)
    return share(f"{name}: said are right", hit, said), share(f"{name}: named are said", hit, right)
