"""The mail program as its page shows it: a mailbox, or one thread of it, in words. Pure; the template escapes all that a person wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from gateway.demo.mail_words import LANGUAGES
from gateway.demo.mailbox import Letter, Thread
from gateway.demo.page_view import News, clock, seconds

PATH = "/surel"


@dataclass(frozen=True, slots=True)
class Screen:
    """What one look at the program needs."""

    lang: str
    # The citizen's own address; and the one that is written to.
    address: str
    office: str
    zone: ZoneInfo
    # Of this mailbox, the one with the latest mail first; and the one that is open, if one is.
    threads: Sequence[Thread]
    thread: Thread | None
    # What was typed and could not be sent; a key of the words for why.
    subject: str = ""
    text: str = ""
    problem: str | None = None
    # What was given as an address and is none.
    wrong_address: str | None = None

    @property
    def words(self) -> Mapping[str, str]:
        """Of its language."""
        return LANGUAGES[self.lang]

    @property
    def reply_to(self) -> str:
        """Where an answer goes; a mail of one's own is followed by another to the same."""
        if self.thread is None or self.thread.latest.mine:
            return self.office
        return self.thread.latest.reply_to

    def here(self, lang: str) -> str:
        """Its address in that language."""
        return self.at(self.thread.id if self.thread else "", lang)

    def at(self, thread_id: str, lang: str | None = None) -> str:
        """The address of a thread; without one, of the mailbox. On a small screen the program is what is looked for."""
        query = {"lang": lang or self.lang, "alamat": self.address} | ({"utas": thread_id} if thread_id else {})
        return f"{PATH}?{urlencode(query)}" + ("#program" if thread_id else "")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One mail."""

    letter: Letter
    lines: Sequence[str]
    # Name and size.
    files: Sequence[tuple[str, str]]
    # What stands below it.
    note: str


@dataclass(frozen=True, slots=True)
class Row:
    """One thread in the mailbox."""

    href: str
    subject: str
    note: str
    answered: bool


def shown(screen: Screen) -> Mapping[str, object]:
    """What the template asks for."""
    return {
        "screen": screen,
        "said": _news(screen),
        "sheets": [_sheet(letter, screen) for letter in screen.thread.letters] if screen.thread else [],
        "rows": [_row(thread, screen) for thread in screen.threads],
    }


def _news(screen: Screen) -> News | None:
    """What became of the mail that was sent last in the thread that is open."""
    if screen.thread is None:
        return None
    first, *others = screen.thread.letters
    if first.mine and not any(letter.mine for letter in others):
        return _acknowledged(first, others, screen)
    last = others[-1] if others else first
    if not last.mine:
        return None
    # Who has an acknowledgement in this thread gets no second one.
    return News(screen.words["machine" if last.automatic else "added"], arrived=False)


def _acknowledged(asked: Letter, others: Sequence[Letter], screen: Screen) -> News:
    if not others:
        return News(screen.words["waiting"], arrived=False)
    return News(screen.words["arrived"].format(seconds=seconds(others[0].at - asked.at, screen.lang)), arrived=True)


def _sheet(letter: Letter, screen: Screen) -> Sheet:
    at = clock(letter.at, screen.zone, screen.lang)
    note = screen.words["sent"].format(at=at) if letter.mine else at
    lines = [line for line in letter.text.splitlines() if line.strip()]
    return Sheet(letter, lines, [(file.name or screen.words["unnamed"], _size(len(file.content))) for file in letter.files], note)


def _row(thread: Thread, screen: Screen) -> Row:
    last = thread.letters[-1]
    note = screen.words["row"].format(count=len(thread.letters), at=clock(last.at, screen.zone, screen.lang))
    return Row(screen.at(thread.id), thread.letters[0].subject, note, answered=any(not letter.mine for letter in thread.letters))


def _size(size: int) -> str:
    """In whole KB, never none.

    >>> _size(1), _size(1500)
    ('1 KB', '2 KB')
    """
    return f"{-(-size // 1024)} KB"
