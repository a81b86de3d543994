"""What a mail holds: the text that a person reads, and every file, whichever way it was wrapped."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from channels.mail import sealed, tnef
from channels.mail.charsets import decoded
from channels.mail.encodings import inlaid
from channels.mail.filenames import neutral
from channels.mail.markup import seen
from channels.mail.mime import Part, parse

# Characters. A citizen's longest real mail is some pages; of what is longer the whole stays beside it as a file.
MAX_TEXT = 500_000
# How often a mail may be wrapped in what is not MIME (a signature, base64 around a message).
_MAX_WRAPPED = 4
# Mails in one another that are files are each a file of its own so deep; further in, they are kept in the one around, or a megabyte would become hundreds.
_MAX_BOXES = 3
# A plain part that only says "look at the other one" is no text. Characters, and how much more the other one has to say.
_STUB = 200
_STUB_RATIO = 4
_SHORTEST = 20
_PICTURE_NAME = re.compile(r"[^/?#]{1,200}\.[A-Za-z0-9]{2,5}(?=[?#]|\Z)")
# Text that is none for people.
_FOR_PROGRAMS = frozenset(
    {
        *("text/calendar", "text/vcard", "text/x-vcard", "text/directory", "text/csv", "text/rtf", "text/xml", "text/css", "text/javascript"),
        *("text/x-amp-html", "text/watch-html", "message/external-body", "message/partial"),
    }
)
# "This is a multi-part message in MIME format."
_NOT_FOR_PEOPLE = re.compile(r"(?i)\bmime\b|multi-?part")
# Texts whose charset is guessed where it is not declared; guessing takes some milliseconds.
_MAX_GUESSED = 50


@dataclass(frozen=True, slots=True)
class File:
    """A file as it came."""

    # Neutral (filenames.py); empty: it had none.
    name: str
    # As declared.
    kind: str
    data: bytes


@dataclass(slots=True)
class Content:
    """What a mail holds."""

    texts: list[str] = field(default_factory=list)
    # Texts of mails that came with it: shown only where nothing else is.
    enclosed: list[str] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    # "encrypted", "text_shortened", "partly_read": for an operator.
    remarks: list[str] = field(default_factory=list)
    # SHA-256 of each leaf without its transfer encoding, in order.
    digests: list[bytes] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All of it."""
        whole = "\n\n".join(text for text in self.texts if text.strip()) or "\n\n".join(text for text in self.enclosed if text.strip())
        return sealed.without_armour(whole)[:MAX_TEXT]

    def remark(self, code: str) -> None:
        """Once."""
        if code not in self.remarks:
            self.remarks.append(code)


def content_of(mail: Part, wrapped: int = 0, boxes: int = 0) -> Content:
    """Text and files; no part that fails takes another one with it. `boxes`: how many mails around this one are files."""
    found = Content()
    waiting = [_Task(mail, boxes=boxes)]
    while waiting:
        task = waiting.pop()
        step = _leaf if task.part.is_leaf else _branch
        try:
            waiting.extend(reversed(step(found, task, wrapped)))
        except Exception:  # noqa: BLE001  # one part that cannot be read hides no other; an operator sees the remark and the raw mail
            found.remark("partly_read")
            found.files.append(File("", "application/octet-stream", task.part.raw[task.part.start : task.part.end]))
    if not found.text.strip():
        _any_text(found, mail)
    return found


@dataclass(frozen=True, slots=True)
class _Task:
    """A part that is still to be looked at."""

    part: Part
    # Is its text shown? Not where a better alternative is.
    shown: bool = True
    # Does it belong to a mail that came with this one as a file?
    enclosed: bool = False
    # How many mails around it are files.
    boxes: int = 0


def _branch(found: Content, task: _Task, _: int) -> list[_Task]:
    part = task.part
    if part.kind in sealed.ENCRYPTED_KINDS:
        found.remark("encrypted")
    if part.kind == "message/rfc822":
        is_file = part.disposition == "attachment" or bool(part.name)
        if is_file and task.boxes < _MAX_BOXES:
            _file(found, part, part.raw[part.start : part.end])
        return [_Task(child, task.shown, task.enclosed or part.disposition == "attachment", task.boxes + is_file) for child in part.parts]
    chosen = _chosen(part) if part.kind == "multipart/alternative" else part.parts
    return [_Task(child, task.shown and any(child is one for one in chosen), task.enclosed, task.boxes) for child in part.parts]


def _leaf(found: Content, task: _Task, wrapped: int) -> list[_Task]:
    part, data = task.part, task.part.body.data
    found.digests.append(hashlib.sha256(_canonical(part, data)).digest())
    if part.kind in sealed.SMIME_KINDS:
        _smime(found, task, data, wrapped)
    elif tnef.is_tnef(data):
        _winmail(found, task, data)
    elif part.kind == "message/rfc822" and wrapped < _MAX_WRAPPED:
        inner = content_of(parse(data), wrapped + 1, task.boxes + 1)
        if task.boxes < _MAX_BOXES:
            _file(found, part, data)
        found.files += inner.files
        found.enclosed.append(inner.text)
    elif _is_text(part):
        _text(found, task, data)
    elif data.strip() or part.name:
        _file(found, part, data)
    if part.body.rest and task.shown and part.kind.startswith("text/"):
        found.texts.append(decoded(part.body.rest))
    return []


def _canonical(part: Part, data: bytes) -> bytes:
    """Line ends and blank lines at the end change on the way by SMTP or IMAP; nothing else does."""
    return data.replace(b"\r\n", b"\n").rstrip() if part.kind.startswith(("text/", "message/")) else data


def _is_text(part: Part) -> bool:
    """Words for a person, and no file?"""
    if part.disposition == "attachment" or part.kind in _FOR_PROGRAMS or not part.kind.startswith(("text/", "multipart/", "message/")):
        return False
    return not part.name or (part.kind == "text/plain" and part.disposition == "inline")


def _text(found: Content, task: _Task, data: bytes) -> None:
    part = task.part
    if part.name:
        _file(found, part, data)
    if not task.shown:
        return
    plain, files = inlaid(data)
    found.files += [File(neutral(decoded(file.name)), "", file.data) for file in files]
    words, whole = _words(part, plain, guess=len(found.digests) < _MAX_GUESSED)
    if sealed.PGP_MESSAGE in words:
        found.remark("encrypted")
    room = MAX_TEXT - sum(map(len, found.texts))
    if not whole or len(words) > room:
        found.remark("text_shortened")
        if not part.name:
            _file(found, part, data)
        words = words[: max(room, 0)]
    if not _said_before(found.texts, words):
        (found.enclosed if task.enclosed else found.texts).append(words)


def _words(part: Part, data: bytes, *, guess: bool = True) -> tuple[str, bool]:
    """(text, is it all of it)."""
    charset = part.parameters.get("charset", "")
    # Characters of UTF-8 have four bytes at the most; a text of any length is not worth more memory than is shown of it.
    text = decoded(data[: 8 * MAX_TEXT], charset, guess=guess)
    whole = len(data) <= 8 * MAX_TEXT
    if part.kind in {"text/html", "text/enriched", "text/richtext"}:
        page = seen(text)
        return page.text, page.whole and whole
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if part.parameters.get("format", "").lower() == "flowed":
        text = _unflowed(text, delete_space=part.parameters.get("delsp", "").lower() == "yes")
    return text, whole


def _unflowed(text: str, *, delete_space: bool) -> str:
    """RFC 3676: a line that ends in a space goes on in the next one. Quoted lines stay as they are."""
    lines: list[str] = []
    open_ended = False
    for line in text.split("\n"):
        said = line.removeprefix(" ")
        if open_ended and said and not line.startswith(">"):
            lines[-1] = (lines[-1][:-1] if delete_space else lines[-1]) + said
        else:
            lines.append(said)
        open_ended = said.endswith(" ") and said != "-- " and not line.startswith(">")
    return "\n".join(lines)


def _said_before(texts: Sequence[str], words: str) -> bool:
    """Mail programs that send plain text and HTML of the same words side by side."""
    return bool(texts and words.strip()) and words.split() == texts[-1].split()


def _chosen(part: Part) -> list[Part]:
    """Which of the alternatives are read: plain text, if it says something; all of it, for some programs put text beside text."""
    kinds = [(child, _reads_as(child)) for child in part.parts]
    plain, pages = ([child for child, kind in kinds if kind == wanted] for wanted in ("text/plain", "text/html"))
    if not plain or not pages:
        return plain or pages or part.parts
    words = _start_of(plain[0])
    is_stub = not words or (len(words) < _STUB and len(_start_of(pages[0])) > _STUB_RATIO * max(len(words), _SHORTEST))
    return pages if is_stub else plain


def _start_of(part: Part) -> str:
    first = _first_text(part)
    return _words(first, first.body.data[: 64 * _STUB], guess=False)[0].strip() if first is not None else ""


def _reads_as(part: Part) -> str:
    first = _first_text(part)
    return first.kind if first is not None else ""


def _first_text(part: Part) -> Part | None:
    return next((below for below in part.walk() if below.is_leaf and below.kind in {"text/plain", "text/html"} and _is_text(below)), None)


def _smime(found: Content, task: _Task, data: bytes, wrapped: int) -> None:
    part = task.part
    content = sealed.signed_content(data) if wrapped < _MAX_WRAPPED else None
    if content is None:
        if sealed.is_encrypted(data) or part.parameters.get("smime-type", "").lower() in {"enveloped-data", "authenveloped-data"}:
            found.remark("encrypted")
        _file(found, part, data)
        return
    inner = content_of(parse(content), wrapped + 1, task.boxes)
    found.texts.append(inner.text)
    found.files += inner.files
    for remark in inner.remarks:
        found.remark(remark)


def _winmail(found: Content, task: _Task, data: bytes) -> None:
    hidden = tnef.inside(data)
    found.files += [File(neutral(file.name), file.kind, file.data) for file in hidden.files]
    words = hidden.text or seen(hidden.page).text
    if words.strip() and task.shown and not "".join(found.texts).strip():
        found.texts.append(words)
    if not hidden.whole or not (hidden.files or words.strip()):
        _file(found, task.part, data)


def _file(found: Content, part: Part, data: bytes) -> None:
    name = part.name
    if not name and (place := part.head.first("content-location")) and (picture := _PICTURE_NAME.search(place)):
        name = picture[0]
    found.files.append(File(neutral(name), part.kind, data))


def _any_text(found: Content, mail: Part) -> None:
    """No text where one is expected: a text that came as a file, or what stands before the parts, is better than nothing."""
    for part in mail.walk():
        words = ""
        if part.is_leaf and part.kind in {"text/plain", "text/html"}:
            words = _words(part, inlaid(part.body.data)[0])[0]
        elif part.kind.startswith("multipart/"):
            preamble = decoded(part.raw[part.start : part.end][: 8 * MAX_TEXT].partition(b"--")[0])
            words = "" if _NOT_FOR_PEOPLE.search(preamble) else preamble
        if words.strip():
            found.texts.append(words[:MAX_TEXT])
            return
