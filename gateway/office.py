"""What of the deployment must be known to take charge of a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.deadlines import Calendar
from gateway.directory import Directory
from gateway.routing import Desk
from gateway.weights import Weights
from gateway.words import Words
from normalizer import Setting


@dataclass(frozen=True, slots=True)
class Caps:
    """How many notices may go out, so that nobody can make us pay, and no machine can make us talk to it without end."""

    # To one address; by one channel in all.
    per_recipient_per_hour: int
    per_channel_per_hour: int
    # To one address about what was reported from there, beside acknowledgements.
    per_dialogue_per_hour: int = 12
    # By e-mail, which costs nobody anything: to one address, and to one domain that is no public provider's.
    mails_per_address_per_week: int = 0
    mails_per_domain_per_week: int = 0
    public_domains: frozenset[str] = frozenset()
    # To a contact that somebody typed, who may be anybody.
    per_contact_per_day: int = 0


@dataclass(frozen=True, slots=True)
class Questions:
    """What a report lacks is asked for; when, in working days after the question."""

    # When it is asked once more, each.
    remind_after_working_days: tuple[int, ...]
    # When a person goes on without an answer; 0: nobody is asked anything.
    give_up_after_working_days: int


@dataclass(slots=True)
class Learned:
    """What was learned from this deployment's own decisions, as of now (gateway/learner.py)."""

    champion: Weights | None = None
    shadow: Weights | None = None
    # Whether enough decisions have told from which score on the champion is right 95 times in 100; and that score: None: from none on.
    measured: bool = False
    sure: float | None = None

    @property
    def versions(self) -> dict[str, int]:
        """Which are in use."""
        return {name: one.version for name, one in (("champion", self.champion), ("shadow", self.shadow)) if one}


@dataclass(frozen=True, slots=True)
class Office:
    """The deployment's desk."""

    key: bytes
    coordinator: str
    words: Mapping[str, Words]
    # Used where the citizen's language is not known.
    language: str
    verification_working_days: int
    # Per channel: how it reads, and which kinds of address it can answer.
    settings: Mapping[str, Setting]
    reaches: Mapping[str, frozenset[str]]
    caps: Caps
    calendar: Calendar
    questions: Questions
    reopen_within_working_days: int
    # Which channel writes to a contact that somebody typed, by kind of address.
    carriers: Mapping[str, str]
    # Countries (ISO 3166) whose numbers may be written to for that: the number may be a stranger's.
    contact_countries: frozenset[str] = frozenset()
    # Whom to call when life is in danger; empty: nobody is named.
    emergency: str = ""
    # Who else can own a case. None: the coordinator owns everything.
    directory: Directory | None = None
    # From which score on a suggestion is applied by itself. None: a person decides.
    apply_above: float | None = None
    # The one thing here that changes while it runs: a night may find something better.
    learned: Learned = field(default_factory=Learned)

    @property
    def desk(self) -> Desk:
        """What decides who owns a case."""
        return Desk(self.coordinator, self.directory, self._applied_above(), self.learned.champion, self.learned.shadow)

    def _applied_above(self) -> float | None:
        """Never below what was measured to be right 95 times in 100 here; what was learned is not applied by itself before that was measured."""
        known = self.learned
        if self.apply_above is None or (known.champion and not known.measured):
            return None
        if not known.measured:
            return self.apply_above
        return None if known.sure is None else max(self.apply_above, known.sure)

    def words_for(self, language: str | None) -> Words:
        """In a citizen's language, if we have it."""
        return self.words.get(language or "", self.words[self.language])
