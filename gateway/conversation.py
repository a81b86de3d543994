"""What is a message for? decide() says it and why, from what was read and what is known of its writer's reports. Pure.

A report opens a case of its own, unless it proves that it belongs to one, answers what we asked, is said once more, speaks of an earlier one, or is only a
word to us (asked.py). In doubt it is a case: an operator can join two, and nobody finds a report that went into a stranger's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from channels import DeliveryUpdate, Ignored
from gateway import asked as words
from gateway import cues
from gateway.asked import Asked, asked_of
from gateway.case import ARCHIVED, CLOSED, LIFE, WITHDRAWN, Case, urgent
from gateway.sensitive import sensitive
from normalizer import Complaint, Report
from normalizer.text import clean, has_letters

# How a report belongs to a case: it carries a secret of it; it came back to what we sent to the complainant, and the complainant wrote it; it answers one
# of our messages in a chat that the wire vouches for; it is what the complainant made of the first message there; it only says so.
SECRET, THREAD, REPLY, EDIT, CLAIM = "secret", "thread", "reply", "edit", "claim"
# What no person wrote and nobody need read; a mailing list or a careless program may still carry a person's words.
MACHINES = frozenset({"auto_submitted", "report", "abuse_report", "null_sender"})
# Somebody who writes again so soon, and little, is still speaking of the same.
_SAME_BREATH = timedelta(minutes=10)
# So soon after our question, whatever comes is said with it in mind.
_WITH_IT_IN_MIND = timedelta(hours=1)
# Words: an answer to "where?" or "when?", and what is said in one breath, are no longer than this; somebody who asks after a report writes no more than that.
_SHORT, _BRIEF = 12, 40
# From this score on a message has a subject.
_SURE = 0.45


@dataclass(frozen=True, slots=True)
class Understood:
    """A report that was read and normalised."""

    report: Report
    complaint: Complaint


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of whoever wrote, when it is decided what a message is for."""

    now: datetime
    # How it belongs to a case, and to which; empty: it carries nothing that would say so.
    by: str = ""
    case: Case | None = None
    # The writer's own cases, the newest first, ended ones too.
    own: tuple[Case, ...] = ()
    # The wire (or our own token, or the private link) vouches for who wrote: only then is anything inferred, or changed by a word.
    vouched: bool = False
    # The case that a number in a word leads to, whosever it is.
    numbered: Case | None = None
    # The case on which the writer said the very same before.
    said_before: UUID | None = None
    # Cases that were closed so lately that they may be rated or reopened, or archived so lately that whoever wrote them may appeal.
    lately_closed: frozenset[UUID] = frozenset()

    @property
    def proved(self) -> Case | None:
        """The case that it belongs to, unless it only says so."""
        return self.case if self.by != CLAIM else None

    def is_own(self, case: UUID | None) -> bool:
        """Whether the writer may know and change it: it is theirs, or they proved it."""
        return any(one.id == case for one in (*self.own, *filter(None, (self.proved,))))


@dataclass(frozen=True, slots=True)
class Decision:
    """What a message was taken for (law 9)."""

    # "new_case" | "answer" | "amendment" | "correction" | "addition" | "appeal" | "repeat" | "automatic" | "unverified" | "word" | "noise" | "delivery"
    # | "ignored"
    kind: str
    reason: str
    # The case that it goes to, or that a word is about; None: none.
    case: UUID | None = None
    # What is asked by a "word".
    asked: Asked | None = None


# Nothing is known.
NOBODY = Context(datetime.min.replace(tzinfo=UTC))


def decide(read: Understood | DeliveryUpdate | Ignored, context: Context = NOBODY) -> Decision:
    """What to do with what was read."""
    match read:
        case DeliveryUpdate(status=status):
            return Decision("delivery", status)
        case Ignored(reason=reason):
            return Decision("ignored", reason)
        case Understood():
            return _word(read, context) or _proved(read, context) or _inferred(read, context) or _by_itself(read, context)


# A word to us


def _word(read: Understood, context: Context) -> Decision | None:
    """Only of somebody who can be answered or has the report's page, and only if there is nothing else in it."""
    report, complaint = read.report, read.complaint
    if report.automatic or context.by == EDIT:
        return None
    if report.attachments or report.location or ((report.keyed or complaint.sender is None) and not report.link):
        return None
    # As its sender wrote it, without what a mail program quotes; a mail may have it all in its subject.
    said = clean(report.reply) if report.reply else complaint.text or complaint.title
    if said and not any(map(str.isalnum, said)) and "?" not in said and context.vouched and context.own:
        # A thumb, a smile.
        return _Chat(Asked(words.THANKS), context).decision()
    asked = asked_of(said)
    if asked is None or (report.link and context.proved is None):
        return None
    if asked.what in _ABOUT_A_REPORT or (asked.what == words.REOPEN and asked.number):
        return _about_a_report(asked, context)
    return _Chat(asked, context).decision()


_ABOUT_A_REPORT = frozenset({words.STATUS, words.ANONYMOUS, words.CONFIDENTIAL, words.WITHDRAW})


def _about_a_report(asked: Asked, context: Context) -> Decision:
    meant = _meant(asked, context)
    return Decision("word", f"rule:word:{asked.what}", meant.id if meant else None, asked)


def _meant(asked: Asked, context: Context) -> Case | None:
    """Which report a word is about: by number, by what it answers, else what was asked about last, or reported last."""
    if asked.number:
        return context.numbered
    if context.proved:
        return context.proved
    pending = _pending(context)
    going = [case for case in context.own if not case.ended]
    if asked.what == words.WITHDRAW:
        # Of several, nobody takes back a report by a guess of ours.
        if going:
            return pending or (going[0] if len(going) == 1 else None)
        return next((case for case in context.own if case.status == WITHDRAWN), None)
    return next(iter(going or context.own), None) if asked.what != words.STATUS else next(iter(context.own), None)


@dataclass(frozen=True, slots=True)
class _Chat:
    """Words that depend on what was said before."""

    asked: Asked
    context: Context

    def decision(self) -> Decision | None:  # noqa: PLR0911  # a table of rules, read from top to bottom
        """None: it is no word here."""
        match self.asked.what:
            case words.RATE:
                return self._of(self._closed())
            case words.REOPEN:
                return self._of(self._closed() or self._archived() or self._withdrawn())
            case words.NO:
                # "Is it done?" - "No."
                return self._of(self._closed(), Asked(words.REOPEN)) or self._noise()
            case words.CLASSIFY:
                return self._of(self._fresh())
            case words.UNKNOWN:
                asking = self._asking()
                return Decision("answer", "rule:answers_our_question:unknown", asking.id) if asking else self._noise()
            case words.YES | words.THANKS:
                return self._noise()
            case words.GREETING:
                return self._noise() if self._going() else Decision("word", "rule:word:greeting", None, Asked(words.HELP, language=self.asked.language))
            case _:
                return Decision("word", f"rule:word:{self.asked.what}", None, self.asked)

    def _of(self, case: Case | None, asked: Asked | None = None) -> Decision | None:
        it = asked or self.asked
        return Decision("word", f"rule:word:{it.what}", case.id, it) if case else None

    def _noise(self) -> Decision:
        """Nothing to do, and nothing is lost: it stands on the report that it was said about, if there is one."""
        about = self.context.proved or next(iter(self.context.own), None)
        return Decision("noise", f"rule:noise:{self.asked.what}", about.id if about else None)

    def _closed(self) -> Case | None:
        return _lately(self.context, CLOSED)

    def _archived(self) -> Case | None:
        return _lately(self.context, ARCHIVED)

    def _withdrawn(self) -> Case | None:
        those = (self.context.proved,) if self.context.proved else self.context.own[:1]
        return next((case for case in those if case.status == WITHDRAWN), None)

    def _fresh(self) -> Case | None:
        return self.context.proved or _pending(self.context) or _just_now(self.context)

    def _asking(self) -> Case | None:
        """The case whose question it can answer: a stranger's "I do not know" answers nothing."""
        proved = self.context.proved
        if proved:
            return proved if proved.question else None
        return _pending(self.context) if self.context.vouched else None

    def _going(self) -> bool:
        return any(not case.ended for case in self.context.own)


def _lately(context: Context, status: str) -> Case | None:
    """What ended so, of what it belongs to, else of the writer's own."""
    those = (context.proved,) if context.proved else context.own
    return next((case for case in those if case.status == status and case.id in context.lately_closed), None)


# What proves that it belongs


_JOINS = {
    THREAD: Decision("addition", "rule:signed_thread"),
    REPLY: Decision("addition", "rule:answers_our_message"),
    EDIT: Decision("amendment", "rule:edited"),
}


def _proved(read: Understood, context: Context) -> Decision | None:  # noqa: PLR0911  # a table of rules, read from top to bottom
    report, case = read.report, context.case
    if not context.by or case is None:
        return None
    if context.by == CLAIM:
        # An operator sees it and nobody else: whoever guesses a number must not speak in a stranger's name.
        return Decision("unverified", "rule:names_a_case", case.id)
    if report.automatic:
        return Decision("automatic", f"rule:{report.automatic}", case.id)
    if context.by == SECRET and not report.link and "album" not in report.remarks:
        return Decision("amendment", "rule:own_key", case.id)
    if context.by != EDIT and _lately(context, ARCHIVED):
        return Decision("appeal", "rule:appeals", case.id)
    if context.by != EDIT and cues.corrects(read.complaint.text):
        return Decision("correction", "rule:corrects", case.id)
    # What somebody changes was written before we asked.
    if context.by != EDIT and "edited" not in report.remarks and case.question and _may_answer(read, case):
        return Decision("answer", "rule:answers_our_question", case.id)
    if context.by in _JOINS:
        return Decision(_JOINS[context.by].kind, _JOINS[context.by].reason, case.id)
    return Decision("addition", "rule:album" if "album" in report.remarks else "rule:private_link", case.id)


# What is only likely, and only of a sender whom the wire vouches for


def _inferred(read: Understood, context: Context) -> Decision | None:  # noqa: C901, PLR0911  # a table of rules, read from top to bottom
    report, text = read.report, read.complaint.text
    if report.automatic or not context.vouched:
        return None
    if context.said_before:
        return Decision("repeat", "rule:same_words", context.said_before)
    going = next((case for case in context.own if not case.ended), None)
    pending = _pending(context)
    if _begins(read) or _is_new_danger(read, pending or going):
        return None
    if going and cues.corrects(text):
        return Decision("correction", "rule:corrects", (pending or going).id)
    if pending:
        if _may_answer(read, pending):
            return Decision("answer", "rule:answers_our_question", pending.id)
        if pending.asked_at and context.now - pending.asked_at < _WITH_IT_IN_MIND and cues.size(text) <= _BRIEF and not _own_subject(read, pending):
            return Decision("addition", "rule:while_we_ask", pending.id)
    if going is None and (closed := _lately(context, CLOSED)) and _speaks_of(read, closed):
        return Decision("addition", "rule:speaks_of_a_report", closed.id)
    if going is None:
        # Whatever does not say that it is about something else: it is heard by a person once more.
        archived = _lately(context, ARCHIVED)
        return Decision("appeal", "rule:appeals", archived.id) if archived and not _may_be_another(read, archived) else None
    if _speaks_of(read, going):
        return Decision("addition", "rule:speaks_of_a_report", going.id)
    recent = _just_now(context)
    if recent and (_only_files(read) or (cues.size(text) <= _SHORT and not _stands_for_itself(read, recent))):
        return Decision("addition", "rule:in_one_breath", recent.id)
    return None


def _is_new_danger(read: Understood, case: Case | None) -> bool:
    """Danger to life waits for no guess; only what we asked for, or know already, is no report of its own."""
    return urgent(read.complaint) == LIFE and not (case and (case.question == "what" or case.urgent == LIFE))


def _speaks_of(read: Understood, case: Case) -> bool:
    text = read.complaint.text
    if cues.names_a_report(text):
        another = _own_subject(read, case) and (_names_a_place(read) or bool(sensitive(read.complaint)))
        return cues.size(text) <= _BRIEF and not another
    return (cues.may_speak_of_one(text)) and cues.size(text) <= _SHORT and not _stands_for_itself(read, case)


def _only_files(read: Understood) -> bool:
    return bool(read.report.attachments or read.report.location) and not has_letters(read.complaint.text)


def _stands_for_itself(read: Understood, case: Case) -> bool:
    """It says where, or what else than the case: then it is a report."""
    return _names_a_place(read) or _own_subject(read, case)


def _names_a_place(read: Understood) -> bool:
    place = read.complaint.place
    return bool(place and place.how == "text" and place.text)


def _begins(read: Understood) -> bool:
    """It says itself that it is a report: by its first word, or by the local keyword of a shared number."""
    return (cues.begins_a_report(read.complaint.text)) or (read.complaint.place is not None and read.complaint.place.keyword)


def _pending(context: Context) -> Case | None:
    """What we asked last and wait for."""
    waiting = [case for case in context.own if case.question and case.asked_at]
    return max(waiting, key=lambda case: (case.asked_at or context.now, case.id), default=None)


def _just_now(context: Context) -> Case | None:
    return next((case for case in context.own if not case.ended and case.said_at and context.now - case.said_at < _SAME_BREATH), None)


def _may_answer(read: Understood, case: Case) -> bool:
    """Whether it can be what we asked for."""
    text, place = read.complaint.text, read.complaint.place
    if case.question == "what":
        return has_letters(text)
    if case.question == "where" and place and (place.location or place.how == "text"):
        return cues.size(text) <= _BRIEF and not _own_subject(read, case)
    if case.question == "when" and read.complaint.incident:
        return cues.size(text) <= _BRIEF and not _own_subject(read, case)
    if case.question == "when" and place and place.how == "text" and place.text:
        # It says where, once more or closer.
        return False
    return 0 < cues.size(text) <= _SHORT and not _own_subject(read, case) and not cues.names_a_report(text)


def _own_subject(read: Understood, case: Case) -> bool:
    """It says what happened, and that is something else than the case is about."""
    category, place = read.complaint.category, read.complaint.place
    if category is None or category.score < _SURE or category.code == case.category:
        return False
    if cues.begins_with_a_place(read.complaint.text):
        # Asked where, people name a place: "di pasar ikan" is not about the market.
        return case.question != "where"
    # "Pasar ikan Waru" neither: all that would make it a subject is the name.
    start, end = place.span if place and place.span else (0, 0)
    return not all(start <= first < last <= end for first, last in category.spans)


def _may_be_another(read: Understood, case: Case) -> bool:
    """It may be about something else than the case."""
    category, text = read.complaint.category, read.complaint.text
    return category is not None and category.code != case.category and not (cues.names_a_report(text) or cues.objects(text))


def _by_itself(read: Understood, context: Context) -> Decision:
    report = read.report
    if report.automatic in MACHINES:
        return Decision("ignored", f"rule:{report.automatic}")
    if report.automatic:
        return Decision("new_case", f"rule:not_answered:{report.automatic}")
    if not context.vouched or not context.own:
        # A link that is not stored yet, or nobody's: nothing is lost, and the coordinator can put it where it belongs.
        return Decision("new_case", "rule:link_not_known" if report.link else "rule:every_report_is_a_case")
    return Decision("new_case", "rule:begins_a_report" if _begins(read) else "rule:nothing_joins_it")
