"""What a citizen may do next on a report's own page, as the core sees it. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Turn:
    """Shown above and below the box in which words are added; each button posts fixed words through that box, so one dialogue decides in every channel."""

    # What we still need to know, in the page's language; None: nothing is open.
    question: str | None = None
    # "BATAL"
    may_withdraw: bool = False
    # "1" ... "5"
    may_rate: bool = False
    # "BUKA"
    may_reopen: bool = False
