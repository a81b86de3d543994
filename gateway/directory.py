"""The deployment's directory of agencies: who does what, at which level, for which region. A table (CSV) that any spreadsheet edits, validated as a whole.

A row an agency: code, name, level, region, categories, aliases. `gateway/directories/ppu.csv` is a whole one.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

from normalizer import category_codes

WORD = re.compile(r"\w+")
COLUMNS = ("code", "name", "level", "region", "categories", "aliases")
# Codes of Kemendagri: how long a region's is at each level. An agency of the nation may serve all of it (empty), or a part.
_REGIONS = {
    "national": re.compile(r"(?:\d\d(?:\.\d\d)?)?"),
    "province": re.compile(r"\d\d"),
    "regency": re.compile(r"\d\d\.\d\d"),
    "district": re.compile(r"\d\d\.\d\d\.\d\d"),
    "village": re.compile(r"\d\d\.\d\d\.\d\d\.\d{4}"),
}
LEVELS = tuple(_REGIONS)
_SHOWN = {"national": "empty, 64 or 64.09", "province": "64", "regency": "64.09", "district": "64.09.01", "village": "64.09.01.2020"}
_CODE = re.compile(r"[a-z0-9-]{1,40}")
# The one that is shipped.
EXAMPLE = "ppu.csv"


class DirectoryMistakes(Exception):
    """The table cannot be used. Each mistake: its line in the file (the header is 1), and a sentence on what to do."""

    def __init__(self, found: list[tuple[int, str]]) -> None:
        super().__init__("\n".join(f"line {line}: {sentence}" for line, sentence in found))
        self.found = found


@dataclass(frozen=True, slots=True)
class Agency:
    """Somebody who can take charge."""

    code: str
    name: str
    # One of LEVELS.
    level: str
    # Official code of what it serves; empty: the whole country.
    region: str
    # What it is competent for there.
    categories: frozenset[str]
    # How people call it, in small letters; its name is one of them.
    aliases: tuple[str, ...]

    def serves(self, region: str) -> bool:
        """Whether a place with this code lies in its region; empty: nobody knows where."""
        return not self.region or region == self.region or region.startswith(f"{self.region}.")


@dataclass(frozen=True, eq=False)
class Directory:
    """All of them. Made by `parse` only, so it has no mistakes."""

    # Of its content: another one for every change.
    version: str
    agencies: tuple[Agency, ...]

    @cached_property
    def names(self) -> tuple[dict[str, int], dict[tuple[str, ...], str]]:
        """How many words a name has at the most that begins with this one; and all names, word by word. A name that two have is nobody's."""
        owners: dict[tuple[str, ...], set[str]] = {}
        for agency in self.agencies:
            for alias in agency.aliases:
                owners.setdefault(tuple(WORD.findall(alias)), set()).add(agency.code)
        codes = {words: next(iter(who)) for words, who in owners.items() if words and len(who) == 1}
        longest: dict[str, int] = {}
        for words in codes:
            longest[words[0]] = max(longest.get(words[0], 0), len(words))
        return longest, codes

    def competent(self, category: str, level: str, region: str) -> Agency | None:
        """Who does this, at this level, at this place. The nearest where one region lies within another's."""
        fitting = [agency for agency in self.agencies if agency.level == level and category in agency.categories and agency.serves(region)]
        return max(fitting, key=lambda agency: len(agency.region), default=None)


def example() -> str:
    """The table that is shipped: Kabupaten Penajam Paser Utara whole, with what is above it as an example."""
    return resources.files("gateway").joinpath("directories", EXAMPLE).read_text(encoding="utf-8")


def read(path: Path) -> Directory:
    """The directory in a file. Raises DirectoryMistakes with all of them, OSError."""
    try:
        # A spreadsheet begins what it saves as UTF-8 with a mark of its own.
        return parse(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DirectoryMistakes([(1, "The file is not UTF-8. Save it as “CSV UTF-8”.")]) from error


def wrong_in(path: Path) -> dict[int, str]:
    """What is wrong with the file: by the line, all sentences on it; 0: with the file as a whole. Empty: nothing."""
    wrong: dict[int, str] = {}
    try:
        read(path)
    except OSError as error:
        wrong[0] = f"{path} cannot be read: {error.strerror}. `./run route --example` prints one to begin with."
    except DirectoryMistakes as mistakes:
        for line, sentence in mistakes.found:
            wrong[line] = f"{wrong[line]} {sentence}" if line in wrong else sentence
    return wrong


def parse(text: str) -> Directory:
    """The directory that the table says. Raises DirectoryMistakes with all mistakes there are."""
    try:
        return _parsed(text.splitlines())
    except csv.Error as error:
        raise DirectoryMistakes([(1, f"The file is no table (CSV): {error}.")]) from error


def _parsed(lines: list[str]) -> Directory:
    head = lines[0] if lines else ""
    # Where the comma is the decimal point (Indonesia), a spreadsheet puts semicolons between the columns.
    table = csv.reader(lines, delimiter=";" if head.count(";") > head.count(",") else ",")
    names = [name.strip().lower() for name in next(table, [])]
    mistakes = [(1, sentence) for sentence in _of_header(names)]
    agencies: list[tuple[int, Agency]] = []
    if not mistakes:
        for cells in table:
            if any(cell.strip() for cell in cells):
                row = dict(zip(names, (cell.strip() for cell in cells), strict=False))
                found = list(_of_row(row, len(cells), len(names)))
                mistakes += [(table.line_num, sentence) for sentence in found]
                if not found:
                    agencies.append((table.line_num, _agency(row)))
        mistakes += _of_all(agencies)
    if mistakes:
        raise DirectoryMistakes(sorted(mistakes, key=lambda mistake: mistake[0]))
    version = hashlib.sha256("\n".join(line.rstrip() for line in lines).strip().encode()).hexdigest()[:8]
    return Directory(version, tuple(agency for _, agency in agencies))


def _agency(row: Mapping[str, str]) -> Agency:
    aliases = (row["name"], *row.get("aliases", "").split("|"))
    return Agency(row["code"], row["name"], row["level"], row["region"], frozenset(row["categories"].split()), tuple(_called(aliases)))


def _called(aliases: Iterable[str]) -> Iterator[str]:
    """Each once, without those that are too short to be told from a word."""
    return iter(dict.fromkeys(alias for each in aliases if len(alias := " ".join(each.lower().split())) > 2))  # noqa: PLR2004  # letters


def _of_header(names: list[str]) -> Iterator[str]:
    if missing := [name for name in COLUMNS if name not in names and name != "aliases"]:
        yield f"The first line must name the columns; {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing."
    for name in names:
        if name not in COLUMNS:
            yield f"There is no column {name}.{_close(name, COLUMNS)}"


def _of_row(row: Mapping[str, str], cells: int, columns: int) -> Iterator[str]:
    if cells != columns:
        yield f"This line has {cells} cells and the first line {columns}. Put quotes around a cell that holds the separator."
        return
    if not _CODE.fullmatch(row["code"]):
        yield f"The code “{row['code']}” should be 1 to 40 small letters, digits and hyphens."
    if not row["name"]:
        yield "The name is missing."
    if row["level"] not in LEVELS:
        yield f"The level “{row['level']}” should be one of {', '.join(LEVELS)}.{_close(row['level'], LEVELS)}"
    elif not _REGIONS[row["level"]].fullmatch(row["region"]):
        yield f"The region “{row['region']}” should be an official code as {_SHOWN[row['level']]} for the level {row['level']}."
    for category in row["categories"].split():
        if category not in category_codes():
            yield f"The category “{category}” is not known.{_close(category, category_codes())}"


def _of_all(agencies: list[tuple[int, Agency]]) -> Iterator[tuple[int, str]]:
    """What two rows claim. Exactly one agency does a thing at a place, or everybody would point at the other."""
    codes: dict[str, int] = {}
    claims: dict[tuple[str, str, str], tuple[int, str]] = {}
    for line, agency in agencies:
        if agency.code in codes:
            yield line, f"The code {agency.code} stands in line {codes[agency.code]} already."
        codes.setdefault(agency.code, line)
        for category in sorted(agency.categories):
            first, other = claims.setdefault((category, agency.level, agency.region), (line, agency.code))
            if first != line:
                yield line, f"{agency.code} claims {category}, which {other} (line {first}) does at the same level and region already."


def _close(written: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(written, sorted(known), 1)
    return f" Did you mean {close[0]}?" if close else ""
