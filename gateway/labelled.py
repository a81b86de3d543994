"""A file of texts that a person has judged: what each is about or whose it is, and where. JSON lines, or a table (CSV), read as a whole with every mistake.

| column | what stands in it |
|---|---|
| text | the citizen's words |
| title | their own title, if there is one |
| agency, family or category | what is right, one of the three in all lines; several that are right with | between. Empty: nobody judged it |
| place | official codes of the places that the text names, with | between; - if it names none. Empty: nobody judged it |
"""

from __future__ import annotations

import csv
import difflib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

COLUMNS = ("text", "title", "agency", "family", "category", "place")
# What a line may be judged by; one of them in a file, or their figures could not be added up.
JUDGED = ("agency", "family", "category")
_CODE = re.compile(r"\d\d(\.\d\d(\.\d\d(\.\d{4})?)?)?")
_NOWHERE = "-"


class LabelMistakes(Exception):
    """The file cannot be used. Each mistake: its line (of a table, the header is 1), and a sentence on what to do."""

    def __init__(self, found: list[tuple[int, str]]) -> None:
        super().__init__("\n".join(f"line {line}: {sentence}" for line, sentence in found))
        self.found = found


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text and what a person says of it."""

    text: str
    title: str
    # One of JUDGED; empty: nobody judged it.
    by: str
    # Each of these is right.
    right: frozenset[str]
    # The places that it names; None: nobody judged that.
    places: frozenset[str] | None


def parse(content: str, known: Mapping[str, Collection[str]]) -> list[Labelled]:
    """All of them. `known`: the codes that may stand in each column of JUDGED. Raises LabelMistakes with all mistakes there are."""
    first = content.lstrip()[:1]
    rows = list(_json_lines(content) if first == "{" else _table(content))
    mistakes = [(line, sentence) for line, row in rows for sentence in _wrong(row, known)]
    labels = [row for _, row in rows if isinstance(row, dict)]
    judged = [(line, by) for line, row in rows if isinstance(row, dict) for by in JUDGED if row.get(by)]
    by = judged[0][1] if judged else ""
    if not rows:
        mistakes.append((1, 'There is nothing in it. A first line “text,category,place”, or a JSON object a line: {"text": …, "category": …}.'))
    elif other := next(((line, also) for line, also in judged if also != by), None):
        mistakes.append((other[0], f"This line is judged by {other[1]} and others by {by}. Make a file of each."))
    if mistakes:
        raise LabelMistakes(sorted(mistakes))
    return [_labelled(row, by) for row in labels]


# A row by its column, or a sentence on why it is none.
_Row = dict[str, str] | str


def _json_lines(content: str) -> Iterator[tuple[int, _Row]]:
    # Not splitlines(): a JSON string may hold U+2028, which ends no line here.
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            yield number, 'This line is no JSON. Each line is one object: {"text": …}.'
            continue
        if not isinstance(row, dict):
            yield number, 'This line is no object. Each line is one: {"text": …}.'
        elif strange := [name for name, cell in row.items() if not _fits(name, cell)]:
            yield number, f"{strange[0]} should be a text{', or a list of codes' if strange[0] not in {'text', 'title'} else ''}."
        else:
            yield number, {str(name): _cell(name, cell) for name, cell in row.items()}


def _fits(name: str, cell: object) -> bool:
    listed = name not in {"text", "title"} and isinstance(cell, list) and all(isinstance(one, str) for one in cell)
    return cell is None or isinstance(cell, str) or listed


def _cell(name: str, cell: str | list[str] | None) -> str:
    if isinstance(cell, list):
        # An empty list of places says that there is none.
        return "|".join(cell) or (_NOWHERE if name == "place" else "")
    return cell or ""


def _table(content: str) -> Iterator[tuple[int, _Row]]:
    lines = content.splitlines(keepends=True)
    head = lines[0] if lines else ""
    # Where the comma is the decimal point (Indonesia), a spreadsheet puts semicolons between the columns.
    table = csv.reader(lines, delimiter=";" if head.count(";") > head.count(",") else ",")
    try:
        names = [name.strip().lower() for name in next(table, [])]
        if lines and "text" not in names:
            yield 1, "The first line must name the columns; text is missing."
            return
        begins = table.line_num + 1
        for cells in table:
            if any(cell.strip() for cell in cells):
                fits = len(cells) == len(names)
                yield begins, dict(zip(names, cells, strict=True)) if fits else f"This line has {len(cells)} cells and the first line {len(names)}."
            begins = table.line_num + 1
    except csv.Error as error:
        yield table.line_num, f"This is no table (CSV): {error}."


def _wrong(row: _Row, known: Mapping[str, Collection[str]]) -> Iterator[str]:
    if isinstance(row, str):
        yield row
        return
    for name in row:
        if name not in COLUMNS:
            yield f"There is no column {name}.{_close(name, COLUMNS)}"
    if not row.get("text", "").strip():
        yield "The text is missing."
    for by in JUDGED:
        for code in _codes(row.get(by, "")):
            if code not in known[by]:
                yield f"The {by} “{code}” is not known.{_close(code, known[by])}"
    for code in _codes(row.get("place", "")):
        if code != _NOWHERE and not _CODE.fullmatch(code):
            yield f"The place “{code}” should be an official code as 64.09 or 64.09.01.2020, or - if the text names none."


def _labelled(row: Mapping[str, str], by: str) -> Labelled:
    places = _codes(row.get("place", ""))
    right = frozenset(_codes(row.get(by, ""))) if by else frozenset()
    return Labelled(row["text"], row.get("title", ""), by if right else "", right, frozenset(places) - {_NOWHERE} if places else None)


def _codes(cell: str) -> list[str]:
    return [code for each in cell.split("|") if (code := each.strip())]


def _close(written: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(written, sorted(known), 1)
    return f" Did you mean {close[0]}?" if close else ""
