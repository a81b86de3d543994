"""Two complaints in one message: the passages that are each about something else. A suspicion for an operator, who may split it; the report stays whole."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import islice

from normalizer.candidates import related
from normalizer.category import categories
from normalizer.phrases import searched
from normalizer.schema import Finding, Subject
from normalizer.view import Word, rows

# The remark of a report that has them.
SEVERAL = "several_subjects"

# Where another thing may begin: a new sentence or line, a comma, a number of a list, a word that adds.
_BREAK = re.compile(
    r"[.!?;\n]+\s*(?:\d{1,2}[.)]\s*)?|,\s*"
    r"|(?<!\w)(?:selain itu|dan juga|dan|serta|terus|trus|kemudian|satu lagi|sama satu lagi|juga ada|lan|karo|jeung|sareng|and also|also|and|besides)(?!\w)\s*",
    re.IGNORECASE,
)
# A cause, a consequence, a place of the same: what follows belongs to what was said before.
_BOUND = re.compile(
    r"\s*(?:karena|krn|karna|akibat|akibatnya|sehingga|hingga|sampai|jadi|jadinya|makanya|menyebabkan|mengakibatkan|membuat|bikin|supaya|agar|padahal|kalau|kalo"
    r"|saat|ketika|waktu|mergo|amarga|dadi|sabab|jadina|because|so|which|when)(?!\w)",
    re.IGNORECASE,
)
# From this score on a passage says by itself what it is about; less is enough for two words that nothing else comes near: "jalan di depan pasar rusak".
_SURE, _LIKELY, _CLEARLY = 0.5, 0.2, 2.0
_FEWEST_WORDS = 2
# Nobody tells more things in one breath; a list of a hundred lines is no list of complaints.
_MOST_PASSAGES, _MOST = 40, 5
# What goes with any matter, and is none by itself: how one was served, whom one asked, that money was asked for it, that nobody had allowed it.
_MANNERS = frozenset({"service_general", "civil_service", "corruption_extortion", "village_gov", "finance", "licensing"})
# Two sides of one matter, often told in one breath.
_ONE_MATTER = tuple(
    map(
        frozenset,
        (
            {"road", "flood_drainage", "traffic_transport", "vehicle_police_docs"},
            {"waste", "flood_drainage", "pollution", "public_order"},
            {"health_service", "health_insurance", "worker_insurance", "manpower"},
            {"electricity", "street_light"},
            {"crime_security", "public_order", "women_child", "justice"},
            {"disaster_fire", "agri_fishery", "flood_drainage", "parks_trees", "housing"},
            {"trade_consumer", "fuel_lpg", "agri_fishery", "msme_coop"},
            {"civil_registry", "social_assistance", "immigration"},
            {"land", "tax_revenue", "housing"},
        ),
    )
)


def subjects(text: str, words: Sequence[Word], where: Callable[[str], str | None]) -> tuple[Subject, ...]:
    """Each with its passage, in the text's order, at most five; none if it is about one, or nobody could say. Linear.

    `words`: of the text, as searched. `where`: the official code of the place that a passage is certainly about.
    """
    passages = list(islice(_passages(text), _MOST_PASSAGES))
    begins = [word.start for word in words]
    parts = [(passage, words[bisect_left(begins, passage[0]) : bisect_left(begins, passage[1])]) for passage in passages]
    # Most reports are about one thing, and cost no more than this.
    amiss = [(passage, part) for passage, part in parts if len(part) >= _FEWEST_WORDS and tells_of_a_fault(part)]
    if len(amiss) < 2:  # noqa: PLR2004  # two are several
        return ()
    apart = _apart((Subject(category, passage) for passage, part in amiss if (category := _told(part))), lambda one: where(text[slice(*one.span)]))
    if len(apart) < 2:  # noqa: PLR2004  two are several
        return ()
    # Each with all that is said until the next one begins.
    nexts = (*(subject.span[0] for subject in apart[1:]), len(text) + 1)
    ends = [max(end for start, end in passages if start < following) for following in nexts]
    return tuple(replace(subject, span=(subject.span[0], end)) for subject, end in zip(apart, ends, strict=True))


def tells_of_a_fault(words: Sequence[Word]) -> bool:
    """Whether something is said to be amiss."""
    return not _faults().isdisjoint(word.word for word in words)


@cache
def _faults() -> frozenset[str]:
    listed = " ".join(rows("faults.txt"))
    # Also as they are searched, which may be without their endings.
    return frozenset(listed.split()) | frozenset(word.word for word in searched(listed))


def without_joint(text: str) -> str:
    """Without what joins its end or its beginning to a passage that was taken out.

    >>> without_joint("Jalan rusak. Selain itu "), without_joint(", dan lampu mati")
    ('Jalan rusak', 'lampu mati')
    """
    start, end = 0, len(text)
    for found in _BREAK.finditer(text):
        if text[start : found.start()].strip():
            break
        start = found.end()
    for found in reversed(list(_BREAK.finditer(text, start))):
        if text[found.end() : end].strip():
            break
        end = found.start()
    return text[start:end].strip()


def _told(words: Sequence[Word]) -> Finding | None:
    """What a passage says by itself that something is amiss with; None: nothing, or too little says so."""
    found = categories((), words)
    if not found or found[0].code in _MANNERS:
        return None
    alone = len(found[0].spans) > 1 and found[0].score >= _CLEARLY * max((other.score for other in found[1:]), default=0)
    return found[0] if found[0].score >= (_LIKELY if alone else _SURE) else None


def _passages(text: str) -> Iterator[tuple[int, int]]:
    """Where each begins and ends, without what separates them."""
    start = 0
    for found in _BREAK.finditer(text):
        if _BOUND.match(text, found.end()):
            continue
        if text[start : found.start()].strip():
            yield start, start + len(text[start : found.start()].rstrip())
        start = found.end()
    end = len(text.rstrip())
    if start < end:
        yield start, end


def _apart(found: Iterable[Subject], where: Callable[[Subject], str | None]) -> list[Subject]:
    """The first passage of each matter, and of one matter those at other places; one matter's second side is no subject of its own."""
    apart: list[Subject] = []
    for subject in found:
        if len(apart) == _MOST:
            break
        code = subject.category.code
        same = [other for other in apart if code == other.category.code or any({code, other.category.code} <= sides for sides in _ONE_MATTER)]
        alike = all(code == other.category.code for other in same)
        if not same or (alike and _elsewhere(where(subject), map(where, same))):
            apart.append(subject)
    return apart


def _elsewhere(place: str | None, others: Iterable[str | None]) -> bool:
    """Whether all places are certain, and none of the others holds this one or lies in it."""
    return place is not None and all(other is not None and not related(place, other) for other in others)
