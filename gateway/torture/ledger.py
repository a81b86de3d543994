"""What the outside world remembers: each delivery that was answered with success, and what must be true because of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Delivery:
    """One that a node answered with success."""

    channel: str
    # As the wire names it; the same at every repeat.
    wire_id: str
    # Stands in its words and in no others; empty: it has no words (a status callback).
    token: str
    # Who said yes.
    node: str
    # Whose words these are, and the how-manieth: before the next was sent, this one had been answered. Empty: nobody's.
    correspondent: str = ""
    turn: int = 0
    # What the answer showed; empty: this wire shows no number.
    number: str = ""
    # Who must be told the number, in E.164; empty: nobody.
    answer_to: str = ""
    # Digests (SHA-256) of the files that came with it.
    files: tuple[str, ...] = ()
    # It only adds to an earlier report of the same person, if that came before it.
    follows: bool = False
    # No person wrote it, and it says so: it is kept, opens no case, and nobody answers it.
    by_machine: bool = False

    @property
    def report(self) -> tuple[str, str]:
        """What becomes one case, however often and with whichever words it comes."""
        return self.channel, self.wire_id


@dataclass(slots=True)
class Ledger:
    """Filled by the senders, read at the end."""

    # In the order of the answers; a repeat stands here again.
    accepted: list[Delivery] = field(default_factory=list)
    # All reports that were ever begun: nothing else may be in the store.
    begun: set[tuple[str, str]] = field(default_factory=set)
    # What has an id of its own on the wire and is part of another report: a copy that took another way, an answer in its thread.
    part_of: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    # How often doors said what; "nothing" is one of them.
    answers: Counter[str] = field(default_factory=Counter)
    # Answers that no door may give to these senders, and messages that nobody may get, a sentence each.
    strange: list[str] = field(default_factory=list)
    # Deliveries that were given up because the laboratory ended; there must be none.
    unanswered: list[str] = field(default_factory=list)
