"""The pages of docs/ as a reader meets them: blocks to type, and what is to be seen then."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").rglob("*.md"))
_FENCE = re.compile(r"^```(.*)$")
_HERE = re.compile(r"<<'(\w+)'")


@dataclass(frozen=True, slots=True)
class Block:
    """What stands between two fences."""

    page: str
    line: int
    # "sh": to be typed; "text": to be seen, or, as "text typed", to be typed into what runs. "second-terminal": there.
    kind: str
    text: str

    @property
    def commands(self) -> list[str]:
        """One by one; what follows `<<'EOT'` belongs to its command."""
        found: list[str] = []
        lines = iter(self.text.splitlines())
        for line in lines:
            command = line
            if here := _HERE.search(line):
                for more in lines:
                    command += f"\n{more}"
                    if more == here[1]:
                        break
            if command.strip():
                found.append(command)
        return found


def blocks(page: Path) -> list[Block]:
    """In their order."""
    found: list[Block] = []
    kind, began, lines = "", 0, list[str]()
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        fence = _FENCE.match(line)
        if not fence:
            lines.append(line)
        elif began:
            found.append(Block(str(page.relative_to(ROOT)), began, kind, "\n".join(lines)))
            began = 0
        else:
            kind, began, lines = fence[1], number, []
    assert not began, f"{page} ends inside of a block"
    return found


def shows(expected: str, seen: str) -> str:
    """Empty: each expected line is there, in this order, with anything where it has "…"; else the first that is not."""
    lines = iter(seen.splitlines())
    for line in expected.splitlines():
        pattern = re.compile(".*".join(map(re.escape, line.strip().split("…"))) + r"\s*")
        if not any(pattern.fullmatch(one.strip()) for one in lines):
            return line
    return ""


def rows(text: str, heading: str) -> Iterator[list[str]]:
    """The cells of the table under a heading, without its own head."""
    section = text.split(f"\n## {heading}\n")[1].split("\n## ", maxsplit=1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    for line in lines[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]
