"""Whether somebody is in danger: first of all, whether somebody may be dying. Better once too often than once too late, but no fire brigade that is praised."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from normalizer.phrases import Hit, lexicon
from normalizer.schema import Finding
from normalizer.view import Word

LIFE, DANGER = "life", "danger"
# So many words apart a danger and a harm belong together: "jembatan ambruk, ada korban".
_NEAR = 15
_SCORES = {LIFE: 0.9, DANGER: 0.7}


def urgency_of(title: Sequence[Word], text: Sequence[Word]) -> Finding | None:
    """None: nothing says so."""
    words = lexicon("urgency.txt")
    in_title, in_text = words.find(title), words.find(text)
    times = {hit.heading for hit in (*in_title, *in_text)}
    past = "past" in times and "now" not in times
    of_life = [] if past else [[*_life(in_title)], [*_life(in_text)]]
    if any(of_life):
        return _finding(LIFE, *of_life)
    seen = [[hit for hit in hits if hit.heading in {LIFE, DANGER}] for hits in (in_title, in_text)]
    return _finding(DANGER, *seen) if any(seen) else None


def _life(hits: Sequence[Hit]) -> Iterator[Hit]:
    """What is danger to life by itself, and a danger and a harm that stand near each other. Linear: only neighbours are compared."""
    yield from (hit for hit in hits if hit.heading == LIFE)
    pair = [hit for hit in hits if hit.heading in {DANGER, "harm"}]
    for one, other in pairwise(pair):
        if one.heading != other.heading and other.position - one.position <= _NEAR:
            yield from (one, other)


def _finding(code: str, in_title: Sequence[Hit], in_text: Sequence[Hit]) -> Finding:
    phrases = dict.fromkeys(hit.phrase for hit in (*in_title, *in_text))
    spans = sorted({(hit.start, hit.end) for hit in in_text})
    return Finding(code, _SCORES[code], ", ".join(list(phrases)[:5]), tuple(spans))
