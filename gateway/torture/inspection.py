"""What is looked at from outside where the rows of the store are not enough: pages, the books, logs and processes."""

from __future__ import annotations

import asyncio
import random
import re
import sys
from collections.abc import Iterable, Sequence

import aiohttp

from gateway.torture.nodes import Node
from gateway.torture.town import MARK
from gateway.torture.verdict import Check

# Numbers that are looked up, and how long a page may take on a busy machine. Seconds.
_LOOKED_UP = 25
_PAGE_SECONDS = 60
# The telephones of gateway/torture/texting.py and filling.py, however they are written.
_PHONE = r"\+?62[ -]?8(?:12|57)[ -]?\d{4,}"
# The addresses of gateway/torture/mailing.py.
_MAIL = r"(?:warga|robot)\d+@"


async def looked_up(nodes: Sequence[Node], session: aiohttp.ClientSession, shown: Iterable[str], chance: random.Random) -> Check:
    """As citizens do: a number that was shown leads somewhere, on every node. Of many, some are looked up."""
    those = sorted(set(shown))
    numbers = chance.sample(those, min(_LOOKED_UP, len(those)))
    wrong = []
    for number in numbers:
        for node in nodes:
            page = await node.ask(session, "/lacak", _PAGE_SECONDS, method="GET", params={"nomor": number})
            if page is None or page.status != 200 or number not in page.text:  # noqa: PLR2004  # RFC 9110, 15.3.1
                wrong.append(f"Node {node.name} does not show report {number} ({page.status if page else 'no answer'}).")
    return Check("numbers that were shown can be looked up", len(numbers) * len(nodes), tuple(wrong))


async def reconciled(node: Node) -> Check:
    """By the command, on this node."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", "reconcile", "--config", str(node.config)),
        env=node.environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    lines = said.decode(errors="replace").strip().splitlines()
    wrong = () if process.returncode == 0 else (f"reconcile on node {node.name} ends with {process.returncode}: {' / '.join(lines)}",)
    return Check(f"the books of node {node.name} are right", len(lines), wrong)


def silent(nodes: Sequence[Node], secrets: Iterable[str]) -> Check:
    """No log names a citizen, a citizen's words or a secret."""
    never = re.compile("|".join([_PHONE, _MAIL, MARK, *map(re.escape, secrets)]))
    lines = [(node, number, line) for node in nodes for number, line in enumerate(node.log.read_text(errors="replace").splitlines(), 1)]
    wrong = tuple(f"Line {number} of the log of node {node.name} names a citizen or a secret." for node, number, line in lines if never.search(line))
    return Check("no log names a citizen or a secret", len(lines), wrong)


def alive(nodes: Sequence[Node]) -> Check:
    """Nothing ended that nobody had ended, and nothing in it fell over."""
    return Check("no node ended or fell over by itself", len(nodes), tuple(each for node in nodes for each in node.misfortunes))
