"""What a person must still be asked for. Nothing is refused for it: the report is a case already."""

from __future__ import annotations

from collections.abc import Collection

from normalizer.schema import Incident, Place
from normalizer.text import has_letters

# What each kind of report needs, in the order of asking (DOMAIN: an aspiration has no date, a request for information neither date nor place).
_NEEDED = {
    "complaint": ("what", "where", "when"),
    "aspiration": ("what",),
    "information_request": ("what",),
}
# Fewer letters than this say nothing: "??", "ok", a thumb.
_FEWEST_LETTERS = 3


def missing(kind: str | None, said: str, place: Place | None, incident: Incident | None, remarks: Collection[str] = ()) -> tuple[str, ...]:
    """Of what its kind needs, what is not there. What is of no kind yet is asked like a complaint; mere abuse ("abuse" among the remarks) says nothing.

    >>> missing(None, "Lampu jalan mati", None, None)
    ('where', 'when')
    """
    known = {
        "what": has_letters(said, _FEWEST_LETTERS) and "abuse" not in remarks,
        # A keyword or the channel tells the region, which is where to send it, not where to look for it.
        "where": place is not None and (place.text is not None or place.location is not None),
        "when": incident is not None,
    }
    return tuple(question for question in _NEEDED[kind or "complaint"] if not known[question])
