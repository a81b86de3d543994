"""What is new in an answer: a view of its text without what it quotes and without a signature. The text itself is always kept.

Line by line, in time that grows with the lines. Whatever is not certainly a quotation stays: answers between quoted lines above all.
"""

from __future__ import annotations

import re

from channels.mail.reply_marks import ATTRIBUTED, BLOCK_LABELS, DATED, FORWARDED, INTRODUCED, ORIGINAL, SENT_FROM, WROTE

# Characters; beyond, the view is the text.
MAX_TEXT = 200_000
# An attribution is broken over so many lines at the most, and so many characters.
_ATTRIBUTION_LINES = 4
_ATTRIBUTION = 500
_SIGNATURE_LINES = 12
# Colons and dashes as all programs and languages write them.
_COLON = "[:\uff1a]"
_DASH = "[-\u2013\u2014_]"
_LABEL = re.compile(rf"[\s*|]*([^\s:*][^:*\n]{{0,30}}?)[\s*]*{_COLON}\s*[*]*(.*)\Z")
_RULE = re.compile(rf"\s*(?:{_DASH}{{5,}}|={{5,}}|[*]{{5,}})\s*\Z")
_DELIMITER = re.compile(r"(?:[-\u2013_]{2,4}|\u2014+|\u2013{2,}|_{5,})\s*\Z")
_LINK = re.compile(r"\s*[<(\[]?(?:https?://|mailto:)\S+[>)\]]?\s*>?\s*\Z")
_CONTACT = re.compile(r"[@\d]|https?:|www\.", re.IGNORECASE)
_BY_ADDRESS = re.compile(rf"<\s?[^<>\s]+@[^<>\s]+\s?>\)?\s*{_COLON}?\Z")
_ITEM = re.compile(r"\s*(?:\d{1,2}[.)]|[-*\u2022])\s")
_TIME = re.compile(r"\b\d{1,2}:\d{2}\b")
_QUOTED = re.compile(r"\s{0,3}>")


def reply(text: str) -> str:
    r"""The view; the text itself where nothing is certain.

    >>> reply("Di Waru, depan SD 5.\n\nPada Sen, 2 Mar 2026 10.00 Lapor <lapor@ppu.example> menulis:\n> Di mana?")
    'Di Waru, depan SD 5.'
    >>> reply("> Di mana?\nDi Waru.\n\n> Sejak kapan?\nKemarin.")
    '> Di mana?\nDi Waru.\n\n> Sejak kapan?\nKemarin.'
    """
    if len(text) > MAX_TEXT:
        return text
    # A signature may stand below a quotation, or above it.
    lines = _without_signature(text.split("\n"))
    kept = _without_signature(_without_quotes(lines, _marked(lines)))
    shown = "\n".join(line.rstrip() for line in kept).strip("\n")
    return shown if shown.strip() else text


def _marked(lines: list[str]) -> list[str]:
    """For each line: "t" new, "q" quoted, "e" blank."""
    marks = ["e" if not line.strip() else "q" if _QUOTED.match(line) else "t" for line in lines]
    # No mark is that long, and patterns need not be asked whether it is.
    lines = [line if len(line) <= _ATTRIBUTION else "x" for line in lines]
    at = 0
    while at < len(lines):
        if marks[at] != "t":
            at += 1
            continue
        if FORWARDED.match(lines[at]):
            # What somebody passes on is what they want to tell.
            return marks
        length = _attribution(lines, marks, at)
        separated = length or _separator(lines, marks, at)
        following = next((index for index in range(at + separated, len(lines)) if marks[index] != "e"), len(lines))
        if separated and following < len(lines) and marks[following] == "q":
            _mark(marks, at, at + separated)
            at = _past_quotes(lines, marks, following)
        elif separated and (not length or _certain(lines[at : at + length])):
            # Nothing below is marked as quoted, so all of it is.
            _mark(marks, at, len(lines))
            break
        else:
            at += 1
    return marks


def _certain(attribution: list[str]) -> bool:
    """Enough to take all that follows for quoted: mail programs name an address or a time of day; a citizen may tell who wrote what."""
    return any("@" in line or _TIME.search(line) or ATTRIBUTED.match(line) for line in attribution)


def _past_quotes(lines: list[str], marks: list[str], at: int) -> int:
    """Past a block of quoted lines, with the links in it that lost their mark."""
    while at < len(lines) and (marks[at] != "t" or (_LINK.match(lines[at]) and "q" in marks[at + 1 : at + 3])):
        if marks[at] == "t":
            marks[at] = "q"
        at += 1
    return at


def _mark(marks: list[str], start: int, end: int) -> None:
    marks[start:end] = ["q" if mark == "t" else mark for mark in marks[start:end]]


def _attribution(lines: list[str], marks: list[str], at: int) -> int:
    """How many lines say who wrote what follows ("On ..., X wrote:"); 0: none."""
    said = ""
    for length in range(1, _ATTRIBUTION_LINES + 1):
        index = at + length - 1
        if index >= len(lines) or marks[index] != "t":
            break
        said = f"{said} {lines[index].strip()}".strip()
        if len(said) > _ATTRIBUTION:
            break
        if length == 1 and not (INTRODUCED.match(said) or DATED.match(said) or ATTRIBUTED.match(said) or WROTE.search(said)):
            break
        if _attributes(said):
            return length
    return 0


def _attributes(said: str) -> bool:
    if ATTRIBUTED.match(said):
        return True
    ends = re.search(rf"{_COLON}[ *_]*\Z", said) is not None
    named = "@" in said or any(map(str.isdigit, said))
    if ends and named and WROTE.search(said):
        return bool(INTRODUCED.match(said) or DATED.match(said) or "<" in said)
    # Only when and who: "26.06.2014, 14:41, "Siti" <siti@contoh.example>:".
    return bool(DATED.match(said)) and _BY_ADDRESS.search(said) is not None


def _separator(lines: list[str], marks: list[str], at: int) -> int:
    """How many lines separate what is new from the mail below ("-----Original Message-----", a block of From, Sent, To); 0: none."""
    if ORIGINAL.match(lines[at]):
        return 1
    if _RULE.match(lines[at]):
        following = next((index for index in range(at + 1, min(at + 4, len(lines))) if marks[index] != "e"), None)
        block = _block(lines, marks, following) if following is not None else 0
        return following + block - at if following is not None and block else 0
    return _block(lines, marks, at)


def _block(lines: list[str], marks: list[str], at: int) -> int:
    """How many lines are the head of a mail as programs quote it; 0: none."""
    found: set[str] = set()
    certain = False
    length = wrapped = 0
    while at + length < len(lines) and length < _SIGNATURE_LINES and marks[at + length] == "t":
        label = _LABEL.match(lines[at + length])
        kind = BLOCK_LABELS.get(" ".join(label[1].lower().split())) if label else None
        if kind is None:
            # One line may have been broken; the head begins with a label.
            wrapped += 1
            if not length or wrapped > 2:  # noqa: PLR2004  # in a row
                break
        else:
            wrapped = 0
            found.add(kind)
        # "Kepada: Bupati, Perihal: jalan" begins a letter; a quoted head names addresses or a time.
        certain |= "@" in lines[at + length] or (kind == "sent" and any(map(str.isdigit, lines[at + length])))
        length += 1
    real = len(found) >= 2 and bool(found & {"from", "sent"}) and certain  # noqa: PLR2004  # two lines of a head
    return length - wrapped if real and BLOCK_LABELS.get(_label_of(lines[at])) in {"from", "sent", "subject", "to"} else 0


def _label_of(line: str) -> str:
    label = _LABEL.match(line)
    return " ".join(label[1].lower().split()) if label else ""


def _without_quotes(lines: list[str], marks: list[str]) -> list[str]:
    """Quotes at the end go; one block in front of or between what is new goes, too; more blocks stay, for they are being answered."""
    last = max((index for index, mark in enumerate(marks) if mark == "t"), default=-1)
    blocks = sum(mark == "q" and previous != "q" for previous, mark in _neighbours(marks[: last + 1]))
    if last < 0:
        return lines
    if blocks > 1 or (blocks == 1 and marks[: last + 1].count("q") == 1):
        # One line only may as well be a citizen's "> 5 m".
        return lines[: last + 1]
    return [line for line, mark in zip(lines[: last + 1], marks, strict=False) if mark != "q"]


def _neighbours(marks: list[str]) -> list[tuple[str, str]]:
    solid = [mark for mark in marks if mark != "e"]
    return list(zip(["t", *solid], solid, strict=False))


def _without_signature(lines: list[str]) -> list[str]:
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    for index in range(max(1, len(lines) - _SIGNATURE_LINES), len(lines)):
        below = [line for line in lines[index + 1 :] if line.strip()]
        if _DELIMITER.match(lines[index][:_ATTRIBUTION]) and any(line.strip() for line in lines[:index]) and _signs(lines[index], below):
            lines = lines[:index]
            break
    while len(lines) > 1 and (not lines[-1].strip() or (len(lines[-1]) <= _ATTRIBUTION and SENT_FROM.match(lines[-1]))):
        lines = lines[:-1]
    return lines


def _signs(delimiter: str, below: list[str]) -> bool:
    """Is what stands below a signature? Behind "-- " always; behind other lines, if it is short and says how to be reached."""
    if delimiter.startswith("-- "):
        return True
    if any(map(_ITEM.match, below)):
        return False
    if delimiter == "--":
        return True
    short = all(len(line) < 100 for line in below)  # noqa: PLR2004  # characters
    return short and any(map(_CONTACT.search, below))
