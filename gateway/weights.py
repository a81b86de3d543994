"""What a deployment has learned from its own decisions: how much each word speaks for each agency, on top of what the lexicon says. Pure.

Multinomial logistic regression: the score of an agency is the softmax of the logarithm of the lexicon's score plus the weights of the words that are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import exp, log

from normalizer import Complaint
from normalizer.phrases import searched

# Characters that are looked through: a chain letter says no more in its twentieth thousand.
_SEARCHED = 2_000
# Shorter words say nothing.
_SHORTEST = 3
# What is there in every report.
ALWAYS = "#"
# What the lexicon gives to an agency of which it does not think.
_UNTHOUGHT = 0.03
_LOG_UNTHOUGHT = log(_UNTHOUGHT)
# Of a district's code.
_DISTRICT = 8

# Feature to agency to weight.
Table = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Weights:
    """Fitted once, never changed."""

    # Counts up in a deployment.
    version: int
    # The last decision that it has seen, and how many.
    until: datetime
    labels: int
    table: Table = field(repr=False)

    @property
    def agencies(self) -> frozenset[str]:
        """For whom any word speaks."""
        return frozenset(agency for row in self.table.values() for agency in row)


def features(complaint: Complaint) -> tuple[str, ...]:
    """Its words, each once and in order, without numbers and what gives a person away; and, behind a "#", what was understood of it."""
    head = searched(complaint.title)
    body = searched(complaint.text[:_SEARCHED])
    hidden = [(span.start, span.end) for span in complaint.personal]
    seen = [word.word for word in body if not any(start < word.end and word.start < end for start, end in hidden)]
    # A title that was made of the text's beginning says nothing else.
    said = seen if complaint.text.startswith(complaint.title.rstrip("….")) else [*(word.word for word in head), *seen]
    words = {word for word in said if len(word) >= _SHORTEST and word.isalpha()}
    understood = [ALWAYS, *(f"#{found.code}" for found in complaint.categories)]
    if complaint.category:
        understood.append(f"#1:{complaint.category.code}")
    if complaint.level:
        understood.append(f"#level:{complaint.level.code}")
    if complaint.place and complaint.place.code:
        understood.append(f"#at:{complaint.place.code[:_DISTRICT]}")
    return tuple(sorted(words.union(understood)))


def scores(table: Table, said: Iterable[str], base: Mapping[str, float], agencies: Iterable[str]) -> dict[str, float]:
    """The chance of each of these agencies, together 1. `base`: what the lexicon gives to those of which it thinks.

    >>> {name: round(chance, 3) for name, chance in scores({}, (), {"road": 0.6, "waste": 0.2}, ("road", "waste")).items()}
    {'road': 0.75, 'waste': 0.25}
    """
    sums = dict.fromkeys(agencies, _LOG_UNTHOUGHT)
    sums |= {agency: log(max(score, _UNTHOUGHT)) for agency, score in base.items() if agency in sums}
    for feature in said:
        for agency, weight in table.get(feature, {}).items():
            if agency in sums:
                sums[agency] += weight
    top = max(sums.values(), default=0.0)
    powers = {agency: exp(value - top) for agency, value in sums.items()}
    total = sum(powers.values())
    return {agency: power / total for agency, power in powers.items()}
