"""HTML as the text that a person sees of it, in one pass over its tags: no tree, so no depth that hurts; never raises.

Not a library: html.parser took 89 s for 400 KB of "<!--", inscriptis lost the text of deep nesting, and lexbor takes 3.8 s for 200 KB of "<div>".
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

# Tags that are looked at; a newsletter has a few thousand. The sender's bytes are kept beside a text that was cut.
MAX_TAGS = 200_000
_MAX_DEPTH = 10
# A ">" inside an attribute's quotes ends no tag; so many of them are looked past.
_MAX_QUOTED = 20

_TAG = re.compile(r"<(?:(!--)|([!?])|(/?)([a-zA-Z][a-zA-Z0-9-]{0,40}(?::[a-zA-Z][\w.-]{0,40})?)(?=[\s/>]|\Z))")
_WHITE = re.compile(r"[ \t\r\n\f\v\xa0\u200b\ufeff]+")
_MSO = re.compile(r"(?i)class=[\"']?Mso")
_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "pre", "table", "blockquote", "hr", "body"})
_LINES = frozenset(
    {
        *("div", "tr", "li", "dt", "dd", "tbody", "thead", "tfoot", "caption", "figure", "figcaption", "option", "html"),
        *("section", "article", "header", "footer", "main", "aside", "nav", "center", "address", "form", "fieldset"),
    }
)
# What stands in them is for programs (HTML Standard, section 13.2.5.2: raw text).
_UNSEEN = ("style", "script", "title", "noframes", "xmp")
_ENDS = {name: re.compile(rf"(?i)</{name}(?=[\s/>])") for name in _UNSEEN}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a person sees."""

    text: str
    # All of it? No: there were more tags than are looked at.
    whole: bool


def seen(page: str) -> Seen:
    r"""The text; what is quoted (blockquote) begins its lines with "> ", as in plain text.

    >>> seen("<p>Jalan &amp; jembatan<br>rusak</p><blockquote>Di mana?</blockquote>").text
    'Jalan & jembatan\nrusak\n\n> Di mana?'
    """
    paper, at, tags = _Paper(), 0, 0
    ends = _Ends(page)
    while found := _TAG.search(page, at):
        paper.write(page[at : found.start()])
        tags += 1
        if tags > MAX_TAGS:
            return Seen(paper.text(), whole=False)
        at = _comment_end(ends, found) if found[1] else ends.tag(found.end())
        if at < 0:
            # No tag after all.
            paper.write(found[0])
            at = found.end()
        elif found[4]:
            at = _element(paper, ends, page, found, at)
    paper.write(page[at:])
    return Seen(paper.text(), whole=True)


class _Ends:
    """Where things end, each asked for once too often at the most: what was not found behind one place is not behind a later one."""

    def __init__(self, page: str) -> None:
        self._page = page
        self._missing: set[str] = set()

    def of(self, what: str, at: int) -> int:
        """Where `what` stands next; -1: nowhere."""
        if what in self._missing:
            return -1
        if what in _ENDS:
            found = _ENDS[what].search(self._page, at)
            end = found.start() if found else -1
        else:
            end = self._page.find(what, at)
        if end < 0:
            self._missing.add(what)
        return end

    def tag(self, at: int) -> int:
        """Behind the tag that `at` is in; -1: it never ends."""
        end = first = self.of(">", at)
        for _ in range(_MAX_QUOTED):
            if end < 0 or not _is_inside_quotes(self._page, at, end):
                break
            end = self.of(">", end + 1)
        return max(end, first) + 1 or -1


def _is_inside_quotes(page: str, at: int, end: int) -> bool:
    inside = page[at:end]
    if inside.count('"') % 2 == 0 and inside.count("'") % 2 == 0:
        return False
    # Only a quote that opens a value counts: <p title=Jum'at> has none.
    bare = re.sub(r"=\s*+(?:\"[^\"]*+\"|'[^']*+')", "", inside)
    return bool(re.search(r"=\s*+[\"'][^\"']*+\Z", bare))


def _comment_end(ends: _Ends, found: re.Match[str]) -> int:
    # "<!-->" is a whole comment. One that never ends hides nothing.
    end = ends.of("-->", found.start() + 2)
    return end + 3 if end >= 0 else found.end()


def _element(paper: _Paper, ends: _Ends, page: str, found: re.Match[str], at: int) -> int:
    """What a tag does to the paper; where to go on."""
    name, closes = found[4].lower(), bool(found[3])
    if name in _UNSEEN:
        end = ends.of(name, at) if not closes else -1
        return end if end >= 0 else at
    if name == "br":
        paper.end_line()
    elif name in _PARAGRAPHS:
        close_set = name == "p" and _MSO.search(page, found.start(), min(at, found.start() + 200))
        paper.begin_line(blank=not (close_set or (name == "p" and closes and paper.close_set)))
        paper.close_set = bool(close_set)
        if name == "blockquote":
            paper.quote(-1 if closes else 1)
        elif name == "pre":
            paper.keep_spaces = not closes
        elif name == "hr":
            paper.rule()
    elif name in _LINES:
        paper.begin_line(blank=False)
        if name == "li" and not closes:
            paper.bullet()
    elif name in {"td", "th"}:
        paper.write(" ")
    return at


class _Paper:
    """Lines, as they are written."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._quoted = 0
        self.keep_spaces = False
        # Paragraphs of Word, which have no space between them; a blank line is one of its own with a hard space in it.
        self.close_set = False
        self._hard_space = False

    def write(self, said: str) -> None:
        if not said:
            return
        words = _unescaped(said) if "&" in said else said
        if self.keep_spaces:
            first, *others = words.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            self._line.append(first)
            for other in others:
                self.end_line()
                self._line.append(other)
            return
        self._hard_space |= "\xa0" in words
        words = _WHITE.sub(" ", words)
        if words != " " or self._line:
            self._line.append(words)

    def end_line(self) -> None:
        said, self._hard_space = "".join(self._line), False
        said = said.rstrip() if self.keep_spaces else _WHITE.sub(" ", said).strip()
        self._line.clear()
        # One blank line is enough.
        if said or (self._lines and self._lines[-1].strip("> ")):
            self._lines.append("> " * self._quoted + said if said else ">" * bool(self._quoted))

    def begin_line(self, *, blank: bool) -> None:
        if "".join(self._line).strip():
            self.end_line()
        self._line.clear()
        blank, self._hard_space = blank or self._hard_space, False
        if blank and self._lines and self._lines[-1].strip("> "):
            self._lines.append(">" if self._quoted else "")

    def quote(self, more: int) -> None:
        self._quoted = min(max(self._quoted + more, 0), _MAX_DEPTH)
        if more < 0 and not self._quoted and self._lines and self._lines[-1] == ">":
            self._lines[-1] = ""

    def rule(self) -> None:
        self._line.append("-----")
        self.end_line()

    def bullet(self) -> None:
        self._line.append("- ")

    def text(self) -> str:
        self.end_line()
        return "\n".join(self._lines).strip("\n")


def _unescaped(said: str) -> str:
    try:
        return html.unescape(said)
    except ValueError:
        # A number of more digits than Python reads (sys.int_info).
        return said
