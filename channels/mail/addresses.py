"""Who a mail says it is from and to: RFC 5322 section 3.4 as it should be, and as it comes. Linear, and never raises."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from channels.mail.headers import Head, decode_words, plain

# Characters of one field, and mailboxes in it.
_MAX_FIELD = 64 * 1024
_MAX_MAILBOXES = 1000
# RFC 5321, section 4.5.3.1.3.
_MAX_ADDRESS = 254
# An address in the middle of words; more letters are allowed, but they do not come.
BARE = re.compile(r"(?:mailto:)?([^\s<>()\[\]\\,;:\"'@]{1,64}@(?:[^\s<>()\[\]\\,;:\"'@]{1,189}|\[[\w:.]{2,45}\]))")
_SPACED = re.compile(r"\s*+([@.])\s*+")
_ROUTE = re.compile(r"\A@[^:]*:")
_SPECIAL = re.compile(r"[\"(<,;:]")
_STRING = re.compile(r"((?:[^\"\\]|\\.)*+)\"", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_BRACKET = re.compile(r"\\.|[()]", re.DOTALL)
_COMMENT = re.compile(r"\([^()]*+\)")
_NO_ATOM = re.compile(r"[\s<>,;]")
_LABEL = re.compile(r"\A[^\s.@\x00-\x2c\x2f\x3a-\x40\[-^`\x7b-\x7f]{1,63}\Z")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A person, as a field names them."""

    # As shown; empty: none.
    name: str
    # Canonical: the domain in small letters. Empty: the field names nobody that could be written to.
    address: str
    # Named in the one way that every program reads alike. Else a border server may have checked another's name than we read.
    plain: bool = field(default=True, repr=False, compare=False)


def mailboxes(said: str) -> list[Mailbox]:
    """Those that the words of a field name, encoded words not decoded yet, in order.

    >>> mailboxes('"Siti, Warga" <Siti@Contoh.Example>, budi@contoh.example (Budi)')
    [Mailbox(name='Siti, Warga', address='Siti@contoh.example'), Mailbox(name='Budi', address='budi@contoh.example')]
    >>> mailboxes("Undisclosed:;"), mailboxes('"a@bank.example" <b@evil.example>')[0].address
    ([], 'b@evil.example')
    """
    found: list[Mailbox] = []
    for piece in _pieces(said[:_MAX_FIELD]):
        if (mailbox := piece.mailbox()) is not None:
            found.append(mailbox)
        if len(found) >= _MAX_MAILBOXES:
            break
    return found


def canonical(address: str) -> str:
    """One spelling of an address; empty: nobody can be written to there.

    >>> canonical(" <Warga@Contoh.Example.> "), canonical("warga @ contoh.example"), canonical("warga"), canonical("a@b c")
    ('Warga@contoh.example', 'warga@contoh.example', '', '')
    """
    text = unicodedata.normalize("NFC", address[: 4 * _MAX_ADDRESS]).strip().strip("<>").strip()
    text = _ROUTE.sub("", _SPACED.sub(r"\1", text)).removeprefix("mailto:")
    local, _, domain = text.rpartition("@")
    domain = domain.rstrip(".").lower()
    usable = _is_local(local) and _is_domain(domain) and len(text) <= _MAX_ADDRESS and text.isprintable()
    return f"{local}@{domain}" if usable else ""


def _is_local(local: str) -> bool:
    quoted = len(local) > 1 and local.startswith('"') and local.endswith('"')
    return quoted or bool(local and not _NO_ATOM.search(local))


def _is_domain(domain: str) -> bool:
    literal = domain.startswith("[") and domain.endswith("]")
    return literal or all(map(_LABEL.match, domain.split(".")))


def of(head: Head, names: Iterable[str]) -> Iterator[Mailbox]:
    """All that these fields name, field by field."""
    for name in names:
        for value in head.values(name):
            yield from mailboxes(plain(value, head.charset))


@dataclass(slots=True)
class _Piece:
    """What stands between two commas."""

    # In order: words and quoted strings.
    words: list[str] = field(default_factory=list)
    angles: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    # Something that looks like an address was among them.
    addressed: bool = False
    # Something stands where programs do not agree what it means: a group's name before it, a comment or a bracket inside of an address.
    odd: bool = False

    def add(self, word: str) -> None:
        """A word or a quoted string."""
        self.words.append(word)
        self.addressed |= "@" in word

    def mailbox(self) -> Mailbox | None:
        """Whom it names; None: it says nothing."""
        shown = " ".join("".join(self.words).split())
        for angle in reversed(self.angles):
            # The last one: what stands before may look like an address to mislead.
            if address := canonical(angle) or _hidden(angle):
                plain = len(self.angles) == 1 and {angle.strip().lower(), *_named_in(shown)} == {address.lower()}
                return Mailbox(_shown(shown or " ".join(self.comments)), address, plain and not self.odd)
        if address := canonical(shown):
            return Mailbox(_shown(" ".join(self.comments)), address, shown.lower() == address.lower() and len(self.words) == 1 and not self.odd)
        if address := _hidden(shown):
            return Mailbox(_shown(shown.replace(address, "")), address, plain=False)
        if "=?" in shown and "@" in (inner := decode_words(shown).replace("=?", "")):
            # The whole of it in an encoded word, where none belongs.
            return replace(next((box for box in mailboxes(inner) if box.address), Mailbox(_shown(inner), "")), plain=False)
        return Mailbox(_shown(shown), "", plain=False) if shown or self.angles else None


def _named_in(text: str) -> set[str]:
    """All addresses among words, in small letters."""
    return {found[1].rstrip(".").lower() for found in BARE.finditer(text)}


def _hidden(text: str) -> str:
    """An address among words."""
    candidates = (canonical(found[1].rstrip(".")) for found in BARE.finditer(text))
    return next(filter(None, candidates), "")


def _shown(name: str) -> str:
    text = decode_words(name) if "=?" in name else name
    return " ".join(text.replace('"', " ").split()).strip("'<>,;[] ")


def _pieces(said: str) -> Iterator[_Piece]:
    """Cut at commas and semicolons that stand outside of quotes, comments and angle brackets."""
    closing = _closing(said)
    piece, at = _Piece(), 0
    while at < len(said):
        character = said[at]
        if character == '"':
            word, at = _quoted(said, at + 1)
            piece.add(f'"{word}"' if said.startswith("@", at) else word)
        elif character == "(" and at in closing:
            piece.comments.append(said[at + 1 : closing[at]])
            at = closing[at] + 1
        elif character == "<":
            end = said.find(">", at)
            end = len(said) if end < 0 else end
            # "<<a@b>": the inner one.
            inner = _COMMENT.sub("", said[said.rfind("<", at, end) + 1 : end])
            piece.angles.append(inner)
            piece.odd |= inner != said[at + 1 : end]
            at = end + 1
        elif character in ",;":
            yield piece
            piece, at = _Piece(), at + 1
        elif character == ":" and _names_group(piece):
            piece, at = _Piece(odd=True), at + 1
        else:
            end_of_word = _SPECIAL.search(said, at + 1)
            stop = end_of_word.start() if end_of_word else len(said)
            piece.add(said[at:stop])
            at = stop
    yield piece


def _names_group(piece: _Piece) -> bool:
    return not piece.addressed and not piece.angles and "".join(piece.words[:4]).strip().lower() != "mailto"


def _quoted(said: str, at: int) -> tuple[str, int]:
    """The string that begins at `at`, and where to go on; quotes that are never closed are none."""
    found = _STRING.match(said, at)
    return (_ESCAPED.sub(r"\1", found[1]), found.end()) if found else ("", at)


def _closing(said: str) -> dict[int, int]:
    """Where each comment ends that ends at all; they nest."""
    ends: dict[int, int] = {}
    opened: list[int] = []
    for found in _BRACKET.finditer(said) if "(" in said else ():
        if found[0] == "(":
            opened.append(found.start())
        elif found[0] == ")" and opened:
            ends[opened.pop()] = found.start()
    return ends
